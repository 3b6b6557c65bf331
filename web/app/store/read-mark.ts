/** A thread that is looked at has been read: told to the server, so that no other device shows it as new. */
import { useEffect } from "preact/hooks";
import type { ThreadHandle } from "#client/thread-handle";
import { useStore } from "./store.ts";

export function useReadMark(thread: ThreadHandle | null): void {
  const { client } = useStore();
  const { readState } = thread?.state ?? {};
  const id = thread?.id;
  const revision = readState?.firstUnread != null ? readState.revision : null;
  useEffect(() => {
    if (id === undefined || revision === null || document.visibilityState !== "visible") return;
    client
      .request("thread/readState/update", { threadId: id, operation: { type: "read" }, expectedRevision: revision })
      .catch(() => {
        // Somebody else was quicker, or the network is gone: the next state says how it stands.
      });
  }, [client, id, revision]);
}
