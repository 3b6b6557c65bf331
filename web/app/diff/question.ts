/** Whether a change waits for somebody's yes, and what became of it while one looked. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { ThreadHandle } from "#client/thread-handle";
import type { PendingRequest } from "#core/thread";
import type { FileChange } from "./change-patch.ts";

export type ChangeRequest = Extract<PendingRequest, { method: "item/fileChange/requestApproval" }>;

export type Question =
  | { type: "none" }
  /** `refusal`: why the last answer could not be taken. */
  | { type: "open"; request: ChangeRequest; refusal: string | null }
  /** Answered here, and the log has nothing of it yet. */
  | { type: "answered"; isOnline: boolean }
  /** Somebody else was first, or the turn went on without us. */
  | { type: "decidedElsewhere"; status: FileChange["status"] };

/** Follows the thread by itself: whoever shows an item need not draw it again when a request comes or goes. */
export function useQuestion(thread: ThreadHandle, item: FileChange): Question & { answered(isYes: boolean): void } {
  const [question, setQuestion] = useState(() => questionOf(thread, item.id));
  const ours = useRef<boolean | null>(null);
  const [isGone, setGone] = useState(false);
  useEffect(() => {
    let known = questionOf(thread, item.id);
    const look = () => {
      const next = questionOf(thread, item.id);
      if (keyOf(next) === keyOf(known)) return;
      if (next.type === "none") setGone(true);
      if (next.type === "open") {
        ours.current = null;
        setGone(false);
      }
      known = next;
      setQuestion(next);
    };
    setQuestion(known);
    return thread.subscribe(look);
  }, [thread, item.id]);
  const answered = (isYes: boolean) => {
    ours.current = isYes;
  };
  const isOurs = ours.current !== null && (item.status === "inProgress" || ours.current === (item.status !== "declined"));
  if (question.type === "none" && isGone && !isOurs && !isStopped(thread, item.id)) {
    return { type: "decidedElsewhere", status: item.status, answered };
  }
  return { ...question, answered };
}

export function questionOf(thread: ThreadHandle, itemId: string): Question {
  const request = thread.state?.requests.find(
    (each): each is ChangeRequest => each.method === "item/fileChange/requestApproval" && each.params.itemId === itemId,
  );
  if (!request) return { type: "none" };
  if (!thread.questions.includes(request)) return { type: "answered", isOnline: thread.isCaughtUp };
  return { type: "open", request, refusal: thread.refusals.get(request.id) ?? null };
}

function keyOf(question: Question): string {
  if (question.type === "open") return `open ${question.request.id} ${question.refusal}`;
  return question.type === "answered" ? `answered ${question.isOnline}` : question.type;
}

/** Whoever stopped the turn knows. */
function isStopped(thread: ThreadHandle, itemId: string): boolean {
  const turn = thread.state?.turns.findLast(({ items }) => items.some(({ id }) => id === itemId));
  return turn?.status === "interrupted";
}
