/** Turns that were heard of, each with the revision that counts and what it added. No word of a turn is kept here. */
import type { Effect } from "#core/memory/effect";
import type { Sql } from "#core/sql";
import type { Tried } from "#memory/scopes";

/** What a turn added, by scope: enough to take it back. `epoch` is that of the scope's trial then; null: it was in none. */
export interface TurnEffect {
  tried: Tried | null;
  scopes: { scope: string; effect: Effect | null; epoch: number | null }[];
}

export interface HeardTurn {
  revision: number;
  isForgotten: boolean;
  effect: TurnEffect | null;
}

export class Turns {
  private readonly sql: Sql;

  constructor(sql: Sql) {
    this.sql = sql;
  }

  heard(turnId: string): HeardTurn | null {
    const [row] = this.sql
      .exec<{ revision: number; is_forgotten: number; effect: string | null }>(
        "SELECT revision, is_forgotten, effect FROM turns WHERE turn_id = ?",
        turnId,
      )
      .toArray();
    if (!row) return null;
    const effect = row.effect === null ? null : (JSON.parse(row.effect) as TurnEffect);
    return { revision: row.revision, isForgotten: row.is_forgotten === 1, effect };
  }

  hear(turn: { turnId: string; threadId: string; revision: number }, effect: TurnEffect | null, nowMs: number): void {
    this.sql.exec(
      `INSERT INTO turns (turn_id, thread_id, revision, heard_at_ms, effect) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (turn_id) DO UPDATE SET revision = excluded.revision, heard_at_ms = excluded.heard_at_ms, effect = excluded.effect`,
      turn.turnId,
      turn.threadId,
      turn.revision,
      nowMs,
      effect && JSON.stringify(effect),
    );
  }

  /** Nothing is distilled from it any more, whatever comes of it. */
  forget(turnId: string): void {
    this.sql.exec("UPDATE turns SET is_forgotten = 1 WHERE turn_id = ?", turnId);
  }

  /** Its turns stay known by their own ids, so that none counts twice; whose they were, and where they counted, is forgotten. */
  forgetThread(threadId: string): void {
    this.sql.exec("UPDATE turns SET thread_id = '', effect = NULL WHERE thread_id = ?", threadId);
    this.sql.exec("INSERT OR IGNORE INTO forgotten_threads (thread_id) VALUES (?)", threadId);
  }

  isForgottenThread(threadId: string): boolean {
    return this.sql.exec("SELECT 1 FROM forgotten_threads WHERE thread_id = ?", threadId).toArray().length > 0;
  }

  /** What they added can no longer be taken back, and nothing more is learnt from them. */
  forgetAll(): void {
    this.sql.exec("UPDATE turns SET is_forgotten = 1, effect = NULL");
  }

  countThreads(): number {
    return this.sql.exec<{ count: number }>("SELECT count(DISTINCT thread_id) AS count FROM turns WHERE is_forgotten = 0").one()
      .count;
  }

  /** The oldest leave where there are more than may be; effects of turns that nobody will speak of any more leave sooner. */
  sweep(turnsMax: number, effectsBeforeMs: number): void {
    this.sql.exec("UPDATE turns SET effect = NULL WHERE heard_at_ms < ? AND effect IS NOT NULL", effectsBeforeMs);
    this.sql.exec(
      "DELETE FROM turns WHERE turn_id IN (SELECT turn_id FROM turns ORDER BY heard_at_ms DESC, turn_id LIMIT -1 OFFSET ?)",
      turnsMax,
    );
  }
}
