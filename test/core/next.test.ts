import { expect, test } from "vitest";
import { limits } from "#core/limits";
import { next } from "#core/next";
import type { CallState, Thread, Work } from "#core/thread";
import { openThread } from "./threads.ts";

const proposed = { itemId: "i", hash: "h", changes: [], output: null };

/** State of the first call → the one thing to do. */
const table: [CallState, string][] = [
  [{ type: "requested" }, "judgeCommand"],
  [{ type: "commandAsked", requestId: "r" }, "wait"],
  [{ type: "commandApproved" }, "runCommand"],
  [{ type: "commandRefused", decision: "decline" }, "refuseCommand"],
  [{ type: "commandStarted" }, "recoverCommand"],
  [{ type: "changesAsked", requestId: "r", proposed }, "wait"],
  [{ type: "changesApproved", proposed }, "land"],
  [{ type: "changesRefused", decision: "cancel", proposed }, "refuseChanges"],
  [{ type: "weighing" }, "decide"],
  [{ type: "probing", probeId: "Q", itemId: "i", pairedWith: null }, "runProbe"],
  [{ type: "questionAsked", probeId: "U", requestId: "r" }, "wait"],
  [{ type: "questionAnswered", probeId: "U", answer: null }, "takeOpinion"],
  [{ type: "actionHeld", actionId: "B", requestId: "r" }, "wait"],
  [{ type: "actionJudged", actionId: "B", decision: "decline" }, "decide"],
];

test.each(table)("a call that is %j", (state, step) => {
  expect(next(withWork({ calls: [call(state)] })).type).toBe(step);
});

test("calls are done in order: the second one waits for the first", () => {
  const calls = [call({ type: "commandAsked", requestId: "first" }), call({ type: "commandApproved" })];
  expect(next(withWork({ calls }))).toEqual({ type: "wait", requestId: "first" });
});

test("a patch is prepared, an unknown tool refused", () => {
  const requested = { type: "requested" } as const;
  expect(next(withWork({ calls: [{ ...call(requested), call: { tool: "applyPatch", operations: [] } }] })).type).toBe(
    "preparePatch",
  );
  expect(next(withWork({ calls: [{ ...call(requested), call: { tool: "unknown", name: "x" } }] })).type).toBe(
    "refuseUnknownTool",
  );
});

test("without calls the model is asked as long as something was said that it has not answered", () => {
  expect(next(withWork({ awaitsModel: true })).type).toBe("askModel");
  expect(next(withWork({ awaitsModel: false }))).toEqual({ type: "endTurn", status: "completed" });
});

test("after a cancel what was not begun is not begun, and what was begun is finished first", () => {
  expect(next(withWork({ cancelled: true, calls: [call({ type: "requested" })] }))).toEqual({
    type: "endTurn",
    status: "interrupted",
  });
  expect(next(withWork({ cancelled: true, calls: [call({ type: "commandRefused", decision: "cancel" })] })).type).toBe(
    "refuseCommand",
  );
  expect(next(withWork({ cancelled: true, awaitsModel: true }))).toEqual({ type: "endTurn", status: "interrupted" });
});

test("a turn that goes round and round is stopped", () => {
  expect(next(withWork({ awaitsModel: true, steps: limits.turnStepsMax }))).toEqual({ type: "failTurn", reason: "tooManySteps" });
  expect(next(withWork({ awaitsModel: true, tokens: limits.turnTokensMax }))).toEqual({
    type: "failTurn",
    reason: "tooManyTokens",
  });
  expect(next(withWork({ awaitsModel: true, activeMs: limits.turnActiveMsMax }))).toEqual({
    type: "failTurn",
    reason: "tooLong",
  });
});

test("at rest what is queued begins, unless it is held or the thread was put away", () => {
  const entries = [{ id: "q", clientUserMessageId: "m", seq: 1 }];
  const atRest: Thread = { ...openThread(), turns: [], work: null, queue: { entries, isHeld: false } };
  expect(next(atRest)).toEqual({ type: "startQueued", submissionId: "q" });
  expect(next({ ...atRest, queue: { entries, isHeld: true } })).toEqual({ type: "idle" });
  expect(next({ ...atRest, archived: true })).toEqual({ type: "idle" });
  expect(next({ ...openThread(), queue: { entries, isHeld: false } }).type).not.toBe("startQueued");
});

test("a person's command runs before the agent goes on, also while somebody is asked; one that had begun does not run again", () => {
  const command = { itemId: "i", command: "ls", timeoutMs: null, hasStarted: false };
  const calls = [call({ type: "commandAsked", requestId: "r" })];
  expect(next(withWork({ calls, userCommands: [command] })).type).toBe("runUserCommand");
  expect(next(withWork({ userCommands: [{ ...command, hasStarted: true }] })).type).toBe("recoverUserCommand");
  expect(next(withWork({ cancelled: true, userCommands: [command] }))).toEqual({ type: "endTurn", status: "interrupted" });
});

test("without an open turn there is nothing to do", () => {
  expect(next({ ...openThread(), turns: [] })).toEqual({ type: "idle" });
});

function call(state: CallState): Work["calls"][number] {
  return { callId: "c", raw: { type: "shell_call" }, call: { tool: "shell", command: "ls", timeoutMs: null }, state };
}

function withWork(work: Partial<Work>): Thread {
  const thread = openThread();
  return { ...thread, work: thread.work && { ...thread.work, ...work } };
}
