/** What an object tells the metrics, and how it is kept from counting twice. */
import type { Counts } from "#core/metrics/counts";

/**
 * What a source counted in its own numbers `from` to `to`: a thread's are those of its frames, other objects number their reports. It is
 * taken in if `from` is beyond all that was heard of the source, else it changes no count. `from` > `to`: there is nothing to count.
 */
export interface Report {
  /** A random id that names nobody: it is thrown by the source itself, and stays the same for as long as its numbers go on. */
  source: string;
  from: number;
  to: number;
  counts: Counts;
  gauges?: Gauges;
}

/** How an object stands. The newer takes the place of the older; one with nothing in it is forgotten. */
export interface Gauges {
  /** Whose state it is. Not the `source`: an object that wakes counts anew, and stands where it stood. */
  subject: string;
  /** What is newer: a thread says the number of its last frame, because clocks are set back; who has no log says its clock. */
  order: number;
  /** Unix ms. */
  atMs: number;
  values: Counts;
  /** Since when (Unix ms) the oldest question waits; null where none does. */
  oldestPendingAtMs: number | null;
}

/** The source's last number that is counted. */
export interface Heard {
  through: number;
}

/** Of what stands in no object, but in an isolate: nobody says when that ends, so that what it said is believed for a while only. */
export function isolateSubject(id: string): string {
  return `${isolates.from}${id}`;
}

/** Subjects of isolates lie between these, the second not among them. */
export const isolates = { from: "isolate:", to: "isolate;" } as const;
