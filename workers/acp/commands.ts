/** What an editor offers behind a slash. */
import type { AvailableCommand } from "@agentclientprotocol/sdk";
import type { PromptBlock } from "./params.ts";

export const availableCommands: AvailableCommand[] = [
  { name: "compact", description: "Make what the model is told of this session shorter. The session's log keeps everything." },
  {
    name: "review",
    description: "Let the agent review what this session has changed, or what you say.",
    input: { hint: "what to look at; without it, all changes" },
  },
];

export type Command = { type: "compact" } | { type: "review"; instructions: string | null };

/** Null for a prompt that is to be said: also one that begins with a slash and names no command, such as a path. */
export function commandOf(prompt: readonly PromptBlock[]): Command | null {
  const [block, ...more] = prompt;
  if (block?.type !== "text" || more.length > 0) return null;
  const [, name, rest = ""] = /^\/(\w+)(?:\s+(.*))?$/s.exec(block.text.trim()) ?? [];
  if (name === "compact" && rest === "") return { type: "compact" };
  if (name === "review") return { type: "review", instructions: rest === "" ? null : rest };
  return null;
}
