/** Probabilities, their log-odds, and the doubt that always stays. */

/** No probability is nearer to 0 or 1 than this, unless a person or the outcome says so: one more observation must be able to turn it. */
export const doubt = 0.01;

export function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}

/** In nats. The probability is first taken into [0.01, 0.99], so that the answer is finite. */
export function logitOf(probability: number): number {
  const bounded = clamp(probability, doubt, 1 - doubt);
  return Math.log(bounded / (1 - bounded));
}

export function probabilityOfLogit(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds));
}
