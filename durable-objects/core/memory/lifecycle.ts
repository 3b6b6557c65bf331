/** How a fragment rises, falls and leaves. The bounds are ours; the safety of a gate, not of a score. */
import { memoryLimits } from "#core/limits";
import { probabilityAbove, type Uplift, upliftOf } from "#core/memory/credit";
import type { Fragment, FragmentState } from "#core/memory/fragment";

/** The state that its record gives a fragment. Meta-prompts rise only by a person's approval; quarantine is left by a person or by time. */
export function nextState({ kind, state, statistics }: Fragment, uplift: Uplift): FragmentState {
  switch (state) {
    case "candidate":
      if (isHarmful(uplift, statistics.shown)) return "quarantined";
      return kind !== "metaprompt" && statistics.weight >= 10 && probabilityAbove(uplift, 0) >= 0.6 ? "probation" : state;
    case "probation":
      if (isHarmful(uplift, statistics.shown)) return "quarantined";
      return statistics.weight >= 40 && probabilityAbove(uplift, 0.02) >= 0.8 ? "active" : state;
    case "active":
      return isHarmful(uplift, statistics.shown) ? "quarantined" : state;
    case "quarantined":
    case "tombstone":
      return state;
    default:
      return state satisfies never;
  }
}

/** The fragment in another state, with the time of the change; the same object where nothing changes. */
export function inState(fragment: Fragment, state: FragmentState, nowMs: number): Fragment {
  return fragment.state === state ? fragment : { ...fragment, state, stateSince: nowMs };
}

/** What time does: a quarantined fragment dies, a tombstone leaves (null). Children forget the parents that left; see `sweep` in forget.ts. */
export function aged(fragment: Fragment, nowMs: number): Fragment | null {
  if (nowMs - fragment.stateSince < memoryLimits.retentionMs) return fragment;
  if (fragment.state === "quarantined") return inState(fragment, "tombstone", nowMs);
  return fragment.state === "tombstone" ? null : fragment;
}

/** When the memory as a whole does harm, nothing is taken for proven any more. */
export function demoted(fragment: Fragment, nowMs: number): Fragment {
  return fragment.state === "active" ? inState(fragment, "probation", nowMs) : fragment;
}

/** The one to leave when a scope is full: the worst by its lower estimate, among those that nobody used for long. Null: none may leave. */
export function leastUseful(fragments: readonly Fragment[], newMean: number, nowMs: number): Fragment | null {
  let least: { fragment: Fragment; worth: number } | null = null;
  for (const fragment of fragments) {
    if (fragment.state === "tombstone" || fragment.trust === "user") continue;
    if (nowMs - Math.max(fragment.lastUsedAt, fragment.createdAt) < memoryLimits.retentionMs) continue;
    const { mean, deviation } = upliftOf(fragment.statistics, newMean);
    const worth = mean - 0.5 * deviation;
    if (!least || worth < least.worth || (worth === least.worth && fragment.id < least.fragment.id)) least = { fragment, worth };
  }
  return least?.fragment ?? null;
}

function isHarmful(uplift: Uplift, shown: number): boolean {
  return probabilityAbove(uplift, 0) <= 0.1 || (shown >= 40 && uplift.mean < 0);
}
