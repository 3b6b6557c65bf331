/**
 * The file system a shell command sees: the workspace at `cwd`, and around it what a shell expects (`/tmp`, `/dev`, `/bin`), all of it
 * in memory and thrown away. The workspace itself is never written; what the command made of it is read off at the end.
 *
 * just-bash's own `InMemoryFs` is not used: it replaces a symlink that is written through, forgets the executable bit when
 * a file is overwritten, and reads a whole file to answer `stat`. Here a file that was only listed, moved or copied is never read.
 */
import { Buffer } from "node:buffer";
import type { IFileSystem } from "just-bash/browser";
import { githubApiLimits, workspaceLimits } from "#core/limits";
import { type FileChange, type FileVersion, fileMode, isSameVersion } from "#workspace/change";
import { WorkspaceError } from "#workspace/error";
import {
  bytesOf,
  type Content,
  type DirectoryNode,
  type FileNode,
  type FsStat,
  type HeldContent,
  held,
  heldLength,
  type Node,
  newIdentity,
  type SymlinkNode,
  shared,
  statOf,
  versionOf,
} from "#workspace/overlay-node";
import { absolutePath, isFilePath, normalSegments } from "#workspace/path";
import type { Workspace } from "#workspace/store";

type FileContent = Parameters<IFileSystem["writeFile"]>[1];
type WriteOptions = Parameters<IFileSystem["writeFile"]>[2];
type ReadOptions = Parameters<IFileSystem["readFile"]>[1];

/** Brings contents that the workspace only knows by name. Throws `WorkspaceError` "unread" when it cannot. */
export type BringContents = (versions: readonly FileVersion[]) => Promise<void>;

export class Overlay implements IFileSystem {
  readonly #workspace: Workspace;
  readonly #bringContents: BringContents;
  readonly #cwd: string;
  readonly #now: () => number;
  readonly #root: DirectoryNode;
  /** What the workspace held when the command began: the base of its changes. */
  readonly #base = new Map<string, FileVersion>();
  readonly #baseDirectories: Set<string>;
  #heldBytes = 0;
  #entries = 0;
  #entriesMax = Number.POSITIVE_INFINITY;
  #refusal: string | null = null;
  /** Contents that were asked of the repository, by their ids. */
  readonly #asked = new Set<string>();
  readonly #unread = new Map<string, string>();
  #operations = 0;
  #isClosed = false;

  /**
   * `now` gives Unix milliseconds. `cwd` is absolute and not "/", because everything below it belongs to the workspace. Without `bring` all
   * contents have to be here.
   */
  constructor({ workspace, cwd, now, bring = nothingToBring }: OverlayOptions) {
    if (normalSegments(cwd).length === 0) throw new Error("a workspace cannot be mounted at /");
    this.#workspace = workspace;
    this.#bringContents = bring;
    this.#cwd = cwd;
    this.#now = now;
    this.#root = this.#newDirectory();
    for (const path of ["/tmp", "/home/user", cwd]) this.mkdirSync(path, { recursive: true });
    this.#baseDirectories = new Set(workspace.directories());
    for (const path of this.#baseDirectories) this.mkdirSync(absolutePath(cwd, path), { recursive: true });
    for (const { path, mode, size, hash, modifiedAtMs } of workspace.files()) {
      this.#base.set(path, { mode, size, hash });
      const { directory, name } = this.#makeParents(absolutePath(cwd, path));
      const modifiedAt = new Date(modifiedAtMs);
      const node: FileNode | SymlinkNode =
        mode === fileMode.symlink
          ? { ...this.#newSymlink(new TextDecoder().decode(workspace.readBlob(hash))), modifiedAt }
          : { ...this.#newFile({ type: "stored", hash, size }), permissions: mode & 0o777, modifiedAt };
      this.#attach(directory, name, node);
    }
    this.#entriesMax = this.#entries + workspaceLimits.overlayEntriesMax;
  }

  /**
   * The bound that a write ran into, if one did. Not every command of just-bash fails when a write does: its exit code does not
   * say that a file is only half there, so nothing of such a run should be kept.
   */
  get refusal(): string | null {
    return this.#refusal;
  }

  /** Files that the command wanted to read and could not, by their absolute paths, each with the reason. */
  get unread(): ReadonlyMap<string, string> {
    return this.#unread;
  }

  /**
   * What the command changed below `cwd`, with the new contents put into the workspace's blobs (which touches no file), and in
   * words what could not be kept. Throws `WorkspaceError` "tooLarge" for a file over the workspace's bound.
   */
  changes(): { changes: FileChange[]; notes: string[] } {
    const root = this.#lookup(this.#cwd, { followLast: false });
    const found = new Map<string, FileNode | SymlinkNode>();
    const emptyDirectories: string[] = [];
    if (root?.type === "directory") collect(root, "", found, emptyDirectories);
    const changes: FileChange[] = [];
    const unkept: string[] = [];
    for (const [path, node] of found) {
      const before = this.#base.get(path) ?? null;
      const after = versionOf(node);
      if (isSameVersion(before, after)) continue;
      if (!isFilePath(path)) {
        unkept.push(path);
        continue;
      }
      if (node.type === "symlink") this.#workspace.putBlob(new TextEncoder().encode(node.target));
      else if (node.content.type === "held") this.#workspace.putBlob(bytesOf(node.content));
      changes.push({ path, before, after });
    }
    for (const [path, before] of this.#base) if (!found.has(path)) changes.push({ path, before, after: null });
    const newlyEmpty = emptyDirectories.filter((path) => !this.#baseDirectories.has(path));
    return {
      changes: changes.sort((one, other) => (one.path < other.path ? -1 : 1)),
      notes: [
        ...noteOf("Empty directories are not kept, as in git", newlyEmpty),
        ...noteOf("These paths cannot be in a workspace and are not kept", unkept),
      ],
    };
  }

  /** From now on every call fails: a command that was given up on finds nothing left to work with. */
  close(): void {
    this.#isClosed = true;
  }

  async readFile(path: string, options?: ReadOptions): Promise<string> {
    return Buffer.from(await this.readFileBuffer(path)).toString(encodingOf(options));
  }

  async readFileBuffer(path: string): Promise<Uint8Array> {
    await this.#breathe();
    const node = this.#existing(path, "open");
    if (node.type === "directory") throw failure("EISDIR", "illegal operation on a directory, read", path);
    if (node.type === "symlink") return new Uint8Array();
    await this.#bring(node, path);
    return this.#read(node);
  }

  async writeFile(path: string, content: FileContent, options?: WriteOptions): Promise<void> {
    await this.#breathe();
    this.writeFileSync(path, content, options);
  }

  /** Replaces what a file holds and keeps its mode. Missing directories are made, as by all of just-bash's file systems. */
  writeFileSync(path: string, content: FileContent, options?: WriteOptions): void {
    this.#write(path, encoded(content, options), { append: false });
  }

  async appendFile(path: string, content: FileContent, options?: WriteOptions): Promise<void> {
    await this.#breathe();
    const existing = this.#lookup(path);
    if (existing?.type === "file") await this.#bring(existing, path);
    this.#write(path, encoded(content, options), { append: true });
  }

  async exists(path: string): Promise<boolean> {
    await this.#breathe();
    try {
      return this.#lookup(path) !== null;
    } catch {
      // Expected: a circle of symlinks, or a path through a file; neither exists.
      return false;
    }
  }

  async stat(path: string): Promise<FsStat> {
    await this.#breathe();
    return statOf(this.#existing(path, "stat"));
  }

  async lstat(path: string): Promise<FsStat> {
    await this.#breathe();
    return statOf(this.#existing(path, "lstat", { followLast: false }));
  }

  async mkdir(path: string, options?: { recursive?: boolean }): Promise<void> {
    await this.#breathe();
    this.mkdirSync(path, options);
  }

  mkdirSync(path: string, { recursive = false }: { recursive?: boolean } = {}): void {
    const existing = this.#lookup(path);
    if (existing?.type === "directory" && recursive) return;
    if (existing !== null) throw failure("EEXIST", "file already exists, mkdir", path);
    if (!recursive && this.#lookup(parentOf(path)) === null) throw failure("ENOENT", "no such file or directory, mkdir", path);
    const { directory, name } = this.#makeParents(path);
    this.#attach(directory, name, this.#newDirectory());
  }

  async readdir(path: string): Promise<string[]> {
    return (await this.readdirWithFileTypes(path)).map((entry) => entry.name);
  }

  async readdirWithFileTypes(path: string): ReturnType<NonNullable<IFileSystem["readdirWithFileTypes"]>> {
    await this.#breathe();
    const node = this.#existing(path, "scandir");
    if (node.type !== "directory") throw failure("ENOTDIR", "not a directory, scandir", path);
    return [...node.children]
      .map(([name, child]) => ({
        name,
        isFile: child.type === "file",
        isDirectory: child.type === "directory",
        isSymbolicLink: child.type === "symlink",
      }))
      .sort((one, other) => (one.name < other.name ? -1 : one.name > other.name ? 1 : 0));
  }

  async rm(path: string, { recursive = false, force = false }: { recursive?: boolean; force?: boolean } = {}): Promise<void> {
    await this.#breathe();
    const place = this.#place(path, { followLast: false });
    const node = place.directory?.children.get(place.name);
    if (place.directory === null || node === undefined) {
      if (force) return;
      throw failure("ENOENT", "no such file or directory, rm", path);
    }
    if (node.type === "directory" && node.children.size > 0 && !recursive) {
      throw failure("ENOTEMPTY", "directory not empty, rm", path);
    }
    this.#detach(place.directory, place.name);
  }

  /** Recursively, symlinks stay symlinks; else they are followed, as `cp` does. */
  async cp(source: string, target: string, { recursive = false }: { recursive?: boolean } = {}): Promise<void> {
    await this.#breathe();
    const node = this.#existing(source, "cp", { followLast: !recursive });
    if (node.type === "directory") {
      if (!recursive) throw failure("EISDIR", "is a directory, cp", source);
      if (this.#isWithin(target, node)) throw failure("EINVAL", "cannot copy a directory into itself, cp", source);
      this.mkdirSync(target, { recursive: true });
      for (const name of node.children.keys()) await this.cp(joined(source, name), joined(target, name), { recursive });
      return;
    }
    const existing = this.#lookup(target, { followLast: node.type === "file" });
    if (existing?.type === "directory") throw failure("EISDIR", "illegal operation on a directory, cp", target);
    if (existing === node) return;
    if (existing?.type === "file" && node.type === "file") {
      this.#setContent(existing, shared(node.content));
      return;
    }
    const { directory, name } = this.#makeParents(target, { followLast: node.type === "file" });
    if (existing !== null) this.#detach(directory, name);
    const copy =
      node.type === "file"
        ? { ...this.#newFile(shared(node.content)), permissions: node.permissions }
        : this.#newSymlink(node.target);
    this.#attach(directory, name, copy);
  }

  /** Like rename(2): what is at the target goes, unless it is a directory with something in it; the file stays the same one. */
  async mv(source: string, target: string): Promise<void> {
    await this.#breathe();
    const from = this.#place(source, { followLast: false });
    const node = from.directory?.children.get(from.name);
    if (from.directory === null || node === undefined) throw failure("ENOENT", "no such file or directory, mv", source);
    const existing = this.#lookup(target, { followLast: false });
    if (existing === node) return;
    if (node.type === "directory" && this.#isWithin(target, node)) {
      throw failure("EINVAL", "cannot move a directory into itself, mv", source);
    }
    if (existing?.type === "directory") {
      if (node.type !== "directory") throw failure("EISDIR", "illegal operation on a directory, mv", target);
      if (existing.children.size > 0) throw failure("ENOTEMPTY", "directory not empty, mv", target);
    } else if (existing !== null && node.type === "directory") {
      throw failure("ENOTDIR", "not a directory, mv", target);
    }
    const { directory, name } = this.#makeParents(target, { followLast: false });
    if (existing !== null) this.#detach(directory, name);
    from.directory.children.delete(from.name);
    directory.children.set(name, node);
  }

  resolvePath(base: string, path: string): string {
    return `/${normalSegments(path.startsWith("/") ? path : `${base}/${path}`).join("/")}`;
  }

  getAllPaths(): string[] {
    const paths = ["/"];
    const visit = (directory: DirectoryNode, prefix: string) => {
      for (const [name, node] of directory.children) {
        paths.push(`${prefix}/${name}`);
        if (node.type === "directory") visit(node, `${prefix}/${name}`);
      }
    };
    visit(this.#root, "");
    return paths;
  }

  async chmod(path: string, mode: number): Promise<void> {
    await this.#breathe();
    this.#existing(path, "chmod").permissions = mode & 0o7777;
  }

  async symlink(target: string, path: string): Promise<void> {
    await this.#breathe();
    this.#addNew(path, this.#newSymlink(target), "symlink");
  }

  /** A copy with the same identity: a workspace, like git, has no second name for a file. */
  async link(existingPath: string, newPath: string): Promise<void> {
    await this.#breathe();
    const node = this.#existing(existingPath, "link", { followLast: false });
    if (node.type !== "file") throw failure("EPERM", "operation not permitted, link", existingPath);
    this.#addNew(newPath, { ...node, content: shared(node.content) }, "link");
  }

  async readlink(path: string): Promise<string> {
    await this.#breathe();
    const node = this.#existing(path, "readlink", { followLast: false });
    if (node.type !== "symlink") throw failure("EINVAL", "invalid argument, readlink", path);
    return node.target;
  }

  async realpath(path: string): Promise<string> {
    await this.#breathe();
    this.#existing(path, "realpath");
    return this.#place(path).path;
  }

  async utimes(path: string, _accessedAt: Date, modifiedAt: Date): Promise<void> {
    await this.#breathe();
    this.#existing(path, "utimes").modifiedAt = modifiedAt;
  }

  /**
   * Lets timers and messages through now and then: a shell that never waits for anything would run to its end in one piece, and
   * neither its timeout nor an interrupt could reach it.
   */
  async #breathe(): Promise<void> {
    if (this.#isClosed) throw new Error("EIO: the shell has ended");
    this.#operations += 1;
    if (this.#operations % operationsPerBreath !== 0) return;
    await new Promise((resolve) => setTimeout(resolve, 0));
    if (this.#isClosed) throw new Error("EIO: the shell has ended");
  }

  /** Before a read: what only the repository has is brought, of one command no more than its bound. */
  async #bring(node: FileNode, path: string): Promise<void> {
    const { content } = node;
    if (content.type === "held" || this.#workspace.hasBlob(content.hash)) return;
    try {
      const filesMax = githubApiLimits.readsPerCommandMax;
      if (!this.#asked.has(content.hash) && this.#asked.size >= filesMax) {
        throw new WorkspaceError("unread", `one command reads at most ${filesMax} files that are not in the workspace yet`);
      }
      this.#asked.add(content.hash);
      await this.#bringContents([{ mode: fileMode.plain, hash: content.hash, size: content.size }]);
    } catch (error) {
      if (!(error instanceof WorkspaceError)) throw error;
      this.#unread.set(path, error.message);
      throw failure("EIO", error.message, path);
    }
    if (this.#isClosed) throw new Error("EIO: the shell has ended");
    // Somebody else of the same command may have written to it meanwhile.
    return this.#bring(node, path);
  }

  #write(path: string, bytes: Uint8Array, { append }: { append: boolean }): void {
    if (path === "/dev/null") return;
    const existing = this.#lookup(path);
    if (existing?.type === "directory") throw failure("EISDIR", "illegal operation on a directory, open", path);
    if (existing?.type === "file") {
      this.#setContent(existing, append ? this.#appended(existing, bytes) : held(bytes));
      return;
    }
    const { directory, name } = this.#makeParents(path);
    this.#attach(directory, name, this.#newFile(held(bytes)));
  }

  /** In place, with room to grow, so that a loop that appends costs what it appends; nobody else reads beyond a file's length. */
  #appended(node: FileNode, bytes: Uint8Array): HeldContent {
    const content = node.content;
    const length = (content.type === "held" ? content.length : content.size) + bytes.length;
    this.#assertFileFits(length);
    if (content.type === "held" && content.buffer.length >= length) {
      content.buffer.set(bytes, content.length);
      return { ...content, length };
    }
    const buffer = new Uint8Array(Math.min(2 * length, workspaceLimits.fileBytesMax));
    const old = this.#read(node);
    buffer.set(old);
    buffer.set(bytes, old.length);
    return { type: "held", buffer, length };
  }

  #setContent(node: FileNode, content: Content): void {
    if (content.type === "held") this.#assertFileFits(content.length);
    this.#hold(heldLength(content) - heldLength(node.content));
    node.content = content;
    node.modifiedAt = new Date(this.#now());
  }

  #read(node: FileNode): Uint8Array {
    return node.content.type === "held" ? bytesOf(node.content) : this.#workspace.readBlob(node.content.hash);
  }

  #assertFileFits(length: number): void {
    if (length > workspaceLimits.fileBytesMax)
      this.#refuse(`EFBIG: file too large (${workspaceLimits.fileBytesMax} bytes at most)`);
  }

  #hold(bytes: number): void {
    if (bytes > 0 && this.#heldBytes + bytes > workspaceLimits.overlayBytesMax) {
      this.#refuse(`ENOSPC: no space left on device (${workspaceLimits.overlayBytesMax} bytes of changed files at most)`);
    }
    this.#heldBytes += bytes;
  }

  #refuse(message: string): never {
    this.#refusal = message;
    throw new Error(message);
  }

  #addNew(path: string, node: FileNode | SymlinkNode, call: string): void {
    if (this.#lookup(path, { followLast: false }) !== null) throw failure("EEXIST", `file already exists, ${call}`, path);
    const { directory, name } = this.#makeParents(path, { followLast: false });
    this.#attach(directory, name, node);
  }

  #attach(directory: DirectoryNode, name: string, node: Node): void {
    if (this.#entries >= this.#entriesMax) {
      this.#refuse(`ENOSPC: no space left on device (${workspaceLimits.overlayEntriesMax} new files and directories at most)`);
    }
    if (node.type === "file" && node.content.type === "held") this.#assertFileFits(node.content.length);
    this.#hold(node.type === "file" ? heldLength(node.content) : 0);
    this.#entries += 1;
    directory.children.set(name, node);
    directory.modifiedAt = new Date(this.#now());
  }

  #detach(directory: DirectoryNode, name: string): void {
    const release = (node: Node) => {
      this.#entries -= 1;
      if (node.type === "file") this.#hold(-heldLength(node.content));
      if (node.type === "directory") for (const child of node.children.values()) release(child);
    };
    const node = directory.children.get(name);
    if (node === undefined) return;
    release(node);
    directory.children.delete(name);
    directory.modifiedAt = new Date(this.#now());
  }

  #lookup(path: string, options: { followLast?: boolean } = {}): Node | null {
    if (normalSegments(path).length === 0) return this.#root;
    const { directory, name } = this.#place(path, options);
    if (name === "") return this.#root;
    return directory?.children.get(name) ?? null;
  }

  #existing(path: string, call: string, options: { followLast?: boolean } = {}): Node {
    const node = this.#lookup(path, options);
    if (node === null) throw failure("ENOENT", `no such file or directory, ${call}`, path);
    return node;
  }

  /** Whether `path` is, or would be made, in `node` or below it. */
  #isWithin(path: string, node: DirectoryNode): boolean {
    let current: DirectoryNode = this.#root;
    for (const segment of normalSegments(this.#place(path).path)) {
      const child = current.children.get(segment);
      if (child === node) return true;
      if (child?.type !== "directory") return false;
      current = child;
    }
    return false;
  }

  /** The directory a path ends in, made if it is missing, and the name there. */
  #makeParents(path: string, options: { followLast?: boolean } = {}): { directory: DirectoryNode; name: string } {
    const place = this.#place(path, options);
    if (place.directory !== null) return { directory: place.directory, name: place.name };
    const segments = normalSegments(place.path);
    let current: DirectoryNode = this.#root;
    for (const segment of segments.slice(0, -1)) {
      let child = current.children.get(segment);
      if (child === undefined) {
        child = this.#newDirectory();
        this.#attach(current, segment, child);
      }
      if (child.type !== "directory") throw failure("ENOTDIR", "not a directory", path);
      current = child;
    }
    return { directory: current, name: segments.at(-1) ?? "" };
  }

  /**
   * Where a path leads after following symlinks: the directory it ends in (null when that is missing), the name there, and the path
   * without symlinks. Throws ENOTDIR when it leads through a file, and ELOOP.
   */
  #place(path: string, { followLast = true }: { followLast?: boolean } = {}): Place {
    if (path.includes("\0")) throw failure("ENOENT", "path contains a null byte", path.replaceAll("\0", "\\0"));
    let rest = normalSegments(path);
    let done: string[] = [];
    let current: DirectoryNode | null = this.#root;
    let followed = 0;
    for (let segment = rest.shift(); segment !== undefined; segment = rest.shift()) {
      const child: Node | undefined = current?.children.get(segment);
      const isLast = rest.length === 0;
      if (child?.type === "symlink" && (!isLast || followLast)) {
        followed += 1;
        if (followed > symlinksFollowedMax) throw failure("ELOOP", "too many levels of symbolic links", path);
        const from = child.target.startsWith("/") ? child.target : `/${done.join("/")}/${child.target}`;
        rest = [...normalSegments(from), ...rest];
        done = [];
        current = this.#root;
        continue;
      }
      done.push(segment);
      if (isLast) return { directory: current, name: segment, path: `/${done.join("/")}` };
      if (child?.type === "file") throw failure("ENOTDIR", "not a directory", path);
      current = child?.type === "directory" ? child : null;
    }
    return { directory: this.#root, name: "", path: "/" };
  }

  #newFile(content: Content): FileNode {
    return { type: "file", identity: newIdentity(), permissions: 0o644, modifiedAt: new Date(this.#now()), content };
  }

  #newDirectory(): DirectoryNode {
    return {
      type: "directory",
      identity: newIdentity(),
      permissions: 0o755,
      modifiedAt: new Date(this.#now()),
      children: new Map(),
    };
  }

  #newSymlink(target: string): SymlinkNode {
    return { type: "symlink", identity: newIdentity(), permissions: 0o777, modifiedAt: new Date(this.#now()), target };
  }
}

interface OverlayOptions {
  workspace: Workspace;
  cwd: string;
  now: () => number;
  bring?: BringContents | undefined;
}

async function nothingToBring(): Promise<void> {}

interface Place {
  directory: DirectoryNode | null;
  name: string;
  path: string;
}

/** As in Linux; more is a circle. */
const symlinksFollowedMax = 40;

/** Calls between two breaths. 256: a breath costs about a millisecond, a call some microseconds. */
const operationsPerBreath = 256;

function collect(
  directory: DirectoryNode,
  prefix: string,
  found: Map<string, FileNode | SymlinkNode>,
  emptyDirectories: string[],
): void {
  if (directory.children.size === 0 && prefix !== "") emptyDirectories.push(prefix.slice(0, -1));
  for (const [name, node] of directory.children) {
    if (node.type === "directory") collect(node, `${prefix}${name}/`, found, emptyDirectories);
    else found.set(prefix + name, node);
  }
}

/** Paths that one note names. */
const notedPathsMax = 10;

function noteOf(text: string, paths: string[]): string[] {
  if (paths.length === 0) return [];
  const more = paths.length > notedPathsMax ? ` and ${paths.length - notedPathsMax} more` : "";
  return [`${text}: ${paths.slice(0, notedPathsMax).join(", ")}${more}`];
}

/** just-bash's commands recognise failures by these codes at the beginning of a message. */
function failure(code: string, what: string, path: string): Error {
  return new Error(`${code}: ${what} '${path}'`);
}

function parentOf(path: string): string {
  return `/${normalSegments(path).slice(0, -1).join("/")}`;
}

function joined(directory: string, name: string): string {
  return directory.endsWith("/") ? directory + name : `${directory}/${name}`;
}

function encodingOf(options: ReadOptions | WriteOptions): BufferEncoding {
  return (typeof options === "string" ? options : options?.encoding) ?? "utf8";
}

function encoded(content: FileContent, options: WriteOptions): Uint8Array {
  if (typeof content !== "string") return content;
  const encoding = encodingOf(options);
  // just-bash guesses from the first 8,192 characters whether a text is bytes; where it guessed wrong, characters would be cut off.
  const isText = (encoding === "binary" || encoding === "latin1") && /[\u0100-\uffff]/.test(content);
  return Buffer.from(content, isText ? "utf8" : encoding);
}
