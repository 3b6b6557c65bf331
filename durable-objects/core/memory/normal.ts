/** The normal distribution: how likely, and a throw. */

/** Gives numbers in [0, 1). The core throws no dice of its own: whoever calls brings them. */
export type Dice = () => number;

/** P(Z < z). Abramowitz and Stegun 7.1.26 for the error function; its error is below 1.5e-7. */
export function normalProbability(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const tail =
    t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))) * Math.exp(-x * x);
  return z > 0 ? 1 - tail / 2 : tail / 2;
}

/** One throw of a standard normal. Box and Muller 1958. */
export function normalDraw(dice: Dice): number {
  return Math.sqrt(-2 * Math.log(1 - dice())) * Math.cos(2 * Math.PI * dice());
}
