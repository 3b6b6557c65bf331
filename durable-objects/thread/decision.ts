/** The decision tree of a thread: each revision told as it becomes, read again, and corrected by people. */
import { type Decision, type DecisionEvent, decisionAfter, treeAfter, treeOf } from "#core/decision";
import { resolutionsOf } from "#core/decision-outcome";
import type { DeclarationSettings } from "#core/decision-tree/declared-fields";
import { type Change, markStale } from "#core/decision-tree/staleness";
import { type DecisionTree, flipBetween } from "#core/decision-tree/tree";
import type { Draft } from "#core/frame";
import type { PrivateEvent, Settings } from "#core/private";
import { testsTurned } from "#core/tests-turned";
import { openTurn, type Thread } from "#core/thread";
import type { DecisionTreeRevision } from "#protocol/decision-tree-methods";
import { Refusal, refusals } from "#protocol/errors";
import type { ItemOf } from "#protocol/item";
import type { Params, Result } from "#protocol/methods";
import type { Notifications } from "#protocol/notifications";
import type { Turn } from "#protocol/turn";
import { decisionModeOf, questionTimeoutOf, withDecisionSettings } from "#thread/decision-settings";
import type { ThreadRuntime } from "#thread/runtime";
import { settingsTold } from "#thread/told-settings";

/** How what a model says is read: by what the account learnt of its words and its probes, and `rehearsal`'s numbers as they are. */
export function declarationSettings(
  { standing: { calibration, sensors } }: ThreadRuntime,
  { approvalPolicy, model }: Settings,
): DeclarationSettings {
  const isInteractive = approvalPolicy !== "never";
  return { isInteractive, takesNumbers: model === "rehearsal", calibration, sensorCounts: sensors };
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
  // What is read from a trace is acted on by nobody, and so its choice is always the tree's own.
  const isOpen = after.source === "trace" || (work?.calls.some(({ callId }) => callId === after.callId) ?? false);
  const now = treeOf(after, event.type === "decisionDeclared" ? undefined : last, isOpen);
  // What leads in another declaration was not turned by evidence, and what is known when the turn ends turns no choice any more.
  const isTurned =
    last && (last.source ?? "declaration") === (after.source ?? "declaration") && event.type !== "decisionResolved";
  const update = updateOf(runtime.host.threadId, after, last, now, isTurned ? flipBetween(last, now) : null);
  const tree = treeAfter(decisionTree, update);
  const updated: Draft = { method: "spindle/decisionTree/updated", params: update, private: { event } };
  const turn = openTurn(runtime.current);
  const isChoice = turn?.id === update.turnId && event.type !== "decisionResolved";
  return isChoice ? [updated, ...essence(runtime, update.turnId, tree)] : [updated];
}

type Updated = Notifications["spindle/decisionTree/updated"];

/** The frame's params for what is decided now, beside the turn's revision before it: pure. */
function updateOf(
  threadId: string,
  { turnId, mode, source = "declaration" }: Decision,
  last: DecisionTreeRevision | undefined,
  tree: DecisionTree,
  flip: Updated["flip"],
): Updated {
  const shown = { source, ...tree };
  const changed = Object.entries(shown).filter(([name, value]) => !last || !isSame(last[name as keyof typeof shown], value));
  return {
    threadId,
    turnId,
    revision: (last?.revision ?? 0) + 1,
    mode,
    because: tree.chosen.because,
    flip,
    delta: Object.fromEntries(changed),
  };
}

/** What is read from a trace is no plan: the agent does not go by it. */
function essence(runtime: ThreadRuntime, turnId: string, { source, actions, chosen }: DecisionTreeRevision): Draft[] {
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
  const planned: Draft = { method: "turn/plan/updated", params: { threadId, turnId, explanation: chosen.because, plan } };
  return [
    ...(source === "trace" ? [] : [planned]),
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

/** The revision that says what became known in a turn that ends; none where that is shown already, as a person's word is. */
export function resolvedDecision(runtime: ThreadRuntime, turn: Turn): Draft[] {
  const { decision } = runtime.current;
  if (!decision) return [];
  const shown = new Map(decision.deliberation.assumptions.map(({ id, status }) => [id, status]));
  const resolutions = resolutionsOf(decision, turn).filter(
    ({ assumptionId, isTrue }) => shown.get(assumptionId) !== (isTrue ? "confirmed" : "refuted"),
  );
  return resolutions.length > 0 ? revisionOf(runtime, { type: "decisionResolved", turnId: turn.id, resolutions }) : [];
}

/** The line of the decision log for a turn that ends; null where it decided nothing. */
export function decisionOutcome(
  { decision, decisionTree }: Thread,
  { id: turnId, items }: Turn,
  outcome: "completed" | "interrupted" | "failed",
): PrivateEvent | null {
  if (decisionTree?.turnId !== turnId) return null;
  const { revision, chosen, leadingActionId, actions } = decisionTree;
  const actionId = chosen.kind === "act" ? chosen.id : leadingActionId;
  const { expectedUtility = 0, harmProbability = 0 } = actions.find(({ id }) => id === actionId) ?? {};
  const by = { revision, actionId, expectedUtility, harmProbability };
  return { type: "decisionOutcome", turnId, ...by, outcome, verdicts: decision?.verdicts ?? [], tests: testsTurned(items) };
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
    throw new Refusal(refusals.noDecisionTree(runtime.host.threadId));
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
  { mode, questionTimeoutMs, extraction }: Params<"spindle/decisionTree/setMode">,
): Result<"spindle/decisionTree/setMode"> {
  const { nextSettings, settings: now } = runtime.current;
  const before = nextSettings ?? now;
  if (!before) throw new Error("a thread without settings");
  const settings = withDecisionSettings(before, { decisionMode: mode, questionTimeoutMs, decisionExtraction: extraction });
  const isSettled = decisionModeOf(before) === mode && questionTimeoutOf(before) === questionTimeoutOf(settings);
  if (isSettled && before.decisionExtraction === settings.decisionExtraction) return {};
  runtime.commit([{ ...settingsTold(runtime, settings), private: { event: { type: "settingsChanged", settings } } }]);
  return {};
}
