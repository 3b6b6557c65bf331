/** How well rival wordings are ranked by a judge that errs and favours a place. Twelve rivals, strengths from N(0, 1). */
import type { Rating } from "#core/memory/fragment";
import { type Comparison, compared, newPositionBias, newRating, refit } from "#core/memory/rating";
import { Random } from "../simulation/random.ts";
import { mean } from "./memory-regret.ts";

const rivals = 12;
/** Log-odds that the judge gives to what it reads first. */
export const positionBias = 0.6;

export interface RatingRow {
  method: string;
  /** Kendall's tau with the true order, at each number of comparisons. */
  tau: number[];
  /** At the last of them: by how much the one ranked first is weaker than the strongest; the bias that was found. */
  topRegret: number;
  bias: number | null;
}

export function ratingTable({
  seed,
  runs,
  comparisons,
}: {
  seed: number;
  runs: number;
  comparisons: readonly number[];
}): RatingRow[] {
  const methods: [string, (games: readonly Comparison[]) => { strengths: number[]; bias: number | null }][] = [
    ["refit of all (shipped)", all],
    ["one by one (shipped)", oneByOne],
    ["share of wins", shareOfWins],
    ["enhanced Borda count", borda],
  ];
  const worlds = Array.from({ length: runs }, (_, run) => judged(new Random(seed + run), comparisons.at(-1) ?? 0));
  return methods.map(([method, rank]) => {
    const last = worlds.map(({ truth, games }) => ({ truth, ...rank(games) }));
    return {
      method,
      tau: comparisons.map((count) =>
        mean(worlds.map(({ truth, games }) => kendall(truth, rank(games.slice(0, count)).strengths))),
      ),
      topRegret: mean(
        last.map(({ truth, strengths }) => Math.max(...truth) - (truth[strengths.indexOf(Math.max(...strengths))] ?? 0)),
      ),
      bias: last.every(({ bias }) => bias !== null) ? mean(last.map(({ bias }) => bias ?? 0)) : null,
    };
  });
}

function judged(random: Random, count: number): { truth: number[]; games: Comparison[] } {
  const normal = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  const truth = Array.from({ length: rivals }, normal);
  const games = Array.from({ length: count }, () => {
    const first = random.below(rivals);
    const second = (first + 1 + random.below(rivals - 1)) % rivals;
    const logOdds = (truth[first] ?? 0) - (truth[second] ?? 0) + positionBias;
    return { first: String(first), second: String(second), y: random.chance(1 / (1 + Math.exp(-logOdds))) ? 1 : 0 };
  });
  return { truth, games };
}

function all(games: readonly Comparison[]) {
  const { ratings, bias } = refit(games);
  return { strengths: strengthsOf(ratings), bias: bias.mean };
}

function oneByOne(games: readonly Comparison[]) {
  const ratings = new Map<string, Rating>();
  let bias = newPositionBias;
  for (const { first, second, y } of games) {
    const next = compared(ratings.get(first) ?? newRating, ratings.get(second) ?? newRating, bias, y);
    ratings.set(first, next.first).set(second, next.second);
    bias = next.bias;
  }
  return { strengths: strengthsOf(ratings), bias: bias.mean };
}

function shareOfWins(games: readonly Comparison[]) {
  const strengths = Array.from({ length: rivals }, (_, rival) => {
    const own = games.flatMap(({ first, second, y }) =>
      first === String(rival) ? [y] : second === String(rival) ? [1 - y] : [],
    );
    return own.length > 0 ? mean(own) : 0.5;
  });
  return { strengths, bias: null };
}

/** What Empirical-MCTS ranks by: who beats whom more often, closed transitively, then the number of those that are beaten. */
function borda(games: readonly Comparison[]) {
  const wins = Array.from({ length: rivals }, () => new Float64Array(rivals));
  for (const { first, second, y } of games) {
    const [winner, loser] = y === 1 ? [Number(first), Number(second)] : [Number(second), Number(first)];
    const row = wins[winner];
    if (row) row[loser] = (row[loser] ?? 0) + 1;
  }
  const beats = wins.map((row, one) => Array.from(row, (count, other) => count > 0 && count >= (wins[other]?.[one] ?? 0)));
  for (let through = 0; through < rivals; through++) {
    for (const row of beats) {
      if (!row[through]) continue;
      for (const [other, does] of (beats[through] ?? []).entries()) if (does) row[other] = true;
    }
  }
  return { strengths: beats.map((row) => row.filter(Boolean).length), bias: null };
}

function strengthsOf(ratings: ReadonlyMap<string, Rating>): number[] {
  return Array.from({ length: rivals }, (_, rival) => ratings.get(String(rival))?.mean ?? 0);
}

/** Pairs in the right order less pairs in the wrong one, of all pairs. A tie counts as neither. */
function kendall(truth: readonly number[], found: readonly number[]): number {
  let sum = 0;
  for (let one = 0; one < rivals; one++)
    for (let other = 0; other < one; other++)
      sum += Math.sign((truth[one] ?? 0) - (truth[other] ?? 0)) * Math.sign((found[one] ?? 0) - (found[other] ?? 0));
  return sum / ((rivals * (rivals - 1)) / 2);
}
