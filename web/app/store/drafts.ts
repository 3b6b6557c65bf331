/** What is typed and not sent, for each place where one types. It survives a reload. */
import { useState } from "preact/hooks";
import { keepText, keptNames, keptText } from "./kept.ts";
import { storageLimits } from "./limits.ts";

/** `place` is a thread's id, or `new`. */
export function useDraft(place: string): [text: string, write: (text: string) => void] {
  const [text, setText] = useState(() => readDraft(place));
  return [
    text,
    (next) => {
      setText(next);
      writeDraft(place, next);
    },
  ];
}

export function writeDraft(place: string, text: string): void {
  keepText(nameOf(place), text === "" ? null : JSON.stringify({ text, writtenAt: Date.now() }));
  const names = keptNames(folder());
  if (names.length <= storageLimits.draftsMax) return;
  const [oldest] = names.toSorted((one, other) => entryAt(one).writtenAt - entryAt(other).writtenAt);
  if (oldest) keepText(oldest, null);
}

function readDraft(place: string): string {
  return entryAt(nameOf(place)).text;
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
