/** What was said here and the log does not have yet, below everything that it has. */

import type { OutgoingMessage } from "#client/unsent";
import { Visible } from "../diff/visible.tsx";
import { go } from "../place.ts";
import { writeDraft } from "../store/drafts.ts";
import { useStore } from "../store/store.ts";
import { textOf } from "./item-text.ts";
import { talkLimits } from "./limits.ts";

export function Outgoing({ threadId }: { threadId: string }) {
  const { client, unsent, lateAnswers } = useStore();
  const late = lateAnswers.value.filter((answer) => answer.threadId === threadId);
  return (
    <>
      {unsent.value
        .filter((message) => message.threadId === threadId)
        .map((message) => (
          <Message key={message.key} message={message} />
        ))}
      {late.map(({ key }) => (
        <p key={key} class="turn notice" role="status">
          An answer that you gave offline came too late: it was decided meanwhile.{" "}
          <button type="button" class="quiet" onClick={() => client.unsent.dismissLate(key)}>
            Understood
          </button>
        </p>
      ))}
    </>
  );
}

function Message({ message }: { message: OutgoingMessage }) {
  const { client, connection } = useStore();
  const { key, state, failure } = message;
  const isOnline = connection.value.type === "online";
  const edit = () => {
    const taken = client.unsent.take(key);
    if (!taken) return;
    // A thread that never began has no page to come back to.
    const place = taken.begins ? "new" : taken.threadId;
    writeDraft(place, textOf({ content: taken.input }));
    if (taken.begins) go({ view: "new" });
  };
  return (
    <div class="turn outgoing">
      <div class="item user">
        <Visible kind="prose" text={textOf({ content: message.input }).slice(0, talkLimits.shownCharactersMax)} />
      </div>
      {state !== "sent" && (
        <p class={state === "failed" ? "fate failed" : "fate"} role={state === "failed" ? "alert" : undefined}>
          {state === "failed" ? `Not sent: ${failure}` : isOnline ? "Sending …" : "Waiting for the network"}
        </p>
      )}
      {state === "failed" && (
        <p class="choices">
          <button type="button" onClick={() => client.unsent.retry(key)}>
            Try again
          </button>
          <button type="button" class="quiet" onClick={edit}>
            Edit
          </button>
          <button type="button" class="quiet" onClick={() => client.unsent.take(key)}>
            Drop
          </button>
        </p>
      )}
    </div>
  );
}
