/** Everything that waits for a person, of all threads, who waited longest first: to be answered here, or looked at first. */
import "./inbox.css";
import { useEffect, useRef, useState } from "preact/hooks";
import { patchLines } from "#client/patch-lines";
import { shownCommand } from "#client/shell-command";
import type { ThreadHandle } from "#client/thread-handle";
import type { PendingRequest } from "#core/thread";
import type { ItemOf } from "#protocol/item";
import type { WireThread } from "#protocol/thread";
import { Visible } from "../diff/visible.tsx";
import { isOffline } from "../installed/offline.ts";
import { moveInList } from "../keys/list-focus.ts";
import { lazy } from "../lazy.tsx";
import { hrefOf, threadPlace } from "../place.ts";
import { useThread } from "../store/opened-thread.ts";
import { useStore } from "../store/store.ts";
import { needsPerson, titleOf } from "../store/thread-list.ts";
import { LongText } from "../talk/long-text.tsx";
import { pathsShownMax, readWaiting, waitingShownMax } from "./waiting-threads.ts";
import { waitingText } from "./waiting-time.ts";

const ChangeView = lazy(async () => (await import("../diff/change-view.tsx")).ChangeView);

export function Inbox() {
  const { client, threads } = useStore();
  const [found, setFound] = useState<WireThread[] | null>(null);
  /** Titles of threads that waited while one looked, and were answered by somebody else. */
  const [elsewhere, setElsewhere] = useState<{ id: string; title: string }[]>([]);
  const answeredHere = useRef(new Set<string>());
  const known = useRef<WireThread[]>([]);
  const changes = threads.entries.value;
  // Without the server what is kept of the list says it.
  const waiting = found ?? (isOffline.value ? changes.filter(({ status }) => needsPerson(status)) : null);
  useEffect(() => {
    let isGone = false;
    readWaiting(client).then(
      (read) => {
        if (isGone) return;
        const gone = known.current.filter(({ id }) => !read.some((thread) => thread.id === id));
        const byOthers = gone.filter(({ id }) => !answeredHere.current.has(id));
        for (const { id } of gone) answeredHere.current.delete(id);
        if (byOthers.length > 0)
          setElsewhere((before) => [...before, ...byOthers.map((thread) => ({ id: thread.id, title: titleOf(thread) }))]);
        known.current = read;
        setFound(read);
      },
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
          <div class="nothing">
            <h2>Nothing waits for you</h2>
            <p>Diffs, commands and questions of all threads come here, and can be answered here.</p>
          </div>
        )}
        {waiting?.slice(0, waitingShownMax).map((thread) => (
          <WaitingThread key={thread.id} thread={thread} answered={() => answeredHere.current.add(thread.id)} />
        ))}
        {waiting && waiting.length > waitingShownMax && (
          <p class="notice">{waiting.length - waitingShownMax} more threads wait; they come when these are answered.</p>
        )}
        <div role="status">
          {elsewhere.map(({ id, title }, index) => (
            <p key={index} class="notice">
              <a href={hrefOf(threadPlace(id))}>{title}</a> was answered on another device, or waits no more.
            </p>
          ))}
        </div>
      </section>
    </>
  );
}

function WaitingThread({ thread, answered }: { thread: WireThread; answered(): void }) {
  const opened = useThread(thread.id);
  const handle = opened.type === "open" ? opened.thread : null;
  return (
    <article class="waiting" aria-label={titleOf(thread)}>
      <h2>
        <a href={hrefOf(threadPlace(thread.id))}>{titleOf(thread)}</a>
      </h2>
      {opened.type === "failed" && <p class="notice failed">{opened.message}</p>}
      {handle?.state?.requests.map((request) => (
        <Asked
          key={request.id}
          thread={handle}
          drawn={opened.type === "open" ? opened.drawn : 0}
          request={request}
          answered={answered}
        />
      ))}
      {handle?.isCaughtUp && handle.state?.requests.length === 0 && <p class="notice">Answered already.</p>}
    </article>
  );
}

interface AskedProps {
  thread: ThreadHandle;
  /** See `OpenedThread`. */
  drawn: number;
  request: PendingRequest;
  answered(): void;
}

function Asked({ thread, request, answered }: AskedProps) {
  const [isShown, setShown] = useState(false);
  const isAnswered = !thread.questions.includes(request);
  const askedAtMs = thread.notes[turnIdOf(request)]?.askedAtMs?.[request.id] ?? null;
  const answer = (decision: "accept" | "decline") => {
    if (!isAnswered) thread.answer(request.id, decision);
  };
  // Whoever gives it, a button here or a diff that is open: between the answer and what becomes of it, it is known as ours.
  useEffect(
    () =>
      thread.subscribe(() => {
        const isOpen = thread.state?.requests.some(({ id }) => id === request.id);
        if (isOpen && !thread.questions.some(({ id }) => id === request.id)) answered();
      }),
    [thread, request.id],
  );
  const takesYes = request.method !== "item/tool/requestUserInput" && request.method !== "item/tool/call";
  const keys: Record<string, () => void> = {
    j: () => moveInList(".inbox .asked", 1),
    k: () => moveInList(".inbox .asked", -1),
    // A diff that is shown has keys of its own, for what is left out in it.
    ...(takesYes && !isShown ? { a: () => answer("accept"), d: () => answer("decline") } : {}),
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: a fieldset is for the controls of a form.
    <div
      class="asked"
      role="group"
      aria-label="Asked"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: by keyboard one goes from question to question, and answers each by a letter.
      tabIndex={0}
      onKeyDown={(event) => {
        const act = keys[event.key];
        if (!act || event.defaultPrevented || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        act();
      }}
    >
      {askedAtMs !== null && <Waited sinceMs={askedAtMs} />}
      <What thread={thread} request={request} isShown={isShown} />
      {takesYes &&
        !isShown &&
        (isAnswered ? (
          <p class="reason">{thread.isCaughtUp ? "Sent." : "Will be sent when the network is back."}</p>
        ) : (
          <div class="choices">
            <button type="button" aria-keyshortcuts="a" title="Accept (a)" onClick={() => answer("accept")}>
              Accept
            </button>
            <button type="button" class="quiet" aria-keyshortcuts="d" title="Decline (d)" onClick={() => answer("decline")}>
              Decline
            </button>
            {request.method === "item/fileChange/requestApproval" && (
              <button type="button" class="quiet" onClick={() => setShown(true)}>
                See the diff
              </button>
            )}
          </div>
        ))}
    </div>
  );
}

function What({ thread, request, isShown }: Pick<AskedProps, "thread" | "request"> & { isShown: boolean }) {
  switch (request.method) {
    case "item/commandExecution/requestApproval":
      return (
        <>
          <p>Run this command?</p>
          <LongText text={shownCommand(request.params.command)} label="Command" />
          {request.params.reason && (
            <p class="reason">
              <Visible kind="prose" text={request.params.reason} />
            </p>
          )}
        </>
      );
    case "item/fileChange/requestApproval": {
      const item = thread.turn?.items.find(({ id }) => id === request.params.itemId);
      if (item?.type !== "fileChange") return <p>Changes of files</p>;
      return isShown ? <ChangeView thread={thread} item={item} /> : <Changed item={item} />;
    }
    case "item/tool/requestUserInput":
      return (
        <>
          <p>
            <Visible kind="prose" text={request.params.questions.map(({ question }) => question).join(" ")} />
          </p>
          <div class="choices">
            <a class="button" href={hrefOf(threadPlace(thread.id))}>
              Answer
            </a>
          </div>
        </>
      );
    case "item/tool/call":
      return <p class="reason">Waits for the client that has the tool {request.params.tool}.</p>;
    default:
      request satisfies never;
      return null;
  }
}

/** Which files, how many lines come and go, and the hash that a yes is bound to. */
function Changed({ item }: { item: ItemOf<"fileChange"> }) {
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
      {item.proposal && (
        <span class="reason" title="A yes is to exactly the diff that has this hash">
          {" "}
          {item.proposal.hash.slice(0, 8)}
        </span>
      )}
    </p>
  );
}

function Waited({ sinceMs }: { sinceMs: number }) {
  const [nowMs, setNowMs] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), 30_000);
    return () => clearInterval(timer);
  }, []);
  return <p class="reason waited">Waits {waitingText(nowMs - sinceMs)}</p>;
}

function turnIdOf({ params }: PendingRequest): string {
  return "turnId" in params && typeof params.turnId === "string" ? params.turnId : "";
}
