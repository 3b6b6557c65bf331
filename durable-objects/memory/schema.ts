/** The tables of a memory. Made again at every waking, so that an object of an earlier version gets what is new. */
import type { Sql } from "#core/sql";

export function createMemorySchema(sql: Sql): void {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS fragments (
      id TEXT PRIMARY KEY, scope TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, text TEXT NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS fragments_by_scope ON fragments (scope, id);
    CREATE TABLE IF NOT EXISTS sources (
      fragment_id TEXT NOT NULL, turn_id TEXT NOT NULL, thread_id TEXT NOT NULL, PRIMARY KEY (fragment_id, turn_id)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS sources_by_turn ON sources (turn_id);
    CREATE INDEX IF NOT EXISTS sources_by_thread ON sources (thread_id);

    CREATE TABLE IF NOT EXISTS scopes (
      scope TEXT PRIMARY KEY, knowledge TEXT NOT NULL, trial TEXT NOT NULL, used_at_ms INTEGER NOT NULL,
      revision INTEGER NOT NULL, shard_revision INTEGER, shard_hash TEXT, optimized_revision INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS trial_threads (
      scope TEXT NOT NULL, thread_id TEXT NOT NULL, arm TEXT NOT NULL, weight REAL NOT NULL, sum REAL NOT NULL,
      PRIMARY KEY (scope, thread_id, arm)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE IF NOT EXISTS turns (
      turn_id TEXT PRIMARY KEY, thread_id TEXT NOT NULL, revision INTEGER NOT NULL, heard_at_ms INTEGER NOT NULL,
      is_forgotten INTEGER NOT NULL DEFAULT 0, effect TEXT
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS turns_by_thread ON turns (thread_id);
    CREATE INDEX IF NOT EXISTS turns_by_time ON turns (heard_at_ms);
    CREATE TABLE IF NOT EXISTS forgotten_threads (thread_id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS pending (
      turn_id TEXT PRIMARY KEY, thread_id TEXT NOT NULL, scope TEXT NOT NULL, at_ms INTEGER NOT NULL, turn TEXT NOT NULL, y REAL NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS resolved (
      turn_id TEXT PRIMARY KEY, at_ms INTEGER NOT NULL, text TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE IF NOT EXISTS runs (
      id TEXT PRIMARY KEY, at_ms INTEGER NOT NULL, scope TEXT NOT NULL, by TEXT NOT NULL, summary TEXT NOT NULL, plan TEXT, undo TEXT,
      undone_at_ms INTEGER
    ) STRICT;
    CREATE INDEX IF NOT EXISTS runs_by_time ON runs (at_ms, id);
    CREATE TABLE IF NOT EXISTS comparisons (
      id INTEGER PRIMARY KEY AUTOINCREMENT, first_id TEXT NOT NULL, second_id TEXT NOT NULL, y REAL NOT NULL
    ) STRICT;

    CREATE TABLE IF NOT EXISTS shards (
      hash TEXT PRIMARY KEY, scope TEXT NOT NULL, written_at_ms INTEGER NOT NULL, is_doomed INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS generations (
      generation INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, manifest TEXT NOT NULL, is_published INTEGER NOT NULL DEFAULT 0
    ) STRICT;

    CREATE TABLE IF NOT EXISTS for_all (id INTEGER PRIMARY KEY AUTOINCREMENT, message TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
  `);
}
