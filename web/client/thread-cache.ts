/** Threads as this device had them last: shown at once, and caught up with by number. The log stays the truth. */
import type { Frame } from "#core/frame";
import type { Thread } from "#core/thread";
import { clientLimits } from "./limits.ts";
import type { ThreadHandle } from "./thread-handle.ts";
import type { TurnNotes } from "./turn-notes.ts";

/** A thread and what its turns said beside their items. */
export type CachedThread = Thread & { notes?: TurnNotes };

export interface ThreadCache {
  /** Null for what is not there, was written by another version, or cannot be read any more. */
  read(id: string): Promise<CachedThread | null>;
  /** Changes nothing where something newer is kept: another page may be further. */
  write(thread: CachedThread): Promise<void>;
  remove(id: string): Promise<void>;
}

/** Writes threads at rest: soon after a turn ended, and now and then while one runs. One write after the other, as they were asked for. */
export class CacheWriter {
  private readonly cache: ThreadCache;
  private readonly changed = new Map<string, ThreadHandle>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private dueAt = Number.POSITIVE_INFINITY;
  private work: Promise<void> = Promise.resolve();

  constructor(cache: ThreadCache) {
    this.cache = cache;
  }

  /** Null also when the storage does not answer: browsers let a page wait for ever now and then. */
  read(id: string): Promise<CachedThread | null> {
    const { promise, resolve } = Promise.withResolvers<CachedThread | null>();
    const timer = setTimeout(() => resolve(null), clientLimits.cacheReadMsMax);
    // What cannot be read is as good as not there.
    this.cache.read(id).then(resolve, () => resolve(null));
    return promise.finally(() => clearTimeout(timer));
  }

  folded(thread: ThreadHandle, frame: Frame): void {
    if (thread.state?.info.ephemeral || thread.state?.deleted) return;
    this.changed.set(thread.id, thread);
    this.writeIn(frame.method === "turn/completed" ? clientLimits.cacheRestMs : clientLimits.cacheWriteMs);
  }

  remove(id: string): void {
    this.changed.delete(id);
    this.queue(() => this.cache.remove(id));
  }

  /** Everything that changed, now. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.dueAt = Number.POSITIVE_INFINITY;
    for (const { state, notes } of this.changed.values()) if (state) this.queue(() => this.cache.write({ ...state, notes }));
    this.changed.clear();
    return this.work;
  }

  private writeIn(durationMs: number): void {
    const at = performance.now() + durationMs;
    if (at >= this.dueAt) return;
    clearTimeout(this.timer);
    this.dueAt = at;
    this.timer = setTimeout(() => void this.flush(), durationMs);
  }

  private queue(work: () => Promise<void>): void {
    // A full disk costs nothing but time: the server has it all.
    this.work = this.work.then(work).catch(() => {});
  }
}
