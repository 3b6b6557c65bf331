/** What can be done with a thread of the list: name it, put it away, go on from it in another, take it along, delete it. */
import "./thread-menu.css";
import { useRef, useState } from "preact/hooks";
import type { WireThread } from "#protocol/thread";
import { go, place, threadPlace } from "../place.ts";
import { useStore } from "../store/store.ts";
import { titleOf } from "../store/thread-list.ts";
import { exportThread } from "./export-thread.ts";

export function ThreadMenu({ thread, rename }: { thread: WireThread; rename(): void }) {
  const { client, threads } = useStore();
  const details = useRef<HTMLDetailsElement>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const isArchived = threads.isArchive.value;
  const threadId = thread.id;
  const act = (work: () => Promise<unknown> | unknown) => async () => {
    setFailure(null);
    try {
      await work();
      if (details.current) details.current.open = false;
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    }
  };
  const remove = async () => {
    if (!confirm(`Delete "${titleOf(thread)}" for good, with its files and everything that was said in it?`)) return;
    await client.request("thread/delete", { threadId });
    if (place.value.view === "thread" && place.value.threadId === threadId) go({ view: "new" });
  };
  const fork = async () => {
    const { thread: forked } = await client.request("thread/fork", { threadId, excludeTurns: true });
    go(threadPlace(forked.id));
  };
  return (
    <details
      class="thread-menu"
      ref={details}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !details.current?.open) return;
        details.current.open = false;
        details.current.querySelector("summary")?.focus();
      }}
      onFocusOut={({ relatedTarget, currentTarget }) => {
        if (relatedTarget instanceof Node && !currentTarget.contains(relatedTarget)) currentTarget.open = false;
      }}
    >
      <summary aria-label={`More for ${titleOf(thread)}`}>⋯</summary>
      <div class="choices">
        <button type="button" class="bare" onClick={act(rename)}>
          Rename
        </button>
        <button
          type="button"
          class="bare"
          onClick={act(() => client.request(isArchived ? "thread/unarchive" : "thread/archive", { threadId }))}
        >
          {isArchived ? "Bring back" : "Archive"}
        </button>
        <button type="button" class="bare" onClick={act(fork)}>
          Fork
        </button>
        <button type="button" class="bare" onClick={act(() => exportThread(client, thread, "markdown"))}>
          Export as Markdown
        </button>
        <button type="button" class="bare" onClick={act(() => exportThread(client, thread, "json"))}>
          Export as JSON
        </button>
        <button type="button" class="bare remove" onClick={act(remove)}>
          Delete
        </button>
        {failure && (
          <p class="notice failed" role="alert">
            {failure}
          </p>
        )}
      </div>
    </details>
  );
}
