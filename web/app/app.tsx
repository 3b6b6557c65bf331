/** The whole page: the list of threads on one side, the thread on the other; on a phone one of the two. */
import { useState } from "preact/hooks";
import type { Client } from "#client/client";
import type { ConnectionState } from "#client/connection";
import type { ThreadHandle } from "#client/thread-handle";
import type { ThreadStatus, WireThread } from "#protocol/thread";
import { Composer } from "./composer.tsx";
import { SignedOut, SignOut, useSession } from "./session.tsx";
import { ThreadView } from "./thread-view.tsx";
import { type ThreadList, useConnection, useDefaultModel, useThread, useThreadInAddress, useThreadList } from "./use-client.ts";

export function App({ client }: { client: Client }) {
  const connection = useConnection(client);
  const session = useSession(connection.type);
  const list = useThreadList(client);
  const model = useDefaultModel(client);
  const [threadId, goTo] = useThreadInAddress();
  const opened = useThread(client, threadId);
  const [failure, setFailure] = useState<string | null>(null);
  const thread = opened.type === "open" ? opened.thread : null;

  /** The first message begins the thread: nobody is left with an empty one. */
  async function send(text: string): Promise<void> {
    setFailure(null);
    let begun: ThreadHandle | null = null;
    try {
      if (!thread) begun = await client.startThread();
      await (thread ?? begun)?.send(text);
      if (begun) goTo(begun.id);
    } catch (error) {
      begun?.close();
      setFailure(error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  return (
    <div class={threadId === null ? "page list-first" : "page"}>
      <nav class="side" aria-label="Threads">
        <header>
          <h1>Spindle</h1>
          <button type="button" class="quiet" onClick={() => goTo(null)}>
            New thread
          </button>
        </header>
        <Threads list={list} current={threadId} shown={thread} />
        {session === "signedIn" && <SignOut />}
      </nav>
      <main>
        <header class="bar">
          <button type="button" class="quiet back" aria-label="All threads" onClick={() => goTo(null)}>
            ‹
          </button>
          <h2>{thread?.state ? titleOf(thread.state.info) : threadId === null ? "New thread" : "…"}</h2>
          {model && (
            <span class="model" title={model.description}>
              {model.id === "rehearsal" ? "Rehearsal (no model)" : model.displayName}
            </span>
          )}
          <Connection state={connection} />
        </header>
        {session === "signedOut" && <SignedOut />}
        {opened.type === "failed" && <p class="notice failed">{opened.message}</p>}
        {opened.type === "opening" && <p class="notice">Reading the thread …</p>}
        {thread && <ThreadView thread={thread} />}
        {opened.type === "none" && <Welcome isRehearsal={model?.id === "rehearsal"} />}
        {failure && (
          <p class="notice failed" role="alert">
            {failure}
          </p>
        )}
        {(thread || opened.type === "none") && (
          <Composer
            key={threadId ?? "new"}
            isRunning={thread?.turn != null}
            hint={model?.id === "rehearsal" ? "say hello · write notes.txt: text · run ls" : "Ask for something"}
            send={send}
            stop={() => thread?.interrupt()}
          />
        )}
      </main>
    </div>
  );
}

interface ThreadsProps {
  list: ThreadList;
  current: string | null;
  shown: ThreadHandle | null;
}

function Threads({ list: { threads, nextCursor, showMore }, current, shown }: ThreadsProps) {
  if (threads.length === 0) return <p class="notice">No threads yet.</p>;
  return (
    <ul class="threads">
      {threads.map((thread) => (
        <li key={thread.id}>
          <a href={`#${thread.id}`} aria-current={thread.id === current ? "page" : undefined}>
            <span class="title">{titleOf(thread)}</span>
            <span class="detail">
              {/* The list is a moment behind; of the thread that is shown we know better. */}
              {stateOf((thread.id === shown?.id && shown.state?.status) || thread.status)}
              <time>
                {new Date(thread.updatedAt * 1000).toLocaleString(undefined, { dateStyle: "short", timeStyle: "short" })}
              </time>
            </span>
          </a>
        </li>
      ))}
      {nextCursor && (
        <li>
          <button type="button" class="quiet" onClick={showMore}>
            More
          </button>
        </li>
      )}
    </ul>
  );
}

function titleOf({ name, preview }: Pick<WireThread, "name" | "preview">): string {
  return name || preview.split("\n")[0] || "Untitled";
}

function stateOf(status: ThreadStatus) {
  if (status.type === "systemError") return <span class="badge failed">failed</span>;
  if (status.type !== "active") return null;
  const isWaiting = status.activeFlags.length > 0;
  return <span class={isWaiting ? "badge asking" : "badge"}>{isWaiting ? "needs you" : "working"}</span>;
}

function Connection({ state }: { state: ConnectionState }) {
  const words = {
    connecting: state.type === "connecting" && state.attempt === 1 ? "connecting" : "reconnecting",
    online: "online",
    waiting: "offline, trying again",
    closed: state.type === "closed" && state.failure ? state.failure.message : "closed",
  };
  return (
    <span class={`connection ${state.type}`} role="status">
      {words[state.type]}
    </span>
  );
}

function Welcome({ isRehearsal }: { isRehearsal: boolean }) {
  return (
    <section class="welcome">
      <p>Begin a thread: it works in a workspace of its own, and asks before it changes anything there.</p>
      {isRehearsal && (
        <>
          <p>
            No language model is configured. <b>Rehearsal</b> answers instead: it obeys one instruction a line and understands
            nothing else.
          </p>
          <ul class="rehearsal">
            <li>
              <code>say TEXT</code> answers with the text
            </li>
            <li>
              <code>count 20</code> counts, slowly
            </li>
            <li>
              <code>think TEXT</code> shows reasoning
            </li>
            <li>
              <code>write notes.txt: TEXT</code> proposes a file
            </li>
            <li>
              <code>replace "A" with "B" in notes.txt</code> proposes an edit
            </li>
            <li>
              <code>delete notes.txt</code> proposes a deletion
            </li>
            <li>
              <code>run ls -la</code> runs a command
            </li>
            <li>
              <code>fail 500</code> makes the request fail
            </li>
          </ul>
        </>
      )}
    </section>
  );
}
