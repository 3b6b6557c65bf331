/** The list of threads as the server gave it last, so that a page without a network has something to begin with. */
import { get, set, type UseStore } from "idb-keyval";
import type { ThreadReadState } from "#protocol/read-state-methods";
import type { WireThread } from "#protocol/thread";
import { storageLimits } from "./limits.ts";

export interface ListedThreads {
  threads: WireThread[];
  readStates: Record<string, ThreadReadState>;
}

export interface KeptList {
  /** Null for what is not there, and for what another version wrote. */
  read(): Promise<ListedThreads | null>;
  write(list: ListedThreads): Promise<void>;
}

const key = "list";

export function createKeptList(store: Promise<UseStore>, version: string): KeptList {
  return {
    read: async () => {
      const kept = await get<ListedThreads & { version: string }>(key, await store);
      return kept?.version === version ? kept : null;
    },
    write: async ({ threads, readStates }) => {
      const kept = threads.slice(0, storageLimits.listedThreadsMax).map((thread) => {
        return { ...thread, turns: [], preview: thread.preview.slice(0, storageLimits.listedPreviewCharactersMax) };
      });
      const states = kept.flatMap(({ id }) => (readStates[id] ? [[id, readStates[id]] as const] : []));
      await set(key, { version, threads: kept, readStates: Object.fromEntries(states) }, await store);
    },
  };
}
