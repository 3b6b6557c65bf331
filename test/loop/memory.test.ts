/** What a turn is given of the memory, as its model reads it, and what the memory is told. */
import { expect, test } from "vitest";
import type { Fragment } from "#core/memory/fragment";
import { armOf } from "#core/memory/hold-out";
import type { TurnReport } from "#core/memory/report";
import type { ModelItem } from "#models/model";
import { fragment } from "../core/memory/fragments.ts";
import { hostileTexts } from "../core/memory/hostile-texts.ts";
import { PublishedMemory } from "../support/published-memory.ts";
import { createThread, type TestThread, type TestThreadOptions } from "../support/thread.ts";
import { functionCall, scriptedModel } from "./scripted-model.ts";

/** The id that the first thread of a test gets, and epochs that put it into either arm. */
const threadId = "01900000-0000-7000-8000-000000000001";
const epochOf = (arm: "memory" | "none") => {
  const isOfArm = (epoch: number) => armOf({ threadId, scopeKey: "account", epoch }, 0.5) === arm;
  return Array.from({ length: 64 }, (_, epoch) => epoch).find(isOfArm) ?? 0;
};

/** A throw that shows what fits. */
const random = () => 0.9;
const dates = fragment("dates", { account: "test", title: "Dates are parsed by parseDate", when: "Fixing the parser of dates" });

interface Heard {
  thread: TestThread;
  model: ReturnType<typeof scriptedModel>;
  published: PublishedMemory;
  /** By turn: what counts. */
  reports: Map<string, TurnReport>;
}

async function recalling(
  fragments: readonly Fragment[],
  responses: Parameters<typeof scriptedModel>,
  { standing = {}, ...options }: Partial<TestThreadOptions> & { standing?: Parameters<PublishedMemory["publish"]>[1] } = {},
): Promise<Heard> {
  const model = scriptedModel(...responses);
  const published = new PublishedMemory("test");
  published.publish(fragments, { epoch: epochOf("memory"), ...standing });
  const reports = new Map<string, TurnReport>();
  const hear = (heard: TurnReport[]) => {
    for (const report of heard) {
      const { turnId } = report.turn;
      if (report.revision > (reports.get(turnId)?.revision ?? 0)) reports.set(turnId, report);
    }
  };
  const memory = { read: (key: string) => published.read(key), hear };
  const thread = await createThread({ model, memory, random, ...options });
  expect(thread.runtime.host.threadId).toBe(threadId);
  return { thread, model, published, reports };
}

test("notes stand before the turn's message, in the user's role, and never move", async () => {
  const { thread, model } = await recalling(
    [dates],
    [{ calls: [functionCall("shell", { command: "ls" })] }, { text: "Note 1 helped." }, { text: "ok" }, { text: "ok" }],
  );
  const frames = await thread.turn("fix the parser of dates");
  await thread.turn("and something else entirely");
  thread.restart();
  await thread.turn("more");
  const inputs = model.requests.map(({ input }) => input);
  for (const input of inputs) {
    expect(textOf(input[0])).toMatch(/^<notes_from_earlier_turns>[\s\S]*> \[note 1\] strategy, new, untested: Dates are parsed/);
    expect(input[0]).toMatchObject({ type: "message", role: "user" });
    expect(textOf(input[1])).toBe("fix the parser of dates");
    expect(input.filter((item) => textOf(item).startsWith("<notes_from"))).toHaveLength(1);
  }
  // What was said before is said again letter by letter: an endpoint can reuse it.
  for (const [index, input] of inputs.entries()) expect(inputs[index + 1]?.slice(0, input.length) ?? input).toEqual(input);
  const used = frames.find(({ method }) => method === "spindle/memory/used");
  expect(used?.params).toEqual({
    threadId,
    turnId: expect.any(String),
    arm: "memory",
    fragments: [{ id: "dates", version: 1, kind: "strategy", state: "candidate" }],
  });
  const said = frames.filter(({ method, params }) => method === "item/completed" && params.item.type === "agentMessage");
  expect(said.map(({ params }) => params.item.memoryCitation)).toEqual([
    {
      entries: [{ path: "spindle/memory/dates", lineStart: 1, lineEnd: 1, note: "note 1 (strategy)" }],
      threadIds: ["thread-1"],
    },
  ]);
});

test("a compaction leaves the notes out", async () => {
  const { thread, model } = await recalling(
    [dates],
    [
      { text: "one", tokens: 9_000 },
      { text: "two", tokens: 10 },
    ],
    {
      contextWindow: 10_000,
    },
  );
  await thread.turn("fix the parser of dates");
  await thread.turn("something else entirely");
  const texts = model.requests.map(({ input }) => input.map(textOf).join("\n"));
  expect(texts[0]).toContain("parseDate");
  expect(texts[1]).toContain("<context_summary>");
  expect(texts[1]).not.toContain("parseDate");
});

test("a thread that is held out is given nothing, and keeps its arm though the share changes", async () => {
  const { thread, model, published, reports } = await recalling([dates], [{ text: "one" }, { text: "two" }], {
    standing: { epoch: epochOf("none") },
  });
  const [first] = [await thread.turn("fix the parser of dates")];
  expect(first?.find(({ method }) => method === "spindle/memory/used")?.params).toMatchObject({ arm: "none", fragments: [] });
  published.publish([dates], { epoch: epochOf("none"), outcomes: 1_000_000 });
  await thread.turn("fix the parser of dates again");
  expect(model.requests.flatMap(({ input }) => input.map(textOf)).join("\n")).not.toContain("parseDate");
  expect([...reports.values()].map(({ used }) => used?.arm)).toEqual(["none", "none"]);
});

test("a memory that cannot be read, is switched off or holds nothing costs a turn nothing, and puts it in no arm", async () => {
  const broken = () => {
    throw new Error("KV is away");
  };
  const ways: Partial<TestThreadOptions & { standing: { isOn?: boolean; offScopes?: string[] } }>[] = [
    { memory: { read: broken, hear: () => {} } },
    { memory: { read: () => null, hear: () => {} } },
    { memory: { read: () => "{", hear: () => {} } },
    { standing: { isOn: false } },
    { standing: { offScopes: ["account"] } },
    { start: { ephemeral: true } },
  ];
  for (const way of ways) {
    const { thread, model } = await recalling([dates], [{ text: "done" }], way);
    const frames = await thread.turn("fix the parser of dates");
    expect(frames.map(({ method }) => method)).not.toContain("spindle/memory/used");
    expect(frames.at(-1)?.params.turn.status).toBe("completed");
    expect(model.requests).toHaveLength(1);
    expect(model.requests[0]?.input).toHaveLength(1);
  }
});

test("a thread whose memory is disabled is given nothing, tells nothing and shows nothing", async () => {
  const { thread, model, reports } = await recalling([dates], [{ text: "one" }, { text: "two" }]);
  const ask = (method: string, params: object) =>
    thread.service.request({ method, params: { threadId, ...params } } as Parameters<typeof thread.service.request>[0], "test");
  await thread.turn("fix the parser of dates");
  expect(await ask("thread/memory/read", {})).toMatchObject({ resultText: expect.stringContaining("parseDate") });
  const told = reports.size;
  await ask("thread/memoryMode/set", { mode: "disabled" });
  expect(await ask("thread/memory/read", {})).toMatchObject({ resultText: '{"summary":null}' });
  const before = [...reports.values()];
  await thread.turn("fix the parser of dates again");
  expect(model.requests[1]?.input.filter((item) => textOf(item).startsWith("<notes_from"))).toHaveLength(1);
  expect([reports.size, [...reports.values()]]).toEqual([told, before]);
});

test("what is forgotten is in no prompt any more, and the other notes keep their numbers", async () => {
  const times = fragment("times", {
    account: "test",
    title: "Dates are kept in UTC",
    when: "Fixing the parser of dates",
  });
  const { thread, model } = await recalling([dates, times], [{ text: "one" }, { text: "two" }]);
  await thread.turn("fix the parser of dates");
  const first = model.requests[0]?.input.map(textOf).join("\n") ?? "";
  const [, number] = /\[note (\d)\] strategy, new, untested: Dates are kept/.exec(first) ?? [];
  expect(first).toContain("parseDate");
  thread.service.forgetFragments(["dates"]);
  await thread.turn("something else entirely");
  const second = model.requests[1]?.input.map(textOf).join("\n") ?? "";
  expect(second).not.toContain("parseDate");
  expect(second).toContain(`[note ${number}] strategy, new, untested: Dates are kept`);
  const stored = thread.storage.sql.exec("SELECT * FROM memory_notes").toArray();
  expect(JSON.stringify(stored)).not.toContain("parseDate");
});

test("fragments of another thread, repository or account are never shown", async () => {
  const scopes: Fragment["scope"][] = [
    { type: "thread", threadId: "another" },
    { type: "repository", repository: "example.com/another" },
    { type: "global" },
  ];
  const foreign = scopes.map((scope, index) => ({ ...dates, id: `foreign-${index}`, scope }));
  const { thread, model } = await recalling(foreign, [{ text: "done" }]);
  await thread.turn("fix the parser of dates");
  expect(model.requests[0]?.input).toHaveLength(1);
});

test("hostile texts are quoted notes of the user's role all the way to the model, and in none of its instructions", async () => {
  const texts = hostileTexts(20261121);
  expect(texts.length).toBeGreaterThanOrEqual(100);
  let shown = 0;
  for (const text of texts) {
    const hostile = { ...dates, content: text, trust: "toolText" as const };
    const { thread, model } = await recalling([hostile], [{ text: "done" }]);
    await thread.turn("fix the parser of dates");
    const [request] = model.requests;
    const [notes, message, ...more] = request?.input ?? [];
    expect([notes?.role, message?.role, more], JSON.stringify(text)).toEqual(["user", "user", []]);
    expect(textOf(message)).toBe("fix the parser of dates");
    const lines = textOf(notes).split(/\r\n?|[\n\u0085\u2028\u2029\v\f]/);
    const unquoted = lines.slice(2, -1).filter((line) => line !== "" && !line.startsWith("> "));
    expect([lines.at(0), unquoted, lines.at(-1)], JSON.stringify(text)).toEqual([
      "<notes_from_earlier_turns>",
      [],
      "</notes_from_earlier_turns>",
    ]);
    const order = text.match(/Ignore all|developer mode|evil\.example|administrator|push to main|忽略/)?.[0] ?? "Ignore all";
    expect(request?.instructions).not.toContain(order);
    shown += 1;
  }
  expect(shown).toBe(texts.length);
});

test("a deleted thread leaves the memory, also one that was away, and one that never told anything says nothing", async () => {
  for (const isTold of [true, false]) {
    const left: string[] = [];
    let isAway = true;
    const leave = () => {
      if (isAway) throw new Error("the memory is away");
      left.push(threadId);
    };
    const memory = { read: () => null, hear: () => {}, leave };
    const { thread } = await recalling([], [{ text: "one" }], { memory });
    if (isTold) {
      await thread.turn("fix the parser of dates");
      // Disabled later on: what was told is there to be taken back all the same.
      const params = { threadId, mode: "disabled" as const };
      await thread.service.request({ method: "thread/memoryMode/set", params }, "test");
    }
    await thread.service.deleteThread();
    await new Promise((resolve) => setImmediate(resolve));
    expect([left, thread.runtime.memoryOutbox.dueAtMs() !== null]).toEqual([[], isTold]);
    isAway = false;
    thread.restart();
    await thread.runtime.alarm();
    await new Promise((resolve) => setImmediate(resolve));
    expect([left, thread.runtime.memoryOutbox.dueAtMs()]).toEqual([isTold ? [threadId] : [], null]);
  }
});

/** One assumption and two actions that are worth the same. */
const declaration = {
  assumptions: [{ id: "A1", text: "parseDate is the parser of dates", kind: "code_fact", likelihood: 3 }],
  actions: [
    { id: "plain", kind: "tool", description: "write a new function", gains: [{ when: [], gain: "some" }] },
    { id: "known", kind: "tool", description: "fix the parser of dates with parseDate", gains: [{ when: [], gain: "some" }] },
  ],
  safe_action: "plain",
};

test("notes nudge what a decision assumes, within bounds and for everybody to see, and come first among equals", async () => {
  const proven = { ...dates.statistics, weight: 2_000, credit: 1_800, shown: 2_000, shownSum: 1_900 };
  const declare = { calls: [functionCall("declare_assumptions", declaration)] };
  const treeWith = async (fragments: readonly Fragment[]) => {
    const { thread } = await recalling(fragments, [declare, { text: "done" }]);
    const frames = await thread.turn("fix the parser of dates");
    const { delta } = frames.find(({ method }) => method === "spindle/decisionTree/updated")?.params ?? {};
    const [{ probability, memoryShift }] = delta.assumptions;
    const actions = delta.actions.map(({ id }: { id: string }) => id);
    return { logOdds: Math.log(probability / (1 - probability)), memoryShift, actions };
  };
  const without = await treeWith([]);
  expect(without).toMatchObject({ memoryShift: undefined, actions: ["plain", "known"] });
  const fresh = await treeWith([dates]);
  expect(fresh.memoryShift).toBeGreaterThan(0);
  expect(fresh.memoryShift).toBeLessThan(0.2);
  expect(fresh.logOdds - without.logOdds).toBeCloseTo(fresh.memoryShift, 9);
  expect(fresh.actions).toEqual(["known", "plain"]);
  const strong = await treeWith([{ ...dates, statistics: proven }]);
  expect(strong.memoryShift).toBe(0.7);
  const warning = await treeWith([{ ...dates, kind: "pitfall", statistics: proven }]);
  expect(warning).toMatchObject({ memoryShift: -0.7, actions: ["plain", "known"] });
  const silent = await treeWith([{ ...dates, title: "Hours are kept in UTC" }]);
  expect(silent.memoryShift).toBe(undefined);
});

test("what a person says of an assumption after the turn is told, and the next turn's decision does not take its place", async () => {
  const declare = () => ({ calls: [functionCall("declare_assumptions", declaration)] });
  const { thread, reports, published } = await recalling([], [declare(), { text: "done" }, declare(), { text: "done" }]);
  const calibration = { version: 7, byKind: {} };
  published.publish([dates], { epoch: epochOf("memory"), calibration });
  await thread.turn("fix the parser of dates");
  const [turnId = ""] = reports.keys();
  expect(reports.get(turnId)?.assumptions).toEqual([]);
  const params = { threadId, assumptionId: "A1", observed: false };
  await thread.service.request({ method: "spindle/decisionTree/annotate", params }, "test");
  await new Promise((resolve) => setImmediate(resolve));
  const known = [{ id: "A1", kind: "code_fact", stated: expect.any(Number), isTrue: false, observations: [] }];
  expect(reports.get(turnId)?.assumptions).toEqual(known);
  await thread.turn("thank you for all of that");
  expect(reports.get(turnId)?.assumptions).toEqual(known);
  expect(thread.runtime.current.decision?.deliberation.assumptions[0]?.calibrationVersion).toBe(7);
});

test("a report says what the log says, and once more when more is known", async () => {
  const { thread, reports } = await recalling([dates], [{ text: "one" }, { text: "two" }]);
  await thread.turn("fix the parser of dates");
  const [report] = reports.values();
  expect(report).toMatchObject({
    turn: { threadId, request: "fix the parser of dates", changes: [], commands: [], correction: null },
    repository: null,
    signals: [],
    used: { arm: "memory", cluster: "any/fix", shown: [{ id: "dates" }], dropped: [] },
    assumptions: [],
  });
  expect(report?.used?.propensities.dates).toBeGreaterThan(0);
  await thread.turn("please fix the parser of dates");
  const [again] = reports.values();
  expect(again?.revision).toBeGreaterThan(report?.revision ?? 0);
  expect(again?.signals).toEqual([{ type: "rephrased" }]);
});

function textOf(item: ModelItem | undefined): string {
  const content = item?.content;
  if (typeof content === "string") return content;
  return Array.isArray(content) ? content.map((part) => part.text ?? "").join("\n") : "";
}
