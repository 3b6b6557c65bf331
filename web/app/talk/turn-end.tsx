/** How a turn stands, or how it ended: quiet when all went well. */

import { useEffect, useState } from "preact/hooks";
import type { ThreadHandle } from "#client/thread-handle";
import type { TurnNote } from "#client/turn-notes";
import type { Turn } from "#protocol/turn";
import { Visible } from "../diff/visible.tsx";
import { hrefOf } from "../place.ts";
import { useStore } from "../store/store.ts";
import { amountText, countText, durationText } from "./amounts.ts";
import { Copy } from "./copy.tsx";
import { Plan } from "./plan.tsx";

interface TurnEndProps {
  thread: ThreadHandle;
  turn: Turn;
  note: TurnNote;
  isLast: boolean;
  /** Somebody has to answer first. */
  isAsking: boolean;
}

export function TurnEnd({ thread, turn, note, isLast, isAsking }: TurnEndProps) {
  const { status, durationMs } = turn;
  const isRunning = status === "inProgress";
  const answer = turn.items.findLast((item) => item.type === "agentMessage");
  return (
    <div class={`turn-end ${isLast ? "last" : ""}`}>
      {note.warnings?.map((warning, index) => (
        <p key={index} class="warning">
          <Visible kind="prose" text={warning} />
        </p>
      ))}
      {!isRunning && note.plan && <Plan plan={note.plan} />}
      {status === "failed" && <Failure thread={thread} turn={turn} isLast={isLast} />}
      {note.retry && (
        <p class="warning">
          Trying again: <Visible kind="prose" text={note.retry} />
        </p>
      )}
      <p class="figures">
        {isRunning ? <Working turn={turn} isAsking={isAsking} /> : status === "interrupted" && <span>Stopped</span>}
        {!isRunning && durationMs !== null && <span>{durationText(durationMs)}</span>}
        {note.totalTokens ? <span>{amountText(note.totalTokens)} tokens</span> : null}
        {note.memory && note.memory.length > 0 && (
          <a href={hrefOf({ view: "memory" })}>{countText(note.memory.length, "note")} from memory</a>
        )}
        {!isRunning && answer?.text && <Copy text={answer.text} label="Copy answer" />}
      </p>
    </div>
  );
}

function Working({ turn: { startedAt }, isAsking }: { turn: Turn; isAsking: boolean }) {
  const [nowMs, setNowMs] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  if (isAsking) return <span>Waiting for you</span>;
  const passedMs = startedAt === null ? 0 : nowMs - startedAt * 1_000;
  return (
    <span class="working">
      Working
      {/* A clock is not for reading aloud. */}
      <span aria-hidden="true">{passedMs >= 3_000 ? ` · ${durationText(passedMs)}` : " …"}</span>
    </span>
  );
}

function Failure({ thread, turn, isLast }: { thread: ThreadHandle; turn: Turn; isLast: boolean }) {
  const { client } = useStore();
  const [failure, setFailure] = useState<string | null>(null);
  const said = turn.items.findLast((item) => item.type === "userMessage");
  const retry = () => {
    if (!said) return;
    client.unsent
      .send(thread.id, said.content)
      .catch((error) => setFailure(error instanceof Error ? error.message : String(error)));
  };
  return (
    <div class="failure">
      <p>
        <Visible kind="prose" text={turn.error?.message ?? "The turn failed."} />
      </p>
      {turn.error?.additionalDetails && (
        <details>
          <summary>Details</summary>
          <p>
            <Visible kind="prose" text={turn.error.additionalDetails} />
          </p>
        </details>
      )}
      {isLast && said && (
        <p class="choices">
          <button type="button" onClick={retry}>
            Send again
          </button>
        </p>
      )}
      {failure && <p role="alert">{failure}</p>}
    </div>
  );
}
