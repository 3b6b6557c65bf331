/** What each line of a git patch is, for whoever paints it. */

export type PatchLineKind = "head" | "hunk" | "added" | "removed" | "same";

/** Within a hunk only the first character counts: a removed line may well look like a header. */
export function patchLines(text: string): { kind: PatchLineKind; text: string }[] {
  let isHead = text.startsWith("diff ");
  return text
    .replace(/\n$/, "")
    .split("\n")
    .map((line) => {
      if (line.startsWith("diff ")) isHead = true;
      else if (line.startsWith("@@")) isHead = false;
      return { kind: kindOf(line, isHead), text: line };
    });
}

function kindOf(line: string, isHead: boolean): PatchLineKind {
  if (isHead) return "head";
  if (line.startsWith("@@")) return "hunk";
  if (line.startsWith("+")) return "added";
  return line.startsWith("-") ? "removed" : "same";
}
