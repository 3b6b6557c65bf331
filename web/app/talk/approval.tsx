/** A command or a change that waits for a yes or a no. */

import { useEffect, useRef } from "preact/hooks";
import { shownCommand } from "#client/shell-command";
import type { ThreadHandle } from "#client/thread-handle";
import type { PendingRequest } from "#core/thread";
import { Visible } from "../diff/visible.tsx";
import { hrefOf } from "../place.ts";
import { focusUnlessBusy } from "./focus.ts";
import { LongText } from "./long-text.tsx";

type ApprovalRequest = Extract<
  PendingRequest,
  { method: "item/commandExecution/requestApproval" | "item/fileChange/requestApproval" }
>;

const choices = [
  { decision: "accept", label: "Accept", key: "a" },
  { decision: "acceptForSession", label: "Accept for session", key: "s" },
  { decision: "decline", label: "Decline", key: "d" },
  { decision: "cancel", label: "Decline and stop", key: "x" },
] as const;

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
  return (
    // biome-ignore lint/a11y/useSemanticElements: a form would have a button that Enter presses.
    <section
      class="approval"
      ref={bar}
      role="group"
      tabIndex={-1}
      aria-label="Approval"
      onKeyDown={(event) => {
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
        <p>Apply this change to the workspace?</p>
      )}
      {params.reason && (
        <p class="reason">
          <Visible kind="prose" text={params.reason} />
        </p>
      )}
      {refusal && (
        <p class="failed" role="alert">
          {refusal}
        </p>
      )}
      <div class="choices">
        {offered.map(({ decision, label, key }, index) => (
          <button
            key={decision}
            type="button"
            class={index === 0 ? "" : "quiet"}
            disabled={isAnswered}
            title={`${label} (${key})`}
            aria-keyshortcuts={key}
            onClick={() => thread.answer(request.id, decision)}
          >
            {label}
          </button>
        ))}
        {request.method === "item/fileChange/requestApproval" && (
          <a
            class="button quiet"
            href={hrefOf({ view: "thread", threadId: thread.id, tab: "changes", item: request.params.itemId })}
          >
            Review
          </a>
        )}
      </div>
    </section>
  );
}
