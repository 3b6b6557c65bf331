/**
 * The durable file system of a thread, in the object's SQLite. It is synchronous, so that a file and the log row that tells of
 * it commit in one transaction; contents are addressed by git's blob id, so that a patch, a proposal and a file speak of the same thing.
 */

import { type WorkspaceLimits, workspaceLimits } from "#core/limits";
import type { Sql } from "#core/sql";
import { type BlobPart, blobParts, collectBlobs, hasBlob, putBlob, putBlobParts, readBlob } from "#workspace/blob";
import { type FileChange, type FileVersion, fileMode, isSameVersion } from "#workspace/change";
import { StaleError, WorkspaceError } from "#workspace/error";
import { ancestorPaths, assertFilePath, normalSegments, parentPath, rangeBelow } from "#workspace/path";

interface Times {
  createdAtMs: number;
  modifiedAtMs: number;
}

export type Entry =
  | ({ type: "file" | "symlink"; mode: number; size: number; hash: string } & Times)
  | ({ type: "directory"; mode: number; size: 0; hash: null } & Times);

export interface ListedEntry {
  name: string;
  type: Entry["type"];
}

/**
 * Every method is synchronous; those that write belong inside the caller's `transactionSync`, which also is what undoes a write that
 * failed halfway. All paths are relative to the root, which is "" and always there. Symlinks are followed like in Linux, as long
 * as they stay inside the workspace, by `read`, `write` and `list`, and in the middle of every path; else they stand for themselves.
 */
export class Workspace {
  readonly #sql: Sql;
  readonly #now: () => number;
  readonly #limits: WorkspaceLimits;

  /** Writes nothing; `createSchema` has to have run once on this database. */
  constructor({ sql, now, limits = {} }: { sql: Sql; now: () => number; limits?: Partial<WorkspaceLimits> }) {
    this.#sql = sql;
    this.#now = now;
    this.#limits = { ...workspaceLimits, ...limits };
  }

  /** Tables and triggers; harmless when they are there. */
  static createSchema(sql: Sql): void {
    sql.exec(schema);
  }

  /** What is at a path, a symlink itself and not what it leads to; null when nothing is. */
  entry(path: string): Entry | null {
    const place = this.#resolve(path);
    return place === null ? null : this.#entryAt(place);
  }

  /** The version of the file or symlink at exactly this path, following nothing; null when there is none. */
  version(path: string): FileVersion | null {
    const [row] = this.#sql.exec<FileRow>("SELECT path, mode, size, hash FROM files WHERE path = ?", path).toArray();
    return row === undefined ? null : { mode: row.mode, hash: row.hash, size: row.size };
  }

  /** Throws "notFound", "isDirectory" or "unread". */
  read(path: string): Uint8Array<ArrayBuffer> {
    const entry = this.#entryFollowed(path);
    if (entry === null) throw new WorkspaceError("notFound");
    if (entry.type === "directory") throw new WorkspaceError("isDirectory");
    return this.readBlob(entry.hash);
  }

  /** What `read` would read, symlinks followed; null where it would refuse. */
  readable(path: string): FileVersion | null {
    const entry = this.#entryFollowed(path);
    return entry === null || entry.type === "directory" ? null : { mode: entry.mode, hash: entry.hash, size: entry.size };
  }

  /**
   * Creates or replaces a file; the directories above it come of themselves. Without `mode` an existing file keeps its own.
   * Throws "isDirectory", "notDirectory" (a file is where a directory has to be), "tooLarge", "full" or "invalidPath".
   */
  write(path: string, bytes: Uint8Array, mode?: number): void {
    // Writing a symlink is a statement about the link; writing a file through a link is one about its target.
    const place = this.#resolve(path, { followLast: mode !== fileMode.symlink });
    if (place === null) throw new WorkspaceError("notFound");
    const existing = this.#entryAt(place);
    if (existing?.type === "directory") throw new WorkspaceError("isDirectory");
    if (bytes.length > this.#limits.fileBytesMax) throw new WorkspaceError("tooLarge");
    this.#assertCanHold(place);
    const totals = this.totals();
    this.#assertWithinBounds({
      files: totals.files + (existing === null ? 1 : 0),
      bytes: totals.bytes + bytes.length - (existing?.size ?? 0),
    });
    const kept = existing?.type === "file" ? existing.mode : fileMode.plain;
    this.#set(place, { mode: mode ?? kept, hash: putBlob(this.#sql, bytes), size: bytes.length });
  }

  /** Throws "alreadyExists", "notDirectory", or, unless `recursive`, "notFound" when the directory above is missing. */
  createDirectory(path: string, { recursive = false }: { recursive?: boolean } = {}): void {
    const place = this.#resolve(path, { followLast: true });
    if (place === null) throw new WorkspaceError("notFound");
    const existing = this.#entryAt(place);
    if (existing?.type === "directory" && recursive) return;
    if (existing !== null) throw new WorkspaceError("alreadyExists");
    this.#assertCanHold(place);
    if (!recursive && this.#entryAt(parentPath(place)) === null) throw new WorkspaceError("notFound");
    for (const directory of [...ancestorPaths(place), place]) this.#keepDirectory(directory);
  }

  /** Sorted by name. Throws "notFound" or "notDirectory". */
  list(path: string): ListedEntry[] {
    const entry = this.#entryFollowed(path);
    const place = this.#resolve(path, { followLast: true });
    if (entry === null || place === null) throw new WorkspaceError("notFound");
    if (entry.type !== "directory") throw new WorkspaceError("notDirectory");
    const types = new Map<string, Entry["type"]>();
    const start = place === "" ? 0 : place.length + 1;
    for (const row of this.#pathsBelow(place)) {
      const end = row.path.indexOf("/", start);
      if (end >= 0) types.set(row.path.slice(start, end), "directory");
      else types.set(row.path.slice(start), row.mode === null ? "directory" : typeOf(row.mode));
    }
    return [...types].map(([name, type]) => ({ name, type })).sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /**
   * Removes a file, a symlink itself, or a directory; of the root only what is in it. The directory above stays, as in Linux.
   * Throws "notFound" unless `force`, and "notEmpty" unless `recursive`.
   */
  remove(path: string, { recursive = false, force = false }: { recursive?: boolean; force?: boolean } = {}): void {
    const place = this.#resolve(path);
    const entry = place === null ? null : this.#entryAt(place);
    if (place === null || entry === null) {
      if (force) return;
      throw new WorkspaceError("notFound");
    }
    if (entry.type === "directory") {
      if (!recursive && this.#pathsBelow(place).length > 0) throw new WorkspaceError("notEmpty");
      const { low, high } = rangeBelow(place);
      this.#sql.exec("DELETE FROM files WHERE path > ? AND path < ?", low, high);
      this.#sql.exec("DELETE FROM directories WHERE path = ? OR (path > ? AND path < ?)", place, low, high);
    }
    this.#sql.exec("DELETE FROM files WHERE path = ?", place);
    if (parentPath(place) !== "") this.#keepDirectory(parentPath(place));
  }

  /**
   * Copies a file, a symlink as a symlink, or with `recursive` a directory; files already there are replaced. Contents are shared,
   * not copied. Throws "notFound", "isDirectory", "notDirectory", "full", or "invalidPath" for a directory into itself.
   */
  copy(from: string, to: string, { recursive = false }: { recursive?: boolean } = {}): void {
    const source = this.#resolve(from);
    const target = this.#resolve(to, { followLast: true });
    const entry = source === null ? null : this.#entryAt(source);
    if (source === null || target === null || entry === null) throw new WorkspaceError("notFound");
    if (entry.type === "directory") {
      if (!recursive) throw new WorkspaceError("isDirectory", "fs/copy requires recursive: true when sourcePath is a directory");
      if (target === source || source === "" || target.startsWith(`${source}/`)) {
        throw new WorkspaceError("invalidPath", "fs/copy cannot copy a directory to itself or one of its descendants");
      }
      this.createDirectory(target, { recursive: true });
      for (const row of this.#pathsBelow(source)) {
        const place = `${target}${target === "" ? "" : "/"}${row.path.slice(source.length + 1)}`;
        if (row.mode === null) this.createDirectory(place, { recursive: true });
        else this.#place(place, this.version(row.path) as FileVersion);
      }
    } else {
      this.#place(target, entry);
    }
    this.#assertWithinBounds();
  }

  /** The first of all paths in their order. */
  somePaths(max: number): string[] {
    const rows = this.#sql.exec<{ path: string }>("SELECT path FROM files ORDER BY path LIMIT ?", max);
    return rows.toArray().map(({ path }) => path);
  }

  /** Paths of the files of this name, at any depth. */
  filesNamed(name: string): string[] {
    const rows = this.#sql.exec<{ path: string }>(
      "SELECT path FROM files WHERE path = ?1 OR substr(path, -length(?1) - 1) = '/' || ?1 ORDER BY path",
      name,
    );
    return rows.toArray().map(({ path }) => path);
  }

  /** Every file and symlink, sorted by path (by code point, as SQLite compares). */
  files(): { path: string; mode: number; size: number; hash: string; modifiedAtMs: number }[] {
    return this.#sql
      .exec<FileRow & { modifiedAtMs: number }>(
        "SELECT path, mode, size, hash, modified_at AS modifiedAtMs FROM files ORDER BY path",
      )
      .toArray();
  }

  /** The directories that somebody made, sorted; those that are there only because of what lies in them are not named. */
  directories(): string[] {
    return this.#sql
      .exec<{ path: string }>("SELECT path FROM directories ORDER BY path")
      .toArray()
      .map((row) => row.path);
  }

  /** What changed since `takeChanges` was last asked, by whatever hand, one entry per path. */
  changes(): FileChange[] {
    return this.#sql
      .exec<{ path: string; mode: number | null; size: number | null; hash: string | null }>(
        "SELECT path, mode, size, hash FROM changed_files ORDER BY path",
      )
      .toArray()
      .map(({ path, mode, size, hash }) => ({
        path,
        before: mode === null || size === null || hash === null ? null : { mode, hash, size },
        after: this.version(path),
      }))
      .filter(({ before, after }) => !isSameVersion(before, after));
  }

  /** The same, and begins anew: whoever takes them keeps them, in the same transaction. */
  takeChanges(): FileChange[] {
    const changes = this.changes();
    this.#sql.exec("DELETE FROM changed_files");
    return changes;
  }

  /** Sets files of a tree that fits together; what they hold is here already, or can be had of the repository. */
  place(files: Iterable<{ path: string } & FileVersion>): void {
    for (const { path, ...version } of files) this.#set(path, version);
  }

  /** Stores a content without touching a file: what a proposal holds until it lands or is collected. */
  putBlob(bytes: Uint8Array): string {
    if (bytes.length > this.#limits.fileBytesMax) throw new WorkspaceError("tooLarge");
    return putBlob(this.#sql, bytes);
  }

  /** Throws "unread" for what only the workspace's repository has. */
  readBlob(hash: string): Uint8Array<ArrayBuffer> {
    if (!this.hasBlob(hash) && this.repositoryId() !== null) throw new WorkspaceError("unread");
    return readBlob(this.#sql, hash);
  }

  /** Whether the content is here, whatever files name it. */
  hasBlob(hash: string): boolean {
    return hasBlob(this.#sql, hash);
  }

  /**
   * The repository that has the contents which files name and which are not here; null where there is none, and then all of them are here.
   * Such files are in every list, diff and comparison what they are, for all of those go by the content's id.
   */
  repositoryId(): number | null {
    return this.#sql.exec<{ id: number }>("SELECT repository_id AS id FROM content_source").toArray()[0]?.id ?? null;
  }

  setRepositoryId(repositoryId: number): void {
    this.#sql.exec("INSERT OR REPLACE INTO content_source (id, repository_id) VALUES (0, ?)", repositoryId);
  }

  /** Parts of these contents behind `after`, by hash and part, as many as one message may carry and at least one. */
  blobParts(hashes: string[], after: { hash: string; part: number }, bytesMax: number): { parts: BlobPart[]; isLast: boolean } {
    return blobParts(this.#sql, hashes, after, bytesMax);
  }

  /** Puts parts that came from another workspace where they were there. Those that are here stay. */
  putBlobParts(parts: BlobPart[]): void {
    putBlobParts(this.#sql, parts);
  }

  /** Deletes contents that no file and none of `keep` (the hashes of open proposals and running commands) names. */
  collectBlobs(keep: Iterable<string>): void {
    collectBlobs(this.#sql, keep);
  }

  totals(): { files: number; bytes: number } {
    return this.#sql.exec<{ files: number; bytes: number }>("SELECT files, bytes FROM workspace_totals").one();
  }

  /**
   * Makes all of the changes or, by throwing before the first write, none. `StaleError` names every path whose version is
   * not the `before` of its change, or where a file now stands in the way; "full" says that they do not fit.
   */
  land(changes: FileChange[]): void {
    const stale = changes.filter((change) => !isSameVersion(this.version(change.path), change.before));
    if (stale.length > 0) throw new StaleError(stale.map((change) => change.path).sort());
    for (const change of changes) {
      assertFilePath(change.path);
      // Not the caller's failure but ours: a proposal's contents are kept until it is decided.
      if (change.after && !this.hasBlob(change.after.hash) && this.repositoryId() === null)
        throw new Error(`blob ${change.after.hash} is missing`);
    }
    this.#assertPathsFitTogether(changes);
    this.#assertRoomFor(changes);
    // Removals first, so that a directory can take the place of a file.
    for (const change of changes) if (change.after === null) this.#sql.exec("DELETE FROM files WHERE path = ?", change.path);
    for (const change of changes) if (change.after !== null) this.#set(change.path, change.after);
  }

  #assertPathsFitTogether(changes: FileChange[]): void {
    const gone = new Set(changes.filter((change) => change.after === null).map((change) => change.path));
    const added = changes.filter((change) => change.after !== null).map((change) => change.path);
    const coming = new Set(added);
    const blocked = added.filter(
      (path) =>
        ancestorPaths(path).some(
          (ancestor) => coming.has(ancestor) || (!gone.has(ancestor) && this.version(ancestor) !== null),
        ) || this.#pathsBelow(path).some((row) => row.mode !== null && !gone.has(row.path)),
    );
    if (blocked.length > 0) throw new StaleError(blocked.sort());
  }

  #assertRoomFor(changes: FileChange[]): void {
    const totals = this.totals();
    for (const { before, after } of changes) {
      totals.files += (after === null ? 0 : 1) - (before === null ? 0 : 1);
      totals.bytes += (after?.size ?? 0) - (before?.size ?? 0);
      if (after !== null && after.size > this.#limits.fileBytesMax) throw new WorkspaceError("tooLarge");
    }
    this.#assertWithinBounds(totals);
  }

  #assertWithinBounds(totals = this.totals()): void {
    if (totals.files > this.#limits.filesMax || totals.bytes > this.#limits.workspaceBytesMax) throw new WorkspaceError("full");
  }

  /** Throws unless a file or directory may stand at `place`: a valid path with nothing but directories above it. */
  #assertCanHold(place: string): void {
    assertFilePath(place);
    const above = this.#sql
      .exec("SELECT path FROM files WHERE path IN (SELECT value FROM json_each(?))", JSON.stringify(ancestorPaths(place)))
      .toArray();
    if (above.length > 0) throw new WorkspaceError("notDirectory");
  }

  #place(place: string, version: FileVersion): void {
    if (this.#entryAt(place)?.type === "directory") throw new WorkspaceError("isDirectory");
    this.#assertCanHold(place);
    this.#set(place, version);
  }

  #set(place: string, version: FileVersion): void {
    const { low, high } = rangeBelow(place);
    this.#sql.exec("DELETE FROM directories WHERE path = ? OR (path > ? AND path < ?)", place, low, high);
    this.#sql.exec(
      `INSERT INTO files (path, mode, size, hash, created_at, modified_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5)
       ON CONFLICT (path) DO UPDATE SET mode = ?2, size = ?3, hash = ?4, modified_at = ?5`,
      place,
      version.mode,
      version.size,
      version.hash,
      this.#now(),
    );
  }

  #keepDirectory(path: string): void {
    this.#sql.exec("INSERT OR IGNORE INTO directories (path, created_at) VALUES (?, ?)", path, this.#now());
  }

  #entryAt(path: string): Entry | null {
    const [file] = this.#sql
      .exec<FileRow & TimesRow>("SELECT path, mode, size, hash, created_at, modified_at FROM files WHERE path = ?", path)
      .toArray();
    if (file) return { type: typeOf(file.mode), mode: file.mode, size: file.size, hash: file.hash, ...timesOf(file) };
    // A directory is there when somebody made it, or when something lies below it; it is as old and as new as that.
    const { low, high } = rangeBelow(path);
    const times = this.#sql
      .exec<{ created_at: number | null; modified_at: number | null }>(
        `SELECT min(created_at) AS created_at, max(modified_at) AS modified_at FROM (
           SELECT created_at, modified_at FROM files WHERE path > ?1 AND path < ?2
           UNION ALL
           SELECT created_at, created_at FROM directories WHERE path = ?3 OR (path > ?1 AND path < ?2))`,
        low,
        high,
        path,
      )
      .one();
    if (times.created_at === null && path !== "") return null;
    const { createdAtMs, modifiedAtMs } = timesOf({ created_at: times.created_at ?? 0, modified_at: times.modified_at ?? 0 });
    return { type: "directory", mode: 0o040000, size: 0, hash: null, createdAtMs, modifiedAtMs };
  }

  #entryFollowed(path: string): Entry | null {
    const place = this.#resolve(path, { followLast: true });
    return place === null ? null : this.#entryAt(place);
  }

  /** Files (with their mode) and explicit directories (mode null) below a directory. */
  #pathsBelow(directory: string): { path: string; mode: number | null }[] {
    const { low, high } = rangeBelow(directory);
    return this.#sql
      .exec<{ path: string; mode: number | null }>(
        `SELECT path, mode FROM files WHERE path > ?1 AND path < ?2
         UNION ALL SELECT path, NULL FROM directories WHERE path > ?1 AND path < ?2`,
        low,
        high,
      )
      .toArray();
  }

  /** The path with symlinks replaced by where they lead; null when one leads out of the workspace or in a circle. */
  #resolve(path: string, { followLast = false }: { followLast?: boolean } = {}): string | null {
    let current = path;
    for (let followed = 0; followed <= symlinksFollowedMax; followed += 1) {
      const links = this.#sql
        .exec<FileRow>(
          "SELECT path, hash FROM files WHERE mode = ? AND path IN (SELECT value FROM json_each(?)) ORDER BY length(path) LIMIT 1",
          fileMode.symlink,
          JSON.stringify(followLast ? [...ancestorPaths(current), current] : ancestorPaths(current)),
        )
        .toArray();
      const [link] = links;
      if (link === undefined) return current;
      const target = new TextDecoder().decode(readBlob(this.#sql, link.hash));
      const next = followedPath(parentPath(link.path), target);
      if (next === null) return null;
      current = normalSegments(`${next}/${current.slice(link.path.length + 1)}`).join("/");
    }
    return null;
  }
}

/** As in Linux; more is a circle. */
const symlinksFollowedMax = 40;

/** Where a link in `directory` leads; null when that is not in the workspace (the store knows no absolute path). */
function followedPath(directory: string, target: string): string | null {
  if (target.startsWith("/")) return null;
  const segments = normalSegments(directory);
  for (const segment of target.split("/")) {
    if (segment === ".." && segments.pop() === undefined) return null;
    if (segment !== "" && segment !== "." && segment !== "..") segments.push(segment);
  }
  return segments.join("/");
}

function typeOf(mode: number): "file" | "symlink" {
  return mode === fileMode.symlink ? "symlink" : "file";
}

function timesOf(row: TimesRow): Times {
  return { createdAtMs: row.created_at, modifiedAtMs: row.modified_at };
}

type FileRow = { path: string; mode: number; size: number; hash: string };
type TimesRow = { created_at: number; modified_at: number };

/**
 * `blobs` holds contents in parts; `files` and `directories` are the tree (a directory without a row of its own is there while
 * something lies below it). The totals are kept by triggers, so that a bound costs one row and not a walk over the tree. So is what
 * changed since the log was last told: `changed_files` has each path's version before it, null where there was none.
 */
const schema = `
CREATE TABLE IF NOT EXISTS blobs (
  hash TEXT NOT NULL, part INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (hash, part)
) STRICT;
CREATE TABLE IF NOT EXISTS files (
  path TEXT PRIMARY KEY NOT NULL, mode INTEGER NOT NULL CHECK (mode IN (${fileMode.plain}, ${fileMode.executable}, ${fileMode.symlink})),
  size INTEGER NOT NULL, hash TEXT NOT NULL, created_at INTEGER NOT NULL, modified_at INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS directories (path TEXT PRIMARY KEY NOT NULL, created_at INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS workspace_totals (
  id INTEGER PRIMARY KEY CHECK (id = 0), files INTEGER NOT NULL, bytes INTEGER NOT NULL
) STRICT;
INSERT OR IGNORE INTO workspace_totals (id, files, bytes) VALUES (0, 0, 0);
CREATE TRIGGER IF NOT EXISTS files_inserted AFTER INSERT ON files BEGIN
  UPDATE workspace_totals SET files = files + 1, bytes = bytes + new.size;
END;
CREATE TRIGGER IF NOT EXISTS files_updated AFTER UPDATE OF size ON files BEGIN
  UPDATE workspace_totals SET bytes = bytes + new.size - old.size;
END;
CREATE TRIGGER IF NOT EXISTS files_deleted AFTER DELETE ON files BEGIN
  UPDATE workspace_totals SET files = files - 1, bytes = bytes - old.size;
END;
CREATE TABLE IF NOT EXISTS content_source (id INTEGER PRIMARY KEY CHECK (id = 0), repository_id INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS changed_files (path TEXT PRIMARY KEY NOT NULL, mode INTEGER, size INTEGER, hash TEXT) STRICT;
CREATE TRIGGER IF NOT EXISTS files_insert_noted AFTER INSERT ON files BEGIN
  INSERT INTO changed_files (path) SELECT new.path WHERE new.path NOT IN (SELECT path FROM changed_files);
END;
CREATE TRIGGER IF NOT EXISTS files_update_noted AFTER UPDATE OF mode, hash ON files BEGIN
  INSERT INTO changed_files (path, mode, size, hash) SELECT old.path, old.mode, old.size, old.hash
    WHERE old.path NOT IN (SELECT path FROM changed_files);
END;
CREATE TRIGGER IF NOT EXISTS files_delete_noted AFTER DELETE ON files BEGIN
  INSERT INTO changed_files (path, mode, size, hash) SELECT old.path, old.mode, old.size, old.hash
    WHERE old.path NOT IN (SELECT path FROM changed_files);
END;
`;
