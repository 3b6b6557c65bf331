/** One thread, top to bottom, and what it wants to know. */
import { useCallback, useState } from "preact/hooks";
import type { ThreadHandle } from "#client/thread-handle";
import type { PendingRequest } from "#core/thread";
import type { Turn } from "#protocol/turn";
import { Announcer } from "./announcer.tsx";
import { AnsweredElsewhere } from "./answered-elsewhere.tsx";
import { Approval } from "./approval.tsx";
import { ForkDialog } from "./fork-dialog.tsx";
import { ItemView } from "./item-view.tsx";
import { LongList } from "./long-list.tsx";
import { Outgoing } from "./outgoing.tsx";
import { Plan } from "./plan.tsx";
import { Questions } from "./questions.tsx";
import { Queue } from "./queue.tsx";
import { RevertDialog } from "./revert-dialog.tsx";
import { type Row, rowsOf } from "./rows.ts";
import { TurnEnd } from "./turn-end.tsx";
import type { Acting } from "./user-message.tsx";

interface TalkProps {
  thread: ThreadHandle;
  /** See `OpenedThread`. */
  drawn: number;
  /** To begin at, by its id. */
  item: string | null;
  /** There is something that the log does not have yet. */
  hasOutgoing: boolean;
}

export function Talk({ thread, drawn, item, hasOutgoing }: TalkProps) {
  const [acting, act] = useState<Acting | null>(null);
  const stop = useCallback(() => act(null), []);
  // The server may not know of the thread yet: then there is only what waits to be sent.
  const { turns = [], requests = [] } = thread.state ?? {};
  const rows = rowsOf(turns, thread.notes, hasOutgoing);
  const startAt = item === null ? null : rowOfItem(rows, turns, item);
  const isMissing = item !== null && startAt === null && thread.isCaughtUp;
  const plan = thread.turn && thread.notes[thread.turn.id]?.plan;
  const draw = (row: Row) => {
    switch (row.type) {
      case "item":
        return <ItemView item={row.item} turnId={row.turnId} begins={row.begins} act={act} />;
      case "end":
        return (
          <TurnEnd thread={thread} turn={row.turn} note={row.note} isLast={row.isLast} isAsking={thread.questions.length > 0} />
        );
      case "outgoing":
        return <Outgoing threadId={thread.id} />;
      default:
        return row satisfies never;
    }
  };
  return (
    <>
      {isMissing && (
        <p class="notice" role="status">
          What this link leads to is not part of this thread any more.
        </p>
      )}
      <LongList rows={rows} label="Talk" estimate={estimate} draw={draw} startAt={startAt} />
      <Announcer thread={thread} />
      {plan && <Plan plan={plan} />}
      <Queue thread={thread} isRunning={thread.turn !== null} />
      <AnsweredElsewhere thread={thread} drawn={drawn} />
      {requests.map((request) => (
        <Asked key={request.id} request={request} thread={thread} drawn={drawn} />
      ))}
      {acting?.type === "fork" && <ForkDialog threadId={thread.id} at={acting} close={stop} />}
      {acting?.type === "revert" && <RevertDialog thread={thread} at={acting} close={stop} />}
    </>
  );
}

/** Its own row, or where its turn ends for what is not shown. */
function rowOfItem(rows: readonly Row[], turns: readonly Turn[], itemId: string): string | null {
  const own = rows.find((row) => row.type === "item" && row.item.id === itemId);
  if (own) return own.key;
  const turn = turns.find(({ items }) => items.some(({ id }) => id === itemId));
  return turn ? `${turn.id}/end` : null;
}

function Asked({ request, thread, drawn }: { request: PendingRequest; thread: ThreadHandle; drawn: number }) {
  switch (request.method) {
    case "item/commandExecution/requestApproval":
    case "item/fileChange/requestApproval":
      return <Approval request={request} thread={thread} drawn={drawn} />;
    case "item/tool/requestUserInput":
      return <Questions request={request} thread={thread} drawn={drawn} />;
    case "item/tool/call":
      return <p class="notice">Waiting for the client that has the tool {request.params.tool}.</p>;
    default:
      request satisfies never;
      return null;
  }
}

/** Near enough that the thumb of the scroll bar does not jump much. */
function estimate(row: Row): number {
  if (row.type !== "item") return 40;
  const { item } = row;
  switch (item.type) {
    case "userMessage":
      return 100;
    case "agentMessage":
      return 40 + Math.ceil(item.text.length / 90) * 25;
    case "commandExecution":
      return item.aggregatedOutput ? 160 : 60;
    case "fileChange":
      return 240;
    default:
      return 44;
  }
}
