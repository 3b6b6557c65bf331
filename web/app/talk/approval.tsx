/** A command or a change that waits for a yes or a no. */

import { useEffect, useRef } from "preact/hooks";
import { shownCommand } from "#client/shell-command";
import type { ThreadHandle } from "#client/thread-handle";
import type { PendingRequest } from "#core/thread";
import type { ItemOf } from "#protocol/item";
import { Visible } from "../diff/visible.tsx";
import { hrefOf } from "../place.ts";
import { AskedChange, useOpened } from "./asked-change.tsx";
import { focusUnlessBusy } from "./focus.ts";
import { LongText } from "./long-text.tsx";

type ApprovalRequest = Extract<
  PendingRequest,
  { method: "item/commandExecution/requestApproval" | "item/fileChange/requestApproval" }
>;

/** Yes and no first; what reaches further is said more quietly. */
const choices = [
  { decision: "accept", label: "Accept", key: "a" },
  { decision: "decline", label: "Decline", key: "d" },
  { decision: "acceptForSession", label: "Accept for session", key: "s" },
  { decision: "cancel", label: "Decline and stop", key: "x" },
] as const;

const looks = { accept: "main", decline: "quiet main", acceptForSession: "bare", cancel: "bare" };

interface ApprovalProps {
  request: ApprovalRequest;
  thread: ThreadHandle;
  /** See `OpenedThread`. */
  drawn: number;
}

export function Approval({ request, thread }: ApprovalProps) {
  const { params } = request;
  const bar = useRef<HTMLElement>(null);
  useEffect(() => focusUnlessBusy(bar.current), []);
  const isAnswered = !thread.questions.includes(request);
  const offered =
    request.method === "item/commandExecution/requestApproval"
      ? choices.filter(({ decision }) => request.params.availableDecisions.includes(decision))
      : choices;
  const refusal = thread.refusals.get(request.id);
  const item = request.method === "item/fileChange/requestApproval" ? changeOf(thread, request.params.itemId) : null;
  const [isOpen, open] = useOpened(item);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a form would have a button that Enter presses.
    <section
      class="approval"
      ref={bar}
      role="group"
      tabIndex={-1}
      aria-label="Approval"
      onKeyDown={(event) => {
        // An open diff has keys of its own: a yes from out here would be to all of it, also to what was left out.
        if (isOpen) return;
        const choice = offered.find(({ key }) => key === event.key);
        if (!choice || isAnswered || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        thread.answer(request.id, choice.decision);
      }}
    >
      {request.method === "item/commandExecution/requestApproval" ? (
        <>
          <p>Run this command?</p>
          <LongText text={shownCommand(request.params.command)} label="Command" class="asked" />
        </>
      ) : (
        <p class="ask">
          <span>Apply this change?</span>
          <a href={hrefOf({ view: "thread", threadId: thread.id, tab: "changes", item: request.params.itemId })}>Review it</a>
        </p>
      )}
      {item && <AskedChange thread={thread} item={item} isOpen={isOpen} open={open} />}
      {!isOpen && params.reason && (
        <p class="reason">
          <Visible kind="prose" text={params.reason} />
        </p>
      )}
      {!isOpen && refusal && (
        <p class="failed" role="alert">
          {refusal}
        </p>
      )}
      {!isOpen && isAnswered && (
        <p class="reason" role="status">
          {thread.isCaughtUp ? "Your answer is on its way." : "Your answer will be sent when the network is back."}
        </p>
      )}
      {!isOpen && !isAnswered && (
        <div class="choices">
          {offered.map(({ decision, label, key }) => (
            <button
              key={decision}
              type="button"
              class={looks[decision]}
              title={`${label} (${key})`}
              aria-keyshortcuts={key}
              onClick={() => thread.answer(request.id, decision)}
            >
              {label}
            </button>
          ))}
        </div>
      )}
    </section>
  );
}

function changeOf(thread: ThreadHandle, itemId: string): ItemOf<"fileChange"> | null {
  const item = thread.turn?.items.find(({ id }) => id === itemId);
  return item?.type === "fileChange" && item.proposal ? item : null;
}
