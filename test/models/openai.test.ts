/** The OpenAI model against servers that are strange, slow, or broken. */
import { afterEach, describe, expect, test, vi } from "vitest";
import type { ModelEvent, ModelRequest } from "#models/model";
import { createOpenAiModel } from "#models/openai";
import {
  collect,
  countedIds,
  eventStream,
  modelRequest,
  type StreamShape,
  serve,
  serverSentEvents,
  told,
  user,
  type WireEvent,
} from "./model-server.ts";

const never = new AbortController().signal;
const completed: WireEvent = { type: "response.completed", response: { usage: { input_tokens: 2, output_tokens: 3 } } };

function play(events: WireEvent[] | string, request: Partial<ModelRequest> = {}, shape: StreamShape = {}): Promise<ModelEvent[]> {
  const text = typeof events === "string" ? events : serverSentEvents(events);
  const { fetch } = serve((signal) => eventStream(text, signal, shape));
  return collect(createOpenAiModel({ apiKey: "key", fetch, newId: countedIds() }).stream(modelRequest(request), never));
}

function message(id: string, text: string): WireEvent {
  return { type: "message", id, role: "assistant", content: [{ type: "output_text", text }] };
}

/** The error a stream ends with, as a plain value. */
async function failure(events: AsyncIterable<ModelEvent>) {
  try {
    await collect(events);
  } catch (error) {
    return { ...Object(error), message: Object(error).message };
  }
  throw new Error("the stream did not fail");
}

afterEach(() => {
  vi.useRealTimers();
});

describe("the request", () => {
  test("stores nothing, asks for encrypted reasoning and says what the thread wants", async () => {
    const { fetch, requests } = serve((signal) => eventStream(serverSentEvents([completed]), signal));
    const model = createOpenAiModel({ apiKey: " secret\n", baseUrl: "http://127.0.0.1:8901/v1", fetch });
    const tools = [{ type: "shell" }];
    const schema = { type: "object" };
    await collect(model.stream(modelRequest({ tools, effort: "high", summary: "auto", outputSchema: schema }), never));
    expect(requests[0]?.url).toBe("http://127.0.0.1:8901/v1/responses");
    expect(requests[0]?.headers.get("authorization")).toBe("Bearer secret");
    expect(requests[0]?.body).toEqual({
      model: "gpt-test",
      instructions: "Be brief.",
      input: [user("hi")],
      tools,
      parallel_tool_calls: true,
      stream: true,
      store: false,
      include: ["reasoning.encrypted_content"],
      prompt_cache_key: "thread-1",
      reasoning: { effort: "high", summary: "auto" },
      text: { format: { type: "json_schema", name: "output", strict: true, schema } },
    });
  });

  test("leaves out what nobody asked for", async () => {
    const { fetch, requests } = serve((signal) => eventStream(serverSentEvents([completed]), signal));
    await collect(createOpenAiModel({ apiKey: "key", fetch }).stream(modelRequest({ summary: "none" }), never));
    expect(Object.keys(requests[0]?.body ?? {}).sort()).toEqual([
      "include",
      "input",
      "instructions",
      "model",
      "prompt_cache_key",
      "store",
      "stream",
    ]);
  });
});

describe("a server that is only nearly compatible", () => {
  test("may send events and fields that nobody knows, garbled ones, and no JSON at all", async () => {
    const events = [
      { type: "response.created" },
      { type: "response.telepathy.delta", delta: "?" },
      { type: "response.output_text.delta", delta: 5 },
      { type: "response.output_item.done", item: "none" },
      { type: "response.output_text.delta", item_id: "msg_1", output_index: 0, delta: "hi", colour: "blue" },
    ];
    const text = `: comment\n\ndata: {"type":"response.out\n\ndata: null\n\n${serverSentEvents(events)}${serverSentEvents([completed])}`;
    expect(told(await play(text))).toEqual(["messageStarted", 'says "hi"', "completed 5"]);
  });

  test("may name events in the event line only", async () => {
    const text = `event: response.output_text.delta\ndata: {"delta":"hi"}\n\nevent: response.completed\ndata: {"response":{}}\n\n`;
    expect(told(await play(text))).toEqual(["messageStarted", 'says "hi"', "completed 0"]);
  });

  test("may send a message whole and unannounced: it is announced and said first", async () => {
    const item = message("msg_1", "hello");
    expect(await play([{ type: "response.output_item.done", output_index: 0, item }, completed])).toEqual([
      { type: "messageStarted", itemId: "msg_1" },
      { type: "messageDelta", itemId: "msg_1", delta: "hello" },
      { type: "itemDone", itemId: "msg_1", item },
      expect.objectContaining({ type: "completed" }),
    ]);
  });

  test("may send reasoning whole and unannounced", async () => {
    const item = { type: "reasoning", id: "rs_1", summary: [{ type: "summary_text", text: "a" }, { text: "b" }] };
    expect(told(await play([{ type: "response.output_item.done", item }, completed]))).toEqual([
      "reasoningStarted",
      "reasoningPartAdded",
      'thinks 0 "a"',
      "reasoningPartAdded",
      'thinks 1 "b"',
      "itemDone reasoning",
      "completed 5",
    ]);
  });

  test("may send its items only with the completed response", async () => {
    const response = { output: [message("msg_1", "hello"), { type: "shell_call", id: "sh_1" }] };
    expect(told(await play([{ type: "response.completed", response }]))).toEqual([
      "messageStarted",
      'says "hello"',
      "itemDone message",
      "itemDone shell_call",
      "completed 0",
    ]);
  });

  test("may leave ids out: they get unique ones, and the item stays as it came", async () => {
    const events = await play([
      { type: "response.output_item.added", output_index: 0, item: { type: "message", id: "" } },
      { type: "response.output_text.delta", output_index: 0, delta: "a" },
      { type: "response.output_item.done", output_index: 0, item: message("", "a") },
      { type: "response.output_item.done", output_index: 1, item: { type: "shell_call" } },
      { type: "response.output_item.done", output_index: 2, item: { type: "shell_call" } },
      completed,
    ]);
    expect(events.map((event) => "itemId" in event && event.itemId)).toEqual(["id-1", "id-1", "id-1", "id-2", "id-3", false]);
    expect(events[2]).toMatchObject({ item: { id: "" } });
    expect(events[3]).toEqual({ type: "itemDone", itemId: "id-2", item: { type: "shell_call" } });
  });

  test("may send another id with every event of an item", async () => {
    const events = await play([
      { type: "response.output_item.added", output_index: 0, item: { type: "message", id: "a" } },
      { type: "response.output_text.delta", output_index: 0, item_id: "b", delta: "x" },
      { type: "response.output_item.done", output_index: 0, item: message("c", "x") },
      completed,
    ]);
    expect(events.map((event) => "itemId" in event && event.itemId)).toEqual(["a", "a", "a", false]);
  });

  test("may use one id for everything, now and in earlier answers", async () => {
    const input = [user("hi"), { type: "message", id: "msg_0", role: "assistant", content: "earlier" }];
    const item = message("msg_0", "x");
    const done = { type: "response.output_item.done", output_index: 0, item };
    const events = await play([done, done, completed], { input });
    expect(events.filter((event) => event.type === "itemDone").map((event) => event.itemId)).toEqual(["id-1", "id-2"]);
  });

  test("may refuse in words: they are what the message says", async () => {
    const refusal = { type: "response.refusal.delta", item_id: "msg_1", delta: "No." };
    expect(told(await play([refusal, completed]))).toEqual(["messageStarted", 'says "No."', "completed 5"]);
  });

  test("may keep the connection open behind the completed response", async () => {
    expect(told(await play([completed], {}, { ending: "hang" }))).toEqual(["completed 5"]);
  });
});

describe("a refused request", () => {
  const url = "http://127.0.0.1:8901/v1/responses";
  const refusals: [status: number, body: unknown, expected: object, headers?: HeadersInit][] = [
    [
      500,
      { error: { message: "stub 500" } },
      {
        message: "We’re currently experiencing high demand, which may cause temporary errors.",
        info: "internalServerError",
        httpStatus: null,
        willRetry: true,
      },
    ],
    [
      401,
      { error: { message: "stub 401" } },
      {
        message: `unexpected status 401 Unauthorized: stub 401, url: ${url}`,
        info: { httpConnectionFailed: { httpStatusCode: 401 } },
        willRetry: true,
        retriesMax: 1,
      },
    ],
    [
      429,
      { error: { message: "stub 429" } },
      {
        message: "exceeded retry limit, last status: 429 Too Many Requests",
        info: { responseTooManyFailedAttempts: { httpStatusCode: 429 } },
        willRetry: true,
        retryAfterMs: 1_500,
      },
      { "retry-after": "1.5" },
    ],
    [429, { error: { message: "Please try again in 20ms." } }, { retryAfterMs: 20 }],
    [429, { error: { message: "Quota.", code: "insufficient_quota" } }, { info: "usageLimitExceeded", willRetry: false }],
    [
      404,
      { error: { message: "The model `x` does not exist", code: "model_not_found" } },
      {
        message: `unexpected status 404 Not Found: The model \`x\` does not exist, url: ${url}`,
        info: { httpConnectionFailed: { httpStatusCode: 404 } },
        willRetry: false,
      },
    ],
    [403, { detail: "no" }, { message: `unexpected status 403 Forbidden: no, url: ${url}`, willRetry: false }],
    [502, "<html>", { message: `unexpected status 502 Bad Gateway: <html>, url: ${url}`, willRetry: true }],
    [503, "", { message: `unexpected status 503 Service Unavailable: Unknown error, url: ${url}`, willRetry: true }],
    [503, { error: { code: "server_is_overloaded" } }, { info: "serverOverloaded", willRetry: true }],
    [599, { error: "odd" }, { message: `unexpected status 599: odd, url: ${url}`, willRetry: true }],
    [400, { error: { message: "bad" } }, { info: "badRequest", willRetry: false }],
    [
      400,
      { error: { message: "the request exceeds the available context size, try increasing it" } },
      { info: "contextWindowExceeded" },
    ],
    [400, { error: { message: "prompt is too long: 210000 tokens > 200000 maximum" } }, { info: "contextWindowExceeded" }],
    [400, { error: { message: "Your input exceeds the context window of this model." } }, { info: "contextWindowExceeded" }],
    [400, { message: "This model's maximum context length is 8192 tokens." }, { info: "contextWindowExceeded" }],
    [400, { error: { message: "Unknown parameter: 'context'." } }, { info: "badRequest" }],
    [
      400,
      { error: { message: "too long", code: "context_length_exceeded" } },
      { info: "contextWindowExceeded", willRetry: false, httpStatus: 400 },
    ],
  ];
  for (const [status, body, expected, headers] of refusals) {
    test(`with ${status} ${JSON.stringify(body)} is told as ${JSON.stringify(expected).slice(0, 90)}`, async () => {
      const text = typeof body === "string" ? body : JSON.stringify(body);
      const { fetch, requests } = serve(() => new Response(text, { status, headers }));
      const model = createOpenAiModel({ apiKey: "key", baseUrl: "http://user:word@127.0.0.1:8901/v1?token=x", fetch });
      const error = await failure(model.stream(modelRequest(), never));
      expect(error).toMatchObject({ name: "ModelError", httpStatus: status, ...expected });
      expect(requests).toHaveLength(1);
    });
  }

  test("that quotes the key does not show it", async () => {
    const apiKey = "sk-very-secret";
    const { fetch } = serve(() =>
      Response.json({ error: { message: `Incorrect API key provided: ${apiKey}.` } }, { status: 401 }),
    );
    const error = await failure(createOpenAiModel({ apiKey, fetch }).stream(modelRequest(), never));
    expect(error.message).toContain("Incorrect API key provided: [key].");
    expect(JSON.stringify(error)).not.toContain(apiKey);
  });

  test("with a key that cannot be a header does not show it either", async () => {
    const apiKey = "sk-line\nbreak";
    const error = await failure(createOpenAiModel({ apiKey }).stream(modelRequest(), never));
    expect(error.message).toBe("stream disconnected before completion: error sending request");
  });
});

describe("a stream that fails", () => {
  const disconnected = (reason: string) => ({
    name: "ModelError",
    message: `stream disconnected before completion: ${reason}`,
    info: "other",
    httpStatus: null,
  });
  const broken: [title: string, events: WireEvent[], shape: StreamShape, expected: object][] = [
    ["by ending early", [], {}, { ...disconnected("stream closed before response.completed"), willRetry: true }],
    ["by breaking", [], { ending: "break" }, { ...disconnected("terminated"), willRetry: true }],
    [
      "by saying so",
      [{ type: "response.failed", response: { error: { code: "server_error", message: "stub failed" } } }],
      {},
      { ...disconnected("stub failed"), willRetry: true, retryAfterMs: null },
    ],
    [
      "because of a rate limit",
      [
        {
          type: "response.failed",
          response: { error: { code: "rate_limit_exceeded", message: "Please try again in 11.054s." } },
        },
      ],
      {},
      { willRetry: true, retryAfterMs: 11_054 },
    ],
    [
      "because the context is full",
      [{ type: "response.failed", response: { error: { code: "context_length_exceeded" } } }],
      {},
      { info: "contextWindowExceeded", willRetry: false },
    ],
    [
      "by being cut off",
      [{ type: "response.incomplete", response: { incomplete_details: { reason: "max_output_tokens" } } }],
      {},
      { ...disconnected("Incomplete response returned, reason: max_output_tokens"), willRetry: false },
    ],
    ["with a flat error event", [{ type: "error", code: "server_error", message: "flat" }], {}, disconnected("flat")],
    ["with a nested error event", [{ type: "error", error: { message: "nested" } }], {}, disconnected("nested")],
    ["with an error that is a string", [{ type: "error", error: "bare" }], {}, disconnected("bare")],
  ];
  for (const [title, events, shape, expected] of broken) {
    test(`${title} is a ModelError, after what was said until then`, async () => {
      const started: WireEvent = { type: "response.output_text.delta", item_id: "msg_1", delta: "half" };
      const { fetch } = serve((signal) => eventStream(serverSentEvents([started, ...events]), signal, shape));
      const seen: ModelEvent[] = [];
      const stream = createOpenAiModel({ apiKey: "key", fetch }).stream(modelRequest(), never);
      const error = await failure(
        (async function* () {
          for await (const event of stream) {
            seen.push(event);
            yield event;
          }
        })(),
      );
      expect(error).toMatchObject(expected);
      expect(told(seen)).toEqual(["messageStarted", 'says "half"']);
    });
  }

  test("before it began, for want of a connection, may be tried again", async () => {
    const { fetch } = serve(() => Promise.reject(new TypeError("fetch failed")));
    const error = await failure(createOpenAiModel({ apiKey: "key", fetch }).stream(modelRequest(), never));
    expect(error).toMatchObject({ ...disconnected("error sending request"), willRetry: true });
  });

  test("by falling silent, before or behind the first event, is given up in time", async () => {
    vi.useFakeTimers();
    const silent = (signal: AbortSignal) =>
      new Promise<Response>((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(signal.reason));
      });
    const halfway = (signal: AbortSignal) =>
      eventStream(serverSentEvents([{ type: "response.created" }]), signal, { ending: "hang" });
    for (const answer of [silent, halfway]) {
      const { fetch } = serve(answer);
      const model = createOpenAiModel({ apiKey: "key", fetch, stallTimeoutMs: 5_000 });
      const error = failure(model.stream(modelRequest(), never));
      await vi.advanceTimersByTimeAsync(5_000);
      expect(await error).toMatchObject({ ...disconnected("idle timeout waiting for SSE"), willRetry: true });
    }
  });

  test("by taking longer than the request may is given up, however much it talks", async () => {
    vi.useFakeTimers();
    const chatter: WireEvent = { type: "response.output_text.delta", item_id: "msg_1", delta: "a" };
    const endless = (signal: AbortSignal) => {
      const bytes = new TextEncoder().encode(serverSentEvents([chatter]));
      const body = new ReadableStream<Uint8Array>({
        start: (controller) => signal.addEventListener("abort", () => controller.error(signal.reason)),
        pull: async (controller) => {
          await new Promise((resolve) => setTimeout(resolve, 400));
          if (!signal.aborted) controller.enqueue(bytes);
        },
      });
      return new Response(body);
    };
    const { fetch, requests } = serve(endless);
    const bounds = { outputTokensMax: 99, durationMsMax: 2_000 };
    const error = failure(createOpenAiModel({ apiKey: "key", fetch }).stream(modelRequest({ bounds }), never));
    await vi.advanceTimersByTimeAsync(2_000);
    expect(await error).toMatchObject(disconnected("no whole answer within 2000 ms"));
    expect(requests[0]?.body.max_output_tokens).toBe(99);
  });

  test("is not called silent because its reader takes long", async () => {
    vi.useFakeTimers();
    const delta: WireEvent = { type: "response.output_text.delta", item_id: "msg_1", delta: "a" };
    const { fetch } = serve((signal) => eventStream(serverSentEvents([delta, delta, completed]), signal));
    const model = createOpenAiModel({ apiKey: "key", fetch, stallTimeoutMs: 5_000 });
    const seen: ModelEvent[] = [];
    for await (const event of model.stream(modelRequest(), never)) {
      await vi.advanceTimersByTimeAsync(60_000);
      seen.push(event);
    }
    expect(seen.at(-1)?.type).toBe("completed");
  });
});

describe("an aborted stream", () => {
  test("ends without an error, and stops the request", async () => {
    let requestSignal = never;
    const delta: WireEvent = { type: "response.output_text.delta", item_id: "msg_1", delta: "a" };
    const { fetch } = serve((signal) => {
      requestSignal = signal;
      return eventStream(serverSentEvents([delta]), signal, { ending: "hang" });
    });
    const abort = new AbortController();
    const seen: ModelEvent[] = [];
    for await (const event of createOpenAiModel({ apiKey: "key", fetch }).stream(modelRequest(), abort.signal)) {
      seen.push(event);
      if (event.type === "messageDelta") setTimeout(() => abort.abort());
    }
    expect(told(seen)).toEqual(["messageStarted", 'says "a"']);
    expect(requestSignal.aborted).toBe(true);
  });

  test("ends without an error while it waits for the server", async () => {
    const abort = new AbortController();
    const { fetch } = serve(
      (signal) => new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
    );
    const events = collect(createOpenAiModel({ apiKey: "key", fetch }).stream(modelRequest(), abort.signal));
    setTimeout(() => abort.abort());
    expect(await events).toEqual([]);
  });

  test("that was aborted beforehand asks for nothing", async () => {
    const { fetch, requests } = serve(() => Response.error());
    expect(await collect(createOpenAiModel({ apiKey: "key", fetch }).stream(modelRequest(), AbortSignal.abort()))).toEqual([]);
    expect(requests).toEqual([]);
  });

  test("stops the request too when its reader just leaves", async () => {
    let requestSignal = never;
    const delta: WireEvent = { type: "response.output_text.delta", item_id: "msg_1", delta: "a" };
    const { fetch } = serve((signal) => {
      requestSignal = signal;
      return eventStream(serverSentEvents([delta]), signal, { ending: "hang" });
    });
    for await (const _event of createOpenAiModel({ apiKey: "key", fetch }).stream(modelRequest(), never)) break;
    expect(requestSignal.aborted).toBe(true);
  });
});
