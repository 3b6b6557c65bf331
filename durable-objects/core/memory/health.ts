/** How the memory of a scope does, in figures, and in one sentence that does not flatter. */
import { memoryLimits } from "#core/limits";
import { probabilityAbove, upliftOf } from "#core/memory/credit";
import type { Fragment } from "#core/memory/fragment";
import { wordsOf } from "#core/memory/retrieval";
import { type ArmRecord, compareArms, type Verdict } from "#core/memory/sequential-test";
import { similarity } from "#core/memory/terms";

export interface HealthInput {
  fragments: readonly Fragment[];
  newMean: number;
  memory: ArmRecord;
  none: ArmRecord;
  /** Turns of the memory's arm, and those of them that were shown something. */
  turns: number;
  turnsServed: number;
  /** Unix ms; null: never. */
  publishedAt: number | null;
  optimizedAt: number | null;
  nowMs: number;
}

/** Shares in [0, 1]; null where there is nothing to take a share of. */
export interface Health {
  servedShare: number | null;
  /** Expected share of harmful ones among the fragments that were shown: the mean of P(uplift < 0). */
  harmfulShare: number | null;
  /** Share of living fragments that have a near-duplicate. */
  duplicateShare: number | null;
  /** Outcomes with memory less without, and around it what holds at any time of looking, at 95%. Null while there is too little. */
  difference: { mean: number; low: number; high: number } | null;
  verdict: Verdict;
  snapshotAgeMs: number | null;
  optimizedAt: number | null;
  /** For a person. */
  sentence: string;
}

export function healthOf(input: HealthInput): Health {
  const { difference, halfWidth, verdict } = compareArms(input.memory, input.none);
  const isKnown = Number.isFinite(halfWidth) && Number.isFinite(difference);
  const living = input.fragments.filter(({ state }) => state !== "tombstone");
  const tried = living.filter(({ statistics }) => statistics.shown > 0);
  const harmful = tried.reduce((sum, { statistics }) => sum + 1 - probabilityAbove(upliftOf(statistics, input.newMean), 0), 0);
  const interval = isKnown ? { mean: difference, low: difference - halfWidth, high: difference + halfWidth } : null;
  return {
    servedShare: input.turns === 0 ? null : input.turnsServed / input.turns,
    harmfulShare: tried.length === 0 ? null : harmful / tried.length,
    duplicateShare: living.length === 0 ? null : duplicates(living) / living.length,
    difference: interval,
    verdict,
    snapshotAgeMs: input.publishedAt === null ? null : Math.max(0, input.nowMs - input.publishedAt),
    optimizedAt: input.optimizedAt,
    sentence: sentenceOf(verdict, interval, input.memory.weight, input.none.weight),
  };
}

/** What is claimed is what the test decided, never the sign of a difference. */
function sentenceOf(verdict: Verdict, interval: Health["difference"], withMemory: number, without: number): string {
  const seen = `${Math.round(withMemory)} outcomes with memory, ${Math.round(without)} without`;
  if (!interval) return `Nothing can be said yet: ${seen}.`;
  const range = `${points(interval.mean)} points, 95% interval ${points(interval.low)} to ${points(interval.high)}; ${seen}`;
  switch (verdict) {
    case "helps":
      return `Memory helps: ${range}.`;
    case "harms":
      return `Memory harms, and is switched off for this scope: ${range}.`;
    case "noMeasurableEffect":
      return `Memory has no measurable effect: ${range}.`;
    case "undecided":
      return `Not decided yet: ${range}.`;
    default:
      return verdict satisfies never;
  }
}

function points(share: number): string {
  const value = Math.round(share * 1_000) / 10;
  return value > 0 ? `+${value}` : `${value === 0 ? 0 : value}`.replace("-", "−");
}

/** Two of a scope that are as like as fragments have to be to be merged. Looks at no more than a scope may hold. */
function duplicates(living: readonly Fragment[]): number {
  const words = living.slice(0, memoryLimits.fragmentsPerScopeMax).map(wordsOf);
  return words.filter((one, place) => words.some((other, where) => where !== place && similarity(one, other) >= 0.5)).length;
}
