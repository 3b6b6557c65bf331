/** What a thread is called, how it stands, where it belongs, and what can be done with it. */
import type { ThreadHandle } from "#client/thread-handle";
import { wireThread } from "#core/thread";
import { overlay } from "../keys/overlay.ts";
import { goToList, hrefOf, type Place, type ThreadTab, threadPlace } from "../place.ts";
import { renaming } from "../store/current-thread.ts";
import { useStore } from "../store/store.ts";
import { titleOf } from "../store/thread-list.ts";
import { RenameThread } from "../threads/rename-thread.tsx";
import { StatusBadge } from "../threads/status-badge.tsx";
import { ThreadMenu } from "../threads/thread-menu.tsx";
import { repositoryLink } from "./repository-link.ts";

const tabs: { tab: ThreadTab; label: string }[] = [
  { tab: "talk", label: "Talk" },
  { tab: "changes", label: "Changes" },
  { tab: "decisions", label: "Decisions" },
  { tab: "files", label: "Files" },
];

interface ThreadHeaderProps {
  thread: ThreadHandle | null;
  /** See `OpenedThread`. */
  drawn: number;
  at: Extract<Place, { view: "thread" }>;
}

export function ThreadHeader({ thread, at }: ThreadHeaderProps) {
  const { threads } = useStore();
  const state = thread?.state;
  const listed = threads.entries.value.find(({ id }) => id === at.threadId);
  const link = repositoryLink(thread?.gitInfo ?? listed?.gitInfo);
  const wire = state ? wireThread(state) : null;
  const rename = () => {
    renaming.value = at.threadId;
  };
  return (
    <header class="bar">
      <button type="button" class="quiet back" aria-label="All threads" onClick={goToList}>
        ‹
      </button>
      {wire && renaming.value === at.threadId ? (
        <div class="title">
          <h1 class="unseen">{titleOf(wire)}</h1>
          <RenameThread
            thread={wire}
            done={() => {
              renaming.value = null;
            }}
          />
        </div>
      ) : (
        <h1 class="title">
          {wire ? (
            <button type="button" class="bare name" title="Rename" onClick={rename}>
              <span>{titleOf(wire)}</span>
            </button>
          ) : thread ? (
            "New thread"
          ) : (
            "…"
          )}
        </h1>
      )}
      {wire && <StatusBadge status={wire.status} />}
      {link && (
        <a class="repository" href={link.href} target="_blank" rel="noreferrer">
          {link.label}
        </a>
      )}
      <button
        type="button"
        class="quiet find narrow-only"
        aria-label="Find threads, places and actions"
        aria-haspopup="dialog"
        onClick={() => {
          overlay.value = "palette";
        }}
      >
        ⌕
      </button>
      {wire && thread && <ThreadMenu thread={wire} isArchived={state?.archived ?? false} handle={thread} rename={rename} />}
      <nav class="tabs" aria-label="Parts of the thread">
        {tabs.map(({ tab, label }) => (
          <a key={tab} href={hrefOf(threadPlace(at.threadId, tab))} aria-current={tab === at.tab ? "page" : undefined}>
            {label}
          </a>
        ))}
      </nav>
    </header>
  );
}
