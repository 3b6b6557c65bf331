/** The design page's worked example, number by number. */
import { expect, test } from "vitest";
import { probabilityOf } from "#core/decision-tree/belief";
import { compose, leavesOf, type Node, valueOfKnowing } from "#core/decision-tree/compose";
import { observe, resolve } from "#core/decision-tree/deliberation";
import { logitOf, probabilityOfLogit } from "#core/decision-tree/probability";
import { stepOf } from "#core/decision-tree/sensor";
import { decide, flipBetween } from "#core/decision-tree/tree";
import { outlookOf, probabilitiesOf } from "#core/decision-tree/utility";
import { largestDeliberation } from "../../evaluation/largest.ts";
import { example } from "./examples.ts";

/** The page gives four digits. */
const digits = 4;

test("every action's expected utility is summed over all scenarios", () => {
  const { actions } = decide(example());
  const byId = Object.fromEntries(actions.map(({ id, expectedUtility }) => [id, expectedUtility]));
  expect(byId.patchX).toBeCloseTo(0.47, digits);
  expect(byId.refactor).toBeCloseTo(-0.014, digits);
  expect(byId.safeGuard).toBeCloseTo(0.3, digits);
});

test("the assumption that changes most what is best is split on first", () => {
  const { splits, root } = decide(example());
  expect(splits.map(({ assumptionId }) => assumptionId)).toEqual(["A1", "A2"]);
  expect(splits[0]?.expectedValueOfPerfectInformation).toBeCloseTo(0.18, digits);
  expect(splits[1]?.expectedValueOfPerfectInformation).toBeCloseTo(0.068, digits);
  expect(root).toMatchObject({ type: "split", assumptionId: "A1", whenFalse: { type: "leaf", actionId: "safeGuard" } });
  // Where A1 holds, A2 is worth exactly ε: still a split. Where it does not, nothing changes what is done.
  expect(root).toMatchObject({ whenTrue: { type: "split", assumptionId: "A2" } });
  expect(leavesOf(root).map(({ actionId }) => actionId)).toEqual(["refactor", "patchX", "safeGuard"]);
});

test("a look-up wins over a question about the same, and a question that is worth less than its price is never asked", () => {
  const { probes, chosen } = decide(example());
  const byId = Object.fromEntries(probes.map((probe) => [probe.id, probe]));
  expect(byId.Q?.valueOfInformation).toBeCloseTo(0.118, digits);
  expect(byId.Q?.netValueOfInformation).toBeCloseTo(0.088, digits);
  expect(byId.askA1?.valueOfInformation).toBeCloseTo(0.1694, digits);
  expect(byId.askA1?.netValueOfInformation).toBeCloseTo(0.0494, digits);
  expect(byId.askA2?.valueOfInformation).toBeCloseTo(0.0556, digits);
  expect(byId.askA2?.netValueOfInformation).toBeCloseTo(-0.0644, digits);
  expect(chosen).toMatchObject({ kind: "probe", id: "Q" });
  expect(chosen.because).toBe("Looking first is worth 0.09 more than acting now. It tells about A1, “A1 holds” (70 %).");
});

test("evidence moves the probability by Bayes' rule, and half as far in log-odds when its source has spoken before", () => {
  const after = (observed: boolean) => probabilityOf(observe(example(), "Q", observed, 1).assumptions, "A1");
  expect(after(true)).toBeCloseTo(0.9333, digits);
  expect(after(false)).toBeCloseTo(0.2154, digits);
  const damped = logitOf(0.7) + stepOf({ sensitivity: 0.9, specificity: 0.85 }, true, 0.5);
  expect(probabilityOfLogit(damped)).toBeCloseTo(0.8511, digits);
});

test("a refuted assumption flips the choice, and the tree says from what to what", () => {
  const before = decide(example());
  const after = decide(observe(example(), "Q", false, 1));
  const byId = Object.fromEntries(after.actions.map(({ id, expectedUtility }) => [id, expectedUtility]));
  expect(byId.patchX).toBeCloseTo(-0.0631, digits);
  expect(byId.safeGuard).toBeCloseTo(0.3, digits);
  expect(flipBetween(before, after)).toEqual({ from: "patchX", to: "safeGuard" });
  expect(flipBetween(before, decide(observe(example(), "Q", true, 1)))).toBeNull();
});

test("the paper's own score stands beside each scenario", () => {
  const { scenarios } = decide(example());
  const told = scenarios.map(({ values, action, paperUtility }) => [values, action, Number(paperUtility.toFixed(digits))]);
  expect(told).toEqual([
    [{ A1: true, A2: false }, "patchX", 0.278],
    [{ A1: true, A2: true }, "refactor", 0.13],
    [{ A1: false, A2: false }, "safeGuard", 0.013],
    [{ A1: false, A2: true }, "safeGuard", -0.008],
  ]);
});

test("knowing one assumption for sure makes the other worth what it is worth there", () => {
  const { assumptions, actions } = resolve(example(), "A1", true);
  const outlook = outlookOf(assumptions, actions);
  expect(outlook.worlds).toHaveLength(2);
  expect(valueOfKnowing(outlook, probabilitiesOf(outlook), 1)).toBeCloseTo(0.02, digits);
  expect(compose(outlook)).toMatchObject({ type: "split", assumptionId: "A2" });
});

test("no path of the tree asks about more than three assumptions, however many matter", () => {
  const { assumptions, actions } = largestDeliberation();
  expect(depthOf(compose(outlookOf(assumptions, actions)))).toBe(3);
});

function depthOf(node: Node): number {
  return node.type === "leaf" ? 0 : 1 + Math.max(depthOf(node.whenTrue), depthOf(node.whenFalse));
}
