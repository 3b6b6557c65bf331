/** Items that are work, as ACP's tool calls: pure, and the same whether they are told live or out of the log. */
import type { ToolCall, ToolCallContent, ToolCallUpdate, ToolKind } from "@agentclientprotocol/sdk";
import { shownCommand } from "#client/shell-command";
import type { ItemOf, ThreadItem, WorkStatus } from "#protocol/item";
import { diffContent, locationsOf } from "./diff-content.ts";
import { acpLimits } from "./limits.ts";

type CommandItem = ItemOf<"commandExecution">;
type WorkItem = CommandItem | ItemOf<"fileChange" | "dynamicToolCall" | "mcpToolCall">;

const workTypes = new Set<ThreadItem["type"]>(["commandExecution", "fileChange", "dynamicToolCall", "mcpToolCall"]);

export function isWork(item: ThreadItem): item is WorkItem {
  return workTypes.has(item.type);
}

/** As it begins, or as a permission is asked for it. */
export function toolCall(item: WorkItem): ToolCall {
  const begun = { toolCallId: item.id, title: titleOf(item), kind: kindOf(item), status: "pending" as const };
  switch (item.type) {
    case "commandExecution":
      return { ...begun, status: "in_progress", rawInput: { command: shownCommand(item.command), cwd: item.cwd } };
    case "fileChange":
      return { ...begun, ...changesOf(item) };
    case "dynamicToolCall":
    case "mcpToolCall":
      return { ...begun, status: "in_progress", rawInput: item.arguments };
    default:
      return item satisfies never;
  }
}

/** As it ended. */
export function toolCallEnded(item: WorkItem): ToolCallUpdate {
  const ended = { toolCallId: item.id, status: statusOf(item.status) };
  switch (item.type) {
    case "commandExecution":
      return {
        ...ended,
        content: outputContent(item.aggregatedOutput ?? ""),
        rawOutput: { exitCode: item.exitCode, durationMs: item.durationMs, declined: item.status === "declined" },
      };
    case "fileChange":
      // What landed may be some hunks of what was asked for.
      return { ...ended, ...changesOf(item) };
    case "dynamicToolCall":
      return { ...ended, rawOutput: item.contentItems };
    case "mcpToolCall":
      return { ...ended, content: outputContent(saidBy(item)), rawOutput: item.result?.structuredContent };
    default:
      return item satisfies never;
  }
}

/** What a command says so far: its end, which replaces what was told before. */
export function outputSoFar({ id, aggregatedOutput }: CommandItem, delta: string): ToolCallUpdate {
  const text = (aggregatedOutput ?? "") + delta;
  return { toolCallId: id, content: outputContent(text.slice(-acpLimits.liveOutputCharactersMax)) };
}

function changesOf({ changes, proposal }: ItemOf<"fileChange">) {
  return {
    content: diffContent(changes),
    locations: locationsOf(changes),
    ...(proposal ? { _meta: { spindle: { proposal } } } : {}),
  };
}

function outputContent(text: string): ToolCallContent[] {
  return text === "" ? [] : [{ type: "content", content: { type: "text", text } }];
}

/** The text that the server of others answered with, or why it did not. */
function saidBy({ error, result }: ItemOf<"mcpToolCall">): string {
  if (error !== null) return error.message;
  return (result?.content ?? []).flatMap(({ text }) => (typeof text === "string" ? [text] : [])).join("\n");
}

function titleOf(item: WorkItem): string {
  return titleText(item).slice(0, acpLimits.titleCharactersMax);
}

function titleText(item: WorkItem): string {
  switch (item.type) {
    case "commandExecution":
      return shownCommand(item.command);
    case "dynamicToolCall":
      return item.tool;
    case "mcpToolCall":
      return `${item.server}: ${item.tool}`;
    case "fileChange": {
      const [first] = item.changes;
      if (!first || item.changes.length > 1) return `Change ${item.changes.length} files`;
      const verb = { add: "Create", delete: "Delete", update: "Edit" }[first.kind.type];
      return `${verb} ${first.path}`;
    }
    default:
      return item satisfies never;
  }
}

function kindOf(item: WorkItem): ToolKind {
  switch (item.type) {
    case "commandExecution": {
      const kinds = new Set(item.commandActions.map(({ type }) => type));
      if (kinds.size !== 1 || kinds.has("unknown")) return "execute";
      return kinds.has("read") ? "read" : "search";
    }
    case "fileChange":
      return item.changes.every(({ kind }) => kind.type === "delete") ? "delete" : "edit";
    case "dynamicToolCall":
    case "mcpToolCall":
      return "other";
    default:
      return item satisfies never;
  }
}

function statusOf(status: WorkStatus): "in_progress" | "completed" | "failed" {
  if (status === "inProgress") return "in_progress";
  return status === "completed" ? "completed" : "failed";
}
