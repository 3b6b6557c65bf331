/** What goes when a thread goes back to before a turn. */
import type { Turn } from "#protocol/turn";

export interface Undone {
  /** That turn and all later ones. */
  turns: number;
  /** What landed in them, each path once. */
  paths: string[];
  /** One of them runs, and is stopped first. */
  runs: boolean;
}

export function undoneBy(turns: readonly Turn[], turnId: string): Undone {
  const first = turns.findIndex(({ id }) => id === turnId);
  const gone = first < 0 ? [] : turns.slice(first);
  const changes = gone.flatMap(({ items }) =>
    items.flatMap((item) => (item.type === "fileChange" && item.status === "completed" ? item.changes : [])),
  );
  const paths = changes.flatMap(({ path, kind }) => (kind.type === "update" && kind.move_path ? [path, kind.move_path] : [path]));
  return { turns: gone.length, paths: [...new Set(paths)], runs: gone.some(({ status }) => status === "inProgress") };
}
