/** Outcomes become credit, credit becomes trust, and trust decides who is shown. */
import { expect, test } from "vitest";
import { baselineOf, noBaselines, withTurn } from "#core/memory/baseline";
import { choose, propensities } from "#core/memory/choice";
import { noPrior, priorMean, probabilityAbove, relevanceWeight, upliftOf } from "#core/memory/credit";
import { watch } from "#core/memory/cusum";
import type { Fragment, Statistics } from "#core/memory/fragment";
import { armOf, holdOutShare } from "#core/memory/hold-out";
import { type Knowledge, learn } from "#core/memory/learn";
import { demoted, nextState } from "#core/memory/lifecycle";
import { outcomeOf, type Signal } from "#core/memory/outcome";
import { Random } from "../../simulation/random.ts";
import { byId, fragment } from "./fragments.ts";

const nothing: Knowledge = { prior: noPrior, baselines: noBaselines };
const statistics = (parts: Partial<Statistics>): Statistics => ({ ...fragment("any").statistics, ...parts });
const dice = (seed: number) => {
  const random = new Random(seed);
  return () => random.next();
};
const candidate = (one: Fragment, relevance = 1, words = one.id) => ({
  fragment: one,
  relevance,
  terms: new Set(words.split(" ")),
});

test("a new fragment is expected to bring three points, give or take ten; its record moves that by Bayes' rule", () => {
  expect(priorMean(noPrior)).toBeCloseTo(0.03, 12);
  expect(upliftOf(statistics({}), 0.03)).toEqual({ mean: expect.closeTo(0.03, 12), deviation: expect.closeTo(0.1, 12) });
  // Worked by hand: 1 / (100 + 25 / .25) = 1/200; (0.03·100 + 5/.25) / 200 = 0.115.
  const { mean, deviation } = upliftOf(statistics({ weight: 25, credit: 5 }), 0.03);
  expect(mean).toBeCloseTo(0.115, 12);
  expect(deviation).toBeCloseTo(Math.sqrt(1 / 200), 12);
  expect(probabilityAbove({ mean: 0.0164485, deviation: 0.01 }, 0)).toBeCloseTo(0.95, 5);
});

test("what is learnt about new fragments stays between minus five and plus twelve points", () => {
  expect(priorMean({ credit: -1e6, weight: 1e3 })).toBe(-0.05);
  expect(priorMean({ credit: 1e6, weight: 1e3 })).toBe(0.12);
});

test("a match below one half counts nothing, a better one by its square", () => {
  expect([0, 0.49, 0.5, 0.8, 1, 3].map(relevanceWeight)).toEqual([0, 0, 0.25, 0.8 ** 2, 1, 1]);
});

const outcomes: [Signal[], ReturnType<typeof outcomeOf>][] = [
  [[], null],
  [[{ type: "accepted", editedShare: 0 }], { y: 1, weight: 1 }],
  [[{ type: "accepted", editedShare: 0.5 }], { y: 0.7, weight: 1 }],
  [[{ type: "accepted", editedShare: 7 }], { y: 0.4, weight: 1 }],
  [[{ type: "testsPassed" }], { y: 1, weight: 1 }],
  [[{ type: "testsPassed" }, { type: "testsBroke" }], { y: 0, weight: 1 }],
  [[{ type: "declined" }, { type: "testsPassed" }], { y: 0, weight: 1 }],
  [[{ type: "declined" }, { type: "accepted", editedShare: 0 }], { y: 1, weight: 1 }],
  [[{ type: "reverted" }, { type: "accepted", editedShare: 0 }, { type: "testsPassed" }], { y: 0.1, weight: 1 }],
  [[{ type: "rephrased" }], { y: 0.25, weight: 0.5 }],
  [[{ type: "rephrased" }, { type: "testsPassed" }], { y: 1, weight: 1 }],
  [[{ type: "interrupted" }], null],
  [[{ type: "interrupted" }, { type: "corrected" }], { y: 0.2, weight: 0.5 }],
  [[{ type: "failed" }], null],
  [[{ type: "accepted", editedShare: 0 }, { type: "failed" }], { y: 1, weight: 1 }],
];

test.each(outcomes)("the signals %j are worth %j", (signals, outcome) => {
  expect(outcomeOf(signals)).toEqual(outcome);
});

test("a success in an easy cluster earns less than one in a hard cluster", () => {
  let baselines = noBaselines;
  for (let turn = 0; turn < 50; turn++) {
    for (const [cluster, y] of [
      ["any/easy", 1],
      ["any/hard", 0],
    ] as const)
      baselines = withTurn(baselines, { cluster, arm: "none", y, weight: 1, brought: 0 });
  }
  expect(baselineOf(baselines, "any/easy")).toBeGreaterThan(0.95);
  expect(baselineOf(baselines, "any/hard")).toBeLessThan(0.05);
  expect(baselineOf(baselines, "any/new")).toBeCloseTo(0.5, 6);
  const credits = ["any/easy", "any/hard"].map((cluster) => {
    const turn = { cluster, arm: "memory", shown: [{ id: "a", weight: 1 }], dropped: [] } as const;
    const learnt = learn(
      byId([fragment("a")]),
      { ...nothing, baselines },
      { ...turn, shown: [...turn.shown], dropped: [] },
      { y: 1, weight: 1 },
      1,
    );
    return learnt.fragments[0]?.statistics.credit ?? 0;
  });
  expect(credits[0]).toBeLessThan(0.05);
  expect(credits[1]).toBeGreaterThan(0.95);
});

test("what is shown together shares the credit: each gets what the other is not believed to have brought", () => {
  const proven = fragment("proven", { statistics: statistics({ weight: 400, credit: 60 }) });
  const fragments = byId([proven, fragment("new"), fragment("dropped")]);
  const turn = {
    cluster: "any/fix",
    arm: "memory" as const,
    shown: [
      { id: "proven", weight: 1 },
      { id: "new", weight: 1 },
      { id: "forgotten", weight: 1 },
    ],
    dropped: [{ id: "dropped", weight: 1 }],
  };
  const learnt = learn(fragments, nothing, turn, { y: 1, weight: 1 }, 5);
  const [first, second, third] = learnt.fragments;
  const { mean } = upliftOf(proven.statistics, 0.03);
  expect(second?.statistics).toMatchObject({ weight: 1, shown: 1, shownSum: 1, credit: expect.closeTo(0.5 - mean, 12) });
  expect(first?.statistics.credit).toBeCloseTo(60 + 0.5 - 0.03, 12);
  expect(third?.statistics).toEqual({ ...statistics({}), dropped: 1, droppedSum: 1 });
  expect(learnt.fragments.map(({ lastUsedAt }) => lastUsedAt)).toEqual([5, 5, 0]);
  // Two of weight 1: 2 · 0.5 / 2² and 2 · 1 / 2.
  expect(learnt.prior).toEqual({ credit: 0.25, weight: 1 });
});

test("a disappointment is forgiven, a run of them raises the alarm, and then the fragment has to prove itself again", () => {
  expect(watch(0, 0.1, 0.1)).toEqual({ cusum: 0, isAlarm: false });
  expect(watch(6.9, 0.1, -0.1).isAlarm).toBe(true);
  let fragments = byId([fragment("a", { state: "active", statistics: statistics({ weight: 400, credit: 60 }) })]);
  let turns = 0;
  while (fragments.get("a")?.state === "active" && turns < 100) {
    const turn = { cluster: "any/fix", arm: "memory" as const, shown: [{ id: "a", weight: 1 }], dropped: [] };
    const learnt = learn(fragments, nothing, turn, { y: 0, weight: 1 }, turns);
    fragments = byId(learnt.fragments);
    turns += 1;
  }
  expect(fragments.get("a")).toMatchObject({ state: "probation", statistics: { credit: 0, cusum: 0 } });
  expect(turns).toBeLessThan(20);
});

test("a fragment rises by its record, falls into quarantine, and leaves it by no success", () => {
  const at = (weight: number, credit: number, shown = weight) => {
    const record = statistics({ weight, credit, shown });
    return { statistics: record, uplift: upliftOf(record, 0.03) };
  };
  const next = (
    state: Fragment["state"],
    { statistics: record, uplift }: ReturnType<typeof at>,
    kind: Fragment["kind"] = "strategy",
  ) => nextState(fragment("a", { state, kind, statistics: record }), uplift);
  expect(next("candidate", at(9, 3))).toBe("candidate");
  expect(next("candidate", at(10, 3))).toBe("probation");
  expect(next("candidate", at(10, 3), "metaprompt")).toBe("candidate");
  expect(next("probation", at(39, 9))).toBe("probation");
  expect(next("probation", at(40, 9))).toBe("active");
  expect(next("active", at(60, -12))).toBe("quarantined");
  expect(next("active", at(30, -9, 30))).toBe("quarantined");
  expect(next("candidate", at(20, -0.8, 39))).toBe("candidate");
  expect(next("candidate", at(20, -0.8, 40))).toBe("quarantined");
  expect(next("quarantined", at(400, 200))).toBe("quarantined");
  expect(demoted(fragment("a", { state: "active" }), 9)).toMatchObject({ state: "probation", stateSince: 9 });
});

test("whatever outcomes come, no shown fragment stays that is almost surely harmful", () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = new Random(seed);
    let fragments = byId(["a", "b", "c"].map((id) => fragment(id, { state: random.pick(["candidate", "probation", "active"]) })));
    let knowledge = nothing;
    for (let turn = 0; turn < 300; turn++) {
      const shown = [...fragments.values()]
        .filter(({ state }) => state !== "quarantined" && random.chance(0.5))
        .map(({ id }) => ({ id, weight: 0.3 + 0.7 * random.next() }));
      const used = { cluster: `any/${random.below(3)}`, arm: random.pick(["memory", "none"] as const), shown, dropped: [] };
      const learnt = learn(fragments, knowledge, used, { y: Number(random.chance(0.3)), weight: random.pick([0.5, 1]) }, turn);
      fragments = new Map([...fragments, ...byId(learnt.fragments)]);
      knowledge = { prior: learnt.prior, baselines: learnt.baselines };
      for (const one of learnt.fragments) {
        const isDoomed =
          one.statistics.weight >= 40 && probabilityAbove(upliftOf(one.statistics, priorMean(knowledge.prior)), 0) < 0.05;
        expect(isDoomed && one.state !== "quarantined", `seed ${seed}, turn ${turn}`).toBe(false);
      }
    }
  }
});

test("two are shown at most, the better ones more often, near-duplicates seldom together, none that is silenced", () => {
  const good = fragment("good", { statistics: statistics({ weight: 100, credit: 20 }) });
  const twin = fragment("twin", { statistics: statistics({ weight: 100, credit: 18 }) });
  const other = fragment("other", { statistics: statistics({ weight: 100, credit: 15 }) });
  const silent = (["quarantined", "tombstone"] as const).map((state) => fragment(state, { ...good, id: state, state }));
  const prompt = fragment("prompt", { ...good, id: "prompt", kind: "metaprompt" });
  const candidates = [
    candidate(good, 1, "same words here"),
    candidate(twin, 1, "same words here"),
    candidate(other),
    ...[...silent, prompt].map((one) => candidate(one)),
    candidate(fragment("far"), 0.4),
  ];
  const counts = new Map<string, number>();
  const throws = dice(1);
  let dropped = 0;
  for (let turn = 0; turn < 2_000; turn++) {
    const choice = choose(candidates, 0.03, throws);
    expect(choice.shown.length + choice.dropped.length).toBeLessThanOrEqual(2);
    dropped += choice.dropped.length;
    for (const { id } of [...choice.shown, ...choice.dropped]) counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  expect([...counts.keys()].sort()).toEqual(["good", "other", "twin"]);
  expect(counts.get("good")).toBeGreaterThan(counts.get("twin") ?? 0);
  // Without the push, the twin with its better record would come more often than the other.
  expect(counts.get("other")).toBeGreaterThan(counts.get("twin") ?? 0);
  expect(dropped / 4_000).toBeCloseTo(0.1, 1);
  const likely = propensities(candidates, 0.03, dice(2));
  expect(likely.get("quarantined")).toBe(0);
  expect(likely.get("good")).toBeGreaterThan(0.5);
});

test("a fragment with a bad record is not shown after forty turns; what is shown fits into six hundred tokens", () => {
  const bad = fragment("bad", { statistics: statistics({ shown: 40, weight: 10, credit: -1.5 }) });
  const young = fragment("young", { statistics: statistics({ shown: 39, weight: 10, credit: -1.5 }) });
  const shownOf = (one: Fragment) => {
    const throws = dice(3);
    return Array.from({ length: 500 }, () => choose([candidate(one)], 0.03, throws).shown.length).reduce(
      (sum, count) => sum + count,
      0,
    );
  };
  expect(shownOf(bad)).toBe(0);
  expect(shownOf(young)).toBeGreaterThan(0);
  const good = statistics({ weight: 400, credit: 60 });
  const long = ["a", "b"].map((id) => candidate(fragment(id, { content: "x".repeat(600), statistics: good })));
  const huge = { ...candidate(fragment("huge", { content: "x".repeat(2_500), statistics: good })) };
  expect(choose(long, 0.03, () => 0.5).shown).toHaveLength(2);
  expect(choose([huge], 0.03, () => 0.5)).toEqual({ shown: [], dropped: [] });
});

test("threads are held out: half of them first, then fewer; the same thread always the same", () => {
  expect([0, 1_999, 2_000, 9_999, 10_000].map(holdOutShare)).toEqual([0.5, 0.5, 0.2, 0.2, 0.1]);
  for (const share of [0.5, 0.2, 0.1]) {
    const arms = Array.from({ length: 10_000 }, (_, place) =>
      armOf({ threadId: `thread-${place}`, scopeKey: "account", epoch: 1 }, share),
    );
    expect(arms.filter((arm) => arm === "none").length / 10_000).toBeCloseTo(share, 1);
  }
  const ofEpoch = (epoch: number) =>
    Array.from({ length: 1_000 }, (_, place) => armOf({ threadId: `thread-${place}`, scopeKey: "account", epoch }, 0.5));
  expect(ofEpoch(1)).toEqual(ofEpoch(1));
  const same = ofEpoch(1).filter((arm, place) => arm === ofEpoch(2)[place]).length;
  expect(same).toBeGreaterThan(430);
  expect(same).toBeLessThan(570);
});
