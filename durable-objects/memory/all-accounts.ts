/** The memory of all accounts: who takes part, what they offer, and what of it at least three have learnt alike. */
import { memoryLimits } from "#core/limits";
import { priorMean } from "#core/memory/credit";
import { forget } from "#core/memory/forget";
import { type Fragment, globalAccount } from "#core/memory/fragment";
import { applyPlan, mergeSimilarityMin } from "#core/memory/operation";
import { accountsMin, promotedToAll } from "#core/memory/promotion";
import { wordsOf } from "#core/memory/retrieval";
import { similarity } from "#core/memory/terms";
import type { Sql } from "#core/sql";
import type { MessageForAll } from "#memory/for-all";
import type { Memory } from "#memory/memory";

export function createAllAccountsSchema(sql: Sql): void {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS accounts (account TEXT PRIMARY KEY, is_sharing INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS offers (
      account TEXT NOT NULL, fragment_id TEXT NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, promoted_id TEXT,
      PRIMARY KEY (account, fragment_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS offers_promoted ON offers (promoted_id);
  `);
}

export class AllAccounts {
  private readonly host: { sql: Sql; now(): number; newId(): string };
  private readonly memory: Memory;

  constructor(host: { sql: Sql; now(): number; newId(): string }, memory: Memory) {
    this.host = host;
    this.memory = memory;
    createAllAccountsSchema(host.sql);
  }

  /** Each message may come twice. Call it within a transaction. */
  take(account: string, messages: readonly MessageForAll[]): void {
    for (const message of messages) this.takeOne(account, message);
  }

  /** Accounts that have a memory, behind `after`. */
  accounts(after: string, accountsMax: number): string[] {
    return this.host.sql
      .exec<{ account: string }>("SELECT account FROM accounts WHERE account > ? ORDER BY account LIMIT ?", after, accountsMax)
      .toArray()
      .map(({ account }) => account);
  }

  private takeOne(account: string, message: MessageForAll): void {
    const { sql } = this.host;
    switch (message.type) {
      case "registered":
        sql.exec("INSERT OR IGNORE INTO accounts (account, is_sharing) VALUES (?, 0)", account);
        return;
      case "sharing":
        sql.exec("INSERT OR REPLACE INTO accounts (account, is_sharing) VALUES (?, ?)", account, message.isOn ? 1 : 0);
        if (!message.isOn) this.retract(account, this.offersOf(account));
        return;
      case "offered":
        this.offer(account, message.fragment);
        return;
      case "retracted":
        this.retract(account, [message.fragmentId]);
        return;
      case "learnt":
        if (this.isSharing(account)) this.memory.hear(message.report);
        return;
      default:
        message satisfies never;
    }
  }

  private offer(account: string, fragment: Fragment): void {
    const { sql } = this.host;
    if (!this.isSharing(account) || fragment.account !== account) return;
    const held = this.offersOf(account);
    if (held.length >= memoryLimits.offersPerAccountMax && !held.includes(fragment.id)) return;
    sql.exec(
      `INSERT INTO offers (account, fragment_id, kind, text) VALUES (?, ?, ?, ?)
       ON CONFLICT (account, fragment_id) DO UPDATE SET kind = excluded.kind, text = excluded.text`,
      account,
      fragment.id,
      fragment.kind,
      JSON.stringify(fragment),
    );
    this.promote(fragment);
  }

  private promote(fragment: Fragment): void {
    const { sql } = this.host;
    const words = wordsOf(fragment);
    const alike = sql
      .exec<{ text: string; promoted_id: string | null }>("SELECT text, promoted_id FROM offers WHERE kind = ?", fragment.kind)
      .toArray()
      .map(({ text, promoted_id }) => ({ offered: JSON.parse(text) as Fragment, promotedId: promoted_id }))
      .filter(({ offered }) => similarity(words, wordsOf(offered)) >= mergeSimilarityMin);
    const known = alike.find(({ promotedId }) => promotedId !== null)?.promotedId;
    if (known) {
      this.link(known, [fragment]);
      return;
    }
    const sharing = new Set(alike.map(({ offered }) => offered.account).filter((account) => this.isSharing(account)));
    const draft = promotedToAll(
      alike.map(({ offered }) => offered),
      sharing,
    );
    if (!draft) return;
    const { fragments, scopes } = this.memory;
    const run = {
      account: globalAccount,
      scope: { type: "global" },
      nowMs: this.host.now(),
      newMean: priorMean(scopes.knowledge("global").prior),
      newId: this.host.newId,
    } as const;
    const plan = [{ type: "add", draft }] as const;
    const applied = applyPlan(fragments.ofScope("global"), plan, run);
    if ("refusal" in applied) return;
    const summary = `${sharing.size} accounts learnt alike`;
    this.memory.runs.apply({ scope: "global", by: "promotion", summary, plan }, applied.changed);
    const added = [...applied.changed.values()].find(({ state }) => state === "candidate");
    if (added)
      this.link(
        added.id,
        alike.map(({ offered }) => offered),
      );
  }

  private link(promotedId: string, offers: readonly Fragment[]): void {
    for (const { account, id } of offers)
      this.host.sql.exec("UPDATE offers SET promoted_id = ? WHERE account = ? AND fragment_id = ?", promotedId, account, id);
  }

  /** What stood on too many of them falls with them, and all that was made of it. */
  private retract(account: string, fragmentIds: readonly string[]): void {
    const { sql } = this.host;
    for (const fragmentId of fragmentIds) {
      const [offer] = sql
        .exec<{ promoted_id: string | null }>(
          "DELETE FROM offers WHERE account = ? AND fragment_id = ? RETURNING promoted_id",
          account,
          fragmentId,
        )
        .toArray();
      const promotedId = offer?.promoted_id;
      if (!promotedId) continue;
      const { count } = sql
        .exec<{ count: number }>("SELECT count(DISTINCT account) AS count FROM offers WHERE promoted_id = ?", promotedId)
        .one();
      if (count >= accountsMin) continue;
      // A merge may have put another in its place: whatever is left of it goes by its lineage.
      if (forget(this.memory.fragments.ofScope("global"), promotedId).size > 0) this.memory.forget(promotedId);
      sql.exec("UPDATE offers SET promoted_id = NULL WHERE promoted_id = ?", promotedId);
    }
  }

  private offersOf(account: string): string[] {
    return this.host.sql
      .exec<{ id: string }>("SELECT fragment_id AS id FROM offers WHERE account = ?", account)
      .toArray()
      .map(({ id }) => id);
  }

  private isSharing(account: string): boolean {
    return this.host.sql.exec("SELECT 1 FROM accounts WHERE account = ? AND is_sharing = 1", account).toArray().length > 0;
  }
}
