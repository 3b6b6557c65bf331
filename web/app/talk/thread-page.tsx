/** One thread: its talk, its changes, what it decides by and its files; and the way to begin a new one. */
import "./talk.css";
import { useEffect, useState } from "preact/hooks";
import type { ThreadHandle } from "#client/thread-handle";
import { isOffline } from "../installed/offline.ts";
import { Reading } from "../installed/reading.tsx";
import { lazy } from "../lazy.tsx";
import { go, goToList, type Place, threadPlace } from "../place.ts";
import { useAsCurrent } from "../store/current-thread.ts";
import { useThread } from "../store/opened-thread.ts";
import { useReadMark } from "../store/read-mark.ts";
import { useStore } from "../store/store.ts";
import { Composer, type SendWay } from "./composer.tsx";
import { ThreadHeader } from "./thread-header.tsx";
import { ThreadSettingsButton } from "./thread-settings.tsx";
import { Welcome } from "./welcome.tsx";

/** With its Markdown and its long list; asked for early, for every thread begins with it. */
const loadTalk = async () => (await import("./talk.tsx")).Talk;
const Talk = lazy(loadTalk);
const Changes = lazy(async () => (await import("../diff/changes.tsx")).Changes);
const Decisions = lazy(async () => (await import("../decision/decisions.tsx")).Decisions);
const Files = lazy(async () => (await import("../files/files.tsx")).Files);

export function ThreadPage({ at }: { at: Extract<Place, { view: "thread" }> }) {
  const { client, defaultModel, unsent, lateAnswers } = useStore();
  const isHere = ({ threadId }: { threadId: string }) => threadId === at.threadId;
  const opened = useThread(at.threadId);
  const [failure, setFailure] = useState<string | null>(null);
  const thread = opened.type === "open" ? opened.thread : null;
  useEffect(() => {
    // While the thread itself is read. Without a network the view says so.
    if (at.tab === "talk") loadTalk().catch(() => {});
  }, [at.tab]);
  useReadMark(thread);
  useAsCurrent(thread);
  const fail = (error: unknown) => setFailure(error instanceof Error ? error.message : String(error));
  const send = async (text: string, way: SendWay) => {
    setFailure(null);
    const method = way === "queue" ? "thread/queue/add" : "turn/start";
    await client.unsent.send(at.threadId, text, { method }).catch((error) => {
      fail(error);
      throw error;
    });
  };
  const stop = () => void thread?.interrupt().catch(fail);
  useStopKey(at.tab === "talk" && thread?.turn ? stop : null);
  return (
    <>
      <ThreadHeader thread={thread} drawn={opened.type === "open" ? opened.drawn : 0} at={at} />
      {thread && isOffline.value && <Behind thread={thread} />}
      {opened.type === "failed" && <p class="notice failed">{opened.message}</p>}
      {opened.type === "opening" && (
        <Reading
          words="Reading the thread …"
          offline="This thread is not kept on this device: only those that were opened here are. It comes when the server is reached."
        />
      )}
      {opened.type === "open" && (
        <Tab
          thread={opened.thread}
          drawn={opened.drawn}
          at={at}
          hasOutgoing={unsent.value.some(isHere) || lateAnswers.value.some(isHere)}
        />
      )}
      {failure && (
        <p class="notice failed" role="alert">
          {failure}
        </p>
      )}
      {thread && at.tab === "talk" && (
        <Composer
          draft={at.threadId}
          isRunning={thread.turn != null}
          hint={hintOf(defaultModel.value?.id)}
          send={send}
          stop={stop}
          settings={<ThreadSettingsButton thread={thread} drawn={opened.type === "open" ? opened.drawn : 0} />}
        />
      )}
    </>
  );
}

/** What this device keeps of a thread may be older than its list. */
function Behind({ thread: { id, state } }: { thread: ThreadHandle }) {
  const listed = useStore().threads.entries.value.find((entry) => entry.id === id);
  if (!listed || !state || listed.updatedAt <= state.info.updatedAt) return null;
  return <p class="notice">This thread went on after it was last open here. What is newer comes when the server is reached.</p>;
}

interface TabProps {
  thread: ThreadHandle;
  drawn: number;
  at: Extract<Place, { view: "thread" }>;
  hasOutgoing: boolean;
}

function Tab({ thread, drawn, at, hasOutgoing }: TabProps) {
  switch (at.tab) {
    case "talk":
      return <Talk thread={thread} drawn={drawn} item={at.item} hasOutgoing={hasOutgoing} />;
    case "changes":
      return <Changes thread={thread} drawn={drawn} item={at.item} />;
    case "decisions":
      return <Decisions thread={thread} drawn={drawn} />;
    case "files":
      return <Files thread={thread} drawn={drawn} />;
    default:
      return at.tab satisfies never;
  }
}

/** Escape stops the turn, unless what has the focus takes it for itself. */
function useStopKey(stop: (() => void) | null): void {
  useEffect(() => {
    if (!stop) return;
    const listen = (event: KeyboardEvent) => {
      if (event.key !== "Escape" || event.defaultPrevented || event.isComposing || document.querySelector("dialog[open]")) return;
      stop();
    };
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  });
}

/** The first message begins the thread: nobody is left with an empty one. */
export function NewThread() {
  const { client, defaultModel } = useStore();
  const [failure, setFailure] = useState<string | null>(null);
  useEffect(() => {
    // Without a network the view itself says so.
    loadTalk().catch(() => {});
  }, []);
  const send = async (text: string) => {
    setFailure(null);
    try {
      go(threadPlace(await client.unsent.begin(text)));
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
      throw error;
    }
  };
  return (
    <>
      <header class="bar">
        <button type="button" class="quiet back" aria-label="All threads" onClick={goToList}>
          ‹
        </button>
        <h1 class="title">New thread</h1>
        {defaultModel.value && (
          <span class="model" title={defaultModel.value.description}>
            {defaultModel.value.id === "rehearsal" ? "Rehearsal (no model)" : defaultModel.value.displayName}
          </span>
        )}
      </header>
      <Welcome isRehearsal={defaultModel.value?.id === "rehearsal"} />
      {failure && (
        <p class="notice failed" role="alert">
          {failure}
        </p>
      )}
      <Composer draft="new" isRunning={false} hint={hintOf(defaultModel.value?.id)} send={send} stop={() => {}} />
    </>
  );
}

function hintOf(model: string | undefined): string {
  return model === "rehearsal" ? "say hello · write notes.txt: text · run ls" : "Ask for something";
}
