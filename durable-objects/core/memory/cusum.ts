/** Noticing that a fragment no longer does what it did: a one-sided cumulative sum of disappointments. Source: Page 1954; numbers ours. */

/** Disappointment that is taken for noise in each turn, and how much of it may gather before the alarm. */
const slack = 0.06;
const threshold = 7;

/** `expected` and `seen` are what the fragment was believed to bring to a turn, and what it seems to have brought. */
export function watch(cusum: number, expected: number, seen: number): { cusum: number; isAlarm: boolean } {
  const next = Math.max(0, cusum + expected - seen - slack);
  return next > threshold ? { cusum: 0, isAlarm: true } : { cusum: next, isAlarm: false };
}
