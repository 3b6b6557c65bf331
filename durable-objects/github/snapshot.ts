/**
 * A repository enters a workspace at one commit: its files are listed there, and as many contents as the bounds allow are copied. The
 * others are known by their git id, by which they are fetched when somebody reads them, and known to be the same.
 */
import { githubApiLimits, workspaceLimits } from "#core/limits";
import type { BlobPage, TreeFile, TreeListing } from "#github/snapshot-source";
import { fileMode } from "#workspace/change";
import { isFilePath } from "#workspace/path";
import type { Workspace } from "#workspace/store";

/** Whoever can read the repository: its object, through which no token passes. */
export interface SnapshotSource {
  readTree(commitOid: string): Promise<TreeListing>;
  readBlobs(oids: string[]): Promise<BlobPage>;
}

export interface Snapshot {
  commitOid: string;
  treeOid: string;
  /** Files whose content is copied at once. */
  copied: TreeFile[];
  /** Files that are listed, and fetched when they are read. */
  listed: TreeFile[];
  /** Paths that are not in the workspace: it cannot hold them, or has no room, or they are other repositories. Never to be taken for deleted. */
  missing: string[];
  isTruncated: boolean;
}

export interface SnapshotBounds {
  listedFilesMax: number;
  listedBytesMax: number;
  filesMax: number;
  bytesMax: number;
  fileBytesMax: number;
}

export const snapshotBounds: SnapshotBounds = {
  listedFilesMax: githubApiLimits.listedFilesMax,
  listedBytesMax: githubApiLimits.listedBytesMax,
  filesMax: githubApiLimits.snapshotFilesMax,
  bytesMax: githubApiLimits.snapshotBytesMax,
  fileBytesMax: githubApiLimits.snapshotFileBytesMax,
};

/** Which files come how: first those that the house itself reads, then those that say what the repository is, the shallow and small ones. */
export function choose(listing: TreeListing, bounds = snapshotBounds): Snapshot {
  const { commitOid, treeOid, isTruncated } = listing;
  const copied: TreeFile[] = [];
  const listed: TreeFile[] = [];
  const missing = [...listing.submodules];
  let [copiedBytes, listedBytes] = [0, 0];
  for (const file of listing.files.toSorted(byWorth)) {
    const { path, mode, size } = file;
    const hasRoom = copied.length + listed.length < bounds.listedFilesMax && listedBytes + size <= bounds.listedBytesMax;
    const isSmall = copied.length < bounds.filesMax && size <= bounds.fileBytesMax && copiedBytes + size <= bounds.bytesMax;
    // A link is followed by whoever walks past it, and nobody waits there for its content.
    if (!hasRoom || !canBeHeld(file) || (mode === fileMode.symlink && !isSmall)) {
      missing.push(path);
      continue;
    }
    listedBytes += size;
    if (isSmall) copiedBytes += size;
    (isSmall ? copied : listed).push(file);
  }
  return { commitOid, treeOid, copied, listed, missing, isTruncated };
}

/**
 * Fetches what of these contents is not there; no file changes. May be repeated after a crash: what is there is there.
 * `write` runs the writes of one page, all or none.
 */
export async function fetchContents(
  source: SnapshotSource,
  { workspace, write }: { workspace: Workspace; write(page: () => void): void },
  oids: Iterable<string>,
): Promise<void> {
  for (let rest = [...new Set(oids)].filter((oid) => !workspace.hasBlob(oid)); rest.length > 0; ) {
    const page = await source.readBlobs(rest.slice(0, githubApiLimits.blobPageFilesMax));
    if (page.blobs.length === 0) throw new Error("the repository gives no contents");
    write(() => {
      for (const { bytes } of page.blobs) workspace.putBlob(bytes);
    });
    const wanted = rest.length;
    rest = rest.filter((oid) => !workspace.hasBlob(oid));
    if (rest.length === wanted) throw new Error("the repository gives other contents");
  }
}

function byWorth(one: TreeFile, other: TreeFile): number {
  return (
    Number(isReadByUs(other)) - Number(isReadByUs(one)) ||
    depthOf(one) - depthOf(other) ||
    one.size - other.size ||
    (one.path < other.path ? -1 : 1)
  );
}

/** Where links lead, and what a turn's instructions are made of. */
function isReadByUs({ path, mode }: TreeFile): boolean {
  return mode === fileMode.symlink || path === "AGENTS.md" || path.endsWith("/AGENTS.md");
}

function depthOf({ path }: TreeFile): number {
  return path.split("/").length;
}

function canBeHeld({ path, mode, size }: TreeFile): boolean {
  return (Object.values(fileMode) as number[]).includes(mode) && size <= workspaceLimits.fileBytesMax && isFilePath(path);
}
