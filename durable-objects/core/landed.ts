/** What a turn did to the workspace so far. */
import type { FileChange } from "#core/private";

/** One entry per path: the oldest `before`, the newest `after`. */
export function mergeLanded(landed: readonly FileChange[], more: readonly FileChange[]): FileChange[] {
  const byPath = new Map(landed.map((change) => [change.path, change]));
  for (const change of more) {
    const earlier = byPath.get(change.path);
    byPath.set(change.path, earlier ? { ...change, before: earlier.before } : change);
  }
  return [...byPath.values()].filter(({ before, after }) => before?.hash !== after?.hash || before?.mode !== after?.mode);
}
