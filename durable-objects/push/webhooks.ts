/**
 * The account's webhooks and what they are owed: one message for each event and webhook, called until it is taken, over days. It stands in
 * rows beside the devices', is fed by the same news and woken by the same alarm. A call that was under way in a crash is made again
 * with the same `webhook-id`, by which its receiver knows it.
 */
import { createHash } from "node:crypto";
import { webhookLimits } from "#core/limits";
import type { PushAnswer } from "#core/push/outcome";
import {
  askedMessage,
  endedMessage,
  type WebhookMessage,
  type WebhookOutcome,
  webhookBody,
  webhookOutcome,
} from "#core/push/webhook";
import type { Sql } from "#core/sql";
import type { PushNews } from "#directory/push-news";
import { Refusal, refusals } from "#protocol/errors";
import type { Params } from "#protocol/methods";
import type { Webhook, WebhookEvent } from "#protocol/webhook-methods";
import { newWebhookSecret } from "#push/webhook-signature";

export function createWebhooksSchema(sql: Sql): void {
  // A message that was taken keeps its row, without a time that is due, until what it asks is answered: told again, it is not sent again.
  sql.exec(`
    CREATE TABLE IF NOT EXISTS webhooks (
      number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, url TEXT NOT NULL, secret TEXT NOT NULL, description TEXT NOT NULL,
      events TEXT NOT NULL, is_enabled INTEGER NOT NULL, disabled_reason TEXT, created_at_ms INTEGER NOT NULL,
      last_delivered_at_ms INTEGER, last_failure TEXT, failing_since_ms INTEGER
    ) STRICT;
    CREATE TABLE IF NOT EXISTS webhook_messages (
      number INTEGER PRIMARY KEY AUTOINCREMENT, webhook TEXT NOT NULL, thread_id TEXT NOT NULL, key TEXT NOT NULL, event TEXT NOT NULL,
      body TEXT NOT NULL, attempts INTEGER NOT NULL, due_at_ms INTEGER, UNIQUE (webhook, thread_id, key)
    ) STRICT;
    CREATE INDEX IF NOT EXISTS webhook_messages_by_time ON webhook_messages (due_at_ms);
  `);
}

/** Messages that no receiver has taken yet. */
export function waitingWebhookMessages(sql: Sql): number {
  return sql.exec<{ count: number }>("SELECT count(*) AS count FROM webhook_messages WHERE due_at_ms IS NOT NULL").one().count;
}

export interface WebhooksHost {
  sql: Sql;
  transaction<Result>(closure: () => Result): Result;
  /** Unix milliseconds. */
  now(): number;
  /** In [0, 1). */
  random(): number;
  /** Signs and calls. Null where nobody could be reached. */
  call(call: WebhookCall): Promise<PushAnswer>;
  /** It was switched off, and people have to know. Inside the transaction. */
  disabled(webhookId: string, host: string, reason: string): void;
  /** One structured line for the operator. */
  report(event: string, details: Record<string, unknown>): void;
}

export interface WebhookCall {
  webhookId: string;
  url: string;
  secret: string;
  /** The same with every attempt: receivers tell by it what they have already. */
  messageId: string;
  body: string;
}

type WebhookRow = {
  id: string;
  url: string;
  secret: string;
  description: string;
  events: string;
  is_enabled: number;
  disabled_reason: string | null;
  created_at_ms: number;
  last_delivered_at_ms: number | null;
  last_failure: string | null;
  failing_since_ms: number | null;
};

type Due = { number: number; webhook: string; thread_id: string; key: string; event: string; body: string; attempts: number };

const asks = "('approval.requested', 'question.asked')";

export class Webhooks {
  private readonly host: WebhooksHost;
  private readonly sql: Sql;

  constructor(host: WebhooksHost) {
    this.host = host;
    this.sql = host.sql;
  }

  /** The address was looked at. The same id again is the same webhook, whatever else is said. */
  create(id: string, { url, description, events }: Params<"spindle/webhook/create">): { webhook: Webhook; secret: string } {
    const known = this.rowOf(id);
    if (known) return { webhook: this.shown(known), secret: known.secret };
    const { count } = this.sql.exec<{ count: number }>("SELECT count(*) AS count FROM webhooks").one();
    if (count >= webhookLimits.webhooksMax) throw new Refusal(refusals.tooManyWebhooks(webhookLimits.webhooksMax));
    this.sql.exec(
      "INSERT INTO webhooks (id, url, secret, description, events, is_enabled, created_at_ms) VALUES (?, ?, ?, ?, ?, 1, ?)",
      id,
      url,
      newWebhookSecret(),
      description ?? "",
      JSON.stringify(events ?? allEvents),
      this.host.now(),
    );
    const made = this.required(id);
    return { webhook: this.shown(made), secret: made.secret };
  }

  list(): Webhook[] {
    return this.sql
      .exec<WebhookRow>("SELECT * FROM webhooks ORDER BY number")
      .toArray()
      .map((row) => this.shown(row));
  }

  read(id: string): Webhook {
    return this.shown(this.required(id));
  }

  update({ webhookId, url, description, events, isEnabled }: Params<"spindle/webhook/update">): Webhook {
    const row = this.required(webhookId);
    this.host.transaction(() => {
      this.sql.exec(
        "UPDATE webhooks SET url = ?, description = ?, events = ? WHERE id = ?",
        url ?? row.url,
        description ?? row.description,
        events ? JSON.stringify(events) : row.events,
        webhookId,
      );
      if (isEnabled === true && row.is_enabled === 0) this.enable(webhookId);
      if (isEnabled === false) this.switchOff(webhookId, null);
    });
    return this.read(webhookId);
  }

  delete(id: string): void {
    this.required(id);
    this.host.transaction(() => {
      this.sql.exec("DELETE FROM webhook_messages WHERE webhook = ?", id);
      this.sql.exec("DELETE FROM webhooks WHERE id = ?", id);
    });
  }

  /** Whether anybody is to be called at all. */
  get areWanted(): boolean {
    return this.sql.exec("SELECT 1 FROM webhooks WHERE is_enabled = 1 LIMIT 1").toArray().length > 0;
  }

  /** Inside the transaction that takes the Directory's news, each once. */
  take({ threadId, isDeleted, name, asks: asked, ended, unsaidTurnIds }: PushNews): void {
    if (isDeleted) {
      this.sql.exec("DELETE FROM webhook_messages WHERE thread_id = ?", threadId);
      return;
    }
    // Answered meanwhile: whoever has not heard of it need not.
    this.sql.exec(
      `DELETE FROM webhook_messages WHERE thread_id = ? AND event IN ${asks} AND key NOT IN (SELECT value FROM json_each(?))`,
      threadId,
      JSON.stringify(asked.map(({ requestId }) => requestId)),
    );
    for (const ask of asked) this.owe(askedMessage(threadId, name, ask));
    // A turn that somebody follows is told as well: a program looks at no screen.
    for (const turn of ended) if (!unsaidTurnIds.includes(turn.turnId)) this.owe(endedMessage(threadId, name, turn));
  }

  private owe(message: WebhookMessage): void {
    const nowMs = this.host.now();
    const wanting = this.sql.exec<WebhookRow>("SELECT * FROM webhooks WHERE is_enabled = 1").toArray();
    for (const { id, events } of wanting) {
      if (!(JSON.parse(events) as WebhookEvent[]).includes(message.event)) continue;
      this.sql.exec(
        `INSERT OR IGNORE INTO webhook_messages (webhook, thread_id, key, event, body, attempts, due_at_ms) VALUES (?, ?, ?, ?, ?, 0, ?)`,
        id,
        message.threadId,
        message.key,
        message.event,
        webhookBody(message, new Date(nowMs).toISOString()),
        nowMs,
      );
      this.sql.exec(
        "DELETE FROM webhook_messages WHERE webhook = ? AND number IN (SELECT number FROM webhook_messages WHERE webhook = ? ORDER BY number DESC LIMIT -1 OFFSET ?)",
        id,
        id,
        webhookLimits.messagesMax,
      );
    }
  }

  /** When the alarm has to ring for a call; null where nothing waits. */
  dueAtMs(): number | null {
    return this.sql.exec<{ at: number | null }>("SELECT min(due_at_ms) AS at FROM webhook_messages").one().at;
  }

  /** Calls whatever is due. Never throws; when it resolves nothing is due any more. `schedule` sets the alarm for what is left, should we die now. */
  async deliverAll(schedule: () => void): Promise<void> {
    for (let due = this.takeDue(); due.length > 0; due = this.takeDue()) {
      schedule();
      await Promise.all(due.map((message) => this.deliver(message)));
    }
  }

  /** Each is counted before it is sent: an attempt that kills us is one too. */
  private takeDue(): Due[] {
    const nowMs = this.host.now();
    return this.host.transaction(() => {
      const due = this.sql
        .exec<Due>(
          `SELECT number, webhook, thread_id, key, event, body, attempts + 1 AS attempts FROM webhook_messages
           WHERE due_at_ms <= ? ORDER BY due_at_ms, number LIMIT ?`,
          nowMs,
          webhookLimits.sentAtOnceMax,
        )
        .toArray();
      for (const { number, attempts } of due) {
        this.sql.exec(
          "UPDATE webhook_messages SET attempts = ?, due_at_ms = ? WHERE number = ?",
          attempts,
          nowMs + webhookLimits.leaseMs,
          number,
        );
      }
      return due;
    });
  }

  private async deliver(due: Due): Promise<void> {
    const { webhook: webhookId, body, attempts } = due;
    const row = this.rowOf(webhookId);
    // An earlier call of this round ended with the webhook switched off, or somebody took it back.
    if (!row || row.is_enabled === 0) return;
    let answer: PushAnswer = null;
    try {
      answer = await this.host.call({ webhookId, url: row.url, secret: row.secret, messageId: messageIdOf(due), body });
    } catch (error) {
      this.host.report("webhookBroke", { webhook: webhookId, attempts, error: String(error) });
    }
    const nowMs = this.host.now();
    const outcome = webhookOutcome(answer, { attempts, nowMs, random: this.host.random() });
    this.host.transaction(() => this.settle(due, outcome, nowMs));
    if (outcome.type !== "delivered") this.host.report("webhookFailed", { webhook: webhookId, attempts, ...outcome });
  }

  private settle(due: Due, outcome: WebhookOutcome, nowMs: number): void {
    const row = this.rowOf(due.webhook);
    if (!row) return;
    if (outcome.type === "delivered") {
      this.sql.exec(
        "UPDATE webhooks SET last_delivered_at_ms = ?, last_failure = NULL, failing_since_ms = NULL WHERE id = ?",
        nowMs,
        due.webhook,
      );
      this.done(due);
      return;
    }
    const failingSinceMs = row.failing_since_ms ?? nowMs;
    const { reason } = outcome;
    this.sql.exec("UPDATE webhooks SET last_failure = ?, failing_since_ms = ? WHERE id = ?", reason, failingSinceMs, due.webhook);
    if (outcome.type === "gone") this.disable(row, reason);
    else if (nowMs - failingSinceMs >= webhookLimits.disableAfterMs) {
      this.disable(row, `nothing was taken for three days; at last ${reason}`);
    } else if (outcome.type === "givenUp") this.done(due);
    else this.sql.exec("UPDATE webhook_messages SET due_at_ms = ? WHERE number = ?", outcome.atMs, due.number);
  }

  /** What is asked stays until it is answered, an ended turn leaves. */
  private done({ number }: Due): void {
    this.sql.exec(`UPDATE webhook_messages SET due_at_ms = NULL WHERE number = ? AND event IN ${asks}`, number);
    this.sql.exec(`DELETE FROM webhook_messages WHERE number = ? AND event NOT IN ${asks}`, number);
  }

  private disable(row: WebhookRow, reason: string): void {
    if (row.is_enabled === 0) return;
    this.switchOff(row.id, reason);
    this.host.disabled(row.id, new URL(row.url).host, reason);
  }

  private switchOff(id: string, reason: string | null): void {
    this.sql.exec("UPDATE webhooks SET is_enabled = 0, disabled_reason = ? WHERE id = ?", reason, id);
    this.sql.exec("DELETE FROM webhook_messages WHERE webhook = ?", id);
  }

  private enable(id: string): void {
    this.sql.exec(
      "UPDATE webhooks SET is_enabled = 1, disabled_reason = NULL, failing_since_ms = NULL, last_failure = NULL WHERE id = ?",
      id,
    );
  }

  private rowOf(id: string): WebhookRow | null {
    return this.sql.exec<WebhookRow>("SELECT * FROM webhooks WHERE id = ?", id).toArray()[0] ?? null;
  }

  private required(id: string): WebhookRow {
    const row = this.rowOf(id);
    if (!row) throw new Refusal(refusals.webhookNotFound(id));
    return row;
  }

  private shown(row: WebhookRow): Webhook {
    const { count } = this.sql
      .exec<{ count: number }>(
        "SELECT count(*) AS count FROM webhook_messages WHERE webhook = ? AND due_at_ms IS NOT NULL",
        row.id,
      )
      .one();
    return {
      id: row.id,
      url: row.url,
      description: row.description,
      // This object wrote them itself.
      events: JSON.parse(row.events) as WebhookEvent[],
      isEnabled: row.is_enabled === 1,
      disabledReason: row.disabled_reason,
      createdAt: row.created_at_ms,
      lastDeliveredAt: row.last_delivered_at_ms,
      lastFailure: row.last_failure,
      failingSince: row.failing_since_ms,
      waiting: count,
    };
  }
}

const allEvents: WebhookEvent[] = ["approval.requested", "question.asked", "turn.completed", "turn.failed"];

/** The same event is the same message for every webhook and at every attempt, also after a crash. */
function messageIdOf({ thread_id, key, event }: Due): string {
  return `msg_${createHash("sha256").update(`${thread_id}/${key}/${event}`).digest("base64url").slice(0, 32)}`;
}
