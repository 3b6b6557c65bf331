/** What was said in the account's threads, for `thread/search`: bounded text per message, found by any three letters in a row. */
import { occurrences, snippetAround } from "#core/occurrence";
import type { Sql } from "#core/sql";
import type { Said } from "#directory/news";

export function createSearchSchema(sql: Sql): void {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS said (
      id INTEGER PRIMARY KEY, thread_id TEXT NOT NULL, turn_id TEXT NOT NULL, item_id TEXT NOT NULL, text TEXT NOT NULL,
      UNIQUE (thread_id, item_id)
    ) STRICT;
    CREATE VIRTUAL TABLE IF NOT EXISTS said_index USING fts5(text, content='said', content_rowid='id', tokenize='trigram');
    CREATE TRIGGER IF NOT EXISTS said_comes AFTER INSERT ON said
      BEGIN INSERT INTO said_index (rowid, text) VALUES (NEW.id, NEW.text); END;
    CREATE TRIGGER IF NOT EXISTS said_goes AFTER DELETE ON said
      BEGIN INSERT INTO said_index (said_index, rowid, text) VALUES ('delete', OLD.id, OLD.text); END;
  `);
}

/** Stands for an item's id where the text is the thread's name and preview. */
const title = "title";

export class SearchIndex {
  private readonly sql: Sql;

  constructor(sql: Sql) {
    this.sql = sql;
  }

  /** A message that is known already changes nothing. */
  add(threadId: string, { turnId, itemId, text }: Said): void {
    this.sql.exec(
      "INSERT OR IGNORE INTO said (thread_id, turn_id, item_id, text) VALUES (?, ?, ?, ?)",
      threadId,
      turnId,
      itemId,
      text,
    );
  }

  /** The thread is now called so, and begins so. */
  entitle(threadId: string, text: string): void {
    const where = "thread_id = ? AND item_id = ?";
    const [before] = this.sql.exec<{ text: string }>(`SELECT text FROM said WHERE ${where}`, threadId, title).toArray();
    if (before?.text === text) return;
    this.sql.exec(`DELETE FROM said WHERE ${where}`, threadId, title);
    this.add(threadId, { turnId: "", itemId: title, text });
  }

  /** What was said in a turn that was taken back. */
  removeTurn(threadId: string, turnId: string): void {
    this.sql.exec("DELETE FROM said WHERE thread_id = ? AND turn_id = ?", threadId, turnId);
  }

  removeThread(threadId: string): void {
    this.sql.exec("DELETE FROM said WHERE thread_id = ?", threadId);
  }

  /** SQL for the ids of threads in which the term stands, each with the first message that has it, or else its title. `term` is not empty. */
  matching(term: string): { sql: string; values: string[] } {
    // SQLite's own end of a text; no message has it.
    const literal = term.replaceAll("\0", "");
    const { where, values } = Array.from(literal).length < 3 ? scanning(literal) : indexed(literal);
    return {
      sql: `SELECT thread_id, coalesce(min(iif(item_id = '${title}', NULL, id)), min(id)) AS said_id FROM said WHERE ${where} GROUP BY thread_id`,
      values,
    };
  }

  /** Where the text was said; null for a thread's own name and beginning. */
  itemIdOf(itemId: string): string | null {
    return itemId === title ? null : itemId;
  }

  /** The words around the term in a text that `matching` found. */
  snippet(text: string, term: string): string {
    const [first = { start: 0, end: 0 }] = occurrences(text, term);
    return snippetAround(text, first).snippet;
  }
}

/** Quoted, so that nothing in it is a command of the index. */
function indexed(term: string): { where: string; values: string[] } {
  const quoted = `"${term.replaceAll('"', '""')}"`;
  return { where: "id IN (SELECT rowid FROM said_index WHERE said_index MATCH ?)", values: [quoted] };
}

/** Below three letters the index knows nothing. SQLite folds ASCII only, so that every spelling is looked for. */
function scanning(term: string): { where: string; values: string[] } {
  const spellings = Array.from(term).reduce<string[]>(
    (begun, letter) => begun.flatMap((text) => [text + letter.toLowerCase(), text + letter.toUpperCase()]),
    [""],
  );
  return { where: `(${spellings.map(() => "instr(text, ?)").join(" OR ")})`, values: spellings };
}
