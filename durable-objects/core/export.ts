/** What an export tells of a frame. Pure: the log, told to whoever was not there. */
import { treeAfter } from "#core/decision";
import { mermaidOf } from "#core/decision-tree/mermaid";
import type { Frame, FrameMethod } from "#core/frame";
import type { PrivateEvent } from "#core/private";
import { revisionCauseOf } from "#core/thread-copy";
import type { DecisionTreeRevision } from "#protocol/decision-tree-methods";
import type { Notifications } from "#protocol/notifications";
import type { ExportEntry } from "#protocol/thread-export-methods";

/** The frames that say something to an audit; all others only show how what they say came to be. */
export const exportedMethods: readonly FrameMethod[] = [
  "turn/started",
  "item/completed",
  "spindle/decisionTree/updated",
  "item/commandExecution/requestApproval",
  "item/fileChange/requestApproval",
  "item/tool/requestUserInput",
  "item/tool/call",
  "serverRequest/resolved",
  "warning",
  "error",
  "turn/completed",
  "thread/reverted",
];

/** `treeBefore` is the last revision before the frame: revisions tell what changed. Throws for a frame of another method. */
export function exportEntry(frame: Frame, isReverted: boolean, treeBefore: DecisionTreeRevision | undefined): ExportEntry {
  const { seq, emittedAtMs: atMs } = frame;
  const event = frame.private?.event;
  const place = { seq, atMs, isReverted };
  switch (frame.method) {
    case "turn/started":
      return { type: "turnStarted", ...place, turnId: frame.params.turn.id };
    case "item/completed":
      return { type: "item", ...place, turnId: frame.params.turnId, item: frame.params.item };
    case "spindle/decisionTree/updated":
      return { ...place, ...revisionEntry(frame.params, event, treeBefore) };
    case "item/commandExecution/requestApproval":
    case "item/fileChange/requestApproval":
    case "item/tool/requestUserInput":
    case "item/tool/call": {
      const { id: requestId, method, params } = frame;
      const itemId = "itemId" in params ? params.itemId : params.callId;
      const hash = event?.type === "proposed" ? event.proposed.hash : null;
      return { type: "asked", ...place, turnId: params.turnId, requestId, method, itemId, hash, params };
    }
    case "serverRequest/resolved":
      return { type: "answered", ...place, requestId: String(frame.params.requestId), answer: answerIn(event) };
    case "warning":
      return { type: "warning", ...place, message: frame.params.message };
    case "error": {
      const { turnId, error, willRetry } = frame.params;
      return { type: "error", ...place, turnId, error, willRetry };
    }
    case "turn/completed": {
      const { id: turnId, status, error } = frame.params.turn;
      return { type: "turnCompleted", ...place, turnId, status, error, outcome: outcomeIn(event) };
    }
    case "thread/reverted":
      return { type: "reverted", ...place, beforeTurnId: frame.params.beforeTurnId ?? null };
    default:
      throw new Error(`an export tells nothing of ${frame.method}`);
  }
}

function revisionEntry(
  update: Notifications["spindle/decisionTree/updated"],
  event: PrivateEvent | undefined,
  treeBefore: DecisionTreeRevision | undefined,
): Omit<Extract<ExportEntry, { type: "decisionTree" }>, "seq" | "atMs" | "isReverted"> {
  const tree = treeAfter(treeBefore, update);
  const { turnId, revision, because, flip } = update;
  const mermaid = mermaidOf(tree);
  const resolutions = event && "resolutions" in event ? event.resolutions : [];
  return { type: "decisionTree", turnId, revision, cause: causeOf(event), because, flip, resolutions, tree, mermaid };
}

function causeOf(event: PrivateEvent | undefined): Extract<ExportEntry, { type: "decisionTree" }>["cause"] {
  const cause = event ? revisionCauseOf(event) : null;
  if (cause) return cause;
  throw new Error(`a revision of a decision tree that ${event?.type ?? "nothing"} made`);
}

function answerIn(event: PrivateEvent | undefined): unknown {
  if (event?.type === "decided") {
    const { decision, part } = event;
    if (decision === "garbage") return null;
    return part ? { decision, hunks: part.hunks, partHash: part.hash } : { decision };
  }
  return event?.type === "answered" ? event.answer : null;
}

/** A line of the decision log from before verdicts and tests were kept has none. */
function outcomeIn(event: PrivateEvent | undefined): Extract<ExportEntry, { type: "turnCompleted" }>["outcome"] {
  if (event?.type !== "decisionOutcome") return null;
  const { revision, actionId, expectedUtility, harmProbability, verdicts = [], tests = null } = event;
  return { revision, actionId, expectedUtility, harmProbability, verdicts, tests };
}
