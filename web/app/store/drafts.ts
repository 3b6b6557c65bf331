/** What is typed and not sent, for each place where one types. It survives a reload. */
import { type Signal, signal } from "@preact/signals";
import { keepText, keptNames, keptText } from "./kept.ts";
import { storageLimits } from "./limits.ts";

const drafts = new Map<string, Signal<string>>();

/** `place` is a thread's id, or `new`. */
export function useDraft(place: string): [text: string, write: (text: string) => void] {
  return [draftOf(place).value, (text) => writeDraft(place, text)];
}

export function draftText(place: string): string {
  return draftOf(place).value;
}

export function writeDraft(place: string, text: string): void {
  draftOf(place).value = text;
  keepText(nameOf(place), text === "" ? null : JSON.stringify({ text, writtenAt: Date.now() }));
  const names = keptNames(folder());
  if (names.length <= storageLimits.draftsMax) return;
  const [oldest] = names.toSorted((one, other) => entryAt(one).writtenAt - entryAt(other).writtenAt);
  if (oldest) keepText(oldest, null);
}

function draftOf(place: string): Signal<string> {
  const draft = drafts.get(place) ?? signal(entryAt(nameOf(place)).text);
  drafts.set(place, draft);
  return draft;
}

function entryAt(name: string): { text: string; writtenAt: number } {
  try {
    const { text, writtenAt } = JSON.parse(keptText(name) ?? "{}") as { text?: unknown; writtenAt?: unknown };
    return { text: typeof text === "string" ? text : "", writtenAt: Number(writtenAt) || 0 };
  } catch {
    // Written by somebody's hand.
    return { text: "", writtenAt: 0 };
  }
}

/** In the first moments of a first visit nobody knows yet whose page it is. */
function folder(): string {
  return `draft/${keptText("account") ?? ""}/`;
}

function nameOf(place: string): string {
  return folder() + place;
}
