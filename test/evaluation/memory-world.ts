/**
 * A world without a model in which the truth is known: tasks of ten kinds that differ in ease, sixty fragments that help, do nothing or harm, matches
 * that are noisy, outcomes that are sometimes wrong or missing. What is compared are rules under these assumptions, never the size
 * of a gain with a real model.
 */
import { Random } from "../simulation/random.ts";

export const clusters = 10;
export const fragmentsTotal = 60;
/** Points of success that a helpful fragment adds at full relevance, and a harmful one takes. */
const uplift = 0.15;
/** Fragments that are shown together at most. */
const shownMax = 2;
const flippedShare = 0.08;
const missingShare = 0.1;
const turnsPerThread = 5;
/** Standard deviation of what retrieval sees of a relevance. */
const relevanceNoise = 0.15;
/** What retrieval passes on. */
const candidatesMax = 12;

/** Percent of fragments that help, and that harm; the others do nothing. */
export interface Mix {
  name: string;
  helpful: number;
  harmful: number;
}

export const mixes: readonly Mix[] = [
  { name: "30/40/30", helpful: 30, harmful: 30 },
  { name: "50/40/10", helpful: 50, harmful: 10 },
  { name: "20/50/30", helpful: 20, harmful: 30 },
];

/** A turn as a contestant sees it. */
export interface Turn {
  thread: number;
  cluster: number;
  /** The best matches, with the relevance that retrieval believes in. */
  candidates: { fragment: number; relevance: number }[];
}

export interface Contestant {
  name: string;
  /** The fragments that the model is given; null for a turn that is held out, which is a price paid for knowing. */
  give(turn: Turn): number[] | null;
  /** What came of it; null: nobody said. */
  hear(y: number | null): void;
}

/** Regret against the oracle at each of `checkpoints`, per 1,000 turns since the beginning; and the success of the last eighth. */
export interface Regret {
  at: number[];
  /** The same of the turns alone that were not held out. */
  servedAt: number[];
  lateSuccess: number;
}

/** The same seed gives every contestant the same turns and the same luck. `isDrifting`: half the fragments turn around at half time. */
export function play(
  contestant: Contestant,
  world: { mix: Mix; seed: number; checkpoints: readonly number[]; isDrifting: boolean },
): Regret {
  const random = new Random(world.seed);
  const uplifts = shuffled(
    random,
    Array.from({ length: fragmentsTotal }, (_, place) => upliftAt(place, world.mix)),
  );
  const ease = Array.from({ length: clusters }, () => 0.2 + 0.5 * random.next());
  const turns = world.checkpoints.at(-1) ?? 0;
  const at: number[] = [];
  const servedAt: number[] = [];
  let regret = 0;
  const served = { turns: 0, regret: 0 };
  let lateSuccess = 0;
  for (let turn = 1; turn <= turns; turn++) {
    if (world.isDrifting && turn === Math.floor(turns / 2)) {
      for (const place of shuffled(random, [...uplifts.keys()]).slice(0, fragmentsTotal / 2))
        uplifts[place] = -(uplifts[place] ?? 0);
    }
    const cluster = random.below(clusters);
    const relevances = uplifts.map((_, place) =>
      place % clusters === cluster ? 0.85 + 0.15 * random.next() : 0.3 * random.next(),
    );
    const seen = relevances.map((relevance) => Math.min(1, Math.max(0, relevance + relevanceNoise * normal(random))));
    const candidates = seen
      .map((relevance, fragment) => ({ fragment, relevance }))
      .sort((one, other) => other.relevance - one.relevance)
      .slice(0, candidatesMax);
    const effects = uplifts.map((effect, place) => effect * (relevances[place] ?? 0));
    const luck = { success: random.next(), flip: random.next(), missing: random.next() };
    const given = contestant.give({ thread: Math.floor(turn / turnsPerThread), cluster, candidates });
    const base = ease[cluster] ?? 0;
    const chance = probability(
      base,
      (given ?? []).map((fragment) => effects[fragment] ?? 0),
    );
    const best = effects.filter((effect) => effect > 0).sort((one, other) => other - one);
    const lost = probability(base, best.slice(0, shownMax)) - chance;
    regret += lost;
    if (given) {
      served.turns += 1;
      served.regret += lost;
    }
    if (turn > (turns * 7) / 8) lateSuccess += chance / (turns / 8);
    const isSuccess = luck.success < chance !== luck.flip < flippedShare;
    contestant.hear(luck.missing < missingShare ? null : Number(isSuccess));
    if (world.checkpoints.includes(turn)) {
      at.push((regret / turn) * 1_000);
      servedAt.push((served.regret / served.turns) * 1_000);
    }
  }
  return { at, servedAt, lateSuccess };
}

function probability(base: number, effects: readonly number[]): number {
  return Math.min(0.98, Math.max(0.02, base + effects.reduce((sum, effect) => sum + effect, 0)));
}

function upliftAt(place: number, { helpful, harmful }: Mix): number {
  const percent = (place / fragmentsTotal) * 100;
  if (percent < helpful) return uplift;
  return percent >= 100 - harmful ? -uplift : 0;
}

function shuffled<Value>(random: Random, values: Value[]): Value[] {
  const rest = [...values];
  return values.flatMap(() => rest.splice(random.below(rest.length), 1));
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
}
