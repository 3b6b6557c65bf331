/** The account's memory as one more peer of the thread that may be away: it publishes fragments, and hears of turns each time anew. */
import { createHash } from "node:crypto";
import { noBaselines } from "#core/memory/baseline";
import { noPrior } from "#core/memory/credit";
import type { TurnReport } from "#core/memory/report";
import { type Manifest, nextManifest, writeManifest, writeShard } from "#core/memory/shard";
import { newStanding } from "#core/memory/standing";
import { manifestKey, shardKey } from "#memory/memory-keys";
import { fragment } from "../core/memory/fragments.ts";

export class SimulatedMemory {
  /** By turn: the report that counts. */
  readonly turns = new Map<string, TurnReport>();
  /** Reports that a memory which is not careful would have counted twice. */
  repeated = 0;
  private readonly account: string;
  private readonly published = new Map<string, string>();
  private manifest: Manifest | null = null;

  constructor(account: string) {
    this.account = account;
  }

  /** A new generation: as many fragments, each about what people ask for in this world. */
  publish(count: number, nowMs: number): void {
    const fragments = Array.from({ length: count }, (_, index) =>
      fragment(`fragment ${index}`, { account: this.account, createdAt: nowMs, keys: ["task:other"] }),
    );
    const scope = { type: "account" } as const;
    const knowledge = { prior: noPrior, baselines: noBaselines };
    const text = writeShard({ account: this.account, scope, knowledge, fragments });
    const hash = createHash("sha256").update(text).digest("hex");
    const manifest = nextManifest(this.manifest, [{ scope: "account", hash }], newStanding, nowMs);
    if (!manifest) return;
    this.manifest = manifest;
    this.published.set(shardKey(this.account, hash), text);
    this.published.set(manifestKey(this.account), writeManifest(manifest));
  }

  read(key: string): string | null {
    return this.published.get(key) ?? null;
  }

  hear(reports: readonly TurnReport[]): void {
    for (const report of structuredClone(reports)) {
      const { turnId } = report.turn;
      const known = this.turns.get(turnId)?.revision ?? 0;
      if (report.revision <= known) this.repeated += 1;
      else this.turns.set(turnId, report);
    }
  }
}
