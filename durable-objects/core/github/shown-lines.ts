/** Which lines of a pull request GitHub shows, read off the patches of its files: comments are taken on no others. */
import type { ShownLines } from "#core/github/suggestion";

/** What `GET /repos/{owner}/{repo}/pulls/{pull_number}/files` says of a file. `patch` is not there for binary and very large ones. */
export interface PatchedFile {
  filename: string;
  patch?: string | undefined;
}

export function shownLinesOf(files: readonly PatchedFile[]): ShownLines {
  const shown = new Map(files.map(({ filename, patch = "" }) => [filename, [...rangesOf(patch)]]));
  return (path) => shown.get(path) ?? [];
}

/** Of the new side. A line of the file that looks like a heading stands behind a sign, and so never at a line's beginning. */
function* rangesOf(patch: string): Generator<{ from: number; to: number }> {
  for (const [, start = "", count = "1"] of patch.matchAll(/^@@ -\d+(?:,\d+)? \+(\d+)(?:,(\d+))? @@/gm)) {
    const from = Number(start);
    if (Number(count) > 0) yield { from, to: from + Number(count) - 1 };
  }
}
