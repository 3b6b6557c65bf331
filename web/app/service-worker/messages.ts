/** What a page and the worker say to each other. A question comes with a port, and the answer goes there. */

export type ToWorker =
  /** Answered with the worker's version, a text. */
  | { type: "version" }
  /** A worker that waits begins to work, for all pages. */
  | { type: "takeOver" };

export type ToPage =
  /** Answered with `Shown`. */
  | { type: "whatIsShown" }
  /** `place`: as in an address, `#/threads/ID/changes/ITEM`. */
  | { type: "go"; place: string };

export interface Shown {
  /** The address after the path, `#/threads/ID`. */
  place: string;
  /** Whether it is in sight: not behind another tab, not minimised. */
  isVisible: boolean;
}
