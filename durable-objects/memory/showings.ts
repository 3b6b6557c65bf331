/** Which threads were shown which fragments, so that what is forgotten is forgotten there too. Ids only. */
import type { TurnReport } from "#core/memory/report";
import type { Sql } from "#core/sql";

export function createShowingsSchema(sql: Sql): void {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS showings (
      fragment_id TEXT NOT NULL, thread_id TEXT NOT NULL, is_owed INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (fragment_id, thread_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS showings_by_thread ON showings (thread_id);
    CREATE INDEX IF NOT EXISTS showings_owed ON showings (thread_id) WHERE is_owed = 1;
    CREATE TABLE IF NOT EXISTS forgotten_fragments (fragment_id TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  `);
}

export class Showings {
  private readonly sql: Sql;

  constructor(sql: Sql) {
    this.sql = sql;
    createShowingsSchema(sql);
  }

  /** A reader may have been shown, from its cache, what was forgotten a moment before: then its thread is owed the news at once. */
  hear({ turn: { threadId }, used }: TurnReport): void {
    for (const { id } of used?.shown ?? []) {
      this.sql.exec(
        `INSERT INTO showings (fragment_id, thread_id, is_owed)
         VALUES (?1, ?2, EXISTS (SELECT 1 FROM forgotten_fragments WHERE fragment_id = ?1))
         ON CONFLICT (fragment_id, thread_id) DO UPDATE SET is_owed = max(is_owed, excluded.is_owed)`,
        id,
        threadId,
      );
    }
  }

  forget(fragmentIds: Iterable<string>, nowMs: number): void {
    for (const id of fragmentIds) {
      this.sql.exec("INSERT OR REPLACE INTO forgotten_fragments (fragment_id, at_ms) VALUES (?, ?)", id, nowMs);
      this.sql.exec("UPDATE showings SET is_owed = 1 WHERE fragment_id = ?", id);
    }
  }

  forgetThread(threadId: string): void {
    this.sql.exec("DELETE FROM showings WHERE thread_id = ?", threadId);
  }

  /** The first thread behind `after` that has to forget, and what; null where there is none. */
  next(after = ""): { threadId: string; fragmentIds: string[] } | null {
    const rows = this.sql
      .exec<{ fragment_id: string; thread_id: string }>(
        `SELECT fragment_id, thread_id FROM showings
         WHERE is_owed = 1 AND thread_id = (SELECT min(thread_id) FROM showings WHERE is_owed = 1 AND thread_id > ?)`,
        after,
      )
      .toArray();
    const [first] = rows;
    return first ? { threadId: first.thread_id, fragmentIds: rows.map(({ fragment_id }) => fragment_id) } : null;
  }

  /** The thread has forgotten them. */
  taken(threadId: string, fragmentIds: readonly string[]): void {
    for (const id of fragmentIds) this.sql.exec("DELETE FROM showings WHERE fragment_id = ? AND thread_id = ?", id, threadId);
  }

  /** After so long no reader holds a manifest that names them. */
  sweep(forgottenBeforeMs: number): void {
    this.sql.exec("DELETE FROM forgotten_fragments WHERE at_ms < ?", forgottenBeforeMs);
  }
}
