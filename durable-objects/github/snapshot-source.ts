/** A repository's files at one commit, by the Git Data API: the listing first, contents as they are wanted. */
import { githubApiLimits } from "#core/limits";
import { GitHubError } from "#github/failure";
import type { GitHubCalls } from "#github/installation";
import { blobHash } from "#workspace/blob";

export interface TreeFile {
  path: string;
  mode: number;
  oid: string;
  /** Bytes. */
  size: number;
}

export interface TreeListing {
  commitOid: string;
  treeOid: string;
  files: TreeFile[];
  /** Other repositories inside this one, which have no content here. */
  submodules: string[];
  /** GitHub lists 100,000 entries or 7 MB at most: the files are not all there are. */
  isTruncated: boolean;
}

export interface BlobPage {
  blobs: { oid: string; bytes: Uint8Array }[];
  /** What was not read for want of room; ask again for these. */
  rest: string[];
}

export async function readTree(calls: GitHubCalls, commitOid: string): Promise<TreeListing> {
  const commit = await calls.gh("GET /repos/{owner}/{repo}/git/commits/{commit_sha}", { commit_sha: commitOid });
  const treeOid = commit.tree.sha;
  const listing = await calls.gh("GET /repos/{owner}/{repo}/git/trees/{tree_sha}", { tree_sha: treeOid, recursive: "1" });
  return {
    commitOid,
    treeOid,
    files: listing.tree.flatMap(({ type, path, mode, sha: oid, size = 0 }) =>
      type === "blob" ? [{ path, mode: Number.parseInt(mode, 8), oid, size }] : [],
    ),
    submodules: listing.tree.flatMap(({ type, path }) => (type === "commit" ? [path] : [])),
    isTruncated: listing.truncated,
  };
}

/** What comes is what was asked for, byte by byte: the id is the content's hash. */
export async function readBlobs(calls: GitHubCalls, oids: string[]): Promise<BlobPage> {
  const blobs: BlobPage["blobs"] = [];
  let bytes = 0;
  for (const [index, oid] of oids.entries()) {
    if (index === githubApiLimits.blobPageFilesMax || bytes >= githubApiLimits.blobPageBytesMax) {
      return { blobs, rest: oids.slice(index) };
    }
    const blob = await calls.gh("GET /repos/{owner}/{repo}/git/blobs/{file_sha}", { file_sha: oid });
    const content = decoded(blob);
    if (blobHash(content) !== oid)
      throw new GitHubError("readBlobs", { type: "unexpected", reason: `${oid} has another content` });
    blobs.push({ oid, bytes: content });
    bytes += content.length;
  }
  return { blobs, rest: [] };
}

function decoded({ content, encoding }: { content: string; encoding: string }): Uint8Array {
  if (encoding !== "base64") return new TextEncoder().encode(content);
  return Uint8Array.from(atob(content.replace(/\s/g, "")), (character) => character.charCodeAt(0));
}
