/** Where one is in the page, as the address says it. The part after `#`: no server has to know of it, and it works offline. */
import { signal } from "@preact/signals";

export type ThreadTab = "talk" | "changes" | "decisions" | "files";

export type Place =
  | { view: "new" }
  /** `item`: what is to be shown first, say the diff that a notification told of. */
  | { view: "thread"; threadId: string; tab: ThreadTab; item: string | null }
  | { view: "inbox" }
  | { view: "memory" }
  | { view: "settings" };

const tabs: readonly string[] = ["talk", "changes", "decisions", "files"] satisfies ThreadTab[];

/** Examples: `#/threads/01a1fb3d-…/decisions`, `#/inbox`, and `#01a1fb3d-…`, as links from before have it. */
export function readPlace(hash: string): Place {
  const [first = "", id = "", tab = "talk", item = ""] = hash.replace(/^#\/?/, "").split("/").map(decoded);
  if (first === "threads" && id !== "") {
    return { view: "thread", threadId: id, tab: tabs.includes(tab) ? (tab as ThreadTab) : "talk", item: item || null };
  }
  if (first === "inbox" || first === "memory" || first === "settings") return { view: first };
  return first === "" || first === "threads" || first === "new"
    ? { view: "new" }
    : { view: "thread", threadId: first, tab: "talk", item: null };
}

export function hrefOf(place: Place): string {
  if (place.view === "new") return "#/new";
  if (place.view !== "thread") return `#/${place.view}`;
  const parts = [place.threadId, ...(place.item !== null ? [place.tab, place.item] : place.tab === "talk" ? [] : [place.tab])];
  return `#/threads/${parts.map(encodeURIComponent).join("/")}`;
}

export const threadPlace = (threadId: string, tab: ThreadTab = "talk"): Place => ({ view: "thread", threadId, tab, item: null });

/** What is shown now. Without an address, a phone shows the list. */
export const place = signal<Place>(readPlace(location.hash));
export const isListFirst = signal(location.hash.length < 3);

addEventListener("hashchange", () => {
  place.value = readPlace(location.hash);
  isListFirst.value = location.hash.length < 3;
});

export function go(next: Place): void {
  location.hash = hrefOf(next);
}

export function goToList(): void {
  location.hash = "#/";
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
