/** What a person may set of a session: when the agent asks, its model, how long that thinks. The same as the modes, for clients that show options. */
import type { SessionConfigOption } from "@agentclientprotocol/sdk";
import type { Model } from "#protocol/account-and-config-methods";
import type { ThreadSettings } from "#protocol/thread-settings";
import { isMode, type ModeId, modeState } from "./modes.ts";

export interface Change {
  approvalPolicy?: ModeId;
  model?: string;
  effort?: string;
}

export function configOptions(settings: ThreadSettings, models: readonly Model[]): SessionConfigOption[] {
  const { currentModeId, availableModes } = modeState(settings.approvalPolicy);
  const options: SessionConfigOption[] = [
    {
      type: "select",
      id: "mode",
      name: "When to ask",
      category: "mode",
      currentValue: currentModeId,
      options: availableModes.map(({ id, name, description }) => ({ value: id, name, description })),
    },
  ];
  const known = models.find(({ model }) => model === settings.model);
  // The thread's model may be one that the server offers no more.
  const offered = known ? [] : [{ value: settings.model, name: settings.model }];
  options.push({
    type: "select",
    id: "model",
    name: "Model",
    category: "model",
    currentValue: settings.model,
    options: [
      ...offered,
      ...models.map(({ model, displayName, description }) => ({ value: model, name: displayName, description })),
    ],
  });
  const efforts = known?.supportedReasoningEfforts ?? [];
  if (known && efforts.length > 0) {
    options.push({
      type: "select",
      id: "effort",
      name: "Thinking",
      category: "thought_level",
      currentValue: settings.effort ?? known.defaultReasoningEffort,
      options: efforts.map(({ reasoningEffort, description }) => ({
        value: reasoningEffort,
        name: reasoningEffort,
        description,
      })),
    });
  }
  return options;
}

/** Null when there is no such option, or no such value of it. */
export function changeOf(options: readonly SessionConfigOption[], configId: string, value: string | boolean): Change | null {
  const option = options.find(({ id }) => id === configId);
  if (option?.type !== "select" || typeof value !== "string") return null;
  const isOffered = option.options.some((one) => "value" in one && one.value === value);
  if (!isOffered) return null;
  if (configId === "model") return { model: value };
  if (configId === "effort") return { effort: value };
  return isMode(value) ? { approvalPolicy: value } : null;
}
