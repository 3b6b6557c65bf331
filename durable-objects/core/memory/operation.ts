/**
 * What the optimizer may do to a scope. A model proposes the plan; this code decides, and it is all or nothing. Source of the four
 * operations: Empirical-MCTS, arXiv 2602.04248, whose rules stand in a prompt; here they cannot be talked away.
 */
import { memoryLimits } from "#core/limits";
import { admit } from "#core/memory/admit";
import { probabilityAbove, upliftOf } from "#core/memory/credit";
import { type Draft, type Fragment, leastTrusted, noStatistics, type Scope, scopeKey } from "#core/memory/fragment";
import { inState, leastUseful } from "#core/memory/lifecycle";
import { wordsOf } from "#core/memory/retrieval";
import { halved, sumOf } from "#core/memory/statistics";
import { coverage, similarity } from "#core/memory/terms";

export type Operation =
  | { type: "add"; draft: Draft }
  /** Its id stays; its record counts half, because it says something else now. */
  | { type: "modify"; id: string; draft: Draft }
  /** One in place of several that say the same. Half of the parents' records is kept. */
  | { type: "merge"; ids: string[]; draft: Draft }
  | { type: "delete"; id: string };

export interface Run {
  account: string;
  scope: Scope;
  nowMs: number;
  /** `priorMean` of the scope. */
  newMean: number;
  /** Ids for what is new; never one that was given before. */
  newId(): string;
}

/** Fragments as they shall be written: new ones, and new states of old ones. Nothing is taken away by a run. */
export type Applied = { changed: Map<string, Fragment> } | { refusal: string; operation: number };

/** Likeness of fragments that may be merged, each with each; and share of a fragment's words that make another cover it. Ours. */
export const mergeSimilarityMin = 0.5;
export const coverageMin = 0.8;

/**
 * Refuses the whole plan at the first operation that breaks a rule, and says which. `fragments` may hold other scopes and accounts, whose ids are
 * then as unknown as ids that do not exist.
 */
export function applyPlan(fragments: ReadonlyMap<string, Fragment>, plan: readonly Operation[], run: Run): Applied {
  if (plan.length > memoryLimits.operationsPerRunMax)
    return {
      refusal: `a run has at most ${memoryLimits.operationsPerRunMax} operations`,
      operation: memoryLimits.operationsPerRunMax,
    };
  const here = [...fragments.values()].filter(
    ({ account, scope, state }) => account === run.account && scopeKey(scope) === scopeKey(run.scope) && state !== "tombstone",
  );
  const work: Work = {
    run,
    before: new Map(here.map((fragment) => [fragment.id, fragment])),
    changed: new Map(),
    touchedMax: Math.floor(here.length * memoryLimits.changedShareMax),
    taken: (id) => fragments.has(id),
  };
  for (const [operation, step] of plan.entries()) {
    const refusal = apply(work, step);
    if (refusal) return { refusal, operation };
  }
  return { changed: work.changed };
}

interface Work {
  run: Run;
  /** The living fragments of the scope as the run found them. */
  before: Map<string, Fragment>;
  changed: Map<string, Fragment>;
  touchedMax: number;
  taken(id: string): boolean;
}

/** The reason for a refusal, or null. */
function apply(work: Work, operation: Operation): string | null {
  switch (operation.type) {
    case "add":
      return add(work, operation.draft);
    case "modify":
      return modify(work, operation.id, operation.draft);
    case "merge":
      return merge(work, operation.ids, operation.draft);
    case "delete":
      return remove(work, operation.id);
    default:
      return operation satisfies never;
  }
}

function add(work: Work, proposed: Draft): string | null {
  const admission = admit(proposed, work.run.scope);
  if ("refusal" in admission) return admission.refusal;
  const added = [...work.changed.keys()].filter((id) => !work.before.has(id)).length;
  const dead = [...work.changed.values()].filter(({ state }) => state === "tombstone").length;
  if (work.before.size + added - dead >= memoryLimits.fragmentsPerScopeMax) {
    const { newMean, nowMs } = work.run;
    const least = leastUseful(untouched(work), newMean, nowMs);
    if (!least) return `the scope is full: it holds ${memoryLimits.fragmentsPerScopeMax} fragments`;
    const refusal = touch(work, [least.id]);
    if (refusal) return refusal;
    work.changed.set(least.id, buried(least, nowMs));
  }
  const fragment = born(work, admission.draft, { operation: "add", parents: [] });
  if (!fragment) return "an id was given twice";
  work.changed.set(fragment.id, fragment);
  return null;
}

function modify(work: Work, id: string, proposed: Draft): string | null {
  const [parent] = parents(work, [id]);
  if (!parent) return `there is no fragment ${id} in this scope`;
  if (parent.kind === "metaprompt") return "a meta-prompt is not changed; a rival is added and waits for a person";
  if (parent.trust === "user") return "what a person wrote, only a person changes";
  if (proposed.kind !== parent.kind) return "a fragment keeps its kind";
  const admission = admit(childDraft(proposed, [parent]), work.run.scope);
  if ("refusal" in admission) return admission.refusal;
  const refusal = touch(work, [id]);
  if (refusal) return refusal;
  const lineage = { operation: "modify", parents: [{ id, version: parent.version }] } as const;
  const statistics = halved(parent.statistics);
  const version = parent.version + 1;
  work.changed.set(id, {
    ...parent,
    ...admission.draft,
    version,
    statistics,
    rating: null,
    lineage: { ...lineage, parents: [...lineage.parents] },
  });
  return null;
}

function merge(work: Work, ids: readonly string[], proposed: Draft): string | null {
  const found = parents(work, ids);
  const [first] = found;
  if (!first || found.length !== ids.length) return "a merge names fragments of this scope";
  if (new Set(ids).size < 2 || new Set(ids).size !== ids.length) return "a merge needs two different fragments";
  if (found.some(({ kind }) => kind === "metaprompt")) return "meta-prompts are not merged";
  if (found.some(({ trust }) => trust === "user")) return "what a person wrote, only a person changes";
  if (found.some(({ state }) => state === "quarantined")) return "what did harm is not merged into what did not";
  if (found.some(({ kind }) => kind !== proposed.kind)) return "only fragments of one kind are merged";
  const words = found.map(wordsOf);
  const isAlike = words.every((one, place) =>
    words.slice(place + 1).every((other) => similarity(one, other) >= mergeSimilarityMin),
  );
  if (!isAlike) return "only fragments that say nearly the same are merged";
  const admission = admit(childDraft(proposed, found), work.run.scope);
  if ("refusal" in admission) return admission.refusal;
  const refusal = touch(work, ids);
  if (refusal) return refusal;
  const lineage: Fragment["lineage"] = { operation: "merge", parents: found.map(({ id, version }) => ({ id, version })) };
  const child = born(work, admission.draft, lineage);
  if (!child) return "an id was given twice";
  for (const parent of found) work.changed.set(parent.id, buried(parent, work.run.nowMs));
  work.changed.set(child.id, { ...child, statistics: halved(sumOf(found.map(({ statistics }) => statistics))) });
  return null;
}

function remove(work: Work, id: string): string | null {
  const [fragment] = parents(work, [id]);
  if (!fragment) return `there is no fragment ${id} in this scope`;
  if (fragment.trust === "user") return "what a person wrote, only a person deletes";
  if (!mayDelete(work, fragment))
    return "only what did harm, was tried often in vain, or is covered by an active fragment is deleted";
  const refusal = touch(work, [id]);
  if (refusal) return refusal;
  work.changed.set(id, buried(fragment, work.run.nowMs));
  return null;
}

function mayDelete(work: Work, fragment: Fragment): boolean {
  if (fragment.state === "quarantined") return true;
  if (fragment.statistics.weight >= 40 && probabilityAbove(upliftOf(fragment.statistics, work.run.newMean), 0) < 0.05)
    return true;
  const words = wordsOf(fragment);
  return untouched(work).some(
    (other) =>
      other.id !== fragment.id &&
      other.state === "active" &&
      other.kind === fragment.kind &&
      coverage(words, wordsOf(other)) >= coverageMin,
  );
}

/** Living fragments that this run has not changed: nothing is done twice to one fragment, so that each before-image is the only one. */
function untouched(work: Work): Fragment[] {
  return [...work.before.values()].filter(({ id }) => !work.changed.has(id));
}

function parents(work: Work, ids: readonly string[]): Fragment[] {
  return ids.flatMap((id) => (work.changed.has(id) ? [] : (work.before.get(id) ?? [])));
}

function touch(work: Work, ids: readonly string[]): string | null {
  const touched = [...work.changed.keys()].filter((id) => work.before.has(id)).length;
  return touched + ids.length > work.touchedMax
    ? `a run changes at most ${memoryLimits.changedShareMax * 100}% of a scope: here ${work.touchedMax} fragments`
    : null;
}

/** A new version, so that an undo of an earlier run sees that this one came after it. */
function buried(fragment: Fragment, nowMs: number): Fragment {
  return { ...inState(fragment, "tombstone", nowMs), version: fragment.version + 1 };
}

/** A child is trusted no more than its parents, and comes from where they came from. */
function childDraft(proposed: Draft, from: readonly Fragment[]): Draft {
  const provenance = new Map(
    [...from.flatMap((parent) => parent.provenance), ...proposed.provenance].map((entry) => [
      `${entry.threadId}\n${entry.turnId}\n${entry.evidence}`,
      entry,
    ]),
  );
  const trust = from.reduce((least, parent) => leastTrusted(least, parent.trust), leastTrusted(proposed.trust, "agent"));
  return { ...proposed, trust, provenance: [...provenance.values()] };
}

function born({ run, changed, taken }: Work, draft: Draft, lineage: Fragment["lineage"]): Fragment | null {
  const id = run.newId();
  if (taken(id) || changed.has(id)) return null;
  return {
    ...draft,
    trust: leastTrusted(draft.trust, "agent"),
    id,
    version: 1,
    account: run.account,
    scope: run.scope,
    state: "candidate",
    stateSince: run.nowMs,
    createdAt: run.nowMs,
    lastUsedAt: run.nowMs,
    statistics: noStatistics,
    rating: null,
    lineage,
  };
}
