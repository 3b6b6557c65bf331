/** How a thread stands, as its account's Directory keeps it, and what the Directory answers. */
import type { WireError } from "#protocol/errors";
import type { Result } from "#protocol/methods";
import type { WireThread } from "#protocol/thread";

export interface ThreadSummary {
  threadId: string;
  /** The thread's log up to here; a summary older than the one kept changes nothing. */
  seq: number;
  thread: Omit<WireThread, "turns">;
  archived: boolean;
  /** Server requests that wait for somebody, for the inbox across threads. */
  pendingRequests: { id: string; method: string; startedAtMs: number }[];
}

/** A refusal is a value here: an error would lose its shape between two objects. */
export type Listed = { result: Result<"thread/list"> } | { refused: WireError };
