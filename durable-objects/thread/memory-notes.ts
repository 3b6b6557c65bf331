/** The texts of what turns were given, beside the log: a log never changes, and what was forgotten has to be gone. */
import type { Fragment } from "#core/memory/fragment";
import type { Note } from "#core/memory/note";
import type { Sql } from "#core/sql";

export function createNotesSchema(sql: Sql): void {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS memory_notes (
      turn_id TEXT NOT NULL, place INTEGER NOT NULL, fragment_id TEXT NOT NULL, note TEXT, PRIMARY KEY (turn_id, place)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS memory_notes_of_fragment ON memory_notes (fragment_id);
  `);
}

/** With the threads that the fragment came from. */
export interface KeptNote extends Note {
  id: string;
  keys: string[];
  threadIds: string[];
}

export class MemoryNotes {
  private readonly sql: Sql;

  constructor(sql: Sql) {
    this.sql = sql;
  }

  /** Inside the transaction of the frame that tells of them. */
  keep(turnId: string, fragments: readonly Fragment[]): void {
    for (const [place, { id, kind, title, when, content, keys, state, provenance }] of fragments.entries()) {
      const threadIds = [...new Set(provenance.map(({ threadId }) => threadId))];
      const note: KeptNote = { id, kind, title, when, content, keys, state, threadIds };
      this.sql.exec("INSERT INTO memory_notes VALUES (?, ?, ?, ?)", turnId, place, id, JSON.stringify(note));
    }
  }

  /** In the order of their numbers; null for one that was forgotten. */
  of(turnId: string): (KeptNote | null)[] {
    const rows = this.sql.exec<{ note: string | null }>("SELECT note FROM memory_notes WHERE turn_id = ? ORDER BY place", turnId);
    // The object wrote this text itself.
    return Array.from(rows, ({ note }) => (note === null ? null : (JSON.parse(note) as KeptNote)));
  }

  /** Their words are gone; that there was a note of this number stays. */
  forget(fragmentIds: readonly string[]): void {
    for (const id of fragmentIds) this.sql.exec("UPDATE memory_notes SET note = NULL WHERE fragment_id = ?", id);
  }
}
