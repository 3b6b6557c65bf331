/**
 * Making the model's past shorter before its window is full. What people said, what landed, where the plan stands and how each turn ended
 * is kept, newest first, within a share of the window; the running turn is kept as it is. No model is asked, so that it cannot fail.
 */
import type { Frame } from "#core/frame";
import { limits } from "#core/limits";
import type { ModelItem } from "#core/private";
import { cutMiddle } from "#core/prompt";
import type { Thread } from "#core/thread";
import { textOf } from "#protocol/user-input";

export function isNearlyFull({ contextTokens = 0, tokenUsage }: Thread): boolean {
  return contextTokens > windowOf(tokenUsage) * limits.contextShareMax;
}

/** `frames` are those the model's input is made of now, oldest first; `turnId` is the running turn, or null at rest. */
export function compact(
  frames: Iterable<Frame>,
  turnId: string | null,
  usage: Thread["tokenUsage"],
): { items: ModelItem[]; tokens: number } {
  const kept: string[] = [];
  const landed = new Map<string, string>();
  const running: ModelItem[] = [];
  let plan: string | null = null;
  let earlier: string | null = null;
  let inRunningTurn = false;
  for (const frame of frames) {
    if (frame.method === "turn/started") inRunningTurn = frame.params.turn.id === turnId;
    const event = frame.private?.event;
    if (event?.type === "compacted") earlier = summaryIn(frame.private?.modelItems ?? []);
    else if (inRunningTurn) running.push(...(frame.private?.modelItems ?? []));
    if (event?.type === "settled" || event?.type === "userCommandEnded") {
      for (const { path, before, after } of event.landed)
        landed.set(path, after === null ? "deleted" : before === null ? "added" : "changed");
    }
    if (frame.method === "turn/plan/updated")
      plan = frame.params.plan.map(({ step, status }) => `- [${status}] ${step}`).join("\n");
    if (inRunningTurn || frame.method !== "item/completed") continue;
    const { item } = frame.params;
    if (item.type === "userMessage") kept.push(`The user said:\n${textOf(item.content)}`);
    if (item.type === "commandExecution" && item.source === "userShell")
      kept.push(`The user ran ${item.command} (exit code ${item.exitCode})`);
    if (item.type === "agentMessage" && item.text !== "") kept.push(`You said:\n${item.text}`);
  }
  const charactersMax = windowOf(usage) * limits.compactedShareMax * charactersPerToken;
  const parts = [
    earlier && `Before that, in short:\n${cutMiddle(earlier, charactersMax / 4)}`,
    landed.size > 0 && `Changes that were accepted and are in the workspace:\n${filesOf(landed, charactersMax / 8)}`,
    plan && `The plan as it stood:\n${plan}`,
    newest(kept, charactersMax / 2),
  ].filter((part) => part);
  const text = `${opening}\n${parts.join("\n\n")}\n${closing}`;
  const summary: ModelItem = { type: "message", role: "user", content: [{ type: "input_text", text }] };
  const items = [summary, ...running];
  return { items, tokens: Math.ceil(JSON.stringify(items).length / charactersPerToken) };
}

/** A rule of thumb for English and code. */
const charactersPerToken = 4;
const opening =
  "<context_summary>\nThe talk so far, made shorter. The files are the truth; look at them before you rely on this.\n";
const closing = "</context_summary>";

function windowOf(usage: Thread["tokenUsage"]): number {
  return usage?.modelContextWindow ?? limits.contextTokensDefault;
}

function summaryIn(items: ModelItem[]): string | null {
  const [part] = Array.isArray(items[0]?.content) ? items[0].content : [];
  const text = part && typeof part.text === "string" ? part.text : "";
  return text.startsWith(opening) ? text.slice(opening.length, -closing.length).trim() : null;
}

function filesOf(landed: Map<string, string>, charactersMax: number): string {
  return cutMiddle(Array.from(landed, ([path, what]) => `- ${what} ${path}`).join("\n"), charactersMax);
}

/** The newest texts that fit, in the order they were said, and how many older ones do not. */
function newest(texts: string[], charactersMax: number): string {
  const taken: string[] = [];
  let left = charactersMax;
  for (const text of texts.toReversed()) {
    const shown = cutMiddle(text, charactersMax / 4);
    if (shown.length > left) break;
    left -= shown.length;
    taken.unshift(shown);
  }
  const missing = texts.length - taken.length;
  return missing > 0 ? `(${missing} older messages are left out)\n\n${taken.join("\n\n")}` : taken.join("\n\n");
}
