/** What a webhook is told, and what becomes of a call by its answer. Pure. */
import { webhookLimits } from "#core/limits";
import type { Ask, EndedTurn } from "#core/push/attention";
import { askEvent, endedEvent } from "#core/push/message";
import { type PushAnswer, retryAfterMs } from "#core/push/outcome";
import type { WebhookEvent } from "#protocol/webhook-methods";

/** One thing that webhooks are called for. `key` is the request's or the turn's id: within its thread the same thing is the same message. */
export interface WebhookMessage {
  threadId: string;
  key: string;
  event: WebhookEvent;
  /** Texts are cleaned and cut as a device is shown them: whoever may know more asks for it with a credential. */
  data: Record<string, unknown>;
}

export type WebhookOutcome =
  | { type: "delivered" }
  /** 410: the receiver wants no more. */
  | { type: "gone"; reason: string }
  | { type: "retry"; atMs: number; reason: string }
  | { type: "givenUp"; reason: string };

/** `name` is what the thread is called. */
export function askedMessage(threadId: string, name: string, ask: Ask): WebhookMessage {
  const { kind, itemId, title, body } = askEvent(threadId, name, ask);
  return {
    threadId,
    key: ask.requestId,
    event: kind === "question" ? "question.asked" : "approval.requested",
    data: { threadId, threadName: title, requestId: ask.requestId, itemId, kind: ask.kind, text: body },
  };
}

export function endedMessage(threadId: string, name: string, turn: EndedTurn): WebhookMessage {
  const { title, body } = endedEvent(threadId, name, turn);
  const { turnId, status, durationMs } = turn;
  return {
    threadId,
    key: turnId,
    event: status === "failed" ? "turn.failed" : "turn.completed",
    data: { threadId, threadName: title, turnId, status, durationMs, text: body },
  };
}

/**
 * The body as it is signed and sent, with every attempt the same. `madeAt` is a date of RFC 3339. Example:
 * `{"type":"approval.requested","timestamp":"2026-11-21T18:00:00.000Z","data":{"threadId":"01a1…","requestId":"01a1…:01a1…","kind":"changes",…}}`
 */
export function webhookBody({ event, data }: WebhookMessage, madeAt: string): string {
  return JSON.stringify({ type: event, timestamp: madeAt, data });
}

/** Source: Standard Webhooks, "Deliverability and reliability". `attempts` counts this one; `random` is in [0, 1). */
export function webhookOutcome(
  answer: PushAnswer,
  { attempts, nowMs, random }: { attempts: number; nowMs: number; random: number },
): WebhookOutcome {
  const reason = answer === null ? "it could not be reached" : `it answered ${answer.status}`;
  if (answer !== null && answer.status >= 200 && answer.status < 300) return { type: "delivered" };
  if (answer?.status === 410) return { type: "gone", reason };
  const pauseMs = webhookLimits.retryPausesMs[attempts - 1];
  if (pauseMs === undefined) return { type: "givenUp", reason };
  // Up to a tenth more, so that messages that failed together do not come back together.
  const grown = pauseMs * (1 + random / 10);
  const asked = retryAfterMs(answer?.retryAfter ?? null, nowMs, webhookLimits.retryAfterMsMax) ?? 0;
  return { type: "retry", atMs: nowMs + Math.ceil(Math.max(grown, asked)), reason };
}
