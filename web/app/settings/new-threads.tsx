/** What new threads begin with: the account's own, on every device. */
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Model } from "#protocol/account-and-config-methods";
import { useStore } from "../store/store.ts";
import { type ConfigKey, createAccountConfig } from "./account-config.ts";
import { Choice } from "./choice.tsx";
import { approvals, decisions } from "./options.ts";

export function NewThreads() {
  const { client, connection } = useStore();
  const config = useMemo(() => createAccountConfig(client), [client]);
  const [models, setModels] = useState<Model[]>([]);
  useEffect(() => {
    void config.read();
    client.request("model/list", {}).then(
      ({ data }) => setModels(data),
      () => {
        // The connection's own state says what is wrong.
      },
    );
  }, [client, config]);
  const values = config.values.value;
  if (values === null && config.failure.value === null)
    return (
      <p class="notice">
        {connection.value.type === "online" ? "Reading the settings …" : "The settings are read when the server is reached."}
      </p>
    );
  const model = models.find(({ id, isDefault }) => (values?.model ? id === values.model : isDefault));
  const efforts = model?.supportedReasoningEfforts ?? [];
  const propsOf = (key: ConfigKey) => ({
    choose: (value: string) => void config.write(key, value === "" ? null : value),
    isSaved: config.saved.value?.key === key ? config.saved.value.isSaved : null,
  });
  return (
    <>
      {config.failure.value !== null && (
        <p class="notice failed" role="alert">
          This could not be done: {config.failure.value}
        </p>
      )}
      <Choice
        label="Model"
        says={model?.description ?? "Which model answers."}
        value={values?.model ?? ""}
        options={models.map(({ id, displayName }) => ({ value: id, label: displayName }))}
        {...propsOf("model")}
      />
      {efforts.length > 0 && (
        <Choice
          label="Reasoning effort"
          says="How long the model thinks before it answers: more is slower, and better at hard things."
          value={values?.model_reasoning_effort ?? ""}
          options={[
            { value: "", label: "The model's own" },
            ...efforts.map(({ reasoningEffort }) => ({ value: reasoningEffort, label: reasoningEffort })),
          ]}
          {...propsOf("model_reasoning_effort")}
        />
      )}
      <Choice
        label="Approvals"
        says="When you are asked before files are changed or commands run."
        value={values?.approval_policy ?? "on-request"}
        options={approvals}
        {...propsOf("approval_policy")}
      />
      <Choice
        label="Decisions"
        says="Whether the model states what it assumes before it acts: advise weighs it and tells the model, steer takes the best step."
        value={values?.decision_mode ?? "observe"}
        options={decisions}
        {...propsOf("decision_mode")}
      />
    </>
  );
}
