/** What a thread runs under, as it is told: in the answer to whoever opens it, and in a frame whenever it changes. */
import type { Draft } from "#core/frame";
import type { Settings } from "#core/private";
import type { Thread } from "#core/thread";
import type { ThreadSettings } from "#protocol/thread-settings";
import { decisionModeOf, questionTimeoutOf } from "#thread/decision-settings";
import type { ThreadRuntime } from "#thread/runtime";

type Told = Extract<Draft, { method: "thread/settings/updated" }>;

export function settingsTold({ current }: Pick<ThreadRuntime, "current">, settings: Settings): Told {
  return {
    method: "thread/settings/updated",
    params: { threadId: current.info.id, threadSettings: wireSettings(current, settings) },
  };
}

/** None where clients would read what they know already. */
export function changeTold(runtime: Pick<ThreadRuntime, "current">, before: Settings, after: Settings): Told[] {
  const shown = (settings: Settings) => JSON.stringify(wireSettings(runtime.current, settings));
  return shown(before) === shown(after) ? [] : [settingsTold(runtime, after)];
}

/** What a client is told of the settings; what Spindle has none of is what a plain thread has on the real server. */
export function wireSettings({ info }: Pick<Thread, "info">, settings: Settings): ThreadSettings {
  return {
    disabledPluginIds: [],
    cwd: settings.cwd ?? info.cwd,
    environments: null,
    approvalPolicy: settings.approvalPolicy,
    approvalsReviewer: "user",
    sandboxPolicy: { type: "readOnly", networkAccess: false },
    activePermissionProfile: null,
    model: settings.model,
    modelProvider: info.modelProvider,
    serviceTier: null,
    effort: settings.effort,
    summary: settings.summary,
    collaborationMode: {
      mode: settings.collaborationMode ?? "default",
      settings: {
        model: settings.model,
        reasoning_effort: settings.effort,
        developer_instructions: settings.collaborationInstructions ?? null,
      },
    },
    multiAgentMode: "explicitRequestOnly",
    personality: settings.personality ?? null,
    decisionMode: decisionModeOf(settings),
    questionTimeoutMs: questionTimeoutOf(settings),
  };
}
