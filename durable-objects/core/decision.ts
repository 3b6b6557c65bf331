/** What is being decided in a thread: changed by what happened, and shown as a tree of numbered revisions. */
import { spend } from "#core/decision-tree/choose";
import { annotate, type Deliberation, observe } from "#core/decision-tree/deliberation";
import { markStale } from "#core/decision-tree/staleness";
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
}

export type DecisionEvent = Extract<
  PrivateEvent,
  { type: "decisionDeclared" | "decisionObserved" | "decisionAnnotated" | "decisionStale" }
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
    case "decisionObserved":
      return { ...decision, deliberation: observed(deliberation, event) };
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
function observed(deliberation: Deliberation, event: Extract<DecisionEvent, { type: "decisionObserved" }>): Deliberation {
  const { probeId, observed, atMs, pairedWith, wasAsked } = event;
  const after = observe(deliberation, probeId, observed, atMs);
  const probe = after.probes.find(({ id }) => id === probeId);
  if (!probe || !wasAsked) return after;
  const spent = { probeId, netValueOfInformation: 0 };
  const choice =
    probe.kind === "tool" ? ({ kind: "probe", ...spent, pairedWith } as const) : ({ kind: "ask", ...spent } as const);
  return { ...after, budget: spend(after.budget, choice) };
}

type Updated = Notifications["spindle/decisionTree/updated"];

/** Folds a frame's delta: see `updateOf` in `thread/decision.ts`. */
export function treeAfter(before: DecisionTreeRevision | undefined, update: Updated): DecisionTreeRevision {
  const { turnId, revision, mode, delta } = update;
  const last = before?.turnId === turnId ? before : {};
  // A turn's first revision carries every member, and those that follow stand on it.
  return { ...last, ...delta, turnId, revision, mode } as DecisionTreeRevision;
}
