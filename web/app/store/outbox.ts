/** What is not sent yet, in IndexedDB: it survives the page, and all pages of this browser see the same. */
import { del, set, type UseStore, values } from "idb-keyval";
import type { Outbox } from "#client/outbox";
import { storageLimits } from "./limits.ts";

export function createOutbox(store: Promise<UseStore>): Outbox {
  const channel = new BroadcastChannel("spindle/outbox");
  return {
    read: async () => values(await store),
    write: async (entry) => {
      await set(entry.key, entry, await store);
      channel.postMessage(null);
    },
    remove: async (key) => {
      await del(key, await store);
      channel.postMessage(null);
    },
    exclusively,
    onChange: (listener) => channel.addEventListener("message", listener),
  };
}

/** Without a lock, as on plain HTTP, or behind a page that sleeps with it, the work is done all the same. */
async function exclusively(name: string, work: () => Promise<void>): Promise<void> {
  let hasBegun = false;
  const begin = () => {
    hasBegun = true;
    return work();
  };
  if (!navigator.locks) return work();
  try {
    await navigator.locks.request(`spindle/unsent/${name}`, { signal: AbortSignal.timeout(storageLimits.lockWaitMsMax) }, begin);
  } catch (error) {
    if (hasBegun) throw error;
    await work();
  }
}
