/** The thread that the page shows, for what lies over it. It is followed by its page: nobody else may close the handle. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { ThreadHandle } from "#client/thread-handle";

export const currentThread = signal<ThreadHandle | null>(null);

export function useAsCurrent(thread: ThreadHandle | null): void {
  useEffect(() => {
    currentThread.value = thread;
    return () => {
      currentThread.value = null;
    };
  }, [thread]);
}

/** The thread whose name is being written in its header. */
export const renaming = signal<string | null>(null);
