/** The best paths for a few letters: fzf's own algorithm, the one that the real server's matcher follows too. */
import { extendedMatch, Fzf } from "fzf";

export interface FoundPath {
  path: string;
  type: "file" | "directory";
  score: number;
  /** Characters of the path that matched, ascending. */
  indices: number[];
}

/** At most `entriesMax`, the best first, among equals by path. */
export function searchPaths(
  candidates: readonly { path: string; type: "file" | "directory" }[],
  query: string,
  entriesMax: number,
): FoundPath[] {
  let best: FoundPath[] = [];
  // In pieces: the library turns all it is given into arrays of characters, and 50,000 paths at once would take tens of megabytes.
  for (let start = 0; start < candidates.length; start += pieceEntries) {
    const finder = new Fzf(candidates.slice(start, start + pieceEntries), {
      selector: ({ path }) => path,
      match: extendedMatch,
      sort: false,
      forward: false,
    });
    const found = finder.find(query).map(({ item, score, positions }) => ({
      ...item,
      score: Math.max(0, score),
      indices: [...positions].sort((one, other) => one - other),
    }));
    best = [...best, ...found].sort(byScore).slice(0, entriesMax);
  }
  return best;
}

/** For what several workspaces found too. */
export function byScore(one: { score: number; path: string }, other: { score: number; path: string }): number {
  return other.score - one.score || (one.path < other.path ? -1 : one.path > other.path ? 1 : 0);
}

const pieceEntries = 5_000;
