/** What the optimizer does to a scope without asking a model: near-duplicates become one, and what an active fragment says already goes. */
import { memoryLimits } from "#core/limits";
import type { Draft, Fragment, FragmentState } from "#core/memory/fragment";
import { coverageMin, mergeSimilarityMin, type Operation } from "#core/memory/operation";
import { wordsOf } from "#core/memory/retrieval";
import { coverage, similarity } from "#core/memory/terms";

/** How much a state says for a wording. */
const standing: Record<FragmentState, number> = { active: 3, probation: 2, candidate: 1, quarantined: 0, tombstone: 0 };

/**
 * A plan that `applyPlan` lets pass, within the share of the scope that one run may change. `living` are the fragments of one scope that are no
 * tombstones. The same fragments always give the same plan.
 */
export function routinePlan(living: readonly Fragment[]): Operation[] {
  let touchesLeft = Math.floor(living.length * memoryLimits.changedShareMax);
  const open = living
    .filter(({ kind, trust, state }) => kind !== "metaprompt" && trust !== "user" && state !== "quarantined")
    .map((fragment) => ({ fragment, words: wordsOf(fragment) }))
    .sort((one, other) => worthOf(other.fragment) - worthOf(one.fragment) || (one.fragment.id < other.fragment.id ? -1 : 1));
  const plan: Operation[] = [];
  const touched = new Set<string>();
  for (const first of open) {
    if (touchesLeft < 2 || plan.length >= memoryLimits.operationsPerRunMax) break;
    if (touched.has(first.fragment.id)) continue;
    const group = [first];
    for (const other of open) {
      if (group.length >= touchesLeft) break;
      if (other === first || touched.has(other.fragment.id) || other.fragment.kind !== first.fragment.kind) continue;
      if (group.every(({ words }) => similarity(words, other.words) >= mergeSimilarityMin)) group.push(other);
    }
    if (group.length < 2) continue;
    const members = group.map(({ fragment }) => fragment);
    plan.push({ type: "merge", ids: members.map(({ id }) => id), draft: draftOf(first.fragment, members) });
    for (const { id } of members) touched.add(id);
    touchesLeft -= members.length;
  }
  const active = open.filter(({ fragment }) => fragment.state === "active" && !touched.has(fragment.id));
  for (const { fragment, words } of open) {
    if (touchesLeft < 1 || plan.length >= memoryLimits.operationsPerRunMax) break;
    if (touched.has(fragment.id) || fragment.state === "active") continue;
    if (!active.some((other) => other.fragment.kind === fragment.kind && coverage(words, other.words) >= coverageMin)) continue;
    plan.push({ type: "delete", id: fragment.id });
    touched.add(fragment.id);
    touchesLeft -= 1;
  }
  return plan;
}

function worthOf({ state, statistics }: Fragment): number {
  return standing[state] * 1_000_000 + statistics.weight;
}

/** The best wording, found by the handles of all. */
function draftOf({ kind, title, when, content, trust }: Fragment, members: readonly Fragment[]): Draft {
  const keys = [...new Set(members.flatMap((member) => member.keys))].slice(0, memoryLimits.keysMax);
  return { kind, title, when, content, keys, trust, provenance: [] };
}
