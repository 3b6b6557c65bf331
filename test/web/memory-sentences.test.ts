/** What is said of a fragment of the memory. */
import { expect, test } from "vitest";
import { effectOf, type FragmentEvidence, ratingOf, scopeInWords, threadsOf } from "../../web/app/memory/sentences.ts";

type Known = Partial<Pick<FragmentEvidence, "shown" | "dropped" | "uplift">>;

const evidence = ({ shown = { turns: 15, mean: 0.8 }, dropped = { turns: 2, mean: 0.5 }, uplift }: Known): FragmentEvidence => ({
  shown,
  dropped,
  uplift: uplift ?? { mean: 0.08, deviation: 0.05, helpsProbability: 0.93 },
  byCluster: {},
  runs: [],
});
const none = { turns: 0, mean: null };

test.each<[string, Known, string]>([
  [
    "nothing is known",
    { shown: none, dropped: none },
    "Not tried yet: no turn that could have been shown it has ended in an outcome.",
  ],
  [
    "it was shown and left out",
    {},
    "Shown in 15 turns, which went 0.80 on the average; the dice left it out of 2 turns, which went 0.50 on the average. Effect +8 points (95 %: −1.8 … +17.8): whether it helps is not decided (it does with 93 %).",
  ],
  [
    "it was only left out",
    { shown: none, dropped: { turns: 1, mean: 1 } },
    "Shown in no turn yet; the dice left it out of 1 turn, which went 1.00 on the average.",
  ],
  [
    "its record was halved",
    { shown: { turns: 7.5, mean: 0.8 }, dropped: none },
    "Shown in 7.5 turns, which went 0.80 on the average; the dice never left it out.",
  ],
  ["it helps", { uplift: { mean: 0.2, deviation: 0.02, helpsProbability: 0.9999 } }, "it helps (>99 % sure)."],
  [
    "it harms",
    { uplift: { mean: -0.2, deviation: 0.05, helpsProbability: 0.02 } },
    "Effect −20 points (95 %: −29.8 … −10.2): it harms (98 % sure).",
  ],
])("the effect where %s", (_, known, words) => {
  expect(effectOf(evidence(known)).replaceAll("\u00a0", " ")).toContain(words);
});

test("an estimate that no outcome stands behind is not told", () => {
  expect(effectOf(evidence({ shown: none, dropped: none }))).not.toMatch(/points/);
});

test("scopes are named as people know them", () => {
  const scopes = ["account", "global", "repository/github.com/a/b", "thread/01a1fd71-47bf-796b"];
  expect(scopes.map(scopeInWords)).toEqual([
    "the whole account",
    "all accounts that share",
    "repository github.com/a/b",
    "one thread 01a1fd71",
  ]);
});

test("a thread that taught it twice is named once, the last first", () => {
  const from = (threadId: string) => ({ threadId, turnId: "t", evidence: "user" as const });
  expect(threadsOf({ provenance: [from("a"), from("b"), from("a")] })).toEqual(["b", "a"]);
});

test("a rating says how much it rests on", () => {
  expect(ratingOf(null)).toBe("Not compared yet.");
  expect(ratingOf({ mean: 0.5, variance: 0.25, games: 1 })).toBe("Compared 1 time: strength 0.50 ± 0.50.");
});
