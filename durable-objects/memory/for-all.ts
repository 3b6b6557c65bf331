/** What an account tells the memory of all accounts. Kept until it was taken; each message may come twice and then changes nothing. */
import { memoryLimits } from "#core/limits";
import type { Fragment } from "#core/memory/fragment";
import type { TurnReport } from "#core/memory/report";
import type { Sql } from "#core/sql";

export type MessageForAll =
  /** The account has a memory that wants to be swept. */
  | { type: "registered" }
  /** Whether it takes part; what it offered goes when it no longer does. */
  | { type: "sharing"; isOn: boolean }
  /** Nothing that names a thread or a turn goes along. */
  | { type: "offered"; fragment: Fragment }
  | { type: "retracted"; fragmentId: string }
  /** What became of a turn that was given a fragment of all accounts: no text, and its ids as hashes. */
  | { type: "learnt"; report: TurnReport };

export class ForAll {
  private readonly sql: Sql;

  constructor(sql: Sql) {
    this.sql = sql;
  }

  add(message: MessageForAll): void {
    this.sql.exec("INSERT INTO for_all (message) VALUES (?)", JSON.stringify(message));
  }

  isEmpty(): boolean {
    return this.sql.exec("SELECT 1 FROM for_all LIMIT 1").toArray().length === 0;
  }

  next(): { through: number; messages: MessageForAll[] } | null {
    const rows = this.sql
      .exec<{ id: number; message: string }>(
        "SELECT id, message FROM for_all ORDER BY id LIMIT ?",
        memoryLimits.messagesPerCallMax,
      )
      .toArray();
    const last = rows.at(-1);
    return last ? { through: last.id, messages: rows.map(({ message }) => JSON.parse(message) as MessageForAll) } : null;
  }

  taken(through: number): void {
    this.sql.exec("DELETE FROM for_all WHERE id <= ?", through);
  }

  /** An offer that is still here never gets out. */
  forget(fragmentIds: ReadonlySet<string>): void {
    const ids = JSON.stringify([...fragmentIds]);
    this.sql.exec(
      `DELETE FROM for_all WHERE json_extract(message, '$.type') = 'offered'
       AND json_extract(message, '$.fragment.id') IN (SELECT value FROM json_each(?))`,
      ids,
    );
  }
}
