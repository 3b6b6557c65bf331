/** How an endpoint fails, told in the words and with the codes of the real Codex server (transcript 16), as `ModelError`. */
import { APIConnectionTimeoutError, APIError } from "openai";
import { CircuitOpen } from "#core/circuit";
import { ModelError, type ModelItem } from "#models/model";
import { refusesBuiltInTools } from "#models/openai-refusals";
import type { CodexErrorInfo } from "#protocol/turn";

/** What the server says of its failure: an HTTP error's body, an `error` event, or the `error` of a failed response. */
export interface ServerError {
  code?: string | null | undefined;
  type?: string | null | undefined;
  message?: string | null | undefined;
}

/** The request for an answer got no stream: the server refused it, or it never got there. `url` must carry no secret. */
export function requestFailure(error: unknown, { url, tools }: { url: string; tools: ModelItem[] }): ModelError {
  if (error instanceof APIConnectionTimeoutError) return stalled();
  const { cause } = error as { cause?: unknown };
  if (cause instanceof CircuitOpen) {
    return new ModelError(cause.message, { info: "serverOverloaded", willRetry: true, retryAfterMs: cause.retryAfterMs });
  }
  if (error instanceof APIError && error.status) {
    const refused = refusal(error, error.status, url);
    if (!refusesBuiltInTools(error, tools)) return refused;
    return new ModelError(refused.message, { ...refused, willRetry: true, refusesBuiltInTools: true });
  }
  // The cause (a name lookup, a TLS failure, an unsendable header that would quote the key) stays out: the real server's words say no more.
  return disconnected("error sending request");
}

/** The request for the rest of a response got no stream. Responses are kept for a while only: then nothing is left but to ask anew. */
export function resumeFailure(error: unknown, url: string): ModelError {
  const failure = requestFailure(error, { url, tools: [] });
  const isGone = error instanceof APIError && [400, 404, 410, 422].includes(error.status ?? 0);
  return new ModelError(failure.message, { ...failure, willRetry: failure.willRetry || isGone, responseIsOver: isGone });
}

/** The stream broke while it was read. `reason` is the transport's word for it, or ours when the stream just ended. */
export function disconnected(reason: string, { isTimeout = false } = {}): ModelError {
  return new ModelError(`stream disconnected before completion: ${reason}`, { info: "other", willRetry: true, isTimeout });
}

export function stalled(): ModelError {
  return disconnected("idle timeout waiting for SSE", { isTimeout: true });
}

/** The request has a bound of its own, and the answer is not there. */
export function overdue(durationMs: number): () => ModelError {
  return () => disconnected(`no whole answer within ${durationMs} ms`, { isTimeout: true });
}

/** `response.failed` and the `error` event: the server gave up in the middle of its answer. */
export function failedResponse(error: ServerError): ModelError {
  const known = verdict(error, null);
  if (known) return known;
  const message = `stream disconnected before completion: ${error.message || "response.failed event received"}`;
  const retryAfterMs = pauseInText(error.message);
  return new ModelError(message, { info: "other", willRetry: true, retryAfterMs, responseIsOver: true });
}

/** `response.incomplete`: a filter or the output limit cut the answer. Asking again would be cut again, so nobody should. */
export function incompleteResponse(reason: string): ModelError {
  const message = `stream disconnected before completion: Incomplete response returned, reason: ${reason}`;
  return new ModelError(message, { info: "other", willRetry: false, responseIsOver: true });
}

function refusal(error: APIError, status: number, url: string): ModelError {
  const body = bodyMessage(error, status);
  const known = verdict({ code: error.code, type: error.type, message: body }, status);
  if (known) return known;
  const facts = { httpStatus: status, retryAfterMs: retryAfterMs(error.headers) ?? pauseInText(body) };
  switch (status) {
    case 429:
      return new ModelError(`exceeded retry limit, last status: ${spoken(status)}`, {
        ...facts,
        info: { responseTooManyFailedAttempts: { httpStatusCode: status } },
        willRetry: true,
      });
    case 500:
      return new ModelError("We’re currently experiencing high demand, which may cause temporary errors.", {
        ...facts,
        // The real server does not say this status either.
        httpStatus: null,
        info: "internalServerError",
        willRetry: true,
      });
    default: {
      const badRequest = status === 400 || status === 413 || status === 422;
      return new ModelError(`unexpected status ${spoken(status)}: ${body}, url: ${url}`, {
        ...facts,
        info: badRequest ? "badRequest" : { httpConnectionFailed: { httpStatusCode: status } },
        willRetry: status >= 500 || [401, 408, 409, 425].includes(status),
        // The real server tries a 401 once more as well: a key may just have been replaced. Twice would be no other key.
        retriesMax: status === 401 ? 1 : null,
      });
    }
  }
}

/** Codes that say what happened better than the HTTP status or the place where they came up. */
function verdict(error: ServerError, httpStatus: number | null): ModelError | null {
  const say = (message: string, info: CodexErrorInfo, willRetry = false) =>
    new ModelError(message, { info, httpStatus, willRetry, responseIsOver: true });
  // Only OpenAI has a code for it; the others have words.
  const code = tooLong.test(error.message ?? "") && httpStatus !== 429 ? "context_length_exceeded" : error.code || error.type;
  switch (code) {
    case "context_length_exceeded":
      return say(
        "The thread no longer fits the model's context window. Start a new thread or clear earlier history before retrying.",
        "contextWindowExceeded",
      );
    case "insufficient_quota":
    case "usage_limit_reached":
    case "usage_not_included":
      return say("Quota exceeded. Check your plan and billing details.", "usageLimitExceeded");
    case "server_is_overloaded":
    case "slow_down":
      return say("Selected model is at capacity. Please try a different model.", "serverOverloaded", true);
    case "invalid_prompt":
      return say(error.message || "Invalid request.", "badRequest");
    case "cyber_policy":
      return say(error.message || "The request was refused by policy.", "cyberPolicy");
    default:
      return null;
  }
}

/** As vLLM, LM Studio, llama.cpp, OpenRouter and Anthropic's gateways say that the input does not fit. */
const tooLong =
  /\b(maximum|model'?s) context length (is|of)\b|\bexceeds? (the |its |this |that )?(\w+('s)? ){0,2}(maximum )?context (window|length|size)\b|\bprompt is too long\b|\bcontext (length|window|size) exceeded\b/i;

/** Characters of a refusal's body that reach a person; a gateway's whole HTML page would help nobody. */
const bodyCharactersMax = 1_000;

function bodyMessage(error: APIError, status: number): string {
  // The package types the body as Object; it is whatever the server wrote.
  const body: unknown = error.error;
  const text = textOf(body) ?? error.message.slice(`${status} `.length);
  return text === "status code (no body)" ? "Unknown error" : text.slice(0, bodyCharactersMax);
}

/** `{"message": …}` is OpenAI's, `{"detail": …}` FastAPI's; some servers put a bare string under `error`. */
function textOf(body: unknown): string | null {
  if (typeof body === "string") return body;
  if (typeof body !== "object" || body === null) return null;
  if ("message" in body && typeof body.message === "string") return body.message;
  if ("detail" in body && typeof body.detail === "string") return body.detail;
  return JSON.stringify(body);
}

/** RFC 9110 `retry-after` (seconds or a date) and OpenAI's `retry-after-ms`. */
function retryAfterMs(headers: Headers | undefined): number | null {
  const exact = Number(headers?.get("retry-after-ms") || Number.NaN);
  if (exact >= 0) return exact;
  const header = headers?.get("retry-after");
  if (!header) return null;
  const seconds = Number(header);
  if (seconds >= 0) return seconds * 1_000;
  const untilDate = Date.parse(header) - Date.now();
  return Number.isNaN(untilDate) ? null : Math.max(0, untilDate);
}

/** Rate limits inside a stream have no header; OpenAI writes "Please try again in 1.3s." into the message. */
function pauseInText(message: string | null | undefined): number | null {
  const found = /try again in (\d+(?:\.\d+)?) ?(ms|s)\b/i.exec(message ?? "");
  if (!found) return null;
  return Math.ceil(Number(found[1]) * (found[2]?.toLowerCase() === "ms" ? 1 : 1_000));
}

const phrases = new Map([
  [400, "Bad Request"],
  [401, "Unauthorized"],
  [402, "Payment Required"],
  [403, "Forbidden"],
  [404, "Not Found"],
  [405, "Method Not Allowed"],
  [408, "Request Timeout"],
  [409, "Conflict"],
  [413, "Payload Too Large"],
  [415, "Unsupported Media Type"],
  [422, "Unprocessable Entity"],
  [429, "Too Many Requests"],
  [500, "Internal Server Error"],
  [501, "Not Implemented"],
  [502, "Bad Gateway"],
  [503, "Service Unavailable"],
  [504, "Gateway Timeout"],
]);

/** Example: `404 Not Found`. HTTP/2 and many servers send no phrase, so the standard one is ours to say. */
function spoken(status: number): string {
  const phrase = phrases.get(status);
  return phrase ? `${status} ${phrase}` : `${status}`;
}
