/** The account's threads, newest first, read anew after whatever may change them and when the page is looked at again. */
import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { Client } from "#client/client";
import type { ThreadReadState } from "#protocol/read-state-methods";
import type { ThreadSection, ThreadStatus, WireThread } from "#protocol/thread";
import { spelled } from "../diff/visible-text.ts";
import type { KeptList } from "./kept-list.ts";
import { storageLimits } from "./limits.ts";

/** Where a search found a thread. */
export interface Hit {
  snippet: string;
  /** The message; null where it is the thread's name or its beginning. */
  itemId: string | null;
}

/** Its threads in the order that people gave them. */
export interface ListedSection {
  section: ThreadSection;
  threads: WireThread[];
}

/** What one question to the server brought. */
interface Page {
  threads: WireThread[];
  readStates: Record<string, ThreadReadState>;
  hits: Record<string, Hit>;
  hasMore: boolean;
}

export interface ThreadList {
  /** What is shown: without the server those that this browser keeps, and no archive. */
  entries: ReadonlySignal<WireThread[]>;
  /** By thread; what nobody has read yet. */
  readStates: ReadonlySignal<Record<string, ThreadReadState>>;
  hasMore: ReadonlySignal<boolean>;
  search: ReadonlySignal<string>;
  /** By thread, of the search that `entries` are of; null while nothing is searched. */
  hits: ReadonlySignal<{ term: string; of: Record<string, Hit> } | null>;
  isArchive: ReadonlySignal<boolean>;
  /** Whether the server has answered at least once. */
  isRead: ReadonlySignal<boolean>;
  /** How many wait for a person, whatever is searched. */
  waiting: ReadonlySignal<number>;
  /** `Pinned` first; none while the server was not heard. */
  sections: ReadonlySignal<ListedSection[]>;
  find(term: string): void;
  showArchive(isArchive: boolean): void;
  showMore(): void;
  /** Null takes it out of its section. These reject with what the server refuses. */
  move(threadId: string, sectionId: string | null): Promise<void>;
  makeSection(name: string): Promise<ThreadSection>;
  renameSection(sectionId: string, name: string): Promise<void>;
  deleteSection(sectionId: string): Promise<void>;
}

/** Frames after which the list may look different. */
const changes =
  /^thread\/(started|name\/updated|archived|unarchived|deleted|status\/changed|section\/changed)$|^turn\/(started|completed)$/;
const pageEntries = 50;
const entriesMax = 500;
/** Each is a request whenever the list is read; nobody looks through more. */
const sectionsMax = 20;
const sectionEntriesMax = 100;
/** The server's own, on every account. */
const pinnedId = "01984de2-8f74-7c91-a3b2-5c5e937cf318";

interface Filter {
  term: string;
  isArchive: boolean;
}

export function createThreadList(client: Client, kept: KeptList): ThreadList {
  const all = signal<WireThread[]>([]);
  const found = signal<(Filter & Page) | null>(null);
  const sections = signal<ListedSection[]>([]);
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
  const take = (page: Page, filter: Filter | null) => {
    if (filter) found.value = { ...filter, ...page };
    else {
      all.value = page.threads;
      isRead.value = true;
      // What cannot be kept is read again.
      kept.write({ threads: page.threads, readStates: page.readStates }).catch(() => {});
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
      readPage(client, limit, asked).then(
        (page) => {
          if (mine !== reads) return;
          take(page, asked);
          if (asked === filter) hasMore.value = page.hasMore;
        },
        () => {
          // The next change or the next look reads again.
        },
      );
    }
    readSections(client).then(
      (listed) => {
        if (mine !== reads) return;
        sections.value = listed;
      },
      () => {
        // The same.
      },
    );
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
  client.onMessage(({ method, params }) => {
    if (method === "thread/readState/changed") {
      // It says all there is to know: the mark goes or comes at once.
      readStates.value = { ...readStates.value, [params.threadId]: params.readState };
    } else if (changes.test(method)) readSoon();
  });
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
    hits: computed(() => {
      const { term, isArchive } = filterNow() ?? { term: "", isArchive: false };
      const isOf = term !== "" && found.value?.term === term && found.value.isArchive === isArchive;
      return isOf && found.value ? { term, of: found.value.hits } : null;
    }),
    isArchive,
    isRead,
    waiting: computed(() => all.value.filter(({ status }) => needsPerson(status)).length),
    sections,
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
    move: async (threadId, sectionId) => {
      await client.request("thread/section/move", { threadId, sectionId });
      read();
    },
    makeSection: async (name) => {
      const { section } = await client.request("threadSection/create", { name });
      read();
      return section;
    },
    renameSection: async (sectionId, name) => {
      await client.request("threadSection/update", { sectionId, name });
      read();
    },
    deleteSection: async (sectionId) => {
      await client.request("threadSection/delete", { sectionId });
      read();
    },
  };
}

async function readPage(client: Client, limit: number, asked: Filter | null): Promise<Page> {
  const page = { limit, sortKey: "recency_at", archived: asked?.isArchive ?? false } as const;
  if (!asked?.term) {
    const { data, readStates, nextCursor } = await client.request("thread/list", page);
    return { threads: data, readStates: readStates ?? {}, hits: {}, hasMore: nextCursor !== null };
  }
  const { data, nextCursor } = await client.request("thread/search", { ...page, searchTerm: asked.term });
  const hits = Object.fromEntries(data.map(({ thread, snippet, itemId = null }) => [thread.id, { snippet, itemId }]));
  return { threads: data.map(({ thread }) => thread), readStates: {}, hits, hasMore: nextCursor !== null };
}

async function readSections(client: Client): Promise<ListedSection[]> {
  const { data } = await client.request("threadSection/list", { limit: sectionsMax });
  const pinnedFirst = data.toSorted((one, other) => Number(isPinned(other)) - Number(isPinned(one)));
  return Promise.all(
    pinnedFirst.map(async (section) => {
      const params = { sectionId: section.id, sortKey: "section_position", limit: sectionEntriesMax } as const;
      return { section, threads: (await client.request("thread/list", params)).data };
    }),
  );
}

export function isPinned({ id }: ThreadSection): boolean {
  return id === pinnedId;
}

/** With nothing hidden in it: it stands in lists, in questions to the person, and in names for screen readers. */
export function titleOf({ name, preview }: Pick<WireThread, "name" | "preview">): string {
  return spelled((name || preview.split("\n", 1)[0] || "Untitled").slice(0, storageLimits.titleCharactersMax), "prose");
}

/** Whether it waits for a person. */
export function needsPerson(status: ThreadStatus): boolean {
  return status.type === "active" && status.activeFlags.length > 0;
}
