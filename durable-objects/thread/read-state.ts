/** A person says that they have read a thread, or that it shall count as unread. */
import type { Draft } from "#core/frame";
import { readStateOf } from "#core/read-state";
import { Refusal, refusals } from "#protocol/errors";
import type { Params, Result } from "#protocol/methods";
import type { ThreadReadState } from "#protocol/read-state-methods";
import type { ThreadRuntime } from "#thread/runtime";

export async function updateReadState(
  runtime: ThreadRuntime,
  { operation, expectedRevision }: Params<"thread/readState/update">,
): Promise<Result<"thread/readState/update">> {
  const before = readStateOf(runtime.current);
  if (!before) throw new Refusal(refusals.readStateUnavailable());
  if (before.revision !== expectedRevision) throw new Refusal(refusals.readStateConflict(before));
  const readState: ThreadReadState = {
    firstUnread: operation.type === "read" ? null : (before.firstUnread ?? { type: "threadStart" }),
    revision: runtime.host.newId(),
  };
  runtime.commit([readStateChanged(runtime, readState)]);
  // Who asks for the list next sees it.
  await runtime.outbox.flush();
  runtime.schedule();
  return { readState };
}

export function readStateChanged(runtime: ThreadRuntime, readState: ThreadReadState): Draft {
  return { method: "thread/readState/changed", params: { threadId: runtime.host.threadId, readState } };
}
