import { describe, expect, test } from "vitest";
import type { Decision, Verdict } from "#core/decision";
import { decisionAfter, decisionJudged } from "#core/decision";
import { resolutionsOf, resolvedAssumptions, testsTurned } from "#core/decision-outcome";
import type { Action } from "#core/decision-tree/action";
import type { Assumption, Evidence } from "#core/decision-tree/assumption";
import { annotate, type Deliberation, observe } from "#core/decision-tree/deliberation";
import { markStale } from "#core/decision-tree/staleness";
import type { CallState } from "#core/thread";
import type { DecisionTreeRevision } from "#protocol/decision-tree-methods";
import type { ThreadItem } from "#protocol/item";
import { action, assumption, example, question, toolProbe } from "./examples.ts";

const nothing = { id: "u", items: [] };

function decided(given: Partial<Deliberation>, more: Partial<Decision> = {}): Decision {
  const deliberation = { ...example(), ...given };
  return { turnId: "u", callId: "c", mode: "steer", deliberation, warnings: [], annotationKeys: [], ...more };
}

function wish(id = "A1", more: Partial<Assumption> = {}): Assumption {
  return assumption(id, 0.6, { kind: "user_intent", ...more });
}

/** Gains something only if its one assumption holds. */
const rename = action("rename", 0.05, ["A1"], { "1": 0.9, "0": -0.6 });
const held = (isAccepted: boolean): Verdict => ({ actionId: "rename", proposal: null, isAccepted });
const patched = (isAccepted: boolean): Verdict => ({
  actionId: "rename",
  proposal: { itemId: "patch", hash: "h" },
  isAccepted,
});

function judged(verdicts: Verdict[], actions: Action[] = [rename], one = wish()): Decision {
  return decided({ assumptions: [one], actions }, { verdicts });
}

function run(command: string, output: string, exitCode: number): ThreadItem {
  const item = { type: "commandExecution", id: `${command} ${output}`, command, aggregatedOutput: output, exitCode };
  return item as unknown as ThreadItem;
}
const red = run("npm test", "Tests  1 failed | 3 passed (4)", 1);
const green = run("npm test", "Tests  4 passed (4)", 0);
const patch = { type: "fileChange", id: "patch" } as unknown as ThreadItem;

describe("what a person says", () => {
  test("of an assumption is known to be so, by their last word", () => {
    const once = annotate(example(), "A2", true, 1);
    expect(resolutionsOf(decided(once), nothing)).toEqual([{ assumptionId: "A2", isTrue: true, by: ["person"] }]);
    expect(resolutionsOf(decided(annotate(once, "A2", false, 2)), nothing)).toEqual([
      { assumptionId: "A2", isTrue: false, by: ["person"] },
    ]);
    const answered = observe(example(), "askA1", false, 1);
    expect(resolutionsOf(decided(answered), nothing)).toEqual([{ assumptionId: "A1", isTrue: false, by: ["person"] }]);
  });

  test("of what has changed since is not known any more", () => {
    const said = annotate({ ...example(), assumptions: [assumption("A1", 0.7, { subject: { path: "a.txt" } })] }, "A1", true, 1);
    const stale = markStale(said, { type: "filesChanged", paths: ["a.txt"] });
    expect(resolutionsOf(decided(stale), nothing)).toEqual([]);
  });

  test("in another turn says nothing of this one", () => {
    expect(resolutionsOf(decided(annotate(example(), "A2", true, 1)), { id: "other", items: [] })).toEqual([]);
    expect(resolvedAssumptions(decided(annotate(example(), "A2", true, 1)), { id: "other", items: [] })).toEqual([]);
    expect(resolvedAssumptions(undefined, nothing)).toEqual([]);
  });
});

describe("what tools saw", () => {
  const sharp = toolProbe("Q", "A1", 0.99, 0.99, 0.01);
  const seen = (prior: number, observed: boolean, probe = sharp, more: Partial<Assumption> = {}) =>
    resolutionsOf(
      decided(observe({ ...example(), assumptions: [assumption("A1", prior, more)], probes: [probe] }, "Q", observed, 1)),
      nothing,
    );

  test("is known where it is decisive by itself", () => {
    expect(seen(0.5, true)).toEqual([{ assumptionId: "A1", isTrue: true, by: ["tools"] }]);
    expect(seen(0.5, false)).toEqual([{ assumptionId: "A1", isTrue: false, by: ["tools"] }]);
    // An existing file, with the design's own figures.
    expect(seen(0.5, true, toolProbe("Q", "A1", 0.98, 0.98, 0.01))).toHaveLength(1);
  });

  test("is not known because the model was sure before", () => {
    // 0.95 and one passed test make 0.99: most of that is the model's own word.
    expect(seen(0.95, true, toolProbe("Q", "A1", 0.9, 0.85, 0.01))).toEqual([]);
  });

  test("is not known while the model's doubt outweighs it", () => {
    expect(seen(0.05, true)).toEqual([]);
  });

  test("never tells what a person wants", () => {
    expect(seen(0.5, true, sharp, { kind: "user_intent" })).toEqual([]);
  });

  test("and a person denies is not known", () => {
    const both = annotate(
      observe({ ...example(), assumptions: [assumption("A1", 0.5)], probes: [sharp] }, "Q", true, 1),
      "A1",
      false,
      2,
    );
    expect(resolutionsOf(decided(both), nothing)).toEqual([]);
  });
});

describe("what people approved or declined", () => {
  test("tells what they want, where the action depends on that alone", () => {
    expect(resolutionsOf(judged([held(true)]), nothing)).toEqual([{ assumptionId: "A1", isTrue: true, by: ["verdict"] }]);
    expect(resolutionsOf(judged([held(false)]), nothing)).toEqual([{ assumptionId: "A1", isTrue: false, by: ["verdict"] }]);
    const keep = action("rename", 0.05, ["A1"], { "1": -0.3, "0": 0.5 });
    expect(resolutionsOf(judged([held(true)], [keep]), nothing)).toEqual([
      { assumptionId: "A1", isTrue: false, by: ["verdict"] },
    ]);
  });

  test("tells nothing where changes were declined: they may be wanted, and badly made", () => {
    expect(resolutionsOf(judged([patched(true)]), nothing)).toHaveLength(1);
    expect(resolutionsOf(judged([patched(false)]), nothing)).toEqual([]);
  });

  test("tells nothing of facts, of two assumptions at once, of what gains either way, or of an unknown action", () => {
    expect(resolutionsOf(judged([held(true)], [rename], assumption("A1", 0.6)), nothing)).toEqual([]);
    const both = action("rename", 0.05, ["A1", "A2"], { "11": 1, "10": -1, "01": -1, "00": -1 });
    expect(
      resolutionsOf(decided({ assumptions: [wish(), wish("A2")], actions: [both] }, { verdicts: [held(true)] }), nothing),
    ).toEqual([]);
    const either = action("rename", 0.05, ["A1"], { "1": 0.9, "0": 0.1 });
    expect(resolutionsOf(judged([held(true)], [either]), nothing)).toEqual([]);
    expect(resolutionsOf(judged([{ ...held(true), actionId: null }]), nothing)).toEqual([]);
  });

  test("tells nothing where they said both", () => {
    expect(resolutionsOf(judged([held(false), held(true)]), nothing)).toEqual([]);
  });
});

describe("changes are known to be an action's", () => {
  const only = { ...rename, kind: "patch" as const };
  const proposed = { itemId: "i", hash: "h", changes: [], output: null };
  const state: CallState = { type: "changesAsked", requestId: "r", proposed };
  const told = { chosen: { kind: "act", id: "rename" } } as unknown as DecisionTreeRevision;
  const belongsTo = (decision: Decision, tree = told) => decisionJudged(decision, tree, state, "accept").verdicts?.[0]?.actionId;

  test("where the model was told to do it, and it is the only patch there is", () => {
    expect(belongsTo(decided({ actions: [only] }))).toBe("rename");
  });

  test("and nowhere else", () => {
    expect(belongsTo(decided({ actions: [only] }, { mode: "observe" }))).toBeNull();
    expect(belongsTo(decided({ actions: [only, { ...only, id: "other" }] }))).toBeNull();
    expect(belongsTo(decided({ actions: [{ ...only, kind: "tool" }] }))).toBeNull();
    expect(
      belongsTo(decided({ actions: [only] }), { chosen: { kind: "ask", id: "rename" } } as unknown as DecisionTreeRevision),
    ).toBeNull();
    expect(
      belongsTo(decided({ actions: [only] }), { chosen: { kind: "act", id: "stop" } } as unknown as DecisionTreeRevision),
    ).toBeNull();
  });

  test("of what was held it is known anyway", () => {
    const held = { type: "actionHeld", actionId: "rename", requestId: "r" } as const;
    expect(decisionJudged(decided({}), told, held, "decline").verdicts).toEqual([
      { actionId: "rename", proposal: null, isAccepted: false },
    ]);
  });
});

describe("what tests did", () => {
  const effect = assumption("A1", 0.6, { kind: "plan_effect" });
  const known = (items: ThreadItem[], verdicts = [patched(true)], one = effect) =>
    resolutionsOf(judged(verdicts, [rename], one), { id: "u", items });

  test("after changes that were let in tells whether they work", () => {
    expect(known([red, patch, green])).toEqual([{ assumptionId: "A1", isTrue: true, by: ["tests"] }]);
    expect(known([green, patch, red])).toEqual([{ assumptionId: "A1", isTrue: false, by: ["tests"] }]);
  });

  test("tells nothing before the changes, without them, or of facts", () => {
    expect(known([red, green, patch])).toEqual([]);
    expect(known([green, patch, green])).toEqual([]);
    expect(known([red, patch, green], [patched(false)])).toEqual([]);
    expect(known([red, patch, green], [held(true)])).toEqual([]);
    expect(known([red, patch, green], [patched(true)], assumption("A1", 0.6))).toEqual([]);
  });

  test("is told of a turn: what passes at last, what broke, and neither", () => {
    expect(testsTurned([red, green])).toBe("passed");
    expect(testsTurned([red, green, red])).toBe(null);
    expect(testsTurned([green, red])).toBe("broke");
    expect(testsTurned([green, run("make", "all 4 passed", 1)])).toBe(null);
    expect(testsTurned([red, run("pytest", "1 failed in 0.1s", 1), green, run("pytest", "1 passed in 0.1s", 0)])).toBe("passed");
    expect(testsTurned([red, run("pytest", "1 passed in 0.1s", 0), green, run("pytest", "1 failed in 0.1s", 1)])).toBe("broke");
  });
});

describe("what the memory is told", () => {
  const sharp = toolProbe("Q", "A1", 0.99, 0.99, 0.01);
  const one = { ...example(), assumptions: [assumption("A1", 0.8, { verbal: 4 })], probes: [sharp, question("U", "A1")] };

  test("is what the model said before calibration, and the truth", () => {
    expect(resolvedAssumptions(decided(annotate(one, "A1", false, 1)), nothing)).toEqual([
      { id: "A1", kind: "code_fact", stated: 0.7, isTrue: false, observations: [] },
    ]);
    const exact = { ...one, assumptions: [assumption("A1", 1)] };
    expect(resolvedAssumptions(decided(annotate(exact, "A1", true, 1)), nothing)).toMatchObject([{ stated: 0.99 }]);
  });

  test("holds a sensor's observation only where something else knew the truth as well", () => {
    const looked = observe(one, "Q", true, 1);
    expect(resolvedAssumptions(decided(looked), nothing)).toMatchObject([{ isTrue: true, observations: [] }]);
    expect(resolvedAssumptions(decided(annotate(looked, "A1", true, 2)), nothing)).toMatchObject([
      {
        isTrue: true,
        observations: [
          { method: "tests", observed: true },
          { method: "user", observed: true },
        ],
      },
    ]);
    const doubted = { ...one, probes: [toolProbe("Q", "A1", 0.6, 0.6, 0.01)] };
    expect(resolvedAssumptions(decided(annotate(observe(doubted, "Q", true, 1), "A1", false, 2)), nothing)).toMatchObject([
      { isTrue: false, observations: [{ method: "tests", observed: true }] },
    ]);
  });

  test("is said again when the turn is over, and corrected by what a person says then", () => {
    const decision = decided(observe(one, "Q", true, 1));
    const resolutions = resolutionsOf(decision, nothing);
    const over = decisionAfter(decision, { type: "decisionResolved", turnId: "u", resolutions });
    expect(over?.deliberation.assumptions[0]).toMatchObject({ status: "confirmed", resolved: true });
    expect(over && resolutionsOf(over, nothing)).toEqual([]);
    expect(resolvedAssumptions(over, nothing)).toEqual(resolvedAssumptions(decision, nothing));
    const corrected = { type: "decisionAnnotated", assumptionId: "A1", observed: false, atMs: 3, key: null } as const;
    expect(resolvedAssumptions(decisionAfter(over, corrected), nothing)).toMatchObject([{ isTrue: false }]);
  });
});

test("evidence that nobody gave is nobody's word", () => {
  const silent: Evidence = {
    by: "default",
    method: "user",
    observed: true,
    sensitivity: 0.98,
    specificity: 0.98,
    weight: 1,
    probabilityBefore: 0.5,
    probabilityAfter: 0.98,
    atMs: 1,
    isStale: false,
  };
  expect(resolutionsOf(decided({ assumptions: [wish("A1", { evidence: [silent] })] }), nothing)).toEqual([]);
});
