/**
 * Frames for every client of the account that does not follow the thread they are of. Each connection has a queue of its own, in order,
 * that survives this object; at most one delivery to it is in flight, and what it acknowledged leaves.
 */
import { limits } from "#core/limits";
import type { Sql } from "#core/sql";

export function createAnnouncementsSchema(sql: Sql): void {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS connections (
      connection TEXT PRIMARY KEY, is_behind INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0, retry_at_ms INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS announcements (
      id INTEGER PRIMARY KEY AUTOINCREMENT, connection TEXT NOT NULL, thread_id TEXT NOT NULL, method TEXT NOT NULL, text TEXT NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS announcements_of_connection ON announcements (connection, id);
  `);
}

/** `id` ascends for each connection: one that comes again, because its acknowledgement was lost, is known by it. */
export type Announcement = {
  id: number;
  threadId: string;
  method: string;
  text: string;
};

/** `isBehind`: there was more than is kept for a connection that does not come to take it; its client has to begin anew. */
export interface AnnouncementDelivery {
  announcements: Announcement[];
  isBehind: boolean;
}

/** `gone`: the socket is closed, forget the connection. */
export type AnnouncementAck = { gone: true } | { gone: false; id: number };

export interface AnnouncementsHost {
  sql: Sql;
  /** Unix milliseconds. */
  now(): number;
  /** Throws when the connection's object cannot be reached. */
  announce(connection: string, delivery: AnnouncementDelivery): Promise<AnnouncementAck>;
  setAlarm(atMs: number): void;
  /** One structured line for the operator. */
  report(event: string, details: Record<string, unknown>): void;
}

export class Announcements {
  private readonly host: AnnouncementsHost;
  private readonly inFlight = new Set<string>();

  constructor(host: AnnouncementsHost) {
    this.host = host;
  }

  /** From now on the connection hears what concerns the account. False when there are as many as there may be. */
  join(connection: string): boolean {
    const { sql } = this.host;
    const { count } = sql.exec<{ count: number }>("SELECT count(*) AS count FROM connections").one();
    if (count >= limits.connectionsPerAccountMax) return false;
    sql.exec("INSERT OR IGNORE INTO connections (connection) VALUES (?)", connection);
    return true;
  }

  leave(connection: string): void {
    this.host.sql.exec("DELETE FROM connections WHERE connection = ?", connection);
    this.host.sql.exec("DELETE FROM announcements WHERE connection = ?", connection);
  }

  /** Queues frames of a thread for every connection but `followers`. Nothing is sent before `pump`. */
  add(threadId: string, frames: readonly { method: string; text: string }[], followers: readonly string[] = []): void {
    const { sql } = this.host;
    if (frames.length === 0) return;
    for (const { connection } of this.listeners().filter((listener) => !followers.includes(listener.connection))) {
      for (const { method, text } of frames) {
        sql.exec(
          "INSERT INTO announcements (connection, thread_id, method, text) VALUES (?, ?, ?, ?)",
          connection,
          threadId,
          method,
          text,
        );
      }
      const { count } = sql
        .exec<{ count: number }>("SELECT count(*) AS count FROM announcements WHERE connection = ?", connection)
        .one();
      if (count <= limits.announcementsPerConnectionMax) continue;
      sql.exec("DELETE FROM announcements WHERE connection = ?", connection);
      sql.exec("UPDATE connections SET is_behind = 1 WHERE connection = ?", connection);
    }
  }

  /** Sends whatever waits. Never awaited by whoever told the news: it may itself be what a connection waits for. */
  pump(): void {
    for (const { connection } of this.listeners()) void this.deliver(connection);
  }

  private async deliver(connection: string): Promise<void> {
    if (this.inFlight.has(connection)) return;
    this.inFlight.add(connection);
    try {
      for (let delivery = this.next(connection); delivery; delivery = this.next(connection)) {
        const ack = await this.host.announce(connection, delivery);
        if (ack.gone) {
          this.leave(connection);
          return;
        }
        this.host.sql.exec("DELETE FROM announcements WHERE connection = ? AND id <= ?", connection, ack.id);
        this.host.sql.exec("UPDATE connections SET failures = 0, retry_at_ms = NULL WHERE connection = ?", connection);
      }
    } catch (error) {
      this.retryLater(connection, error);
    } finally {
      this.inFlight.delete(connection);
    }
  }

  private next(connection: string): AnnouncementDelivery | null {
    const { sql } = this.host;
    const isBehind =
      sql.exec("SELECT 1 FROM connections WHERE connection = ? AND is_behind = 1", connection).toArray().length > 0;
    const announcements = sql
      .exec<Announcement>(
        "SELECT id, thread_id AS threadId, method, text FROM announcements WHERE connection = ? ORDER BY id LIMIT ?",
        connection,
        limits.announcementsPerDeliveryMax,
      )
      .toArray();
    return isBehind || announcements.length > 0 ? { announcements, isBehind } : null;
  }

  /** Its object is being moved, say. What waits for it stays; the next news or the alarm tries again. */
  private retryLater(connection: string, error: unknown): void {
    const { sql } = this.host;
    const [row] = sql.exec<{ failures: number }>("SELECT failures FROM connections WHERE connection = ?", connection).toArray();
    if (!row) return;
    const pauseMs = Math.min(limits.deliveryPauseMs * 2 ** row.failures, limits.deliveryPauseMsMax);
    const retryAtMs = this.host.now() + pauseMs;
    sql.exec("UPDATE connections SET failures = failures + 1, retry_at_ms = ? WHERE connection = ?", retryAtMs, connection);
    this.host.report("announcementFailed", { connection, error: String(error) });
    this.schedule();
  }

  /** The one alarm: the earliest connection that is to be tried again. */
  schedule(): void {
    const { at } = this.host.sql.exec<{ at: number | null }>("SELECT min(retry_at_ms) AS at FROM connections").one();
    if (at !== null) this.host.setAlarm(at);
  }

  private listeners(): { connection: string }[] {
    return this.host.sql.exec<{ connection: string }>("SELECT connection FROM connections").toArray();
  }
}
