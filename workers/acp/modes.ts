/** When the agent asks, as ACP's session modes. */
import type { SessionModeState } from "@agentclientprotocol/sdk";
import type { ApprovalPolicy } from "#protocol/thread";

const modes = [
  {
    id: "untrusted",
    name: "Ask before commands and changes",
    description: "Every change of files and every command that does more than read waits for your answer.",
  },
  {
    id: "on-request",
    name: "Ask before changes",
    description: "Commands run on a copy of the workspace; what they and the agent change waits for your answer.",
  },
  { id: "never", name: "Never ask", description: "Changes land without an answer of yours." },
] as const;

export type ModeId = (typeof modes)[number]["id"];

/** A policy that another client made of its own pieces has no mode: it can be left, and not be chosen here. */
const granular = { id: "granular", name: "As set elsewhere", description: "Another client chose one by one what is asked." };

export function isMode(id: string): id is ModeId {
  return modes.some((mode) => mode.id === id);
}

export function modeOf(policy: ApprovalPolicy): string {
  return typeof policy === "string" ? policy : granular.id;
}

export function modeState(policy: ApprovalPolicy): SessionModeState {
  const currentModeId = modeOf(policy);
  return { currentModeId, availableModes: isMode(currentModeId) ? [...modes] : [granular, ...modes] };
}
