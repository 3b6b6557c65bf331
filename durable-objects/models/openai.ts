/** A model behind the Responses API: OpenAI's own, or any compatible server. */
import OpenAI from "openai";
// The package's own SSE decoder. Its `Stream` sits on top of it, but dies of the first event that is no JSON.
import { type ServerSentEvent, _iterSSEMessages as serverSentEvents } from "openai/core/streaming";
import type { ResponseCreateParamsStreaming, ResponseInput, Tool } from "openai/resources/responses/responses";
import { type Model, ModelError, type ModelEvent, type ModelRequest } from "#models/model";
import { disconnected, overdue, requestFailure, resumeFailure, stalled } from "#models/openai-errors";
import { type OptionalPart, refusedPart } from "#models/openai-refusals";
import { createResponseReader, type NumberedEvent, readResponseEvent } from "#models/response-events";

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
  /**
   * Responses go on at the endpoint when nobody listens and can be taken up again (`ModelRequest.resume`). The endpoint stores them
   * for that, and only OpenAI's own can; so it is off unless asked for.
   */
  background?: boolean | undefined;
}

/**
 * Nothing is stored at the endpoint (`store: false`) but in background mode, and nothing is tried twice in here, so that each try
 * stands in the log. The one exception: a part of the request that the model turns out not to know is left out, at once and from then on.
 */
export function createOpenAiModel({
  apiKey,
  baseUrl = "https://api.openai.com/v1",
  fetch,
  stallTimeoutMs = 300_000,
  newId = () => crypto.randomUUID(),
  background = false,
}: OpenAiOptions): Model {
  const client = new OpenAI({
    apiKey: apiKey.trim(),
    baseURL: baseUrl,
    fetch,
    maxRetries: 0,
    timeout: stallTimeoutMs,
    logLevel: "off",
  });
  const endpoint: Endpoint = { client, url: publicUrl(baseUrl), stallTimeoutMs, background, unknownParts: new Map() };
  return {
    async *stream(request, signal) {
      const { resume } = request;
      const canResume = background || resume !== undefined;
      const usedIds = new Set(request.input.map((item) => String(item.id ?? "")));
      const read = createResponseReader({ newId, usedIds, background: canResume, resumed: resume !== undefined });
      let responseId = resume?.responseId ?? null;
      try {
        for await (const { event, sequenceNumber } of receive(endpoint, request, signal)) {
          // A server that plays the response from its beginning is as good as one that goes on where we were.
          if (resume && sequenceNumber !== null && sequenceNumber <= resume.afterSequenceNumber) continue;
          if (event.type === "response.created") responseId = event.response.id;
          yield* canResume ? numbered(read(event), sequenceNumber) : read(event);
          if (event.type === "response.completed") {
            responseId = null;
            return;
          }
        }
      } catch (error) {
        if (signal.aborted) return;
        if (!(error instanceof ModelError)) throw error;
        if (error.refusesBuiltInTools && functionsOnly.size < functionsOnlyMax)
          functionsOnly.add(`${endpoint.url} ${request.model}`);
        throw withoutSecret(error, client.apiKey);
      } finally {
        if (signal.aborted && canResume && responseId) void cancel(client, responseId);
      }
      // An aborted stream ends without an error, just like a cut one: only our own signal makes the end a clean one.
      if (!signal.aborted) throw disconnected("stream closed before response.completed");
    },
    refusedBuiltInTools: (name) => functionsOnly.has(`${endpoint.url} ${name}`),
  };
}

/**
 * `<address> <model>` of those that take no tools but functions. Shared by all threads of the process, so that each endpoint is asked
 * in vain once and not once a thread; a new process finds it out again, for one refused request.
 */
const functionsOnly = new Set<string>();
/** Model names come from clients: beyond this many, each thread finds out for itself. */
const functionsOnlyMax = 1_000;

interface Endpoint {
  client: OpenAI;
  /** The address as people may see it. */
  url: string;
  stallTimeoutMs: number;
  background: boolean;
  /** By model: what it refused once is not sent again, as long as this lives. */
  unknownParts: Map<string, Set<OptionalPart>>;
}

/** All that came of one event counts together: only the last one says that it was kept. */
function numbered(events: ModelEvent[], sequenceNumber: number | null): ModelEvent[] {
  const last = events.at(-1);
  return last && sequenceNumber !== null ? events.with(-1, { ...last, sequenceNumber }) : events;
}

/** Somebody stopped the answer: it shall cost no more. Whether the endpoint heard of it changes nothing for us. */
async function cancel(client: OpenAI, responseId: string): Promise<void> {
  await client.responses.cancel(responseId).catch(() => {});
}

/** Sends the request and yields what comes back. Throws `ModelError` for whatever the transport does; ends when `signal` aborts. */
async function* receive(endpoint: Endpoint, request: ModelRequest, signal: AbortSignal): AsyncGenerator<NumberedEvent, void> {
  if (signal.aborted) return;
  const { stallTimeoutMs, url } = endpoint;
  const attempt = new AbortController();
  const abort = () => attempt.abort();
  signal.addEventListener("abort", abort, { once: true });
  let tookTooLong: (() => ModelError) | null = null;
  const giveUp = (failure: () => ModelError) => {
    tookTooLong = failure;
    attempt.abort();
  };
  const stall = () => giveUp(stalled);
  let timer = setTimeout(stall, stallTimeoutMs);
  const { durationMsMax } = request.bounds ?? {};
  const deadline = durationMsMax === undefined ? undefined : setTimeout(() => giveUp(overdue(durationMsMax)), durationMsMax);
  try {
    const opened = request.resume
      ? resumed(endpoint, request.resume, attempt.signal).catch((error: unknown) => {
          throw tookTooLong?.() ?? resumeFailure(error, url);
        })
      : asked(endpoint, request, attempt.signal).catch((error: unknown) => {
          throw tookTooLong?.() ?? requestFailure(error, { url, tools: request.tools });
        });
    const response = await opened;
    if (!response.body) return;
    for await (const { event: name, data } of untilItBreaks(response, attempt)) {
      clearTimeout(timer);
      if (data === "[DONE]") return;
      const event = readResponseEvent(name, data);
      if (event) yield event;
      timer = setTimeout(stall, stallTimeoutMs);
    }
    // Set by a timer, which the compiler does not see.
    const failure = tookTooLong as (() => ModelError) | null;
    if (failure) throw failure();
  } finally {
    clearTimeout(timer);
    clearTimeout(deadline);
    signal.removeEventListener("abort", abort);
  }
}

/** Asks for an answer; without a part that this model refuses, at most once more for each such part. */
async function asked(
  { client, background, unknownParts }: Endpoint,
  request: ModelRequest,
  signal: AbortSignal,
): Promise<Response> {
  const without = new Set(unknownParts.get(request.model));
  while (true) {
    try {
      const headers = request.traceparent === undefined ? {} : { traceparent: request.traceparent };
      return await client.responses.create(requestBody(request, { background, without }), { signal, headers }).asResponse();
    } catch (error) {
      const part = refusedPart(error);
      if (!part || without.has(part)) throw error;
      unknownParts.set(request.model, new Set(without.add(part)));
    }
  }
}

/** Takes up a response that goes on at the endpoint: `GET /responses/{id}?stream=true&starting_after=41`. */
function resumed(
  { client }: Endpoint,
  { responseId, afterSequenceNumber }: NonNullable<ModelRequest["resume"]>,
  signal: AbortSignal,
): Promise<Response> {
  const query = { stream: true, starting_after: afterSequenceNumber } as const;
  return client.responses.retrieve(responseId, query, { signal }).asResponse();
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

function requestBody(
  request: ModelRequest,
  { background, without }: { background: boolean; without: Set<OptionalPart> },
): ResponseCreateParamsStreaming {
  const summary = request.summary === "none" || without.has("summary") ? null : request.summary;
  const reasoning = !without.has("reasoning") && {
    ...(request.effort && { effort: request.effort }),
    ...(summary && { summary }),
  };
  const body = {
    model: request.model,
    instructions: request.instructions || null,
    // Items are other servers' and other times' words; the endpoint checks them, not the package's types.
    input: request.input as ResponseInput,
    stream: true as const,
    // A response that can be taken up again has to be kept; its content is not asked for by id in later requests all the same.
    store: background,
    ...(background && { background }),
    // Without storage a reasoning item can only be sent back with its content, which OpenAI gives out encrypted.
    ...(!without.has("include") && { include: ["reasoning.encrypted_content" as const] }),
    prompt_cache_key: request.promptCacheKey,
    ...(request.bounds && { max_output_tokens: request.bounds.outputTokensMax }),
    ...(request.tools.length && { tools: request.tools as unknown as Tool[], parallel_tool_calls: true }),
    ...(reasoning && Object.keys(reasoning).length && { reasoning }),
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
  return new ModelError(error.message.replaceAll(key, "[key]"), error);
}
