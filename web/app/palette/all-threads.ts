/** The account's threads as the palette finds them, whatever the list beside it searches at the moment. */
import { useEffect, useState } from "preact/hooks";
import type { WireThread } from "#protocol/thread";
import type { Store } from "../store/store.ts";

/** The most that the server gives at once. */
const threadsMax = 100;

export function useAllThreads({ client, threads }: Store): readonly WireThread[] {
  const [listed, setListed] = useState<readonly WireThread[]>(threads.entries.value);
  useEffect(() => {
    let isGone = false;
    client.request("thread/list", { limit: threadsMax, sortKey: "recency_at" }).then(
      ({ data }) => isGone || setListed(data),
      () => {
        // Without a network there is what the list knows.
      },
    );
    return () => {
      isGone = true;
    };
  }, [client]);
  return listed;
}
