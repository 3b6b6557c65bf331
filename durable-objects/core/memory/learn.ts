/** One turn's outcome becomes credit. The only place where statistics change; what it returns is what has to be written. */
import { memoryLimits } from "#core/limits";
import { type Baselines, baselineOf, withTurn } from "#core/memory/baseline";
import type { Choice, Use } from "#core/memory/choice";
import { type Prior, priorMean, upliftOf } from "#core/memory/credit";
import { watch } from "#core/memory/cusum";
import type { Fragment, Statistics } from "#core/memory/fragment";
import type { Arm } from "#core/memory/hold-out";
import { inState, nextState } from "#core/memory/lifecycle";
import type { Outcome } from "#core/memory/outcome";
import { otherClusters } from "#core/memory/statistics";

/** A turn as the thread reports it. */
export interface UsedTurn extends Choice {
  cluster: string;
  arm: Arm;
}

/** What is known beside the fragments. */
export interface Knowledge {
  prior: Prior;
  baselines: Baselines;
}

/**
 * Advantage is the outcome less the cluster's baseline; each shown fragment is credited with it less what the others are believed to bring, times
 * its weight. Ids that are gone are passed over: a fragment may be forgotten while a turn that was given it still runs.
 * `fragments` in the result are those that changed.
 */
export function learn(
  fragments: ReadonlyMap<string, Fragment>,
  knowledge: Knowledge,
  turn: UsedTurn,
  outcome: Outcome,
  nowMs: number,
): Knowledge & { fragments: Fragment[] } {
  const newMean = priorMean(knowledge.prior);
  const shown = present(fragments, turn.shown).map((entry) => ({
    ...entry,
    expected: entry.weight * upliftOf(entry.fragment.statistics, newMean).mean,
  }));
  const brought = shown.reduce((sum, { expected }) => sum + expected, 0);
  const advantage = outcome.y - baselineOf(knowledge.baselines, turn.cluster);
  const prior = { ...knowledge.prior };
  const changed: Fragment[] = [];
  for (const { fragment, weight, expected } of shown) {
    const own = advantage - (brought - expected);
    const statistics = credited(fragment.statistics, turn.cluster, weight, own, outcome);
    const { cusum, isAlarm } = watch(fragment.statistics.cusum, expected, own);
    changed.push(judged({ ...fragment, lastUsedAt: nowMs, statistics: { ...statistics, cusum } }, isAlarm, newMean, nowMs));
    // Shown together, all share one advantage: each tells about new fragments as much as its part of it.
    prior.credit += (outcome.weight * weight * advantage) / shown.length ** 2;
    prior.weight += (outcome.weight * weight ** 2) / shown.length;
  }
  for (const { fragment } of present(fragments, turn.dropped)) {
    const { dropped, droppedSum } = fragment.statistics;
    const statistics = { ...fragment.statistics, dropped: dropped + 1, droppedSum: droppedSum + outcome.y };
    changed.push({ ...fragment, statistics });
  }
  const baselines = withTurn(knowledge.baselines, { cluster: turn.cluster, arm: turn.arm, ...outcome, brought });
  return { fragments: changed, prior, baselines };
}

function present(fragments: ReadonlyMap<string, Fragment>, uses: readonly Use[]): { fragment: Fragment; weight: number }[] {
  return uses.flatMap(({ id, weight }) => {
    const fragment = fragments.get(id);
    return fragment && fragment.state !== "tombstone" ? [{ fragment, weight }] : [];
  });
}

function credited(statistics: Statistics, cluster: string, weight: number, advantage: number, outcome: Outcome): Statistics {
  const gainedWeight = outcome.weight * weight ** 2;
  const gainedCredit = outcome.weight * weight * advantage;
  const isFull = Object.keys(statistics.byCluster).length >= memoryLimits.clustersMax;
  const name = isFull && !Object.hasOwn(statistics.byCluster, cluster) ? otherClusters : cluster;
  const own = statistics.byCluster[name] ?? { weight: 0, credit: 0 };
  return {
    ...statistics,
    weight: statistics.weight + gainedWeight,
    credit: statistics.credit + gainedCredit,
    byCluster: {
      ...statistics.byCluster,
      [name]: { weight: own.weight + gainedWeight, credit: own.credit + gainedCredit },
    },
    shown: statistics.shown + 1,
    shownSum: statistics.shownSum + outcome.y,
  };
}

/** After an alarm a tenth of the record's weight and none of its credit stays: it has to prove itself again. */
function judged(fragment: Fragment, isAlarm: boolean, newMean: number, nowMs: number): Fragment {
  if (!isAlarm) return inState(fragment, nextState(fragment, upliftOf(fragment.statistics, newMean)), nowMs);
  const statistics = { ...fragment.statistics, weight: fragment.statistics.weight * 0.1, credit: 0 };
  return inState({ ...fragment, statistics }, fragment.state === "active" ? "probation" : fragment.state, nowMs);
}
