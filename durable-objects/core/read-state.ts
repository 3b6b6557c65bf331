/** Which results of a thread nobody has looked at yet: from the log, so that every device of the account agrees. */
import type { Thread } from "#core/thread";
import type { ThreadReadState } from "#protocol/read-state-methods";
import type { Turn } from "#protocol/turn";

/** Null for threads that no person follows: ephemeral ones, and those that programs begin for themselves. */
export function readStateOf({ info, readState }: Thread): ThreadReadState | null {
  if (info.ephemeral || (info.threadSource !== null && info.threadSource !== "user")) return null;
  return readState ?? { firstUnread: null, revision: `initial:${info.id}` };
}

/**
 * The state after a turn that left something to look at; null where it did not. The earliest unseen result stays the first, and the
 * revision is new each time, the turn's own id: who read before this turn has not read it.
 */
export function readStateAfter(
  thread: Thread,
  turn: Turn,
  status: "completed" | "interrupted" | "failed",
): ThreadReadState | null {
  const before = readStateOf(thread);
  if (!before || !leavesSomething(turn, status)) return null;
  return { firstUnread: before.firstUnread ?? { type: "turn", turnId: turn.id }, revision: turn.id };
}

/** A message that was cut while it was written is nothing to come back for. */
function leavesSomething({ items }: Turn, status: "completed" | "interrupted" | "failed"): boolean {
  if (status === "failed") return true;
  const message = items.findLast(({ type, completedAtMs }) => type === "agentMessage" && completedAtMs !== null);
  return message?.type === "agentMessage" && message.text.trim() !== "";
}
