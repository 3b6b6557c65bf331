/** A memory on Node's own SQLite, with a KV that a test can break, so that it can die between any two effects. */
import { createHash } from "node:crypto";
import { Memory } from "#memory/memory";
import { Optimizer, type Propose } from "#memory/optimize";
import { Publisher } from "#memory/publish";
import { createSql, type TestStorage } from "../support/sql.ts";

export class Died extends Error {}

export class World {
  readonly account: string;
  readonly storage: TestStorage = createSql();
  readonly kv = new Map<string, string>();
  nowMs = 1_800_000_000_000;
  memory: Memory;
  publisher: Publisher;
  optimizer: Optimizer;
  /** Effects on KV until the object dies. */
  effectsLeft = Number.POSITIVE_INFINITY;
  /** Every effect on KV, in order. */
  readonly effects: { type: "put" | "delete"; key: string; atMs: number }[] = [];
  /** What its model would do; null: there is none. */
  propose: Propose | null = null;
  private lastId = 0;

  constructor(account = "local", options: { hasModel?: boolean } = {}) {
    this.account = account;
    ({ memory: this.memory, publisher: this.publisher, optimizer: this.optimizer } = this.wake(options));
  }

  /** Everything but what is stored is gone. */
  restart(options: { hasModel?: boolean } = {}): void {
    this.effectsLeft = Number.POSITIVE_INFINITY;
    ({ memory: this.memory, publisher: this.publisher, optimizer: this.optimizer } = this.wake(options));
  }

  private wake({ hasModel = false }: { hasModel?: boolean }) {
    const host = {
      sql: this.storage.sql,
      account: this.account,
      now: () => this.nowMs,
      newId: () => `id-${String(++this.lastId).padStart(6, "0")}`,
      hash: (text: string) => createHash("sha256").update(text).digest("hex"),
      transaction: <Result>(closure: () => Result) => this.storage.transactionSync(closure),
    };
    const memory: Memory = new Memory({
      ...host,
      hasModel,
      publishedAt: () => publisher.publishedAt(),
      doom: (scopes) => publisher.doom(scopes),
    });
    const publisher: Publisher = new Publisher({
      ...host,
      intervalMs: 30_000,
      put: async (key, text) => {
        this.effect("put", key);
        this.kv.set(key, text);
        this.effect("put", key, false);
      },
      delete: async (key) => {
        this.effect("delete", key);
        this.kv.delete(key);
      },
      standing: () => memory.standing(),
      fragments: memory.fragments,
    });
    return { memory, publisher, optimizer: new Optimizer({ ...host, propose: this.propose }, memory) };
  }

  /** It may die before an effect, and after one before it hears of it. */
  private effect(type: "put" | "delete", key: string, isBefore = true): void {
    if (this.effectsLeft-- <= 0) throw new Died();
    if (isBefore) this.effects.push({ type, key, atMs: this.nowMs });
  }

  /** The alarm, whenever it is due. */
  async ring(): Promise<void> {
    const dueAt = this.publisher.dueAt(this.nowMs);
    if (dueAt === null) return;
    this.nowMs = Math.max(this.nowMs, dueAt);
    await this.publisher.run();
  }

  /** Every row of every table, for comparing byte for byte. */
  rows(tables: readonly string[]): string {
    return tables.map((table) => JSON.stringify(this.storage.sql.exec(`SELECT * FROM ${table} ORDER BY 1`).toArray())).join("\n");
  }
}
