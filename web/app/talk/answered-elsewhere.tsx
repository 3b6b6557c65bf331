/** A question that one was looking at is gone: says what somebody else answered, until the next turn. */
import { useEffect, useState } from "preact/hooks";
import type { ThreadHandle } from "#client/thread-handle";
import { elsewhereText } from "./elsewhere-text.ts";

interface Answered {
  turnId: string;
  itemId: string;
}

export function AnsweredElsewhere({ thread }: { thread: ThreadHandle; drawn: number }) {
  const [answered, setAnswered] = useState<Answered | null>(null);
  useEffect(() => {
    const open = () => new Map(thread.questions.map(({ id, params }) => [id, "itemId" in params ? params.itemId : ""]));
    let known = open();
    return thread.subscribe(() => {
      const requests = new Set(thread.state?.requests.map(({ id }) => id));
      // What we answered ourselves waits for its confirmation first, and is no question any more.
      const gone = Array.from(known).findLast(([id]) => !requests.has(id));
      known = open();
      if (gone && thread.turn) setAnswered({ turnId: thread.turn.id, itemId: gone[1] });
    });
  }, [thread]);
  const turn = thread.state?.turns.at(-1);
  if (!answered || turn?.id !== answered.turnId || turn.status === "interrupted") return null;
  const item = turn.items.find(({ id }) => id === answered.itemId);
  const isDecided = item?.type === "fileChange" || item?.type === "commandExecution";
  return (
    <p class="elsewhere" role="status">
      {elsewhereText(isDecided ? item.status : null)}
    </p>
  );
}
