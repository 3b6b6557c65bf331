/** One setting of a thread, from its next turn on. What is set is what the server then tells, not what was asked. */
import type { Client } from "#client/client";
import type { DecisionMode } from "#protocol/decision-tree-methods";

export type ThreadSettingKey = "model" | "effort" | "approvalPolicy" | "decisionMode";

/** It names the state it leads to, and may be said again. Rejects with what the server refuses. */
export async function setThread(client: Client, threadId: string, key: ThreadSettingKey, value: string): Promise<void> {
  const isIdempotent = { isIdempotent: true };
  // The border of the page: the values are those of the lists that were offered.
  if (key === "decisionMode") {
    await client.request("spindle/decisionTree/setMode", { threadId, mode: value as DecisionMode }, isIdempotent);
  } else {
    const set = { [key]: value } as { model?: string; effort?: string; approvalPolicy?: "on-request" | "untrusted" | "never" };
    await client.request("thread/settings/update", { threadId, ...set }, isIdempotent);
  }
}
