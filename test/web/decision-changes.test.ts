/** What a revision of a decision is said to have changed. */
import { expect, test } from "vitest";
import type { DecisionTreeRevision } from "#protocol/decision-tree-methods";
import { causeOf, type Evidence, flipOf, lastFlip, ratioInWords } from "../../web/app/decision/changes.ts";

type Assumption = DecisionTreeRevision["assumptions"][number];

const seen: Evidence = {
  by: "Q",
  method: "command",
  observed: false,
  sensitivity: 0.95,
  specificity: 0.95,
  weight: 1,
  probabilityBefore: 0.7,
  probabilityAfter: 0.1,
  atMs: 1,
  isStale: false,
};

/** patch leads unless its utility says otherwise. */
function revision(
  number: number,
  {
    patch = 0.45,
    assumption = {},
    chosen = {},
    isSpent = false,
    kind = "tool",
    ...rest
  }: Partial<Omit<DecisionTreeRevision, "chosen">> & {
    patch?: number;
    assumption?: Partial<Assumption>;
    chosen?: Partial<DecisionTreeRevision["chosen"]>;
    isSpent?: boolean;
    kind?: "tool" | "user";
  } = {},
): DecisionTreeRevision {
  const leadingActionId = patch > 0.3 ? "patch" : "guard";
  return {
    turnId: "t",
    revision: number,
    mode: "observe",
    source: "declaration",
    assumptions: [
      {
        id: "A1",
        text: "it says yes",
        kind: "code_fact",
        probability: 0.7,
        status: "open",
        group: null,
        evidence: [],
        ...assumption,
      },
    ],
    actions: [
      { id: "patch", description: "", expectedUtility: patch, harmProbability: 0.3, cost: 0.1 },
      { id: "guard", description: "", expectedUtility: 0.3, harmProbability: 0, cost: 0.05 },
    ],
    scenarios: [],
    splits: [],
    probes: [{ id: "Q", assumptionId: "A1", kind, valueOfInformation: 0.2, netValueOfInformation: 0.1, isSpent }],
    root: { type: "leaf", probability: 1, actionId: leadingActionId, expectedUtility: 0.3 },
    leadingActionId,
    chosen: {
      kind: "act",
      id: leadingActionId,
      because: "It is best. No doubt.",
      needsApproval: false,
      pairedWith: null,
      ...chosen,
    },
    ...rest,
  };
}

const declared = revision(1, { chosen: { kind: "probe", id: "Q" } });

test.each([
  ["the first revision", null, declared, "The model declared it"],
  ["a tree that was read from a trace", null, revision(1, { source: "trace" }), "Read from the model's words"],
  ["another declaration of the turn", declared, revision(2, { assumptions: [] }), "The model declared it anew"],
  ["a declaration after a trace", revision(1, { source: "trace" }), revision(2), "The model declared it anew"],
  ["a probe", declared, revision(2, { assumption: { evidence: [seen] }, isSpent: true }), "Q says that A1 is not so"],
  ["a probe that told nothing", declared, revision(2, { isSpent: true }), "The answer to Q was unclear"],
  [
    "an answer to a question",
    revision(1, { kind: "user" }),
    revision(2, {
      kind: "user",
      isSpent: true,
      assumption: { evidence: [{ ...seen, by: "user", method: "user", observed: true }] },
    }),
    "Q was answered: A1 is so",
  ],
  [
    "a person's own word",
    declared,
    revision(2, { assumption: { evidence: [{ ...seen, by: "user", method: "user" }] } }),
    "A person says that A1 is not so",
  ],
  [
    "silence",
    declared,
    revision(2, { assumption: { evidence: [{ ...seen, by: "default", method: "default", observed: true }] } }),
    "Nobody answered, so A1 is taken to be so",
  ],
  ["the turn's end", declared, revision(2, { assumption: { resolved: false } }), "A1 became known to not be so"],
  [
    "a person who corrects what was known",
    revision(1, { assumption: { resolved: false } }),
    revision(2, { assumption: { resolved: true } }),
    "A person says that A1 is so",
  ],
  ["a change of the world", declared, revision(2, { assumption: { status: "stale" } }), "What A1 is about has changed"],
  [
    "an action that a person did not allow",
    revision(1),
    revision(2, { chosen: { id: "guard", because: "patch is not done: the user declined it. guard takes its place." } }),
    "patch is not done: the user declined it",
  ],
  ["nothing that can be seen", revision(1), revision(2), "Weighed anew"],
])("the cause of a revision: %s", (_, before, after, cause) => {
  expect(causeOf(before, after)).toBe(cause);
});

const fell = { patch: -0.06, assumption: { evidence: [seen] }, isSpent: true };

test("a flip says who turned it, what moved most, and what came of it", () => {
  expect(flipOf(declared, revision(2, fell))).toBe("Q says that A1 is not so: patch fell from 0.45 to −0.06, guard was chosen.");
});

test("a flip behind the choice does not claim that it was made otherwise", () => {
  const after = revision(2, { ...fell, chosen: { id: "patch" } });
  expect(flipOf(revision(1), after)).toMatch(/, guard leads now, but patch was chosen before that\.$/);
});

test("a flip while something is still looked up chose nothing yet", () => {
  expect(flipOf(declared, revision(2, { ...fell, chosen: { kind: "ask", id: "U" } }))).toMatch(/, guard leads now\.$/);
});

test("no flip where nothing else leads, where another thing was declared, and where the turn's end made it known", () => {
  expect(flipOf(null, declared)).toBeNull();
  expect(flipOf(declared, revision(2, { patch: 0.4 }))).toBeNull();
  expect(flipOf(revision(1, { source: "trace" }), revision(2, fell))).toBeNull();
  expect(flipOf(declared, revision(2, { patch: -0.06, assumption: { resolved: false } }))).toBeNull();
});

test("the newest flip is found, with its revision", () => {
  const trees = [declared, revision(2, fell), revision(3, fell)];
  expect(lastFlip(trees)?.revision).toBe(2);
  expect(lastFlip(trees.slice(0, 1))).toBeNull();
});

test.each([
  [{ observed: true }, "19 times likelier if it is so"],
  [{ observed: false }, "19 times likelier if it is not so"],
  [{ observed: true, weight: 0.5 }, "4.4 times likelier if it is so"],
  [{ observed: true, sensitivity: 0.5, specificity: 0.5 }, "as likely either way"],
  [{ observed: true, specificity: 1 }, "only possible if it is so"],
  [{ observed: false, sensitivity: 1 }, "only possible if it is not so"],
  [{ method: "default" as const, weight: 0 }, "says nothing of the truth"],
])("what evidence says: %j", (evidence, words) => {
  expect(ratioInWords({ ...seen, ...evidence })).toBe(words);
});
