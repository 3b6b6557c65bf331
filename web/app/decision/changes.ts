/** What made a revision of a decision, and whether it flipped the choice: in sentences, read off two revisions. */
import type { DecisionTreeRevision } from "#protocol/decision-tree-methods";
import { figure } from "../figures.ts";

type Tree = DecisionTreeRevision;
type Assumption = Tree["assumptions"][number];
export type Evidence = Assumption["evidence"][number];

/** One clause without its full stop: “Q says that A1 is not so”. `before` is null for the first revision of a turn. */
export function causeOf(before: Tree | null, after: Tree): string {
  if (!before || isDeclaredAnew(before, after)) return declared(after, before !== null);
  const said = saidSince(before, after);
  if (said.length > 0) return said.join(" and ");
  const stale = after.assumptions.filter(({ id, status }) => status === "stale" && earlier(before, id)?.status !== "stale");
  if (stale.length > 0) return `What ${listed(stale)} ${stale.length === 1 ? "is" : "are"} about has changed`;
  const unclear = after.probes.filter(
    ({ id, isSpent }) => isSpent && before.probes.some((probe) => probe.id === id && !probe.isSpent),
  );
  if (unclear.length > 0) return `The answer to ${listed(unclear)} was unclear`;
  return before.chosen.id === after.chosen.id ? "Weighed anew" : firstSentence(after.chosen.because);
}

/**
 * The sentence of a flip: “Q says that A1 is not so: patch fell from 0.45 to −0.06, guard was chosen.” Null where evidence did not change which action
 * leads. What became known at the turn's end turns no choice any more, and another declaration is another question.
 */
export function flipOf(before: Tree | null, after: Tree): string | null {
  if (!before || before.leadingActionId === after.leadingActionId || isDeclaredAnew(before, after)) return null;
  if (isResolution(before, after)) return null;
  const { leadingActionId: from } = before;
  const { leadingActionId: to } = after;
  const moves = [from, to].map((id) => ({ id, was: utilityOf(before, id), is: utilityOf(after, id) }));
  const [mover] = moves.toSorted((one, other) => Math.abs(other.is - other.was) - Math.abs(one.is - one.was));
  const moved = mover
    ? `${mover.id} ${mover.is < mover.was ? "fell" : "rose"} from ${figure(mover.was)} to ${figure(mover.is)}`
    : "";
  return `${causeOf(before, after)}: ${moved}, ${consequence(after, to)}.`;
}

/** The newest flip among revisions in their order, with the number of its revision. */
export function lastFlip(trees: readonly Tree[]): { revision: number; sentence: string } | null {
  for (let place = trees.length - 1; place > 0; place -= 1) {
    const [before, after] = [trees[place - 1], trees[place]];
    const sentence = before && after && flipOf(before, after);
    if (sentence) return { revision: after.revision, sentence };
  }
  return null;
}

/** How much likelier what was seen is where the assumption is true: `(se / (1 − sp))^weight`, or of the complements. 1 says nothing. */
export function likelihoodRatio({ observed, sensitivity, specificity, weight }: Evidence): number {
  const ratio = observed ? sensitivity / (1 - specificity) : (1 - sensitivity) / specificity;
  return ratio ** weight;
}

/** Example: “says nothing of the truth”, “19 times likelier if it is not so”. */
export function ratioInWords(evidence: Evidence): string {
  const ratio = likelihoodRatio(evidence);
  if (evidence.method === "default") return "says nothing of the truth";
  if (!Number.isFinite(ratio)) return "only possible if it is so";
  if (ratio === 0) return "only possible if it is not so";
  const times = ratio >= 1 ? ratio : 1 / ratio;
  const shown = times >= 10 ? times.toFixed(0) : times.toFixed(1);
  if (shown === "1.0") return "as likely either way";
  return `${shown} times likelier if it is ${ratio > 1 ? "" : "not "}so`;
}

function declared({ source }: Tree, isAnew: boolean): string {
  if (source === "trace") return "Read from the model's words";
  return isAnew ? "The model declared it anew" : "The model declared it";
}

function isDeclaredAnew(before: Tree, after: Tree): boolean {
  const ids = ({ assumptions, actions }: Tree) => [...assumptions, ...actions].map(({ id }) => id).join(" ");
  const hasLost = after.assumptions.some(({ id, evidence }) => evidence.length < (earlier(before, id)?.evidence.length ?? 0));
  return (before.source ?? "declaration") !== (after.source ?? "declaration") || ids(before) !== ids(after) || hasLost;
}

function saidSince(before: Tree, after: Tree): string[] {
  return after.assumptions.flatMap((assumption) => {
    const known = earlier(before, assumption.id);
    if (!known) return [];
    const news = assumption.evidence.slice(known.evidence.length).map((evidence) => said(evidence, assumption, before, after));
    if (news.length > 0) return news;
    const [was, is] = [known.resolved ?? null, assumption.resolved ?? null];
    if (was === null && is !== null) return [`${assumption.id} became known to ${is ? "" : "not "}be so`];
    if (was !== null && is !== null && was !== is) return [`A person says that ${assumption.id} is ${is ? "" : "not "}so`];
    return [];
  });
}

function said({ by, method, observed }: Evidence, { id }: Assumption, before: Tree, after: Tree): string {
  const is = observed ? "is so" : "is not so";
  if (method === "default") return `Nobody answered, so ${id} is taken to ${observed ? "" : "not "}be so`;
  if (method !== "user") return `${by} says that ${id} ${is}`;
  const asked = after.probes.find(
    (probe) => probe.kind === "user" && probe.assumptionId === id && probe.isSpent && !isSpentIn(before, probe.id),
  );
  return asked ? `${asked.id} was answered: ${id} ${is}` : `A person says that ${id} ${is}`;
}

function isSpentIn({ probes }: Tree, probeId: string): boolean {
  return probes.some(({ id, isSpent }) => id === probeId && isSpent);
}

/** Only what the turn's end made known, and nothing that anybody said. */
function isResolution(before: Tree, after: Tree): boolean {
  const isNew = ({ id, resolved }: Assumption) => resolved != null && earlier(before, id)?.resolved == null;
  const hasEvidence = after.assumptions.some(({ id, evidence }) => evidence.length > (earlier(before, id)?.evidence.length ?? 0));
  return !hasEvidence && after.assumptions.some(isNew);
}

function consequence({ chosen }: Tree, to: string): string {
  if (chosen.kind !== "act") return `${to} leads now`;
  return chosen.id === to ? `${to} was chosen` : `${to} leads now, but ${chosen.id} was chosen before that`;
}

function earlier({ assumptions }: Tree, id: string): Assumption | undefined {
  return assumptions.find((assumption) => assumption.id === id);
}

function utilityOf({ actions }: Tree, actionId: string): number {
  return actions.find(({ id }) => id === actionId)?.expectedUtility ?? 0;
}

function listed(named: readonly { id: string }[]): string {
  return named.map(({ id }) => id).join(" and ");
}

/** Numbers hold full stops; a sentence's is followed by a blank, or by nothing. */
function firstSentence(text: string): string {
  return text.split(/\.(?= |$)/)[0] ?? text;
}
