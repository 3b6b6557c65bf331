/** Everything that waits for a person, of all threads: to be answered here, or looked at first. */

import { Visible } from "../diff/visible.tsx";
import { LongText } from "../talk/long-text.tsx";
import "./inbox.css";
import { useEffect, useState } from "preact/hooks";
import { patchLines } from "#client/patch-lines";
import { shownCommand } from "#client/shell-command";
import type { ThreadHandle } from "#client/thread-handle";
import type { PendingRequest } from "#core/thread";
import type { WireThread } from "#protocol/thread";
import { isOffline } from "../installed/offline.ts";
import { hrefOf, threadPlace } from "../place.ts";
import { useThread } from "../store/opened-thread.ts";
import { useStore } from "../store/store.ts";
import { needsPerson, titleOf } from "../store/thread-list.ts";
import { pathsShownMax, readWaiting, waitingShownMax } from "./waiting-threads.ts";

export function Inbox() {
  const { client, threads } = useStore();
  const [found, setFound] = useState<WireThread[] | null>(null);
  const changes = threads.entries.value;
  // Without the server what is kept of the list says it.
  const waiting = found ?? (isOffline.value ? changes.filter(({ status }) => needsPerson(status)) : null);
  useEffect(() => {
    let isGone = false;
    readWaiting(client).then(
      (read) => isGone || setFound(read),
      () => {
        // The connection's own state says what is wrong; the next change reads again.
      },
    );
    return () => {
      isGone = true;
    };
  }, [client, changes]);
  return (
    <>
      <header class="bar">
        <h1 class="title">Inbox</h1>
      </header>
      <section class="scroll inbox" aria-label="What waits for you">
        {waiting === null && !isOffline.value && <p class="notice">Looking for what waits …</p>}
        {waiting?.length === 0 && (
          <p class="notice">Nothing waits for you. Diffs, commands and questions of all threads come here.</p>
        )}
        {waiting?.slice(0, waitingShownMax).map((thread) => (
          <WaitingThread key={thread.id} thread={thread} />
        ))}
        {waiting && waiting.length > waitingShownMax && (
          <p class="notice">{waiting.length - waitingShownMax} more threads wait; they come when these are answered.</p>
        )}
      </section>
    </>
  );
}

function WaitingThread({ thread }: { thread: WireThread }) {
  const opened = useThread(thread.id);
  const handle = opened.type === "open" ? opened.thread : null;
  return (
    <article class="waiting" aria-label={titleOf(thread)}>
      <h2>
        <a href={hrefOf(threadPlace(thread.id))}>{titleOf(thread)}</a>
      </h2>
      {opened.type === "failed" && <p class="notice failed">{opened.message}</p>}
      {handle?.state?.requests.map((request) => (
        <Asked key={request.id} thread={handle} request={request} />
      ))}
      {handle?.isCaughtUp && handle.state?.requests.length === 0 && <p class="notice">Answered already.</p>}
    </article>
  );
}

function Asked({ thread, request }: { thread: ThreadHandle; request: PendingRequest }) {
  const isAnswered = !thread.questions.includes(request);
  switch (request.method) {
    case "item/commandExecution/requestApproval":
      return (
        <div class="asked">
          <p>Run this command?</p>
          <LongText text={shownCommand(request.params.command)} label="Command" />
          {request.params.reason && (
            <p class="reason">
              <Visible kind="prose" text={request.params.reason} />
            </p>
          )}
          <Decide thread={thread} id={request.id} isAnswered={isAnswered} />
        </div>
      );
    case "item/fileChange/requestApproval": {
      const { itemId } = request.params;
      return (
        <div class="asked">
          <Changed thread={thread} itemId={itemId} />
          <Decide thread={thread} id={request.id} isAnswered={isAnswered}>
            <a class="button quiet" href={hrefOf({ view: "thread", threadId: thread.id, tab: "changes", item: itemId })}>
              See the diff
            </a>
          </Decide>
        </div>
      );
    }
    case "item/tool/requestUserInput":
      return (
        <div class="asked">
          <p>
            <Visible kind="prose" text={request.params.questions.map(({ question }) => question).join(" ")} />
          </p>
          <div class="choices">
            <a class="button" href={hrefOf(threadPlace(thread.id))}>
              Answer
            </a>
          </div>
        </div>
      );
    case "item/tool/call":
      return <p class="reason">Waits for the client that has the tool {request.params.tool}.</p>;
    default:
      request satisfies never;
      return null;
  }
}

/** Which files, and how many lines come and go. */
function Changed({ thread, itemId }: { thread: ThreadHandle; itemId: string }) {
  const item = thread.turn?.items.find(({ id }) => id === itemId);
  if (item?.type !== "fileChange") return <p>Changes of files</p>;
  const lines = patchLines(item.proposal?.diff ?? "");
  const count = (kind: "added" | "removed") => lines.filter((line) => line.kind === kind).length;
  return (
    <p>
      {item.changes.slice(0, pathsShownMax).map(({ path }) => (
        <code key={path}>
          <Visible text={path} />{" "}
        </code>
      ))}
      {item.changes.length > pathsShownMax && `and ${item.changes.length - pathsShownMax} more `}
      <span class="added">+{count("added")}</span> <span class="removed">−{count("removed")}</span>
    </p>
  );
}

function Decide({
  thread,
  id,
  isAnswered,
  children,
}: {
  thread: ThreadHandle;
  id: string;
  isAnswered: boolean;
  children?: preact.ComponentChildren;
}) {
  if (isAnswered) return <p class="reason">{thread.isCaughtUp ? "Sent." : "Will be sent when the network is back."}</p>;
  return (
    <div class="choices">
      <button type="button" onClick={() => thread.answer(id, "accept")}>
        Accept
      </button>
      <button type="button" class="quiet" onClick={() => thread.answer(id, "decline")}>
        Decline
      </button>
      {children}
    </div>
  );
}
