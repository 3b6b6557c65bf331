/** What the HTTP door takes and holds, with unit and reason. Everything behind it has bounds of its own. */
import { limits } from "#core/limits";

export const httpLimits = {
  /** Bytes of a request's body: those of one message on a socket. */
  bodyBytesMax: limits.incomingMessageBytesMax,
  /** Bytes of a file that is written: what fits into such a message as base64. */
  fileBytesMax: Math.floor((limits.incomingMessageBytesMax * 3) / 4) - 4_096,
  /** Characters of an `Idempotency-Key`; what a client's id of a message may be is the same order. */
  idempotencyKeyCharactersMax: 255,
  /** Threads that one page of approvals looks into unless it asks for less; and how many of them at the same time. Each is a call to its object. */
  approvalThreadsMax: 50,
  approvalThreadsAtOnce: 10,
  /** Pages of 100 items that are looked through for a proposal or a decision, the newest first. */
  itemPagesMax: 50,
  /** A decision is answered when the thread has carried it out, or after so many looks with a pause (milliseconds) between them. */
  settleLooksMax: 40,
  settlePauseMs: 50,
  /** Looks for the proposal of a decision that comes again, while the first one may still be carried out. */
  repeatLooksMax: 4,
  /** Milliseconds between two comments on a stream of events that has nothing to say; proxies give up after 30 to 60 s. */
  heartbeatMs: 15_000,
  /** Milliseconds after which a browser comes back to a stream that ended. */
  reconnectMs: 1_000,
  /** Milliseconds until a thread has to have answered whoever wants its events. */
  attachMsMax: 30_000,
} as const;
