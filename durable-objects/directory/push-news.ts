/**
 * What the account's Directory owes the object that rings people's devices. It stands in a queue that survives both objects, and is kept only
 * while there is a device: an account without any costs nothing.
 */
import { limits, pushLimits } from "#core/limits";
import type { Attention } from "#core/push/attention";
import type { Sql } from "#core/sql";

/** How a thread stands, as far as devices are rung for it. */
export interface PushNews extends Attention {
  /** Ascends: one that comes again, because its acknowledgement was lost, is known by it. */
  id: number;
  threadId: string;
  isDeleted: boolean;
  /** What people call it, or how it begins. */
  name: string;
  unsaidTurnIds: string[];
  /** Somebody's socket follows the thread. */
  isFollowed: boolean;
  /** Somebody has seen all that is in it. */
  isRead: boolean;
}

export interface PushDelivery {
  news: PushNews[];
  /** Threads of the account that wait for a person now. */
  waiting: number;
}

/** `isWanted`: there is a device. `generation`: of the last one that was added when this was said. */
export interface PushAck {
  isWanted: boolean;
  generation: number;
}

export interface PushNewsHost {
  sql: Sql;
  /** Unix milliseconds. */
  now(): number;
  /** Throws when the object cannot be reached. */
  tell(delivery: PushDelivery): Promise<PushAck>;
  setAlarm(atMs: number): void;
  /** One structured line for the operator. */
  report(event: string, details: Record<string, unknown>): void;
}

export function createPushNewsSchema(sql: Sql): void {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS push_news (id INTEGER PRIMARY KEY AUTOINCREMENT, news TEXT NOT NULL) STRICT;
    CREATE TABLE IF NOT EXISTS push_wanted (id INTEGER PRIMARY KEY CHECK (id = 1), generation INTEGER NOT NULL) STRICT;
  `);
}

export class PushNewsQueue {
  private readonly host: PushNewsHost;
  private readonly sql: Sql;
  private isTelling = false;
  private failures = 0;

  constructor(host: PushNewsHost) {
    this.host = host;
    this.sql = host.sql;
  }

  /** There is a device, the `generation`th that was ever added. */
  want(generation: number): void {
    this.sql.exec("INSERT OR REPLACE INTO push_wanted (id, generation) VALUES (1, ?)", generation);
  }

  isWanted(): boolean {
    return this.sql.exec("SELECT 1 FROM push_wanted").toArray().length > 0;
  }

  /** Inside the transaction that takes the thread's news. Nothing is sent before `pump`. */
  add(news: Omit<PushNews, "id">): void {
    if (!this.isWanted()) return;
    this.sql.exec("INSERT INTO push_news (news) VALUES (?)", JSON.stringify(news));
    this.sql.exec(
      "DELETE FROM push_news WHERE id IN (SELECT id FROM push_news ORDER BY id DESC LIMIT -1 OFFSET ?)",
      pushLimits.newsWaitingMax,
    );
  }

  /** Tells what waits. Never awaited by whoever brought the news, never throws: what fails is tried again by the alarm. */
  async pump(): Promise<void> {
    if (!this.holdsNews()) return;
    // Should we die on the way, the alarm goes on.
    this.host.setAlarm(this.host.now() + limits.heartbeatMs);
    if (this.isTelling) return;
    this.isTelling = true;
    try {
      for (let news = this.next(); news.length > 0; news = this.next()) {
        const ack = await this.host.tell({ news, waiting: this.waiting() });
        this.sql.exec("DELETE FROM push_news WHERE id <= ?", news.at(-1)?.id ?? 0);
        this.failures = 0;
        if (!ack.isWanted) this.unwant(ack.generation);
      }
    } catch (error) {
      const pauseMs = Math.min(limits.outboxPauseMs * 2 ** this.failures, limits.outboxPauseMsMax);
      this.failures += 1;
      this.host.setAlarm(this.host.now() + pauseMs);
      this.host.report("pushUnreachable", { failures: this.failures, error: String(error) });
    } finally {
      this.isTelling = false;
    }
  }

  private holdsNews(): boolean {
    return this.sql.exec("SELECT 1 FROM push_news LIMIT 1").toArray().length > 0;
  }

  private next(): PushNews[] {
    const rows = this.sql.exec<{ id: number; news: string }>(
      "SELECT id, news FROM push_news ORDER BY id LIMIT ?",
      pushLimits.newsPerDeliveryMax,
    );
    // This object wrote the text itself.
    return Array.from(rows, ({ id, news }) => ({ ...(JSON.parse(news) as Omit<PushNews, "id">), id }));
  }

  /** Not where a device was added since that was said. */
  private unwant(generation: number): void {
    this.sql.exec("DELETE FROM push_wanted WHERE generation <= ?", generation);
    if (!this.isWanted()) this.sql.exec("DELETE FROM push_news");
  }

  /** Calls of tools that a client brought along wait for a program. */
  private waiting(): number {
    const [row] = this.sql
      .exec<{ threads: number }>(
        `SELECT count(*) AS threads FROM threads WHERE pending_requests <> '[]' AND archived = 0 AND EXISTS (
           SELECT 1 FROM json_each(pending_requests) WHERE json_extract(value, '$.method') <> 'item/tool/call')`,
      )
      .toArray();
    return row?.threads ?? 0;
  }
}
