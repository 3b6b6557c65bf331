/** The settings of one thread, from its next turn on: each is shown as the server told it last, and changed at once. */
import "../settings/settings.css";
import { useState } from "preact/hooks";
import type { ThreadHandle } from "#client/thread-handle";
import { Choice } from "../settings/choice.tsx";
import { approvals, decisions } from "../settings/options.ts";
import { useStore } from "../store/store.ts";
import { Modal } from "./modal.tsx";
import { setThread, type ThreadSettingKey } from "./set-thread.ts";

/** `drawn`: see `OpenedThread`. */
export function SettingsDialog({ thread, close }: { thread: ThreadHandle; drawn: number; close(): void }) {
  const { client, models } = useStore();
  const [saved, setSaved] = useState<{ key: ThreadSettingKey; isSaved: boolean } | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const { settings } = thread;
  if (!settings) return null;
  const propsOf = (key: ThreadSettingKey) => ({
    choose: (value: string) => {
      setFailure(null);
      setSaved({ key, isSaved: false });
      setThread(client, thread.id, key, value).then(
        () => setSaved({ key, isSaved: true }),
        (error: Error) => {
          setSaved(null);
          setFailure(error.message);
        },
      );
    },
    isSaved: saved?.key === key ? saved.isSaved : null,
  });
  const model = models.value.find(({ id }) => id === settings.model);
  const efforts = (model?.supportedReasoningEfforts ?? []).map(({ reasoningEffort }) => reasoningEffort);
  return (
    <Modal title="This thread" close={close}>
      <p>From the next turn on, on every device. A turn that runs ends as it began.</p>
      {failure !== null && (
        <p class="notice failed" role="alert">
          This could not be done: {failure}
        </p>
      )}
      <Choice
        label="Model"
        says={model?.description ?? "Which model answers."}
        value={settings.model}
        options={models.value.map(({ id, displayName }) => ({ value: id, label: displayName }))}
        {...propsOf("model")}
      />
      {efforts.length > 0 && (
        <Choice
          label="Reasoning effort"
          says="More is slower, and better at hard things."
          value={settings.effort ?? ""}
          options={[
            ...(settings.effort === null ? [{ value: "", label: "The model's own" }] : []),
            ...efforts.map((value) => ({ value, label: value })),
          ]}
          {...propsOf("effort")}
        />
      )}
      <Choice
        label="Approvals"
        says="When you are asked before files are changed or commands run."
        value={typeof settings.approvalPolicy === "string" ? settings.approvalPolicy : "granular"}
        options={[
          ...approvals,
          ...(typeof settings.approvalPolicy === "string" ? [] : [{ value: "granular", label: "By rules of another client" }]),
        ]}
        {...propsOf("approvalPolicy")}
      />
      <Choice
        label="Decisions"
        says="Whether the model states what it assumes: advise tells it what follows, steer takes the best step."
        value={settings.decisionMode ?? ""}
        options={decisions}
        {...propsOf("decisionMode")}
      />
      <button type="button" onClick={close}>
        Done
      </button>
    </Modal>
  );
}
