/** The account's threads: to be found, and to see which of them wait for somebody or have something new. */
import { useState } from "preact/hooks";
import type { WireThread } from "#protocol/thread";
import { isOffline } from "../installed/offline.ts";
import { hrefOf, place, threadPlace } from "../place.ts";
import { useStore } from "../store/store.ts";
import { titleOf } from "../store/thread-list.ts";
import { RenameThread } from "./rename-thread.tsx";
import { ThreadMenu } from "./thread-menu.tsx";

export function ThreadPane() {
  const { entries, hasMore, isRead, isArchive, search, find, showArchive, showMore } = useStore().threads;
  const current = place.value.view === "thread" ? place.value.threadId : null;
  return (
    <nav class="thread-pane" aria-label="Threads">
      <input
        type="search"
        placeholder={isArchive.value ? "Search the archive" : "Search threads"}
        aria-label="Search threads"
        value={search.value}
        onInput={(event) => find(event.currentTarget.value)}
      />
      {entries.value.length === 0 && (isRead.value || isOffline.value) && (
        <p class="notice">
          {nothingHere({ isOffline: isOffline.value, isArchive: isArchive.value, isSearch: search.value !== "" })}
        </p>
      )}
      <ul class="threads">
        {entries.value.map((thread) => (
          <Entry key={thread.id} thread={thread} isCurrent={thread.id === current} />
        ))}
        {hasMore.value && (
          <li>
            <button type="button" class="quiet" onClick={showMore}>
              More
            </button>
          </li>
        )}
      </ul>
      <button type="button" class="bare" aria-pressed={isArchive.value} onClick={() => showArchive(!isArchive.value)}>
        {isArchive.value ? "Back to all threads" : "Archive"}
      </button>
    </nav>
  );
}

function Entry({ thread, isCurrent }: { thread: WireThread; isCurrent: boolean }) {
  const { readStates } = useStore().threads;
  const [isRenaming, setRenaming] = useState(false);
  const isUnread = readStates.value[thread.id]?.firstUnread != null && !isCurrent;
  return (
    <li class="entry">
      <div class="entry-body">
        {" "}
        {isRenaming ? (
          <RenameThread thread={thread} done={() => setRenaming(false)} />
        ) : (
          <a href={hrefOf(threadPlace(thread.id))} aria-current={isCurrent ? "page" : undefined}>
            <span class={isUnread ? "title unread" : "title"}>
              {titleOf(thread)}
              {isUnread && <span class="unseen"> has something new</span>}
            </span>
            <span class="detail">
              <StatusBadge thread={thread} />
              <time>
                {new Date(thread.updatedAt * 1000).toLocaleString(undefined, { dateStyle: "short", timeStyle: "short" })}
              </time>
            </span>
          </a>
        )}
      </div>{" "}
      <ThreadMenu thread={thread} rename={() => setRenaming(true)} />
    </li>
  );
}

function StatusBadge({ thread: { status } }: { thread: Pick<WireThread, "status"> }) {
  if (status.type === "systemError") return <span class="badge failed">failed</span>;
  if (status.type !== "active") return null;
  const isWaiting = status.activeFlags.length > 0;
  return <span class={isWaiting ? "badge asking" : "badge"}>{isWaiting ? "needs you" : "working"}</span>;
}

function nothingHere({ isOffline, isArchive, isSearch }: { isOffline: boolean; isArchive: boolean; isSearch: boolean }): string {
  if (isOffline && isArchive) return "The archive is not kept on this device. It comes when the server is reached.";
  if (isOffline && isSearch) return "No thread that is kept here has these words in its title.";
  if (isOffline) return "No threads are kept on this device. They come when the server is reached.";
  if (isSearch) return "No thread has these words.";
  return isArchive ? "Nothing was put away." : "No threads yet.";
}
