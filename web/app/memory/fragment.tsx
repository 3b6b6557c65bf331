/** One fragment: its words, how it did, where it came from; to be reworded or forgotten. */

import { useRef, useState } from "preact/hooks";
import { Visible } from "../diff/visible.tsx";
import { spelled } from "../diff/visible-text.ts";
import { moment } from "../figures.ts";
import { appLimits } from "../limits.ts";
import { hrefOf, threadPlace } from "../place.ts";
import { useStore } from "../store/store.ts";
import { titleOf } from "../store/thread-list.ts";
import { useAsked, useDeed } from "./asking.ts";
import { Confirm, Failure } from "./confirm.tsx";
import { effectOf, type Fragment, kindWords, scopeInWords, stateWords, threadsOf } from "./sentences.ts";

const stateClass = { candidate: "", probation: "asking", active: "completed", quarantined: "failed", tombstone: "" } as const;

interface FragmentCardProps {
  fragment: Fragment;
  /** Something of the memory is other than it was. */
  changed(): void;
  /** It is no more, and neither is the button that was pressed. */
  forgotten(): void;
}

export function FragmentCard({ fragment, changed, forgotten }: FragmentCardProps) {
  const { client } = useStore();
  const [doing, setDoing] = useState<"nothing" | "editing" | "forgetting">("nothing");
  const [isOpen, setOpen] = useState(false);
  const deed = useDeed();
  const card = useRef<HTMLElement>(null);
  const { id, title, when, content, kind, state, scope } = fragment;
  const forget = () =>
    deed.run(async () => {
      await client.request("spindle/memory/forget", { fragmentId: id });
      forgotten();
    });
  const endEditing = () => {
    setDoing("nothing");
    // The form had the focus and is gone.
    card.current?.focus();
  };
  return (
    <article class="fragment" aria-label={spelled(title)} ref={card} tabIndex={-1}>
      <header>
        <h3>
          <Visible kind="prose" text={title} />
        </h3>
        <span class="badge">{kindWords[kind]}</span>
        <span class={`badge ${stateClass[state]}`}>{stateWords[state]}</span>
      </header>
      {doing === "editing" ? (
        <EditForm
          fragment={fragment}
          close={endEditing}
          saved={() => {
            endEditing();
            changed();
          }}
        />
      ) : (
        <>
          <p class="content">
            <Visible kind="prose" text={content} />
          </p>
          <p class="detail">
            <Visible kind="prose" text={when} />
          </p>
          <p class="detail">
            For <Visible text={scopeInWords(scope)} />
          </p>
          <details open={isOpen} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
            <summary>How it did, and where it came from</summary>
            {isOpen && <Evidence fragment={fragment} />}
          </details>
          <div class="choices">
            <button type="button" class="quiet" onClick={() => setDoing("editing")}>
              Edit<span class="unseen"> {title}</span>
            </button>
            <button type="button" class="quiet" disabled={deed.isRunning} onClick={() => setDoing("forgetting")}>
              Forget<span class="unseen"> {title}</span>
            </button>
          </div>
        </>
      )}
      <Failure words={deed.failure} />
      {doing === "forgetting" && (
        <Confirm title="Forget this for good?" action="Forget" confirm={() => void forget()} close={() => setDoing("nothing")}>
          <p>“{title}”, all that was made of it, and what says the very same elsewhere. Its turns teach nothing more.</p>
          <p>This cannot be undone. The talk itself stays, and so does another fragment that quotes the same request.</p>
        </Confirm>
      )}
    </article>
  );
}

function Evidence({ fragment }: { fragment: Fragment }) {
  const { threads } = useStore();
  const { value, failure } = useAsked("spindle/memory/read", { fragmentId: fragment.id });
  const nameOf = (threadId: string) => {
    const thread = threads.entries.value.find(({ id }) => id === threadId);
    return thread ? titleOf(thread) : `Thread ${threadId.slice(0, 8)}`;
  };
  return (
    <div class="evidence-of">
      {value ? <p>{effectOf(value.evidence)}</p> : failure ? <Failure words={failure} /> : <p class="detail">Reading …</p>}
      <ul>
        {threadsOf(fragment).map((threadId) => (
          <li key={threadId}>
            From <a href={hrefOf(threadPlace(threadId))}>{nameOf(threadId)}</a>
          </li>
        ))}
      </ul>
      <p class="detail">
        Version {fragment.version}, made {moment(fragment.createdAtMs)}, {stateWords[fragment.state]} since{" "}
        {moment(fragment.stateSinceMs)}.{fragment.trust === "toolText" && " It holds text of a tool, and never leaves its scope."}
      </p>
      {value && value.evidence.runs.length > 0 && (
        <ul>
          {value.evidence.runs.map(({ id, atMs, summary }) => (
            <li key={id} class="detail">
              {moment(atMs)}: <Visible kind="prose" text={summary} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function EditForm({ fragment, close, saved }: { fragment: Fragment; close: () => void; saved: () => void }) {
  const { client } = useStore();
  const [title, setTitle] = useState(fragment.title);
  const [when, setWhen] = useState(fragment.when);
  const [content, setContent] = useState(fragment.content);
  const deed = useDeed();
  const save = async (event: Event) => {
    event.preventDefault();
    if (await deed.run(() => client.request("spindle/memory/edit", { fragmentId: fragment.id, title, when, content }))) saved();
  };
  return (
    <form class="words" onSubmit={save}>
      <Words label="Title" value={title} charactersMax={appLimits.fragmentTitleCharactersMax} set={setTitle} isFocused />
      <Words label="When it applies" value={when} charactersMax={appLimits.fragmentWhenCharactersMax} set={setWhen} />
      <Words
        label="What to do"
        value={content}
        charactersMax={appLimits.fragmentContentCharactersMax}
        set={setContent}
        rows={4}
      />
      <p class="detail">In your words it keeps half of its record, and from then on only people change it.</p>
      <Failure words={deed.failure} />
      <div class="choices">
        <button type="submit" disabled={deed.isRunning}>
          Save
        </button>
        <button type="button" class="quiet" onClick={close}>
          Cancel
        </button>
      </div>
    </form>
  );
}

interface WordsProps {
  label: string;
  value: string;
  charactersMax: number;
  set(value: string): void;
  rows?: number;
  isFocused?: boolean;
}

export function Words({ label, value, charactersMax, set, rows = 2, isFocused = false }: WordsProps) {
  return (
    <label>
      {label}
      <textarea
        ref={isFocused ? focusOnce : undefined}
        rows={rows}
        value={value}
        maxLength={charactersMax}
        required
        onInput={({ currentTarget }) => set(currentTarget.value)}
      />
      <span class="detail">
        {value.length} of {charactersMax}
      </span>
    </label>
  );
}

/** Where the form takes the place of the button that was pressed. */
function focusOnce(field: HTMLTextAreaElement | null): void {
  field?.focus();
}
