/** That this browser rings, and for whom. In IndexedDB, where the page and the worker both read it. */
import { createStore, del, get, set } from "idb-keyval";

export interface PushRecord {
  account: string;
  /** As the list of devices names it. */
  device: string;
  endpoint: string;
}

const key = "subscription";

export function readPushRecord(): Promise<PushRecord | undefined> {
  return get(key, store());
}

export function writePushRecord(record: PushRecord): Promise<void> {
  return set(key, record, store());
}

export function forgetPushRecord(): Promise<void> {
  return del(key, store());
}

/** `store/kept.ts` empties it with everything else when somebody signs out. */
function store() {
  return createStore("spindle/push", "entries");
}
