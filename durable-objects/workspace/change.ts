/** A change of the workspace as git sees it: which version of a path was there, and which comes. */
import type { FileChange, FileVersion } from "#core/private";

export type { FileChange, FileVersion };

/** git's modes; nothing else can be in a workspace. */
export const fileMode = { plain: 0o100644, executable: 0o100755, symlink: 0o120000 } as const;

/** Size is not compared: the hash covers it. */
export function isSameVersion(one: FileVersion | null, other: FileVersion | null): boolean {
  return one === other || (one !== null && other !== null && one.mode === other.mode && one.hash === other.hash);
}
