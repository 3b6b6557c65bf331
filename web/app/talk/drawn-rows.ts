/** Which rows of a long list are drawn: those in sight and some beyond, on either side. */
import { talkLimits } from "./limits.ts";

interface Sight {
  startIndex: number;
  endIndex: number;
  /** Rows beyond, at most. */
  overscan: number;
  count: number;
}

/**
 * The next row is always among them, so that no flick shows a hole; more only while they are low together: a message of a hundred screens
 * out of sight would be thousands of nodes that nobody sees. `heightOf` in pixels. In order, without gaps.
 */
export function drawnRows({ startIndex, endIndex, overscan, count }: Sight, heightOf: (index: number) => number): number[] {
  const reach = (from: number, step: 1 | -1): number => {
    let pixels = 0;
    let last = from;
    for (let rows = 1; rows <= overscan; rows += 1) {
      const next = from + step * rows;
      if (next < 0 || next >= count) break;
      pixels += heightOf(next);
      if (rows > 1 && pixels > talkLimits.overscanPx) break;
      last = next;
    }
    return last;
  };
  const first = reach(startIndex, -1);
  const last = reach(endIndex, 1);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => first + index);
}
