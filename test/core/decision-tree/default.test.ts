/** Nobody answered: what was declared for that case decides, and is not believed. */
import { expect, test } from "vitest";
import { supposedValue } from "#core/decision-tree/assumption";
import { annotate, type Deliberation, observe, resolve, takeDefault } from "#core/decision-tree/deliberation";
import { markStale } from "#core/decision-tree/staleness";
import { decide } from "#core/decision-tree/tree";
import { action, assumption, example, question, toolProbe } from "./examples.ts";

/** The question's default is yes. */
function asked(prior: number, { isIrreversible = false, defaultAnswer = true } = {}): Deliberation {
  return {
    ...example(),
    assumptions: [assumption("A1", prior, { subject: { path: "a.txt" } })],
    actions: [
      action("rename", 0.05, ["A1"], { "1": 0.9, "0": -0.6 }, isIrreversible),
      action("keep", 0.05, ["A1"], { "1": -0.3, "0": 0.5 }),
    ],
    probes: [{ ...question("U", "A1"), defaultAnswer } as Deliberation["probes"][number]],
    safeActionId: "keep",
  };
}

function chosenAfter(deliberation: Deliberation): [kind: string, id: string] {
  const { kind, id } = decide(deliberation).chosen;
  return [kind, id];
}

test("the choice is what would be best if the default were so, however little it is believed", () => {
  for (const prior of [0.02, 0.4, 0.55, 0.98]) {
    expect(chosenAfter(takeDefault(asked(prior), "U", 1))).toEqual(["act", "rename"]);
    expect(chosenAfter(takeDefault(asked(prior, { defaultAnswer: false }), "U", 1))).toEqual(["act", "keep"]);
  }
});

test("nothing is believed by it: probability, status and utilities stay as they were", () => {
  const before = decide(asked(0.4));
  const after = decide(takeDefault(asked(0.4), "U", 7));
  expect(after.actions).toEqual(before.actions);
  expect(after.scenarios).toEqual(before.scenarios);
  expect(after.leadingActionId).toBe("keep");
  expect(after.assumptions[0]).toMatchObject({ probability: before.assumptions[0]?.probability, status: "open" });
  expect(after.assumptions[0]?.evidence).toEqual([
    expect.objectContaining({
      by: "default",
      method: "default",
      observed: true,
      sensitivity: 0.5,
      specificity: 0.5,
      weight: 0,
      atMs: 7,
    }),
  ]);
  expect(after.chosen.because).toMatch(
    /Nobody answered: A1, .* \(40 %\) is taken to be so, as was declared, and so rename is best\./,
  );
});

test("a person's later word takes its place, and weighs as if nothing had been taken", () => {
  const silent = takeDefault(asked(0.4), "U", 1);
  const told = annotate(silent, "A1", false, 2);
  expect(chosenAfter(told)).toEqual(["act", "keep"]);
  const [first] = annotate(asked(0.4), "A1", false, 2).assumptions;
  expect(told.assumptions[0]).toMatchObject({ logOdds: first?.logOdds, status: "refuted" });
});

test("what it is about changes: it is taken no longer, and may be asked again", () => {
  const stale = markStale(takeDefault(asked(0.55), "U", 1), { type: "filesChanged", paths: ["a.txt"] });
  expect(stale.assumptions.map(supposedValue)).toEqual([null]);
  expect(chosenAfter(stale)).toEqual(["ask", "U"]);
});

test("it makes nothing harmless: what cannot be undone needs an approval by what is believed", () => {
  const { chosen } = decide(takeDefault(asked(0.7, { isIrreversible: true }), "U", 1));
  expect(chosen).toMatchObject({ kind: "act", id: "rename", needsApproval: true, because: expect.stringContaining("(30 %)") });
});

test("what would do harm if the default were so needs an approval too, however little that is believed", () => {
  const silent = takeDefault(asked(0.97, { isIrreversible: true, defaultAnswer: false }), "U", 1);
  const [rename, keep] = silent.actions as [Deliberation["actions"][number], Deliberation["actions"][number]];
  const actions = [rename, { ...keep, gain: { "1": -0.3, "0": -0.9 } }];
  expect(decide({ ...silent, actions }).chosen).toMatchObject({ kind: "act", id: "rename", needsApproval: true });
  expect(decide({ ...asked(0.97, { isIrreversible: true }), actions, probes: [] }).chosen.needsApproval).toBe(false);
});

test("what is taken for granted is not looked up; something else still is", () => {
  const about = (probe: Deliberation["probes"][number]) => ({ ...asked(0.5), probes: [...asked(0.5).probes, probe] });
  const lookup = about(toolProbe("Q", "A1", 0.99, 0.99, 0.001));
  expect(chosenAfter(lookup)).toEqual(["probe", "Q"]);
  expect(chosenAfter(takeDefault(lookup, "U", 1))).toEqual(["act", "rename"]);
  const page = example();
  const other = takeDefault({ ...page, probes: page.probes.filter(({ id }) => id !== "Q") }, "askA1", 1);
  const withLookup = { ...other, probes: [...other.probes, toolProbe("R", "A2", 0.99, 0.99, 0.001)] };
  expect(chosenAfter(withLookup)).toEqual(["probe", "R"]);
});

test("without a default, silence is an answer that tells nothing", () => {
  const mute = { ...asked(0.4), probes: [{ ...question("U", "A1"), defaultAnswer: null } as Deliberation["probes"][number]] };
  expect(takeDefault(mute, "U", 1)).toEqual(observe(mute, "U", null, 1));
  expect(takeDefault(mute, "nobody", 1)).toEqual(mute);
});

test("what is known, or believed to be impossible, is not taken for granted against that", () => {
  const known = { ...asked(0.4), assumptions: [assumption("A1", 0.4, { resolved: false, status: "refuted" })] };
  expect(chosenAfter(takeDefault(known, "U", 1))).toEqual(["act", "keep"]);
  expect(chosenAfter(resolve(takeDefault(asked(0.4), "U", 1), "A1", false))).toEqual(["act", "keep"]);
});
