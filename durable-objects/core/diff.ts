/** Text differences as git writes them: hunks with three lines of context, headers that `git apply` reads, names quoted like git does. */
import { diffArrays } from "diff";

/** Lines around a change. */
const contextLines = 3;

/**
 * Lines added and removed beyond which the smallest difference is no longer looked for (its cost grows with their square):
 * everything between the common beginning and the common end is then one replacement. Still correct, only longer.
 */
const editLengthMax = 2_000;

/**
 * The unified hunks that make `before` of `after`, from the first `@@` on and without file headers; "" when nothing differs.
 * Only "\n" ends a line, as in git: a "\r" belongs to its line. Example: `@@ -1 +1,2 @@\n alpha\n+beta\n`
 */
export function textHunks(before: string, after: string): string {
  return hunksBetween(before, after).map(hunkText).join("");
}

/** A line with its terminator, which only the last line of a text may lack. */
export type Edit = { sign: " " | "-" | "+"; line: string };

/** Changed lines with the equal ones around them. */
export interface Hunk {
  /** Lines before the hunk, in each text. */
  oldBefore: number;
  newBefore: number;
  edits: Edit[];
}

/** The hunks of `textHunks` before they are written. */
export function hunksBetween(before: string, after: string): Hunk[] {
  return hunksOf(editsOf(linesOf(before), linesOf(after)));
}

/** One hunk as git writes it, from its `@@` on. */
export function hunkText({ oldBefore, newBefore, edits }: Hunk): string {
  const oldCount = edits.filter((edit) => edit.sign !== "+").length;
  const newCount = edits.filter((edit) => edit.sign !== "-").length;
  const body = edits.map(({ sign, line }) => `${sign}${line}${line.endsWith("\n") ? "" : "\n\\ No newline at end of file\n"}`);
  return `@@ -${range(oldBefore, oldCount)} +${range(newBefore, newCount)} @@\n${body.join("")}`;
}

/** `before` with only these of its hunks made, which ascend. Making all of them gives `after`. */
export function withHunks(before: string, chosen: readonly Hunk[]): string {
  const lines = linesOf(before);
  let at = 0;
  let out = "";
  for (const { oldBefore, edits } of chosen) {
    out += lines.slice(at, oldBefore).join("");
    out += edits.flatMap(({ sign, line }) => (sign === "-" ? [] : [line])).join("");
    at = oldBefore + edits.filter(({ sign }) => sign !== "+").length;
  }
  return out + lines.slice(at).join("");
}

/** One file of a git patch. `hash` is the full blob id; `mode` is git's, as a number. */
export interface PatchSide {
  mode: number;
  hash: string;
}

/**
 * The header of one file: `diff --git`, modes, the full index line, and after it whatever `body` says (hunks of a text, a binary
 * patch). A type change (file to symlink) is not expressible as one; its caller writes a deletion and a creation.
 */
export function filePatch(path: string, before: PatchSide | null, after: PatchSide | null, body: FilePatchBody): string {
  const oldName = quotedName(`a/${path}`);
  const newName = quotedName(`b/${path}`);
  const lines = [`diff --git ${oldName} ${newName}`];
  if (before === null && after !== null) lines.push(`new file mode ${octal(after.mode)}`);
  if (before !== null && after === null) lines.push(`deleted file mode ${octal(before.mode)}`);
  if (before !== null && after !== null && before.mode !== after.mode) {
    lines.push(`old mode ${octal(before.mode)}`, `new mode ${octal(after.mode)}`);
  }
  if (before?.hash !== after?.hash) {
    const suffix = before !== null && after !== null && before.mode === after.mode ? ` ${octal(after.mode)}` : "";
    lines.push(`index ${before?.hash ?? absentHash}..${after?.hash ?? absentHash}${suffix}`);
  }
  // An empty file has no hunks, and git writes no names for it.
  if (body.type === "text" && body.hunks !== "") {
    lines.push(
      `--- ${before === null ? "/dev/null" : fileLineName(oldName)}`,
      `+++ ${after === null ? "/dev/null" : fileLineName(newName)}`,
    );
  }
  return `${lines.join("\n")}\n${body.type === "text" ? body.hunks : body.patch}`;
}

export type FilePatchBody = { type: "text"; hunks: string } | { type: "binary"; patch: string };

/** What git's index line says for a side that is not there. */
const absentHash = "0".repeat(40);

/** One line with its terminator; only the last one may lack it. */
function linesOf(text: string): string[] {
  const lines = text.split("\n").map((line) => `${line}\n`);
  const last = (lines.pop() ?? "").slice(0, -1);
  if (last !== "") lines.push(last);
  return lines;
}

function editsOf(before: string[], after: string[]): Edit[] {
  const parts = diffArrays(before, after, { maxEditLength: editLengthMax });
  if (parts === undefined) return replacement(before, after);
  return parts.flatMap((part) => part.value.map((line): Edit => ({ sign: part.added ? "+" : part.removed ? "-" : " ", line })));
}

function replacement(before: string[], after: string[]): Edit[] {
  const shorter = Math.min(before.length, after.length);
  let head = 0;
  while (head < shorter && before[head] === after[head]) head += 1;
  let tail = 0;
  while (tail < shorter - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
  const edits = (sign: Edit["sign"], lines: string[]) => lines.map((line): Edit => ({ sign, line }));
  return [
    ...edits(" ", before.slice(0, head)),
    ...edits("-", before.slice(head, before.length - tail)),
    ...edits("+", after.slice(head, after.length - tail)),
    ...edits(" ", before.slice(before.length - tail)),
  ];
}

/** Groups changes whose contexts touch, each with at most three equal lines around it. */
function hunksOf(edits: Edit[]): Hunk[] {
  const hunks: Hunk[] = [];
  let oldLine = 0;
  let newLine = 0;
  let open: Hunk | null = null;
  let equalAtEnd = 0;
  edits.forEach((edit, index) => {
    if (edit.sign !== " ") {
      if (open === null) {
        const start = Math.max(0, index - contextLines);
        open = { oldBefore: oldLine - (index - start), newBefore: newLine - (index - start), edits: edits.slice(start, index) };
        hunks.push(open);
      }
      open.edits.push(edit);
      equalAtEnd = 0;
    } else if (open !== null) {
      open.edits.push(edit);
      equalAtEnd += 1;
      // Two changes share a hunk while at most six equal lines lie between them; seven show that this one is over.
      if (equalAtEnd > 2 * contextLines) {
        open.edits.length -= equalAtEnd - contextLines;
        open = null;
      }
    }
    if (edit.sign !== "+") oldLine += 1;
    if (edit.sign !== "-") newLine += 1;
  });
  const last = hunks.at(-1);
  if (open !== null && last !== undefined) last.edits.length -= Math.max(0, equalAtEnd - contextLines);
  return hunks;
}

/** A range without lines is named by the line before it; a count of one is left out. */
function range(linesBefore: number, count: number): string {
  if (count === 0) return `${linesBefore},0`;
  return count === 1 ? `${linesBefore + 1}` : `${linesBefore + 1},${count}`;
}

/** git's C-quoting, for names with control characters, quotes or backslashes; anything else stands as it is, in UTF-8. */
function quotedName(name: string): string {
  // A name that ends in a space would lose it where git cuts the line.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what git quotes.
  if (!/[\u0000-\u001f\u007f"\\]| $| \//.test(name)) return name;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: as above.
  const escaped = name.replace(/[\u0000-\u001f\u007f"\\]/g, (character) => {
    return shortEscapes[character] ?? `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`;
  });
  return `"${escaped}"`;
}

const shortEscapes: Record<string, string> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\v": "\\v",
  "\f": "\\f",
  "\r": "\\r",
  '"': '\\"',
  "\\": "\\\\",
};

/** In `---` and `+++` lines a tab ends a name that has a space, so that what follows is not taken for a date. */
function fileLineName(name: string): string {
  return name.includes(" ") && !name.startsWith('"') ? `${name}\t` : name;
}

function octal(mode: number): string {
  return mode.toString(8).padStart(6, "0");
}
