/**
 * How many turns of one account may work at once. A slot is leased: a thread that died without giving it back loses it, so that no crash
 * takes a place for ever.
 */
import { limits } from "#core/limits";
import type { Sql } from "#core/sql";

export function createTurnSlotsSchema(sql: Sql): void {
  sql.exec(
    `CREATE TABLE IF NOT EXISTS turn_slots (thread_id TEXT PRIMARY KEY, leased_to_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID`,
  );
}

/** True when the thread has a slot now, or had one: asking again renews it for `limits.turnSlotLeaseMs`. */
export function takeTurnSlot(sql: Sql, threadId: string, nowMs: number): boolean {
  sql.exec("DELETE FROM turn_slots WHERE leased_to_ms <= ?", nowMs);
  const [others] = sql.exec<{ taken: number }>("SELECT count(*) AS taken FROM turn_slots WHERE thread_id <> ?", threadId);
  if (others && others.taken >= limits.turnsAtOnceMax) return false;
  sql.exec("INSERT OR REPLACE INTO turn_slots (thread_id, leased_to_ms) VALUES (?, ?)", threadId, nowMs + limits.turnSlotLeaseMs);
  return true;
}

export function releaseTurnSlot(sql: Sql, threadId: string): void {
  sql.exec("DELETE FROM turn_slots WHERE thread_id = ?", threadId);
}
