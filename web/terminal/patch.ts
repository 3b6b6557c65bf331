/** Reads a git patch as far as a terminal needs it: which blob each path had before, and which mode it gets. */
import { patchPath } from "#client/patch-path";

export interface PatchedFile {
  /** Git's blob id of what was there; null for a new file. */
  before: string | null;
  /** Whether it may be executed from now on; null when that stays as it is. */
  isExecutable: boolean | null;
}

/** By path, relative to the workspace. */
export function filesOfPatch(patch: string): Map<string, PatchedFile> {
  const files = new Map<string, PatchedFile>();
  let path: string | null = null;
  let isHeader = false;
  for (const line of patch.split("\n")) {
    if (line.startsWith("diff --git ")) {
      path = patchPath(line.slice("diff --git ".length));
      isHeader = true;
      if (path !== null && !files.has(path)) files.set(path, { before: null, isExecutable: null });
      continue;
    }
    if (line.startsWith("@@") || line.startsWith("GIT binary patch")) isHeader = false;
    const file = path === null ? undefined : files.get(path);
    if (!isHeader || !file) continue;
    const before = /^index ([0-9a-f]+)\.\./.exec(line)?.[1];
    if (before && !/^0+$/.test(before)) file.before = before;
    const mode = /^new (?:file )?mode (\d{6})$/.exec(line)?.[1];
    if (mode) file.isExecutable = mode === "100755";
  }
  return files;
}
