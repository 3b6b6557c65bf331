/**
 * Frames of a thread as ACP's session updates: a pure mapper. The same log gives the same updates, so that a client that was cut takes up
 * after the last frame it has, and a session that is loaded shows what was shown live.
 */
import type { ContentBlock, SessionUpdate } from "@agentclientprotocol/sdk";
import type { Frame } from "#core/frame";
import type { Thread } from "#core/thread";
import type { ItemOf, ThreadItem } from "#protocol/item";
import type { Notifications } from "#protocol/notifications";
import type { UserInput } from "#protocol/user-input";
import { modeOf } from "./modes.ts";
import { isWork, outputSoFar, toolCall, toolCallEnded } from "./tool-calls.ts";

/** What a client has to have said at `initialize` to hear more than the baseline. */
export interface Hearing {
  notices: boolean;
  compaction: boolean;
}

export interface Told {
  update: SessionUpdate;
  /** Characters of the message or thought that were told before: a client that has more of it already drops them. */
  offset?: number;
  /** The key with which a client said it: it knows its own words. */
  clientUserMessageId?: string;
}

/** `before` is the thread as it was before the frame. */
export function updatesOf(before: Thread | null, frame: Frame, hearing: Hearing): Told[] {
  switch (frame.method) {
    case "item/started":
      return started(frame.params.item, hearing);
    case "item/completed":
      return completed(itemIn(before, frame.params.turnId, frame.params.item.id), frame.params.item, hearing);
    case "item/agentMessage/delta": {
      const item = itemIn(before, frame.params.turnId, frame.params.itemId);
      return chunk("agent_message_chunk", frame.params.itemId, frame.params.delta, messageText(item).length);
    }
    case "item/reasoning/summaryPartAdded": {
      const item = itemIn(before, frame.params.turnId, frame.params.itemId);
      if (item?.type !== "reasoning" || item.summary.length === 0) return [];
      return chunk("agent_thought_chunk", item.id, partBreak, thoughtText(item).length);
    }
    case "item/reasoning/summaryTextDelta": {
      const item = itemIn(before, frame.params.turnId, frame.params.itemId);
      return chunk("agent_thought_chunk", frame.params.itemId, frame.params.delta, thoughtText(item).length);
    }
    case "item/commandExecution/outputDelta": {
      const item = itemIn(before, frame.params.turnId, frame.params.itemId);
      if (item?.type !== "commandExecution") return [];
      return [{ update: { sessionUpdate: "tool_call_update", ...outputSoFar(item, frame.params.delta) } }];
    }
    case "item/commandExecution/requestApproval":
    case "item/fileChange/requestApproval":
      return [{ update: { sessionUpdate: "tool_call_update", toolCallId: frame.params.itemId, status: "pending" } }];
    case "serverRequest/resolved": {
      const request = before?.requests.find(({ id }) => id === frame.params.requestId);
      if (!request?.method.endsWith("/requestApproval") || !("itemId" in request.params)) return [];
      return [{ update: { sessionUpdate: "tool_call_update", toolCallId: request.params.itemId, status: "in_progress" } }];
    }
    case "turn/plan/updated":
      return [{ update: planUpdate(frame.params) }];
    case "thread/name/updated":
      return [{ update: { sessionUpdate: "session_info_update", title: frame.params.threadName ?? null } }];
    case "thread/tokenUsage/updated": {
      const { last, modelContextWindow } = frame.params.tokenUsage;
      if (modelContextWindow === null) return [];
      return [{ update: { sessionUpdate: "usage_update", used: last.totalTokens, size: modelContextWindow } }];
    }
    case "thread/settings/updated":
      return [
        { update: { sessionUpdate: "current_mode_update", currentModeId: modeOf(frame.params.threadSettings.approvalPolicy) } },
      ];
    case "error":
      return notice(hearing, frame.params.willRetry ? "warning" : "error", frame.params.error.message);
    case "warning":
      return notice(hearing, "warning", frame.params.message);
    case "thread/reverted":
      return notice(hearing, "info", "Turns of this session were taken back; load it again to see what is left.");
    default:
      // What ACP has no word for. The turn's end is the prompt's answer.
      return [];
  }
}

const partBreak = "\n\n";

function started(item: ThreadItem, hearing: Hearing): Told[] {
  if (item.type === "userMessage") return said(item);
  if (isWork(item)) return [{ update: { sessionUpdate: "tool_call", ...toolCall(item) } }];
  if (item.type === "contextCompaction" && hearing.compaction) {
    return [{ update: { sessionUpdate: "compaction_update", compactionId: item.id, status: "in_progress" } }];
  }
  return [];
}

/** Streamed text may have left the log, or never been in it: what was not told by deltas is told now. */
function completed(before: ThreadItem | null, item: ThreadItem, hearing: Hearing): Told[] {
  if (item.type === "agentMessage") {
    const told = messageText(before);
    return chunk("agent_message_chunk", item.id, item.text.slice(told.length), told.length);
  }
  if (item.type === "reasoning") {
    const told = thoughtText(before);
    return chunk("agent_thought_chunk", item.id, thoughtText(item).slice(told.length), told.length);
  }
  if (item.type === "userMessage") return before ? [] : said(item);
  if (isWork(item)) {
    const begun: Told[] = before ? [] : [{ update: { sessionUpdate: "tool_call", ...toolCall(item) } }];
    return [...begun, { update: { sessionUpdate: "tool_call_update", ...toolCallEnded(item) } }];
  }
  if (item.type === "contextCompaction" && hearing.compaction) {
    return [{ update: { sessionUpdate: "compaction_update", compactionId: item.id, status: "completed" } }];
  }
  return [];
}

function said({ id, clientId, content }: ItemOf<"userMessage">): Told[] {
  return content.map((part) => ({
    update: { sessionUpdate: "user_message_chunk", messageId: id, content: contentBlock(part) },
    ...(clientId === null ? {} : { clientUserMessageId: clientId }),
  }));
}

function contentBlock(part: UserInput): ContentBlock {
  if (part.type === "text") return { type: "text", text: part.text };
  if ("path" in part) return { type: "resource_link", name: "name" in part ? part.name : part.path, uri: part.path };
  const [, mimeType, data] = /^data:([^;,]+);base64,(.*)$/s.exec(part.url ?? "") ?? [];
  if (part.type === "image" && mimeType && data !== undefined) return { type: "image", mimeType, data };
  return { type: "resource_link", name: part.type, uri: part.url ?? part.fileId ?? "" };
}

function chunk(
  sessionUpdate: "agent_message_chunk" | "agent_thought_chunk",
  messageId: string,
  text: string,
  offset: number,
): Told[] {
  return text === "" ? [] : [{ update: { sessionUpdate, messageId, content: { type: "text", text } }, offset }];
}

function messageText(item: ThreadItem | null): string {
  return item?.type === "agentMessage" ? item.text : "";
}

function thoughtText(item: ThreadItem | null): string {
  return item?.type === "reasoning" ? item.summary.join(partBreak) : "";
}

function planUpdate({ plan }: Notifications["turn/plan/updated"]): SessionUpdate {
  const status = { pending: "pending", inProgress: "in_progress", completed: "completed" } as const;
  // Nothing of ours is more urgent than the rest.
  const entries = plan.map((step) => ({ content: step.step, priority: "medium" as const, status: status[step.status] }));
  return { sessionUpdate: "plan", entries };
}

function notice(hearing: Hearing, severity: "info" | "warning" | "error", title: string): Told[] {
  return hearing.notices ? [{ update: { sessionUpdate: "notice", severity, title } }] : [];
}

function itemIn(thread: Thread | null, turnId: string, itemId: string): ThreadItem | null {
  // The newest turn nearly always.
  const turn = thread?.turns.findLast(({ id }) => id === turnId);
  return turn?.items.findLast(({ id }) => id === itemId) ?? null;
}
