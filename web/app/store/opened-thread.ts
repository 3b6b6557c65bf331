/** The thread that is shown, followed for as long as it is. */
import { useEffect, useReducer, useRef, useState } from "preact/hooks";
import type { ThreadHandle } from "#client/thread-handle";
import { useStore } from "./store.ts";

export type OpenedThread =
  | { type: "none" }
  | { type: "opening" }
  /** `drawn`: another number whenever the thread is another. The handle stays the same, and what has the same properties is not drawn again. */
  | { type: "open"; thread: ThreadHandle; drawn: number }
  | { type: "failed"; message: string };

/** Draws at most once a frame of the screen, however many frames of the log come. */
export function useThread(id: string | null): OpenedThread {
  const { client } = useStore();
  const [opened, setOpened] = useState<OpenedThread>({ type: "none" });
  const [drawn, draw] = useReducer((count: number) => count + 1, 0);
  const shown = useRef(id);
  useEffect(() => {
    shown.current = id;
    if (id === null) {
      setOpened({ type: "none" });
      return;
    }
    setOpened({ type: "opening" });
    let isGone = false;
    let handle: ThreadHandle | null = null;
    let drawing = 0;
    client.openThread(id).then(
      (thread) => {
        // Left while it opened; unless one came back meanwhile, for then it is the same handle.
        if (isGone && shown.current !== id) thread.close();
        if (isGone) return;
        handle = thread;
        setOpened({ type: "open", thread, drawn: 0 });
        thread.subscribe(() => {
          if (thread.failure && !isGone) setOpened({ type: "failed", message: thread.failure.message });
          drawing ||= requestAnimationFrame(() => {
            drawing = 0;
            draw(undefined);
          });
        });
      },
      (error: Error) => isGone || setOpened({ type: "failed", message: error.message }),
    );
    return () => {
      isGone = true;
      cancelAnimationFrame(drawing);
      handle?.close();
    };
  }, [client, id]);
  return opened.type === "open" ? { ...opened, drawn } : opened;
}
