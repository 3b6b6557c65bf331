/** How a thread's turns use the decision tree: what was said of it, and what holds where nobody said. */
import { limits } from "#core/limits";
import type { Settings } from "#core/private";
import { type DecisionMode, defaultDecisionMode } from "#protocol/decision-tree-methods";
import type { Params } from "#protocol/methods";

export function decisionModeOf(settings: Settings | null): DecisionMode {
  return settings?.decisionMode ?? defaultDecisionMode;
}

/** Milliseconds until a question's default is taken; null: never. */
export function questionTimeoutOf(settings: Settings | null): number | null {
  const { questionTimeoutMs } = settings ?? {};
  return questionTimeoutMs === undefined ? limits.question.timeoutMsDefault : questionTimeoutMs;
}

type AskedDecisionSettings = Pick<Params<"turn/start">, "decisionMode" | "questionTimeoutMs" | "decisionExtraction">;

/** What is not said stays. */
export function withDecisionSettings(
  before: Settings,
  { decisionMode, questionTimeoutMs, decisionExtraction }: AskedDecisionSettings,
): Settings {
  return {
    ...before,
    ...(decisionMode ? { decisionMode } : {}),
    ...(questionTimeoutMs === undefined ? {} : { questionTimeoutMs }),
    ...(typeof decisionExtraction === "boolean" ? { decisionExtraction } : {}),
  };
}
