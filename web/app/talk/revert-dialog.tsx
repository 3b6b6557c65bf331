/** Going back to before a message, with the workspace: says what will be undone, before it is. */

import { useState } from "preact/hooks";
import type { ThreadHandle } from "#client/thread-handle";
import { Visible } from "../diff/visible.tsx";
import { draftText, writeDraft } from "../store/drafts.ts";
import { useStore } from "../store/store.ts";
import { countText } from "./amounts.ts";
import { textOf } from "./item-text.ts";
import { talkLimits } from "./limits.ts";
import { Modal } from "./modal.tsx";
import { undoneBy } from "./undone.ts";
import type { Acting } from "./user-message.tsx";

export function RevertDialog({ thread, at: { item, turnId }, close }: { thread: ThreadHandle; at: Acting; close(): void }) {
  const { client } = useStore();
  const [isWorking, setWorking] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const { turns, paths, runs } = undoneBy(thread.state?.turns ?? [], turnId);
  const revert = async () => {
    setWorking(true);
    setFailure(null);
    try {
      await client.request("thread/revert", { threadId: thread.id, beforeTurnId: turnId });
      if (draftText(thread.id) === "") writeDraft(thread.id, textOf(item));
      close();
    } catch (error) {
      setFailure(error instanceof Error ? error.message : String(error));
      setWorking(false);
    }
  };
  const others = paths.length - talkLimits.namedFilesMax;
  return (
    <Modal title="Go back to before this message?" close={close}>
      <ul class="undone">
        <li>
          {turns === 1 ? "This message and its answer" : `This message and all that follows (${countText(turns, "turn")})`} leave
          the thread. Its log keeps everything.
        </li>
        {runs && <li>The turn that runs is stopped.</li>}
        <li>
          Files become what they were before it, also what you changed yourself since.{" "}
          {paths.length > 0 && (
            <>
              Changed here:{" "}
              {paths.slice(0, talkLimits.namedFilesMax).map((path, index) => (
                <span key={path}>
                  {index > 0 && ", "}
                  <code>
                    <Visible text={path.replace(/^\/workspace\//, "")} />
                  </code>
                </span>
              ))}
              {others > 0 && ` and ${countText(others, "more file")}`}.
            </>
          )}
        </li>
        <li>Your words come back to the field where you write.</li>
      </ul>
      {failure && (
        <p class="notice failed" role="alert">
          {failure}
        </p>
      )}
      <p class="choices">
        <button type="button" disabled={isWorking} onClick={() => void revert()}>
          {isWorking ? "Going back …" : "Go back"}
        </button>
        <button type="button" class="quiet" onClick={close}>
          Cancel
        </button>
      </p>
    </Modal>
  );
}
