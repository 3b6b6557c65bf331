/** What a turn is given of the memory: its arm, what fits it, and the throw that chooses. Pure: the dice are an argument. */
import { memoryLimits } from "#core/limits";
import { choose, propensities } from "#core/memory/choice";
import { noPrior, priorMean, upliftOf } from "#core/memory/credit";
import { type Fragment, scopeKey } from "#core/memory/fragment";
import { type Arm, armOf, holdOutShare } from "#core/memory/hold-out";
import type { Dice } from "#core/memory/normal";
import type { TurnUse } from "#core/memory/report";
import { buildIndex, type Index, search } from "#core/memory/retrieval";
import { type Snapshot, withOwn } from "#core/memory/snapshot";
import type { Standing } from "#core/memory/standing";
import { clusterOf, languagesOf, taskOf } from "#core/memory/task-cluster";

export interface Asking {
  threadId: string;
  /** The thread's arm and the epoch it was thrown in; null before its first turn. */
  kept: { arm: Arm; epoch: number } | null;
  repository: string | null;
  /** What the person said. */
  request: string;
  /** Of the workspace. */
  paths: readonly string[];
}

export interface Recalled {
  use: TurnUse;
  /** Those of `use.shown`, in its order, with what was believed of each. */
  shown: { fragment: Fragment; uplift: number }[];
}

/** Keys of the scopes that a thread may be given fragments of, its own account's and the one of all. */
export function scopesOf({ threadId, repository }: Pick<Asking, "threadId" | "repository">): { own: string[]; shared: string[] } {
  const own = [scopeKey({ type: "account" }), scopeKey({ type: "thread", threadId })];
  if (repository !== null) own.push(scopeKey({ type: "repository", repository }));
  return { own, shared: [scopeKey({ type: "global" })] };
}

/** Whether the turn may be given anything at all: a person, or harm that was done, switched it off. */
export function isOff({ isOn, offScopes }: Standing, repository: string | null): boolean {
  const wide = [scopeKey({ type: "account" }), ...(repository === null ? [] : [scopeKey({ type: "repository", repository })])];
  return !isOn || wide.some((scope) => offScopes.includes(scope));
}

/** `index` holds the fragments of every scope that is on: see `indexOf`. `newMean` is what a new fragment is taken to bring. */
export function recall(asking: Asking, standing: Standing, index: Index, newMean: number, dice: Dice): Recalled {
  const { epoch, outcomes } = standing;
  const { threadId, request, paths, kept } = asking;
  const thrown = armOf({ threadId, scopeKey: scopeKey({ type: "account" }), epoch }, holdOutShare(outcomes));
  const arm = kept?.epoch === epoch ? kept.arm : thrown;
  const none: TurnUse = { cluster: clusterOf(request, paths), arm, epoch, shown: [], dropped: [], propensities: {} };
  if (arm === "none") return { use: none, shown: [] };
  const languages = languagesOf(paths).slice(0, 3);
  const keys = [`task:${taskOf(request)}`, ...languages.map((language) => `language:${language}`)];
  const candidates = search(index, { text: request, keys });
  const choice = choose(candidates, newMean, dice);
  const shown = choice.shown.flatMap(({ id }) => {
    const fragment = candidates.find((candidate) => candidate.fragment.id === id)?.fragment;
    return fragment ? [{ fragment, uplift: upliftOf(fragment.statistics, newMean).mean }] : [];
  });
  const use = { ...none, ...choice, propensities: Object.fromEntries(propensities(candidates, newMean, dice)) };
  return { use, shown };
}

/** What the snapshots hold of scopes that are on, without those of the ids that are `forgotten`. */
export function indexOf(snapshots: readonly Snapshot[], { offScopes }: Standing, forgotten: ReadonlySet<string>): Index {
  const fragments = snapshots.flatMap((snapshot) => withOwn(snapshot, []));
  return buildIndex(fragments.filter(({ id, scope }) => !offScopes.includes(scopeKey(scope)) && !forgotten.has(id)));
}

/** As the account's own scope has learnt it. */
export function newMeanOf(snapshot: Snapshot): number {
  return priorMean(snapshot.shards.get(scopeKey({ type: "account" }))?.shard.knowledge.prior ?? noPrior);
}

/** An address of a repository as one word, however it is spelled; null for what is none. Credentials in it are left out. */
export function repositoryOf(originUrl: string | null | undefined): string | null {
  const [, host, path] =
    /^(?:[a-z][a-z0-9+.-]*:\/\/)?(?:[^@/\s]*@)?([^/:\s]+)(?::\d+(?=\/))?[:/]\/*([^?#\s]+)/i.exec(originUrl?.trim() ?? "") ?? [];
  if (host === undefined || path === undefined) return null;
  const name = `${host}/${path}`
    .toLowerCase()
    .replace(/\/+$/, "")
    .replace(/\.git$/, "");
  return name.slice(0, memoryLimits.repositoryCharactersMax);
}
