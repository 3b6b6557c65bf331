/**
 * Which of two wordings is better: Bradley and Terry 1952, with a term for the place in which a judge read them. Empirical-MCTS ranks by an
 * enhanced Borda count, which saturates under a noisy judge (measured: `npm run eval:memory`).
 */

import type { Rating } from "#core/memory/fragment";
import { normalProbability } from "#core/memory/normal";

export const newRating: Rating = { mean: 0, variance: 1, games: 0 };

/** How much reading first helps, in log-odds. The start is ours, from published position biases of judges. */
export interface PositionBias {
  mean: number;
  variance: number;
}

export const newPositionBias: PositionBias = { mean: 0.3, variance: 1 };

/** `first` was read first. `y` is 1 when it won, 0 when it lost, 0.5 for a draw. */
export interface Comparison {
  first: string;
  second: string;
  y: number;
}

/** A judge is asked in both orders; only when it stays with the same side is that a win, else a draw. Answers: which place won. */
export function settledVerdict(inOrder: "first" | "second", swapped: "first" | "second"): 1 | 0.5 | 0 {
  if (inOrder === swapped) return 0.5;
  return inOrder === "first" ? 1 : 0;
}

/** One comparison, at once: the Gaussian step of Glicko (Glickman 1999) with the bias as a third player. */
export function compared(
  first: Rating,
  second: Rating,
  bias: PositionBias,
  y: number,
): { first: Rating; second: Rating; bias: PositionBias } {
  const expected = logistic(first.mean - second.mean + bias.mean);
  const information = expected * (1 - expected);
  const step = <Belief extends PositionBias>(belief: Belief, sign: 1 | -1): Belief => {
    const variance = 1 / (1 / belief.variance + information);
    return { ...belief, variance, mean: belief.mean + sign * variance * (y - expected) };
  };
  return {
    first: { ...step(first, 1), games: first.games + 1 },
    second: { ...step(second, -1), games: second.games + 1 },
    bias: step(bias, 1),
  };
}

/**
 * All comparisons at once: the most probable ratings, with priors N(0, 1) and the start of the bias, by Newton's steps one
 * rating at a time. It forgets what order did to the quick steps; for a nightly run.
 */
export function refit(comparisons: readonly Comparison[]): { ratings: Map<string, Rating>; bias: PositionBias } {
  const ratings = new Map<string, Rating>();
  const gamesOf = new Map<string, Comparison[]>();
  for (const comparison of comparisons) {
    for (const id of [comparison.first, comparison.second]) {
      const games = gamesOf.get(id) ?? [];
      if (games.length === 0) gamesOf.set(id, games);
      games.push(comparison);
      ratings.set(id, { ...newRating, games: games.length });
    }
  }
  let bias = newPositionBias;
  const meanOf = (id: string) => ratings.get(id)?.mean ?? 0;
  const expected = ({ first, second }: Comparison) => logistic(meanOf(first) - meanOf(second) + bias.mean);
  for (let round = 0; round < 30; round++) {
    for (const [id, games] of gamesOf) {
      const step = newton(games, expected, ({ first }) => (first === id ? 1 : -1), meanOf(id), newRating);
      ratings.set(id, { ...step, games: games.length });
    }
    bias = newton(comparisons, expected, () => 1, bias.mean, newPositionBias);
  }
  return { ratings, bias };
}

/** P(the challenger is stronger). */
export function probabilityStronger(challenger: Rating, champion: Rating): number {
  return normalProbability((challenger.mean - champion.mean) / Math.sqrt(challenger.variance + champion.variance));
}

/** A champion falls to one that is probably stronger, was compared often enough, and did not make outcomes worse. Bounds: ours. */
export function mayReplace(challenger: Rating, champion: Rating, upliftOfChallenger: number): boolean {
  return probabilityStronger(challenger, champion) >= 0.9 && challenger.games >= 12 && upliftOfChallenger >= 0;
}

function newton(
  games: readonly Comparison[],
  expected: (game: Comparison) => number,
  sign: (game: Comparison) => 1 | -1,
  mean: number,
  prior: PositionBias,
): PositionBias {
  let gradient = (prior.mean - mean) / prior.variance;
  let information = 1 / prior.variance;
  for (const game of games) {
    const probability = expected(game);
    gradient += sign(game) * (game.y - probability);
    information += probability * (1 - probability);
  }
  return { mean: mean + gradient / information, variance: 1 / information };
}

function logistic(logOdds: number): number {
  return 1 / (1 + Math.exp(-logOdds));
}
