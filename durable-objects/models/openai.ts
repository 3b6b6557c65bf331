/** A model behind the Responses API: OpenAI's own, or any compatible server. */
import OpenAI from "openai";
// The package's own SSE decoder. Its `Stream` sits on top of it, but dies of the first event that is no JSON.
import { type ServerSentEvent, _iterSSEMessages as serverSentEvents } from "openai/core/streaming";
import type { ResponseCreateParamsStreaming, ResponseInput, Tool } from "openai/resources/responses/responses";
import { type Model, ModelError, type ModelRequest } from "#models/model";
import { disconnected, requestFailure, stalled } from "#models/openai-errors";
import { createResponseReader, type ResponseEvent, readResponseEvent } from "#models/response-events";

export interface OpenAiOptions {
  /** Sent as the bearer token and nowhere else: it stands in no error and in no log. Must not be empty; a server without keys takes any. */
  apiKey: string;
  /** Up to and without `/responses`, e.g. `https://api.openai.com/v1`. */
  baseUrl?: string | undefined;
  fetch?: typeof fetch | undefined;
  /** Milliseconds without an event after which the request counts as dead; the real client's default, since reasoning may be silent for minutes. */
  stallTimeoutMs?: number | undefined;
  /** Names items whose id the server leaves out or repeats. */
  newId?: (() => string) | undefined;
}

/** Nothing is stored at the endpoint (`store: false`), and nothing is tried twice in here: the loop retries, visibly in the log. */
export function createOpenAiModel({
  apiKey,
  baseUrl = "https://api.openai.com/v1",
  fetch,
  stallTimeoutMs = 300_000,
  newId = () => crypto.randomUUID(),
}: OpenAiOptions): Model {
  const url = publicUrl(baseUrl);
  const client = new OpenAI({
    apiKey: apiKey.trim(),
    baseURL: baseUrl,
    fetch,
    maxRetries: 0,
    timeout: stallTimeoutMs,
    logLevel: "off",
  });
  return {
    async *stream(request, signal) {
      const read = createResponseReader(newId, new Set(request.input.map((item) => String(item.id ?? ""))));
      try {
        for await (const event of receive(client, request, signal, { url, stallTimeoutMs })) {
          yield* read(event);
          if (event.type === "response.completed") return;
        }
      } catch (error) {
        if (signal.aborted) return;
        throw error instanceof ModelError ? withoutSecret(error, client.apiKey) : error;
      }
      // An aborted stream ends without an error, just like a cut one: only our own signal makes the end a clean one.
      if (!signal.aborted) throw disconnected("stream closed before response.completed");
    },
  };
}

/** Sends the request and yields what comes back. Throws `ModelError` for whatever the transport does; ends when `signal` aborts. */
async function* receive(
  client: OpenAI,
  request: ModelRequest,
  signal: AbortSignal,
  { url, stallTimeoutMs }: { url: string; stallTimeoutMs: number },
): AsyncGenerator<ResponseEvent, void> {
  if (signal.aborted) return;
  const attempt = new AbortController();
  const abort = () => attempt.abort();
  signal.addEventListener("abort", abort, { once: true });
  let isStalled = false;
  const stall = () => {
    isStalled = true;
    attempt.abort();
  };
  let timer = setTimeout(stall, stallTimeoutMs);
  try {
    const response = await client.responses
      .create(requestBody(request), { signal: attempt.signal })
      .asResponse()
      .catch((error: unknown) => {
        throw isStalled ? stalled() : requestFailure(error, url);
      });
    if (!response.body) return;
    for await (const { event: name, data } of untilItBreaks(response, attempt)) {
      clearTimeout(timer);
      if (data === "[DONE]") return;
      const event = readResponseEvent(name, data);
      if (event) yield event;
      timer = setTimeout(stall, stallTimeoutMs);
    }
    if (isStalled) throw stalled();
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  }
}

/** A body that breaks while it is read is the world's failure; everything else that throws around here is ours. */
async function* untilItBreaks(response: Response, attempt: AbortController): AsyncGenerator<ServerSentEvent, void> {
  const messages = serverSentEvents(response, attempt);
  try {
    while (true) {
      const next = await messages.next().catch((error: unknown) => {
        throw disconnected(error instanceof Error ? error.message : String(error));
      });
      if (next.done) return;
      yield next.value;
    }
  } finally {
    // Whoever stops reading early must not leave the server talking; aborted first, the decoder does not wait for the body to close.
    attempt.abort();
    await messages.return();
  }
}

function requestBody(request: ModelRequest): ResponseCreateParamsStreaming {
  const summary = request.summary === "none" ? null : request.summary;
  const reasoning = { ...(request.effort && { effort: request.effort }), ...(summary && { summary }) };
  const body = {
    model: request.model,
    instructions: request.instructions || null,
    // Items are other servers' and other times' words; the endpoint checks them, not the package's types.
    input: request.input as ResponseInput,
    stream: true as const,
    store: false,
    // Without storage a reasoning item can only be sent back with its content, which OpenAI gives out encrypted.
    include: ["reasoning.encrypted_content" as const],
    prompt_cache_key: request.promptCacheKey,
    ...(request.tools.length && { tools: request.tools as unknown as Tool[], parallel_tool_calls: true }),
    ...(Object.keys(reasoning).length && { reasoning }),
    ...(request.outputSchema != null && { text: { format: outputFormat(request.outputSchema) } }),
  };
  return body as ResponseCreateParamsStreaming;
}

function outputFormat(schema: unknown) {
  return { type: "json_schema" as const, name: "output", strict: true, schema };
}

/** The address as it may be shown: a base URL can carry a user, a password or a key in its query. Throws when it is no URL. */
function publicUrl(baseUrl: string): string {
  const { origin, pathname } = new URL(baseUrl);
  return `${origin}${pathname.replace(/\/$/, "")}/responses`;
}

/** Shorter keys are placeholders (`rehearsal`, `lm-studio`), and to cut those out would garble the message. */
const secretCharactersMin = 12;

/** A server may quote the key that it refuses. */
function withoutSecret(error: ModelError, key: string | null): ModelError {
  if (!key || key.length < secretCharactersMin || !error.message.includes(key)) return error;
  const { info, httpStatus, willRetry, retryAfterMs } = error;
  return new ModelError(error.message.replaceAll(key, "[key]"), { info, httpStatus, willRetry, retryAfterMs });
}
