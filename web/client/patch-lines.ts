/** What each line of a git patch is, for whoever paints it, and which hunk an approval names by it. */

export type PatchLineKind = "head" | "hunk" | "added" | "removed" | "same";

export interface PatchLine {
  kind: PatchLineKind;
  text: string;
  /** The number of the hunk that begins with this line, as `hunks` of an approval counts: a file that cannot be cut is one. */
  hunk: number | null;
}

/** Within a hunk only the first character counts: a removed line may well look like a header. */
export function patchLines(text: string): PatchLine[] {
  let isHead = text.startsWith("diff ");
  const lines = text
    .replace(/\n$/, "")
    .split("\n")
    .map((line): PatchLine => {
      if (line.startsWith("diff ")) isHead = true;
      else if (line.startsWith("@@")) isHead = false;
      return { kind: kindOf(line, isHead), text: line, hunk: null };
    });
  number(lines);
  return lines;
}

function kindOf(line: string, isHead: boolean): PatchLineKind {
  if (isHead) return "head";
  if (line.startsWith("@@")) return "hunk";
  if (line.startsWith("+")) return "added";
  return line.startsWith("-") ? "removed" : "same";
}

/** A file that comes, goes, changes its mode or is binary is one hunk; a file that becomes a link goes and comes, and is one as well. */
function number(lines: PatchLine[]): void {
  const starts = lines.flatMap(({ kind, text }, index) => (kind === "head" && text.startsWith("diff ") ? [index] : []));
  let count = 0;
  let lastName = "";
  for (const [index, start] of starts.entries()) {
    const file = lines.slice(start, starts[index + 1] ?? lines.length);
    const hunks = file.filter(({ kind }) => kind === "hunk");
    const isOne = hunks.length === 0 || file.some(({ kind, text }) => kind === "head" && isWhole(text));
    const [first] = file;
    if (!first) continue;
    const isSecondHalf = first.text === lastName;
    lastName = first.text;
    for (const line of isOne ? [first] : hunks) if (!isSecondHalf) line.hunk = ++count;
  }
}

function isWhole(line: string): boolean {
  return /^(?:new file|deleted file|old) mode /.test(line);
}
