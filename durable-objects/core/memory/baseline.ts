/** What turns of a kind reach without the memory: the ease of a task must not be credited to what was shown in it. */

/** By task cluster: outcomes without memory, as sum and weight; `all` is every cluster together. */
export interface Baselines {
  all: { sum: number; weight: number };
  byCluster: Readonly<Record<string, { sum: number; weight: number }>>;
}

export const noBaselines: Baselines = { all: { sum: 0, weight: 0 }, byCluster: {} };

/** A turn with memory says less about turns without, even after what was shown is taken off. Ours. */
const memoryTurnWeight = 0.25;
/** Turns that the wider average is worth to a narrower one: an even coin to all clusters, all clusters to one. Ours. */
const shrinkage = 4;

/** Expected outcome of a turn in this cluster without memory, in [0, 1]. */
export function baselineOf({ all, byCluster }: Baselines, cluster: string): number {
  const overall = (0.5 * shrinkage + all.sum) / (shrinkage + all.weight);
  const own = byCluster[cluster] ?? { sum: 0, weight: 0 };
  return Math.min(1, Math.max(0, (overall * shrinkage + own.sum) / (shrinkage + own.weight)));
}

/** `brought` is what the shown fragments are believed to have added; `weight` is the outcome's. */
export function withTurn(
  baselines: Baselines,
  turn: { cluster: string; arm: "memory" | "none"; y: number; weight: number; brought: number },
): Baselines {
  const weight = turn.weight * (turn.arm === "none" ? 1 : memoryTurnWeight);
  const sum = weight * (turn.y - turn.brought);
  const own = baselines.byCluster[turn.cluster] ?? { sum: 0, weight: 0 };
  return {
    all: { sum: baselines.all.sum + sum, weight: baselines.all.weight + weight },
    byCluster: { ...baselines.byCluster, [turn.cluster]: { sum: own.sum + sum, weight: own.weight + weight } },
  };
}
