/**
 * One revision of the decision tree: everything a person needs to follow the choice, and the choice. All of its numbers are computed; a model
 * says none of them.
 */
import { costIn } from "#core/decision-tree/action";
import type { AssumptionStatus, Evidence } from "#core/decision-tree/assumption";
import { becauseOf } from "#core/decision-tree/because";
import { probabilityOf } from "#core/decision-tree/belief";
import { type Choice, choose } from "#core/decision-tree/choose";
import { compose, type Node, valueOfKnowing } from "#core/decision-tree/compose";
import type { Deliberation } from "#core/decision-tree/deliberation";
import { harmProbability } from "#core/decision-tree/guard";
import { paperUtility } from "#core/decision-tree/paper";
import { best, expectedUtilities, type Outlook, outlookOf, probabilitiesOf } from "#core/decision-tree/utility";
import { worthOf } from "#core/decision-tree/voi";
import type { AssumptionKind } from "#protocol/declare-assumptions";

export interface DecisionTree {
  assumptions: {
    id: string;
    text: string;
    kind: AssumptionKind;
    probability: number;
    status: AssumptionStatus;
    group: string | null;
    evidence: Evidence[];
  }[];
  actions: { id: string; description: string; expectedUtility: number; harmProbability: number; cost: number }[];
  /** Every combination of the assumptions that some action's gain depends on, likeliest first. `action` is the best one there. */
  scenarios: { values: Record<string, boolean>; probability: number; action: string; paperUtility: number }[];
  /** What knowing each assumption would be worth, most first. */
  splits: { assumptionId: string; expectedValueOfPerfectInformation: number }[];
  /** In the order they were declared. */
  probes: {
    id: string;
    assumptionId: string;
    kind: "tool" | "user";
    valueOfInformation: number;
    netValueOfInformation: number;
    isSpent: boolean;
  }[];
  root: Node;
  /** The action with the largest expected utility, also while something is asked first. */
  leadingActionId: string;
  chosen: { kind: Choice["kind"]; id: string; because: string; needsApproval: boolean; pairedWith: string | null };
}

/** Pure: the same deliberation always gives the same tree. At least one action is needed. */
export function decide(deliberation: Deliberation): DecisionTree {
  const { assumptions, actions, probes } = deliberation;
  const outlook = outlookOf(assumptions, actions);
  const belief = probabilitiesOf(outlook);
  const utilities = expectedUtilities(outlook, belief);
  const choice = choose(outlook, deliberation);
  const splits = assumptions
    .map(({ id }, position) => ({
      assumptionId: id,
      expectedValueOfPerfectInformation: valueOfKnowing(outlook, belief, position, utilities),
    }))
    .sort((one, other) => other.expectedValueOfPerfectInformation - one.expectedValueOfPerfectInformation);
  const tree = {
    assumptions: assumptions.map(({ id, text, kind, status, group, evidence }) => ({
      id,
      text,
      kind,
      probability: probabilityOf(assumptions, id),
      status,
      group,
      evidence,
    })),
    actions: actions.map((action, index) => ({
      id: action.id,
      description: action.description,
      expectedUtility: utilities[index] ?? 0,
      harmProbability: harmProbability(outlook, index),
      cost: belief.reduce((sum, probability, world) => sum + probability * costIn(action, outlook.gains[index]?.[world] ?? 0), 0),
    })),
    scenarios: scenariosOf(outlook),
    splits,
    probes: probes.map((probe) => {
      const { valueOfInformation, netValueOfInformation } = worthOf(outlook, probe);
      const { id, assumptionId, kind, isSpent } = probe;
      return { id, assumptionId, kind, valueOfInformation, netValueOfInformation, isSpent };
    }),
    root: compose(outlook),
    leadingActionId: actions[best(utilities).action]?.id ?? deliberation.safeActionId,
  };
  return {
    ...tree,
    chosen: {
      kind: choice.kind,
      id: choice.kind === "act" ? choice.actionId : choice.probeId,
      because: becauseOf(choice, tree),
      needsApproval: choice.kind === "act" && choice.needsApproval,
      pairedWith: choice.kind === "probe" ? choice.pairedWith : null,
    },
  };
}

/** Evidence changed what is best; null when it did not. Worth a line in the decision log. */
export function flipBetween(
  before: Pick<DecisionTree, "leadingActionId">,
  after: Pick<DecisionTree, "leadingActionId">,
): { from: string; to: string } | null {
  if (before.leadingActionId === after.leadingActionId) return null;
  return { from: before.leadingActionId, to: after.leadingActionId };
}

/** Assumptions that no gain depends on would only double the list: their worlds are added up. */
function scenariosOf(outlook: Outlook): DecisionTree["scenarios"] {
  const { actions } = outlook;
  const decisive = new Set(actions.flatMap(({ dependencies }) => dependencies));
  const merged = mergeWorlds(outlook, decisive);
  return merged.worlds
    .map(({ values, probability }, world) => {
      const action = best(merged.utilities.map((row) => row[world] ?? 0)).action;
      return {
        values: Object.fromEntries(merged.assumptions.map(({ id }, position) => [id, values[position] ?? false])),
        probability,
        action: actions[action]?.id ?? "",
        paperUtility: paperUtility(merged, world, action),
      };
    })
    .sort((one, other) => other.probability - one.probability);
}

function mergeWorlds(outlook: Outlook, decisive: ReadonlySet<string>): Outlook {
  const kept = outlook.assumptions.flatMap(({ id }, position) => (decisive.has(id) ? [position] : []));
  const first = new Map<string, number>();
  const probabilities = new Map<string, number>();
  outlook.worlds.forEach(({ values, probability }, world) => {
    const key = kept.map((position) => (values[position] ? "1" : "0")).join("");
    if (!first.has(key)) first.set(key, world);
    probabilities.set(key, (probabilities.get(key) ?? 0) + probability);
  });
  const pick = (row: readonly number[]) => Array.from(first.values(), (world) => row[world] ?? 0);
  return {
    ...outlook,
    assumptions: kept.flatMap((position) => outlook.assumptions[position] ?? []),
    worlds: Array.from(first, ([key, world]) => ({
      values: kept.map((position) => outlook.worlds[world]?.values[position] ?? false),
      probability: probabilities.get(key) ?? 0,
    })),
    gains: outlook.gains.map(pick),
    utilities: outlook.utilities.map(pick),
  };
}
