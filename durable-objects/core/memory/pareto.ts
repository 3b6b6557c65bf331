/** Meta-prompts that are each best at something, instead of one winner on average. Source: GEPA, arXiv 2507.19457 (its front, per instance). */
import { memoryLimits } from "#core/limits";

/** `scores` by task cluster; a cluster that is missing was not tried. */
export interface Contender {
  id: string;
  scores: Readonly<Record<string, number>>;
}

/**
 * The smallest set, found greedily, that keeps the best score of as many clusters as `paretoMax` contenders can hold; who is best in no cluster
 * is not in it. Ties fall to the better mean, then to the smaller id, so that the same scores always give the same set.
 */
export function paretoSet(contenders: readonly Contender[], max: number = memoryLimits.paretoMax): string[] {
  const open = new Set(contenders.flatMap(({ scores }) => Object.keys(scores)));
  const best = new Map(
    [...open].map((cluster) => [cluster, Math.max(...contenders.map(({ scores }) => scores[cluster] ?? -Infinity))]),
  );
  const winsOf = ({ scores }: Contender) => [...open].filter((cluster) => scores[cluster] === best.get(cluster)).length;
  const chosen: string[] = [];
  while (open.size > 0 && chosen.length < max) {
    const [next] = contenders
      .filter(({ id }) => !chosen.includes(id))
      .sort((one, other) => winsOf(other) - winsOf(one) || meanOf(other) - meanOf(one) || (one.id < other.id ? -1 : 1));
    if (!next || winsOf(next) === 0) break;
    chosen.push(next.id);
    for (const cluster of [...open]) if (next.scores[cluster] === best.get(cluster)) open.delete(cluster);
  }
  return chosen;
}

function meanOf({ scores }: Contender): number {
  const values = Object.values(scores);
  return values.reduce((sum, value) => sum + value, 0) / Math.max(values.length, 1);
}
