/** What the memory published, as this thread's object holds it: read from KV, proved by its hash, never older than what it had. */
import { createHash } from "node:crypto";
import { readManifest } from "#core/memory/shard";
import { type Snapshot, taken, wanted } from "#core/memory/snapshot";
import { manifestKey, shardKey } from "#memory/memory-keys";
import type { Host } from "#thread/host";

export class MemoryReader {
  private readonly host: Host;
  /** By account: the thread's own, and the one that all share. */
  private readonly held = new Map<string, Snapshot>();
  /** Fragments that are forgotten and may still stand in what is held. */
  readonly forgotten = new Set<string>();

  constructor(host: Host) {
    this.host = host;
  }

  /** The scopes of the account as they stand by `deadlineMs`; null where nothing was ever published. Throws when KV cannot be read in time. */
  async read(account: string, scopes: readonly string[], deadlineMs: number): Promise<Snapshot | null> {
    const get = (key: string) => this.host.readMemory(key, Math.max(1, deadlineMs - this.host.now()));
    const text = await get(manifestKey(account));
    const manifest = text === null ? null : readManifest(text);
    if (!manifest) return this.held.get(account) ?? null;
    const texts = new Map<string, string>();
    const fetches = wanted(manifest, scopes, this.held.get(account) ?? null).map(async ({ hash, previousHash }) => {
      for (const candidate of [hash, previousHash]) {
        const shard = candidate === null ? null : await get(shardKey(account, candidate));
        if (candidate === null || shard === null || sha256(shard) !== candidate) continue;
        texts.set(candidate, shard);
        return;
      }
    });
    await Promise.all(fetches);
    // Another read may have come to its end meanwhile, with a newer generation.
    const snapshot = taken(manifest, { account, scopes }, texts, this.held.get(account) ?? null, sha256);
    this.held.set(account, snapshot);
    return snapshot;
  }
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
