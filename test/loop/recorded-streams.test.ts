/**
 * What real servers sent, and what others may send, through the whole loop: a real HTTP server, the adapter, the thread. However the bytes
 * are cut on their way, a client sees the same frames.
 */
import { readdirSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { createOpenAiModel } from "#models/openai";
import {
  type Answer,
  answering,
  countedIds,
  listen,
  type ModelServer,
  recordedResponses,
  serverSentEvents,
  streaming,
  type WireEvent,
} from "../models/model-server.ts";
import { createRandom } from "../support/random.ts";
import { createThread, echoShell, merged, type TestFrame } from "../support/thread.ts";

const recordings = readdirSync(new URL("../fixtures/model-streams", import.meta.url)).filter((name) => name.endsWith(".jsonl"));

type Frames = Omit<TestFrame, "seq">[];

/** One turn against a server that gives `responses` one after another and then says goodbye. */
async function play(
  responses: WireEvent[][],
  cut: (bytes: Uint8Array) => Iterable<Uint8Array>,
  lineEnd = "\n",
): Promise<{ frames: Frames; requests: ModelServer["requests"] }> {
  const answers = [...responses, goodbye].map((events) => streaming([serverSentEvents(events).replaceAll("\n", lineEnd)]));
  const server = await listen(...(answers as [Answer, ...Answer[]]));
  try {
    const model = createOpenAiModel({ apiKey: "key", baseUrl: server.baseUrl, newId: countedIds(), fetch: fetchCut(cut) });
    const thread = await createThread({ model, shell: echoShell, now: () => 1_795_000_000_000 });
    const frames = merged(await thread.turn("go"));
    expect(thread.reports).toEqual([]);
    return { frames, requests: server.requests };
  } finally {
    await server.close();
  }
}

/** Real HTTP, whose bodies are read in exactly these pieces: sockets and HTTP clients put small chunks together as they like. */
function fetchCut(cut: (bytes: Uint8Array) => Iterable<Uint8Array>): typeof fetch {
  return async (url, init) => {
    const response = await fetch(url, init);
    const rest = cut(new Uint8Array(await response.arrayBuffer()))[Symbol.iterator]();
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        const next = rest.next();
        if (next.done) controller.close();
        else controller.enqueue(next.value);
      },
    });
    return new Response(body, { status: response.status, headers: response.headers });
  };
}

const completed = (fields: object = {}): WireEvent => ({ type: "response.completed", response: fields });
const item = (index: number, value: object): WireEvent => ({
  type: "response.output_item.done",
  output_index: index,
  item: value,
});
const message = (id: string, text: string) => ({
  type: "message",
  id,
  role: "assistant",
  content: [{ type: "output_text", text, annotations: [] }],
});
const goodbye = [item(0, message("msg_goodbye", "Goodbye.")), completed()];

/** Cuts before each of these positions. */
function* pieces(bytes: Uint8Array, positions: Iterable<number>): Generator<Uint8Array> {
  let from = 0;
  for (const at of positions) {
    yield bytes.subarray(from, at);
    from = at;
  }
  yield bytes.subarray(from);
}

/** Offsets of all matches, each moved by one of `shifts`; `bytes` are read as Latin-1, so that a character is a byte. */
function offsets(bytes: Uint8Array, pattern: RegExp, ...shifts: number[]): number[] {
  const text = Buffer.from(bytes).toString("latin1");
  const found = [...text.matchAll(pattern)].flatMap(({ index }) => shifts.map((shift) => index + shift));
  return found.filter((at) => at > 0 && at < bytes.length);
}

const everyByte = (bytes: Uint8Array) => offsets(bytes, /[\s\S]/g, 0);

/** Every kind of place where a chunk can end. */
const cuts: Record<string, (bytes: Uint8Array) => number[]> = {
  "after every byte": everyByte,
  "inside every character of several bytes": (bytes) => offsets(bytes, /[\x80-\xbf]/g, 0),
  "before every line end": (bytes) => offsets(bytes, /\r?\n/g, 0),
  "after every line end": (bytes) => offsets(bytes, /\n/g, 1),
  "between every two line ends": (bytes) => offsets(bytes, /\n(?=\r?\n)/g, 1),
  "inside every field name": (bytes) => offsets(bytes, /^(data|event):/gm, 2),
  "around every colon behind a field name": (bytes) => offsets(bytes, /(?<=^(data|event)):/gm, 0, 1),
  "inside every escape of the JSON": (bytes) => offsets(bytes, /\\/g, 1),
  "at random": (bytes) => {
    const random = createRandom(bytes.length);
    return everyByte(bytes).filter(() => random.chance(0.05));
  },
};
const cutsOfCrlf: typeof cuts = {
  ...cuts,
  "between every carriage return and its line feed": (bytes) => offsets(bytes, /\r\n/g, 1),
};

describe("a recorded session gives the same frames however its bytes are cut:", () => {
  for (const name of recordings) {
    test(name, async () => {
      const responses = recordedResponses(name);
      const { frames: unsplit } = await play(responses, (bytes) => [bytes]);
      expect(unsplit.filter(({ method }) => method === "turn/completed")).toHaveLength(1);
      for (const [lineEnd, kinds] of [
        ["\n", cuts],
        ["\r\n", cutsOfCrlf],
      ] as const) {
        expect((await play(responses, (bytes) => [bytes], lineEnd)).frames, `whole, ${JSON.stringify(lineEnd)}`).toEqual(unsplit);
        for (const [kind, positions] of Object.entries(kinds)) {
          const { frames } = await play(responses, (bytes) => pieces(bytes, positions(bytes)), lineEnd);
          expect(frames, `${kind}, ${JSON.stringify(lineEnd)}`).toEqual(unsplit);
        }
      }
    });
  }

  test("and every kind of place is there to be cut", () => {
    const everything = recordings.flatMap((name) => recordedResponses(name).map(serverSentEvents)).join("");
    const bytes = new TextEncoder().encode(everything.replaceAll("\n", "\r\n"));
    const counts = Object.entries(cutsOfCrlf).map(([kind, positions]) => [kind, positions(bytes).length]);
    expect(counts.filter(([, count]) => Number(count) < 10)).toEqual([]);
  });
});

test("a recorded session is told as it went", async () => {
  const { frames } = await play(recordedResponses("shell-tool.1.jsonl"), (bytes) => [bytes]);
  const told = frames.map(({ method, params }) => (params.item ? `${method} ${params.item.type}` : method));
  expect(told).toEqual([
    "thread/status/changed",
    "turn/started",
    "item/started userMessage",
    "item/completed userMessage",
    "thread/tokenUsage/updated",
    "item/started commandExecution",
    "item/commandExecution/outputDelta",
    "item/completed commandExecution",
    "item/started agentMessage",
    "item/agentMessage/delta",
    "item/completed agentMessage",
    "thread/tokenUsage/updated",
    "thread/readState/changed",
    "thread/status/changed",
    "turn/completed",
  ]);
});

describe("a stream that nobody recorded", () => {
  const run = async (...responses: WireEvent[][]) => {
    const whole = await play(responses, (bytes) => [bytes]);
    const bytewise = await play(responses, (bytes) => pieces(bytes, everyByte(bytes)), "\r\n");
    expect(bytewise.frames).toEqual(whole.frames);
    const end = whole.frames.at(-1);
    expect([end?.method, end?.params.turn.status]).toEqual(["turn/completed", "completed"]);
    return whole;
  };
  const inputOf = (request: ModelServer["requests"][number] | undefined) => request?.body.input as Record<string, unknown>[];
  const commands = (frames: Frames) =>
    frames
      .filter(({ method, params }) => method === "item/completed" && params.item.type === "commandExecution")
      .map(({ params }) => params.item.command);
  const shellCall = (id: string, command: string) => ({
    type: "shell_call",
    id: `sh_${id}`,
    call_id: `call_${id}`,
    status: "completed",
    action: { commands: [command] },
  });

  test("with event types and fields that nobody knows", async () => {
    const plain = await run([item(0, message("msg_1", "héllo → 🌍")), completed()]);
    const strange = await run([
      { type: "response.created", response: { id: "r", mood: "good" }, extra: [1] },
      { type: "response.telepathy.delta", delta: "…" },
      { type: "response.output_item.added", output_index: 7, item: { type: "hologram", id: "h_1" } },
      { type: "keepalive", sequence_number: 4 },
      item(0, { ...message("msg_1", "héllo → 🌍"), aura: { colour: "blue" } }),
      completed({ carbon: 3, usage: null }),
    ]);
    expect(strange.frames).toEqual(plain.frames);
  });

  test("with an item of a kind that nobody knows: it is sent back as it came", async () => {
    const hologram = { type: "hologram", id: "h_1", beams: [1, 2] };
    const { requests } = await run([item(0, hologram), item(1, shellCall("1", "ls")), completed()]);
    expect(inputOf(requests[1])).toContainEqual(hologram);
  });

  test("with parallel calls: all are settled, in order, before the model is asked again", async () => {
    const calls = ["one", "two", "three"].map((name) => shellCall(name, `cat ${name}`));
    const patch = {
      type: "apply_patch_call",
      id: "apc_1",
      call_id: "call_patch",
      status: "completed",
      operation: { type: "create_file", path: "new.txt", diff: "+made\n" },
    };
    const { frames, requests } = await run([...[...calls, patch].map((call, index) => item(index, call)), completed()]);
    expect(commands(frames)).toEqual(["one", "two", "three"].map((name) => `/bin/bash -lc 'cat ${name}'`));
    expect(requests).toHaveLength(2);
    const [, ...said] = inputOf(requests[1]);
    expect(said.slice(0, 4)).toEqual([...calls, patch]);
    expect(said.slice(4).map(({ type, call_id }) => [type, call_id])).toEqual([
      ["shell_call_output", "call_one"],
      ["shell_call_output", "call_two"],
      ["shell_call_output", "call_three"],
      ["apply_patch_call_output", "call_patch"],
    ]);
  });

  test("with items that come interleaved", async () => {
    const added = (index: number, id: string): WireEvent => ({
      type: "response.output_item.added",
      output_index: index,
      item: { type: "message", id, role: "assistant", content: [] },
    });
    const delta = (index: number, id: string, text: string): WireEvent => ({
      type: "response.output_text.delta",
      output_index: index,
      item_id: id,
      delta: text,
    });
    const { frames } = await run([
      added(0, "a"),
      added(1, "b"),
      delta(0, "a", "A"),
      delta(1, "b", "B"),
      delta(0, "a", "a"),
      delta(1, "b", "b"),
      item(1, message("b", "Bb")),
      item(0, message("a", "Aa")),
      completed(),
    ]);
    const texts = frames.filter(({ method, params }) => method === "item/completed" && params.item.type === "agentMessage");
    expect(texts.map(({ params }) => params.item.text)).toEqual(["Bb", "Aa"]);
  });

  test("with a call of the older local shell", async () => {
    const call = {
      type: "local_shell_call",
      id: "lsh_1",
      call_id: "call_1",
      status: "completed",
      action: { type: "exec", command: ["bash", "-lc", "ls -a"], env: {}, timeout_ms: null, user: null, working_directory: null },
    };
    const { frames, requests } = await run([item(0, call), completed()]);
    expect(commands(frames)).toEqual(["/bin/bash -lc 'ls -a'"]);
    expect(inputOf(requests[1]).slice(1)).toEqual([call, expect.objectContaining({ type: "local_shell_call_output" })]);
  });

  test("with calls of function and custom tools", async () => {
    const calls = [
      { type: "function_call", id: "fc_1", call_id: "call_1", name: "shell", arguments: '{"command":["ls","-l"]}' },
      {
        type: "custom_tool_call",
        id: "ctc_1",
        call_id: "call_2",
        name: "apply_patch",
        input: "*** Begin Patch\n*** Add File: made.txt\n+made\n*** End Patch\n",
      },
      { type: "custom_tool_call", id: "ctc_2", call_id: "call_3", name: "no_such_tool", input: "?" },
      { type: "function_call", id: "fc_2", call_id: "call_4", name: "shell", arguments: '{"command":' },
    ];
    const { frames, requests } = await run([...calls.map((call, index) => item(index, call)), completed()]);
    expect(commands(frames)).toContain("/bin/bash -lc 'ls -l'");
    expect(frames.some(({ method, params }) => method === "item/completed" && params.item.type === "fileChange")).toBe(true);
    const outputs = inputOf(requests[1]).slice(1 + calls.length);
    expect(outputs.map(({ type, call_id }) => [type, call_id])).toEqual([
      ["function_call_output", "call_1"],
      ["custom_tool_call_output", "call_2"],
      ["custom_tool_call_output", "call_3"],
      ["function_call_output", "call_4"],
    ]);
  });

  test("with encrypted reasoning: it is carried to the next request as it came, and shown to nobody", async () => {
    const reasoning = {
      type: "reasoning",
      id: "rs_1",
      summary: [{ type: "summary_text", text: "Looking." }],
      content: null,
      encrypted_content: "gAAAA-not-for-eyes",
    };
    const { frames, requests } = await run([item(0, reasoning), item(1, shellCall("1", "ls")), completed()]);
    expect(requests[0]?.body).toMatchObject({ store: false, include: ["reasoning.encrypted_content"] });
    expect(inputOf(requests[1]).slice(1, 3)).toEqual([reasoning, shellCall("1", "ls")]);
    expect(JSON.stringify(frames)).not.toContain("gAAAA");
    expect(JSON.stringify(frames)).toContain("Looking.");
  });

  test("without usage, or with a part of it", async () => {
    const { frames } = await run(
      [item(0, shellCall("1", "ls")), { type: "response.completed" }],
      [item(0, shellCall("2", "ls")), completed({ usage: { input_tokens: 5, output_tokens: 2 } })],
    );
    const totals = frames.filter(({ method }) => method === "thread/tokenUsage/updated");
    expect(totals.map(({ params }) => params.tokenUsage.total.totalTokens)).toEqual([0, 7, 7]);
  });

  test("with empty ids and ids that come again in every response", async () => {
    const again = { ...message("msg_0", "again"), id: "msg_0" };
    const { frames } = await run(
      [item(0, again), item(1, { ...shellCall("1", "ls"), id: "" }), completed()],
      [item(0, again), item(1, { ...shellCall("1", "pwd"), id: "" }), completed()],
    );
    const ids = frames.filter(({ method }) => method === "item/started").map(({ params }) => params.item.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(commands(frames)).toHaveLength(2);
  });
});

test("two threads that ask the same server do not hear each other", async () => {
  const answers = ["one", "two"].map((text) => answering([item(0, message(`msg_${text}`, text)), completed()]));
  const server = await listen(...(answers as [Answer, ...Answer[]]));
  const model = createOpenAiModel({ apiKey: "key", baseUrl: server.baseUrl });
  const threads = await Promise.all([createThread({ model }), createThread({ model })]);
  const turns = await Promise.all(threads.map((thread) => thread.turn("go")));
  await server.close();
  const texts = turns.map((frames) => frames.findLast(({ params }) => params.item?.type === "agentMessage")?.params.item.text);
  expect(texts.toSorted()).toEqual(["one", "two"]);
});
