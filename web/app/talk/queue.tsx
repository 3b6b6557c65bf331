/** Messages that wait for a turn of their own, in the order in which they will run. */

import { useEffect, useState } from "preact/hooks";
import type { ThreadHandle } from "#client/thread-handle";
import type { QueuedSubmission } from "#protocol/queue-methods";
import { Visible } from "../diff/visible.tsx";
import { useStore } from "../store/store.ts";
import { EditText } from "./edit-text.tsx";
import { textOf } from "./item-text.ts";
import { talkLimits } from "./limits.ts";

export function Queue({ thread, isRunning }: { thread: ThreadHandle; isRunning: boolean }) {
  const { client } = useStore();
  const [waiting, setWaiting] = useState<QueuedSubmission[]>([]);
  const [edited, setEdited] = useState<string | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const threadId = thread.id;

  useEffect(() => {
    let reads = 0;
    const read = () => {
      reads += 1;
      const mine = reads;
      client.request("thread/queue/list", { threadId }).then(
        ({ data }) => mine === reads && setWaiting(data),
        () => {
          // A thread that has not begun has no queue; the next change reads again.
        },
      );
    };
    read();
    return thread.subscribe((_, frame) => frame?.method === "thread/queue/changed" && read());
  }, [client, thread, threadId]);

  /** `thread/queue/changed` brings what came of it. */
  const attempt = async (work: Promise<unknown>) => {
    setFailure(null);
    await work.catch((error) => setFailure(error instanceof Error ? error.message : String(error)));
  };
  const moveUp = (index: number) => {
    const ids = waiting.map(({ id }) => id);
    const [moved = ""] = ids.splice(index, 1);
    ids.splice(index - 1, 0, moved);
    void attempt(client.request("thread/queue/reorder", { threadId, queuedSubmissionIds: ids }));
  };
  const update = async ({ id, input }: QueuedSubmission, text: string) => {
    const others = input.filter(({ type }) => type !== "text");
    const changed = [{ type: "text" as const, text, text_elements: [] }, ...others];
    await attempt(client.request("thread/queue/update", { threadId, queuedSubmissionId: id, input: changed }));
    setEdited(null);
  };
  if (waiting.length === 0) return failure && <p class="notice failed">{failure}</p>;
  return (
    <section class="queue" aria-label="Queued messages">
      <h2>{isRunning ? "Next" : "Waiting"}</h2>
      <ol>
        {waiting.map((submission, index) => {
          const text = textOf({ content: submission.input });
          if (submission.id === edited)
            return (
              <li key={submission.id}>
                <EditText
                  label="Queued message"
                  text={text}
                  action="Save"
                  save={(changed) => update(submission, changed)}
                  cancel={() => setEdited(null)}
                />
              </li>
            );
          const named = (action: string) => `${action}: ${text.slice(0, 60)}`;
          return (
            <li key={submission.id}>
              <span class="words">
                <Visible kind="prose" text={text.slice(0, talkLimits.shortCharactersMax)} />
              </span>
              {!isRunning && (
                <button
                  type="button"
                  class="bare"
                  aria-label={named("Start")}
                  onClick={() =>
                    void attempt(client.request("thread/queue/start", { threadId, queuedSubmissionId: submission.id }))
                  }
                >
                  Start
                </button>
              )}
              {index > 0 && (
                <button type="button" class="bare" aria-label={named("Move up")} onClick={() => moveUp(index)}>
                  ↑
                </button>
              )}
              <button type="button" class="bare" aria-label={named("Edit")} onClick={() => setEdited(submission.id)}>
                Edit
              </button>
              <button
                type="button"
                class="bare"
                aria-label={named("Delete")}
                onClick={() =>
                  void attempt(client.request("thread/queue/delete", { threadId, queuedSubmissionId: submission.id }))
                }
              >
                ✕
              </button>
            </li>
          );
        })}
      </ol>
      {failure && (
        <p class="notice failed" role="alert">
          {failure}
        </p>
      )}
    </section>
  );
}
