/**
 * The queue: messages that wait for a turn of their own. What is queued stands in the log, on the frames that tell of each change; the
 * thread keeps their order and where their words are, so that a hundred long messages cost its snapshot nothing.
 */
import type { Draft } from "#core/frame";
import { limits } from "#core/limits";
import type { PrivateEvent } from "#core/private";
import { openTurn } from "#core/thread";
import { Refusal, refusals } from "#protocol/errors";
import type { Params, Result } from "#protocol/methods";
import type { QueuedSubmission } from "#protocol/queue-methods";
import type { ThreadRuntime } from "#thread/runtime";
import { begun, requireInput, turnStarted, userMessage } from "#thread/turn-begin";

export function addToQueue(runtime: ThreadRuntime, params: Params<"thread/queue/add">): Result<"thread/queue/add"> {
  const { input, clientUserMessageId } = params;
  const known = waiting(runtime).find((entry) => entry.clientUserMessageId === clientUserMessageId);
  if (known) return { queuedSubmission: submissionAt(runtime, known.seq) };
  const metadata = { clientUserMessageId, responsesapiClientMetadata: params.responsesapiClientMetadata ?? null };
  // It ran, or runs: the message's item has the submission's id.
  const said = runtime.log.itemOfClientMessage(clientUserMessageId);
  if (said) return { queuedSubmission: { id: said, input, ...metadata } };
  requireInput(input);
  if (waiting(runtime).length >= limits.queuedSubmissionsMax) throw new Refusal(refusals.queueFull(limits.queuedSubmissionsMax));
  const submission: QueuedSubmission = { id: runtime.host.newId(), input, ...metadata };
  runtime.commit([changed(runtime, { type: "queued", submission })]);
  void runtime.drive();
  return { queuedSubmission: submission };
}

export function listQueue(runtime: ThreadRuntime, params: Params<"thread/queue/list">): Result<"thread/queue/list"> {
  const { cursor, limit } = params;
  if (cursor && !/^\d{1,9}$/.test(cursor)) throw new Refusal(refusals.invalidCursor(cursor));
  const entries = waiting(runtime);
  const begin = Number(cursor ?? 0);
  const end = begin + Math.max(1, limit ?? limits.queuedSubmissionsMax);
  return {
    data: entries.slice(begin, end).map(({ seq }) => submissionAt(runtime, seq)),
    nextCursor: end < entries.length ? String(end) : null,
  };
}

export function updateQueued(runtime: ThreadRuntime, params: Params<"thread/queue/update">): Result<"thread/queue/update"> {
  const { queuedSubmissionId, input, responsesapiClientMetadata } = params;
  const before = submissionAt(runtime, requireQueued(runtime, queuedSubmissionId).seq);
  requireInput(input);
  const replaced = responsesapiClientMetadata && Object.keys(responsesapiClientMetadata).length > 0;
  const submission: QueuedSubmission = {
    ...before,
    input,
    ...(replaced ? { responsesapiClientMetadata } : {}),
  };
  runtime.commit([changed(runtime, { type: "queued", submission })]);
  return { queuedSubmission: submission };
}

export function deleteQueued(runtime: ThreadRuntime, params: Params<"thread/queue/delete">): Result<"thread/queue/delete"> {
  const { queuedSubmissionId: submissionId } = params;
  if (!waiting(runtime).some(({ id }) => id === submissionId)) return { deleted: false };
  runtime.commit([changed(runtime, { type: "dequeued", submissionId })]);
  return { deleted: true };
}

export function reorderQueue(runtime: ThreadRuntime, params: Params<"thread/queue/reorder">): Result<"thread/queue/reorder"> {
  const { queuedSubmissionIds: submissionIds } = params;
  const now = waiting(runtime).map(({ id }) => id);
  if (submissionIds.toSorted().join() !== now.toSorted().join()) throw new Refusal(refusals.queueReorderMismatch());
  if (submissionIds.join() !== now.join()) runtime.commit([changed(runtime, { type: "queueReordered", submissionIds })]);
  return {};
}

export function startFromQueue(runtime: ThreadRuntime, params: Params<"thread/queue/start">): Result<"thread/queue/start"> {
  const { queuedSubmissionId } = params;
  const first = waiting(runtime)[0];
  if (queuedSubmissionId && !waiting(runtime).some(({ id }) => id === queuedSubmissionId)) {
    const ran = runtime.log.turnOfItem(queuedSubmissionId);
    const turn = ran && runtime.history.turnById(runtime.current, ran, "notLoaded");
    if (turn) return { turn };
  }
  if (openTurn(runtime.current)) throw new Refusal(refusals.turnRuns("thread/queue/start"));
  if (!queuedSubmissionId && !first) throw new Refusal(refusals.queueEmpty());
  const turnId = startQueued(runtime, queuedSubmissionId ?? first?.id ?? "");
  void runtime.drive();
  return { turn: begun(turnId) };
}

/** It leaves the queue and begins its turn in one transaction: never both queued and said, never neither. Answers the turn's id. */
export function startQueued(runtime: ThreadRuntime, submissionId: string): string {
  const entry = requireQueued(runtime, submissionId);
  const { input, clientUserMessageId } = submissionAt(runtime, entry.seq);
  const dequeued = changed(runtime, { type: "dequeued", submissionId });
  // Somebody said it by `turn/start` meanwhile, under the same key: once is enough.
  const known = runtime.log.turnOfClientMessage(clientUserMessageId);
  if (known) {
    runtime.commit([dequeued]);
    return known;
  }
  const turnId = runtime.host.newId();
  const message = userMessage(runtime, turnId, { input, clientUserMessageId, itemId: submissionId });
  runtime.commit([dequeued, ...turnStarted(runtime, turnId), ...message]);
  return turnId;
}

type Entry = { id: string; clientUserMessageId: string; seq: number };

function waiting(runtime: ThreadRuntime): readonly Entry[] {
  return runtime.current.queue?.entries ?? [];
}

function requireQueued(runtime: ThreadRuntime, submissionId: string): Entry {
  const entry = waiting(runtime).find(({ id }) => id === submissionId);
  if (!entry) throw new Refusal(refusals.queuedSubmissionNotFound(submissionId));
  return entry;
}

function submissionAt(runtime: ThreadRuntime, seq: number): QueuedSubmission {
  const event = runtime.log.frame(seq).private?.event;
  if (event?.type !== "queued") throw new Error(`frame ${seq} queued nothing`);
  return event.submission;
}

function changed(
  runtime: ThreadRuntime,
  event: Extract<PrivateEvent, { type: "queued" | "dequeued" | "queueReordered" }>,
): Draft {
  return { method: "thread/queue/changed", params: { threadId: runtime.host.threadId }, private: { event } };
}
