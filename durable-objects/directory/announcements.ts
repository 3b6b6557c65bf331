/**
 * Frames for every client of the account that does not follow the thread they are of. They stand in one queue that survives this object;
 * each connection has a place in it, and at most one delivery to it is in flight. What everybody has heard leaves.
 */
import { limits } from "#core/limits";
import type { Sql } from "#core/sql";

export function createAnnouncementsSchema(sql: Sql): void {
  sql.exec(`
    CREATE TABLE IF NOT EXISTS connections (
      connection TEXT PRIMARY KEY, is_behind INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0,
      heard_id INTEGER NOT NULL DEFAULT 0
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS announcements (
      id INTEGER PRIMARY KEY AUTOINCREMENT, thread_id TEXT NOT NULL, method TEXT NOT NULL, text TEXT NOT NULL,
      followers TEXT NOT NULL DEFAULT '[]', seq INTEGER
    ) STRICT;
  `);
  // Of Directories from before, in which each connection had a queue of its own: whoever was owed something begins anew with a list.
  if (sql.exec("SELECT 1 FROM pragma_table_info('announcements') WHERE name = 'connection'").toArray().length === 0) return;
  sql.exec("ALTER TABLE connections ADD COLUMN heard_id INTEGER NOT NULL DEFAULT 0");
  sql.exec("UPDATE connections SET is_behind = 1 WHERE connection IN (SELECT connection FROM announcements)");
  sql.exec("DELETE FROM announcements");
  sql.exec("DROP INDEX announcements_of_connection");
  sql.exec("ALTER TABLE announcements ADD COLUMN followers TEXT NOT NULL DEFAULT '[]'");
  sql.exec("ALTER TABLE announcements ADD COLUMN seq INTEGER");
  sql.exec("ALTER TABLE announcements DROP COLUMN connection");
}

/** `id` ascends: one that comes again, because its acknowledgement was lost, is known by it. */
export type Announcement = {
  id: number;
  threadId: string;
  method: string;
  text: string;
  /** Of the frame in the thread's log; null where it stands in none. */
  seq: number | null;
};

/** `isBehind`: there was more than is kept for a connection that does not take it; its client has to begin anew. */
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
  sleep(durationMs: number): Promise<void>;
  setAlarm(atMs: number): void;
  /** There is another number of connections. */
  countChanged(): void;
  /** One structured line for the operator. */
  report(event: string, details: Record<string, unknown>): void;
}

interface Listener {
  /**
   * Up to here it has heard everything, as far as this object knows. One that wakes knows where the connection joined, and says again what
   * is still kept: the connection knows what it has by its id.
   */
  heardId: number;
  isBehind: boolean;
  /** Deliveries that failed since the last one that did not. */
  failures: number;
  /** Null unless the last one failed. */
  retryAtMs: number | null;
  inFlight: boolean;
  /** There was something to send while a delivery was in flight. */
  hasMissed: boolean;
}

type Waiting = Announcement & { followers: readonly string[] };

export class Announcements {
  private readonly host: AnnouncementsHost;
  private readonly listeners: Map<string, Listener>;
  private sentAtMs = Number.NEGATIVE_INFINITY;
  private isWaitingToSend = false;
  private alarmAtMs: number | null = null;

  constructor(host: AnnouncementsHost) {
    this.host = host;
    const rows = host.sql.exec<{ connection: string; heard_id: number; is_behind: number; failures: number }>(
      "SELECT connection, heard_id, is_behind, failures FROM connections",
    );
    this.listeners = new Map(
      Array.from(rows, ({ connection, heard_id, is_behind, failures }) => [
        connection,
        listenerOf({ heardId: heard_id, isBehind: is_behind === 1, failures }),
      ]),
    );
  }

  get count(): number {
    return this.listeners.size;
  }

  /** From now on the connection hears what concerns the account. False when there are as many as there may be. */
  join(connection: string): boolean {
    if (this.listeners.has(connection)) return true;
    if (this.listeners.size >= limits.connectionsPerAccountMax) return false;
    const heardId = this.lastId();
    this.host.sql.exec("INSERT INTO connections (connection, heard_id) VALUES (?, ?)", connection, heardId);
    this.listeners.set(connection, listenerOf({ heardId, isBehind: false, failures: 0 }));
    this.host.countChanged();
    return true;
  }

  leave(connection: string): void {
    if (!this.listeners.delete(connection)) return;
    this.host.sql.exec("DELETE FROM connections WHERE connection = ?", connection);
    this.host.countChanged();
    this.forgetHeard();
  }

  /** Queues frames of a thread for every connection but `followers`. Nothing is sent before `pump`. */
  add(
    threadId: string,
    frames: readonly { method: string; text: string; seq?: number }[],
    followers: readonly string[] = [],
  ): void {
    if (![...this.listeners.keys()].some((connection) => !followers.includes(connection))) return;
    for (const { method, text, seq } of frames) {
      this.host.sql.exec(
        "INSERT INTO announcements (thread_id, method, text, followers, seq) VALUES (?, ?, ?, ?, ?)",
        threadId,
        method,
        text,
        JSON.stringify(followers),
        seq ?? null,
      );
    }
  }

  /**
   * Sends whatever waits: at once, and what comes right after that together; the more are listening, the later, up to
   * `limits.announcementIntervalMsMax`. Never awaited by whoever told the news: it may itself be what a connection waits for.
   */
  pump(): void {
    if (this.isWaitingToSend) return;
    const { now, sleep } = this.host;
    const sinceMs = Math.max(0, now() - this.sentAtMs);
    const intervalMs = Math.min(this.listeners.size * limits.announcementIntervalMs, limits.announcementIntervalMsMax);
    if (sinceMs >= intervalMs) {
      this.send();
      return;
    }
    this.isWaitingToSend = true;
    this.schedule();
    void sleep(intervalMs - sinceMs).then(() => {
      this.isWaitingToSend = false;
      this.send();
    });
  }

  /** The alarm rang. */
  wake(): void {
    this.alarmAtMs = null;
    this.pump();
  }

  private send(): void {
    const waiting = this.waiting();
    for (const [connection, listener] of this.listeners) {
      if (listener.inFlight) listener.hasMissed = true;
      else this.sendTo(connection, listener, waiting);
    }
    this.forgetHeard();
    this.schedule();
  }

  private sendTo(connection: string, listener: Listener, waiting: readonly Waiting[]): void {
    const { heardId, isBehind } = listener;
    const unheard = waiting.filter(({ id, followers }) => id > heardId && !followers.includes(connection));
    const announcements = unheard.slice(0, limits.announcementsPerDeliveryMax);
    const isWhole = announcements.length === unheard.length;
    const throughId = Math.max(heardId, (isWhole ? waiting : announcements).at(-1)?.id ?? 0);
    if (!isBehind && announcements.length === 0) {
      listener.heardId = throughId;
      return;
    }
    this.sentAtMs = this.host.now();
    listener.hasMissed = !isWhole;
    const told = announcements.map(({ followers, ...announcement }) => announcement);
    void this.deliver(connection, listener, { announcements: isBehind ? [] : told, isBehind }, throughId);
  }

  private async deliver(
    connection: string,
    listener: Listener,
    delivery: AnnouncementDelivery,
    throughId: number,
  ): Promise<void> {
    listener.inFlight = true;
    listener.retryAtMs = null;
    try {
      const ack = await this.host.announce(connection, delivery);
      if (ack.gone) return this.leave(connection);
      listener.heardId = Math.max(throughId, ack.id);
      if (listener.failures > 0) {
        listener.failures = 0;
        this.host.sql.exec("UPDATE connections SET failures = 0 WHERE connection = ?", connection);
      }
    } catch (error) {
      listener.hasMissed = false;
      this.retryLater(connection, listener, error);
    } finally {
      listener.inFlight = false;
    }
    if (listener.hasMissed) this.pump();
    else if (![...this.listeners.values()].some(({ inFlight }) => inFlight)) this.forgetHeard();
  }

  /** What somebody has not heard yet, oldest first. Whoever needs more than is kept is behind from now on. */
  private waiting(): Waiting[] {
    const rows = this.host.sql.exec<Announcement & { followers: string }>(
      "SELECT id, thread_id AS threadId, method, text, followers, seq FROM announcements WHERE id > ? ORDER BY id",
      this.heardByAll(),
    );
    // This object wrote the text itself.
    const waiting = Array.from(rows, (row) => ({ ...row, followers: JSON.parse(row.followers) as string[] }));
    const lostId = waiting.at(-limits.announcementsPerConnectionMax - 1)?.id;
    if (lostId === undefined) return waiting;
    for (const [connection, listener] of this.listeners) {
      if (listener.isBehind || listener.heardId >= lostId) continue;
      listener.isBehind = true;
      this.host.sql.exec("UPDATE connections SET is_behind = 1 WHERE connection = ?", connection);
    }
    return waiting.slice(-limits.announcementsPerConnectionMax);
  }

  private forgetHeard(): void {
    this.host.sql.exec("DELETE FROM announcements WHERE id <= ?", this.heardByAll());
  }

  /** Whoever is behind needs none of it any more. */
  private heardByAll(): number {
    let heardId = Number.POSITIVE_INFINITY;
    for (const listener of this.listeners.values()) if (!listener.isBehind) heardId = Math.min(heardId, listener.heardId);
    return Number.isFinite(heardId) ? heardId : this.lastId();
  }

  /** Of all that there ever were. */
  private lastId(): number {
    const rows = this.host.sql.exec<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'announcements'");
    return rows.toArray()[0]?.seq ?? 0;
  }

  /** Its object is being moved, say. What waits for it stays; the next news or the alarm tries again. */
  private retryLater(connection: string, listener: Listener, error: unknown): void {
    if (this.listeners.get(connection) !== listener) return;
    const { sql, now, report } = this.host;
    const pauseMs = Math.min(limits.deliveryPauseMs * 2 ** listener.failures, limits.deliveryPauseMsMax);
    listener.failures += 1;
    listener.retryAtMs = now() + pauseMs;
    sql.exec("UPDATE connections SET failures = ? WHERE connection = ?", listener.failures, connection);
    report("announcementFailed", { connection, error: String(error) });
    this.schedule();
  }

  /** The one alarm: the earliest connection that is to be tried again; and as long as anything waits, somebody to look after it. */
  private schedule(): void {
    const { sql, now, setAlarm } = this.host;
    const retries = Array.from(this.listeners.values()).flatMap(({ retryAtMs }) => retryAtMs ?? []);
    const waits = sql.exec("SELECT 1 FROM announcements LIMIT 1").toArray().length > 0;
    const atMs = retries.length > 0 ? Math.min(...retries) : waits ? now() + limits.heartbeatMs : null;
    // One that comes too early looks around and is set again.
    if (atMs === null || (this.alarmAtMs !== null && this.alarmAtMs <= atMs)) return;
    this.alarmAtMs = atMs;
    setAlarm(atMs);
  }
}

function listenerOf(known: Pick<Listener, "heardId" | "isBehind" | "failures">): Listener {
  return { ...known, retryAtMs: null, inFlight: false, hasMissed: false };
}
