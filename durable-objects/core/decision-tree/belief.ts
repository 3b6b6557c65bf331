/** How likely assumptions are, those that exclude each other together. */
import type { Assumption } from "#core/decision-tree/assumption";
import { doubt } from "#core/decision-tree/probability";

/**
 * Assumptions that stand or fall together: one that is alone, or all of one group, as positions in the list. `cases[0]` is the probability
 * that none is true, `cases[k]` that the k-th member is, and only it; they sum to 1.
 */
export interface Belief {
  members: number[];
  cases: number[];
}

/**
 * A group's cases are a softmax over its members' log-odds and 0 for "none of them": the product of the members' own probabilities, given
 * that at most one is true. For a single member it is the logistic function. The design asks for a softmax; the case "none" is ours,
 * because hypotheses that exclude each other need not be all there are.
 */
export function beliefsOf(assumptions: readonly Assumption[]): Belief[] {
  const groups = new Map<string, number[]>();
  assumptions.forEach(({ group }, position) => {
    const key = group === null ? `alone ${position}` : `group ${group}`;
    groups.set(key, [...(groups.get(key) ?? []), position]);
  });
  return Array.from(groups.values(), (members) => ({
    members,
    cases: casesOf(members.flatMap((position) => assumptions[position] ?? [])),
  }));
}

/** 0 for an id that is not among them. */
export function probabilityOf(assumptions: readonly Assumption[], id: string): number {
  const position = assumptions.findIndex((assumption) => assumption.id === id);
  const belief = beliefsOf(assumptions).find(({ members }) => members.includes(position));
  return belief?.cases[belief.members.indexOf(position) + 1] ?? 0;
}

function casesOf(members: readonly Assumption[]): number[] {
  const isKnown = members.some(({ resolved }) => resolved === true);
  const weights = members.map(({ resolved, logOdds }) => {
    if (resolved !== null || isKnown) return resolved === true ? 1 : 0;
    return Math.exp(logOdds);
  });
  const all = [isKnown ? 0 : 1, ...weights];
  const total = all.reduce((sum, weight) => sum + weight, 0);
  const cases = all.map((weight) => weight / total);
  return members.every(({ status, resolved }) => resolved === null && (status === "open" || status === "stale"))
    ? withDoubt(cases)
    : cases;
}

/** No case below 0.01; those above it give what is missing, in proportion. For one member it clamps to [0.01, 0.99]. */
function withDoubt(cases: readonly number[]): number[] {
  const lifted = new Set<number>();
  for (;;) {
    const free = cases.reduce((sum, value, index) => (lifted.has(index) ? sum : sum + value), 0);
    const scale = (1 - doubt * lifted.size) / free;
    const low = cases.flatMap((value, index) => (!lifted.has(index) && value * scale < doubt ? [index] : []));
    if (low.length === 0) return cases.map((value, index) => (lifted.has(index) ? doubt : value * scale));
    for (const index of low) lifted.add(index);
  }
}
