/** Rivals, those that are best at something, what rises to a wider circle, and what a tree may be told. */
import { describe, expect, test } from "vitest";
import { championOf } from "#core/memory/champion";
import { type Fragment, noStatistics } from "#core/memory/fragment";
import { type Contender, paretoSet } from "#core/memory/pareto";
import { promotedToAccount, promotedToAll } from "#core/memory/promotion";
import {
  compared,
  mayReplace,
  newPositionBias,
  newRating,
  probabilityStronger,
  refit,
  settledVerdict,
} from "#core/memory/rating";
import { actionPriors, expansionOrder, logOddsShift } from "#core/memory/tree-prior";
import { draft, fragment } from "./fragments.ts";

test("a judge that goes with the place and not with the text has said nothing", () => {
  expect([settledVerdict("first", "second"), settledVerdict("second", "first")]).toEqual([1, 0]);
  expect([settledVerdict("first", "first"), settledVerdict("second", "second")]).toEqual([0.5, 0.5]);
});

test("one win moves winner, loser and bias by the step that the logistic model gives", () => {
  const { first, second, bias } = compared(newRating, newRating, newPositionBias, 1);
  // σ(0.3) = 0.574443; variance 1 / (1 + 0.574443 · 0.425557) = 0.803562; step 0.803562 · 0.425557 = 0.341962.
  expect(first).toEqual({ mean: expect.closeTo(0.341962, 5), variance: expect.closeTo(0.803562, 5), games: 1 });
  expect(second.mean).toBeCloseTo(-first.mean, 12);
  expect(bias.mean).toBeCloseTo(0.3 + first.mean, 12);
});

test("when everything is weighed again, order does not matter", () => {
  const games = [
    { first: "a", second: "b", y: 1 },
    { first: "b", second: "c", y: 1 },
    { first: "c", second: "a", y: 0 },
    { first: "b", second: "a", y: 0.5 },
  ];
  const one = refit(games);
  const other = refit(games.toReversed());
  for (const id of ["a", "b", "c"]) expect(other.ratings.get(id)?.mean).toBeCloseTo(one.ratings.get(id)?.mean ?? 9, 6);
  expect([...one.ratings].sort((x, y) => y[1].mean - x[1].mean).map(([id]) => id)).toEqual(["a", "b", "c"]);
  expect(one.ratings.get("a")?.games).toBe(3);
});

test("a champion falls only to what is surely stronger, often compared, and no worse in outcomes", () => {
  const champion = { mean: 0, variance: 0.1, games: 30 };
  const challenger = { mean: 0.7, variance: 0.1, games: 12 };
  expect(probabilityStronger(challenger, champion)).toBeCloseTo(0.9412, 3);
  expect(mayReplace(challenger, champion, 0)).toBe(true);
  expect(mayReplace({ ...challenger, games: 11 }, champion, 0.1)).toBe(false);
  expect(mayReplace(challenger, champion, -0.01)).toBe(false);
  expect(mayReplace({ ...challenger, mean: 0.5 }, champion, 0.1)).toBe(false);
});

test("a specialist stays beside the best on average; who is best at nothing goes; four at most", () => {
  const contenders: Contender[] = [
    { id: "average", scores: { a: 0.8, b: 0.8, c: 0.8 } },
    { id: "specialist", scores: { a: 0.1, b: 0.9 } },
    { id: "second", scores: { a: 0.7, b: 0.7, c: 0.7 } },
  ];
  expect(paretoSet(contenders)).toEqual(["average", "specialist"]);
  expect(paretoSet(contenders.toReversed())).toEqual(["average", "specialist"]);
  const many = Array.from({ length: 7 }, (_, place) => ({ id: `m${place}`, scores: { [`cluster${place}`]: 1 } }));
  expect(paretoSet(many)).toHaveLength(4);
  expect(paretoSet([])).toEqual([]);
});

test("three threads make it the account's, three accounts that agreed make it everybody's, and no tool's text ever", () => {
  const provenance = [1, 2, 3].map((thread) => ({ threadId: `t${thread}`, turnId: "u", evidence: "tests" as const }));
  const proven = fragment("a", { state: "active", provenance });
  expect(promotedToAccount([proven])).toEqual(draft({ provenance }));
  expect(promotedToAccount([{ ...proven, provenance: provenance.slice(1) }])).toBe(null);
  expect(promotedToAccount([{ ...proven, provenance: provenance.map((one) => ({ ...one, evidence: "judge" as const })) }])).toBe(
    null,
  );
  expect(promotedToAccount([{ ...proven, trust: "toolText" }])).toBe(null);
  expect(promotedToAccount([{ ...proven, state: "probation" }])).toBe(null);
  const accounts = ["x", "y", "z"].map((account) => ({ ...proven, id: account, account }));
  expect(promotedToAll(accounts, new Set(["x", "y", "z"]))).toEqual(draft({ provenance: [] }));
  expect(promotedToAll(accounts, new Set(["x", "y"]))).toBe(null);
  expect(promotedToAll(accounts.slice(1), new Set(["x", "y", "z"]))).toBe(null);
});

test("notes move an assumption by seven tenths of log-odds at most, and order actions without deciding", () => {
  expect(logOddsShift([{ weight: 1, uplift: 0.1 }])).toBeCloseTo(0.4, 12);
  expect(logOddsShift(Array.from({ length: 9 }, () => ({ weight: 1, uplift: 0.1 })))).toBe(0.7);
  expect(logOddsShift([{ weight: 1, uplift: -3 }])).toBe(-0.7);
  const [helped = 0, plain = 0] = actionPriors([[{ weight: 1, uplift: 0.1 }], []]);
  expect(helped + plain).toBeCloseTo(1, 12);
  expect(helped).toBeGreaterThan(plain);
  expect(expansionOrder(0.3, 0.5, 0, 4)).toBeCloseTo(0.8, 12);
  expect(expansionOrder(0.3, 0.5, 4, 4)).toBeCloseTo(0.4, 12);
});

describe("the champion", () => {
  const wording = (id: string, rating: Fragment["rating"] = null, statistics: Partial<Fragment["statistics"]> = {}) =>
    fragment(id, { kind: "metaprompt", state: "active", rating, statistics: { ...noStatistics, ...statistics } });
  const strong = { mean: 1.6, variance: 0.2, games: 12 };

  test("the first that is approved has the place, and keeps it against one that only looks better", () => {
    expect(championOf([], null)).toBe(null);
    expect(championOf([wording("a")], null)).toBe("a");
    expect(championOf([wording("a"), wording("b")], "a")).toBe("a");
    expect(championOf([wording("a"), wording("b", { ...strong, games: 11 })], "a")).toBe("a");
    expect(championOf([wording("a"), wording("b", { ...strong, mean: 1.2 })], "a")).toBe("a");
    expect(championOf([wording("a"), wording("b", strong, { weight: 10, credit: -1 })], "a")).toBe("a");
  });

  test("it falls to the strongest of those that are probably stronger, and its place to the strongest when it is gone", () => {
    const rivals = [wording("b", strong), wording("c", { ...strong, mean: 1.7 }), wording("d", { ...strong, mean: 2, games: 3 })];
    expect(championOf([wording("a"), ...rivals], "a")).toBe("c");
    expect(championOf([wording("a"), ...rivals], "gone")).toBe("d");
    expect(championOf([wording("b"), wording("a")], "gone")).toBe("a");
  });
});
