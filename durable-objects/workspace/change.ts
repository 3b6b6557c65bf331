/** A change of the workspace as git sees it: which version of a path was there, and which comes. */

/** git's modes; nothing else can be in a workspace. */
export const fileMode = { plain: 0o100644, executable: 0o100755, symlink: 0o120000 } as const;

/** `hash` is git's blob id of the content (of the target, for a symlink); `size` is its bytes. */
export interface FileVersion {
  mode: number;
  hash: string;
  size: number;
}

/** `path` is relative to the workspace. `before` null: it is new. `after` null: it goes. Example: `{"path":"a.txt","before":null,"after":{"mode":33188,"hash":"4a58…","size":6}}` */
export interface FileChange {
  path: string;
  before: FileVersion | null;
  after: FileVersion | null;
}

/** Size is not compared: the hash covers it. */
export function isSameVersion(one: FileVersion | null, other: FileVersion | null): boolean {
  return one === other || (one !== null && other !== null && one.mode === other.mode && one.hash === other.hash);
}
