/** One field for everything: threads, places, what can be done with the thread that is shown, and its files. */
import "./palette.css";
import { useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import { currentThread } from "../store/current-thread.ts";
import { keepText, keptText } from "../store/kept.ts";
import { useStore } from "../store/store.ts";
import { entriesNow, filesNamed } from "./all-entries.ts";
import { useAllThreads } from "./all-threads.ts";
import { type Entry, offered, recentMax, withUsed } from "./entries.ts";

/** After the last key, before the files are asked for. */
const pauseMs = 150;
const kindWords = { thread: "Thread", action: "Action", place: "Place", file: "File" } as const;

export function Palette({ close }: { close(): void }) {
  const store = useStore();
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  const [term, setTerm] = useState("");
  const [at, setAt] = useState(0);
  const [failure, setFailure] = useState<string | null>(null);
  const threads = useAllThreads(store);
  // It may open while one types already.
  const here = currentThread.value;
  const files = useFiles(term);
  const recent = useMemo(readRecent, []);
  const entries = useMemo(
    () => [...offered(entriesNow(store, threads), term, recent), ...files],
    [store, threads, here, term, recent, files],
  );
  const active = Math.min(at, entries.length - 1);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement && document.activeElement === document.body) before.focus({ preventScroll: true });
    };
  }, []);
  useEffect(() => {
    document.getElementById(`${id}-${active}`)?.scrollIntoView({ block: "nearest" });
  }, [id, active]);
  const run = async (entry: Entry | undefined) => {
    if (!entry) return;
    setFailure(null);
    try {
      await entry.run();
      keepText("palette", JSON.stringify(withUsed(recent, entry.id)));
      close();
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    }
  };
  const steps: Record<string, () => number> = {
    ArrowDown: () => (active + 1) % entries.length,
    ArrowUp: () => (active - 1 + entries.length) % entries.length,
    PageDown: () => Math.min(entries.length - 1, active + 8),
    PageUp: () => Math.max(0, active - 8),
  };
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: by keyboard it is Escape that closes a dialog.
    <dialog
      ref={dialog}
      class="palette"
      aria-label="Find threads, places and actions"
      onCancel={(event) => {
        // Who draws it decides that it is gone.
        event.preventDefault();
        close();
      }}
      onClick={(event) => event.target === dialog.current && close()}
    >
      <div class="palette-head">
        <input
          type="text"
          role="combobox"
          aria-label="Find threads, places and actions"
          aria-expanded="true"
          aria-autocomplete="list"
          aria-controls={`${id}-list`}
          aria-activedescendant={entries.length > 0 ? `${id}-${active}` : undefined}
          autocomplete="off"
          spellcheck={false}
          placeholder="A thread, a place, something to do …"
          value={term}
          onInput={({ currentTarget }) => {
            setTerm(currentTarget.value);
            setAt(0);
          }}
          onKeyDown={(event) => {
            if (event.isComposing) return;
            if (event.key === "Enter") {
              event.preventDefault();
              void run(entries[active]);
            }
            const step = steps[event.key];
            if (!step || entries.length === 0) return;
            event.preventDefault();
            setAt(step());
          }}
        />
        <button type="button" class="quiet" onClick={close}>
          Close
        </button>
      </div>
      {failure && (
        <p class="notice failed" role="alert">
          {failure}
        </p>
      )}
      <div id={`${id}-list`} role="listbox" aria-label="What was found" class="found">
        {entries.map((entry, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field has the keys, as in the pattern of a combobox.
          <div
            key={entry.id}
            id={`${id}-${index}`}
            role="option"
            tabIndex={-1}
            aria-selected={index === active}
            // The field keeps the focus.
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => void run(entry)}
          >
            <span class="label">{entry.label}</span>
            <span class="detail">
              {entry.detail && <span>{entry.detail} · </span>}
              {kindWords[entry.kind]}
            </span>
          </div>
        ))}
      </div>
      <p class={entries.length === 0 ? "notice" : "unseen"} role="status">
        {entries.length === 0 ? "Nothing is called so." : `${entries.length} found`}
      </p>
    </dialog>
  );
}

function useFiles(term: string): Entry[] {
  const store = useStore();
  const [files, setFiles] = useState<Entry[]>([]);
  useEffect(() => {
    setFiles([]);
    let isGone = false;
    const timer = setTimeout(() => {
      filesNamed(store, term.trim()).then(
        (found) => isGone || setFiles(found),
        () => {
          // What can be found without the server is there.
        },
      );
    }, pauseMs);
    return () => {
      isGone = true;
      clearTimeout(timer);
    };
  }, [store, term]);
  return files;
}

function readRecent(): string[] {
  try {
    const kept: unknown = JSON.parse(keptText("palette") ?? "[]");
    return Array.isArray(kept) ? kept.filter((id) => typeof id === "string").slice(0, recentMax) : [];
  } catch {
    // Of another version: it begins anew.
    return [];
  }
}
