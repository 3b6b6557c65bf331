/** The account's threads, newest first, read anew after whatever may change them and when the page is looked at again. */

import { type ReadonlySignal, signal } from "@preact/signals";
import type { Client } from "#client/client";
import type { ThreadReadState } from "#protocol/read-state-methods";
import type { ThreadStatus, WireThread } from "#protocol/thread";
import { spelled } from "../diff/visible-text.ts";
import { storageLimits } from "./limits.ts";

export interface ThreadList {
  entries: ReadonlySignal<WireThread[]>;
  /** By thread; what nobody has read yet. */
  readStates: ReadonlySignal<Record<string, ThreadReadState>>;
  hasMore: ReadonlySignal<boolean>;
  search: ReadonlySignal<string>;
  isArchive: ReadonlySignal<boolean>;
  /** Whether the server has answered at least once. */
  isRead: ReadonlySignal<boolean>;
  find(term: string): void;
  showArchive(isArchive: boolean): void;
  showMore(): void;
}

/** Frames after which the list may look different. */
const changes =
  /^thread\/(started|name\/updated|archived|unarchived|deleted|status\/changed|readState\/changed)$|^turn\/(started|completed)$/;
const pageEntries = 50;
const entriesMax = 500;

export function createThreadList(client: Client): ThreadList {
  const entries = signal<WireThread[]>([]);
  const readStates = signal<Record<string, ThreadReadState>>({});
  const hasMore = signal(false);
  const search = signal("");
  const isArchive = signal(false);
  const isRead = signal(false);
  let limit = pageEntries;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let reads = 0;
  const read = () => {
    reads += 1;
    const mine = reads;
    const searchTerm = search.value.trim() || null;
    client.request("thread/list", { limit, sortKey: "recency_at", searchTerm, archived: isArchive.value }).then(
      (page) => {
        if (mine !== reads) return;
        entries.value = page.data;
        readStates.value = page.readStates ?? {};
        hasMore.value = page.nextCursor !== null;
        isRead.value = true;
      },
      () => {
        // The next change or the next look reads again.
      },
    );
  };
  // Many frames come together; the list is read once.
  const readSoon = () => {
    clearTimeout(timer);
    timer = setTimeout(read, 150);
  };
  read();
  client.onMessage(({ method }) => changes.test(method) && readSoon());
  client.onStateChange(({ type }) => type === "online" && readSoon());
  addEventListener("focus", readSoon);
  return {
    entries,
    readStates,
    hasMore,
    search,
    isArchive,
    isRead,
    find: (term) => {
      search.value = term;
      readSoon();
    },
    showArchive: (archive) => {
      isArchive.value = archive;
      readSoon();
    },
    showMore: () => {
      limit = Math.min(entriesMax, limit + pageEntries);
      read();
    },
  };
}

/** With nothing hidden in it: it stands in lists, in questions to the person, and in names for screen readers. */
export function titleOf({ name, preview }: Pick<WireThread, "name" | "preview">): string {
  return spelled((name || preview.split("\n", 1)[0] || "Untitled").slice(0, storageLimits.titleCharactersMax), "prose");
}

/** Whether it waits for a person. */
export function needsPerson(status: ThreadStatus): boolean {
  return status.type === "active" && status.activeFlags.length > 0;
}
