/** The settings of one thread, from its next turn on: each is shown as the server told it last, and changed at once. */
import "../settings/settings.css";
import { useEffect, useState } from "preact/hooks";
import type { ThreadHandle } from "#client/thread-handle";
import { Choice } from "../settings/choice.tsx";
import { approvals, decisions } from "../settings/options.ts";
import { useStore } from "../store/store.ts";
import { Modal } from "./modal.tsx";
import { setThread, type ThreadSettingKey } from "./set-thread.ts";

/** `drawn`: see `OpenedThread`. */
export function SettingsDialog({ thread, close }: { thread: ThreadHandle; drawn: number; close(): void }) {
  const { client, models } = useStore();
  /** What was asked for, until the server tells that it is so. */
  const [asked, setAsked] = useState<{ key: ThreadSettingKey; value: string } | null>(null);
  const [savedKey, setSavedKey] = useState<ThreadSettingKey | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const { settings } = thread;
  const isTold = asked !== null && settings?.[asked.key] === asked.value;
  useEffect(() => {
    if (!isTold || !asked) return;
    setSavedKey(asked.key);
    setAsked(null);
  }, [isTold, asked]);
  if (!settings) return null;
  const propsOf = (key: ThreadSettingKey) => ({
    choose: (value: string) => {
      setFailure(null);
      setSavedKey(null);
      setAsked({ key, value });
      setThread(client, thread.id, key, value).catch((error: Error) => {
        setAsked(null);
        setFailure(error.message);
      });
    },
    value: asked?.key === key ? asked.value : told(settings[key]),
    isSaved: asked?.key === key ? false : savedKey === key ? true : null,
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
        options={models.value.map(({ id, displayName }) => ({ value: id, label: displayName }))}
        {...propsOf("model")}
      />
      {efforts.length > 0 && (
        <Choice
          label="Reasoning effort"
          says="More is slower, and better at hard things."
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
        options={[
          ...approvals,
          ...(typeof settings.approvalPolicy === "string" ? [] : [{ value: "granular", label: "By rules of another client" }]),
        ]}
        {...propsOf("approvalPolicy")}
      />
      <Choice
        label="Decisions"
        says="Whether the model states what it assumes: advise tells it what follows, steer takes the best step."
        options={decisions}
        {...propsOf("decisionMode")}
      />
      <button type="button" onClick={close}>
        Done
      </button>
    </Modal>
  );
}

/** As one of the values that can be chosen; what another client said in more words is one of its own. */
function told(value: unknown): string {
  return typeof value === "string" ? value : value == null ? "" : "granular";
}
