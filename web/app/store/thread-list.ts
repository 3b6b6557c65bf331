/** The account's threads, newest first, read anew after whatever may change them and when the page is looked at again. */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { Client } from "#client/client";
import type { ThreadReadState } from "#protocol/read-state-methods";
import type { ThreadSection, ThreadStatus, WireThread } from "#protocol/thread";

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

export interface ThreadList {
  /** Also those that stand in a section; while something is searched, what has it. */
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
  /** `Pinned` first. */
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

export function createThreadList(client: Client): ThreadList {
  const entries = signal<WireThread[]>([]);
  const readStates = signal<Record<string, ThreadReadState>>({});
  const hasMore = signal(false);
  const search = signal("");
  const hits = signal<{ term: string; of: Record<string, Hit> } | null>(null);
  const isArchive = signal(false);
  const isRead = signal(false);
  const sections = signal<ListedSection[]>([]);
  let limit = pageEntries;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let reads = 0;
  const readPage = async (term: string) => {
    const page = { limit, sortKey: "recency_at", archived: isArchive.value } as const;
    if (term === "") {
      const listed = await client.request("thread/list", page);
      return { data: listed.data, states: listed.readStates ?? {}, hits: null, hasMore: listed.nextCursor !== null };
    }
    const found = await client.request("thread/search", { ...page, searchTerm: term });
    const of = Object.fromEntries(found.data.map(({ thread, snippet, itemId = null }) => [thread.id, { snippet, itemId }]));
    return {
      data: found.data.map(({ thread }) => thread),
      states: {},
      hits: { term, of },
      hasMore: found.nextCursor !== null,
    };
  };
  const read = () => {
    reads += 1;
    const mine = reads;
    const term = search.value.trim();
    const isWhole = term === "" && !isArchive.value;
    Promise.all([readPage(term), isWhole ? readSections(client) : null]).then(
      ([page, listed]) => {
        if (mine !== reads) return;
        entries.value = page.data;
        hits.value = page.hits;
        readStates.value = { ...readStates.value, ...listed?.readStates, ...page.states };
        hasMore.value = page.hasMore;
        if (listed) sections.value = listed.sections;
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
  client.onMessage(({ method, params }) => {
    if (method === "thread/readState/changed") {
      // It says all there is to know: the mark goes or comes at once.
      readStates.value = { ...readStates.value, [params.threadId]: params.readState };
    } else if (changes.test(method)) readSoon();
  });
  client.onStateChange(({ type }) => type === "online" && readSoon());
  addEventListener("focus", readSoon);
  return {
    entries,
    readStates,
    hasMore,
    search,
    hits,
    isArchive,
    isRead,
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

async function readSections(client: Client) {
  const { data } = await client.request("threadSection/list", { limit: sectionsMax });
  const pinnedFirst = data.toSorted((one, other) => Number(isPinned(other)) - Number(isPinned(one)));
  const pages = await Promise.all(
    pinnedFirst.map(async (section) => {
      const params = { sectionId: section.id, sortKey: "section_position", limit: sectionEntriesMax } as const;
      const page = await client.request("thread/list", params);
      return { section, threads: page.data, readStates: page.readStates ?? {} };
    }),
  );
  return {
    sections: pages.map(({ section, threads }) => ({ section, threads })),
    readStates: Object.assign({}, ...pages.map((page) => page.readStates)) as Record<string, ThreadReadState>,
  };
}

export function titleOf({ name, preview }: Pick<WireThread, "name" | "preview">): string {
  return name || preview.split("\n")[0] || "Untitled";
}

/** Whether it waits for a person. */
export function needsPerson(status: ThreadStatus): boolean {
  return status.type === "active" && status.activeFlags.length > 0;
}

export function isPinned({ id }: ThreadSection): boolean {
  return id === pinnedId;
}
