/** A real folder: what of it goes along, and how approved changes come back without harm. */
import { createHash, randomUUID } from "node:crypto";
import type { Stats } from "node:fs";
import { chmod, lstat, mkdir, readdir, readFile, realpath, rename, rm, rmdir, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { type IgnoreFile, isIgnored, parseIgnoreFile } from "./ignore.ts";
import { terminalLimits } from "./limits.ts";

/** A file of the folder; `path` is relative, `/` between segments. */
export interface FolderFile {
  path: string;
  bytes: Uint8Array;
}

export interface FolderContents {
  files: FolderFile[];
  /** What was left out although no `.gitignore` says so, with the reason. */
  leftOut: { path: string; reason: string }[];
}

/** Never taken, at any depth, whatever `.gitignore` says. */
const alwaysSkipped = new Set([".git", "node_modules"]);

/** Reads the folder in a fixed order, so that what a bound leaves out is the same every time. */
export async function readFolder(root: string): Promise<FolderContents> {
  const contents: FolderContents = { files: [], leftOut: [] };
  const { prefix, ignoreFiles } = await repositoryAround(root);
  await readDirectory({ root, prefix, contents, bytesLeft: terminalLimits.folderBytesMax }, "", ignoreFiles);
  return contents;
}

interface Reading {
  root: string;
  /** Where the root lies in its repository: "" or "packages/client/". */
  prefix: string;
  contents: FolderContents;
  bytesLeft: number;
}

async function readDirectory(reading: Reading, directory: string, outer: IgnoreFile[]): Promise<void> {
  const { root, prefix, contents } = reading;
  const place = `${prefix}${directory}`;
  const own = await readFile(join(root, directory, ".gitignore"), "utf8").catch(() => "");
  const ignoreFiles = own === "" ? outer : [...outer, parseIgnoreFile(own, place.replace(/\/$/, ""))];
  const entries = await readdir(join(root, directory), { withFileTypes: true });
  for (const entry of entries.sort((one, other) => (one.name < other.name ? -1 : 1))) {
    const path = `${directory}${entry.name}`;
    if (alwaysSkipped.has(entry.name) || entry.name.endsWith(".spindle")) continue;
    if (isIgnored(ignoreFiles, `${prefix}${path}`, entry.isDirectory())) continue;
    if (entry.isDirectory()) await readDirectory(reading, `${path}/`, ignoreFiles);
    else if (entry.isFile()) await readOne(reading, path);
    else contents.leftOut.push({ path, reason: entry.isSymbolicLink() ? "a symbolic link" : "not a file" });
  }
}

async function readOne(reading: Reading, path: string): Promise<void> {
  const { files, leftOut } = reading.contents;
  const { size } = await lstat(join(reading.root, path));
  if (size > terminalLimits.fileBytesMax) leftOut.push({ path, reason: `larger than ${mebibytes(terminalLimits.fileBytesMax)}` });
  else if (files.length >= terminalLimits.filesMax) leftOut.push({ path, reason: `more than ${terminalLimits.filesMax} files` });
  else if (size > reading.bytesLeft)
    leftOut.push({ path, reason: `more than ${mebibytes(terminalLimits.folderBytesMax)} in all` });
  else {
    reading.bytesLeft -= size;
    files.push({ path, bytes: await readFile(join(reading.root, path)) });
  }
}

/** The `.gitignore`s above the root, up to the repository's own root; without a repository there are none. */
async function repositoryAround(root: string): Promise<{ prefix: string; ignoreFiles: IgnoreFile[] }> {
  const repository = await repositoryOf(root);
  if (repository === null) return { prefix: "", ignoreFiles: [] };
  const segments = relative(repository, root).split(sep).filter(Boolean);
  const ignoreFiles: IgnoreFile[] = [];
  const take = async (file: string, base: string) => {
    const text = await readFile(file, "utf8").catch(() => "");
    if (text !== "") ignoreFiles.push(parseIgnoreFile(text, base));
  };
  await take(join(repository, ".git/info/exclude"), "");
  for (let depth = 0; depth < segments.length; depth += 1) {
    const above = segments.slice(0, depth);
    await take(join(repository, ...above, ".gitignore"), above.join("/"));
  }
  return { prefix: segments.map((segment) => `${segment}/`).join(""), ignoreFiles };
}

async function repositoryOf(folder: string): Promise<string | null> {
  if (await statOf(join(folder, ".git"))) return folder;
  const parent = dirname(folder);
  return parent === folder ? null : repositoryOf(parent);
}

/** What came of one path of an approved change. */
export type Outcome =
  | { type: "written" | "deleted" | "unchanged" }
  /** The file changed here meanwhile: it stays, and what was approved lies in `beside`, or nowhere if it was a deletion. */
  | { type: "conflict"; beside: string | null }
  | { type: "refused"; reason: string };

export interface ApprovedChange {
  /** Relative to the folder, as the server names it: not to be trusted. */
  path: string;
  /** Null: the file goes. */
  bytes: Uint8Array | null;
  /** Whether the file may be executed from now on; null leaves that as it is. */
  isExecutable: boolean | null;
  /** Whether these contents are what the change was made from; null stands for "there is no such file". */
  isBase(contents: Uint8Array | null): boolean;
}

/**
 * Brings one approved change into the folder. Nothing outside of it is ever touched: a path that leaves it, that goes through a symbolic
 * link, or that reaches into `.git` is refused. A file that is neither what the change was made from nor what it leads to stays.
 */
export async function writeBack(root: string, change: ApprovedChange): Promise<Outcome> {
  const reason = await reasonToRefuse(root, change.path);
  if (reason) return { type: "refused", reason };
  const target = join(root, change.path);
  const stats = await statOf(target);
  const current = stats ? await readFile(target) : null;
  const mode = modeAfter(stats, change.isExecutable);
  if (isSame(current, change.bytes)) {
    if (!stats || (stats.mode & 0o777) === mode) return { type: "unchanged" };
    await chmod(target, mode);
    return { type: "written" };
  }
  if (!change.isBase(current)) {
    if (change.bytes === null) return { type: "conflict", beside: null };
    const beside = `${change.path}.spindle`;
    const besideReason = await reasonToRefuse(root, beside);
    if (besideReason) return { type: "refused", reason: besideReason };
    await replaceFile(join(root, beside), change.bytes, 0o644);
    return { type: "conflict", beside };
  }
  if (change.bytes === null) {
    await rm(target);
    await removeEmptyDirectories(root, dirname(target));
    return { type: "deleted" };
  }
  await mkdir(dirname(target), { recursive: true });
  await replaceFile(target, change.bytes, mode);
  return { type: "written" };
}

/** Null when the path is a file of the folder, or may become one. */
async function reasonToRefuse(root: string, path: string): Promise<string | null> {
  const segments = path.split("/");
  const isPlain = segments.every((segment) => segment !== "" && segment !== "." && segment !== "..");
  if (!isPlain || /[\0\\]|^[a-z]:/i.test(path)) return "it is not a path inside of the folder";
  // git runs what is configured there, on every command.
  if (segments.some((segment) => segment.toLowerCase() === ".git")) return "it reaches into .git";
  if (!resolve(root, path).startsWith(root.endsWith(sep) ? root : root + sep)) return "it leaves the folder";
  for (let depth = 1; depth <= segments.length; depth += 1) {
    const stats = await statOf(join(root, ...segments.slice(0, depth)));
    if (!stats) return null;
    if (stats.isSymbolicLink()) return `${segments.slice(0, depth).join("/")} is a symbolic link`;
    const isLast = depth === segments.length;
    if (isLast ? !stats.isFile() : !stats.isDirectory()) return `${segments.slice(0, depth).join("/")} is in the way`;
  }
  return null;
}

function modeAfter(stats: Stats | null, isExecutable: boolean | null): number {
  const mode = stats ? stats.mode & 0o777 : 0o644;
  if (isExecutable === null) return mode;
  // Whoever may read may execute, as git does it.
  return isExecutable ? mode | ((mode & 0o444) >> 2) : mode & ~0o111;
}

/** Written beside and renamed: whoever reads sees the old file or the new one, and a link that appears meanwhile is replaced, not followed. */
async function replaceFile(target: string, bytes: Uint8Array, mode: number): Promise<void> {
  const fresh = `${target}.${randomUUID()}.spindle`;
  try {
    await writeFile(fresh, bytes, { flag: "wx" });
    await chmod(fresh, mode);
    await rename(fresh, target);
  } catch (error) {
    await rm(fresh, { force: true });
    throw error;
  }
}

/** git knows no empty directories, so that what was deleted last takes its directory along. */
async function removeEmptyDirectories(root: string, directory: string): Promise<void> {
  if (directory === root || !directory.startsWith(root + sep)) return;
  try {
    await rmdir(directory);
  } catch {
    // Something is in it.
    return;
  }
  await removeEmptyDirectories(root, dirname(directory));
}

/** The folder's true place, or null when there is none: from here on, links above it do not matter. */
export async function placeOf(folder: string): Promise<string | null> {
  try {
    const place = await realpath(folder);
    return (await lstat(place)).isDirectory() ? place : null;
  } catch {
    // Not there, or not ours to see.
    return null;
  }
}

/** git's id of a file's contents, in SHA-1 or SHA-256 by the length of the id it is compared with. */
export function blobId(bytes: Uint8Array, digits = 40): string {
  return createHash(digits === 64 ? "sha256" : "sha1")
    .update(`blob ${bytes.length}\0`)
    .update(bytes)
    .digest("hex");
}

async function statOf(path: string): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw error;
  }
}

function isSame(one: Uint8Array | null, other: Uint8Array | null): boolean {
  return one === null || other === null ? one === other : Buffer.compare(one, other) === 0;
}

function mebibytes(bytes: number): string {
  return `${bytes / 1024 / 1024} MiB`;
}
