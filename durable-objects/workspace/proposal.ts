/** What somebody is asked to approve: changes with a hash that binds the answer, the protocol's form, and one git patch. */
import { createHash } from "node:crypto";
import { filePatch, textHunks } from "#core/diff";
import { workspaceLimits } from "#core/limits";
import type { FileUpdateChange } from "#protocol/item";
import { binaryPatch, textOf } from "#workspace/binary-patch";
import { type FileChange, type FileVersion, fileMode, isSameVersion } from "#workspace/change";
import { WorkspaceError } from "#workspace/error";
import { absolutePath, assertFilePath } from "#workspace/path";
import type { Workspace } from "#workspace/store";

export interface PreparedProposal {
  /** SHA-256, hex, over every path with its old and new mode and blob: a yes to it is a yes to exactly this. */
  hash: string;
  /** Sorted by path, without those that change nothing; what `land` takes. */
  changes: FileChange[];
  /** The `changes` of a `fileChange` item, with absolute paths. */
  wire: FileUpdateChange[];
  /** One patch for all files that `git apply` accepts and that makes every byte and mode. "" when nothing changes. */
  diff: string;
}

/**
 * Prepares changes for approval; touches nothing. The contents of both sides have to be in the workspace's blobs.
 * Throws `WorkspaceError` "invalidPath", or "tooLarge" when the diffs together are longer than a row of the log may be.
 */
export function propose(
  workspace: Workspace,
  changes: FileChange[],
  cwd: string,
  { diffBytesMax = workspaceLimits.proposalBytesMax }: { diffBytesMax?: number } = {},
): PreparedProposal {
  const sorted = changes
    .filter((change) => !isSameVersion(change.before, change.after))
    .sort((one, other) => (one.path < other.path ? -1 : one.path > other.path ? 1 : 0));
  sorted.forEach((change, index) => {
    assertFilePath(change.path);
    if (sorted[index + 1]?.path === change.path) throw new Error(`two changes of ${change.path} in one proposal`);
  });
  const wire: FileUpdateChange[] = [];
  let diff = "";
  let size = 0;
  for (const change of sorted) {
    const before = sideOf(workspace, change.before);
    const after = sideOf(workspace, change.after);
    const hunks = hunksBetween(before, after);
    const update = wireChange(absolutePath(cwd, change.path), before, after, hunks);
    const patch = gitPatch(change.path, before, after, hunks);
    wire.push(update);
    diff += patch;
    size += utf8Length(update.diff) + utf8Length(patch);
    // Checked file by file, so that a workspace full of changes does not fill the memory before it is refused.
    if (size > diffBytesMax) {
      throw new WorkspaceError("tooLarge", `the changes are too large to be approved: more than ${diffBytesMax} bytes of diff`);
    }
  }
  return { hash: changesHash(sorted), changes: sorted, wire, diff };
}

/** Verifies that every path still has the version its change was made on, then makes them all. See `Workspace.land`. */
export function land(workspace: Workspace, changes: FileChange[]): void {
  workspace.land(changes);
}

/**
 * The change that gives `path` this content (null: removes it), from what is there now. Stores the content, touches no file.
 * Without `mode` an existing file keeps its own.
 */
export function changeTo(workspace: Workspace, path: string, content: Uint8Array | null, mode?: number): FileChange {
  assertFilePath(path);
  const before = workspace.version(path);
  if (content === null) return { path, before, after: null };
  const kept = before !== null && before.mode !== fileMode.symlink ? before.mode : fileMode.plain;
  return { path, before, after: { mode: mode ?? kept, hash: workspace.putBlob(content), size: content.length } };
}

/**
 * `hash` of a proposal of these changes, which are as `propose` gives them: sorted by path, without those that change nothing. Line by line, in a
 * fixed order and form: JSON keeps every path apart from what surrounds it.
 */
export function changesHash(changes: readonly FileChange[]): string {
  const side = (version: FileVersion | null) => (version === null ? [null, null] : [version.mode.toString(8), version.hash]);
  const text = changes
    .map((change) => `${JSON.stringify([change.path, ...side(change.before), ...side(change.after)])}\n`)
    .join("");
  return createHash("sha256").update(text).digest("hex");
}

/** One side of a change with its content. `text` is null when it is binary. */
interface Side extends FileVersion {
  bytes: Uint8Array;
  text: string | null;
}

function sideOf(workspace: Workspace, version: FileVersion | null): Side | null {
  if (version === null) return null;
  const bytes = workspace.readBlob(version.hash);
  return { ...version, bytes, text: textOf(bytes) };
}

/** The hunks of a change between texts, null when a side is binary. An absent side is an empty text. */
function hunksBetween(before: Side | null, after: Side | null): string | null {
  const oldText = before === null ? "" : before.text;
  const newText = after === null ? "" : after.text;
  return oldText === null || newText === null ? null : textHunks(oldText, newText);
}

function wireChange(path: string, before: Side | null, after: Side | null, hunks: string | null): FileUpdateChange {
  const only = before ?? after;
  if (only !== null && (before === null || after === null)) {
    return { path, kind: { type: before === null ? "add" : "delete" }, diff: only.text ?? binaryNote(only) };
  }
  return { path, kind: { type: "update", move_path: null }, diff: updateText(before as Side, after as Side, hunks) };
}

function updateText(before: Side, after: Side, hunks: string | null): string {
  if (before.hash === after.hash) return `Mode changed from ${before.mode.toString(8)} to ${after.mode.toString(8)}`;
  return hunks ?? binaryNote(after);
}

function binaryNote(side: Side): string {
  return `Binary file, ${side.size} bytes`;
}

function gitPatch(path: string, before: Side | null, after: Side | null, hunks: string | null): string {
  const changesType = before !== null && after !== null && isSymlink(before) !== isSymlink(after);
  // git knows no patch from a file to a symlink: it goes and comes.
  if (changesType) {
    return gitPatch(path, before, null, hunksBetween(before, null)) + gitPatch(path, null, after, hunksBetween(null, after));
  }
  const isContentSame = before !== null && after !== null && before.hash === after.hash;
  const body =
    isContentSame || hunks !== null
      ? ({ type: "text", hunks: isContentSame ? "" : (hunks ?? "") } as const)
      : ({ type: "binary", patch: binaryPatch(after?.bytes ?? new Uint8Array()) } as const);
  return filePatch(path, before, after, body);
}

function isSymlink(side: Side): boolean {
  return side.mode === fileMode.symlink;
}

function utf8Length(text: string): number {
  return new TextEncoder().encode(text).length;
}
