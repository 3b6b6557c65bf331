/** The account's threads: to be found, and to see which of them wait for somebody or have something new. */
import { useState } from "preact/hooks";
import type { WireThread } from "#protocol/thread";
import { isOffline } from "../installed/offline.ts";
import { hrefOf, place, threadPlace } from "../place.ts";
import { useStore } from "../store/store.ts";
import { isPinned, titleOf } from "../store/thread-list.ts";
import { MarkedSnippet } from "./marked-snippet.tsx";
import { RenameThread } from "./rename-thread.tsx";
import { SectionHead } from "./section-head.tsx";
import { StatusBadge } from "./status-badge.tsx";
import { ThreadMenu } from "./thread-menu.tsx";

export function ThreadPane() {
  const { entries, hasMore, hits, isRead, isArchive, search, sections, find, showArchive, showMore } = useStore().threads;
  const current = place.value.view === "thread" ? place.value.threadId : null;
  const isGrouped = hits.value === null && !isArchive.value;
  // The server's own section is no news while nothing is in it.
  const shown = isGrouped ? sections.value.filter(({ section, threads }) => threads.length > 0 || !isPinned(section)) : [];
  const inSections = new Set(shown.flatMap(({ threads }) => threads.map(({ id }) => id)));
  const rest = entries.value.filter(({ id }) => !inSections.has(id));
  const list = (threads: readonly WireThread[]) =>
    threads.map((thread) => <Entry key={thread.id} thread={thread} isCurrent={thread.id === current} />);
  return (
    <nav class="thread-pane" aria-label="Threads">
      <input
        type="search"
        placeholder={isArchive.value ? "Search the archive" : "Search threads"}
        aria-label="Search threads"
        value={search.value}
        onInput={(event) => find(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape" || search.value === "") return;
          event.preventDefault();
          find("");
        }}
      />
      {entries.value.length === 0 && (isRead.value || isOffline.value) && (
        <p class="notice">
          {nothingHere({ isOffline: isOffline.value, isArchive: isArchive.value, isSearch: search.value !== "" })}
        </p>
      )}
      <div class="threads">
        {shown.map(({ section, threads }) => (
          <section key={section.id} aria-labelledby={`section-${section.id}`}>
            <SectionHead section={section} id={`section-${section.id}`} />
            <ul>{list(threads)}</ul>
            {threads.length === 0 && <p class="notice">No thread is here; a thread's menu moves it.</p>}
          </section>
        ))}
        {shown.length > 0 && rest.length > 0 && (
          <div class="section-head">
            <h2>Threads</h2>
          </div>
        )}
        <ul>
          {list(rest)}
          {hasMore.value && (
            <li>
              <button type="button" class="quiet" onClick={showMore}>
                More
              </button>
            </li>
          )}
        </ul>
      </div>
      <button type="button" class="bare archive" aria-pressed={isArchive.value} onClick={() => showArchive(!isArchive.value)}>
        {isArchive.value ? "Back to all threads" : "Archive"}
      </button>
    </nav>
  );
}

function Entry({ thread, isCurrent }: { thread: WireThread; isCurrent: boolean }) {
  const { readStates, hits, isArchive } = useStore().threads;
  const [isRenaming, setRenaming] = useState(false);
  const isUnread = readStates.value[thread.id]?.firstUnread != null && !isCurrent;
  const hit = hits.value?.of[thread.id];
  const to = hit?.itemId
    ? ({ view: "thread", threadId: thread.id, tab: "talk", item: hit.itemId } as const)
    : threadPlace(thread.id);
  return (
    <li class="entry">
      <div class="entry-body">
        {" "}
        {isRenaming ? (
          <RenameThread thread={thread} done={() => setRenaming(false)} />
        ) : (
          <a class="thread-link" href={hrefOf(to)} aria-current={isCurrent ? "page" : undefined}>
            <span class={isUnread ? "title unread" : "title"}>
              {titleOf(thread)}
              {isUnread && <span class="unseen"> has something new</span>}
            </span>
            {hit && hits.value && <MarkedSnippet text={hit.snippet} term={hits.value.term} />}
            <span class="detail">
              <time dateTime={new Date(thread.updatedAt * 1000).toISOString()}>{whenText(thread.updatedAt * 1000)}</time>
              <StatusBadge status={thread.status} />
            </span>
          </a>
        )}
      </div>{" "}
      <ThreadMenu thread={thread} isArchived={isArchive.value} handle={null} rename={() => setRenaming(true)} />
    </li>
  );
}

/** Today by the clock, else by the day. */
function whenText(atMs: number): string {
  const at = new Date(atMs);
  const now = new Date();
  if (at.toDateString() === now.toDateString()) return at.toLocaleTimeString(undefined, { timeStyle: "short" });
  const isThisYear = at.getFullYear() === now.getFullYear();
  return at.toLocaleDateString(undefined, { day: "numeric", month: "short", year: isThisYear ? undefined : "numeric" });
}

function nothingHere({ isOffline, isArchive, isSearch }: { isOffline: boolean; isArchive: boolean; isSearch: boolean }): string {
  if (isOffline && isArchive) return "The archive is not kept on this device. It comes when the server is reached.";
  if (isOffline && isSearch) return "No thread that is kept here has these words in its title.";
  if (isOffline) return "No threads are kept on this device. They come when the server is reached.";
  if (isSearch) return "No thread has these words.";
  return isArchive ? "Nothing was put away." : "No threads yet. Say what you want done, and the first begins.";
}
