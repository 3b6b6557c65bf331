/** `fuzzyFileSearch` in one thread's workspace; what waits for approval is not in it. */
import { limits } from "#core/limits";
import type { FuzzyFileSearchResult } from "#protocol/file-search-methods";
import type { Params, Result } from "#protocol/methods";
import type { ThreadRuntime } from "#thread/runtime";
import { WorkspaceError } from "#workspace/error";
import { ancestorPaths, relativePath } from "#workspace/path";
import { byScore, searchPaths } from "#workspace/search";

export function searchFiles(runtime: ThreadRuntime, { query, roots }: Params<"fuzzyFileSearch">): Result<"fuzzyFileSearch"> {
  const files = roots.flatMap((root) => filesBelow(runtime, root, query));
  return { files: files.sort(byScore).slice(0, limits.foundFilesMax) };
}

function filesBelow({ workspace, current }: ThreadRuntime, root: string, query: string): FuzzyFileSearchResult[] {
  const directory = placeOf(current.info.cwd, root);
  if (directory === null) return [];
  const prefix = directory === "" ? "" : `${directory}/`;
  const files = workspace.files().flatMap(({ path }) => (path.startsWith(prefix) ? path.slice(prefix.length) : []));
  const made = workspace.directories().flatMap((path) => (path.startsWith(prefix) ? path.slice(prefix.length) : []));
  const directories = new Set([...made.filter((path) => path !== ""), ...[...files, ...made].flatMap(ancestorPaths)]);
  const candidates = [
    ...files.map((path) => ({ path, type: "file" as const })),
    ...[...directories].map((path) => ({ path, type: "directory" as const })),
  ];
  return searchPaths(candidates, query, limits.foundFilesMax).map(({ path, type, score, indices }) => ({
    root,
    path,
    match_type: type,
    file_name: path.slice(path.lastIndexOf("/") + 1),
    score,
    indices,
  }));
}

function placeOf(cwd: string, root: string): string | null {
  try {
    return relativePath(cwd, root.startsWith("/") ? root : `${cwd}/${root}`);
  } catch (error) {
    // Another workspace's, or nobody's: there is nothing of it here.
    if (error instanceof WorkspaceError) return null;
    throw error;
  }
}
