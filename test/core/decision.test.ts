/** What a decision's events leave of what may still be asked. */
import { expect, test } from "vitest";
import { type Decision, decisionAfter } from "#core/decision";
import { example } from "./decision-tree/examples.ts";

const decision: Decision = {
  turnId: "t",
  callId: "c",
  mode: "observe",
  deliberation: example(),
  warnings: [],
  annotationKeys: [],
};

test("what was looked up or asked is paid for when its answer is there, also when that is silence", () => {
  const { budget } = decision.deliberation;
  const observed = { type: "decisionObserved", callId: "c", observed: null, atMs: 1, pairedWith: null } as const;
  const silence = { type: "decisionDefaulted", callId: "c", probeId: "askA1", atMs: 1 } as const;
  const left = (event: Parameters<typeof decisionAfter>[1]) => decisionAfter(decision, event)?.deliberation.budget;
  expect(left({ ...observed, probeId: "Q", wasAsked: true })).toEqual({ ...budget, toolProbes: budget.toolProbes - 1 });
  expect(left({ ...observed, probeId: "askA1", wasAsked: true })).toEqual({ ...budget, questions: budget.questions - 1 });
  expect(left(silence)).toEqual({ ...budget, questions: budget.questions - 1 });
  expect(left({ ...observed, probeId: "Q", wasAsked: false })).toEqual(budget);
});
