/** What the memory has to reach in its world, and whether it does. */
import type { RatingRow } from "./memory-rating.ts";
import { driftNames, names, type RegretRow } from "./memory-regret.ts";
import type { VerdictRow } from "./memory-verdict.ts";

export interface Measured {
  regret: RegretRow[];
  drift: RegretRow[];
  rating: RatingRow[];
  verdicts: VerdictRow[];
}

export interface Target {
  name: string;
  measured: number;
  bound: number;
  isMet: boolean;
}

/** Regret columns are those at 500, 2,000 and 8,000 turns; rating columns those at 60, 120 and 300 comparisons. */
export function targets({ regret, drift, rating, verdicts }: Measured): Target[] {
  const of = (rows: RegretRow[], mix: string, name: string, column: number) =>
    rows.find((row) => row.mix === mix && row.contestant === name)?.at[column] ?? Number.NaN;
  const mixes = [...new Set(regret.map(({ mix }) => mix))];
  const perMix = mixes.flatMap((mix) => [
    atMost(`${mix}: regret at 500 turns ÷ no memory`, of(regret, mix, names.shipped, 0) / of(regret, mix, names.none, 0), 1.1),
    atMost(`${mix}: regret at 2,000 turns ÷ no memory`, of(regret, mix, names.shipped, 1) / of(regret, mix, names.none, 1), 0.8),
    atMost(`${mix}: regret at 8,000 turns ÷ no memory`, of(regret, mix, names.shipped, 2) / of(regret, mix, names.none, 2), 0.6),
    atMost(
      `${mix}: regret published every 300 turns ÷ each turn`,
      of(regret, mix, names.rarely, 2) / of(regret, mix, names.eachTurn, 2),
      1.05,
    ),
  ]);
  const [driftMix] = drift.map(({ mix }) => mix);
  const alarms = of(drift, driftMix ?? "", driftNames.watched, 2) / of(drift, driftMix ?? "", driftNames.unwatched, 2);
  const [shippedRating] = rating;
  const still = verdicts.filter(({ effect }) => effect === 0);
  const harm = verdicts.filter(({ effect, share, correlation }) => effect === -0.1 && share === 0.2 && correlation === 0);
  return [
    ...perMix,
    atMost("drift: regret with alarms ÷ without", alarms, 0.93),
    atLeast("Kendall's tau at 60 comparisons", shippedRating?.tau[0], 0.5),
    atLeast("Kendall's tau at 120 comparisons", shippedRating?.tau[1], 0.62),
    atLeast("Kendall's tau at 300 comparisons", shippedRating?.tau[2], 0.75),
    atMost("strength lost by the first in rank at 300", shippedRating?.topRegret, 0.15),
    ...still.map(({ share, turnsPerThread, found }) =>
      atMost(`false alarms, hold-out ${share * 100}%, threads of ${turnsPerThread}`, found, 0.05),
    ),
    ...harm.map(({ foundSoon }) => atLeast("−10 points found within 2,500 turns, hold-out 20%", foundSoon, 0.85)),
  ];
}

function atMost(name: string, measured = Number.NaN, bound: number): Target {
  return { name, measured, bound, isMet: measured <= bound };
}

function atLeast(name: string, measured = Number.NaN, bound: number): Target {
  return { name, measured, bound, isMet: measured >= bound };
}
