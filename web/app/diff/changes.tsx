/** Every change of files in the thread: what waits for a decision first, then what was decided, turn by turn. */
import "./diff.css";
import type { ComponentChildren } from "preact";
import { useEffect, useReducer, useRef, useState } from "preact/hooks";
import type { ThreadHandle } from "#client/thread-handle";
import type { Turn } from "#protocol/turn";
import { download } from "../files/download.ts";
import { Copy } from "../talk/copy.tsx";
import { textOf } from "../talk/item-text.ts";
import { type FileChange, turnPatch } from "./change-patch.ts";
import { ChangeView, changeWords } from "./change-view.tsx";
import { diffLimits } from "./limits.ts";
import { questionOf } from "./question.ts";
import { Visible } from "./visible.tsx";

/** `item`: what the address asks for, as a notification of it does. */
export function Changes({ thread, item }: { thread: ThreadHandle; item: string | null }) {
  useFrames(thread);
  const [turnsShown, setTurnsShown] = useState<number>(diffLimits.turnsShown);
  /** Decided while one looked: it stays where it is until one leaves, so that nothing jumps away under the finger. */
  const looked = useRef(new Set<string>());
  const turns = (thread.state?.turns ?? []).filter(({ items }) => items.some(isChange)).toReversed();
  const changes = turns.flatMap(changesOf);
  const waiting = changes.filter(({ id }) => questionOf(thread, id).type !== "none" || looked.current.has(id));
  for (const { id } of waiting) looked.current.add(id);
  if (turns.length === 0)
    return (
      <div class="scroll">
        <div class="nothing">
          <h2>No file was changed in this thread yet</h2>
          <p>What the agent proposes is reviewed here, before it lands in the workspace.</p>
        </div>
      </div>
    );
  const place = turns.findIndex(({ items }) => items.some(({ id }) => id === item));
  const isMissing = item !== null && place < 0 && thread.isCaughtUp;
  const shown = Math.max(turnsShown, place + 1);
  return (
    <div class="scroll changes">
      {isMissing && (
        <p class="notice" role="status">
          The change that this link leads to is not part of this thread any more.
        </p>
      )}
      {waiting.length > 0 && (
        <section aria-labelledby="changes-waiting">
          <h2 id="changes-waiting">Waiting for you</h2>
          {waiting.map((change) => (
            <Aim key={change.id} isAimed={change.id === item}>
              <div class="change-card">
                <ChangeView thread={thread} item={change} />
              </div>
            </Aim>
          ))}
        </section>
      )}
      {turns.slice(0, shown).map((turn) => (
        <TurnChanges key={turn.id} thread={thread} turn={turn} aim={item} isElsewhere={(id) => looked.current.has(id)} />
      ))}
      {turns.length > shown && (
        <button type="button" class="quiet" onClick={() => setTurnsShown(shown + diffLimits.turnsShown)}>
          Show earlier turns
        </button>
      )}
    </div>
  );
}

function TurnChanges({
  thread,
  turn,
  aim,
  isElsewhere,
}: {
  thread: ThreadHandle;
  turn: Turn;
  aim: string | null;
  isElsewhere: (itemId: string) => boolean;
}) {
  const changes = changesOf(turn).filter(({ id }) => !isElsewhere(id));
  const landed = turn.items.some((item) => isChange(item) && item.status === "completed");
  if (changes.length === 0 && !landed) return null;
  const [said] = turn.items.flatMap((item) => (item.type === "userMessage" ? [textOf(item)] : []));
  const headId = `changes-${turn.id}`;
  return (
    <section aria-labelledby={headId}>
      <div class="turn-head">
        <h2 id={headId}>{said ? <Visible text={said.slice(0, 120)} /> : "A turn"}</h2>
        {turn.startedAt !== null && <time>{new Date(turn.startedAt * 1000).toLocaleString()}</time>}
        {landed && (
          <span class="tools">
            <Copy text={() => turnPatch(turn)} label="Copy patch" />
            <button
              type="button"
              class="bare"
              onClick={() => download(new Blob([turnPatch(turn)], { type: "text/x-diff" }), `turn-${turn.id.slice(0, 8)}.patch`)}
            >
              Download patch
            </button>
          </span>
        )}
      </div>
      {changes.map((change) => (
        <Aim key={change.id} isAimed={change.id === aim}>
          <Past thread={thread} change={change} isAimed={change.id === aim} />
        </Aim>
      ))}
    </section>
  );
}

/** Folded: a history is looked through by names. Drawn when it is opened, and not before. */
function Past({ thread, change, isAimed }: { thread: ThreadHandle; change: FileChange; isAimed: boolean }) {
  const [isOpen, setOpen] = useState(isAimed);
  useEffect(() => {
    if (isAimed) setOpen(true);
  }, [isAimed]);
  return (
    <div class="change-card">
      <button type="button" class="fold past" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
        <span class="path">
          <Visible text={namesOf(change)} />
        </span>
        <span class={`badge ${change.status}`}>{changeWords[change.status]}</span>
      </button>
      {isOpen && <ChangeView thread={thread} item={change} />}
    </div>
  );
}

/** The handle is the same after every frame, and what has a state of its own is drawn again only when its properties change. */
function useFrames(thread: ThreadHandle): void {
  const [, draw] = useReducer((count: number) => count + 1, 0);
  useEffect(() => {
    let drawing = 0;
    const stop = thread.subscribe(() => {
      drawing ||= requestAnimationFrame(() => {
        drawing = 0;
        draw(undefined);
      });
    });
    return () => {
      stop();
      cancelAnimationFrame(drawing);
    };
  }, [thread]);
}

/** Brings what the address asks for before the eyes, once. */
function Aim({ isAimed, children }: { isAimed: boolean; children: ComponentChildren }) {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!isAimed) return;
    place.current?.scrollIntoView({ block: "start" });
    place.current?.focus({ preventScroll: true });
  }, [isAimed]);
  return (
    <div ref={place} class="aim" tabIndex={-1}>
      {children}
    </div>
  );
}

function namesOf({ changes }: FileChange): string {
  const names = changes.slice(0, 3).map(({ path }) => path.replace(/^\/workspace\//, ""));
  return changes.length > 3 ? `${names.join(", ")} and ${changes.length - 3} more` : names.join(", ");
}

function changesOf(turn: Turn): FileChange[] {
  return turn.items.filter(isChange);
}

function isChange(item: Turn["items"][number]): item is FileChange {
  return item.type === "fileChange";
}
