/** Which shards nobody can want any more. */
import { memoryLimits } from "#core/limits";
import type { Manifest } from "#core/memory/shard";

/**
 * Hashes that may be deleted: none of the newest generations names one, and the last that did was replaced long enough ago for every reader's
 * cache. `published` are all manifests that are remembered, oldest first; what a person forgot is deleted without asking here.
 */
export function collectable(published: readonly Manifest[], nowMs: number): string[] {
  const kept = new Set<string>();
  const gone = new Set<string>();
  for (const [place, manifest] of published.entries()) {
    const next = published[place + 1];
    const isNew = place >= published.length - memoryLimits.generationsKept;
    const isHeld = !next || nowMs - next.at < memoryLimits.generationRetentionMs;
    for (const { hash, previousHash } of manifest.shards) {
      for (const name of [hash, previousHash]) if (name !== null) (isNew || isHeld ? kept : gone).add(name);
    }
  }
  return [...gone].filter((hash) => !kept.has(hash)).sort();
}
