/** The memory as a reader holds it: whole scopes, never torn, never older than what it had. Reading itself is the caller's. */

import type { Hash } from "#core/hash";
import { type Fragment, globalAccount } from "#core/memory/fragment";
import { type Manifest, readShard, type ScopeShard } from "#core/memory/shard";

export interface Snapshot {
  manifest: Manifest;
  /** By scope key. */
  shards: ReadonlyMap<string, { hash: string; shard: ScopeShard }>;
}

/** The hashes to fetch, each with the one to fall back to: of scopes that the reader wants and does not hold, so
 * that one which was missing is asked for again. Nothing for an older manifest. */
export function wanted(
  manifest: Manifest,
  scopes: readonly string[],
  held: Snapshot | null,
): { hash: string; previousHash: string | null }[] {
  if (held && manifest.generation < held.manifest.generation) return [];
  return manifest.shards
    .filter(({ scope, hash }) => scopes.includes(scope) && held?.shards.get(scope)?.hash !== hash)
    .map(({ hash, previousHash }) => ({ hash, previousHash }));
}

/**
 * What the reader holds from now on. `texts` are the shards that were found, by hash. A scope whose shard is missing or broken is read from the
 * generation before, else kept as it was, else not there. An older manifest changes nothing.
 */
export function taken(
  manifest: Manifest,
  reader: { account: string; scopes: readonly string[] },
  texts: ReadonlyMap<string, string>,
  held: Snapshot | null,
  hash: Hash,
): Snapshot {
  if (held && manifest.generation < held.manifest.generation) return held;
  const shards = new Map<string, { hash: string; shard: ScopeShard }>();
  for (const { scope, hash: name, previousHash } of manifest.shards) {
    if (!reader.scopes.includes(scope)) continue;
    const old = held?.shards.get(scope);
    const account = scope === "global" ? globalAccount : reader.account;
    const found = [name, previousHash].flatMap((candidate) => {
      if (candidate === null) return [];
      if (old?.hash === candidate) return [old];
      const text = texts.get(candidate);
      const shard = text === undefined ? null : readShard(text, { hash: candidate, account, scope }, hash);
      return shard ? [{ hash: candidate, shard }] : [];
    });
    const best = found[0] ?? old;
    if (best) shards.set(scope, best);
  }
  return { manifest, shards };
}

/** All fragments of the snapshots, with the reader's own unpublished ones in place of the published: who writes reads what was written. */
export function withOwn(snapshots: readonly Snapshot[], own: readonly Fragment[]): Fragment[] {
  const published = snapshots.flatMap(({ shards }) => [...shards.values()].flatMap(({ shard }) => shard.fragments));
  const byId = new Map(published.map((fragment) => [fragment.id, fragment]));
  for (const fragment of own) {
    const other = byId.get(fragment.id);
    if (!other || other.version <= fragment.version) byId.set(fragment.id, fragment);
  }
  return [...byId.values()];
}
