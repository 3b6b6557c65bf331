/** How much an observation says: the sensitivity and specificity of a probe, what is learnt about them, and what repetition takes away. */
import { clamp } from "#core/decision-tree/probability";
import type { AssumptionKind, ProbeMethod } from "#protocol/declare-assumptions";

/** P(observed true | true) and P(observed false | false). */
export interface Sensor {
  sensitivity: number;
  specificity: number;
}

/**
 * Tests, search and a person's word: our design's starting values. Of the others an existing file is taken to be nearly certain, a command
 * to tell as much as a test.
 */
const startingSensors: Record<ProbeMethod, Sensor> = {
  tests: { sensitivity: 0.9, specificity: 0.85 },
  search: { sensitivity: 0.8, specificity: 0.9 },
  file_exists: { sensitivity: 0.98, specificity: 0.98 },
  command: { sensitivity: 0.9, specificity: 0.85 },
  user: { sensitivity: 0.98, specificity: 0.98 },
};

/** How often each outcome was seen where the truth became known later, by `${method} ${kind}`. */
export type SensorCounts = Record<
  string,
  { truePositives: number; falseNegatives: number; trueNegatives: number; falsePositives: number }
>;

/** Observations that the starting value is worth. Our design. */
const priorObservations = 8;

/** The mean of a Beta distribution per method and kind of assumption. */
export function sensorFor(method: ProbeMethod, kind: AssumptionKind, counts: SensorCounts = {}): Sensor {
  const start = startingSensors[method];
  const seen = Object.hasOwn(counts, `${method} ${kind}`) ? counts[`${method} ${kind}`] : undefined;
  if (!seen) return start;
  return {
    sensitivity: posteriorMean(start.sensitivity, seen.truePositives, seen.falseNegatives),
    specificity: posteriorMean(start.specificity, seen.trueNegatives, seen.falsePositives),
  };
}

function posteriorMean(start: number, hits: number, misses: number): number {
  return (priorObservations * start + hits) / (priorObservations + hits + misses);
}

/** Nobody is without error: neither number is nearer to 0 or 1 than this, so that every logarithm below is finite. */
const errorMin = 0.001;
/** No single observation moves log-odds by more. Our design. */
const stepMax = 4;

/**
 * What an observation adds to log-odds: ρ·ln LR with LR = se/(1−sp) when true was observed, (1−se)/sp when false was; at most 4. Bayes'
 * rule. `weight` is ρ.
 */
export function stepOf({ sensitivity, specificity }: Sensor, observed: boolean, weight: number): number {
  const [se, sp] = [clamp(sensitivity, errorMin, 1 - errorMin), clamp(specificity, errorMin, 1 - errorMin)];
  return clamp(weight * Math.log(observed ? se / (1 - sp) : (1 - se) / sp), -stepMax, stepMax);
}

/**
 * ρ: 1 for the first observation of a source, then 0.5, 0.25 …: what one source says again is mostly what it said. Our design gives 1 and
 * 0.5; going on by halves is ours, so that a source repeated for ever is worth at most twice its first word.
 */
export function dampingAfter(earlier: number): number {
  return 0.5 ** earlier;
}

/**
 * The sensor whose observations move log-odds by exactly the damped and bounded steps. With it the value of asking is computed under the
 * same rule by which the answer will be believed: from R₁ = se/(1−sp) and R₀ = (1−se)/sp, sp = (R₁−1)/(R₁−R₀) and se = R₁(1−sp).
 */
export function damped(sensor: Sensor, weight: number): Sensor {
  const whenTrue = Math.exp(stepOf(sensor, true, weight));
  const whenFalse = Math.exp(stepOf(sensor, false, weight));
  // A probe that answers the same either way tells nothing.
  if (Math.abs(whenTrue - whenFalse) < 1e-9) return { sensitivity: 0.5, specificity: 0.5 };
  const specificity = (whenTrue - 1) / (whenTrue - whenFalse);
  return { sensitivity: whenTrue * (1 - specificity), specificity };
}
