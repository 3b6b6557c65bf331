import { expect, test } from "vitest";
import { brier, calibrated, type Resolved } from "#core/decision-tree/calibration";
import { type Experience, noExperience, withResolved } from "#core/decision-tree/experience";
import { logitOf, probabilityOfLogit } from "#core/decision-tree/probability";
import { sensorFor } from "#core/decision-tree/sensor";
import { limits } from "#core/limits";
import type { ResolvedAssumption } from "#core/memory/report";
import type { AssumptionKind } from "#protocol/declare-assumptions";
import { createRandom } from "../../support/random.ts";

let serial = 0;

function resolved(stated: number, isTrue: boolean, more: Partial<ResolvedAssumption> = {}): ResolvedAssumption {
  serial += 1;
  return { id: `A${serial}`, kind: "code_fact", stated, isTrue, observations: [], ...more };
}

/** What one says who exaggerates by `factor`. */
function exaggerating(factor: number, count: number, seed: number, kind: AssumptionKind = "code_fact"): ResolvedAssumption[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => {
    const truth = (5 + random.below(91)) / 100;
    return resolved(probabilityOfLogit(factor * logitOf(truth)), random.chance(truth), { kind });
  });
}

/** A turn's report after the other, a few assumptions each. */
function told(assumptions: readonly ResolvedAssumption[], before = noExperience): Experience {
  let experience = before;
  for (let at = 0; at < assumptions.length; at += 5) experience = withResolved(experience, assumptions.slice(at, at + 5));
  return experience;
}

test("after thirty truths of a kind its line is fitted, and not before", () => {
  const assumptions = exaggerating(3, 400, 11);
  const early = told(assumptions.slice(0, 29));
  expect([early.calibration.version, early.unfitted.code_fact]).toEqual([0, 29]);
  const late = told(assumptions);
  expect(late.calibration.version).toBeGreaterThan(0);
  expect(late.calibration.byKind.code_fact?.slope).toBeLessThan(0.7);
  expect(late.calibration.byKind.env_fact).toBeUndefined();
  expect(late.unfitted.code_fact).toBeLessThan(limits.calibrationRefitAfter);
});

test("a line that is worse on the newest truths is never adopted, whatever was said", () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = createRandom(seed);
    let before = noExperience;
    for (let round = 0; round < 12; round++) {
      // The world turns now and then: what was learnt is wrong of a sudden.
      const sign = random.chance(0.5) ? 1 : -1;
      const truths = exaggerating(sign * (0.3 + random.below(30) / 10), 1 + random.below(60), seed * 100 + round);
      const after = withResolved(before, truths);
      if (after.calibration !== before.calibration) {
        const samples: Resolved[] = after.samples.code_fact ?? [];
        const heldOut = samples.slice(Math.floor(samples.length * 0.8));
        const [adopted, used] = [after, before].map(({ calibration }) => brier(heldOut, calibration.byKind.code_fact));
        expect([seed, round, (adopted ?? 1) <= (used ?? 0)]).toEqual([seed, round, true]);
      }
      before = after;
    }
  }
});

test("what always came true cannot drive a line out of its bounds", () => {
  const separable = Array.from({ length: 3_000 }, (_, index) => resolved(index % 2 ? 0.7 : 0.3, index % 2 === 1));
  const line = told(separable).calibration.byKind.code_fact;
  expect(line?.slope).toBeLessThanOrEqual(2);
  expect(Math.abs(line?.intercept ?? 9)).toBeLessThanOrEqual(2);
  expect(calibrated(0.9, line)).toBeLessThan(0.999);
});

test("the newest samples are kept, as many as may be", () => {
  const all = Array.from({ length: limits.calibrationSamplesMax + 7 }, (_, index) => resolved(0.5, index >= 7));
  const { samples } = withResolved(noExperience, all);
  expect(samples.code_fact?.length).toBe(limits.calibrationSamplesMax);
  expect(samples.code_fact?.every(({ isTrue }) => isTrue)).toBe(true);
});

test("what a probe said is counted against the truth, for its kind of assumption", () => {
  const observations = [{ method: "tests", observed: true } as const];
  const { sensors } = withResolved(noExperience, [
    resolved(0.5, true, { observations }),
    resolved(0.5, false, { observations }),
    resolved(0.5, false, { observations: [{ method: "tests", observed: false }] }),
    resolved(0.5, true, { kind: "env_fact", observations: [{ method: "search", observed: false }] }),
  ]);
  expect(sensors).toEqual({
    "tests code_fact": { truePositives: 1, falseNegatives: 0, trueNegatives: 1, falsePositives: 1 },
    "search env_fact": { truePositives: 0, falseNegatives: 1, trueNegatives: 0, falsePositives: 0 },
  });
  expect(sensorFor("tests", "code_fact", sensors).specificity).toBeLessThan(sensorFor("tests", "code_fact").specificity);
});

test("a report that is said again counts once, and what it says otherwise is taken back", () => {
  const first = [resolved(0.7, true, { id: "A1", observations: [{ method: "tests", observed: true }] }), resolved(0.3, false)];
  const once = withResolved(noExperience, first);
  expect(withResolved(once, first, first)).toEqual(once);
  const corrected = first.map((assumption) => (assumption.id === "A1" ? { ...assumption, isTrue: false } : assumption));
  const after = withResolved(once, corrected, first);
  expect(after.samples.code_fact).toEqual([
    { stated: 0.3, isTrue: false },
    { stated: 0.7, isTrue: false },
  ]);
  expect(after.sensors["tests code_fact"]).toEqual({ truePositives: 0, falseNegatives: 0, trueNegatives: 0, falsePositives: 1 });
  // A turn that was taken back teaches nothing.
  expect(withResolved(after, [], corrected)).toMatchObject({ samples: { code_fact: [] } });
});
