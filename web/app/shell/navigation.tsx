/** The ways through the page: beside the list on a large screen, below everything on a phone. */
import { hrefOf, isListFirst, type Place, place } from "../place.ts";
import { useStore } from "../store/store.ts";

const entries: { label: string; to: Place }[] = [
  { label: "Inbox", to: { view: "inbox" } },
  { label: "Memory", to: { view: "memory" } },
  { label: "Settings", to: { view: "settings" } },
];

export function Navigation() {
  const { waiting } = useStore().threads;
  const { view } = place.value;
  const inThreads = view === "thread" || view === "new";
  return (
    <nav class="ways" aria-label="Main">
      <a class="threads-way" href="#/" aria-current={inThreads ? "page" : undefined}>
        Threads
      </a>
      {entries.map(({ label, to }) => (
        <a key={label} href={hrefOf(to)} aria-current={view === to.view && !isListFirst.value ? "page" : undefined}>
          {label}
          {to.view === "inbox" && waiting.value > 0 && (
            <span class="count">
              {waiting.value}
              <span class="unseen"> waiting</span>
            </span>
          )}
        </a>
      ))}
    </nav>
  );
}
