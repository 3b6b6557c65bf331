/** What the thread decides by: what it assumes, what could be done, what was chosen, and what flipped the choice. */
import "./decision.css";
import { useRef, useState } from "preact/hooks";
import type { ThreadHandle } from "#client/thread-handle";
import type { Turn } from "#protocol/turn";
import { Reading } from "../installed/reading.tsx";
import { useThreadState } from "../store/thread-state.ts";
import { textOf } from "../talk/item-text.ts";
import { useAnnotation } from "./annotation.ts";
import { AssumptionPanel } from "./assumption-panel.tsx";
import { Decision } from "./decision.tsx";
import { ModeSetting } from "./mode.tsx";
import { decidingTurns, useRevisions } from "./revisions.ts";

/** `drawn`: see `OpenedThread`. */
export function Decisions({ thread, drawn }: { thread: ThreadHandle; drawn: number }) {
  const state = useThreadState(thread);
  const live = state?.decisionTree ?? null;
  const turns = decidingTurns(state?.turns ?? [], live?.turnId ?? null);
  const [turnId, setTurnId] = useState<string | null>(null);
  // Null: the newest, whatever comes.
  const [revision, setRevision] = useState<number | null>(null);
  const [selectedId, setSelectedId] = useState<string | null>(null);
  const opener = useRef<HTMLElement | null>(null);
  const annotation = useAnnotation(thread.id);
  const turn = turns.find(({ id }) => id === turnId) ?? turns.at(-1);
  const { trees, failure } = useRevisions(thread, turn?.id ?? null, live);
  const tree = trees.find((other) => other.revision === revision) ?? trees.at(-1);
  const assumption = tree?.assumptions.find(({ id }) => id === selectedId);
  const isNewest = tree !== undefined && tree === trees.at(-1);
  return (
    <div class="decision-view">
      <div class="scroll decision">
        {turns.length > 1 && (
          <TurnChoice
            turns={turns}
            turnId={turn?.id}
            choose={(id) => {
              setTurnId(id);
              setRevision(null);
            }}
          />
        )}
        {failure && (
          <p class="notice failed" role="alert">
            {failure}
          </p>
        )}
        {!turn && <Empty />}
        {turn && !tree && !failure && (
          <Reading
            words="Reading the decision …"
            offline="Of decisions this device keeps the newest only. This one comes when the server is reached."
          />
        )}
        {turn && tree && (
          <Decision
            turn={turn}
            trees={trees}
            tree={tree}
            selectedId={assumption?.id ?? null}
            select={(id, element) => {
              opener.current = element;
              setSelectedId(id === selectedId ? null : id);
            }}
            showRevision={(number) => setRevision(number === trees.at(-1)?.revision ? null : number)}
          />
        )}
        <ModeSetting thread={thread} drawn={drawn} />
      </div>
      {turn && assumption && (
        <AssumptionPanel
          threadId={thread.id}
          assumption={assumption}
          items={turn.items}
          annotation={annotation}
          obstacle={obstacleTo({ isNewest, isLastOfThread: turn.id === live?.turnId })}
          close={() => {
            setSelectedId(null);
            opener.current?.focus();
          }}
        />
      )}
    </div>
  );
}

function obstacleTo({ isNewest, isLastOfThread }: { isNewest: boolean; isLastOfThread: boolean }): string | null {
  if (!isLastOfThread) return "A later turn has decided since: only what the last decision assumes can be confirmed or refuted.";
  return isNewest ? null : "This is an earlier revision: go back to the newest to confirm or refute.";
}

function TurnChoice({ turns, turnId, choose }: { turns: Turn[]; turnId: string | undefined; choose: (turnId: string) => void }) {
  return (
    <label class="turn-choice">
      Decision of
      <select value={turnId} onChange={({ currentTarget }) => choose(currentTarget.value)}>
        {turns.map((turn, place) => (
          <option key={turn.id} value={turn.id}>
            {place + 1}. {requestOf(turn)}
          </option>
        ))}
      </select>
    </label>
  );
}

function requestOf({ items }: Turn): string {
  const message = items.find((item) => item.type === "userMessage");
  return (message && textOf(message).split("\n")[0]?.slice(0, 80)) || "a turn without a message";
}

function Empty() {
  return (
    <section class="empty">
      <h2>Nothing was weighed here yet</h2>
      <p>
        Before a costly step a model says what it assumes and what could be done. Spindle computes which action is worth most,
        looks up or asks what would change that, and shows all of it here.
      </p>
      <p>With Rehearsal, say this in the talk:</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard. */}
      <pre tabIndex={0}>{example}</pre>
    </section>
  );
}

const example = `assume A1 p=0.7 kind=code_fact: a.txt says yes
action patch cost=0.10 gain[A1]=0.9 gain[!A1]=-0.6: say patched
action guard cost=0.05 gain=0.35: say guarded
probe Q on=A1 se=0.95 sp=0.95 cost=0.03: grep -q yes a.txt
decide`;
