/** The choice in words: what was chosen, what came second, and the assumption that it rests on. */
import type { Choice } from "#core/decision-tree/choose";
import type { DecisionTree } from "#core/decision-tree/tree";

type Weighed = Omit<DecisionTree, "chosen">;

/** One to three sentences for a person. */
export function becauseOf(choice: Choice, tree: Weighed): string {
  switch (choice.kind) {
    case "act":
      return [ranking(tree), deciding(tree), caution(choice.needsApproval, tree)].filter((sentence) => sentence !== "").join(" ");
    case "probe":
      return `Looking first is worth ${figure(choice.netValueOfInformation)} more than acting now${together(choice.pairedWith)}. ${doubtOf(choice.probeId, tree)}`;
    case "ask":
      return `Asking first is worth ${figure(choice.netValueOfInformation)} more than acting now, after the attention it takes. ${doubtOf(choice.probeId, tree)}`;
    default:
      return choice satisfies never;
  }
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

function caution(needsApproval: boolean, { actions, leadingActionId }: Weighed): string {
  const harm = actions.find(({ id }) => id === leadingActionId)?.harmProbability ?? 0;
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
