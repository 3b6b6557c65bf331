/** Turns that were heard of, each with the revision that counts. */
import type { TurnReport } from "#core/memory/report";
import type { Sql } from "#core/sql";

export function createTurnsSchema(sql: Sql): void {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS turns (
      turn_id TEXT PRIMARY KEY, thread_id TEXT NOT NULL, revision INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
  `);
}

export class Turns {
  private readonly sql: Sql;

  constructor(sql: Sql) {
    this.sql = sql;
  }

  /** False for a revision that was heard before, or is older than one that was. */
  hear({ revision, turn: { turnId, threadId } }: TurnReport): boolean {
    const [heard] = this.sql.exec<{ revision: number }>("SELECT revision FROM turns WHERE turn_id = ?", turnId).toArray();
    if (heard && heard.revision >= revision) return false;
    this.sql.exec("INSERT OR REPLACE INTO turns (turn_id, thread_id, revision) VALUES (?, ?, ?)", turnId, threadId, revision);
    return true;
  }

  forgetThread(threadId: string): void {
    this.sql.exec("DELETE FROM turns WHERE thread_id = ?", threadId);
  }
}
