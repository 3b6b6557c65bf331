/** Effects that have to happen, durably and once each: a row is written with whatever made it necessary, and settled when it has happened. */
import { githubApiLimits } from "#core/limits";
import type { Sql } from "#core/sql";
import { type Effect, type EffectAction, isReplaceable, type Outcome } from "#github/effect";

export function createOutboxSchema(sql: Sql): void {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS github_effects (
      seq INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, id TEXT NOT NULL, lane TEXT NOT NULL, subject TEXT, action TEXT,
      delivery_id TEXT, state TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'failed')), version INTEGER NOT NULL,
      is_uncertain INTEGER NOT NULL, attempts INTEGER NOT NULL, retry_at_ms INTEGER NOT NULL, progress TEXT, outcome TEXT,
      created_at_ms INTEGER NOT NULL, settled_at_ms INTEGER
    ) STRICT;
    CREATE INDEX IF NOT EXISTS github_effects_waiting ON github_effects (lane, seq) WHERE state = 'waiting';
    CREATE TABLE IF NOT EXISTS github_held_lanes (lane TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS github_effects_of_deliveries ON github_effects (settled_at_ms)
      WHERE subject IS NULL AND state <> 'waiting';
    CREATE INDEX IF NOT EXISTS github_effects_by_subject ON github_effects (subject) WHERE subject IS NOT NULL;
    CREATE TABLE IF NOT EXISTS github_pause (id INTEGER PRIMARY KEY CHECK (id = 1), until_ms INTEGER NOT NULL) STRICT;
  `);
}

/** How many have not happened yet. */
export function waitingEffects(sql: Sql): number {
  return sql.exec<{ count: number }>("SELECT count(*) AS count FROM github_effects WHERE state = 'waiting'").one().count;
}

export interface WaitingEffect {
  key: string;
  /** A UUID: the marker by which what was made is found again. */
  id: string;
  lane: string;
  action: EffectAction;
  deliveryId: string | null;
  version: number;
  /** An attempt was made whose end nobody saw. */
  isUncertain: boolean;
  attempts: number;
  /** What an earlier attempt wrote down on its way. */
  progress: string | null;
  createdAtMs: number;
}

type Row = {
  key: string;
  id: string;
  lane: string;
  action: string;
  delivery_id: string | null;
  version: number;
  is_uncertain: number;
  attempts: number;
  progress: string | null;
  created_at_ms: number;
};

type KnownRow = { state: string; settled_at_ms: number | null };

/** Of a lane only the first that waits is next, and of one that somebody holds none is. */
const isNext = `lane NOT IN (SELECT lane FROM github_held_lanes) AND NOT EXISTS (
  SELECT 1 FROM github_effects AS earlier WHERE earlier.state = 'waiting' AND earlier.lane = one.lane AND earlier.seq < one.seq)`;

export class Outbox {
  private readonly sql: Sql;
  private readonly newId: () => string;

  constructor(sql: Sql, newId: () => string) {
    this.sql = sql;
    this.newId = newId;
  }

  /** Inside the transaction of what made them necessary. Throws when there are too many, or one is too long for a row. */
  add(effects: readonly Effect[], { deliveryId, nowMs }: { deliveryId: string | null; nowMs: number }): void {
    for (const effect of effects) {
      const action = JSON.stringify(effect.action);
      if (action.length > githubApiLimits.effectCharactersMax) throw new Error(`the effect ${effect.key} is too long`);
      const [known] = this.sql
        .exec<KnownRow>("SELECT state, settled_at_ms FROM github_effects WHERE key = ?", effect.key)
        .toArray();
      if (!known) this.insert(effect, action, { deliveryId, nowMs });
      else if (isReplaceable(effect.action)) this.replace(effect.key, action, known, nowMs);
    }
    if (this.waiting() > githubApiLimits.effectsWaitingMax) throw new Error("too many effects wait");
  }

  due(nowMs: number): WaitingEffect | null {
    if (this.pausedUntilMs() > nowMs) return null;
    const [row] = this.sql
      .exec<Row>(
        `SELECT * FROM github_effects AS one WHERE state = 'waiting' AND retry_at_ms <= ? AND ${isNext} ORDER BY seq LIMIT 1`,
        nowMs,
      )
      .toArray();
    if (!row) return null;
    const { key, id, lane, version, attempts, progress } = row;
    return {
      key,
      id,
      lane,
      version,
      attempts,
      progress,
      action: JSON.parse(row.action) as EffectAction,
      deliveryId: row.delivery_id,
      isUncertain: row.is_uncertain === 1,
      createdAtMs: row.created_at_ms,
    };
  }

  /** Before anything is done: should we die of it, the alarm comes back at `retryAtMs`, and not for ever. */
  attempt(key: string, retryAtMs: number): void {
    this.sql.exec("UPDATE github_effects SET attempts = attempts + 1, retry_at_ms = ? WHERE key = ?", retryAtMs, key);
  }

  /** Before the request goes out: from here on nobody knows whether it happened, until an answer says. */
  markUncertain(key: string): void {
    this.sql.exec("UPDATE github_effects SET is_uncertain = 1 WHERE key = ?", key);
  }

  /** This attempt did nothing; an earlier one may still have. `isCounted`: whether it was one of those that may be made. */
  retry({ key, isUncertain }: WaitingEffect, retryAtMs: number, { isCounted }: { isCounted: boolean }): void {
    this.sql.exec(
      "UPDATE github_effects SET attempts = attempts - ?, is_uncertain = ?, retry_at_ms = ? WHERE key = ?",
      isCounted ? 0 : 1,
      isUncertain ? 1 : 0,
      retryAtMs,
      key,
    );
  }

  saveProgress(key: string, progress: string): void {
    this.sql.exec("UPDATE github_effects SET progress = ? WHERE key = ?", progress, key);
  }

  /** Stays waiting when it was replaced meanwhile: what has happened is not the last word. What was in it is not kept; what came of it is. */
  settle({ key, version, action }: WaitingEffect, outcome: Outcome, nowMs: number): void {
    this.sql.exec(
      `UPDATE github_effects SET outcome = ?, settled_at_ms = ?, attempts = 0, is_uncertain = 0, progress = NULL,
         state = iif(version = ?, ?, 'waiting'), action = iif(version = ?, NULL, action), retry_at_ms = ? WHERE key = ?`,
      JSON.stringify(outcome),
      nowMs,
      version,
      outcome.type,
      version,
      nowMs + (isReplaceable(action) ? githubApiLimits.editIntervalMs : 0),
      key,
    );
  }

  /** What came of an effect and the id it had; null while it waits, or when there is none. */
  outcomeOf(key: string): { id: string; outcome: Outcome } | null {
    const [row] = this.sql
      .exec<{ id: string; outcome: string | null }>("SELECT id, outcome FROM github_effects WHERE key = ?", key)
      .toArray();
    return row?.outcome ? { id: row.id, outcome: JSON.parse(row.outcome) as Outcome } : null;
  }

  isWaiting(key: string): boolean {
    return this.sql.exec("SELECT 1 FROM github_effects WHERE key = ? AND state = 'waiting'", key).toArray().length > 0;
  }

  /** The contents that commits still need. */
  neededBlobs(): string[] {
    const rows = this.sql.exec<{ hash: string }>(
      `SELECT json_extract(change.value, '$.after.oid') AS hash FROM github_effects, json_each(action, '$.changes') AS change
         WHERE state = 'waiting' AND json_extract(action, '$.type') = 'commit' AND hash IS NOT NULL`,
    );
    return rows.toArray().map(({ hash }) => hash);
  }

  /**
   * What came of the effects of a delivery is remembered for longer than GitHub can send the delivery again: without the row they would
   * happen a second time. Rows of a subject stay, because keys of those come again for as long as it is there.
   */
  forget(nowMs: number): void {
    this.sql.exec(
      `DELETE FROM github_effects WHERE seq IN (
         SELECT seq FROM github_effects WHERE subject IS NULL AND state <> 'waiting' AND settled_at_ms < ? ORDER BY settled_at_ms LIMIT ?)`,
      nowMs - githubApiLimits.effectRetentionMs,
      githubApiLimits.forgottenAtOnceMax,
    );
  }

  /** What was done for a proposal that nobody remembers any more. */
  forgetSubject(subject: string): void {
    this.sql.exec("DELETE FROM github_effects WHERE subject = ? AND state <> 'waiting'", subject);
  }

  /** Everything that was done, or is to be done, for a thread that is deleted, and for its proposals. Reads all rows; it is rare. */
  forgetThread(threadId: string, requestIds: readonly string[]): void {
    this.sql.exec(
      `DELETE FROM github_effects WHERE EXISTS (
         SELECT 1 FROM json_each(?) WHERE instr(key || ' ' || lane || ' ' || coalesce(action, '') || ' ' || coalesce(outcome, ''), value) > 0)`,
      JSON.stringify([threadId, ...requestIds]),
    );
  }

  /** GitHub wants to hear nothing for a while. */
  pause(untilMs: number): void {
    this.sql.exec("INSERT OR REPLACE INTO github_pause (id, until_ms) VALUES (1, ?)", untilMs);
  }

  pausedUntilMs(): number {
    return this.sql.exec<{ until_ms: number }>("SELECT until_ms FROM github_pause").toArray()[0]?.until_ms ?? 0;
  }

  nextAtMs(): number | null {
    const query = `SELECT min(retry_at_ms) AS at FROM github_effects AS one WHERE state = 'waiting' AND ${isNext}`;
    const { at } = this.sql.exec<{ at: number | null }>(query).one();
    return at === null ? null : Math.max(at, this.pausedUntilMs());
  }

  private waiting(): number {
    return this.sql.exec<{ count: number }>("SELECT count(*) AS count FROM github_effects WHERE state = 'waiting'").one().count;
  }

  private insert(
    { key, lane }: Effect,
    action: string,
    { deliveryId, nowMs }: { deliveryId: string | null; nowMs: number },
  ): void {
    this.sql.exec(
      `INSERT INTO github_effects
         (key, id, lane, subject, action, delivery_id, state, version, is_uncertain, attempts, retry_at_ms, created_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, 'waiting', 1, 0, 0, ?, ?)`,
      key,
      this.newId(),
      lane,
      subjectOf(key, deliveryId),
      action,
      deliveryId,
      nowMs,
      nowMs,
    );
  }

  /** It goes to the end of its lane when it was settled already. */
  private replace(key: string, action: string, known: KnownRow, nowMs: number): void {
    if (known.state === "waiting") {
      this.sql.exec("UPDATE github_effects SET action = ?, version = version + 1 WHERE key = ?", action, key);
      return;
    }
    const earliestMs = (known.settled_at_ms ?? 0) + githubApiLimits.editIntervalMs;
    this.sql.exec(
      `UPDATE github_effects SET seq = (SELECT max(seq) + 1 FROM github_effects), action = ?, state = 'waiting', version = version + 1,
         attempts = 0, retry_at_ms = ?, created_at_ms = ? WHERE key = ?`,
      action,
      Math.max(nowMs, earliestMs),
      nowMs,
      key,
    );
  }
}

/**
 * `<delivery>/<what>` belongs to the delivery, and is wanted again only when that comes again: null. `<what>/<subject>` belongs to a
 * thread or to a proposal, and is wanted again whenever that is looked at. A turn's check run is wanted for as long as the turn is.
 */
function subjectOf(key: string, deliveryId: string | null): string | null {
  if (key.startsWith("turn-check/")) return null;
  if (deliveryId !== null && key.startsWith(`${deliveryId}/`)) return null;
  return key.split("/")[1] ?? key;
}
