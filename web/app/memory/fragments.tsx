/** What the account learnt: searched, or all of it page by page. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Reading } from "../installed/reading.tsx";
import { appLimits } from "../limits.ts";
import { useAsked, usePages } from "./asking.ts";
import { Failure } from "./confirm.tsx";
import { FragmentCard } from "./fragment.tsx";
import { type Fragment, stateWords } from "./sentences.ts";

interface FragmentsProps {
  scope: string | null;
  version: number;
  changed(): void;
  /** Tells of scopes, so that they can be chosen. */
  saw(fragments: readonly Fragment[]): void;
}

const states = ["candidate", "probation", "active", "quarantined", "tombstone"] as const;

export function Fragments({ scope, version, changed, saw }: FragmentsProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  const forgotten = () => {
    changed();
    heading.current?.focus();
  };
  const [words, setWords] = useState("");
  const [query, setQuery] = useState("");
  const [state, setState] = useState<Fragment["state"] | null>(null);
  useEffect(() => {
    const timer = setTimeout(() => setQuery(words.trim()), appLimits.memorySearchPauseMs);
    return () => clearTimeout(timer);
  }, [words]);
  return (
    <section>
      <h2 ref={heading} tabIndex={-1}>
        What was learnt
      </h2>
      <div class="finding">
        <input
          type="search"
          aria-label="Search the memory"
          placeholder="Search what was learnt"
          value={words}
          onInput={({ currentTarget }) => setWords(currentTarget.value)}
        />
        <select
          aria-label="State"
          value={state ?? ""}
          disabled={query !== ""}
          onChange={({ currentTarget }) => setState(states.find((one) => one === currentTarget.value) ?? null)}
        >
          <option value="">Any state</option>
          {states.map((one) => (
            <option key={one} value={one}>
              {stateWords[one]}
            </option>
          ))}
        </select>
      </div>
      {query === "" ? (
        <All
          key={`${scope} ${state}`}
          scope={scope}
          state={state}
          version={version}
          changed={changed}
          forgotten={forgotten}
          saw={saw}
        />
      ) : (
        <Found query={query} scope={scope} version={version} changed={changed} forgotten={forgotten} />
      )}
    </section>
  );
}

interface ListProps extends FragmentsProps {
  forgotten(): void;
}

function All({ scope, state, version, changed, forgotten, saw }: ListProps & { state: Fragment["state"] | null }) {
  const { entries, hasMore, failure, more } = usePages(
    "spindle/memory/list",
    { scope, state, limit: appLimits.memoryPageEntries },
    version,
  );
  useEffect(() => saw(entries ?? []), [entries, saw]);
  if (failure && !entries) return <Failure words={failure} />;
  if (!entries)
    return (
      <Reading
        words="Reading the memory …"
        offline="The memory is not kept on this device. It comes when the server is reached."
      />
    );
  // Wordings of instructions have a section of their own; of what was removed only its place in the lineage is left.
  const shown = entries.filter((one) => one.kind !== "metaprompt" && (state === "tombstone" || one.state !== "tombstone"));
  if (shown.length === 0 && !hasMore) return scope || state ? <p class="notice">There is nothing of the kind.</p> : <Empty />;
  return (
    <>
      <Cards fragments={shown} changed={changed} forgotten={forgotten} />
      <Failure words={failure} />
      {hasMore && (
        <button type="button" class="quiet" onClick={more}>
          Show more
        </button>
      )}
    </>
  );
}

function Found({ query, scope, version, changed, forgotten }: Omit<ListProps, "saw"> & { query: string }) {
  const repository = scope?.startsWith("repository/") ? scope.slice("repository/".length) : null;
  const { value, failure } = useAsked("spindle/memory/search", { query, repository }, version);
  if (!value) return failure ? <Failure words={failure} /> : <p class="notice">Searching …</p>;
  const found = value.data.map(({ fragment }) => fragment).filter(({ kind }) => kind !== "metaprompt");
  return (
    <>
      <p class="detail" role="status">
        {found.length === 0 ? "Nothing fits these words." : `${found.length} found, the best first.`} Searched as a turn would: in
        the account
        {repository && ` and in ${repository}`}. What only one thread is given stands in the list.
      </p>
      <Cards fragments={found} changed={changed} forgotten={forgotten} />
    </>
  );
}

interface CardsProps extends Pick<ListProps, "changed" | "forgotten"> {
  fragments: readonly Fragment[];
}

function Cards({ fragments, changed, forgotten }: CardsProps) {
  return (
    <ul class="fragments">
      {fragments.map((fragment) => (
        <li key={fragment.id}>
          <FragmentCard fragment={fragment} changed={changed} forgotten={forgotten} />
        </li>
      ))}
    </ul>
  );
}

function Empty() {
  return (
    <section class="empty">
      <h2>Nothing was learnt yet</h2>
      <p>
        Decline a change and say in the same thread what was wrong; or let a command fail and pass. When such a turn ends, at most
        three short notes are kept here, and later turns may be given them.
      </p>
      <p>Half of all threads are given none at first, so that it can be seen whether notes help at all.</p>
    </section>
  );
}
