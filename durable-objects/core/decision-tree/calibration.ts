/** What a model's "likely" turned out to mean, per kind of assumption. */
import { clamp, logitOf, probabilityOfLogit } from "#core/decision-tree/probability";
import { limits } from "#core/limits";
import type { AssumptionKind, Likelihood } from "#protocol/declare-assumptions";

/** p = σ(a·logit(p₀) + b): `slope` is a, `intercept` is b. */
export interface Line {
  slope: number;
  intercept: number;
}

/** `version` rises by one with every line that is adopted. A kind that is missing is taken at its word. */
export interface Calibration {
  version: number;
  byKind: Partial<Record<AssumptionKind, Line>>;
}

/** Whose probability was stated, and what turned out to be true. */
export interface Resolved {
  stated: number;
  isTrue: boolean;
}

export const uncalibrated: Calibration = { version: 0, byKind: {} };

/** PCE's scale of 1 to 5 as probabilities. The paper does not give the mapping; this one is ours. */
export function statedProbability(verbal: Likelihood): number {
  return [0.1, 0.3, 0.5, 0.7, 0.9][verbal - 1] ?? 0.5;
}

export function calibrated(stated: number, line: Line = asStated): number {
  return probabilityOfLogit(line.slope * logitOf(stated) + line.intercept);
}

const asStated: Line = { slope: 1, intercept: 0 };

/** New resolved assumptions of a kind after which it is worth fitting again. Our design. */
export function isRefitDue(newlyResolved: number): boolean {
  return newlyResolved >= limits.calibrationRefitAfter;
}

/**
 * Fits one kind's line on the older 80 % of what was resolved, oldest first, and adopts it only if its Brier score on the newest 20 % is
 * not worse than that of the line in use.
 */
export function recalibrate(current: Calibration, kind: AssumptionKind, resolved: readonly Resolved[]): Calibration {
  const samples = resolved.slice(-limits.calibrationSamplesMax);
  const cut = Math.floor(samples.length * 0.8);
  const heldOut = samples.slice(cut);
  if (cut === 0 || heldOut.length === 0) return current;
  const line = fitLine(samples.slice(0, cut));
  if (brier(heldOut, line) > brier(heldOut, current.byKind[kind])) return current;
  return { version: current.version + 1, byKind: { ...current.byKind, [kind]: line } };
}

/** Mean squared error of the calibrated probabilities; 0 is perfect, 0.25 is what saying 50 % always gives. */
export function brier(samples: readonly Resolved[], line: Line = asStated): number {
  const errors = samples.map(({ stated, isTrue }) => (calibrated(stated, line) - (isTrue ? 1 : 0)) ** 2);
  return errors.reduce((sum, error) => sum + error, 0) / errors.length;
}

const slopePrior = { mean: 1, variance: 0.25 };
const interceptPrior = { mean: 0, variance: 1 };
const stepMax = 0.2;
const iterations = 60;

/**
 * The most likely line given the samples and priors a ~ N(1, 0.5²), b ~ N(0, 1): Newton's method, at most 0.2 a step, kept within
 * a ∈ [0.05, 2] and b ∈ [−2, 2]. Without damping and bounds it ran away to a = 1023 on separable samples in our first measurement.
 */
export function fitLine(samples: readonly Resolved[]): Line {
  let { slope, intercept } = asStated;
  for (let iteration = 0; iteration < iterations; iteration++) {
    let gradientSlope = (slopePrior.mean - slope) / slopePrior.variance;
    let gradientIntercept = (interceptPrior.mean - intercept) / interceptPrior.variance;
    // The negated second derivatives: the priors keep their matrix positive, so that it can always be inverted.
    let curveSlope = 1 / slopePrior.variance;
    let curveIntercept = 1 / interceptPrior.variance;
    let curveBoth = 0;
    for (const { stated, isTrue } of samples) {
      const logit = logitOf(stated);
      const probability = probabilityOfLogit(slope * logit + intercept);
      const error = (isTrue ? 1 : 0) - probability;
      const variance = probability * (1 - probability);
      gradientSlope += error * logit;
      gradientIntercept += error;
      curveSlope += variance * logit * logit;
      curveIntercept += variance;
      curveBoth += variance * logit;
    }
    const determinant = curveSlope * curveIntercept - curveBoth * curveBoth;
    const stepSlope = (curveIntercept * gradientSlope - curveBoth * gradientIntercept) / determinant;
    const stepIntercept = (curveSlope * gradientIntercept - curveBoth * gradientSlope) / determinant;
    slope = clamp(slope + clamp(stepSlope, -stepMax, stepMax), 0.05, 2);
    intercept = clamp(intercept + clamp(stepIntercept, -stepMax, stepMax), -2, 2);
  }
  return { slope, intercept };
}
