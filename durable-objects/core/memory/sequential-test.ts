/**
 * Does the memory as a whole help? A mixture sequential probability ratio test, which may be looked at after every turn without
 * crying wolf. Source: Johari, Koomen, Pekelis and Walsh, Always Valid Inference, 2022; normal mixture of width `mixture`.
 */

/** Outcomes of one arm, by thread: with these sums the spread between threads is known without keeping the threads. */
export interface ArmRecord {
  threads: number;
  /** Sum over threads of their outcomes' weight, of their sum of outcomes, and of the squares and products of the two. */
  weight: number;
  sum: number;
  weightSquared: number;
  sumSquared: number;
  product: number;
}

/** What one thread has contributed so far. */
export interface ThreadRecord {
  weight: number;
  sum: number;
}

export const emptyArm: ArmRecord = { threads: 0, weight: 0, sum: 0, weightSquared: 0, sumSquared: 0, product: 0 };

/** `noMeasurableEffect` is an answer too: enough was seen, and nothing claimed. */
export type Verdict = "helps" | "harms" | "noMeasurableEffect" | "undecided";

export interface Comparison {
  /** Outcomes with memory less those without, on average; NaN while an arm is empty. */
  difference: number;
  /** Around the difference; valid at whatever time one looks, and clear of 0 exactly when the test has decided. */
  halfWidth: number;
  /** Likelihood ratio of "some effect" against "none". */
  evidence: number;
  verdict: Verdict;
}

/** Standard deviation of the effects that the test is made for: eight points. Ours. */
const mixture = 0.08;
/** Evidence that decides: 20 is an error of 5% at any time of looking. */
const evidenceMin = 20;
/** Threads and weight in each arm below which a variance is a guess, and no verdict is given. Ours. */
const threadsMin = 20;
const weightMin = 50;
/** Outcomes of both arms after which an effect that has not shown is not worth waiting for. Ours. */
const outcomesMax = 20_000;

/** One more outcome of a thread. Both results have to be kept. */
export function withOutcome(
  arm: ArmRecord,
  thread: ThreadRecord | null,
  { y, weight }: { y: number; weight: number },
): { arm: ArmRecord; thread: ThreadRecord } {
  const before = thread ?? { weight: 0, sum: 0 };
  const after = { weight: before.weight + weight, sum: before.sum + weight * y };
  return {
    thread: after,
    arm: {
      threads: arm.threads + (thread ? 0 : 1),
      weight: arm.weight + weight,
      sum: arm.sum + weight * y,
      weightSquared: arm.weightSquared + after.weight ** 2 - before.weight ** 2,
      sumSquared: arm.sumSquared + after.sum ** 2 - before.sum ** 2,
      product: arm.product + after.weight * after.sum - before.weight * before.sum,
    },
  };
}

export function compareArms(memory: ArmRecord, none: ArmRecord): Comparison {
  const difference = memory.sum / memory.weight - none.sum / none.weight;
  const isThin = [memory, none].some(({ threads, weight }) => threads < threadsMin || weight < weightMin);
  if (isThin) return { difference, halfWidth: Number.POSITIVE_INFINITY, evidence: 1, verdict: "undecided" };
  const variance = varianceOf(memory) + varianceOf(none);
  const widened = variance + mixture ** 2;
  const evidence = Math.sqrt(variance / widened) * Math.exp((difference ** 2 * mixture ** 2) / (2 * variance * widened));
  // The difference at which the evidence would be exactly enough.
  const halfWidth = Math.sqrt(((2 * variance * widened) / mixture ** 2) * Math.log(evidenceMin * Math.sqrt(widened / variance)));
  return { difference, halfWidth, evidence, verdict: verdictOf(difference, evidence, memory.weight + none.weight) };
}

function verdictOf(difference: number, evidence: number, weight: number): Verdict {
  if (evidence > evidenceMin) return difference > 0 ? "helps" : "harms";
  return weight >= outcomesMax ? "noMeasurableEffect" : "undecided";
}

/**
 * Of the arm's mean: between threads (Liang and Zeger 1986, with the correction for few clusters), but never less than that of
 * independent turns, which few threads can undercut by chance.
 */
function varianceOf({ threads, weight, sum, weightSquared, sumSquared, product }: ArmRecord): number {
  const mean = sum / weight;
  const squares = Math.max(0, sumSquared - 2 * mean * product + mean ** 2 * weightSquared);
  const between = (squares / weight ** 2) * (threads / (threads - 1));
  const smoothed = (sum + 1) / (weight + 2);
  return Math.max(between, (smoothed * (1 - smoothed)) / weight);
}
