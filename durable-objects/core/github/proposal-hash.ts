/** What an approval on GitHub is bound to: this diff, on this commit, of this repository. */
import type { Hash } from "#core/hash";

/** One line of `git diff-tree -r --raw --no-renames`. Modes as git's numbers, blobs by their object ids; null: not there. */
export interface PathChange {
  path: string;
  /** The new mode; null when the path goes. */
  mode: number | null;
  before: string | null;
  after: string | null;
}

export interface BoundDiff {
  /** GitHub's number, which survives renames. */
  repositoryId: number;
  /** The commit that the changes are made on. */
  baseOid: string;
  changes: readonly PathChange[];
}

/**
 * SHA-256 over canonical JSON: `[repositoryId,baseOid,[[path,mode,before,after],…]]`, paths in the order of their UTF-16 units,
 * modes as six octal digits. The hash of a workspace's proposal says what changes; this one says in addition where, so that a
 * yes given in one repository or before a push says nothing about another. Anybody can make it again from git's own output.
 * Throws where something is no object id or a path stands twice: that is our mistake.
 */
export function proposalHash({ repositoryId, baseOid, changes }: BoundDiff, sha256: Hash): string {
  const rows = changes
    .toSorted((one, other) => (one.path < other.path ? -1 : one.path > other.path ? 1 : 0))
    .map(({ path, mode, before, after }, index, sorted) => {
      if (sorted[index - 1]?.path === path) throw new Error(`two changes of ${path} in one proposal`);
      if ((mode === null) !== (after === null)) throw new Error(`${path} has a mode without content, or content without a mode`);
      return [path, mode === null ? null : mode.toString(8).padStart(6, "0"), objectId(before), objectId(after)];
    });
  return sha256(JSON.stringify([repositoryId, objectId(baseOid), rows]));
}

function objectId(oid: string | null): string | null {
  if (oid !== null && !/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(oid)) throw new Error(`no object id: ${oid}`);
  return oid;
}
