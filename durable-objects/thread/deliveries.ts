/**
 * Frames to the connections that are attached. At most one delivery is in flight per connection; the next one carries everything
 * appended since. So batches grow just as large as the receiver is slow, order is kept, and nothing is buffered but the log itself.
 */

import { limits } from "#core/limits";
import type { Sql } from "#core/sql";
import type { Host } from "#thread/host";
import type { ThreadLog, WireFrame } from "#thread/log";

/** Makes the table. A subscriber outlives the object's memory: an approval answered after days still reaches every screen. */
export function createDeliveriesSchema(sql: Sql): void {
  sql.exec("CREATE TABLE IF NOT EXISTS subscribers (connection TEXT PRIMARY KEY) STRICT, WITHOUT ROWID");
}

interface Subscriber {
  /** The last `seq` the connection acknowledged; null until it was asked, after this object woke. */
  cursor: number | null;
  inFlight: boolean;
  /** The call that is under way, or was last. */
  flight: Promise<unknown>;
  /** Deliveries that failed since the last one that did not, and when to try again. */
  failures: number;
  retryAtMs: number | null;
}

export interface DeliveriesOptions {
  host: Host;
  log: ThreadLog;
  /** The number of the thread's last frame. */
  lastSeq: () => number;
  /** Sees to it that somebody pumps again at `dueAtMs`. */
  onFailure: () => void;
  /** A client has everything up to `cursor`. */
  onHeard: (cursor: number) => void;
}

export class Deliveries {
  private readonly host: Host;
  private readonly log: ThreadLog;
  private readonly lastSeq: () => number;
  /** What was read from the log last: whoever stands at the same place is given it, too. */
  private lastRead: { after: number; frames: WireFrame[] } | null = null;
  private readonly subscribers: Map<string, Subscriber>;
  private readonly onFailure: () => void;
  private readonly onHeard: (cursor: number) => void;

  constructor({ host, log, lastSeq, onFailure, onHeard }: DeliveriesOptions) {
    this.host = host;
    this.log = log;
    this.lastSeq = lastSeq;
    this.onFailure = onFailure;
    this.onHeard = onHeard;
    const rows = log.exists() ? host.sql.exec<{ connection: string }>("SELECT connection FROM subscribers").toArray() : [];
    this.subscribers = new Map(rows.map(({ connection }) => [connection, newSubscriber(null)]));
  }

  get connections(): string[] {
    return [...this.subscribers.keys()];
  }

  get count(): number {
    return this.subscribers.size;
  }

  /** From now on the connection gets everything after `cursor`. False when the thread has as many subscribers as it may. */
  attach(connection: string, cursor: number): boolean {
    const known = this.subscribers.get(connection);
    if (!known && this.subscribers.size >= limits.subscribersMax) return false;
    if (!known) this.host.sql.exec("INSERT OR IGNORE INTO subscribers (connection) VALUES (?)", connection);
    const subscriber = newSubscriber(cursor);
    this.subscribers.set(connection, subscriber);
    // What is in the log already goes out now, behind the answer; the next frame may be days away.
    void this.deliver(connection, subscriber);
    return true;
  }

  /** Whether the connection was attached. */
  detach(connection: string): boolean {
    if (!this.subscribers.delete(connection)) return false;
    this.host.sql.exec("DELETE FROM subscribers WHERE connection = ?", connection);
    return true;
  }

  /** When the alarm should try again to reach a connection; null when there is none to be tried again. */
  dueAtMs(): number | null {
    const moments = [...this.subscribers.values()].flatMap(({ retryAtMs }) => retryAtMs ?? []);
    return moments.length > 0 ? Math.min(...moments) : null;
  }

  /** Whether everybody who is attached has said that they have everything up to `lastSeq`. After a wake nobody has, until they were asked. */
  isDone(lastSeq: number): boolean {
    return [...this.subscribers.values()].every(({ cursor }) => cursor !== null && cursor >= lastSeq);
  }

  /** Returns when everybody who can be reached has said that they have everything up to `lastSeq`. */
  async untilHeard(lastSeq: number): Promise<void> {
    const flights = () =>
      [...this.subscribers.values()].flatMap(({ cursor, inFlight, flight }) =>
        inFlight && (cursor ?? -1) < lastSeq ? [flight] : [],
      );
    for (let waiting = flights(); waiting.length > 0; waiting = flights()) await Promise.all(waiting);
  }

  /** Sends whatever is not sent. Never awaited by the loop: a slow client slows nobody. */
  pump(): void {
    for (const [connection, subscriber] of this.subscribers) {
      if (!subscriber.inFlight) void this.deliver(connection, subscriber);
    }
  }

  /**
   * At most one delivery's worth. Frames that came since the last reading are in the next one: what is given is never wrong, only shorter. It
   * is held no longer than somebody is behind.
   */
  private framesAfter(after: number): WireFrame[] {
    const last = this.lastSeq();
    if (after >= last) {
      if (this.isDone(last)) this.lastRead = null;
      return [];
    }
    if (this.lastRead?.after === after) return this.lastRead.frames;
    const frames = this.log.wireFrames(after);
    // Nothing found is no reading: it would hold back what comes next.
    this.lastRead = frames.length > 0 ? { after, frames } : null;
    return frames;
  }

  private async deliver(connection: string, subscriber: Subscriber): Promise<void> {
    subscriber.inFlight = true;
    subscriber.retryAtMs = null;
    try {
      // Attaching again replaces the entry: what is then in flight for the old one is of no interest any more.
      while (this.subscribers.get(connection) === subscriber) {
        const after = subscriber.cursor;
        const frames = after === null ? [] : this.framesAfter(after);
        if (after !== null && frames.length === 0) return;
        const flight = this.host.deliver(connection, { threadId: this.host.threadId, after, frames });
        subscriber.flight = flight.catch(() => {});
        const ack = await flight;
        if (this.subscribers.get(connection) !== subscriber) return;
        if (ack.gone) {
          this.detach(connection);
          return;
        }
        subscriber.cursor = ack.cursor;
        this.onHeard(ack.cursor);
        subscriber.failures = 0;
      }
    } catch (error) {
      // The connection's object could not be reached, say because it is being moved. Nothing is lost: the log keeps the frames, the next
      // append or the alarm tries again, and asks first how far the socket came. Without the alarm, frames behind which nothing comes
      // for a while would lie here: the client of a turn that ended would see it run on.
      subscriber.cursor = null;
      const pauseMs = Math.min(limits.deliveryPauseMs * 2 ** subscriber.failures, limits.deliveryPauseMsMax);
      subscriber.failures += 1;
      subscriber.retryAtMs = this.host.now() + pauseMs;
      this.host.report("deliveryFailed", { connection, error: String(error) });
      this.host.meter.count("errors_total", { where: "delivery" });
      if (this.subscribers.get(connection) === subscriber) this.onFailure();
    } finally {
      subscriber.inFlight = false;
    }
  }
}

function newSubscriber(cursor: number | null): Subscriber {
  return { cursor, inFlight: false, flight: Promise.resolve(), failures: 0, retryAtMs: null };
}
