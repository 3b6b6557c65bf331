/** What the thread's next turn begins with, as the server tells it, and the way to change it. */
import { useState } from "preact/hooks";
import type { ThreadHandle } from "#client/thread-handle";
import { lazy } from "../lazy.tsx";
import { useStore } from "../store/store.ts";

const SettingsDialog = lazy(async () => (await import("./settings-dialog.tsx")).SettingsDialog, null);

const asks: Record<string, string> = { "on-request": "asks", untrusted: "asks often", never: "never asks" };

/** `drawn`: see `OpenedThread`. */
export function ThreadSettingsButton({ thread, drawn }: { thread: ThreadHandle; drawn: number }) {
  const { models } = useStore();
  const [isOpen, setOpen] = useState(false);
  const { settings } = thread;
  if (!settings) return null;
  const model = models.value.find(({ id }) => id === settings.model)?.displayName ?? settings.model;
  const policy = typeof settings.approvalPolicy === "string" ? (asks[settings.approvalPolicy] ?? "") : "asks by rules";
  const words = [settings.model === "rehearsal" ? "Rehearsal" : model, settings.effort, policy].filter((word) => word);
  return (
    <>
      <button type="button" class="bare set" aria-haspopup="dialog" onClick={() => setOpen(true)}>
        <span class="unseen">Settings of this thread: </span>
        {words.join(" · ")}
      </button>
      {isOpen && <SettingsDialog thread={thread} drawn={drawn} close={() => setOpen(false)} />}
    </>
  );
}
