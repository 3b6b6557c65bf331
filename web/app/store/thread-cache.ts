/**
 * Threads in IndexedDB. A thread is a head and chunks of JSON: its turns and items one after the other, so that a write costs what
 * changed. Head and chunks change in one transaction, and a page adds only to what it wrote or read itself.
 */
import { promisifyRequest, type UseStore } from "idb-keyval";
import type { ThreadCache } from "#client/thread-cache";
import type { Thread } from "#core/thread";
import type { ThreadItem } from "#protocol/item";
import type { Turn } from "#protocol/turn";
import { storageLimits } from "./limits.ts";

/** Under the thread's id; the chunks under `[id, 0]`, `[id, 1]` … */
interface Head {
  id: string;
  /** Of `reduce` and the protocol: what another one made is not read. */
  version: string;
  /** Another at every write. */
  stamp: string;
  seq: number;
  /** Of each chunk, in characters. */
  lengths: number[];
  /** Unix ms. */
  usedAt: number;
  /** The thread without its turns, as JSON. */
  rest: string;
}

/** A turn, without its items, or an item of the turn before it. */
type Entry = Turn | ThreadItem;

interface Known {
  stamp: string;
  entries: Entry[];
  lengths: number[];
}

export function createThreadCache(store: Promise<UseStore>, version: string): ThreadCache {
  return new StoredThreads(store, version);
}

class StoredThreads implements ThreadCache {
  private readonly store: Promise<UseStore>;
  private readonly version: string;
  /** What the last write or read of a thread left; newest last. */
  private readonly known = new Map<string, Known>();

  constructor(store: Promise<UseStore>, version: string) {
    this.store = store;
    this.version = version;
  }

  async read(id: string): Promise<Thread | null> {
    const use = await this.store;
    const stored = await use("readwrite", async (objects) => {
      const head: Head | undefined = await promisifyRequest(objects.get(id));
      if (!head) return null;
      objects.put({ ...head, usedAt: Date.now() }, id);
      const chunks: string[] = await promisifyRequest(objects.getAll(chunksOf(id)));
      return { head, chunks };
    });
    if (!stored) return null;
    const thread = this.parsed(stored.head, stored.chunks);
    if (!thread) await this.remove(id);
    return thread;
  }

  async write(thread: Thread): Promise<void> {
    const { id } = thread.info;
    const isDone = await this.writeFrom(thread, this.known.get(id) ?? null);
    // Another page wrote meanwhile, and is not further: its chunks are not the ones that this page knows.
    if (!isDone) await this.writeFrom(thread, null);
  }

  async remove(id: string): Promise<void> {
    this.known.delete(id);
    const use = await this.store;
    await use("readwrite", (objects) => {
      removeFrom(objects, id);
      return promisifyRequest(objects.transaction);
    });
  }

  /** False when what is stored is not what `known` says. */
  private async writeFrom(thread: Thread, known: Known | null): Promise<boolean> {
    const { id } = thread.info;
    const { turns, ...rest } = thread;
    const entries = turns.flatMap((turn): Entry[] => [turn, ...turn.items]);
    const chunks = await changedChunks(entries, known);
    const count = Math.ceil(entries.length / storageLimits.chunkEntries);
    const lengths = Array.from({ length: count }, (_, index) => chunks.get(index)?.length ?? known?.lengths[index] ?? 0);
    if (sum(lengths) > storageLimits.cachedThreadCharactersMax) {
      await this.remove(id);
      return true;
    }
    const { version } = this;
    const head: Head = {
      id,
      version,
      stamp: crypto.randomUUID(),
      seq: thread.seq,
      lengths,
      usedAt: Date.now(),
      rest: JSON.stringify(rest),
    };
    const use = await this.store;
    const outcome = await use("readwrite", async (objects) => {
      const stored: Head | undefined = await promisifyRequest(objects.get(id));
      if (stored?.version === version && stored.seq >= thread.seq) return "newer";
      if (known && stored?.stamp !== known.stamp) return "other";
      for (const [index, text] of chunks) objects.put(text, [id, index]);
      objects.delete(chunksOf(id, count));
      objects.put(head, id);
      await evict(objects);
      await promisifyRequest(objects.transaction);
      return "written";
    });
    if (outcome === "written") this.remember(id, { stamp: head.stamp, entries, lengths });
    return outcome !== "other";
  }

  /** Null for what another version wrote, and for what is broken. */
  private parsed(head: Head, chunks: string[]): Thread | null {
    if (head.version !== this.version || chunks.length !== head.lengths.length) return null;
    try {
      const turns: Turn[] = [];
      const entries: Entry[] = [];
      for (const entry of chunks.flatMap((text) => JSON.parse(text) as Entry[])) {
        if (!("type" in entry)) turns.push(entry);
        else turns.at(-1)?.items.push(entry);
        entries.push(entry);
      }
      this.remember(head.id, { stamp: head.stamp, entries, lengths: head.lengths });
      return { ...(JSON.parse(head.rest) as Omit<Thread, "turns">), turns };
    } catch {
      // Half written by a browser that died, or by somebody's hand.
      return null;
    }
  }

  private remember(id: string, known: Known): void {
    this.known.delete(id);
    this.known.set(id, known);
    const [oldest] = this.known.keys();
    if (this.known.size > storageLimits.rememberedThreadsMax && oldest !== undefined) this.known.delete(oldest);
  }
}

/** By place. What is the same object as before is the same: `reduce` never mutates. */
async function changedChunks(entries: Entry[], known: Known | null): Promise<Map<number, string>> {
  const chunks = new Map<number, string>();
  const { chunkEntries, chunksAtOnce } = storageLimits;
  for (let start = 0; start < entries.length; start += chunkEntries) {
    const chunk = entries.slice(start, start + chunkEntries);
    const length = known ? Math.min(chunkEntries, known.entries.length - start) : 0;
    if (length === chunk.length && chunk.every((entry, index) => entry === known?.entries[start + index])) continue;
    chunks.set(start / chunkEntries, JSON.stringify(chunk.map((entry) => ("type" in entry ? entry : { ...entry, items: [] }))));
    if (chunks.size % chunksAtOnce === 0) await new Promise((resolve) => setTimeout(resolve));
  }
  return chunks;
}

/** Those that were not used for the longest time go. */
async function evict(objects: IDBObjectStore): Promise<void> {
  const heads: Head[] = await promisifyRequest(objects.getAll(IDBKeyRange.bound("", [], false, true)));
  let characters = 0;
  for (const [index, { id, lengths }] of heads.toSorted((one, other) => other.usedAt - one.usedAt).entries()) {
    characters += sum(lengths);
    if (index >= storageLimits.cachedThreadsMax || characters > storageLimits.cachedCharactersMax) removeFrom(objects, id);
  }
}

function removeFrom(objects: IDBObjectStore, id: string): void {
  objects.delete(id);
  objects.delete(chunksOf(id));
}

function chunksOf(id: string, from = 0): IDBKeyRange {
  return IDBKeyRange.bound([id, from], [id, []]);
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
