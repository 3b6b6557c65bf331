import { expect, test } from "vitest";
import {
  brier,
  calibrated,
  fitLine,
  isRefitDue,
  type Resolved,
  recalibrate,
  uncalibrated,
} from "#core/decision-tree/calibration";
import { logitOf, probabilityOfLogit } from "#core/decision-tree/probability";
import { createRandom } from "../../support/random.ts";

/** Samples of one who exaggerates by `factor`: what they say is likelier to be extreme than what is so. */
function exaggerating(factor: number, count: number, seed: number): Resolved[] {
  const random = createRandom(seed);
  return Array.from({ length: count }, () => {
    const truth = (5 + random.below(91)) / 100;
    return { stated: probabilityOfLogit(factor * logitOf(truth)), isTrue: random.chance(truth) };
  });
}

/** What was stated always came true, and what was denied never did: nothing in the samples holds the slope back. */
const separable: Resolved[] = Array.from({ length: 400 }, (_, index) => ({
  stated: index % 2 ? 0.7 : 0.3,
  isTrue: index % 2 === 1,
}));

test("the fit without damping and bounds runs away on samples that a line separates; ours stays within its bounds", () => {
  expect(Math.abs(undampedSlope(separable))).toBeGreaterThan(20);
  expect(fitLine(separable)).toEqual({ slope: 2, intercept: expect.closeTo(0, 6) });
});

test("no samples can drive the line out of its bounds", () => {
  const everything = [true, false].flatMap((isTrue) => [0, 0.01, 0.5, 0.99, 1].map((stated) => ({ stated, isTrue })));
  for (const sample of everything) {
    const { slope, intercept } = fitLine(Array.from({ length: 1_000 }, () => sample));
    expect(slope).toBeGreaterThanOrEqual(0.05);
    expect(slope).toBeLessThanOrEqual(2);
    expect(Math.abs(intercept)).toBeLessThanOrEqual(2);
  }
});

test("without samples a model is taken at its word", () => {
  expect(fitLine([])).toEqual({ slope: 1, intercept: 0 });
  expect(calibrated(0.7)).toBeCloseTo(0.7, 12);
});

test("a handful of truths moves the line a little", () => {
  const [sample] = separable;
  const { slope, intercept } = fitLine(sample ? [sample, sample, sample] : []);
  expect(slope).toBeGreaterThan(1);
  expect(slope).toBeLessThan(1.2);
  expect(Math.abs(intercept)).toBeLessThan(0.6);
});

test("who exaggerates twofold is believed half as much", () => {
  const { slope, intercept } = fitLine(exaggerating(2, 4_000, 1));
  expect(slope).toBeCloseTo(0.5, 1);
  expect(intercept).toBeCloseTo(0, 1);
  expect(brier(exaggerating(2, 4_000, 2), { slope, intercept })).toBeLessThan(brier(exaggerating(2, 4_000, 2)));
});

test("a line is adopted only if it is not worse on the newest fifth, which it has not seen", () => {
  const better = recalibrate(uncalibrated, "code_fact", exaggerating(2, 400, 3));
  expect(better.version).toBe(1);
  expect(better.byKind.code_fact?.slope).toBeLessThan(0.8);
  expect(better.byKind.env_fact).toBeUndefined();
  // The world has turned since: what was fitted on the past is worse than what is in use.
  const turned = [
    ...exaggerating(1, 320, 4).map(({ stated, isTrue }) => ({ stated, isTrue: !isTrue })),
    ...exaggerating(1, 80, 5),
  ];
  expect(recalibrate(better, "code_fact", turned)).toBe(better);
  expect(recalibrate(uncalibrated, "code_fact", [])).toBe(uncalibrated);
});

test("whatever the world does between two fits, a line that is worse on the newest fifth is never adopted", () => {
  let adopted = 0;
  for (let seed = 1; seed <= 40; seed++) {
    const random = createRandom(seed);
    let before = uncalibrated;
    let samples: Resolved[] = [];
    for (let round = 0; round < 12; round++) {
      // It turns now and then: what was learnt is wrong of a sudden.
      const turn = (sample: Resolved) => (random.chance(0.5) ? { ...sample, isTrue: !sample.isTrue } : sample);
      const fresh = exaggerating(0.3 + random.below(30) / 10, 1 + random.below(60), seed * 100 + round);
      samples = [...samples, ...(random.chance(0.5) ? fresh.map(turn) : fresh)];
      const after = recalibrate(before, "code_fact", samples);
      const heldOut = samples.slice(Math.floor(samples.length * 0.8));
      const [now = 1, then = 0] = [after, before].map(({ byKind }) => brier(heldOut, byKind.code_fact));
      expect([seed, round, now <= then]).toEqual([seed, round, true]);
      if (after !== before) adopted += 1;
      before = after;
    }
  }
  expect(adopted).toBeGreaterThan(40);
});

test("a fit is due after thirty new truths", () => {
  expect([29, 30].map(isRefitDue)).toEqual([false, true]);
});

/** Newton's method as it stands in the books: no prior, no damping, no bounds. */
function undampedSlope(samples: readonly Resolved[]): number {
  let [slope, intercept] = [1, 0];
  for (let iteration = 0; iteration < 25; iteration++) {
    let [gradientSlope, gradientIntercept, curveSlope, curveIntercept, curveBoth] = [0, 0, 0, 0, 0];
    for (const { stated, isTrue } of samples) {
      const logit = logitOf(stated);
      const probability = probabilityOfLogit(slope * logit + intercept);
      const variance = probability * (1 - probability);
      gradientSlope += ((isTrue ? 1 : 0) - probability) * logit;
      gradientIntercept += (isTrue ? 1 : 0) - probability;
      curveSlope += variance * logit * logit;
      curveIntercept += variance;
      curveBoth += variance * logit;
    }
    const determinant = curveSlope * curveIntercept - curveBoth * curveBoth;
    slope += (curveIntercept * gradientSlope - curveBoth * gradientIntercept) / determinant;
    intercept += (curveSlope * gradientIntercept - curveBoth * gradientSlope) / determinant;
  }
  return slope;
}
