/** What components read from the client, as hooks that draw again when it changes. */
import { useEffect, useReducer, useRef, useState } from "preact/hooks";
import type { Client } from "#client/client";
import type { ConnectionState } from "#client/connection";
import type { ThreadHandle } from "#client/thread-handle";
import type { Model } from "#protocol/account-and-config-methods";
import type { WireThread } from "#protocol/thread";

export function useConnection(client: Client): ConnectionState {
  const [state, setState] = useState(client.state);
  useEffect(() => {
    setState(client.state);
    return client.onStateChange(setState);
  }, [client]);
  return state;
}

/** The model that turns run with unless somebody says otherwise. */
export function useDefaultModel(client: Client): Model | null {
  const [model, setModel] = useState<Model | null>(null);
  useEffect(() => {
    client.request("model/list", {}).then(
      ({ data }) => setModel(data.find(({ isDefault }) => isDefault) ?? null),
      () => {
        // The connection's own state says what is wrong.
      },
    );
  }, [client]);
  return model;
}

export interface ThreadList {
  threads: WireThread[];
  nextCursor: string | null;
  showMore(): void;
}

/** Frames after which the list may look different. */
const listChanges = /^thread\/(started|name\/updated|archived|unarchived|deleted|status\/changed)$|^turn\/(started|completed)$/;
const pageEntries = 50;

/** The account's threads, newest first, read anew after whatever may change them and when the page is looked at again. */
export function useThreadList(client: Client): ThreadList {
  const [list, setList] = useState<{ threads: WireThread[]; nextCursor: string | null }>({ threads: [], nextCursor: null });
  const [limit, setLimit] = useState(pageEntries);
  useEffect(() => {
    let timer: number | undefined;
    let isGone = false;
    const read = () => {
      client.request("thread/list", { limit, sortKey: "recency_at" }).then(
        ({ data, nextCursor }) => isGone || setList({ threads: data, nextCursor }),
        () => {
          // The next change or the next look reads again.
        },
      );
    };
    // Many frames come together; the list is read once.
    const readSoon = () => {
      window.clearTimeout(timer);
      timer = window.setTimeout(read, 150);
    };
    read();
    const stops = [
      client.onMessage(({ method }) => listChanges.test(method) && readSoon()),
      client.onStateChange(({ type }) => type === "online" && readSoon()),
    ];
    window.addEventListener("focus", readSoon);
    return () => {
      isGone = true;
      window.clearTimeout(timer);
      window.removeEventListener("focus", readSoon);
      for (const stop of stops) stop();
    };
  }, [client, limit]);
  return { ...list, showMore: () => setLimit((entries) => Math.min(500, entries + pageEntries)) };
}

export type OpenedThread =
  | { type: "none" }
  | { type: "opening" }
  | { type: "open"; thread: ThreadHandle }
  | { type: "failed"; message: string };

/** Follows the thread as long as it is shown. Draws at most once a frame of the screen, however many frames of the log come. */
export function useThread(client: Client, id: string | null): OpenedThread {
  const [opened, setOpened] = useState<OpenedThread>({ type: "none" });
  const [, draw] = useReducer((count: number) => count + 1, 0);
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
        setOpened({ type: "open", thread });
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
  return opened;
}

/** The thread that the address names: `#01a1fb3d-…`. */
export function useThreadInAddress(): [string | null, (id: string | null) => void] {
  const [id, setId] = useState(readAddress);
  useEffect(() => {
    const changed = () => setId(readAddress());
    window.addEventListener("hashchange", changed);
    return () => window.removeEventListener("hashchange", changed);
  }, []);
  return [
    id,
    (next) => {
      location.hash = next ?? "";
    },
  ];
}

function readAddress(): string | null {
  return decodeURIComponent(location.hash.slice(1)) || null;
}
