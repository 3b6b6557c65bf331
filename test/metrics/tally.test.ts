/** What a log says in numbers: of turns that were really played, and in whatever pieces it is told. */
import { expect, test } from "vitest";
import { metricsLimits } from "#core/limits";
import { add, addAll, type Counts } from "#core/metrics/counts";
import type { Report } from "#core/metrics/report";
import { gaugesOf, newTally, tallied } from "#core/metrics/tally";
import { createLedgerSchema, Ledger } from "#metrics/ledger";
import { type Model, ModelError } from "#models/model";
import { functionCall, scriptedModel } from "../loop/scripted-model.ts";
import { createRandom } from "../support/random.ts";
import { createSql } from "../support/sql.ts";
import { createThread, type TestThread } from "../support/thread.ts";

/** Once, from the beginning. */
function countsOf({ runtime }: TestThread): Counts {
  const counts: Counts = {};
  let tally = newTally;
  for (const frame of runtime.log.frames(0)) tally = tallied(tally, frame, counts);
  add(counts, "frames_appended_total", {}, runtime.current.seq);
  return counts;
}

/** Those whose name begins so, without how long things took. */
function of(counts: Counts, ...names: string[]): Counts {
  return Object.fromEntries(Object.entries(counts).filter(([series]) => names.some((name) => series.startsWith(name))));
}

const question = { id: "color", header: "Colour", question: "Which one?", options: [{ label: "Blue", description: "" }] };

/** Commands that pass, fail, run out of time and are declined, a patch, a plan, questions, and a turn that is stopped. */
async function eventfulThread(metrics?: (report: Report) => { through: number }): Promise<TestThread> {
  const model = scriptedModel(
    {
      calls: [
        functionCall("shell", { command: ["bash", "-lc", "echo hello"] }),
        functionCall("shell", { command: ["bash", "-lc", "exit 3"] }),
        functionCall("shell", { command: ["bash", "-lc", "exit 124"] }),
        functionCall("update_plan", { plan: [{ step: "look", status: "pending" }] }),
        functionCall("no_such_tool", {}),
      ],
      tokens: 100,
    },
    { calls: [functionCall("request_user_input", { questions: [question] })], tokens: 20 },
    { text: "done", tokens: 3 },
    { calls: [functionCall("shell", { command: ["bash", "-lc", "echo x > a.txt"] })] },
    { text: "declined, then" },
    { calls: [functionCall("request_user_input", { questions: [question] })] },
  );
  const thread = await createThread({ model, ...(metrics ? { metrics } : {}) });
  await thread.say("go");
  const asked = await thread.until("item/tool/requestUserInput");
  thread.service.respond(asked.id ?? "", { result: { answers: { color: { answers: ["Blue"] } } } });
  const { seq } = await thread.until("turn/completed");
  await thread.say("write", { approvalPolicy: "untrusted" });
  const approval = await thread.until("item/commandExecution/requestApproval", seq);
  thread.service.respond(approval.id ?? "", { result: { decision: "decline" } });
  const second = await thread.until("turn/completed", seq);
  await thread.say("ask me");
  await thread.until("item/tool/requestUserInput", second.seq);
  return thread;
}

test("turns, tools, questions, tokens and requests are counted as they happened", async () => {
  const thread = await eventfulThread();
  const waiting = countsOf(thread);
  expect(of(waiting, "turns_completed", "turns_started")).toEqual({
    "turns_started_total{}": 3,
    "turns_completed_total{completed}": 2,
  });
  const open = [...thread.runtime.log.frames(0)].reduce((tally, frame) => tallied(tally, frame, {}), newTally);
  expect(gaugesOf(open)).toEqual({
    values: { "turns_running{}": 1, "approvals_pending{question}": 1 },
    oldestPendingAtMs: thread.runtime.log.frame(thread.runtime.current.requests[0]?.seq ?? 0).emittedAtMs,
  });
  thread.runtime.interrupt();
  const counts = countsOf(thread);
  expect(of(counts, "turns_", "tool_runs", "approvals_", "model_", "frames_")).toMatchObject({
    "turns_started_total{}": 3,
    "turns_completed_total{completed}": 2,
    "turns_completed_total{interrupted}": 1,
    "tool_runs_total{command,ok}": 1,
    "tool_runs_total{command,failed}": 1,
    "tool_runs_total{command,timed_out}": 1,
    "tool_runs_total{command,declined}": 1,
    "tool_runs_total{plan,ok}": 1,
    "tool_runs_total{question,ok}": 1,
    "tool_runs_total{other,failed}": 1,
    "approvals_requested_total{question}": 2,
    "approvals_requested_total{command}": 1,
    "approvals_resolved_total{question,answered}": 1,
    "approvals_resolved_total{question,withdrawn}": 1,
    "approvals_resolved_total{command,declined}": 1,
    "model_calls_total{completed}": 6,
    "model_tokens_total{input}": 100 + 20 + 3 + 3 * 12,
    "frames_appended_total{}": thread.runtime.current.seq,
  });
  const histogram = (name: string) =>
    Object.entries(counts).reduce((sum, [series, value]) => (series.startsWith(`${name}{}[`) ? sum + value : sum), 0);
  expect([histogram("turn_first_delta_seconds"), histogram("turn_duration_seconds")]).toEqual([2, 3]);
});

test("a request that brings no answer is counted by what became of it", async () => {
  const failures: [failure: ConstructorParameters<typeof ModelError>[1], outcome: string][] = [
    [{ info: "other", willRetry: true }, "failed"],
    [{ info: "other", willRetry: true, httpStatus: 429 }, "rate_limited"],
    [{ info: "other", willRetry: true, isTimeout: true }, "timed_out"],
    [{ info: "badRequest", willRetry: false }, "refused"],
  ];
  for (const [failure, outcome] of failures) {
    let attempts = 0;
    const model: Model = {
      // biome-ignore lint/correctness/useYield: it never answers
      async *stream() {
        attempts += 1;
        throw new ModelError("no", failure);
      },
    };
    const thread = await createThread({ model });
    await thread.turn("go");
    expect(of(countsOf(thread), "model_calls"), outcome).toEqual({ [`model_calls_total{${outcome}}`]: attempts });
  }
});

test("a turn that is stopped while the model is asked counts the request as aborted, and so does a word said meanwhile", async () => {
  let isAsked = Promise.withResolvers<void>();
  const model: Model = {
    async *stream(_, signal) {
      yield { type: "messageStarted", itemId: crypto.randomUUID() };
      isAsked.resolve();
      await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
    },
  };
  const thread = await createThread({ model });
  await thread.say("go");
  await isAsked.promise;
  isAsked = Promise.withResolvers();
  await thread.say("no, wait");
  await isAsked.promise;
  thread.runtime.interrupt();
  expect(of(countsOf(thread), "model_calls")).toEqual({ "model_calls_total{aborted}": 2 });
});

test("any cut of the log into reports, told again and in any order of tries, adds up to the same", async () => {
  const thread = await eventfulThread();
  thread.runtime.interrupt();
  const whole = countsOf(thread);
  const frames = [...thread.runtime.log.frames(0)];
  for (let seed = 1; seed <= 60; seed++) {
    const random = createRandom(seed);
    const { sql } = createSql();
    createLedgerSchema(sql);
    const ledger = new Ledger(sql, () => 0);
    let tally = newTally;
    let from = 1;
    const sent: Report[] = [];
    while (from <= frames.length) {
      const to = Math.min(frames.length, from + random.below(9));
      const counts: Counts = {};
      // As from a row: only JSON outlives the object.
      let next = JSON.parse(JSON.stringify(tally)) as typeof tally;
      for (const frame of frames.slice(from - 1, to)) next = tallied(next, frame, counts);
      add(counts, "frames_appended_total", {}, to - from + 1);
      const report = { source: "one", from, to, counts };
      sent.push(report);
      ledger.take(report);
      while (random.chance(0.4)) ledger.take(random.pick(sent));
      [tally, from] = [next, to + 1];
    }
    const told = Object.entries(ledger.read().counts).filter(([series]) => !series.startsWith("metrics_reports_"));
    expect(Object.fromEntries(told), `seed ${seed}`).toEqual(whole);
  }
});

test("streamed text says nothing in numbers, so that it may leave the log before it was counted", async () => {
  const thread = await eventfulThread();
  thread.runtime.interrupt();
  const before = countsOf(thread);
  expect(thread.storage.transactionSync(() => thread.runtime.log.dropStreamedText())).toBeGreaterThan(0);
  expect(countsOf(thread)).toEqual(before);
});

test("a thread whose reports are lost on every way tells each frame once, in as many reports as a long past needs", async () => {
  const { sql } = createSql();
  createLedgerSchema(sql);
  const ledger = new Ledger(sql, () => 0);
  const random = createRandom(7);
  const thread = await eventfulThread((report) => {
    if (random.chance(0.4)) throw new Error("away");
    const heard = ledger.take(report);
    if (random.chance(0.4)) throw new Error("the answer was lost");
    return heard;
  });
  const limits = metricsLimits as { framesPerReportMax: number };
  const { framesPerReportMax } = limits;
  limits.framesPerReportMax = 3;
  try {
    // Each time another life of the object, some of them in the middle of what they tell.
    for (let life = 0; life < 60; life++) {
      await thread.runtime.metrics.flush();
      if (life === 20) thread.runtime.interrupt();
      if (life < 40) thread.restart();
    }
    while (!(await thread.runtime.metrics.flush()));
  } finally {
    limits.framesPerReportMax = framesPerReportMax;
  }
  const counts: Counts = {};
  addAll(counts, ledger.read().counts);
  expect(of(counts, "turns_", "tool", "approvals", "model", "frames")).toEqual(
    of(countsOf(thread), "turns_", "tool", "approvals", "model", "frames"),
  );
  expect(counts["metrics_reports_total{duplicate}"]).toBeGreaterThan(0);
  expect(ledger.read().gauges).toEqual({});
  expect(thread.runtime.metrics.dueAtMs()).toBeNull();
});

test("what came while an answer was lost is told behind what was taken in", async () => {
  const { sql } = createSql();
  createLedgerSchema(sql);
  const ledger = new Ledger(sql, () => 0);
  let isLost = true;
  const model = scriptedModel({ text: "one" }, { text: "two" });
  const metrics = (report: Report) => {
    const heard = ledger.take(report);
    if (isLost) throw new Error("the answer was lost");
    return heard;
  };
  const thread = await createThread({ model, metrics });
  await thread.turn("go");
  expect(await thread.runtime.metrics.flush()).toBe(false);
  await thread.turn("on");
  isLost = false;
  expect(await thread.runtime.metrics.flush()).toBe(true);
  expect(of(ledger.read().counts, "turns_started", "turns_completed", "frames")).toEqual({
    "turns_started_total{}": 2,
    "turns_completed_total{completed}": 2,
    "frames_appended_total{}": thread.runtime.current.seq,
  });
});

test("a fork counts what happens in it, and of its past only that the frames are there", async () => {
  const thread = await createThread({ model: scriptedModel({ text: "one" }) });
  await thread.turn("go");
  const frames = [...thread.runtime.log.frames(0)];
  const [started, ...rest] = frames;
  if (started?.method !== "thread/started") throw new Error("a log begins with thread/started");
  const info = { ...started.params.thread, forkedFromId: "another" };
  const settings = thread.runtime.current.settings;
  if (!settings) throw new Error("a thread has settings");
  const status = { method: "thread/status/changed", params: { threadId: info.id, status: { type: "idle" } } } as const;
  const forked = { ...status, seq: frames.length + 1, emittedAtMs: 0, private: { event: { type: "forked", settings } } } as const;
  const counts: Counts = {};
  let tally = newTally;
  for (const frame of [{ ...started, params: { thread: info } }, ...rest, forked]) tally = tallied(tally, frame, counts);
  expect([counts, tally]).toEqual([{}, newTally]);
  for (const frame of rest) tally = tallied(tally, frame, counts);
  expect(of(counts, "turns_started")).toEqual({ "turns_started_total{}": 1 });
});

test("the lines of a turn's steps carry the client's trace, the model hears of it, and no word of anybody is in them", async () => {
  const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const model = scriptedModel(
    { calls: [functionCall("shell", { command: ["bash", "-lc", "echo secret-word"] })] },
    { text: "done" },
  );
  const thread = await createThread({ model });
  const { threadId } = thread.runtime.host;
  const input = [{ type: "text", text: "secret-word", text_elements: [] }];
  const request = { method: "turn/start", params: { threadId, input } } as Parameters<typeof thread.service.request>[0];
  await thread.service.request(request, "test", traceparent);
  await thread.until("turn/completed");
  await expect.poll(() => thread.steps.length).toBe(4);
  const lines = thread.steps.map(({ details }) => details);
  expect(lines.map(({ step }) => step)).toEqual(["askModel", "judgeCommand", "askModel", "endTurn"]);
  for (const line of lines)
    expect(line).toMatchObject({ threadId, outcome: "done", traceId: "4bf92f3577b34da6a3ce929d0e0e4736" });
  expect(JSON.stringify(lines)).not.toContain("secret-word");
  const parents = model.requests.map(({ traceparent: sent }) => sent ?? "");
  for (const sent of parents) expect(sent).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-01$/);
  expect(new Set(parents).size, "each step is a span of its own").toBe(parents.length);
  // The next turn comes without a trace, and has its own.
  const [ended] = await thread.turn("again");
  expect(ended).toBeDefined();
  expect(model.requests.at(-1)?.traceparent).not.toContain("4bf92f3577b34da6a3ce929d0e0e4736");
});
