/** What is being decided in a thread: changed by what happened, and shown as a tree of numbered revisions. */
import { becauseDeclined, becauseOver, type Declined } from "#core/decision-tree/because";
import { spend } from "#core/decision-tree/choose";
import { annotate, type Deliberation, observe, takeDefault } from "#core/decision-tree/deliberation";
import { markStale } from "#core/decision-tree/staleness";
import { type DecisionTree, decide } from "#core/decision-tree/tree";
import { limits } from "#core/limits";
import type { PrivateEvent } from "#core/private";
import type { DecisionMode, DecisionTreeRevision } from "#protocol/decision-tree-methods";
import type { Notifications } from "#protocol/notifications";

/** The last declaration of a thread and all that was learnt since. */
export interface Decision {
  turnId: string;
  callId: string;
  mode: DecisionMode;
  deliberation: Deliberation;
  /** What of the declaration made no sense. */
  warnings: string[];
  /** Keys of annotations, so that a retry is not believed twice. */
  annotationKeys: string[];
  /** What a person did not allow: the safe action takes its place. Absent where nothing was declined. */
  declined?: Declined;
}

export type DecisionEvent = Extract<
  PrivateEvent,
  {
    type:
      | "decisionDeclared"
      | "decisionObserved"
      | "decisionDefaulted"
      | "decisionDeclined"
      | "decisionAnnotated"
      | "decisionStale";
  }
>;

/** Pure. The event that declares makes a decision; the others change the one that there is, and nothing where there is none. */
export function decisionAfter(decision: Decision | undefined, event: DecisionEvent): Decision | undefined {
  if (event.type === "decisionDeclared") {
    const { turnId, callId, mode, deliberation, warnings } = event;
    return { turnId, callId, mode, deliberation, warnings, annotationKeys: [] };
  }
  if (!decision) return undefined;
  const { deliberation, annotationKeys } = decision;
  switch (event.type) {
    case "decisionObserved": {
      const after = observe(deliberation, event.probeId, event.observed, event.atMs);
      return { ...decision, deliberation: event.wasAsked ? paid(after, event.probeId, event.pairedWith) : after };
    }
    case "decisionDefaulted": {
      const after = takeDefault(deliberation, event.probeId, event.atMs);
      return { ...decision, deliberation: paid(after, event.probeId, null) };
    }
    case "decisionDeclined":
      return { ...decision, declined: { actionId: event.actionId, isUnreadable: event.isUnreadable } };
    case "decisionAnnotated": {
      const { assumptionId, observed, atMs, key } = event;
      const keys = key === null ? annotationKeys : [...annotationKeys, key].slice(-limits.annotationKeysMax);
      return { ...decision, deliberation: annotate(deliberation, assumptionId, observed, atMs), annotationKeys: keys };
    }
    case "decisionStale":
      return { ...decision, deliberation: markStale(deliberation, event.change) };
    default:
      return event satisfies never;
  }
}

/** What was looked up or asked is paid for when its answer is there: who died on the way asks again and pays once. */
function paid(after: Deliberation, probeId: string, pairedWith: string | null): Deliberation {
  const probe = after.probes.find(({ id }) => id === probeId);
  if (!probe) return after;
  const spent = { probeId, netValueOfInformation: 0 };
  const choice =
    probe.kind === "tool" ? ({ kind: "probe", ...spent, pairedWith } as const) : ({ kind: "ask", ...spent } as const);
  return { ...after, budget: spend(after.budget, choice) };
}

/**
 * The tree as the decision stands. While it is open the loop does what the tree chooses; afterwards nobody looks anything up or
 * asks, and what was chosen before (`last`) stays chosen, whatever leads by now.
 */
export function treeOf(decision: Decision, last: DecisionTreeRevision | undefined, isOpen: boolean): DecisionTree {
  const { deliberation, declined } = decision;
  const tree = decide(deliberation);
  if (declined) return acting(tree, deliberation.safeActionId, becauseDeclined(declined, deliberation.safeActionId));
  if (isOpen) return tree;
  const actionId = last?.chosen.kind === "act" ? last.chosen.id : tree.leadingActionId;
  return acting(tree, actionId, becauseOver(actionId, tree));
}

function acting(tree: DecisionTree, id: string, because: string): DecisionTree {
  return { ...tree, chosen: { kind: "act", id, because, needsApproval: false, pairedWith: null } };
}

type Updated = Notifications["spindle/decisionTree/updated"];

/** Folds a frame's delta: see `updateOf` in `thread/decision.ts`. */
export function treeAfter(before: DecisionTreeRevision | undefined, update: Updated): DecisionTreeRevision {
  const { turnId, revision, mode, delta } = update;
  const last = before?.turnId === turnId ? before : {};
  // A turn's first revision carries every member, and those that follow stand on it.
  return { ...last, ...delta, turnId, revision, mode } as DecisionTreeRevision;
}
