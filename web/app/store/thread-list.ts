/** The account's threads, newest first, read anew after whatever may change them and when the page is looked at again. */
import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { Client } from "#client/client";
import type { Result } from "#protocol/methods";
import type { ThreadReadState } from "#protocol/read-state-methods";
import type { ThreadStatus, WireThread } from "#protocol/thread";
import { spelled } from "../diff/visible-text.ts";
import type { KeptList } from "./kept-list.ts";
import { storageLimits } from "./limits.ts";

export interface ThreadList {
  /** What is shown: without the server those that this browser keeps, and no archive. */
  entries: ReadonlySignal<WireThread[]>;
  /** By thread; what nobody has read yet. */
  readStates: ReadonlySignal<Record<string, ThreadReadState>>;
  hasMore: ReadonlySignal<boolean>;
  search: ReadonlySignal<string>;
  isArchive: ReadonlySignal<boolean>;
  /** Whether the server has answered at least once. */
  isRead: ReadonlySignal<boolean>;
  /** How many wait for a person, whatever is searched. */
  waiting: ReadonlySignal<number>;
  find(term: string): void;
  showArchive(isArchive: boolean): void;
  showMore(): void;
}

/** Frames after which the list may look different. */
const changes =
  /^thread\/(started|name\/updated|archived|unarchived|deleted|status\/changed|readState\/changed)$|^turn\/(started|completed)$/;
const pageEntries = 50;
const entriesMax = 500;

interface Filter {
  term: string;
  isArchive: boolean;
}

export function createThreadList(client: Client, kept: KeptList): ThreadList {
  const all = signal<WireThread[]>([]);
  const found = signal<(Filter & { threads: WireThread[] }) | null>(null);
  const readStates = signal<Record<string, ThreadReadState>>({});
  const hasMore = signal(false);
  const search = signal("");
  const isArchive = signal(false);
  const isRead = signal(false);
  const isOnline = signal(client.state.type === "online");
  let limit = pageEntries;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let reads = 0;
  const filterNow = (): Filter | null => {
    const term = search.value.trim();
    return term === "" && !isArchive.value ? null : { term, isArchive: isArchive.value };
  };
  const take = (page: Result<"thread/list">, filter: Filter | null) => {
    if (filter) found.value = { ...filter, threads: page.data };
    else {
      all.value = page.data;
      isRead.value = true;
      // What cannot be kept is read again.
      kept.write({ threads: page.data, readStates: page.readStates ?? {} }).catch(() => {});
    }
    readStates.value = { ...readStates.value, ...page.readStates };
  };
  /** Without the server it is read as soon as there is one. All threads too while one searches: they are counted, and kept. */
  const read = () => {
    if (client.state.type !== "online") return;
    reads += 1;
    const mine = reads;
    const filter = filterNow();
    for (const asked of filter ? [null, filter] : [null]) {
      const searchTerm = asked?.term || null;
      client.request("thread/list", { limit, sortKey: "recency_at", searchTerm, archived: asked?.isArchive ?? false }).then(
        (page) => {
          if (mine !== reads) return;
          take(page, asked);
          if (asked === filter) hasMore.value = page.nextCursor !== null;
        },
        () => {
          // The next change or the next look reads again.
        },
      );
    }
  };
  // Many frames come together; the list is read once.
  const readSoon = () => {
    clearTimeout(timer);
    timer = setTimeout(read, 150);
  };
  kept.read().then(
    (list) => {
      if (!list || isRead.value) return;
      all.value = list.threads;
      readStates.value = list.readStates;
    },
    () => {
      // What cannot be read is as good as not there.
    },
  );
  read();
  client.onMessage(({ method }) => changes.test(method) && readSoon());
  client.onStateChange(({ type }) => {
    isOnline.value = type === "online";
    if (type === "online") read();
  });
  addEventListener("focus", readSoon);
  const entries = computed(() => {
    const filter = filterNow();
    if (!filter) return all.value;
    const { term, isArchive } = filter;
    if (found.value?.term === term && found.value.isArchive === isArchive) return found.value.threads;
    // What was found last stays until the server has answered.
    if (isOnline.value) return found.value?.threads ?? all.value;
    return isArchive ? [] : all.value.filter((thread) => titleOf(thread).toLowerCase().includes(term.toLowerCase()));
  });
  return {
    entries,
    readStates,
    hasMore,
    search,
    isArchive,
    isRead,
    waiting: computed(() => all.value.filter(({ status }) => needsPerson(status)).length),
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
