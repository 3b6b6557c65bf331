/** The decision tree of a thread: each revision told as it becomes, read again, and corrected by people. */
import { type Decision, type DecisionEvent, decisionAfter, treeAfter, treeOf } from "#core/decision";
import { type Change, markStale } from "#core/decision-tree/staleness";
import { type DecisionTree, flipBetween } from "#core/decision-tree/tree";
import type { Draft } from "#core/frame";
import { limits } from "#core/limits";
import type { PrivateEvent, Settings } from "#core/private";
import { openTurn, type Thread } from "#core/thread";
import { type DecisionMode, type DecisionTreeRevision, defaultDecisionMode } from "#protocol/decision-tree-methods";
import { Refusal, refusals } from "#protocol/errors";
import type { ItemOf } from "#protocol/item";
import type { Params, Result } from "#protocol/methods";
import type { Notifications } from "#protocol/notifications";
import type { ThreadRuntime } from "#thread/runtime";

export function decisionModeOf(settings: Settings | null): DecisionMode {
  return settings?.decisionMode ?? defaultDecisionMode;
}

/** Milliseconds until a question's default is taken; null: never. */
export function questionTimeoutOf(settings: Settings | null): number | null {
  const { questionTimeoutMs } = settings ?? {};
  return questionTimeoutMs === undefined ? limits.question.timeoutMsDefault : questionTimeoutMs;
}

/** What is not said stays. */
export function withDecisionSettings(
  before: Settings,
  {
    decisionMode,
    questionTimeoutMs,
  }: { decisionMode?: DecisionMode | null | undefined; questionTimeoutMs?: number | null | undefined },
): Settings {
  return {
    ...before,
    ...(decisionMode ? { decisionMode } : {}),
    ...(questionTimeoutMs === undefined ? {} : { questionTimeoutMs }),
  };
}

/**
 * The frames of the revision that the event makes: the whole of it for clients that know trees; for the others, while the turn is open, a
 * plan of the actions and a reasoning that names the choice. The event rides on the revision: both are there or neither.
 */
export function revisionOf(runtime: ThreadRuntime, event: DecisionEvent): Draft[] {
  const { decisionTree, decision, work } = runtime.current;
  const after = decisionAfter(decision, event);
  if (!after) return [];
  const last = decisionTree?.turnId === after.turnId ? decisionTree : undefined;
  const isOpen = work?.calls.some(({ callId }) => callId === after.callId) ?? false;
  const now = treeOf(after, event.type === "decisionDeclared" ? undefined : last, isOpen);
  const update = updateOf(runtime.host.threadId, after, last, now);
  const tree = treeAfter(decisionTree, update);
  const updated: Draft = { method: "spindle/decisionTree/updated", params: update, private: { event } };
  const turn = openTurn(runtime.current);
  return turn?.id === update.turnId ? [updated, ...essence(runtime, turn.id, tree)] : [updated];
}

type Updated = Notifications["spindle/decisionTree/updated"];

/** The frame's params for what is decided now, beside the turn's revision before it: pure. */
function updateOf(
  threadId: string,
  { turnId, mode }: Decision,
  last: DecisionTreeRevision | undefined,
  tree: DecisionTree,
): Updated {
  const changed = Object.entries(tree).filter(([name, value]) => !last || !isSame(last[name as keyof DecisionTree], value));
  return {
    threadId,
    turnId,
    revision: (last?.revision ?? 0) + 1,
    mode,
    because: tree.chosen.because,
    flip: last ? flipBetween(last, tree) : null,
    delta: Object.fromEntries(changed),
  };
}

function essence(runtime: ThreadRuntime, turnId: string, { actions, chosen }: DecisionTreeRevision): Draft[] {
  const { threadId } = runtime.host;
  const now = runtime.host.now();
  const plan = actions
    .toSorted((one, other) => other.expectedUtility - one.expectedUtility)
    .map(({ id, description }) => ({
      step: description,
      status: chosen.kind === "act" && chosen.id === id ? ("inProgress" as const) : ("pending" as const),
    }));
  const thought: ItemOf<"reasoning"> = {
    type: "reasoning",
    id: runtime.host.newId(),
    summary: [],
    content: [],
    startedAtMs: now,
    completedAtMs: null,
  };
  const summary = [`${chosen.kind} ${chosen.id}. ${chosen.because}`];
  return [
    { method: "turn/plan/updated", params: { threadId, turnId, explanation: chosen.because, plan } },
    runtime.itemStarted(turnId, thought),
    runtime.itemCompleted(turnId, { ...thought, summary, completedAtMs: now }),
  ];
}

/** The revision that a change of the world makes; none where nothing that the open turn assumes is about it. */
export function staleDecision(runtime: ThreadRuntime, change: Change): Draft[] {
  const { decision } = runtime.current;
  if (!decision || decision.turnId !== openTurn(runtime.current)?.id || !isStaleBy(decision, change)) return [];
  return revisionOf(runtime, { type: "decisionStale", change });
}

/** Whether the change concerns anything that is assumed. */
function isStaleBy(decision: Decision, change: Change): boolean {
  return markStale(decision.deliberation, change) !== decision.deliberation;
}

function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The line of the decision log for a turn that ends; null where it decided nothing. */
export function decisionOutcome(
  { decisionTree }: Thread,
  turnId: string,
  outcome: "completed" | "interrupted" | "failed",
): PrivateEvent | null {
  if (decisionTree?.turnId !== turnId) return null;
  const { revision, chosen, leadingActionId, actions } = decisionTree;
  const actionId = chosen.kind === "act" ? chosen.id : leadingActionId;
  const { expectedUtility = 0, harmProbability = 0 } = actions.find(({ id }) => id === actionId) ?? {};
  return { type: "decisionOutcome", turnId, revision, actionId, expectedUtility, harmProbability, outcome };
}

export function readDecisionTree(
  runtime: ThreadRuntime,
  { turnId, revision }: Params<"spindle/decisionTree/read">,
): Result<"spindle/decisionTree/read"> {
  let tree: DecisionTreeRevision | undefined;
  for (const update of runtime.log.decisionTreeUpdates()) {
    if (turnId && update.turnId !== turnId) continue;
    if (revision && tree && update.turnId === tree.turnId && tree.revision >= revision) continue;
    tree = treeAfter(tree, update);
  }
  if (!tree || (revision && tree.revision !== revision)) {
    throw new Refusal(refusals.invalidRequestText(`no such decision tree in thread ${runtime.host.threadId}`));
  }
  return { tree };
}

export function annotateDecisionTree(
  runtime: ThreadRuntime,
  { assumptionId, observed, clientUserMessageId }: Params<"spindle/decisionTree/annotate">,
): Result<"spindle/decisionTree/annotate"> {
  const { decision, decisionTree } = runtime.current;
  const key = clientUserMessageId ?? null;
  if (!decision || !decisionTree || !decision.deliberation.assumptions.some(({ id }) => id === assumptionId)) {
    throw new Refusal(refusals.invalidRequestText(`no assumption ${assumptionId} in the decision tree of this thread`));
  }
  if (key !== null && decision.annotationKeys.includes(key)) return { revision: decisionTree.revision };
  runtime.commit(revisionOf(runtime, { type: "decisionAnnotated", assumptionId, observed, atMs: runtime.host.now(), key }));
  return { revision: runtime.current.decisionTree?.revision ?? decisionTree.revision };
}

/** For the turns that begin from here on, like every other setting. */
export function setDecisionMode(
  runtime: ThreadRuntime,
  { mode, questionTimeoutMs }: Params<"spindle/decisionTree/setMode">,
): Result<"spindle/decisionTree/setMode"> {
  const { nextSettings, settings: now, status } = runtime.current;
  const before = nextSettings ?? now;
  if (!before) throw new Error("a thread without settings");
  const settings = withDecisionSettings(before, { decisionMode: mode, questionTimeoutMs });
  if (decisionModeOf(before) === mode && questionTimeoutOf(before) === questionTimeoutOf(settings)) return {};
  runtime.commit([{ ...runtime.status(status), private: { event: { type: "settingsChanged", settings } } }]);
  return {};
}
