/** How long something waits, as one says it: pure. */

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

/** Whole units, rounded down: nobody waits for seconds. */
export function waitingText(waitedMs: number): string {
  if (waitedMs < minuteMs) return "since just now";
  if (waitedMs < hourMs) return `for ${Math.floor(waitedMs / minuteMs)} min`;
  if (waitedMs < dayMs) return `for ${Math.floor(waitedMs / hourMs)} h`;
  const days = Math.floor(waitedMs / dayMs);
  return `for ${days} ${days === 1 ? "day" : "days"}`;
}
