/**
 * How much better turns go with a fragment than without, as a normal distribution. Outcomes decide, less what its cluster's turns reach
 * anyway and what was shown beside it brought. Neither paper has this: Empirical-MCTS keeps what a model likes. Conjugate normal model;
 * the numbers are ours, measured by `npm run eval:memory`.
 */
import type { Statistics } from "#core/memory/fragment";
import { normalProbability } from "#core/memory/normal";

/** Variance of true uplifts among fragments, and of one turn's outcome around its expectation (a coin's at most). */
const upliftVariance = 0.1 ** 2;
const outcomeVariance = 0.25;
/** What a new fragment is expected to bring before anything was seen, worth this many observations. */
const startMean = 0.03;
const startWeight = 60;
/** What experience may make of that: new fragments are never believed to be very bad or very good. */
const meanMin = -0.05;
const meanMax = 0.12;

/** What was learnt about new fragments as such: weighted advantage, and weight. */
export interface Prior {
  credit: number;
  weight: number;
}

export const noPrior: Prior = { credit: 0, weight: 0 };

export interface Uplift {
  mean: number;
  deviation: number;
}

/** How good a new fragment is on average, in points of success between 0 and 1. */
export function priorMean(prior: Prior): number {
  const mean = (startMean * startWeight + prior.credit) / (startWeight + prior.weight);
  return Math.min(meanMax, Math.max(meanMin, mean));
}

/** What is believed of one fragment: the prior, moved by its own record. */
export function upliftOf({ weight, credit }: Pick<Statistics, "weight" | "credit">, newMean: number): Uplift {
  const variance = 1 / (1 / upliftVariance + weight / outcomeVariance);
  return { mean: variance * (newMean / upliftVariance + credit / outcomeVariance), deviation: Math.sqrt(variance) };
}

/** P(uplift > bound). */
export function probabilityAbove({ mean, deviation }: Uplift, bound: number): number {
  return normalProbability((mean - bound) / deviation);
}

/** How much a match counts: nothing below one half, because weak matches of words are mostly noise, then its square. */
export function relevanceWeight(relevance: number): number {
  return relevance < 0.5 ? 0 : Math.min(relevance, 1) ** 2;
}
