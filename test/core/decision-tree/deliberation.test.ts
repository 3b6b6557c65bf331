import { expect, test } from "vitest";
import { probabilityOf } from "#core/decision-tree/belief";
import { spend } from "#core/decision-tree/choose";
import { annotate, type Deliberation, observe, resolve } from "#core/decision-tree/deliberation";
import { sensorFor } from "#core/decision-tree/sensor";
import { markStale } from "#core/decision-tree/staleness";
import { decide } from "#core/decision-tree/tree";
import { limits } from "#core/limits";
import { action, assumption, example, question, toolProbe } from "./examples.ts";

function one(given: Partial<Deliberation>): Deliberation {
  return { ...example(), ...given };
}

test("the same source again is worth half, then a quarter: repeating it for ever is worth at most twice its first word", () => {
  let deliberation = one({ assumptions: [assumption("A1", 0.5)], probes: [toolProbe("Q", "A1", 0.6, 0.6, 0.01)] });
  const first = observe(deliberation, "Q", true, 1).assumptions[0]?.logOdds ?? 0;
  for (let round = 0; round < 20; round++) deliberation = observe(deliberation, "Q", true, round);
  const [after] = deliberation.assumptions;
  expect(after?.evidence.slice(0, 3).map(({ weight }) => weight)).toEqual([1, 0.5, 0.25]);
  expect(after?.logOdds).toBeCloseTo(2 * first, 4);
});

test("asking the same source again is worth less than asking another that is as good", () => {
  const probes = [question("Q1", "A1", 0.7, 0.7), question("Q2", "A1", 0.7, 0.7), toolProbe("Q3", "A1", 0.7, 0.7, 0.12)];
  const [, again, other] = decide(observe(one({ probes }), "Q1", false, 1)).probes;
  expect(again?.valueOfInformation).toBeGreaterThan(0);
  expect(again?.valueOfInformation).toBeLessThan((other?.valueOfInformation ?? 0) - 0.01);
});

test("two sources that agree count in full", () => {
  const probes = [toolProbe("Q1", "A1", 0.9, 0.85, 0.01), toolProbe("Q2", "A1", 0.9, 0.85, 0.01)];
  const after = observe(observe(one({ probes }), "Q1", true, 1), "Q2", true, 2);
  // 0.7 with the likelihood ratio 6 twice.
  expect(probabilityOf(after.assumptions, "A1")).toBeCloseTo(0.9882, 4);
});

test("evidence is kept with what it changed, and its probe is not run again", () => {
  const after = observe(example(), "Q", false, 7);
  expect(after.assumptions[0]?.evidence).toEqual([
    {
      by: "Q",
      method: "tests",
      observed: false,
      sensitivity: 0.9,
      specificity: 0.85,
      weight: 1,
      probabilityBefore: expect.closeTo(0.7, 6),
      probabilityAfter: expect.closeTo(0.2154, 4),
      atMs: 7,
      isStale: false,
    },
  ]);
  expect(decide(after).probes[0]).toMatchObject({ id: "Q", isSpent: true });
  expect(decide(after).chosen).toMatchObject({ kind: "act", id: "safeGuard" });
});

test("an unclear answer changes no belief and is not asked for again", () => {
  const after = observe(example(), "Q", null, 1);
  expect(after.assumptions).toEqual(example().assumptions);
  expect(decide(after).chosen).toMatchObject({ kind: "ask", id: "askA1" });
});

test("an answer to a probe that is not there changes nothing", () => {
  const deliberation = example();
  expect(observe(deliberation, "nobody", true, 1)).toBe(deliberation);
  expect(annotate(deliberation, "nobody", true, 1)).toBe(deliberation);
});

test("some doubt always stays, unless a person or the outcome says so", () => {
  const certain = one({ assumptions: [assumption("A1", 1)] });
  expect(probabilityOf(certain.assumptions, "A1")).toBeCloseTo(0.99, 9);
  const told = annotate(certain, "A1", true, 1);
  expect(told.assumptions[0]?.status).toBe("confirmed");
  expect(probabilityOf(told.assumptions, "A1")).toBeGreaterThan(0.999);
  expect(probabilityOf(resolve(certain, "A1", false).assumptions, "A1")).toBe(0);
});

test("a person can take back what they said", () => {
  const yes = annotate(example(), "A1", true, 1);
  const no = annotate(yes, "A1", false, 2);
  expect(no.assumptions[0]?.status).toBe("refuted");
  expect(no.assumptions[0]?.evidence).toHaveLength(2);
  expect(probabilityOf(no.assumptions, "A1")).toBeLessThan(probabilityOf(yes.assumptions, "A1"));
});

test("no evidence moves what is resolved; only a person may know better", () => {
  const known = resolve(example(), "A1", true);
  expect(observe(known, "Q", false, 1).assumptions).toEqual(known.assumptions);
  expect(annotate(known, "A1", false, 1)).toEqual(resolve(example(), "A1", false));
});

test("observations of one assumption are bounded", () => {
  let deliberation = example();
  for (let round = 0; round < limits.evidencePerAssumptionMax + 5; round++)
    deliberation = annotate(deliberation, "A1", true, round);
  expect(deliberation.assumptions[0]?.evidence).toHaveLength(limits.evidencePerAssumptionMax);
});

test("assumptions that exclude each other share one certainty, and evidence for one is evidence against the others", () => {
  const rivals = [assumption("A1", 0.9, { group: "g" }), assumption("A2", 0.9, { group: "g" })];
  const probes = [toolProbe("Q", "A1", 0.9, 0.85, 0.01)];
  const before = one({ assumptions: rivals, probes });
  // Odds 9 and 9 against 1 for none of them.
  expect(probabilityOf(before.assumptions, "A1")).toBeCloseTo(9 / 19, 9);
  const after = observe(before, "Q", true, 1);
  expect(probabilityOf(after.assumptions, "A1")).toBeCloseTo(54 / 64, 9);
  expect(probabilityOf(after.assumptions, "A2")).toBeCloseTo(9 / 64, 9);
  expect(decide(before).scenarios.every(({ values }) => !(values.A1 && values.A2))).toBe(true);
  expect(probabilityOf(resolve(before, "A2", true).assumptions, "A1")).toBe(0);
});

test("a change of a file halves what is believed of it, once for each change, and lets its probes run again", () => {
  const about = (path: string) => ({ subject: { path } });
  const assumptions = [assumption("A1", 0.7, about("src/app.ts")), assumption("A2", 0.7, about("src")), assumption("A3", 0.7)];
  const before = observe(one({ assumptions }), "Q", true, 1);
  const after = markStale(before, { type: "filesChanged", paths: ["./src/app.ts"] });
  expect(after.assumptions.map(({ status }) => status)).toEqual(["stale", "stale", "open"]);
  expect(after.assumptions[0]?.logOdds).toBeCloseTo((before.assumptions[0]?.logOdds ?? 0) / 2, 9);
  expect(after.probes[0]?.isSpent).toBe(false);
  // What the same source says now is new: it is not damped by what it said of the old file.
  const again = observe(after, "Q", false, 2);
  expect(again.assumptions[0]?.evidence.map(({ weight, isStale }) => [weight, isStale])).toEqual([
    [1, true],
    [1, false],
  ]);
  expect(again.assumptions[0]?.status).toBe("open");
});

test("a change that nothing depends on gives the same deliberation", () => {
  const deliberation = one({ assumptions: [assumption("A1", 0.7, { subject: { path: "src/app.ts" } })] });
  expect(markStale(deliberation, { type: "filesChanged", paths: ["src/app.tsx", "README.md"] })).toBe(deliberation);
  expect(markStale(resolve(deliberation, "A1", true), { type: "committed" }).assumptions[0]?.status).toBe("confirmed");
});

test("a commit makes facts about code stale, a compaction what only the trace said", () => {
  const assumptions = [
    assumption("A1", 0.7, { kind: "code_fact", source: "user" }),
    assumption("A2", 0.7, { kind: "user_intent", source: "trace" }),
  ];
  const statuses = (change: "committed" | "compacted") =>
    markStale(one({ assumptions }), { type: change }).assumptions.map(({ status }) => status);
  expect(statuses("committed")).toEqual(["stale", "open"]);
  expect(statuses("compacted")).toEqual(["open", "stale"]);
});

test("an irreversible action that may do harm waits for a person", () => {
  const risky = (prior: number) =>
    decide(
      one({
        assumptions: [assumption("A1", prior)],
        actions: [action("push", 0.1, ["A1"], { "1": 1, "0": -0.5 }, true), action("wait", 0, [], { "": 0 })],
        probes: [],
      }),
    );
  expect(risky(0.94)).toMatchObject({ chosen: { kind: "act", id: "push", needsApproval: true } });
  expect(risky(0.94).chosen.because).toContain("It cannot be undone and may do harm (6 %), so a person decides.");
  expect(risky(0.95)).toMatchObject({ chosen: { kind: "act", id: "push", needsApproval: false } });
});

test("the cost of what cannot be undone grows with the probability that it fails, unless a price is given", () => {
  const push = action("push", 0, ["A1"], { "1": 1, "0": -0.5 }, true);
  const costs = { tokens: 10_000, seconds: 60, asksUser: true, irreversible: true };
  const actions = [
    { ...push, price: null, cost: costs },
    { ...push, id: "priced", price: 0.2 },
  ];
  const tree = decide(one({ assumptions: [assumption("A1", 0.7)], actions, probes: [] }));
  // 0.05 + 0.02 + 0.12 + 0.3 · 0.3
  expect(tree.actions[0]?.cost).toBeCloseTo(0.28, 9);
  expect(tree.actions[1]?.cost).toBeCloseTo(0.2, 9);
});

test("a case nobody declared loses a little, and more where it cannot be undone", () => {
  const actions = [action("a", 0, ["A1"], { "1": 1 }), action("b", 0, ["A1"], { "1": 1 }, true)];
  const tree = decide(one({ assumptions: [assumption("A1", 0.5)], actions, probes: [] }));
  expect(tree.actions.map(({ expectedUtility }) => expectedUtility)).toEqual([expect.closeTo(0.45, 9), expect.closeTo(0.3, 9)]);
});

test("what may be asked is bounded for a turn", () => {
  const deliberation = one({ probes: [question("askA1", "A1", 0.99, 0.99, 0)] });
  const asked = decide(deliberation);
  expect(asked.chosen).toMatchObject({ kind: "ask", id: "askA1" });
  const budget = spend(deliberation.budget, { kind: "ask", probeId: "askA1", netValueOfInformation: 1 });
  expect(decide({ ...deliberation, budget }).chosen).toMatchObject({ kind: "act", id: "patchX" });
});

test("two look-ups that only help together are found, once a turn", () => {
  // "match" pays if A1 and A2 are both so or both not: knowing one of them alone tells nothing.
  const match = (gain: number) => ({ "11": gain, "00": gain, "10": -1, "01": -1 });
  const deliberation = one({
    assumptions: [assumption("A1", 0.5), assumption("A2", 0.5)],
    actions: [action("match", 0.01, ["A1", "A2"], match(1)), action("wait", 0, [], { "": 0 })],
    probes: [toolProbe("Q1", "A1", 0.9, 0.9, 0.01), toolProbe("Q2", "A2", 0.9, 0.9, 0.01)],
  });
  const { probes, chosen } = decide(deliberation);
  expect(probes.every(({ netValueOfInformation }) => netValueOfInformation < 0)).toBe(true);
  expect(chosen).toMatchObject({ kind: "probe", id: "Q1", pairedWith: "Q2" });
  expect(chosen.because).toContain("more than acting now, together with Q2.");
  const pairSpent = spend(deliberation.budget, { kind: "probe", probeId: "Q1", netValueOfInformation: 0, pairedWith: "Q2" });
  expect(decide({ ...deliberation, budget: pairSpent }).chosen).toMatchObject({ kind: "act", id: "wait" });
  // After the first of the pair the second is worth it by itself.
  const halfway = { ...observe(deliberation, "Q1", true, 1), budget: pairSpent };
  expect(decide(halfway).chosen).toMatchObject({ kind: "probe", id: "Q2", pairedWith: null });
  // Where one action leads clearly, pairs are not looked at.
  const clear = one({
    ...deliberation,
    actions: [action("match", 0.01, ["A1", "A2"], match(0.8)), action("wait", 0, [], { "": 0 })],
  });
  expect(decide(clear).chosen).toMatchObject({ kind: "act", id: "wait" });
});

test("what probes turned out to be worth is learnt slowly, per method and kind", () => {
  const counts = { "tests code_fact": { truePositives: 0, falseNegatives: 8, trueNegatives: 8, falsePositives: 0 } };
  expect(sensorFor("tests", "code_fact", counts)).toEqual({ sensitivity: 0.45, specificity: 0.925 });
  expect(sensorFor("tests", "env_fact", counts)).toEqual({ sensitivity: 0.9, specificity: 0.85 });
});
