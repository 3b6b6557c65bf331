/** How a thread begins: what `thread/start` says, else its `config` (which holds the account's), else the server. */
import type { Settings } from "#core/private";
import { problemOfConfig, threadDefaults, threadDefaultsOf } from "#protocol/config";
import { Refusal, refusals } from "#protocol/errors";
import type { Params } from "#protocol/methods";

export function startSettings(params: Params<"thread/start">, defaultModel: string): Settings {
  const config = params.config ?? {};
  const relevant = Object.fromEntries(Object.entries(config).filter(([key]) => Object.hasOwn(threadDefaults, key)));
  const problem = problemOfConfig(relevant);
  if (problem !== null) throw new Refusal(refusals.invalidRequestText(`failed to load configuration: ${problem}`));
  const defaults = threadDefaultsOf(relevant);
  return {
    model: params.model || defaults.model || defaultModel,
    approvalPolicy: params.approvalPolicy ?? defaults.approval_policy ?? "on-request",
    effort: defaults.model_reasoning_effort ?? null,
    summary: defaults.model_reasoning_summary ?? null,
    baseInstructions: params.baseInstructions ?? defaults.instructions ?? null,
    developerInstructions: params.developerInstructions ?? defaults.developer_instructions ?? null,
    personality: params.personality ?? defaults.personality ?? null,
    ...(defaults.decision_mode ? { decisionMode: defaults.decision_mode } : {}),
  };
}
