/** The files of a diff as folders. A folder with nothing but one folder in it is one with it. */
import type { PatchFile } from "./patch-files.ts";

export type TreeNode = { type: "folder"; name: string; nodes: TreeNode[] } | { type: "file"; name: string; file: PatchFile };

export function fileTree(files: readonly PatchFile[]): TreeNode[] {
  return nodesOf(files.map((file) => ({ parts: file.path.split("/"), file })));
}

interface Entry {
  parts: string[];
  file: PatchFile;
}

function nodesOf(entries: readonly Entry[]): TreeNode[] {
  const folders = Map.groupBy(entries, ({ parts }) => (parts.length > 1 ? (parts[0] ?? "") : null));
  return [...folders].flatMap(([name, within]): TreeNode[] => {
    if (name === null) return within.map(({ parts, file }) => ({ type: "file", name: parts[0] ?? file.path, file }));
    const nodes = nodesOf(within.map(({ parts, file }) => ({ parts: parts.slice(1), file })));
    const [only] = nodes;
    return only?.type === "folder" && nodes.length === 1
      ? [{ ...only, name: `${name}/${only.name}` }]
      : [{ type: "folder", name, nodes }];
  });
}
