/** The account's memory as one more peer of the thread that may be away: it publishes fragments, and hears of turns each time anew. */
import type { TurnReport } from "#core/memory/report";
import { fragment } from "../core/memory/fragments.ts";
import { PublishedMemory } from "../support/published-memory.ts";

export class SimulatedMemory {
  /** By turn: the report that counts. */
  readonly turns = new Map<string, TurnReport>();
  /** Reports that a memory which is not careful would have counted twice. */
  repeated = 0;
  private readonly account: string;
  private readonly published: PublishedMemory;

  constructor(account: string) {
    this.account = account;
    this.published = new PublishedMemory(account);
  }

  /** A new generation: as many fragments, each about what people ask for in this world. */
  publish(count: number, nowMs: number): void {
    const parts = { account: this.account, createdAt: nowMs, keys: ["task:other"] };
    this.published.publish(Array.from({ length: count }, (_, index) => fragment(`fragment ${index}`, parts)));
  }

  read(key: string): string | null {
    return this.published.read(key);
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
