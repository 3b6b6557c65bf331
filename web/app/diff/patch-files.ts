/** A git patch as files, hunks and numbered lines. Hunks keep the numbers that an approval names them by. */
import { patchLines } from "#client/patch-lines";
import { patchPath } from "#client/patch-path";

export interface DiffLine {
  sign: " " | "+" | "-";
  text: string;
  oldLine: number | null;
  newLine: number | null;
  /** The file ends here, without a line break. */
  endsBare: boolean;
}

export interface PatchHunk {
  /** As an approval names it; null where the file is one piece. */
  number: number | null;
  /** First line on each side. */
  oldStart: number;
  newStart: number;
  /** The first line behind it, on each side. */
  oldEnd: number;
  newEnd: number;
  lines: DiffLine[];
}

export interface PatchFile {
  path: string;
  /** `replaced`: a file that becomes a link, or the other way round. */
  kind: "changed" | "added" | "deleted" | "replaced";
  /** As an approval names the file that cannot be cut; null where its hunks have numbers. */
  number: number | null;
  /** git's modes, as far as the patch says them. */
  modeBefore: string | null;
  modeAfter: string | null;
  /** git's ids of both contents; null where the patch does not say them. */
  blobBefore: string | null;
  blobAfter: string | null;
  /** Bytes on each side, of a binary file. */
  binary: { before: number | null; after: number | null } | null;
  hunks: PatchHunk[];
  added: number;
  removed: number;
  /** The path that has, or had, exactly this content: the other end of a renaming. */
  twin: string | null;
}

export function patchFiles(patch: string): PatchFile[] {
  const files: PatchFile[] = [];
  if (patch === "") return files;
  for (const { kind, text, hunk: number } of patchLines(patch)) {
    const file = files.at(-1);
    if (kind === "head" && text.startsWith("diff ")) begin(files, text, number);
    else if (!file) continue;
    else if (kind === "head") readHead(file, text);
    else if (kind === "hunk") file.hunks.push(hunkOf(text, number));
    else addLine(file, text);
  }
  findTwins(files);
  return files;
}

/** What an approval may choose among: the numbers of hunks and of files that cannot be cut. */
export function pieceNumbers(files: readonly PatchFile[]): number[] {
  return files.flatMap((file) => (file.number !== null ? [file.number] : file.hunks.flatMap(({ number }) => number ?? [])));
}

function begin(files: PatchFile[], head: string, number: number | null): void {
  const sides = head.replace(/^diff --git /, "");
  const path = patchPath(sides) ?? sides;
  const last = files.at(-1);
  // The second half of a file that becomes a link.
  if (last?.path === path && last.kind === "deleted") {
    last.kind = "replaced";
    return;
  }
  files.push({
    path,
    kind: "changed",
    number,
    modeBefore: null,
    modeAfter: null,
    blobBefore: null,
    blobAfter: null,
    binary: null,
    hunks: [],
    added: 0,
    removed: 0,
    twin: null,
  });
}

function readHead(file: PatchFile, text: string): void {
  const [, word, mode] = /^(new file|deleted file|old|new) mode (\d+)$/.exec(text) ?? [];
  if (word?.endsWith("file") && file.kind !== "replaced") file.kind = word === "new file" ? "added" : "deleted";
  if (mode && word?.startsWith("new")) file.modeAfter = mode;
  if (mode && !word?.startsWith("new")) file.modeBefore = mode;
  const [, before, after, both] = /^index ([0-9a-f]+)\.\.([0-9a-f]+)(?: (\d+))?$/.exec(text) ?? [];
  if (before && !/^0+$/.test(before)) file.blobBefore = before;
  if (after && !/^0+$/.test(after)) file.blobAfter = after;
  if (both) file.modeBefore = file.modeAfter = both;
  if (/^(GIT binary patch|Binary files )/.test(text)) file.binary = { before: null, after: null };
  const bytes = /^literal (\d+)$/.exec(text)?.[1];
  if (!bytes || !file.binary) return;
  if (file.binary.after === null) file.binary.after = Number(bytes);
  else file.binary.before = Number(bytes);
}

function hunkOf(head: string, number: number | null): PatchHunk {
  const [, oldAt = "0", oldCount = "1", newAt = "0", newCount = "1"] =
    /^@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@/.exec(head) ?? [];
  // Of a side without lines git names the line before it.
  const oldStart = Number(oldAt) + (oldCount === "0" ? 1 : 0);
  const newStart = Number(newAt) + (newCount === "0" ? 1 : 0);
  return { number, oldStart, newStart, oldEnd: oldStart, newEnd: newStart, lines: [] };
}

function addLine(file: PatchFile, text: string): void {
  const hunk = file.hunks.at(-1);
  if (!hunk) return;
  const last = hunk.lines.at(-1);
  if (text.startsWith("\\")) {
    if (last) last.endsBare = true;
    return;
  }
  const sign = text.startsWith("+") ? "+" : text.startsWith("-") ? "-" : " ";
  const oldLine = sign === "+" ? null : hunk.oldEnd++;
  const newLine = sign === "-" ? null : hunk.newEnd++;
  if (sign === "+") file.added += 1;
  if (sign === "-") file.removed += 1;
  hunk.lines.push({ sign, text: text.slice(1), oldLine, newLine, endsBare: false });
}

/** Spindle's patches know no renames: a file goes, and the same content comes. */
function findTwins(files: readonly PatchFile[]): void {
  const gone = new Map(files.flatMap((file) => (file.kind === "deleted" && file.blobBefore ? [[file.blobBefore, file]] : [])));
  for (const file of files) {
    const twin = file.kind === "added" && file.blobAfter ? gone.get(file.blobAfter) : undefined;
    if (!twin || twin.twin !== null) continue;
    file.twin = twin.path;
    twin.twin = file.path;
  }
}
