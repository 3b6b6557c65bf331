/** What the loop needs of a language model, whichever it is. */
import type { ModelItem } from "#core/private";
import type { TokenUsageBreakdown } from "#protocol/thread";
import type { CodexErrorInfo } from "#protocol/turn";

export type { ModelItem };

export interface ModelRequest {
  model: string;
  instructions: string;
  input: ModelItem[];
  /** Tools in the Responses API's shape; empty for threads that may not use tools. */
  tools: ModelItem[];
  effort: string | null;
  summary: string | null;
  /** A JSON Schema that the final message has to satisfy, or null. */
  outputSchema: unknown;
  /** Stable per thread, so that the endpoint can reuse its prefix cache. */
  promptCacheKey: string;
  /** Takes up a response that goes on at the endpoint (background mode), behind the last event that was kept, instead of asking anew. */
  resume?: { responseId: string; afterSequenceNumber: number } | undefined;
  /** What the answer may cost, for a request that nobody waits for; it fails when it takes longer. Left out where it may take what it takes. */
  bounds?: { outputTokensMax: number; durationMsMax: number } | undefined;
  /** W3C Trace Context: sent along, so that the endpoint's own telemetry can be found by the client's. */
  traceparent?: string | undefined;
}

/** What happens while a model answers. Text arrives as it is made; an item counts once it is done, all of it once `completed` came. */
export type ModelEvent = ModelHappening & {
  /** In background mode: whoever has kept everything up to this event may resume the response behind it. Left out where that is not so. */
  sequenceNumber?: number;
};

type ModelHappening =
  /** The response can be taken up again under this id; only in background mode. */
  | { type: "responseStarted"; responseId: string }
  | { type: "messageStarted"; itemId: string }
  | { type: "messageDelta"; itemId: string; delta: string }
  | { type: "reasoningStarted"; itemId: string }
  | { type: "reasoningPartAdded"; itemId: string; summaryIndex: number }
  | { type: "reasoningDelta"; itemId: string; summaryIndex: number; delta: string }
  | { type: "itemDone"; itemId: string; item: ModelItem }
  /** `output` stands only at the end of a resumed response: all its items in order, also those that were done before it was taken up. */
  | { type: "completed"; usage: TokenUsageBreakdown; output?: ModelItem[] };

export interface Model {
  /**
   * One answer, streamed. The iterator ends after `completed`, or throws `ModelError`. A stream that ends without `completed` is a
   * `ModelError` too. Aborting `signal` ends the iterator; what was streamed until then did not count.
   */
  stream(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelEvent>;
  /** Whether the endpoint has refused the built-in tools for the model of this name before, in any thread of this process. */
  refusedBuiltInTools?(name: string): boolean;
}

/** What the loop has to know of a failure besides its message. */
interface Failure {
  info: CodexErrorInfo;
  /** HTTP status of the refused request, or null when the stream broke. */
  httpStatus?: number | null;
  willRetry: boolean;
  /** What the endpoint asked us to wait (retry-after), or null. */
  retryAfterMs?: number | null;
  /** Retries after which it is not worth trying, where that is fewer than usual; null: as usual. */
  retriesMax?: number | null;
  /** The endpoint knows no tools but functions: the same request with function tools may pass. */
  refusesBuiltInTools?: boolean;
  /** The response will not go on at the endpoint, so there is nothing to resume: the next attempt asks anew. */
  responseIsOver?: boolean;
  /** Nothing came for too long. */
  isTimeout?: boolean;
}

/** The world's failure, as a value the loop turns into `error` frames. `message` is what a person reads. */
export class ModelError extends Error implements Required<Failure> {
  readonly info: CodexErrorInfo;
  readonly httpStatus: number | null;
  readonly willRetry: boolean;
  readonly retryAfterMs: number | null;
  readonly retriesMax: number | null;
  readonly refusesBuiltInTools: boolean;
  readonly responseIsOver: boolean;
  readonly isTimeout: boolean;

  constructor(message: string, failure: Failure) {
    super(message);
    this.name = "ModelError";
    this.info = failure.info;
    this.httpStatus = failure.httpStatus ?? null;
    this.willRetry = failure.willRetry;
    this.retryAfterMs = failure.retryAfterMs ?? null;
    this.retriesMax = failure.retriesMax ?? null;
    this.refusesBuiltInTools = failure.refusesBuiltInTools ?? false;
    this.responseIsOver = failure.responseIsOver ?? false;
    this.isTimeout = failure.isTimeout ?? false;
  }
}
