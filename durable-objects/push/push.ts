/**
 * Rings an account's devices: one push for each event and device, after a moment in which somebody may answer. What is owed stands in rows,
 * so that a crash loses nothing; a push that was under way then goes again with the same topic, and takes the place of the first.
 */
import { createHash } from "node:crypto";
import { pushLimits } from "#core/limits";
import { askEvent, endedEvent, messageText, type PushEvent, type PushKind, webhookDisabledEvent } from "#core/push/message";
import { outcomeOf, type PushAnswer, type PushOutcome } from "#core/push/outcome";
import type { Sql } from "#core/sql";
import type { PushAck, PushDelivery, PushNews } from "#directory/push-news";
import { createSubscriptionsSchema, type Device, Subscriptions } from "#push/subscriptions";
import { createWebhooksSchema, type WebhookCall, Webhooks } from "#push/webhooks";

export function createPushSchema(sql: Sql): void {
  createSubscriptionsSchema(sql);
  createWebhooksSchema(sql);
  // `state` has one row from the beginning: what was heard of the Directory, which subscription was the last, who waits.
  sql.exec(`
    CREATE TABLE IF NOT EXISTS events (
      number INTEGER PRIMARY KEY AUTOINCREMENT, thread_id TEXT NOT NULL, key TEXT NOT NULL, kind TEXT NOT NULL, item_id TEXT,
      title TEXT NOT NULL, body TEXT NOT NULL, place TEXT NOT NULL, made_at_ms INTEGER NOT NULL, UNIQUE (thread_id, key)
    ) STRICT;
    CREATE TABLE IF NOT EXISTS deliveries (
      event INTEGER NOT NULL, endpoint_hash TEXT NOT NULL, attempts INTEGER NOT NULL, due_at_ms INTEGER NOT NULL,
      PRIMARY KEY (event, endpoint_hash)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS deliveries_by_time ON deliveries (due_at_ms);
    CREATE TABLE IF NOT EXISTS state (
      id INTEGER PRIMARY KEY CHECK (id = 1), heard_id INTEGER NOT NULL, generation INTEGER NOT NULL, waiting INTEGER NOT NULL
    ) STRICT;
  `);
  sql.exec("INSERT OR IGNORE INTO state (id, heard_id, generation, waiting) VALUES (1, 0, 0, 0)");
}

/** Pushes that no service has taken yet. */
export function waitingPushes(sql: Sql): number {
  return sql.exec<{ count: number }>("SELECT count(*) AS count FROM deliveries").one().count;
}

export interface PushHost {
  sql: Sql;
  transaction<Result>(closure: () => Result): Result;
  /** Unix milliseconds. */
  now(): number;
  /** In [0, 1). */
  random(): number;
  /** The server's key that browsers subscribe with; null where push is not configured, and nothing is kept or sent. */
  publicKey: string | null;
  /** Whether the account's devices are rung at all. Never throws: what is not known is yes. */
  rings(): Promise<boolean>;
  /** Encrypts the text for the device and hands it to its push service. Null where that could not be reached. */
  send(push: OutgoingPush): Promise<PushAnswer>;
  /** Signs a webhook's message and calls it. Null where nobody could be reached. */
  call(call: WebhookCall): Promise<PushAnswer>;
  /** One alarm per object. */
  setAlarm(atMs: number): void;
  /** One structured line for the operator. */
  report(event: string, details: Record<string, unknown>): void;
}

export interface OutgoingPush {
  device: Device;
  text: string;
  /** A push that waits at the service is replaced by a newer one of the same topic: RFC 8030, section 5.4. */
  topic: string;
  ttlSeconds: number;
  urgency: "normal" | "high";
}

type EventRow = {
  number: number;
  thread_id: string;
  key: string;
  kind: PushKind;
  item_id: string | null;
  title: string;
  body: string;
  place: string;
  made_at_ms: number;
};

type Due = { event: number; endpoint_hash: string; attempts: number };

export class Push {
  readonly subscriptions: Subscriptions;
  readonly webhooks: Webhooks;
  private readonly host: PushHost;
  private readonly sql: Sql;
  private sending: Promise<void> | null = null;

  constructor(host: PushHost) {
    this.host = host;
    this.sql = host.sql;
    this.subscriptions = new Subscriptions(host.sql);
    this.webhooks = new Webhooks({
      sql: host.sql,
      transaction: (closure) => this.host.transaction(closure),
      now: () => this.host.now(),
      random: () => this.host.random(),
      call: (call) => this.host.call(call),
      disabled: (webhookId, host, reason) => this.ring(webhookDisabledEvent(webhookId, host, reason)),
      report: (event, details) => this.host.report(event, details),
    });
  }

  /** A device was added: counted, so that a Directory which hears that nobody listens knows whether that was before. */
  nextGeneration(): number {
    return this.sql.exec<{ generation: number }>("UPDATE state SET generation = generation + 1 RETURNING generation").one()
      .generation;
  }

  /** The Directory tells what happened in the account's threads. It may come again, and changes nothing then. */
  take({ news, waiting }: PushDelivery): PushAck {
    const ack = this.host.transaction(() => {
      this.subscriptions.removeExpired(this.host.now());
      this.forgetDeviceless();
      for (const one of news) {
        if (one.id <= this.heardId()) continue;
        this.takeOne(one);
        this.webhooks.take(one);
      }
      this.sql.exec("UPDATE state SET heard_id = max(heard_id, ?), waiting = ?", news.at(-1)?.id ?? 0, waiting);
      this.forgetOldest();
      const { generation } = this.state();
      const hasDevice = this.host.publicKey !== null && !this.subscriptions.isEmpty();
      return { generation, isWanted: hasDevice || this.webhooks.areWanted };
    });
    this.schedule();
    return ack;
  }

  private takeOne({ threadId, isDeleted, name, asks, ended, unsaidTurnIds, isFollowed, isRead }: PushNews): void {
    if (isDeleted) {
      this.forget("thread_id = ?", threadId);
      return;
    }
    // What is not asked any more was answered: whoever was not rung yet need not be.
    this.forget(
      "thread_id = ? AND kind IN ('approval', 'question') AND key NOT IN (SELECT value FROM json_each(?))",
      threadId,
      JSON.stringify(asks.map(({ requestId }) => requestId)),
    );
    this.forget("thread_id = ? AND key IN (SELECT value FROM json_each(?))", threadId, JSON.stringify(unsaidTurnIds));
    if (isRead) this.forget("thread_id = ? AND kind IN ('turnCompleted', 'turnFailed')", threadId);
    for (const ask of asks) this.ring(askEvent(threadId, name, ask));
    for (const turn of ended) {
      const isNoticed = isFollowed && turn.durationMs < pushLimits.longTurnMs;
      if (!isNoticed && !unsaidTurnIds.includes(turn.turnId)) this.ring(endedEvent(threadId, name, turn));
    }
  }

  /** Once for each event, on every device that there is now. */
  private ring({ threadId, key, kind, itemId, title, body, place }: PushEvent): void {
    const hashes = this.host.publicKey === null ? [] : this.subscriptions.hashesFor(this.host.publicKey);
    if (hashes.length === 0) return;
    const nowMs = this.host.now();
    const [made] = this.sql
      .exec<{ number: number }>(
        `INSERT OR IGNORE INTO events (thread_id, key, kind, item_id, title, body, place, made_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         RETURNING number`,
        threadId,
        key,
        kind,
        itemId,
        title,
        body,
        place,
        nowMs,
      )
      .toArray();
    if (!made) return;
    for (const hash of hashes) {
      this.sql.exec(
        "INSERT INTO deliveries (event, endpoint_hash, attempts, due_at_ms) VALUES (?, ?, 0, ?)",
        made.number,
        hash,
        nowMs + pushLimits.graceMs,
      );
    }
  }

  /** What the alarm does: sends whatever is due. Never throws; when it resolves nothing is due any more. */
  deliverDue(): Promise<void> {
    this.sending ??= Promise.all([this.deliverAll(), this.webhooks.deliverAll(() => this.schedule())])
      .then(() => {})
      .finally(() => {
        this.sending = null;
        this.schedule();
      });
    return this.sending;
  }

  private async deliverAll(): Promise<void> {
    for (let due = this.takeDue(); due.length > 0; due = this.takeDue()) {
      // Should we die now, the alarm comes back when the lease is over.
      this.schedule();
      await Promise.all(due.map((delivery) => this.deliver(delivery).catch((error) => this.broke(delivery, error))));
    }
  }

  /** Each is counted before it is sent: an attempt that kills us is one too. */
  private takeDue(): Due[] {
    const nowMs = this.host.now();
    return this.host.transaction(() => {
      const due = this.sql
        .exec<Due>(
          "SELECT event, endpoint_hash, attempts + 1 AS attempts FROM deliveries WHERE due_at_ms <= ? ORDER BY due_at_ms LIMIT ?",
          nowMs,
          pushLimits.sentAtOnceMax,
        )
        .toArray();
      for (const { event, endpoint_hash, attempts } of due) {
        this.sql.exec(
          "UPDATE deliveries SET attempts = ?, due_at_ms = ? WHERE event = ? AND endpoint_hash = ?",
          attempts,
          nowMs + pushLimits.leaseMs,
          event,
          endpoint_hash,
        );
      }
      return due;
    });
  }

  private async deliver(due: Due): Promise<void> {
    // Before the look at what is due: somebody may answer meanwhile.
    if (!(await this.host.rings())) return this.done(due);
    const [event] = this.sql.exec<EventRow>("SELECT * FROM events WHERE number = ?", due.event).toArray();
    const device = this.subscriptions.find(due.endpoint_hash);
    const endsAtMs = event ? event.made_at_ms + lifetimeMsOf(event.kind) : 0;
    const nowMs = this.host.now();
    // Between the look for what is due and this line a person answered, took the device back, or died as we did, for a day.
    if (!event || !device || nowMs >= endsAtMs || due.attempts > pushLimits.attemptsMax) return this.done(due);
    const answer = await this.host.send({
      device,
      text: messageText(eventOf(event), this.state().waiting),
      topic: topicOf(event.thread_id, event.key),
      ttlSeconds: Math.ceil((endsAtMs - nowMs) / 1000),
      urgency: isAsk(event.kind) ? "high" : "normal",
    });
    const { attempts } = due;
    this.settle(due, outcomeOf(answer, { attempts, nowMs: this.host.now(), endsAtMs, random: this.host.random() }));
  }

  /** Ours, not the service's: the lease ends, and it is tried again as often as anything. */
  private broke({ endpoint_hash, attempts }: Due, error: unknown): void {
    this.host.report("pushBroke", { device: endpoint_hash, attempts, error: String(error) });
  }

  private settle(due: Due, outcome: PushOutcome): void {
    this.host.transaction(() => {
      switch (outcome.type) {
        case "delivered":
          this.subscriptions.noteDelivered(due.endpoint_hash, this.host.now());
          return this.done(due);
        case "gone":
          this.unsubscribe(due.endpoint_hash);
          return;
        case "givenUp":
          this.subscriptions.noteFailed(due.endpoint_hash, outcome.reason);
          return this.done(due);
        case "retry":
          this.subscriptions.noteFailed(due.endpoint_hash, outcome.reason);
          this.sql.exec(
            "UPDATE deliveries SET due_at_ms = ? WHERE event = ? AND endpoint_hash = ?",
            outcome.atMs,
            due.event,
            due.endpoint_hash,
          );
          return;
        default:
          return outcome satisfies never;
      }
    });
    if (outcome.type !== "delivered") this.host.report("pushFailed", { device: due.endpoint_hash, ...outcome });
  }

  /** An ended turn that everybody heard of leaves. What is asked stays until it is answered: told again, it must not ring again. */
  private done({ event, endpoint_hash }: Due): void {
    this.sql.exec("DELETE FROM deliveries WHERE event = ? AND endpoint_hash = ?", event, endpoint_hash);
    this.forgetHeard();
  }

  private forgetHeard(): void {
    this.sql.exec(
      "DELETE FROM events WHERE kind NOT IN ('approval', 'question') AND number NOT IN (SELECT event FROM deliveries)",
    );
  }

  /** The device is taken back: nothing is sent there any more. Whether there was one. */
  unsubscribe(endpointOrHash: string): boolean {
    return this.host.transaction(() => {
      const wasSubscribed = this.subscriptions.remove(endpointOrHash);
      this.forgetDeviceless();
      return wasSubscribed;
    });
  }

  /** Nothing is kept for devices that are not there, and nothing at all where there is none. */
  private forgetDeviceless(): void {
    this.sql.exec("DELETE FROM deliveries WHERE endpoint_hash NOT IN (SELECT endpoint_hash FROM subscriptions)");
    if (this.subscriptions.isEmpty()) this.sql.exec("DELETE FROM events");
    this.forgetHeard();
  }

  private forget(where: string, ...values: string[]): void {
    this.sql.exec(`DELETE FROM deliveries WHERE event IN (SELECT number FROM events WHERE ${where})`, ...values);
    this.sql.exec(`DELETE FROM events WHERE ${where}`, ...values);
  }

  private forgetOldest(): void {
    this.sql.exec(
      "DELETE FROM events WHERE number IN (SELECT number FROM events ORDER BY number DESC LIMIT -1 OFFSET ?)",
      pushLimits.eventsMax,
    );
    this.sql.exec("DELETE FROM deliveries WHERE event NOT IN (SELECT number FROM events)");
  }

  private heardId(): number {
    return this.state().heard_id;
  }

  private state(): { heard_id: number; generation: number; waiting: number } {
    return this.sql.exec<{ heard_id: number; generation: number; waiting: number }>("SELECT * FROM state").one();
  }

  private schedule(): void {
    const { at } = this.sql.exec<{ at: number | null }>("SELECT min(due_at_ms) AS at FROM deliveries").one();
    const moments = [at, this.webhooks.dueAtMs()].filter((moment) => moment !== null);
    if (moments.length > 0) this.host.setAlarm(Math.min(...moments));
  }
}

function eventOf({ thread_id, key, kind, item_id, title, body, place }: EventRow): PushEvent {
  return { threadId: thread_id, key, kind, itemId: item_id, title, body, place };
}

function isAsk(kind: PushKind): boolean {
  return kind === "approval" || kind === "question";
}

function lifetimeMsOf(kind: PushKind): number {
  return isAsk(kind) || kind === "webhookDisabled" ? pushLimits.askLifetimeMs : pushLimits.endedLifetimeMs;
}

/** The most that a topic may be: 32 characters of base64url. */
export function topicOf(threadId: string, key: string): string {
  return createHash("sha256").update(`${threadId}/${key}`).digest("base64url").slice(0, 32);
}
