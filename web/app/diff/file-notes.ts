/** What changes about a file besides its lines, in words. */
import type { PatchFile } from "./patch-files.ts";

export function fileNotes(file: PatchFile): string[] {
  const { kind, modeBefore, modeAfter, binary, twin } = file;
  const notes: string[] = [];
  if (kind === "added") notes.push(twin === null ? "new file" : `moved from ${twin}`);
  if (kind === "deleted") notes.push(twin === null ? "deleted" : `moved to ${twin}`);
  if (kind === "replaced") notes.push(modeAfter === link ? "becomes a symbolic link" : "no longer a symbolic link");
  else if (modeAfter === link || modeBefore === link) notes.push("symbolic link");
  if (kind === "added" && modeAfter === executable) notes.push("executable");
  if (kind === "changed" && modeBefore !== modeAfter) {
    notes.push(modeAfter === executable ? "becomes executable" : "no longer executable");
  }
  if (binary) notes.push(`binary${sizes(binary)}`);
  else if (file.hunks.length === 0 && kind !== "changed") notes.push("empty");
  return notes;
}

const executable = "100755";
const link = "120000";

function sizes({ before, after }: { before: number | null; after: number | null }): string {
  const [one, other] = [before, after].map((bytes) => (bytes ? sizeWords(bytes) : null));
  if (one && other) return `, ${one} before, ${other} after`;
  return one || other ? `, ${one ?? other}` : "";
}

function sizeWords(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${(bytes / 1_000).toFixed(1)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
