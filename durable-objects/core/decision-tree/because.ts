/** The choice in words: what was chosen, what came second, and the assumption that it rests on. */

import { supposedValue } from "#core/decision-tree/assumption";
import type { Choice } from "#core/decision-tree/choose";
import type { DecisionTree } from "#core/decision-tree/tree";

type Weighed = Omit<DecisionTree, "chosen">;

/** One to three sentences for a person. */
export function becauseOf(choice: Choice, tree: Weighed): string {
  switch (choice.kind) {
    case "act":
      return sentences(ranking(tree), deciding(tree), supposition(choice.actionId, tree), caution(choice, tree));
    case "probe":
      return `Looking first is worth ${figure(choice.netValueOfInformation)} more than acting now${together(choice.pairedWith)}. ${doubtOf(choice.probeId, tree)}`;
    case "ask":
      return `Asking first is worth ${figure(choice.netValueOfInformation)} more than acting now, after the attention it takes. ${doubtOf(choice.probeId, tree)}`;
    default:
      return choice satisfies never;
  }
}

/** Behind a decision nothing is looked up or asked any more: what has changed since is shown, and the choice stays. */
export function becauseOver(actionId: string, tree: Weighed): string {
  const isLeader = actionId === tree.leadingActionId;
  return sentences("Nothing more is looked up or asked.", ranking(tree), isLeader ? "" : `${actionId} was chosen before that.`);
}

/** A person did not allow an action, or gave an answer that could not be read; the safe one takes its place. */
export function becauseDeclined({ actionId, isUnreadable }: Declined, safeActionId: string): string {
  const reason = isUnreadable ? "the client's answer could not be read" : "the user declined it";
  return `${actionId} is not done: ${reason}. ${safeActionId} takes its place: it was declared to do no harm whatever is true.`;
}

export interface Declined {
  actionId: string;
  isUnreadable: boolean;
}

function sentences(...all: string[]): string {
  return all.filter((sentence) => sentence !== "").join(" ");
}

function ranking({ actions }: Weighed): string {
  const [first, second] = [...actions].sort((one, other) => other.expectedUtility - one.expectedUtility);
  if (!first) return "";
  const runnerUp = second ? `, before ${second.id} with ${figure(second.expectedUtility)}` : "";
  return `${first.id} has the largest expected utility, ${figure(first.expectedUtility)}${runnerUp}.`;
}

function deciding(tree: Weighed): string {
  const [split] = tree.splits;
  if (!split || split.expectedValueOfPerfectInformation <= 0) return "No assumption changes that.";
  return `It rests most on ${named(split.assumptionId, tree)}.`;
}

/** Nobody answered, and that decides. */
function supposition(actionId: string, tree: Weighed): string {
  const supposed = tree.assumptions.flatMap((assumption) => {
    const value = supposedValue(assumption);
    return value === null ? [] : [`${named(assumption.id, tree)} is taken ${value ? "to be so" : "not to be so"}`];
  });
  return supposed.length === 0 ? "" : `Nobody answered: ${supposed.join(" and ")}, as was declared, and so ${actionId} is best.`;
}

function caution({ needsApproval, actionId }: Extract<Choice, { kind: "act" }>, { actions }: Weighed): string {
  const harm = actions.find(({ id }) => id === actionId)?.harmProbability ?? 0;
  return needsApproval ? `It cannot be undone and may do harm (${percent(harm)}), so a person decides.` : "";
}

function doubtOf(probeId: string, tree: Weighed): string {
  const probe = tree.probes.find(({ id }) => id === probeId);
  return probe ? `It tells about ${named(probe.assumptionId, tree)}.` : "";
}

function together(pairedWith: string | null): string {
  return pairedWith === null ? "" : `, together with ${pairedWith}`;
}

function named(assumptionId: string, { assumptions }: Weighed): string {
  const assumption = assumptions.find(({ id }) => id === assumptionId);
  return assumption ? `${assumption.id}, “${assumption.text}” (${percent(assumption.probability)})` : assumptionId;
}

function figure(value: number): string {
  return value.toFixed(2);
}

function percent(probability: number): string {
  return `${Math.round(probability * 100)} %`;
}
