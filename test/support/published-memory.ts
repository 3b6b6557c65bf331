/** What an account's memory published, for tests of its readers: real shards and manifests under their real keys. */
import { createHash } from "node:crypto";
import { noBaselines } from "#core/memory/baseline";
import { noPrior } from "#core/memory/credit";
import { type Fragment, scopeKey } from "#core/memory/fragment";
import { type Manifest, nextManifest, writeManifest, writeShard } from "#core/memory/shard";
import { newStanding, type Standing } from "#core/memory/standing";
import { manifestKey, shardKey } from "#memory/memory-keys";

export class PublishedMemory {
  readonly keys = new Map<string, string>();
  private readonly account: string;
  private manifest: Manifest | null = null;

  constructor(account: string) {
    this.account = account;
  }

  /** The next generation, with all fragments there are. */
  publish(fragments: readonly Fragment[], standing: Partial<Standing> = {}): void {
    const { account } = this;
    const scopes = new Map(fragments.map(({ scope }) => [scopeKey(scope), scope]));
    const shards = Array.from(scopes, ([key, scope]) => {
      const own = fragments.filter((fragment) => scopeKey(fragment.scope) === key);
      const text = writeShard({ account, scope, knowledge: { prior: noPrior, baselines: noBaselines }, fragments: own });
      const hash = createHash("sha256").update(text).digest("hex");
      this.keys.set(shardKey(account, hash), text);
      return { scope: key, hash };
    });
    const manifest = nextManifest(this.manifest, shards, { ...newStanding, ...standing }, 0);
    if (!manifest) return;
    this.manifest = manifest;
    this.keys.set(manifestKey(account), writeManifest(manifest));
  }

  read(key: string): string | null {
    return this.keys.get(key) ?? null;
  }
}
