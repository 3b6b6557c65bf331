import { expect, test } from "vitest";
import { limits } from "#core/limits";
import type { Model, ModelItem, ModelRequest } from "#models/model";
import { createOpenAiModel } from "#models/openai";
import { declareAssumptionsTool } from "#protocol/declare-assumptions";
import { answering, listen, refusing, streaming, type WireEvent } from "../models/model-server.ts";
import { createThread, type TestFrame, type TestThread } from "../support/thread.ts";
import { functionCall, type ScriptedResponse, scriptedModel } from "./scripted-model.ts";

const argument = "notes.txt is probably not there yet, so I will create it. If it were, this would overwrite it.";
const patch: ModelItem = {
  type: "apply_patch_call",
  call_id: "p1",
  operation: { type: "create_file", path: "notes.txt", diff: "+alpha\n" },
};
const proposes: ScriptedResponse = { text: argument, calls: [patch] };

const declared = {
  assumptions: [
    {
      id: "A1",
      text: "notes.txt does not exist",
      kind: "code_fact",
      likelihood: 4,
      path: "notes.txt",
      quote: "notes.txt is probably not\n there yet",
      excludes: null,
    },
    {
      id: "A2",
      text: "it may be overwritten",
      kind: "user_intent",
      likelihood: 2,
      path: null,
      quote: "overwrite at will",
      excludes: null,
    },
  ],
  actions: [
    {
      id: "create",
      kind: "patch",
      description: "create notes.txt",
      gains: [
        { when: ["A1"], gain: 5 },
        { when: ["!A1"], gain: 1 },
      ],
      tokens: 0,
      seconds: 0,
      irreversible: false,
    },
  ],
  probes: [],
  question: null,
  safe_action: "create",
};

interface Reader extends Model {
  /** What was asked beside the turn. */
  readings: ModelRequest[];
  turns: ReturnType<typeof scriptedModel>;
  /** Lets the reading answer. */
  answer(text?: string): void;
  fail(error: Error): void;
}

/** Answers turns from the script, and readings when the test says so. */
function reader(...responses: ScriptedResponse[]): Reader {
  const turns = scriptedModel(...responses);
  const readings: ModelRequest[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  promise.catch(() => {});
  return {
    readings,
    turns,
    answer: (text = JSON.stringify(declared)) => resolve(text),
    fail: reject,
    async *stream(request, signal) {
      if (request.outputSchema === null || request.outputSchema === undefined) {
        yield* turns.stream(request, signal);
        return;
      }
      readings.push(request);
      const text = await promise;
      yield { type: "messageDelta", itemId: "r", delta: text };
      const none = { cachedInputTokens: 0, cacheWriteInputTokens: 0, outputTokens: 0, reasoningOutputTokens: 0 };
      yield { type: "completed", usage: { ...none, totalTokens: 321, inputTokens: 321 } };
    },
  };
}

function reads(model: Model, start: object = {}): Promise<TestThread> {
  return createThread({ model, extractsAssumptions: true, start: { approvalPolicy: "on-request", ...start } });
}

function trees(frames: readonly TestFrame[]): TestFrame[] {
  return frames.filter(({ method }) => method === "spindle/decisionTree/updated");
}

async function settled(): Promise<void> {
  for (let round = 0; round < 20; round++) await new Promise((resolve) => setImmediate(resolve));
}

async function accept(thread: TestThread): Promise<void> {
  const asked = await thread.until("item/fileChange/requestApproval");
  thread.service.respond(asked.id ?? "", { result: { decision: "accept" } });
  await thread.until("turn/completed");
  await settled();
}

test("what the model assumed in words is shown while its changes wait for an answer, and changes nothing", async () => {
  const model = reader(proposes, { text: "done" });
  const thread = await reads(model);
  await thread.say("go");
  await thread.until("item/fileChange/requestApproval");
  model.answer();
  const { params } = await thread.until("spindle/decisionTree/updated");
  expect(params).toMatchObject({
    revision: 1,
    mode: "observe",
    flip: null,
    delta: { source: "trace", leadingActionId: "create" },
  });
  // A quote counts by its words; one that was never said is no quote.
  expect(params.delta.assumptions).toMatchObject([
    { id: "A1", quote: "notes.txt is probably not\n there yet", prior: expect.closeTo(0.7, 9), calibrationVersion: 0 },
    { id: "A2", quote: null },
  ]);
  // The agent does not go by it: it is a thought, and no plan.
  expect(thread.frames().some(({ method }) => method === "turn/plan/updated")).toBe(false);
  await accept(thread);
  const thoughts = thread
    .frames()
    .filter(({ method, params }) => method === "item/completed" && params.item.type === "reasoning");
  expect(thoughts[0]?.params.item.summary[0]).toContain("create has the largest expected utility");
  expect(thread.runtime.current.tokenUsage?.total.totalTokens).toBe(24);
  // The model never hears of it.
  expect(JSON.stringify(model.turns.requests[1]?.input)).not.toContain("does not exist");
});

test("it is asked the words and the step, held to the schema, without tools, within bounds", async () => {
  const model = reader({ text: "x".repeat(50_000), calls: [patch] }, { text: "done" });
  const thread = await reads(model);
  await thread.say("my own words");
  await thread.until("item/fileChange/requestApproval");
  expect(model.readings).toHaveLength(1);
  const [request] = model.readings;
  expect(request).toMatchObject({
    model: "test-model",
    tools: [],
    outputSchema: declareAssumptionsTool().parameters,
    bounds: { outputTokensMax: limits.extractionTokensMax, durationMsMax: limits.extractionMsMax },
  });
  const text = JSON.stringify(request?.input);
  expect(text).toContain("create_file notes.txt");
  expect(text).not.toContain("my own words");
  expect(text.length).toBeLessThan(limits.extractionTraceCharactersMax + limits.extractionStepCharactersMax + 500);
});

for (const [what, spoil] of [
  ["fails", (model: Reader) => model.fail(new Error("no such model"))],
  ["answers endlessly", (model: Reader) => model.answer("x".repeat(limits.declarationCharactersMax + 1))],
] as const) {
  test(`a reading that ${what} costs one line for the operator, and no frame`, async () => {
    const model = reader(proposes, { text: "done" });
    const thread = await reads(model);
    await thread.say("go");
    await thread.until("item/fileChange/requestApproval");
    spoil(model);
    await accept(thread);
    expect(thread.reports.map(({ event }) => event)).toEqual(["extractionFailed"]);
    expect(trees(thread.frames())).toEqual([]);
    expect(thread.frames().some(({ method }) => method === "warning" || method === "error")).toBe(false);
    expect(thread.frames().at(-1)?.params.turn.status).toBe("completed");
  });
}

test("nonsense, and nothing that is assumed, is shown to nobody", async () => {
  for (const answer of ["no JSON", "[]", JSON.stringify({ ...declared, assumptions: [] })]) {
    const model = reader(proposes, { text: "done" });
    const thread = await reads(model);
    await thread.say("go");
    await thread.until("item/fileChange/requestApproval");
    model.answer(answer);
    await accept(thread);
    expect([trees(thread.frames()), thread.reports]).toEqual([[], []]);
  }
});

test("the turn does not wait, and what comes when it is over is dropped without a word", async () => {
  const model = reader(proposes, { text: "done" }, { text: "and more" });
  const thread = await reads(model);
  await thread.say("go");
  await accept(thread);
  model.answer();
  await thread.turn("go on");
  await settled();
  expect([trees(thread.frames()), thread.reports]).toEqual([[], []]);
});

test("an interrupt ends the reading with the turn", async () => {
  const model = reader(proposes);
  const thread = await reads(model);
  await thread.say("go");
  await thread.until("item/fileChange/requestApproval");
  thread.runtime.interrupt();
  model.fail(new Error("aborted"));
  await settled();
  expect([trees(thread.frames()), thread.reports]).toEqual([[], []]);
});

test("the process dies while it is read: only this tree is lost, and nobody asks again in this turn", async () => {
  const model = reader(proposes, { ...proposes, calls: [{ ...patch, call_id: "p2" }] }, { text: "done" });
  const thread = await reads(model);
  await thread.say("go");
  const first = await thread.until("item/fileChange/requestApproval");
  thread.restart();
  model.answer();
  thread.service.respond(first.id ?? "", { result: { decision: "accept" } });
  await thread.until("turn/completed");
  await settled();
  expect([model.readings.length, trees(thread.frames()), thread.reports]).toEqual([1, [], []]);
});

test("once in a turn, and again in the next", async () => {
  const again = (id: string): ScriptedResponse => ({
    text: argument,
    calls: [{ ...patch, call_id: id, operation: { type: "create_file", path: `${id}.txt`, diff: "+a\n" } }],
  });
  const model = reader(again("p1"), again("p2"), { text: "done" }, again("p3"), { text: "done" });
  const thread = await reads(model, { approvalPolicy: "never" });
  model.answer("{}");
  await thread.turn("go");
  expect(model.readings).toHaveLength(1);
  await thread.turn("again");
  expect(model.readings).toHaveLength(2);
});

test("what the model declares itself comes before what is read into its words", async () => {
  const question = functionCall("request_user_input", { questions: [{ id: "q", header: "h", question: "Go on?" }] });
  const declares = functionCall("declare_assumptions", { ...declared, assumptions: [declared.assumptions[0]] });
  const model = reader(proposes, { calls: [declares, question] }, { text: "done" });
  const thread = await reads(model, { approvalPolicy: "never" });
  await thread.say("go");
  await thread.until("item/tool/requestUserInput");
  model.answer();
  await settled();
  expect(trees(thread.frames()).map(({ params }) => [params.revision, params.delta.source])).toEqual([[1, "declaration"]]);
});

test("a declaration that comes after takes over: the revisions go on, and evidence has turned nothing", async () => {
  const question = functionCall("request_user_input", { questions: [{ id: "q", header: "h", question: "Go on?" }] });
  const other = { ...declared.actions[0], id: "other", gains: [{ when: [], gain: 5 }] };
  const model = reader(
    { text: argument, calls: [patch, question] },
    { calls: [functionCall("declare_assumptions", { ...declared, actions: [other], safe_action: "other" })] },
    { text: "done" },
  );
  const thread = await reads(model, { approvalPolicy: "never" });
  await thread.say("go");
  const asked = await thread.until("item/tool/requestUserInput");
  model.answer();
  await thread.until("spindle/decisionTree/updated");
  thread.service.respond(asked.id ?? "", { result: { answers: { q: { answers: ["yes"] } } } });
  await thread.until("turn/completed");
  expect(
    trees(thread.frames()).map(({ params }) => [params.revision, params.delta.source, params.delta.leadingActionId, params.flip]),
  ).toEqual([
    [1, "trace", "create", null],
    [2, "declaration", "other", null],
  ]);
});

test("a tree that was read shows what would be worth most, and nobody does it", async () => {
  const probes = [
    { id: "Q", assumption: "A1", method: "file_exists", command: "test -e notes.txt", true_when: "fails", seconds: 0 },
  ];
  const stop = { ...declared.actions[0], id: "stop", gains: [{ when: [], gain: 3 }] };
  const model = reader(proposes, { text: "done" });
  const thread = await reads(model);
  await thread.say("go");
  await thread.until("item/fileChange/requestApproval");
  model.answer(JSON.stringify({ ...declared, actions: [...declared.actions, stop], probes }));
  const { params } = await thread.until("spindle/decisionTree/updated");
  expect(params.delta.chosen).toMatchObject({ kind: "probe", id: "Q" });
  await accept(thread);
  expect(thread.frames().some(({ params }) => params.item?.type === "commandExecution")).toBe(false);
});

const off: [string, { start?: object; turn?: object; isOff?: boolean; response?: ScriptedResponse }][] = [
  ["the operator's variable", { isOff: true }],
  ["the mode", { turn: { decisionMode: "off" } }],
  ["the setting", { turn: { decisionExtraction: false } }],
  ["a response without words", { response: { calls: [patch] } }],
  ["a few words", { response: { text: "Creating it.", calls: [patch] } }],
  [
    "a command that only touches an overlay",
    { response: { text: argument, calls: [functionCall("shell", { command: "rm -r ." })] } },
  ],
  [
    "a look around",
    {
      start: { approvalPolicy: "untrusted" },
      response: { text: argument, calls: [functionCall("shell", { command: "cat a.txt" })] },
    },
  ],
  ["a declaration of its own", { response: { text: argument, calls: [patch, functionCall("declare_assumptions", declared)] } }],
  ["an answer to a schema", { turn: { outputSchema: { type: "object" } } }],
];

for (const [what, { start = {}, turn = {}, isOff = false, response = proposes }] of off) {
  test(`nothing is read by reason of ${what}`, async () => {
    const model = reader(response, { text: "done" });
    const thread = await createThread({ model, extractsAssumptions: !isOff, start });
    model.answer();
    await thread.turn("go", turn);
    await settled();
    expect(model.readings.filter(({ instructions }) => instructions.includes("write down what it assumes"))).toEqual([]);
  });
}

test("a command that a person has to be asked about is worth reading for", async () => {
  const model = reader({ text: argument, calls: [functionCall("shell", { command: "npm publish" })] }, { text: "done" });
  const thread = await reads(model, { approvalPolicy: "untrusted" });
  await thread.say("go");
  await thread.until("item/commandExecution/requestApproval");
  expect(model.readings).toHaveLength(1);
});

test("what a model says is taken as the account has learnt to take it, and by which version is told", async () => {
  const declares = { calls: [functionCall("declare_assumptions", { ...declared, assumptions: [declared.assumptions[0]] })] };
  const model = reader(proposes, { text: "done" }, declares, { text: "done" });
  const thread = await reads(model);
  const calibration = { version: 3, byKind: { code_fact: { slope: 0.5, intercept: 0 } } };
  const sensors = { "command code_fact": { truePositives: 0, falseNegatives: 92, trueNegatives: 0, falsePositives: 0 } };
  thread.runtime.standing = { ...thread.runtime.standing, calibration, sensors };
  await thread.say("go");
  await thread.until("item/fileChange/requestApproval");
  model.answer();
  await thread.until("spindle/decisionTree/updated");
  await accept(thread);
  await thread.turn("once more");
  // σ(½·logit 0.7), for what was read and for what was declared.
  const half = { prior: expect.closeTo(0.60436, 4), calibrationVersion: 3 };
  expect(trees(thread.frames()).map(({ params }) => params.delta.assumptions?.[0])).toEqual([
    expect.objectContaining(half),
    expect.objectContaining({ ...half, status: "stale" }),
    expect.objectContaining(half),
  ]);
  const probes = [{ id: "Q", assumption: "A1", method: "command", command: "test -e notes.txt", true_when: "fails", seconds: 1 }];
  const probed = reader({ calls: [functionCall("declare_assumptions", { ...declared, probes })] }, { text: "done" });
  const other = await reads(probed);
  other.runtime.standing = thread.runtime.standing;
  await other.turn("go");
  // (8 · 0.9 + 0) of (8 + 92): the probe that always missed tells next to nothing.
  expect(other.runtime.current.decision?.deliberation.probes[0]?.sensitivity).toBeCloseTo(0.072, 6);
});

function said(text: string): WireEvent[] {
  const item = { type: "message", role: "assistant", id: "m1", content: [{ type: "output_text", text }] };
  return [
    { type: "response.output_item.added", output_index: 0, item: { ...item, content: [] } },
    { type: "response.output_text.delta", item_id: "m1", output_index: 0, delta: text },
    { type: "response.output_item.done", output_index: 0, item },
  ];
}

function thought(text: string): WireEvent {
  const item = { type: "reasoning", id: "rs1", summary: [{ type: "summary_text", text }], encrypted_content: "x" };
  return { type: "response.output_item.done", output_index: 0, item };
}

const completed: WireEvent = { type: "response.completed", response: { output: [] } };
const proposal = [thought(argument), { type: "response.output_item.done", output_index: 1, item: patch }, completed];

test("over a real endpoint: a reasoning's summary is read by a bounded request that names the schema", async () => {
  const server = await listen(async (response, request) => {
    const isReading = JSON.stringify(request.body).includes("write down what it assumes");
    const turns = server.requests.filter(({ body }) => !JSON.stringify(body).includes("write down what it assumes"));
    const events = isReading ? [...said(JSON.stringify(declared)), completed] : [];
    const next = turns.length === 1 ? proposal : [...said("done"), completed];
    await answering(isReading ? events : next)(response, request);
  });
  try {
    const model = createOpenAiModel({ apiKey: "key", baseUrl: server.baseUrl });
    const thread = await reads(model);
    await thread.say("go");
    const { params } = await thread.until("spindle/decisionTree/updated");
    expect(params.delta.assumptions).toHaveLength(2);
    const body = server.requests.find(({ body }) => "max_output_tokens" in body)?.body;
    expect(body).toMatchObject({
      model: "test-model",
      max_output_tokens: limits.extractionTokensMax,
      text: { format: { type: "json_schema", strict: true } },
    });
    expect(body).not.toHaveProperty("tools");
    expect(server.requests.filter((request) => "max_output_tokens" in request.body)).toHaveLength(1);
    await accept(thread);
  } finally {
    await server.close();
  }
});

for (const [what, answer] of [
  ["refuses", refusing(400, { error: { message: "Unsupported parameter: 'max_output_tokens'", type: "invalid_request_error" } })],
  ["breaks off", streaming(["event: response.created\ndata: {}\n\n"], "break")],
] as const) {
  test(`an endpoint that ${what} the reading is not asked twice, and the turn is as it would be without`, async () => {
    let turns = 0;
    const server = await listen(async (response, request) => {
      if ("max_output_tokens" in request.body) return answer(response, request);
      turns += 1;
      await answering(turns === 1 ? proposal : [...said("done"), completed])(response, request);
    });
    try {
      const thread = await reads(createOpenAiModel({ apiKey: "key", baseUrl: server.baseUrl }));
      await thread.say("go");
      const asked = await thread.until("item/fileChange/requestApproval");
      await expect.poll(() => thread.reports.map(({ event }) => event)).toEqual(["extractionFailed"]);
      thread.service.respond(asked.id ?? "", { result: { decision: "accept" } });
      expect((await thread.until("turn/completed")).params.turn.status).toBe("completed");
      expect(server.requests).toHaveLength(3);
    } finally {
      await server.close();
    }
  });
}
