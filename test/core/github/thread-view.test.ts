/** What a repository remembers of a thread is folded from the frames that every client hears, each once, and stays small. */
import { expect, test } from "vitest";
import { newThreadView, type ThreadView, view } from "#core/github/thread-view";
import { githubTextLimits } from "#core/limits";

type Told = [method: string, params: object, id?: string];

function fold(told: Told[], before: ThreadView = newThreadView): ThreadView {
  const frames = told.map(([method, params, id], at) => ({
    method,
    params,
    seq: before.seq + at + 1,
    emittedAtMs: 1_000,
    ...(id ? { id } : {}),
  }));
  return frames.reduce((folded, frame) => view(folded, frame as Parameters<typeof view>[1]), before);
}

const started: Told = ["turn/started", { turn: { id: "turn" } }];
const said = (text: string): Told => ["item/completed", { item: { type: "agentMessage", text } }];
const asked = (clientId: string | null): Told => ["item/completed", { item: { type: "userMessage", clientId } }];
const used = (totalTokens: number): Told => ["thread/tokenUsage/updated", { tokenUsage: { last: { totalTokens } } }];

test("a turn: who asked, what was said last, what it used, how it ended", () => {
  const folded = fold([
    started,
    asked("delivery"),
    asked("another, which steered"),
    ["turn/plan/updated", { plan: [{ step: "look", status: "completed" }] }],
    said("first"),
    said(""),
    used(40),
    used(2),
    ["turn/completed", { turn: { status: "failed", error: { message: "no model" } } }],
  ]);
  expect(folded).toEqual({
    seq: 9,
    turn: { id: "turn", key: "delivery", startedAtMs: 1_000, status: "failed", problem: "no model", tokens: 42 },
    plan: [{ step: "look", status: "completed" }],
    said: "first",
    requests: [],
  });
});

test("the next turn begins with nothing said and no plan", () => {
  const before = fold([started, said("old"), ["turn/plan/updated", { plan: [{ step: "old", status: "pending" }] }]]);
  expect(fold([["turn/started", { turn: { id: "next" } }]], before)).toMatchObject({
    turn: { id: "next", key: null, tokens: 0 },
    plan: [],
    said: null,
  });
});

test("a frame that was seen changes nothing, and what is streamed changes the number only", () => {
  const before = fold([started, used(40)]);
  expect(view(before, { seq: 2, method: "thread/tokenUsage/updated", params: used(40)[1] })).toBe(before);
  expect(view(before, { seq: 3, method: "item/agentMessage/delta", params: { delta: "x" } })).toEqual({ ...before, seq: 3 });
});

test("requests wait until each is answered, and a question without words cannot be answered at GitHub", () => {
  const before = fold([
    ["item/fileChange/requestApproval", {}, "one"],
    ["item/commandExecution/requestApproval", {}, "two"],
    ["item/tool/requestUserInput", { questions: [] }, "three"],
  ]);
  expect(before.requests).toEqual([
    { id: "one", isFileChange: true },
    { id: "two", isFileChange: false },
    { id: "three", isFileChange: false },
  ]);
  expect(fold([["serverRequest/resolved", { requestId: "two" }]], before).requests.map(({ id }) => id)).toEqual(["one", "three"]);
});

test("however much a model says and plans, what is kept fits into a row", () => {
  const { saidCharactersMax, viewedStepsMax, viewedStepCharactersMax } = githubTextLimits;
  const plan = Array.from({ length: 10_000 }, () => ({ step: "x".repeat(10_000), status: "pending" }));
  const folded = fold([started, said("x".repeat(5_000_000)), ["turn/plan/updated", { plan }]]);
  expect(folded.said).toHaveLength(saidCharactersMax);
  expect(folded.plan).toHaveLength(viewedStepsMax);
  expect(folded.plan[0]?.step).toHaveLength(viewedStepCharactersMax);
  expect(3 * JSON.stringify(folded).length).toBeLessThan(2 * 1024 * 1024);
});
