/** Tells connections what changed where they watch. What is owed is in the storage, so it outlives this object's memory. */
import { limits } from "#core/limits";
import { notice } from "#protocol/connection-notifications";
import { Refusal, refusals } from "#protocol/errors";
import type { Params, Result } from "#protocol/methods";
import type { Host } from "#thread/host";
import { absolutePath, relativePath } from "#workspace/path";
import { type Watch, Watches } from "#workspace/watches";

export class FileWatch {
  private readonly host: Host;
  private readonly watches: Watches;
  private readonly cwd: () => string;
  private readonly onFailure: () => void;
  private isTelling = false;
  private failures = 0;
  private retryAtMs: number | null = null;

  /** `onFailure` sees to it that somebody pumps again at `dueAtMs`. */
  constructor(host: Host, cwd: () => string, onFailure: () => void) {
    this.host = host;
    this.cwd = cwd;
    this.watches = new Watches(host.sql);
    this.onFailure = onFailure;
  }

  add({ path, watchId }: Params<"fs/watch">, connection: string): Result<"fs/watch"> {
    if (this.watches.count >= limits.watchesMax) {
      throw new Refusal(refusals.invalidRequestText(`${limits.watchesMax} watches are on this workspace already`));
    }
    const place = relativePath(this.cwd(), path);
    this.host.transaction(() => this.watches.add({ watcher: connection, watchId }, place));
    return { path: absolutePath(this.cwd(), place) };
  }

  /** Without `watchId` all of the connection's. */
  remove(connection: string, watchId?: string): void {
    const watch = watchId === undefined ? { watcher: connection } : { watcher: connection, watchId };
    this.host.transaction(() => this.watches.remove(watch));
  }

  /** When the alarm should try again; null when nothing failed. */
  dueAtMs(): number | null {
    return this.retryAtMs;
  }

  /** To be called after every change. Never awaited: one telling is under way at a time, and the next takes all that came meanwhile. */
  pump(): void {
    if (this.isTelling || this.watches.count === 0) return;
    this.isTelling = true;
    void this.tellAll()
      // The thread was forgotten while somebody was told, and its tables with it.
      .catch((error) => this.host.report("watchFailed", { error: String(error) }))
      .finally(() => {
        this.isTelling = false;
      });
  }

  private async tellAll(): Promise<void> {
    this.retryAtMs = null;
    for (let due = this.watches.due(); due.length > 0; due = this.watches.due()) {
      for (const watch of due) {
        if (!(await this.tell(watch))) return;
      }
    }
  }

  private async tell(watch: Watch): Promise<boolean> {
    const { host, watches } = this;
    const changes = watches.changes(watch, limits.changedPathsMax);
    // The watch ended while another was told.
    if (changes.length === 0) return true;
    const { watcher, watchId } = watch;
    const cwd = this.cwd();
    const changedPaths = changes.map(({ path }) => absolutePath(cwd, path));
    try {
      const about = { threadId: host.threadId, watchId };
      const told = notice("fs/changed", { watchId, changedPaths }, host.now());
      if (await host.tell(watcher, { ...told, about })) host.transaction(() => watches.settle(watch, changes));
      else this.remove(watcher);
      this.failures = 0;
      return true;
    } catch (error) {
      // The connection's object could not be reached, say because it is being moved: it is told later.
      host.report("watchFailed", { watcher, error: String(error) });
      this.retryAtMs = host.now() + Math.min(limits.deliveryPauseMs * 2 ** this.failures, limits.deliveryPauseMsMax);
      this.failures += 1;
      this.onFailure();
      return false;
    }
  }
}
