/** What turns that GitHub began have used in this repository, by whom: what budgets are counted from. */
import { githubApiLimits } from "#core/limits";
import type { Sql } from "#core/sql";

export function createUsesSchema(sql: Sql): void {
  sql.exec(`CREATE TABLE IF NOT EXISTS github_uses (
    turn_id TEXT PRIMARY KEY, person_id INTEGER NOT NULL, at_ms INTEGER NOT NULL, tokens INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`);
}

export interface TurnUse {
  turnId: string;
  /** At GitHub, who asked for the turn. */
  personId: number;
  /** When it began, Unix milliseconds. */
  atMs: number;
  tokens: number;
}

/** Tokens grow while a turn works: the same turn again is the same use, and never uses less. */
export function noteUse(sql: Sql, { turnId, personId, atMs, tokens }: TurnUse, nowMs: number): void {
  sql.exec("DELETE FROM github_uses WHERE at_ms < ?", nowMs - githubApiLimits.useRetentionMs);
  sql.exec(
    `INSERT INTO github_uses (turn_id, person_id, at_ms, tokens) VALUES (?, ?, ?, ?)
     ON CONFLICT (turn_id) DO UPDATE SET tokens = max(tokens, excluded.tokens)`,
    turnId,
    personId,
    atMs,
    tokens,
  );
}

/** Of the last day, the oldest first. */
export function recentUses(sql: Sql, nowMs: number): TurnUse[] {
  const rows = sql.exec<{ turn_id: string; person_id: number; at_ms: number; tokens: number }>(
    "SELECT * FROM github_uses WHERE at_ms >= ? ORDER BY at_ms, turn_id",
    nowMs - githubApiLimits.useRetentionMs,
  );
  return rows.toArray().map((row) => ({ turnId: row.turn_id, personId: row.person_id, atMs: row.at_ms, tokens: row.tokens }));
}
