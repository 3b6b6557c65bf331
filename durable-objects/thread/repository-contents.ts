/**
 * Contents that the workspace knows by name only, fetched from its repository when somebody reads them. A content belongs to no file and no
 * log: that it is here changes nothing that anybody sees, so that it may come at any moment, twice, or after a crash once more.
 */
import { githubApiLimits } from "#core/limits";
import type { FileChange, FileVersion } from "#core/private";
import type { Sql } from "#core/sql";
import type { Host } from "#thread/host";
import { WorkspaceError } from "#workspace/error";
import type { Workspace } from "#workspace/store";

/** What was fetched in the turn that is open, or since the last one: one row. */
export function createRepositoryContentsSchema(sql: Sql): void {
  sql.exec(`CREATE TABLE IF NOT EXISTS contents_fetched (
    id INTEGER PRIMARY KEY CHECK (id = 0), turn_id TEXT NOT NULL, files INTEGER NOT NULL, bytes INTEGER NOT NULL
  ) STRICT`);
}

type Fetched = { files: number; bytes: number };
type Wanted = { size: number; fetched: PromiseWithResolvers<void> };

export class RepositoryContents {
  private readonly host: Host;
  private readonly workspace: Workspace;
  private readonly turnId: () => string;
  /** By their ids, in the order in which they were asked for. What is asked for at the same time travels together. */
  private readonly wanted = new Map<string, Wanted>();
  private isFetching = false;

  /** `turnId` says whose reads are counted together. */
  constructor(host: Host, workspace: Workspace, turnId: () => string) {
    this.host = host;
    this.workspace = workspace;
    this.turnId = turnId;
  }

  areHere(...versions: (FileVersion | null)[]): boolean {
    return versions.every((version) => version === null || this.workspace.hasBlob(version.hash));
  }

  /** Returns when all of them are here. Throws `WorkspaceError` "unread" when the turn has fetched enough, or the repository does not give one. */
  async bring(versions: readonly FileVersion[]): Promise<void> {
    await Promise.all(versions.filter((version) => !this.areHere(version)).map((version) => this.fetch(version)));
  }

  /** Both sides of changes, for whoever shows them. */
  async bringSides(changes: readonly FileChange[]): Promise<void> {
    await this.bring(changes.flatMap(({ before, after }) => [before, after]).filter((side) => side !== null));
  }

  private fetch({ hash, size }: FileVersion): Promise<void> {
    const known = this.wanted.get(hash);
    if (known) return known.fetched.promise;
    const fetched = Promise.withResolvers<void>();
    this.wanted.set(hash, { size, fetched });
    if (!this.isFetching) void this.fetchAll();
    return fetched.promise;
  }

  /** Page by page, until nothing is wanted. Never throws: each who waits is told. */
  private async fetchAll(): Promise<void> {
    this.isFetching = true;
    // Whoever reads several files at once has asked for all of them by then.
    await Promise.resolve();
    while (this.wanted.size > 0) {
      let page = [...this.wanted.keys()];
      try {
        page = this.nextPage();
        if (page.length > 0) await this.fetchPage(page);
      } catch (error) {
        this.host.report("contentsNotRead", { files: page.length, error: String(error) });
        for (const hash of page) this.refuse(hash, "the repository could not be read; it may be later");
      }
    }
    this.isFetching = false;
  }

  /** As many as one answer may hold and the turn may still read; what it may not is refused. */
  private nextPage(): string[] {
    const { files, bytes } = this.fetchedSoFar();
    const { readsPerTurnMax, readBytesPerTurnMax, blobPageFilesMax } = githubApiLimits;
    const page: string[] = [];
    let pageBytes = 0;
    for (const [hash, { size }] of this.wanted) {
      if (page.length === blobPageFilesMax) break;
      if (files + page.length >= readsPerTurnMax || bytes + pageBytes + size > readBytesPerTurnMax) {
        const most = `${readsPerTurnMax} files or ${readBytesPerTurnMax} bytes`;
        this.refuse(hash, `a turn reads at most ${most} that were not in the workspace when it began`);
      } else {
        page.push(hash);
        pageBytes += size;
      }
    }
    return page;
  }

  private async fetchPage(page: string[]): Promise<void> {
    const repositoryId = this.workspace.repositoryId();
    if (repositoryId === null) throw new Error("no repository has them");
    const { blobs } = await this.host.readRepository(repositoryId, page);
    const asked = new Set(page);
    const come = blobs.filter(({ oid }) => asked.has(oid));
    if (come.length === 0) throw new Error("the repository gives no contents");
    this.host.transaction(() => {
      for (const { oid, bytes } of come) {
        if (this.workspace.putBlob(bytes) !== oid) throw new Error(`${oid} has another content`);
      }
      this.count({ files: come.length, bytes: come.reduce((sum, { bytes }) => sum + bytes.length, 0) });
    });
    for (const { oid } of come) {
      this.wanted.get(oid)?.fetched.resolve();
      this.wanted.delete(oid);
    }
  }

  private refuse(hash: string, reason: string): void {
    this.wanted.get(hash)?.fetched.reject(new WorkspaceError("unread", reason));
    this.wanted.delete(hash);
  }

  private fetchedSoFar(): Fetched {
    const [row] = this.host.sql
      .exec<Fetched>("SELECT files, bytes FROM contents_fetched WHERE turn_id = ?", this.turnId())
      .toArray();
    return row ?? { files: 0, bytes: 0 };
  }

  private count(more: Fetched): void {
    const { files, bytes } = this.fetchedSoFar();
    this.host.sql.exec(
      "INSERT OR REPLACE INTO contents_fetched (id, turn_id, files, bytes) VALUES (0, ?, ?, ?)",
      this.turnId(),
      files + more.files,
      bytes + more.bytes,
    );
  }
}
