/** Yes, no, and yes to some of it: the answer to a change that waits. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { ThreadHandle } from "#client/thread-handle";
import { hunksChosenMax } from "#protocol/approval-bounds";
import { useStore } from "../store/store.ts";
import { elsewhereText } from "../talk/elsewhere-text.ts";
import type { FileChange } from "./change-patch.ts";
import { diffLimits } from "./limits.ts";
import type { useQuestion } from "./question.ts";

/** What a yes is about. */
export interface Chosen {
  /** All numbers of the diff, and those of them that are to land. */
  all: readonly number[];
  wanted: readonly number[];
}

export interface Decision {
  question: ReturnType<typeof useQuestion>;
  /** Why there is no yes as things are; null when there is. */
  obstacle: string | null;
  accept(): void;
  acceptForSession(): void;
  decline(reason?: string): void;
  declineAndStop(): void;
}

export function useDecision(
  thread: ThreadHandle,
  item: FileChange,
  question: Decision["question"],
  { all, wanted }: Chosen,
): Decision {
  const { client } = useStore();
  const isPart = wanted.length < all.length;
  const obstacle = !isPart
    ? null
    : wanted.length === 0
      ? "No hunk is chosen."
      : wanted.length > hunksChosenMax
        ? `At most ${hunksChosenMax} hunks may be chosen; all of them may be accepted.`
        : null;
  /** Nothing happens twice: a key held down, or a second finger. */
  const answer = (isYes: boolean, give: (requestId: string) => void) => {
    const open = thread.questions.find(
      ({ method, params }) => method === "item/fileChange/requestApproval" && params.itemId === item.id,
    );
    if (!open) return;
    question.answered(isYes);
    give(open.id);
  };
  return {
    question,
    obstacle,
    accept: () => {
      if (obstacle !== null) return;
      answer(true, (id) =>
        isPart && item.proposal ? thread.answerHunks(id, [...wanted], item.proposal.hash) : thread.answer(id, "accept"),
      );
    },
    acceptForSession: () => {
      if (!isPart) answer(true, (id) => thread.answer(id, "acceptForSession"));
    },
    declineAndStop: () => answer(false, (id) => thread.answer(id, "cancel")),
    decline: (reason = "") => {
      const decline = () => answer(false, (id) => thread.answer(id, "decline"));
      if (reason.trim() === "") decline();
      // The words first: the model reads them together with the no, and does not answer the bare no before.
      else {
        void client.unsent
          .send(thread.id, reason.trim())
          .then((key) => (thread.isCaughtUp ? heard(thread, key) : undefined))
          .finally(decline);
      }
    },
  };
}

/** Resolves when the log has the message, or it takes too long: then the no goes without it. */
async function heard(thread: ThreadHandle, key: string): Promise<void> {
  const isIn = ({ turns }: NonNullable<ThreadHandle["state"]>) =>
    turns.at(-1)?.items.some((item) => item.type === "userMessage" && item.clientId === key) ?? false;
  await thread.until(isIn, { timeoutMs: diffLimits.reasonWaitMs }).catch(() => {});
}

export function Decide({ decision, chosen }: { decision: Decision; chosen: Chosen }) {
  const { question, obstacle, accept, acceptForSession, decline, declineAndStop } = decision;
  const [form, setForm] = useState<"closed" | "open" | "sending">("closed");
  const bar = useRef<HTMLElement>(null);
  const isOpen = question.type === "open";
  // Whoever goes by keyboard must find what comes of it, and not be thrown to the top of the page.
  useEffect(() => {
    if (!isOpen) setForm("closed");
  }, [isOpen]);
  const isPart = chosen.wanted.length < chosen.all.length;
  switch (question.type) {
    case "none":
      return null;
    case "answered":
      return (
        <p class="decided" role="status">
          {question.isOnline ? "Your answer is on its way." : "Your answer will be sent when the network is back."}
        </p>
      );
    case "decidedElsewhere":
      return (
        <p class="decided" role="status">
          {elsewhereText(question.status)}
        </p>
      );
    case "open":
      return (
        <section class="decide" ref={bar} aria-label="Decide on this change">
          {question.refusal && (
            <p class="failed" role="alert">
              {question.refusal}
            </p>
          )}
          {question.request.params.reason && <p class="reason">{question.request.params.reason}</p>}
          {form === "closed" ? (
            <div class="choices">
              <button type="button" disabled={obstacle !== null} onClick={accept}>
                {isPart ? `Accept ${chosen.wanted.length} of ${chosen.all.length} hunks` : "Accept"}
              </button>
              <button type="button" class="quiet" onClick={() => decline()}>
                Decline
              </button>
              <details class="more">
                <summary>More</summary>
                <div class="choices">
                  <button
                    type="button"
                    class="quiet"
                    disabled={isPart}
                    title="And later changes of the same files in this thread"
                    onClick={acceptForSession}
                  >
                    Accept for session
                  </button>
                  <button type="button" class="quiet" onClick={() => setForm("open")}>
                    Decline with a reason
                  </button>
                  <button type="button" class="quiet" onClick={declineAndStop}>
                    Decline and stop
                  </button>
                </div>
              </details>
            </div>
          ) : (
            <Reason
              isSending={form === "sending"}
              onSend={(reason) => {
                setForm("sending");
                decline(reason);
              }}
              onLeave={() => setForm("closed")}
            />
          )}
          {obstacle && (
            <p class="reason" role="status">
              {obstacle}
            </p>
          )}
        </section>
      );
    default:
      return question satisfies never;
  }
}

function Reason({ isSending, onSend, onLeave }: { isSending: boolean; onSend: (reason: string) => void; onLeave: () => void }) {
  const [text, setText] = useState("");
  const box = useRef<HTMLTextAreaElement>(null);
  useEffect(() => box.current?.focus(), []);
  return (
    <form
      class="comment"
      onSubmit={(event) => {
        event.preventDefault();
        if (!isSending) onSend(text);
      }}
      onKeyDown={(event) => {
        if (event.key === "Escape") onLeave();
        else if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !isSending) onSend(text);
        else return;
        event.preventDefault();
        event.stopPropagation();
      }}
    >
      <label>
        Why not? The agent reads it.
        <textarea ref={box} rows={2} value={text} onInput={(event) => setText(event.currentTarget.value)} />
      </label>
      <div class="choices">
        <button type="submit" disabled={isSending || text.trim() === ""}>
          Decline
        </button>
        <button type="button" class="quiet" onClick={onLeave}>
          Back
        </button>
      </div>
    </form>
  );
}
