/** Paths of the workspace: relative to its root, `/` between segments, "" for the root itself. */

import { workspaceLimits } from "#core/limits";
import { WorkspaceError } from "#workspace/error";

/**
 * The store's path for `absolute`, after resolving `.` and `..`; "" when it is `cwd` itself.
 * Throws `WorkspaceError` "outside" for everything that is not at or below `cwd`.
 */
export function relativePath(cwd: string, absolute: string): string {
  const root = normalSegments(cwd);
  const segments = normalSegments(absolute);
  const isInside = absolute.startsWith("/") && root.every((segment, index) => segments[index] === segment);
  if (!isInside) throw new WorkspaceError("outside", `path is outside of the workspace ${cwd}: ${absolute}`);
  return segments.slice(root.length).join("/");
}

/** The absolute path of a store's path. */
export function absolutePath(cwd: string, path: string): string {
  const root = cwd.endsWith("/") ? cwd.slice(0, -1) : cwd;
  return path === "" ? root || "/" : `${root}/${path}`;
}

/** Throws `WorkspaceError` "invalidPath" unless a file may have this path. */
export function assertFilePath(path: string): void {
  if (!isFilePath(path)) throw new WorkspaceError("invalidPath", `not a path of a workspace: ${JSON.stringify(path)}`);
}

/**
 * Whether a file may have this path. `.git` is refused at every depth and in every case: it is not content but configuration that makes git
 * run programs, and `git apply` refuses a patch that names it.
 */
export function isFilePath(path: string): boolean {
  return (
    path !== "" &&
    path.isWellFormed() &&
    !path.includes("\0") &&
    new TextEncoder().encode(path).length <= workspaceLimits.pathBytesMax &&
    path.split("/").every((segment) => segment !== "" && segment !== "." && segment !== ".." && segment.toLowerCase() !== ".git")
  );
}

/** The directory a path lies in; "" for what lies in the root. */
export function parentPath(path: string): string {
  return path.slice(0, Math.max(0, path.lastIndexOf("/")));
}

/** Every directory above a path, the nearest last, without the root: "a/b/c" has "a" and "a/b". */
export function ancestorPaths(path: string): string[] {
  const segments = path.split("/");
  return segments.slice(1).map((_, index) => segments.slice(0, index + 1).join("/"));
}

/** Segments after `.` and `..` are resolved; a `..` above the root stays at the root, as in Linux. */
export function normalSegments(path: string): string[] {
  const segments: string[] = [];
  for (const segment of path.split("/")) {
    if (segment === "..") segments.pop();
    else if (segment !== "" && segment !== ".") segments.push(segment);
  }
  return segments;
}

/** The bounds of what lies below a directory, for `path > low AND path < high`: "0" is the character after "/". */
export function rangeBelow(directory: string): { low: string; high: string } {
  return directory === "" ? { low: "", high: "\u{10FFFF}" } : { low: `${directory}/`, high: `${directory}0` };
}
