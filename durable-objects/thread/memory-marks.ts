/** Which frames make a turn worth telling the account's memory of, or say more of one that it was told of. */
import type { Draft } from "#core/frame";
import { openTurn, type Thread } from "#core/thread";
import type { MemoryOutbox } from "#thread/memory-outbox";
import { remembers } from "#thread/steps/recall";

/** Inside the transaction that appended the drafts. */
export function markForMemory(outbox: MemoryOutbox, before: Thread, after: Thread, drafts: readonly Draft[]): void {
  const isJudged = before.work?.isReview !== true && (before.work?.outputSchema ?? null) === null;
  for (const draft of drafts) {
    const event = draft.private?.event;
    if (event?.type === "memoryModeSet" && event.mode === "disabled") outbox.drop();
    if (draft.method === "thread/deleted") outbox.leave();
    if (!remembers(after)) continue;
    // What it was given is told before it is judged: should that be forgotten meanwhile, the memory knows who was shown it.
    if (draft.method === "spindle/memory/used" && draft.params.fragments.length > 0)
      outbox.mark(draft.params.turnId, { isFirst: true });
    if (draft.method === "turn/completed" && isJudged) outbox.mark(draft.params.turn.id, { isFirst: true });
    // A person says after the turn how it was.
    if (event?.type === "decisionAnnotated" && after.decision) outbox.mark(after.decision.turnId, { isFirst: false });
    if (event?.type === "filesWritten" && !openTurn(before)) outbox.markLast(null);
    if (
      draft.method === "item/started" &&
      draft.params.item.type === "userMessage" &&
      isFirstMessage(before, draft.params.turnId)
    )
      outbox.markLast(draft.params.turnId);
  }
}

function isFirstMessage(before: Thread, turnId: string): boolean {
  const turn = openTurn(before);
  return turn?.id !== turnId || !turn.items.some(({ type }) => type === "userMessage");
}
