/** The equal lines that a patch leaves out, once the text of the file is known. */
import type { DiffLine, PatchFile } from "./patch-files.ts";

export interface Gap {
  /** First left-out line on each side. */
  oldStart: number;
  newStart: number;
  /** How many there are; null: to the end of a file whose length nobody knows yet. */
  count: number | null;
}

/** One before each hunk, and one behind the last. A whole file that comes or goes leaves nothing out. */
export function gapsOf({ kind, hunks }: PatchFile): Gap[] {
  if (kind !== "changed" || hunks.length === 0) return [...hunks.map(() => none), none];
  let [oldStart, newStart] = [1, 1];
  const gaps = hunks.map((hunk) => {
    const gap = { oldStart, newStart, count: hunk.oldStart - oldStart };
    [oldStart, newStart] = [hunk.oldEnd, hunk.newEnd];
    return gap;
  });
  const endsBare = hunks.at(-1)?.lines.some((line) => line.endsBare) ?? false;
  return [...gaps, { oldStart, newStart, count: endsBare ? 0 : null }];
}

const none: Gap = { oldStart: 1, newStart: 1, count: 0 };

/** A known side of the file. */
export interface KnownText {
  side: "old" | "new";
  lines: string[];
}

export function knownText(side: "old" | "new", text: string): KnownText {
  const lines = text.split("\n");
  // The last line break ends a line and begins none.
  if (lines.at(-1) === "") lines.pop();
  return { side, lines };
}

export function gapCount({ oldStart, newStart, count }: Gap, known: KnownText | null): number | null {
  if (count !== null || !known) return count;
  return Math.max(0, known.lines.length + 1 - (known.side === "old" ? oldStart : newStart));
}

/** The last `shown` lines of a gap before a hunk, the first of the gap behind the last one. */
export function gapLines(gap: Gap, known: KnownText, shown: number, isLast: boolean): DiffLine[] {
  const count = gapCount(gap, known) ?? 0;
  const skipped = isLast ? 0 : Math.max(0, count - shown);
  return Array.from({ length: Math.min(shown, count) }, (_, index) => {
    const oldLine = gap.oldStart + skipped + index;
    const newLine = gap.newStart + skipped + index;
    const text = known.lines[(known.side === "old" ? oldLine : newLine) - 1] ?? "";
    return { sign: " ", text, oldLine, newLine, endsBare: false };
  });
}

/** Whether this is the content that a patch names: git's id of it. */
export async function isBlob(content: Uint8Array, id: string): Promise<boolean> {
  const head = new TextEncoder().encode(`blob ${content.length}\0`);
  const whole = new Uint8Array(head.length + content.length);
  whole.set(head);
  whole.set(content, head.length);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-1", whole));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("") === id;
}
