/** Records of fragments that were changed or merged: half is kept, because half may still be true. */
import { memoryLimits } from "#core/limits";
import type { Statistics } from "#core/memory/fragment";

/** Half of every count and sum. The alarm's sum starts anew, since what it watched is gone. Empirical-MCTS loses all of it; ours. */
export function halved(statistics: Statistics): Statistics {
  const { weight, credit, shown, shownSum, dropped, droppedSum } = statistics;
  const byCluster = Object.entries(statistics.byCluster).map(([cluster, own]) => [
    cluster,
    { weight: own.weight / 2, credit: own.credit / 2 },
  ]);
  return {
    weight: weight / 2,
    credit: credit / 2,
    byCluster: Object.fromEntries(byCluster),
    shown: shown / 2,
    shownSum: shownSum / 2,
    dropped: dropped / 2,
    droppedSum: droppedSum / 2,
    cusum: 0,
  };
}

/** Everything together; clusters beyond the bound are counted as `other`. */
export function sumOf(all: readonly Statistics[]): Statistics {
  const byCluster: Statistics["byCluster"] = {};
  for (const [cluster, own] of all.flatMap((statistics) => Object.entries(statistics.byCluster))) {
    const isFull = Object.keys(byCluster).length >= memoryLimits.clustersMax;
    const name = isFull && !Object.hasOwn(byCluster, cluster) ? otherClusters : cluster;
    const sum = byCluster[name] ?? { weight: 0, credit: 0 };
    byCluster[name] = { weight: sum.weight + own.weight, credit: sum.credit + own.credit };
  }
  const total = (field: "weight" | "credit" | "shown" | "shownSum" | "dropped" | "droppedSum") =>
    all.reduce((sum, statistics) => sum + statistics[field], 0);
  return {
    weight: total("weight"),
    credit: total("credit"),
    byCluster,
    shown: total("shown"),
    shownSum: total("shownSum"),
    dropped: total("dropped"),
    droppedSum: total("droppedSum"),
    cusum: 0,
  };
}

/** Where clusters beyond the bound are counted. */
export const otherClusters = "other";
