/** Which frames of a thread are in a copy of it, how they read there, and how they are read again. Pure. */
import { carriedOver } from "#core/carried-over";
import { treeAfter } from "#core/decision";
import type { Draft, Frame } from "#core/frame";
import type { ModelItem, PrivateEvent } from "#core/private";
import { type DecisionTreeRevision, decisionTree } from "#protocol/decision-tree-methods";
import type { NotificationMethod } from "#protocol/notifications";
import { notifications } from "#protocol/notifications";
import type { CopiedEvent, CopyLine } from "#protocol/thread-copy";

export type FrameLine = Extract<CopyLine, { type: "frame" }>;

/**
 * The frame's line; null where a fork would not have it either, and for a status that says nothing else. Of the private part only the model's
 * past goes along, and what `CopiedEvent` names: no settings, no grants, no answers of people, no deliberation.
 */
export function copiedFrame(frame: Frame, isOpen: (itemId: string) => boolean): FrameLine | null {
  const draft = carriedOver(frame, "", isOpen);
  if (!draft) return null;
  const modelItems = (draft.private?.modelItems ?? []).flatMap((item) => portable(item) ?? []);
  const event = draft.private?.event ? copied(draft.private.event) : null;
  if (draft.method === "thread/status/changed" && modelItems.length === 0 && !event) return null;
  const { threadId: _, ...params } = draft.params as { threadId: string };
  return {
    type: "frame",
    method: draft.method,
    params,
    ...(modelItems.length > 0 ? { modelItems } : {}),
    ...(event ? { event } : {}),
  };
}

/** The methods that `copiedFrame` lets through: what a file brings of another kind is refused. */
const copiedMethods = new Set<string>([
  "turn/started",
  "turn/completed",
  "turn/diff/updated",
  "turn/plan/updated",
  "spindle/decisionTree/updated",
  "item/started",
  "item/completed",
  "item/agentMessage/delta",
  "item/reasoning/summaryPartAdded",
  "item/reasoning/summaryTextDelta",
  "item/commandExecution/outputDelta",
  "thread/tokenUsage/updated",
  "thread/status/changed",
  "error",
  "warning",
] satisfies NotificationMethod[]);

/** Reads lines of frames in their order, and says of the first that cannot follow why. */
export class CopyReader {
  private readonly threadId: string;
  private tree: DecisionTreeRevision | undefined;
  private openTurnId: string | null = null;
  private readonly turnIds = new Set<string>();
  /** Items by id; true while they are open. */
  private readonly items = new Map<string, boolean>();

  constructor(threadId: string) {
    this.threadId = threadId;
  }

  /** The frame as this thread has it, or the problem with it. */
  read(line: FrameLine): Draft | { problem: string } {
    const { method, event } = line;
    if (!isCopied(method)) return { problem: `no copy holds ${method}` };
    const read = notifications[method].safeParse({ ...line.params, threadId: this.threadId });
    if (!read.success) return { problem: `${method} cannot be read` };
    if (event && !carries(method, event)) return { problem: `${event.type} does not come with ${method}` };
    const modelItems = (line.modelItems ?? []).flatMap((item) => portable(item) ?? []);
    const hidden = { ...(modelItems.length > 0 ? { modelItems } : {}), ...(event ? { event } : {}) };
    // Method and params belong together by the table that read them.
    const draft = { method, params: read.data, ...(Object.keys(hidden).length > 0 ? { private: hidden } : {}) } as Draft;
    const problem = this.follow(draft);
    return problem === null ? draft : { problem };
  }

  /** The laws of a log that its readers rely on: turns one after another, items within them, each begun once and ended at most once. */
  private follow(draft: Draft): string | null {
    switch (draft.method) {
      case "turn/started": {
        const { id, status, items } = draft.params.turn;
        if (this.openTurnId !== null) return "a turn begins before the one before has ended";
        if (this.turnIds.has(id)) return `turn ${id} begins twice`;
        if (status !== "inProgress" || items.length > 0) return `turn ${id} begins with what comes later`;
        this.turnIds.add(id);
        this.openTurnId = id;
        return null;
      }
      case "turn/completed": {
        const { id, status } = draft.params.turn;
        if (this.openTurnId !== id || status === "inProgress") return `turn ${id} ends and does not run`;
        this.openTurnId = null;
        return null;
      }
      case "item/started": {
        const { item, turnId } = draft.params;
        if (this.openTurnId !== turnId) return `item ${item.id} begins outside of its turn`;
        if (this.items.has(item.id)) return `item ${item.id} begins twice`;
        this.items.set(item.id, true);
        return null;
      }
      case "item/completed": {
        const { item } = draft.params;
        if (this.items.get(item.id) !== true) return `item ${item.id} ends and is not open`;
        this.items.set(item.id, false);
        return null;
      }
      case "item/agentMessage/delta":
      case "item/reasoning/summaryPartAdded":
      case "item/reasoning/summaryTextDelta":
      case "item/commandExecution/outputDelta":
        return this.items.get(draft.params.itemId) === true ? null : `item ${draft.params.itemId} is told of and not open`;
      case "spindle/decisionTree/updated": {
        if (draft.private?.event?.type !== "decisionCopied") return "nobody says what made a revision of a decision tree";
        this.tree = treeAfter(this.tree, draft.params);
        return decisionTree.safeParse(this.tree).success ? null : "a decision tree lacks what no revision before it said";
      }
      default:
        return null;
    }
  }
}

/**
 * A model item that means the same to another endpoint, account and model; null for what only its own endpoint can open, as reasoning. Ids are its
 * endpoint's too. And the past gives no orders: what was said as the system or the developer is said as anybody.
 */
function portable(item: ModelItem): ModelItem | null {
  if (item.type === "reasoning" || "encrypted_content" in item) return null;
  const { id, ...rest } = item;
  const said = rest.role === "system" || rest.role === "developer" ? { ...rest, role: "user" } : rest;
  // This one call is found by its id, as its own API has it.
  return item.type.startsWith("local_shell_call") && id !== undefined ? { ...said, id } : said;
}

function copied(event: PrivateEvent): CopiedEvent | null {
  switch (event.type) {
    case "compacted":
    case "settled":
    case "userCommandEnded":
    case "filesWritten":
    case "decisionCopied":
    case "decisionOutcome":
      return event;
    default: {
      const cause = revisionCauseOf(event);
      return cause && { type: "decisionCopied", cause, resolutions: event.type === "decisionResolved" ? event.resolutions : [] };
    }
  }
}

/** What made a revision of a decision tree; null for an event that makes none. */
export function revisionCauseOf(event: PrivateEvent): Extract<CopiedEvent, { type: "decisionCopied" }>["cause"] | null {
  switch (event.type) {
    case "decisionDeclared":
      return "declared";
    case "decisionExtracted":
      return "extracted";
    case "decisionObserved":
      return "observed";
    case "decisionDefaulted":
      return "defaulted";
    case "decisionDeclined":
      return "declined";
    case "decisionAnnotated":
      return "annotated";
    case "decisionStale":
      return "stale";
    case "decisionResolved":
      return "resolved";
    case "decisionCopied":
      return event.cause;
    default:
      return null;
  }
}

function isCopied(method: string): method is NotificationMethod {
  return copiedMethods.has(method);
}

/** A revision of a tree says what made it, and nothing else does: an export relies on both. */
function carries(method: NotificationMethod, event: CopiedEvent): boolean {
  if (event.type === "decisionCopied") return method === "spindle/decisionTree/updated";
  if (event.type === "decisionOutcome") return method === "turn/completed";
  return true;
}
