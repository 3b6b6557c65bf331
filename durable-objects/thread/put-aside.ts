/** Pages of a thread that is not there yet: fetched by a fork, or sent for an import. They leave with the transaction that makes the thread. */
import { limits } from "#core/limits";
import type { Sql } from "#core/sql";

type PageType = "frames" | "files" | "lines";

/** Texts in parts, so that no row nears the platform's 2 MB. */
const schema = `
  CREATE TABLE IF NOT EXISTS fork_pages (type TEXT NOT NULL, page INTEGER NOT NULL, part INTEGER NOT NULL, text TEXT NOT NULL) STRICT;
`;

export function createAside(sql: Sql): void {
  sql.exec(schema);
}

export function dropAside(sql: Sql): void {
  sql.exec("DROP TABLE IF EXISTS fork_pages");
}

/** Whether something was put aside here and never became a thread. */
export function isHalfMade(sql: Sql): boolean {
  return sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'fork_pages'").toArray().length > 0;
}

/** Inside a transaction. What the page was before gives way. */
export function putAside(sql: Sql, type: PageType, page: number, text: string): void {
  sql.exec("DELETE FROM fork_pages WHERE type = ? AND page = ?", type, page);
  for (let begin = 0, part = 0; begin < text.length; begin += limits.textCellCharactersMax, part++) {
    // Escaped as JSON, as in the log: a cut between the halves of a surrogate pair would not survive UTF-8.
    const slice = JSON.stringify(text.slice(begin, begin + limits.textCellCharactersMax));
    sql.exec("INSERT INTO fork_pages (type, page, part, text) VALUES (?, ?, ?, ?)", type, page, part, slice);
  }
}

/** In their order, up to the first that is missing. */
export function* pagesOf(sql: Sql, type: PageType): Generator<string> {
  for (let page = 0; ; page++) {
    const parts = sql
      .exec<{ text: string }>("SELECT text FROM fork_pages WHERE type = ? AND page = ? ORDER BY part", type, page)
      .toArray();
    if (parts.length === 0) return;
    yield parts.map(({ text }) => JSON.parse(text) as string).join("");
  }
}

/** Characters that pages take here, as they are stored, without one of them. */
export function charactersBeside(sql: Sql, type: PageType, page: number): number {
  const sum = "SELECT coalesce(sum(length(text)), 0) AS characters FROM fork_pages WHERE type = ? AND page <> ?";
  return sql.exec<{ characters: number }>(sum, type, page).one().characters;
}
