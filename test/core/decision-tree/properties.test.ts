/** What holds for every deliberation within bounds, seeded. */
import { expect, test } from "vitest";
import { compose, leavesOf } from "#core/decision-tree/compose";
import { type Deliberation, observe, takeDefault } from "#core/decision-tree/deliberation";
import { markStale } from "#core/decision-tree/staleness";
import { decide } from "#core/decision-tree/tree";
import { outlookOf } from "#core/decision-tree/utility";
import { limits } from "#core/limits";
import { createRandom, type Random } from "../../support/random.ts";
import { anyDeliberation, shuffled, toolProbe } from "./examples.ts";

const seeds = Array.from({ length: 400 }, (_, seed) => seed + 1);

function forEverySeed(check: (deliberation: Deliberation, random: Random, seed: number) => void) {
  for (const seed of seeds) {
    const random = createRandom(seed);
    check(anyDeliberation(random), random, seed);
  }
}

/** With some evidence, in the order in which it came. */
function withEvidence(deliberation: Deliberation, random: Random): Deliberation {
  let changed = deliberation;
  for (const { id } of shuffled(deliberation.probes, random))
    changed = random.chance(0.2) ? takeDefault(changed, id, 1) : observe(changed, id, random.chance(0.5), 1);
  return random.chance(0.3) ? markStale(changed, { type: "committed" }) : changed;
}

test("the probabilities of all scenarios, and those of the tree's leaves, sum to 1", () => {
  forEverySeed((given, random, seed) => {
    const deliberation = withEvidence(given, random);
    const tree = decide(deliberation);
    const total = (parts: readonly { probability: number }[]) => parts.reduce((sum, { probability }) => sum + probability, 0);
    expect(Math.abs(total(tree.scenarios) - 1), `scenarios of seed ${seed}`).toBeLessThan(1e-9);
    const leaves = leavesOf(compose(outlookOf(deliberation.assumptions, deliberation.actions)));
    expect(Math.abs(total(leaves) - 1), `leaves of seed ${seed}`).toBeLessThan(1e-9);
    expect(leaves.length, `leaves of seed ${seed}`).toBeLessThanOrEqual(2 ** limits.decisionTreeDepthMax);
  });
});

test("no number is infinite or no number at all, and what is believed keeps its doubt", () => {
  forEverySeed((given, random, seed) => {
    const tree = decide(withEvidence(given, random));
    expect(strangeNumbersIn(tree), `seed ${seed}`).toEqual([]);
    for (const { probability, status } of tree.assumptions) {
      const bound = status === "confirmed" || status === "refuted" ? 0 : 0.01;
      // In a group one person's word settles the others too.
      if (tree.assumptions.some((other) => other.status === "confirmed" || other.status === "refuted")) continue;
      expect(probability, `seed ${seed}`).toBeGreaterThanOrEqual(bound - 1e-12);
      expect(probability, `seed ${seed}`).toBeLessThanOrEqual(1 - bound + 1e-12);
    }
  });
});

test("the order in which assumptions are declared changes no utility and no choice", () => {
  forEverySeed((given, random, seed) => {
    const reordered = { ...given, assumptions: shuffled(given.assumptions, random) };
    const [one, other] = [decide(given), decide(reordered)];
    one.actions.forEach(({ expectedUtility, harmProbability }, index) => {
      expect(other.actions[index]?.expectedUtility, `seed ${seed}`).toBeCloseTo(expectedUtility, 9);
      expect(other.actions[index]?.harmProbability, `seed ${seed}`).toBeCloseTo(harmProbability, 9);
    });
    expect(other.chosen.id, `seed ${seed}`).toBe(one.chosen.id);
  });
});

test("independent evidence gives the same in any order", () => {
  forEverySeed((given, random, seed) => {
    const tools = given.assumptions.flatMap(({ id }) =>
      [0.9, 0.8, 0.55].map((share, index) => toolProbe(`${id}p${index}`, id, share, 0.7, 0)),
    );
    const heard = tools.map(({ id }) => ({ id, observed: random.chance(0.5) }));
    const all = (order: typeof heard) =>
      order.reduce((deliberation, { id, observed }) => observe(deliberation, id, observed, 1), { ...given, probes: tools });
    const [one, other] = [all(heard), all(shuffled(heard, random))];
    decide(one).assumptions.forEach(({ id, probability }) => {
      const same = decide(other).assumptions.find((assumption) => assumption.id === id);
      expect(same?.probability, `seed ${seed}`).toBeCloseTo(probability, 9);
    });
  });
});

test("knowing is never worth less than nothing, and a look-up never more than knowing for sure", () => {
  forEverySeed((given, _random, seed) => {
    const { probes, splits } = decide(given);
    for (const probe of probes) {
      const knowing =
        splits.find(({ assumptionId }) => assumptionId === probe.assumptionId)?.expectedValueOfPerfectInformation ?? 0;
      expect(probe.valueOfInformation, `seed ${seed}`).toBeGreaterThanOrEqual(0);
      expect(probe.valueOfInformation, `seed ${seed}`).toBeLessThanOrEqual(knowing + 1e-9);
    }
  });
});

test("before it is known, evidence is expected to change nothing: the mean of the beliefs after it is the belief before", () => {
  const before = { ...anyDeliberation(createRandom(1)), assumptions: [], probes: [] };
  for (const seed of seeds) {
    const random = createRandom(seed);
    const share = () => (1 + random.below(98)) / 100;
    const [prior, sensitivity, specificity] = [share(), share(), share()];
    const assumption = { ...assumptionOf(prior), logOdds: Math.log(prior / (1 - prior)) };
    const deliberation = { ...before, assumptions: [assumption], probes: [toolProbe("Q", "A1", sensitivity, specificity, 0)] };
    const [yes, no] = [true, false].map((observed) => observe(deliberation, "Q", observed, 1).assumptions[0]?.logOdds ?? 0);
    const chanceOfYes = prior * sensitivity + (1 - prior) * (1 - specificity);
    const mean = chanceOfYes * logistic(yes ?? 0) + (1 - chanceOfYes) * logistic(no ?? 0);
    // One step is bounded by 4: only sensors that say nearly all are cut.
    if (Math.max(sensitivity, specificity) < 0.9 && Math.min(sensitivity, specificity) > 0.1)
      expect(mean, `seed ${seed}`).toBeCloseTo(prior, 9);
  }
});

function assumptionOf(prior: number) {
  return { ...anyAssumption, prior };
}

const anyAssumption = {
  id: "A1",
  text: "",
  kind: "code_fact" as const,
  subject: {},
  source: "trace" as const,
  quote: null,
  verbal: null,
  calibrationVersion: 0,
  group: null,
  evidence: [],
  status: "open" as const,
  resolved: null,
};

function logistic(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds));
}

/** Where in the value a number is not finite. */
function strangeNumbersIn(value: unknown, path = ""): string[] {
  if (typeof value === "number") return Number.isFinite(value) ? [] : [path];
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => strangeNumbersIn(inner, `${path}/${name}`));
}
