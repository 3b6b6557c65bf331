/**
 * A repository enters a workspace at one commit: every file is listed, and as many contents as the bounds allow are there at once. The
 * others are named with their git id, so that they can be read when somebody wants them and are known to be the same.
 */
import { githubApiLimits, workspaceLimits } from "#core/limits";
import type { BlobPage, TreeFile, TreeListing } from "#github/snapshot-source";
import { fileMode } from "#workspace/change";
import { WorkspaceError } from "#workspace/error";
import { assertFilePath } from "#workspace/path";
import type { Workspace } from "#workspace/store";

/** Whoever can read the repository: its object, through which no token passes. */
export interface SnapshotSource {
  readTree(commitOid: string): Promise<TreeListing>;
  readBlobs(oids: string[]): Promise<BlobPage>;
}

export interface Snapshot {
  commitOid: string;
  treeOid: string;
  /** What is in the workspace. */
  present: TreeFile[];
  /** What is not, because there is more than the bounds allow: `bring` fetches it. */
  absent: TreeFile[];
  /** Paths that no workspace can hold, and submodules: never there, and never to be taken for deleted. */
  refused: string[];
  isTruncated: boolean;
}

export interface SnapshotBounds {
  filesMax: number;
  bytesMax: number;
  fileBytesMax: number;
}

const defaultBounds: SnapshotBounds = {
  filesMax: githubApiLimits.snapshotFilesMax,
  bytesMax: githubApiLimits.snapshotBytesMax,
  fileBytesMax: githubApiLimits.snapshotFileBytesMax,
};

export interface SnapshotTarget {
  workspace: Workspace;
  transaction<Result>(closure: () => Result): Result;
}

/** Which files come at once: those that say what the repository is first, then the shallow and small ones. */
export function choose(listing: TreeListing, bounds: SnapshotBounds = defaultBounds): Snapshot {
  const { commitOid, treeOid, isTruncated } = listing;
  const refused = [...listing.submodules];
  const present: TreeFile[] = [];
  const absent: TreeFile[] = [];
  let bytes = 0;
  for (const file of listing.files.toSorted(byWorth)) {
    if (!canBeHeld(file)) refused.push(file.path);
    else if (present.length < bounds.filesMax && file.size <= bounds.fileBytesMax && bytes + file.size <= bounds.bytesMax) {
      present.push(file);
      bytes += file.size;
    } else absent.push(file);
  }
  return { commitOid, treeOid, present, absent, refused, isTruncated };
}

/** Writes the present files. May be repeated after a crash: what is there is there. Throws `WorkspaceError` "full". */
export async function enter(source: SnapshotSource, target: SnapshotTarget, snapshot: Snapshot): Promise<void> {
  await bring(source, target, snapshot.present);
}

/** Reads and writes these files of the snapshot. One that is there with this content already is left as it is. */
export async function bring(
  source: SnapshotSource,
  { workspace, transaction }: SnapshotTarget,
  files: TreeFile[],
): Promise<void> {
  const wanted = files.filter(({ path, oid, mode }) => {
    const version = workspace.version(path);
    return version?.hash !== oid || version.mode !== mode;
  });
  const byOid = Map.groupBy(wanted, ({ oid }) => oid);
  for (let rest = [...byOid.keys()]; rest.length > 0; ) {
    const page = await source.readBlobs(rest);
    if (page.rest.length >= rest.length) throw new Error("the repository gives no contents");
    transaction(() => {
      for (const { oid, bytes } of page.blobs) {
        for (const { path, mode } of byOid.get(oid) ?? []) workspace.write(path, bytes, mode);
      }
    });
    rest = page.rest;
  }
}

function byWorth(one: TreeFile, other: TreeFile): number {
  return depthOf(one) - depthOf(other) || one.size - other.size || (one.path < other.path ? -1 : 1);
}

function depthOf({ path }: TreeFile): number {
  return path.split("/").length;
}

function canBeHeld({ path, mode, size }: TreeFile): boolean {
  if (!(Object.values(fileMode) as number[]).includes(mode) || size > workspaceLimits.fileBytesMax) return false;
  try {
    assertFilePath(path);
    return true;
  } catch (error) {
    if (error instanceof WorkspaceError) return false;
    throw error;
  }
}
