/** What this browser keeps for an account, and how all of it is forgotten. No credential is among it. */
import { clear, createStore, type UseStore } from "idb-keyval";

const prefix = "spindle/";

/** Databases of their own: one may be lost without the others. */
export async function keptStore(account: Promise<string>, kind: "threads" | "unsent" | "list"): Promise<UseStore> {
  return createStore(`${prefix}${kind}/${await account}`, "entries");
}

export function keptText(name: string): string | null {
  try {
    return localStorage.getItem(prefix + name);
  } catch {
    // Some browsers throw where they allow nothing to be kept.
    return null;
  }
}

/** Null takes it away. */
export function keepText(name: string, text: string | null): void {
  try {
    if (text === null) localStorage.removeItem(prefix + name);
    else localStorage.setItem(prefix + name, text);
  } catch {
    // Full, or not allowed: it lasts as long as the page.
  }
}

export function keptNames(start: string): string[] {
  try {
    return Object.keys(localStorage).flatMap((key) => (key.startsWith(prefix + start) ? [key.slice(prefix.length)] : []));
  } catch {
    return [];
  }
}

/** Of this browser and not of anybody: they stay when an account is signed out. */
const ofTheBrowser = ["theme"];

/** Of every account that was signed in here. */
export async function forgetEverything(): Promise<void> {
  for (const name of keptNames("")) if (!ofTheBrowser.includes(name)) keepText(name, null);
  const databases = await indexedDB.databases();
  const names = databases.flatMap(({ name }) => (name?.startsWith(prefix) ? [name] : []));
  // Emptied and not deleted: another page may have them open.
  await Promise.all(names.map((name) => clear(createStore(name, "entries"))));
}
