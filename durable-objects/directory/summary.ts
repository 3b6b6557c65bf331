/** How a thread stands, as its account's Directory keeps it. */
import type { ThreadReadState } from "#protocol/read-state-methods";
import type { WireThread } from "#protocol/thread";

export interface ThreadSummary {
  threadId: string;
  /** The thread's log up to here; a summary older than the one kept changes nothing. */
  seq: number;
  thread: Omit<WireThread, "turns">;
  /** Null where the thread has none. */
  readState: ThreadReadState | null;
  archived: boolean;
  /** What its object keeps. Absent from a thread that an earlier version still runs. */
  bytes?: number;
  /** Server requests that wait for somebody, for the inbox across threads. */
  pendingRequests: { id: string; method: string; startedAtMs: number }[];
}
