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
}

/** What happens while a model answers. Text arrives as it is made; an item counts once it is done, all of it once `completed` came. */
export type ModelEvent =
  | { type: "messageStarted"; itemId: string }
  | { type: "messageDelta"; itemId: string; delta: string }
  | { type: "reasoningStarted"; itemId: string }
  | { type: "reasoningPartAdded"; itemId: string; summaryIndex: number }
  | { type: "reasoningDelta"; itemId: string; summaryIndex: number; delta: string }
  | { type: "itemDone"; itemId: string; item: ModelItem }
  | { type: "completed"; usage: TokenUsageBreakdown };

export interface Model {
  /**
   * One answer, streamed. The iterator ends after `completed`, or throws `ModelError`. A stream that ends without `completed` is a
   * `ModelError` too. Aborting `signal` ends the iterator; what was streamed until then did not count.
   */
  stream(request: ModelRequest, signal: AbortSignal): AsyncIterable<ModelEvent>;
}

/** The world's failure, as a value the loop turns into `error` frames. `message` is what a person reads. */
export class ModelError extends Error {
  readonly info: CodexErrorInfo;
  /** HTTP status of the refused request, or null when the stream broke. */
  readonly httpStatus: number | null;
  readonly willRetry: boolean;
  /** What the endpoint asked us to wait (retry-after), or null. */
  readonly retryAfterMs: number | null;

  constructor(
    message: string,
    failure: { info: CodexErrorInfo; httpStatus?: number | null; willRetry: boolean; retryAfterMs?: number | null },
  ) {
    super(message);
    this.name = "ModelError";
    this.info = failure.info;
    this.httpStatus = failure.httpStatus ?? null;
    this.willRetry = failure.willRetry;
    this.retryAfterMs = failure.retryAfterMs ?? null;
  }
}
