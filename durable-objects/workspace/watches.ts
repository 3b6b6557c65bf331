/**
 * Who watches which path, and what changed there that they were not told yet. A trigger writes it down with the change itself, in the
 * same transaction and whoever made it, so that nothing that changes files has to think of those who watch.
 */
import type { Sql } from "#core/sql";

export interface Watch {
  /** Who wants to hear of it; opaque here. */
  watcher: string;
  /** The watcher's own name for it. */
  watchId: string;
}

/** A path, and how often it changed since the watcher was last told. */
export type Change = { path: string; count: number };

export class Watches {
  readonly #sql: Sql;
  #count: number;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#count = this.#exists() ? this.#countRows() : 0;
  }

  get count(): number {
    return this.#count;
  }

  /** From now on everything at or below the path is noted. The path need not be there. Watching again under the same name moves the watch. */
  add({ watcher, watchId }: Watch, path: string): void {
    this.#sql.exec(schema);
    this.remove({ watcher, watchId });
    this.#sql.exec("INSERT INTO watches (watcher, watch_id, path) VALUES (?, ?, ?)", watcher, watchId, path);
    this.#count = this.#countRows();
  }

  /** Without `watchId` all that the watcher has. What was not told yet is told no more. */
  remove({ watcher, watchId }: { watcher: string; watchId?: string }): void {
    if (this.#count === 0 && !this.#exists()) return;
    for (const table of ["watches", "watch_changes"]) {
      this.#sql.exec(
        `DELETE FROM ${table} WHERE watcher = ?1 AND (?2 IS NULL OR watch_id = ?2)`,
        watcher,
        watchId === undefined ? null : watchId,
      );
    }
    this.#count = this.#countRows();
  }

  /** Those that somebody has to be told about. */
  due(): Watch[] {
    if (this.#count === 0) return [];
    return this.#sql
      .exec<{ watcher: string; watchId: string }>(
        "SELECT DISTINCT watcher, watch_id AS watchId FROM watch_changes ORDER BY watcher, watch_id",
      )
      .toArray();
  }

  /** Paths that changed, sorted, at most so many; each once, however often it changed. */
  changes({ watcher, watchId }: Watch, pathsMax: number): Change[] {
    return this.#sql
      .exec<Change>(
        "SELECT path, count FROM watch_changes WHERE watcher = ? AND watch_id = ? ORDER BY path LIMIT ?",
        watcher,
        watchId,
        pathsMax,
      )
      .toArray();
  }

  /** They were told. What changed once more in the meantime stays due. */
  settle({ watcher, watchId }: Watch, changes: Change[]): void {
    this.#sql.exec(
      `DELETE FROM watch_changes WHERE watcher = ? AND watch_id = ? AND (path, count) IN
         (SELECT json_extract(value, '$.path'), json_extract(value, '$.count') FROM json_each(?))`,
      watcher,
      watchId,
      JSON.stringify(changes),
    );
  }

  #exists(): boolean {
    return this.#sql.exec("SELECT 1 AS found FROM sqlite_master WHERE type = 'table' AND name = 'watches'").toArray().length > 0;
  }

  #countRows(): number {
    return this.#sql.exec<{ count: number }>("SELECT count(*) AS count FROM watches").one().count;
  }
}

/** A directory without a row of its own comes and goes with what lies in it; that is what is noted then. */
function trigger(name: string, event: string, row: "new" | "old"): string {
  return `CREATE TRIGGER IF NOT EXISTS ${name} AFTER ${event} BEGIN
    INSERT INTO watch_changes (watcher, watch_id, path, count)
    SELECT watcher, watch_id, ${row}.path, 1 FROM watches
    WHERE path = '' OR ${row}.path = path OR substr(${row}.path, 1, length(path) + 1) = path || '/'
    ON CONFLICT DO UPDATE SET count = count + 1;
  END;`;
}

/** Made with the first watch: most workspaces never have one, and their changes cost nothing more. */
const schema = `
CREATE TABLE IF NOT EXISTS watches (
  watcher TEXT NOT NULL, watch_id TEXT NOT NULL, path TEXT NOT NULL, PRIMARY KEY (watcher, watch_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS watch_changes (
  watcher TEXT NOT NULL, watch_id TEXT NOT NULL, path TEXT NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (watcher, watch_id, path)
) STRICT, WITHOUT ROWID;
${trigger("watched_file_inserted", "INSERT ON files", "new")}
${trigger("watched_file_updated", "UPDATE ON files", "new")}
${trigger("watched_file_deleted", "DELETE ON files", "old")}
${trigger("watched_directory_inserted", "INSERT ON directories", "new")}
${trigger("watched_directory_deleted", "DELETE ON directories", "old")}
`;
