/** Wordings of instructions: a person proposes, reads, approves and compares them; no model does. */

import { useState } from "preact/hooks";
import { Visible } from "../diff/visible.tsx";
import { appLimits } from "../limits.ts";
import { useStore } from "../store/store.ts";
import { useAsked, useDeed } from "./asking.ts";
import { Confirm, Failure } from "./confirm.tsx";
import { Words } from "./fragment.tsx";
import { type Fragment, ratingOf } from "./sentences.ts";

export function Metaprompts({ version }: { version: number }) {
  const { client } = useStore();
  const { value, failure, again } = useAsked(
    "spindle/memory/metaprompt/list",
    { limit: appLimits.memoryExportPageEntries },
    version,
  );
  const [declining, setDeclining] = useState<Fragment | null>(null);
  const deed = useDeed();
  const act = (work: () => Promise<unknown>) => deed.run(() => work().then(again));
  const wordings = value?.data.filter(({ state }) => state !== "tombstone") ?? [];
  return (
    <>
      <p class="detail">
        One approved wording stands in the instructions of turns that are given memory. Another takes its place when people
        compared them at least twelve times and it is stronger with 90 %.
      </p>
      <Failure words={deed.failure ?? failure} />
      <ul class="fragments">
        {wordings.map((wording) => (
          <li key={wording.id}>
            <article class="fragment" aria-label={wording.title}>
              <header>
                <h3>
                  <Visible kind="prose" text={wording.title} />
                </h3>
                {wording.id === value?.championId && <span class="badge completed">✓ given to turns</span>}
                {wording.id !== value?.championId && (
                  <span class="badge">{wording.state === "candidate" ? "not approved" : "approved"}</span>
                )}
              </header>
              <p class="content">
                <Visible kind="prose" text={wording.content} />
              </p>
              <p class="detail">
                {wording.when} {ratingOf(wording.rating)}
              </p>
              <div class="choices">
                {wording.state === "candidate" && (
                  <button
                    type="button"
                    class="quiet"
                    disabled={deed.isRunning}
                    onClick={() =>
                      void act(() => client.request("spindle/memory/metaprompt/approve", { fragmentId: wording.id }))
                    }
                  >
                    Approve<span class="unseen"> {wording.title}</span>
                  </button>
                )}
                <button type="button" class="quiet" disabled={deed.isRunning} onClick={() => setDeclining(wording)}>
                  Forget<span class="unseen"> {wording.title}</span>
                </button>
              </div>
            </article>
          </li>
        ))}
      </ul>
      {wordings.length > 1 && <Comparison wordings={wordings} act={act} />}
      <Proposal act={act} />
      {declining && (
        <Confirm
          title="Forget this wording?"
          action="Forget"
          confirm={() => void act(() => client.request("spindle/memory/forget", { fragmentId: declining.id }))}
          close={() => setDeclining(null)}
        >
          <p>“{declining.title}” leaves the very next request. This cannot be undone.</p>
        </Confirm>
      )}
    </>
  );
}

type Act = (work: () => Promise<unknown>) => Promise<boolean>;

function Comparison({ wordings, act }: { wordings: readonly Fragment[]; act: Act }) {
  const { client } = useStore();
  const [firstId, setFirstId] = useState<string | null>(null);
  const [secondId, setSecondId] = useState<string | null>(null);
  const first = wordings.find(({ id }) => id === firstId) ?? wordings[0];
  const second = wordings.find(({ id }) => id === secondId && id !== first?.id) ?? wordings.find(({ id }) => id !== first?.id);
  if (!first || !second) return null;
  const say = (better: "first" | "second" | "neither") =>
    void act(() =>
      client.request("spindle/memory/metaprompt/compare", { firstFragmentId: first.id, secondFragmentId: second.id, better }),
    );
  return (
    <fieldset class="comparison">
      <legend>Read both: which is better?</legend>
      <Pick label="First" wordings={wordings} picked={first} pick={setFirstId} />
      <Pick label="Second" wordings={wordings.filter(({ id }) => id !== first.id)} picked={second} pick={setSecondId} />
      <div class="choices">
        <button type="button" class="quiet" onClick={() => say("first")}>
          The first
        </button>
        <button type="button" class="quiet" onClick={() => say("second")}>
          The second
        </button>
        <button type="button" class="quiet" onClick={() => say("neither")}>
          Neither
        </button>
      </div>
    </fieldset>
  );
}

interface PickProps {
  label: string;
  wordings: readonly Fragment[];
  picked: Fragment;
  pick(id: string): void;
}

function Pick({ label, wordings, picked, pick }: PickProps) {
  return (
    <label>
      {label}
      <select value={picked.id} onChange={({ currentTarget }) => pick(currentTarget.value)}>
        {wordings.map(({ id, title }) => (
          <option key={id} value={id}>
            {title}
          </option>
        ))}
      </select>
    </label>
  );
}

function Proposal({ act }: { act: Act }) {
  const { client } = useStore();
  const [title, setTitle] = useState("");
  const [when, setWhen] = useState("");
  const [content, setContent] = useState("");
  const propose = async (event: Event) => {
    event.preventDefault();
    if (!(await act(() => client.request("spindle/memory/metaprompt/propose", { title, when, content })))) return;
    setTitle("");
    setWhen("");
    setContent("");
  };
  return (
    <form class="words" onSubmit={propose}>
      <h3>Propose a wording</h3>
      <Words label="Title" value={title} charactersMax={appLimits.fragmentTitleCharactersMax} set={setTitle} />
      <Words label="When it applies" value={when} charactersMax={appLimits.fragmentWhenCharactersMax} set={setWhen} />
      <Words
        label="Instructions"
        value={content}
        charactersMax={appLimits.fragmentContentCharactersMax}
        set={setContent}
        rows={4}
      />
      <button type="submit" class="quiet">
        Propose
      </button>
    </form>
  );
}
