/** What the palette offers, and in which order: pure. */
import { byLengthAsc, Fzf } from "fzf";

export interface Entry {
  /** Stays the same from day to day: what was used last is remembered by it. */
  id: string;
  kind: "thread" | "action" | "place" | "file";
  label: string;
  /** Where it is, or what it does; searched too. */
  detail: string;
  /** Rejects with what is to be said, and the palette stays. */
  run(): unknown;
}

const shownMax = 50;
const recentShown = 6;
export const recentMax = 30;

/**
 * With words, by how well they fit; what was used last stands before what fits as well. Without, what was used last, then as given, but no more
 * than a few threads before the rest.
 */
export function offered(entries: readonly Entry[], term: string, recent: readonly string[]): Entry[] {
  const wanted = term.trim();
  const age = (id: string) => (recent.includes(id) ? recent.indexOf(id) : recent.length);
  if (wanted === "") {
    const used = entries.filter(({ id }) => recent.includes(id)).toSorted((one, other) => age(one.id) - age(other.id));
    const first = used.slice(0, recentShown);
    return [...first, ...entries.filter((entry) => !first.includes(entry))].slice(0, shownMax);
  }
  const finder = new Fzf(entries as Entry[], {
    selector: ({ label, detail }) => `${label} ${detail}`,
    limit: shownMax,
    tiebreakers: [(one, other) => age(one.item.id) - age(other.item.id), byLengthAsc],
  });
  return finder.find(wanted).map(({ item }) => item);
}

/** Last used first. */
export function withUsed(recent: readonly string[], id: string): string[] {
  return [id, ...recent.filter((other) => other !== id)].slice(0, recentMax);
}
