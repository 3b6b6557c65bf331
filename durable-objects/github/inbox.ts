/**
 * Deliveries, durably: each is taken in once by its GUID, and what it tells is taken in once however many hooks tell it. A row is
 * remembered for as long as GitHub may send it again.
 */
import { githubApiLimits } from "#core/limits";
import type { Sql } from "#core/sql";
import { type RepositoryEvent, semanticKey } from "#github/event";

export function createInboxSchema(sql: Sql): void {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS github_deliveries (
      seq INTEGER PRIMARY KEY AUTOINCREMENT, delivery_id TEXT NOT NULL UNIQUE, semantic_key TEXT NOT NULL UNIQUE, lane TEXT NOT NULL,
      event TEXT, state TEXT NOT NULL CHECK (state IN ('waiting', 'done', 'double', 'stopped', 'failed')), received_at_ms INTEGER NOT NULL,
      attempts INTEGER NOT NULL, retry_at_ms INTEGER NOT NULL, problem TEXT
    ) STRICT;
    CREATE INDEX IF NOT EXISTS github_deliveries_waiting ON github_deliveries (lane, seq) WHERE state = 'waiting';
    CREATE INDEX IF NOT EXISTS github_deliveries_by_age ON github_deliveries (received_at_ms);
  `);
}

/** `full`: GitHub shall send it again later. */
export type Received = "new" | "known" | "double" | "full";

export interface WaitingDelivery {
  deliveryId: string;
  event: RepositoryEvent;
  attempts: number;
}

type Row = { delivery_id: string; event: string; attempts: number };
type KnownRow = { state: string; delivery_id: string; received_at_ms: number };

export class Inbox {
  private readonly sql: Sql;

  constructor(sql: Sql) {
    this.sql = sql;
  }

  /** Inside a transaction. What failed before is tried anew: that is why somebody had it sent again. */
  receive(deliveryId: string, event: RepositoryEvent, nowMs: number): Received {
    this.sql.exec("DELETE FROM github_deliveries WHERE received_at_ms < ? AND state <> 'waiting'", this.oldestMs(nowMs));
    const [known] = this.sql.exec<KnownRow>("SELECT * FROM github_deliveries WHERE delivery_id = ?", deliveryId).toArray();
    if (known?.state === "failed") {
      this.sql.exec(
        "UPDATE github_deliveries SET state = 'waiting', event = ?, attempts = 0, retry_at_ms = ? WHERE delivery_id = ?",
        JSON.stringify(event),
        nowMs,
        deliveryId,
      );
      return "new";
    }
    if (known) return "known";
    if (this.waiting() >= githubApiLimits.deliveriesWaitingMax) return "full";
    const { key, isClick } = semanticKey(event);
    if (isClick) this.forgetClick(key, nowMs - githubApiLimits.clickWindowMs);
    const [same] = this.sql.exec("SELECT 1 AS found FROM github_deliveries WHERE semantic_key = ?", key).toArray();
    // A double is remembered by its own GUID, so that it stays one when it is sent again.
    this.insert(deliveryId, { event, key: same ? deliveryId : key, state: same ? "double" : "waiting", nowMs });
    return same ? "double" : "new";
  }

  /** The oldest of a lane goes first, and those behind it wait while it does. */
  due(nowMs: number): WaitingDelivery | null {
    const [row] = this.sql
      .exec<Row>(
        `SELECT delivery_id, event, attempts FROM github_deliveries AS one WHERE state = 'waiting' AND retry_at_ms <= ? AND NOT EXISTS (
           SELECT 1 FROM github_deliveries AS earlier
             WHERE earlier.state = 'waiting' AND earlier.lane = one.lane AND earlier.seq < one.seq)
         ORDER BY seq LIMIT 1`,
        nowMs,
      )
      .toArray();
    if (!row) return null;
    return { deliveryId: row.delivery_id, event: JSON.parse(row.event) as RepositoryEvent, attempts: row.attempts };
  }

  /** Before anything is done: should we die of it, the alarm comes back at `retryAtMs`, and not for ever. */
  attempt(deliveryId: string, retryAtMs: number): void {
    this.sql.exec(
      "UPDATE github_deliveries SET attempts = attempts + 1, retry_at_ms = ? WHERE delivery_id = ?",
      retryAtMs,
      deliveryId,
    );
  }

  /** What was said in it is not kept; that it came is. */
  settle(deliveryId: string, state: "done" | "stopped" | "failed", problem: string | null = null): void {
    this.sql.exec(
      "UPDATE github_deliveries SET state = ?, event = NULL, problem = ? WHERE delivery_id = ?",
      state,
      problem,
      deliveryId,
    );
  }

  nextAtMs(): number | null {
    const query = `SELECT min(retry_at_ms) AS at FROM github_deliveries AS one WHERE state = 'waiting' AND NOT EXISTS (
      SELECT 1 FROM github_deliveries AS earlier WHERE earlier.state = 'waiting' AND earlier.lane = one.lane AND earlier.seq < one.seq)`;
    return this.sql.exec<{ at: number | null }>(query).one().at;
  }

  private waiting(): number {
    return this.sql.exec<{ count: number }>("SELECT count(*) AS count FROM github_deliveries WHERE state = 'waiting'").one()
      .count;
  }

  /** The same click long after is another one; the row of the first keeps its GUID. */
  private forgetClick(key: string, beforeMs: number): void {
    this.sql.exec(
      "UPDATE github_deliveries SET semantic_key = delivery_id WHERE semantic_key = ? AND received_at_ms < ?",
      key,
      beforeMs,
    );
  }

  private insert(
    deliveryId: string,
    { event, key, state, nowMs }: { event: RepositoryEvent; key: string; state: string; nowMs: number },
  ): void {
    this.sql.exec(
      `INSERT INTO github_deliveries (delivery_id, semantic_key, lane, event, state, received_at_ms, attempts, retry_at_ms)
       VALUES (?, ?, ?, ?, ?, ?, 0, ?)`,
      deliveryId,
      key,
      laneOf(event),
      state === "waiting" ? JSON.stringify(event) : null,
      state,
      nowMs,
      nowMs,
    );
  }

  private oldestMs(nowMs: number): number {
    return nowMs - githubApiLimits.deliveryRetentionMs;
  }
}

/** What is said about one issue or pull request is heard in its order. A click names its check run only. */
function laneOf(event: RepositoryEvent): string {
  if ("issue" in event) return `#${event.issue.number}`;
  if ("pullRequest" in event) return `#${event.pullRequest.number}`;
  return `check ${event.checkRun.id}`;
}
