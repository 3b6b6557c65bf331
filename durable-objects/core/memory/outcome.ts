/** What a turn was worth, from what people and tests did with it. No model's opinion is among the signals, so that none can promote. */

/** Something that happened to a turn, in order. */
export type Signal =
  /** A person let the changes land; `editedShare` of them was changed first, in [0, 1]. */
  | { type: "accepted"; editedShare: number }
  | { type: "declined" }
  /** Tests that failed before pass at last, or the other way round. */
  | { type: "testsPassed" }
  | { type: "testsBroke" }
  /** What had landed was taken back within the thread. */
  | { type: "reverted" }
  /** The person asked for the same again in other words. */
  | { type: "rephrased" }
  | { type: "interrupted" }
  /** The message after an interrupt said what was wrong. */
  | { type: "corrected" }
  /** A failure of the machinery: endpoint, time, quota. */
  | { type: "failed" };

/** `y` in [0, 1]; `weight` is how much it counts. */
export interface Outcome {
  y: number;
  weight: number;
}

/**
 * Null: nothing can be said, so nothing is learnt. A revert overwrites all; a person's last decision outranks tests, because tests
 * do not know what was wanted; tests outrank what a person only hinted at. The values are ours, to be tuned on real logs.
 */
export function outcomeOf(signals: readonly Signal[]): Outcome | null {
  const ranked = signals.map((signal) => ({ rank: rankOf(signal), outcome: worthOf(signal) }));
  let best: { rank: number; outcome: Outcome | null } | null = null;
  for (const entry of ranked) if (!best || entry.rank >= best.rank) best = entry;
  return best?.outcome ?? null;
}

function worthOf(signal: Signal): Outcome | null {
  switch (signal.type) {
    case "accepted":
      return { y: 1 - 0.6 * Math.min(1, Math.max(0, signal.editedShare)), weight: 1 };
    case "testsPassed":
      return { y: 1, weight: 1 };
    case "reverted":
      return { y: 0.1, weight: 1 };
    case "declined":
    case "testsBroke":
      return { y: 0, weight: 1 };
    case "rephrased":
      return { y: 0.25, weight: 0.5 };
    case "corrected":
      return { y: 0.2, weight: 0.5 };
    case "interrupted":
    case "failed":
      return null;
    default:
      return signal satisfies never;
  }
}

function rankOf({ type }: Signal): number {
  switch (type) {
    case "reverted":
      return 4;
    case "accepted":
    case "declined":
      return 3;
    case "testsPassed":
    case "testsBroke":
      return 2;
    case "rephrased":
    case "corrected":
      return 1;
    case "interrupted":
    case "failed":
      return 0;
    default:
      return type satisfies never;
  }
}
