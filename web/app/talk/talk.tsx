/** One thread, top to bottom, and what it wants to know. */
import { memo } from "preact/compat";
import { useEffect, useRef, useState } from "preact/hooks";
import { shownCommand } from "#client/shell-command";
import type { ThreadHandle } from "#client/thread-handle";
import type { PendingRequest } from "#core/thread";
import type { ItemOf, ThreadItem } from "#protocol/item";
import type { Turn } from "#protocol/turn";
import { Patch } from "../diff/patch.tsx";
import { textOf } from "./item-text.ts";
import { Outgoing } from "./outgoing.tsx";

export function Talk({ thread }: { thread: ThreadHandle }) {
  const log = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  // Follows what is written, unless the reader scrolled away from the end.
  useEffect(() => {
    if (isAtEnd.current && log.current) log.current.scrollTop = log.current.scrollHeight;
  });
  // The server may not know of the thread yet: then there is only what waits to be sent.
  const { turns = [], requests = [] } = thread.state ?? {};
  return (
    <>
      <div
        class="log"
        ref={log}
        role="log"
        aria-live="polite"
        aria-busy={thread.turn !== null}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to be reachable by keyboard.
        tabIndex={0}
        onScroll={({ currentTarget: { scrollTop, scrollHeight, clientHeight } }) => {
          isAtEnd.current = scrollHeight - scrollTop - clientHeight < 40;
        }}
      >
        {turns.map((turn) => (
          <TurnView key={turn.id} turn={turn} />
        ))}
        <Outgoing threadId={thread.id} />
      </div>
      {requests.map((request) => (
        <Asked key={request.id} request={request} thread={thread} />
      ))}
    </>
  );
}

/** A turn is never mutated: one that ended is not drawn again. */
const TurnView = memo(({ turn }: { turn: Turn }) => (
  <section class="turn">
    {turn.items.map((item) => (
      <Item key={item.id} item={item} />
    ))}
    {turn.status === "interrupted" && <p class="notice">Stopped.</p>}
    {turn.status === "failed" && <p class="notice failed">{turn.error?.message ?? "The turn failed."}</p>}
  </section>
));

const Item = memo(({ item }: { item: ThreadItem }) => {
  switch (item.type) {
    case "userMessage":
      return <div class="item user">{textOf(item)}</div>;
    case "agentMessage":
      return <div class="item agent">{item.text}</div>;
    case "reasoning":
      return item.summary.length > 0 ? <div class="item reasoning">{item.summary.join("\n\n")}</div> : null;
    case "commandExecution":
      return <Command item={item} />;
    case "fileChange":
      return <FileChange item={item} />;
    case "contextCompaction":
      return <div class="item reasoning">The talk so far was made shorter for the model.</div>;
    case "dynamicToolCall":
      return (
        <div class="item command">
          <p class="head">
            <code>{item.tool}</code>
            <span class={`badge ${item.status}`}>{item.status === "inProgress" ? "waiting" : item.status}</span>
          </p>
        </div>
      );
    case "enteredReviewMode":
      return <div class="item reasoning">Review of {item.review}</div>;
    case "exitedReviewMode":
      // Its words are those of the message above.
      return null;
    default:
      // A newer server's item; what is not known is not shown.
      item satisfies never;
      return null;
  }
});

function Command({ item }: { item: ItemOf<"commandExecution"> }) {
  const output = item.aggregatedOutput?.replace(/\n$/, "") ?? "";
  const lines = output.split("\n").length;
  const isLong = lines > 12;
  return (
    <div class="item command">
      <p class="head">
        <code>$ {shownCommand(item.command)}</code>
        <span class={`badge ${item.status}`}>{commandState(item)}</span>
      </p>
      {output && (
        <details open={!isLong}>
          <summary>{lines === 1 ? "1 line" : `${lines} lines`}</summary>
          <pre>{output}</pre>
        </details>
      )}
    </div>
  );
}

function commandState({ status, exitCode }: ItemOf<"commandExecution">): string {
  if (status === "inProgress") return "running";
  if (status === "declined") return "declined";
  return exitCode === null ? status : `exit ${exitCode}`;
}

const changeWords = { inProgress: "proposed", completed: "applied", failed: "not applied", declined: "declined" };

function FileChange({ item }: { item: ItemOf<"fileChange"> }) {
  return (
    <div class="item change">
      <p class="head">
        <span>{item.changes.map(({ path }) => path).join(", ")}</span>
        <span class={`badge ${item.status}`}>{changeWords[item.status]}</span>
      </p>
      <Patch text={item.proposal?.diff ?? item.changes.map(({ diff }) => diff).join("\n")} />
    </div>
  );
}

function Questions({ request, thread }: { request: RequestOf<"item/tool/requestUserInput">; thread: ThreadHandle }) {
  const [chosen, setChosen] = useState<Record<string, string>>({});
  const { questions } = request.params;
  const isAnswered = !thread.questions.includes(request);
  const send = (event: Event) => {
    event.preventDefault();
    const answers = Object.fromEntries(questions.map(({ id }) => [id, { answers: [chosen[id] ?? ""] }]));
    thread.reply(request.id, { answers });
  };
  return (
    <form class="approval" aria-label="Question" onSubmit={send}>
      {questions.map(({ id, header, question, options }) => (
        <label key={id}>
          <p>
            {header && <strong>{header} </strong>}
            {question}
          </p>
          <input
            list={options ? `options-${id}` : undefined}
            value={chosen[id] ?? ""}
            onInput={(event) => setChosen({ ...chosen, [id]: event.currentTarget.value })}
          />
          {options && (
            <datalist id={`options-${id}`}>
              {options.map(({ label, description }) => (
                <option key={label} value={label} label={description} />
              ))}
            </datalist>
          )}
        </label>
      ))}
      <div class="choices">
        <button type="submit" disabled={isAnswered}>
          Answer
        </button>
      </div>
    </form>
  );
}

function Asked({ request, thread }: { request: PendingRequest; thread: ThreadHandle }) {
  switch (request.method) {
    case "item/commandExecution/requestApproval":
    case "item/fileChange/requestApproval":
      return <Approval request={request} thread={thread} />;
    case "item/tool/requestUserInput":
      return <Questions request={request} thread={thread} />;
    case "item/tool/call":
      return <p class="reason">Waiting for the client that has the tool {request.params.tool}.</p>;
    default:
      request satisfies never;
      return null;
  }
}

type RequestOf<Method extends PendingRequest["method"]> = Extract<PendingRequest, { method: Method }>;
type ApprovalRequest = RequestOf<"item/commandExecution/requestApproval" | "item/fileChange/requestApproval">;

function Approval({ request, thread }: { request: ApprovalRequest; thread: ThreadHandle }) {
  const isCommand = request.method === "item/commandExecution/requestApproval";
  const isAnswered = !thread.questions.includes(request);
  const bar = useRef<HTMLElement>(null);
  // Whoever goes by keyboard must find it; but on no button, where a stray Enter would be an answer, and not out of a message.
  useEffect(() => {
    if (document.activeElement === document.body) bar.current?.focus();
  }, []);
  return (
    <section class="approval" ref={bar} tabIndex={-1} aria-label="Approval">
      <p>
        {isCommand ? (
          <>
            Run <code>{shownCommand(request.params.command)}</code>?
          </>
        ) : (
          "Apply this change to the workspace?"
        )}
        {request.params.reason && <span class="reason"> {request.params.reason}</span>}
      </p>
      <div class="choices">
        <button type="button" disabled={isAnswered} onClick={() => thread.answer(request.id, "accept")}>
          Accept
        </button>
        <button type="button" class="quiet" disabled={isAnswered} onClick={() => thread.answer(request.id, "acceptForSession")}>
          Accept for session
        </button>
        <button type="button" class="quiet" disabled={isAnswered} onClick={() => thread.answer(request.id, "decline")}>
          Decline
        </button>
      </div>
    </section>
  );
}
