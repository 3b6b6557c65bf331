/** Another way from a message: a thread that begins with everything before it, and goes on with other words. */
import { useState } from "preact/hooks";
import { go, threadPlace } from "../place.ts";
import { useStore } from "../store/store.ts";
import { EditText } from "./edit-text.tsx";
import { textOf } from "./item-text.ts";
import { Modal } from "./modal.tsx";
import type { Acting } from "./user-message.tsx";

export function ForkDialog({ threadId, at: { item, turnId }, close }: { threadId: string; at: Acting; close(): void }) {
  const { client } = useStore();
  const [failure, setFailure] = useState<string | null>(null);
  const fork = async (edited: string) => {
    setFailure(null);
    try {
      const { thread } = await client.request("thread/fork", { threadId, beforeTurnId: turnId, excludeTurns: true });
      // What was no text goes along as it was.
      const others = item.content.filter(({ type }) => type !== "text");
      await client.unsent.send(thread.id, [{ type: "text", text: edited, text_elements: [] }, ...others]);
      close();
      go(threadPlace(thread.id));
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <Modal title="Edit in a fork" close={close}>
      <p>A new thread begins with everything before this message, the files too. This thread stays as it is.</p>
      <EditText label="Message" text={textOf(item)} action="Fork and send" save={fork} cancel={close} />
      {failure && (
        <p class="notice failed" role="alert">
          {failure}
        </p>
      )}
    </Modal>
  );
}
