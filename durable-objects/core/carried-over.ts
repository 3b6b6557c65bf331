/** Which frames of a thread's log begin the log of its fork, and how they read there. */
import type { Draft, Frame } from "#core/frame";

/**
 * The frame as the fork has it; null for what is not carried over: that somebody was asked something, the queue, the name, the goal and the shelf of
 * the source, what was read of it, streamed text of an item that has ended (`isOpen` says whether it has not). Items and turns keep their ids.
 */
export function carriedOver(frame: Frame, threadId: string, isOpen: (itemId: string) => boolean): Draft | null {
  const { seq: _, emittedAtMs: __, ...draft } = frame;
  switch (draft.private?.event?.type) {
    // Of the source, not of its history.
    case "gitInfoUpdated":
    case "memoryModeSet":
      return null;
  }
  switch (draft.method) {
    case "turn/started":
    case "turn/completed":
    case "turn/diff/updated":
    case "turn/plan/updated":
    case "spindle/decisionTree/updated":
    case "item/started":
    case "item/completed":
    case "thread/tokenUsage/updated":
    case "thread/status/changed":
    case "error":
    case "warning":
      return inThread(draft, threadId);
    case "item/agentMessage/delta":
    case "item/reasoning/summaryPartAdded":
    case "item/reasoning/summaryTextDelta":
    case "item/commandExecution/outputDelta":
      return isOpen(draft.params.itemId) ? inThread(draft, threadId) : null;
    // A fork is given notes of its own, and tells the memory nothing of turns that were another thread's.
    case "spindle/memory/used":
    case "thread/started":
    case "thread/name/updated":
    case "thread/archived":
    case "thread/unarchived":
    case "thread/deleted":
    case "thread/closed":
    case "thread/reverted":
    case "thread/settings/updated":
    case "thread/queue/changed":
    case "thread/readState/changed":
    case "thread/goal/updated":
    case "thread/goal/cleared":
    case "thread/section/changed":
    case "serverRequest/resolved":
    case "item/commandExecution/requestApproval":
    case "item/fileChange/requestApproval":
    case "item/tool/requestUserInput":
    case "item/tool/call":
      return null;
    default:
      return draft satisfies never;
  }
}

function inThread(draft: Draft, threadId: string): Draft {
  // The id is replaced by another string: whatever the method, its params stay what they are.
  return { ...draft, params: { ...draft.params, threadId } } as Draft;
}
