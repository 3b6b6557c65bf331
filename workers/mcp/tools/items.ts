/** What happened in a turn, as text for a model that reads it: bounded by item and as a whole. */
import * as z from "zod";
import type { ThreadItem } from "#protocol/item";
import { textOf } from "#protocol/user-input";
import { mcpLimits } from "../limits.ts";

export const shownItem = z.object({
  itemId: z.string(),
  type: z.string().describe("userMessage, agentMessage, commandExecution, fileChange, …"),
  status: z.string().nullable(),
  text: z.string().describe("What was said; a command with its output; a change's diff"),
  isWhole: z.boolean().describe("False where the text was cut for its length"),
  hash: z.string().nullable().describe("Of a fileChange: the hash that proposal_decide takes"),
});
export type ShownItem = z.infer<typeof shownItem>;

/** Characters that an answer still has room for. */
export interface Room {
  characters: number;
}

export function showItem(item: ThreadItem, room: Room): ShownItem {
  const text = textOfItem(item);
  const most = Math.min(mcpLimits.itemCharactersMax, room.characters);
  const shown = text.slice(0, most);
  room.characters -= shown.length;
  return {
    itemId: item.id,
    type: item.type,
    status: "status" in item ? item.status : null,
    text: shown,
    isWhole: shown.length === text.length,
    hash: item.type === "fileChange" ? (item.proposal?.hash ?? null) : null,
  };
}

function textOfItem(item: ThreadItem): string {
  switch (item.type) {
    case "userMessage":
      return textOf(item.content);
    case "agentMessage":
      return item.text;
    case "reasoning":
      return item.summary.join("\n");
    case "commandExecution":
      return `$ ${item.command}\n${item.aggregatedOutput ?? ""}${item.exitCode ? `\nexit code ${item.exitCode}` : ""}`;
    case "fileChange":
      return item.proposal?.diff ?? item.changes.map(({ path }) => path).join("\n");
    case "enteredReviewMode":
    case "exitedReviewMode":
      return item.review;
    case "dynamicToolCall":
      return `${item.tool} ${JSON.stringify(item.arguments) ?? ""}`;
    case "mcpToolCall": {
      const said =
        item.error?.message ?? item.result?.content.map((part) => (typeof part.text === "string" ? part.text : "")).join("\n");
      return `${item.server}.${item.tool} ${JSON.stringify(item.arguments) ?? ""}\n${said ?? ""}`;
    }
    default:
      return "";
  }
}
