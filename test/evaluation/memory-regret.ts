/** What each way to have a memory loses against an oracle, as it learns. */
import { noMemory, rawCounters, relevanceOnly, shipped } from "./memory-contestants.ts";
import { type Contestant, type Mix, mixes, play, type Regret } from "./memory-world.ts";

/** Means over the seeds; `halfWidth` holds the 95% half-widths of `at`. */
export interface RegretRow {
  mix: string;
  contestant: string;
  at: number[];
  halfWidth: number[];
  servedAt: number[];
  lateSuccess: number;
}

export interface RegretOptions {
  seed: number;
  seeds: number;
  checkpoints: readonly number[];
}

/** The hold-out of the regret tables; the shipped schedule, which pays more to know more, has a row of its own. */
export const tableShare = 0.05;

export const names = {
  none: "no memory",
  relevance: "relevance only",
  counters: "raw counters",
  shipped: "shipped core",
  eachTurn: "… published each turn",
  rarely: "… published every 300",
  schedule: "… hold-out as shipped",
} as const;

const contestants: readonly [name: string, make: (seed: number) => Contestant][] = [
  [names.none, noMemory],
  [names.relevance, relevanceOnly],
  [names.counters, rawCounters],
  [names.shipped, (seed) => shipped({ seed, share: tableShare })],
  [names.eachTurn, (seed) => shipped({ seed, share: tableShare, publishEvery: 1 })],
  [names.rarely, (seed) => shipped({ seed, share: tableShare, publishEvery: 300 })],
  [names.schedule, (seed) => shipped({ seed })],
];

export function regretTable(options: RegretOptions): RegretRow[] {
  return mixes.flatMap((mix) => contestants.map(([name, make]) => measure(name, make, mix, false, options)));
}

export const driftNames = { none: "no memory", watched: "shipped core", unwatched: "… without alarms" } as const;

/** Half the fragments turn around at half time. */
export function driftTable(options: RegretOptions): RegretRow[] {
  const [mix] = mixes;
  if (!mix) return [];
  const make = (isWatched: boolean) => (seed: number) => shipped({ seed, share: tableShare, isWatched });
  return [
    measure(driftNames.none, noMemory, mix, true, options),
    measure(driftNames.watched, make(true), mix, true, options),
    measure(driftNames.unwatched, make(false), mix, true, options),
  ];
}

function measure(
  contestant: string,
  make: (seed: number) => Contestant,
  mix: Mix,
  isDrifting: boolean,
  { seed, seeds, checkpoints }: RegretOptions,
): RegretRow {
  const runs = Array.from({ length: seeds }, (_, run): Regret => {
    return play(make(seed + run), { mix, seed: seed + run, checkpoints, isDrifting });
  });
  const columns = checkpoints.map((_, place) => runs.map(({ at }) => at[place] ?? Number.NaN));
  return {
    mix: mix.name,
    contestant,
    at: columns.map(mean),
    halfWidth: columns.map((values) => (1.96 * deviation(values)) / Math.sqrt(seeds)),
    servedAt: checkpoints.map((_, place) => mean(runs.map(({ servedAt }) => servedAt[place] ?? Number.NaN))),
    lateSuccess: mean(runs.map(({ lateSuccess }) => lateSuccess)),
  };
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function deviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / Math.max(values.length - 1, 1));
}
