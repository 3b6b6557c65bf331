/** The files, directories and links of an overlay, and what is read off them. */
import { Buffer } from "node:buffer";
import type { IFileSystem } from "just-bash/browser";
import { blobHash } from "#workspace/blob";
import { type FileVersion, fileMode } from "#workspace/change";

export type FsStat = Awaited<ReturnType<IFileSystem["stat"]>>;

export interface NodeBase {
  /** Stays with a file when it is renamed; `mv` compares it to see that two names are not one file. */
  identity: string;
  permissions: number;
  modifiedAt: Date;
}

export interface FileNode extends NodeBase {
  type: "file";
  content: Content;
}

export interface DirectoryNode extends NodeBase {
  type: "directory";
  children: Map<string, Node>;
}

export interface SymlinkNode extends NodeBase {
  type: "symlink";
  target: string;
}

export type Node = FileNode | DirectoryNode | SymlinkNode;

/** A file's content: where the workspace has it, or in memory, where `buffer` may be longer than the file. */
export type Content = { type: "stored"; hash: string; size: number } | HeldContent;

export interface HeldContent {
  type: "held";
  buffer: Uint8Array;
  length: number;
}

let identities = 0;

export function newIdentity(): string {
  identities += 1;
  return `overlay:${identities}`;
}

/** A copy, because the caller may go on using its array. */
export function held(bytes: Uint8Array): HeldContent {
  return { type: "held", buffer: bytes.slice(), length: bytes.length };
}

/** The same content for a second file. It has no room to grow, so that no two files ever grow into the same memory. */
export function shared(content: Content): Content {
  return content.type === "stored" ? content : { type: "held", buffer: bytesOf(content), length: content.length };
}

export function bytesOf(content: HeldContent): Uint8Array {
  return content.buffer.subarray(0, content.length);
}

export function heldLength(content: Content): number {
  return content.type === "held" ? content.length : 0;
}

export function versionOf(node: FileNode | SymlinkNode): FileVersion {
  if (node.type === "symlink") {
    const target = new TextEncoder().encode(node.target);
    return { mode: fileMode.symlink, hash: blobHash(target), size: target.length };
  }
  const mode = (node.permissions & 0o100) === 0 ? fileMode.plain : fileMode.executable;
  if (node.content.type === "stored") return { mode, hash: node.content.hash, size: node.content.size };
  return { mode, hash: blobHash(bytesOf(node.content)), size: node.content.length };
}

export function statOf(node: Node): FsStat {
  const size = node.type === "symlink" ? Buffer.byteLength(node.target) : node.type === "directory" ? 0 : sizeOf(node.content);
  return {
    isFile: node.type === "file",
    isDirectory: node.type === "directory",
    isSymbolicLink: node.type === "symlink",
    mode: node.permissions,
    size,
    mtime: node.modifiedAt,
    identity: node.identity,
  };
}

export function sizeOf(content: Content): number {
  return content.type === "held" ? content.length : content.size;
}
