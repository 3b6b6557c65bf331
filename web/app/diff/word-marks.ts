/** Which words differ between a line that goes and the line that comes in its place. */
import { diffWordsWithSpace } from "diff";
import { diffLimits } from "./limits.ts";
import type { DiffLine } from "./patch-files.ts";

export interface Part {
  text: string;
  isMarked: boolean;
}

/** For each changed line that has a counterpart: its text in parts. A line without one is changed as a whole. */
export function wordMarks(lines: readonly DiffLine[]): Map<DiffLine, Part[]> {
  const marks = new Map<DiffLine, Part[]>();
  for (const { removed, added } of blocks(lines)) {
    for (const [index, before] of removed.entries()) {
      const after = added[index];
      const parts = after ? compare(before.text, after.text) : null;
      if (!after || !parts) continue;
      marks.set(before, parts.before);
      marks.set(after, parts.after);
    }
  }
  return marks;
}

/** Both sides next to each other: what goes beside what comes in its place. */
export function sideBySide(lines: readonly DiffLine[]): { left: DiffLine | null; right: DiffLine | null }[] {
  return blocks(lines).flatMap(({ same, removed, added }) => [
    ...same.map((line) => ({ left: line, right: line })),
    ...Array.from({ length: Math.max(removed.length, added.length) }, (_, index) => ({
      left: removed[index] ?? null,
      right: added[index] ?? null,
    })),
  ]);
}

/** Equal lines, and the change that follows them. */
function blocks(lines: readonly DiffLine[]): Record<"same" | "removed" | "added", DiffLine[]>[] {
  let block: Record<"same" | "removed" | "added", DiffLine[]> = { same: [], removed: [], added: [] };
  const found = [block];
  for (const line of lines) {
    const isOver =
      line.sign === " " ? block.removed.length + block.added.length > 0 : line.sign === "-" && block.added.length > 0;
    if (isOver) {
      block = { same: [], removed: [], added: [] };
      found.push(block);
    }
    block[line.sign === " " ? "same" : line.sign === "-" ? "removed" : "added"].push(line);
  }
  return found;
}

/** Null where marks would say less than none: the lines have hardly a word in common, or are too long to compare. */
function compare(before: string, after: string): { before: Part[]; after: Part[] } | null {
  if (Math.max(before.length, after.length) > diffLimits.markedCharactersMax) return null;
  const changes = diffWordsWithSpace(before, after, { maxEditLength: diffLimits.markedEditsMax });
  if (!changes) return null;
  const kept = changes.reduce((sum, { value, added, removed }) => sum + (added || removed ? 0 : value.trim().length), 0);
  if (kept * 3 < Math.min(before.trim().length, after.trim().length)) return null;
  const side = (hides: "added" | "removed", marks: "added" | "removed") =>
    changes.filter((change) => !change[hides]).map((change) => ({ text: change.value, isMarked: change[marks] }));
  return { before: side("added", "removed"), after: side("removed", "added") };
}
