/** The name of a section, changed in place; deleting it keeps its threads. `Pinned` is the server's own, and stays. */
import { useState } from "preact/hooks";
import type { ThreadSection } from "#protocol/thread";
import { useStore } from "../store/store.ts";
import { isPinned } from "../store/thread-list.ts";

export function SectionHead({ section, id }: { section: ThreadSection; id: string }) {
  const { threads } = useStore();
  const [name, setName] = useState<string | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const fail = (error: Error) => setFailure(error.message);
  const keep = (event: Event) => {
    event.preventDefault();
    if (!name?.trim()) return setName(null);
    threads.renameSection(section.id, name.trim()).then(() => setName(null), fail);
  };
  const remove = () => {
    if (confirm(`Delete the section "${section.name}"? Its threads stay.`)) threads.deleteSection(section.id).catch(fail);
  };
  return (
    <div class="section-head">
      {name === null ? (
        <h2 id={id}>{section.name}</h2>
      ) : (
        <form onSubmit={keep}>
          <input
            aria-label="Name of the section"
            id={id}
            ref={(field) => {
              if (document.activeElement !== field) field?.focus();
            }}
            value={name}
            onInput={({ currentTarget }) => setName(currentTarget.value)}
            onKeyDown={({ key }) => key === "Escape" && setName(null)}
          />
        </form>
      )}
      {!isPinned(section) && name === null && (
        <>
          <button
            type="button"
            class="bare"
            aria-label={`Rename the section ${section.name}`}
            onClick={() => setName(section.name)}
          >
            Rename
          </button>
          <button type="button" class="bare" aria-label={`Delete the section ${section.name}`} onClick={remove}>
            Delete
          </button>
        </>
      )}
      {failure && (
        <p class="notice failed" role="alert">
          {failure}
        </p>
      )}
    </div>
  );
}
