/** The tree a person can open: the assumptions that change what is best, asked in the order in which they matter. */
import {
  best,
  expectedUtilities,
  given,
  type Outlook,
  probabilitiesOf,
  rounding,
  sum,
  type Weights,
} from "#core/decision-tree/utility";
import { limits } from "#core/limits";

/** `probability` is that of the path to the node. The leaves' sum to 1. */
export type Node = Split | Leaf;

export interface Split {
  type: "split";
  assumptionId: string;
  probability: number;
  /** Given the path. */
  expectedValueOfPerfectInformation: number;
  whenTrue: Node;
  whenFalse: Node;
}

export interface Leaf {
  type: "leaf";
  probability: number;
  actionId: string;
  expectedUtility: number;
}

/** Below this much utility a split does not change what is done: our ε, in place of PCE's "would not materially affect action choice". */
export const worthwhileSplit = 0.02;

/**
 * EVPI(A | node) = Σ_v P(A=v)·max_a EU(a | A=v) − max_a EU(a): what knowing A would be worth. The classic definition; it replaces PCE's
 * "local ranking policy", which is prompt text. `weightOf` is the belief at the node and need not sum to 1.
 */
export function valueOfKnowing(
  outlook: Outlook,
  weightOf: Weights,
  position: number,
  uninformed = expectedUtilities(outlook, weightOf),
): number {
  const total = sum(weightOf);
  if (total === 0) return 0;
  const whenTrue = expectedUtilities(outlook, given(outlook, weightOf, position, true));
  const whenFalse = uninformed.map((utility, action) => utility - (whenTrue[action] ?? 0));
  return Math.max(0, best(whenTrue).utility + best(whenFalse).utility - best(uninformed).utility) / total;
}

/** Splits on the largest EVPI until it is below ε or the depth is reached: PCE's default depth, 3. */
export function compose(outlook: Outlook, weightOf: Weights = probabilitiesOf(outlook), depth = 0): Node {
  const probability = sum(weightOf);
  const utilities = expectedUtilities(outlook, weightOf);
  const ranked = outlook.assumptions.map((_, position) => valueOfKnowing(outlook, weightOf, position, utilities));
  const first = best(ranked);
  const assumption = outlook.assumptions[first.action];
  // An EVPI of exactly ε is worth its split, whatever the last bit of the sum says.
  if (depth >= limits.decisionTreeDepthMax || !assumption || first.utility < worthwhileSplit - rounding) {
    const { action, utility } = best(utilities);
    const actionId = outlook.actions[action]?.id ?? "";
    return { type: "leaf", probability, actionId, expectedUtility: probability === 0 ? utility : utility / probability };
  }
  return {
    type: "split",
    assumptionId: assumption.id,
    probability,
    expectedValueOfPerfectInformation: first.utility,
    whenTrue: compose(outlook, given(outlook, weightOf, first.action, true), depth + 1),
    whenFalse: compose(outlook, given(outlook, weightOf, first.action, false), depth + 1),
  };
}

export function leavesOf(node: Node): Leaf[] {
  return node.type === "leaf" ? [node] : [...leavesOf(node.whenTrue), ...leavesOf(node.whenFalse)];
}
