/** The account's threads, for the tools: by the protocol's own questions. */
import type { Context } from "hono";
import type { WireError } from "#protocol/errors";
import { parseThreadId } from "#protocol/thread-id";
import { newId, report } from "../../durable-objects/platform.ts";
import type { Door } from "../authentication.ts";
import { insideClient } from "../inside/client.ts";
import { answerServerRequest, question, waitingRequests } from "../inside/question.ts";
import { type House, ToolRefusal } from "./house.ts";

const clientInfo = { name: "spindle-mcp", title: "MCP", version: "1" };

export function insideHouse(context: Context<Door>): House {
  return {
    async ask(method, params) {
      const answered = await question(context, clientInfo.name, method, params);
      if ("refused" in answered) throw refusal(answered.refused);
      return answered.result;
    },
    async openRequests(threadId) {
      const parsed = parseThreadId(threadId);
      if ("problem" in parsed) throw new ToolRefusal("refused", `invalid thread id: ${parsed.problem}`);
      const found = await waitingRequests(context, clientInfo.name, parsed.threadId);
      if ("refused" in found) throw refusal(found.refused);
      // The thread wrote them itself, by their methods' own rows.
      return found.requests.map(({ id, method, params }) => ({ id, method, params: params as Record<string, unknown> }));
    },
    respond: (threadId, requestId, result) => answerServerRequest(context, threadId, requestId, result),
    async settled(threadId, turnId, timeoutMs) {
      const client = insideClient(context, clientInfo);
      try {
        const thread = await client.openThread(threadId);
        const isOver = (status: string | undefined) => status !== undefined && status !== "inProgress";
        await thread.until(
          ({ turns, requests }) => requests.length > 0 || isOver(turns.find(({ id }) => id === turnId)?.status),
          {
            timeoutMs,
          },
        );
      } catch (error) {
        // Time is up, or the thread was lost sight of: how it stands is read behind this in any case.
        report("mcpWaitEnded", { error: String(error) });
      } finally {
        client.close();
      }
    },
    newId,
    async sha256(text) {
      const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
      return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    },
  };
}

function refusal({ code, message }: WireError): ToolRefusal {
  return new ToolRefusal(code === -32001 ? "overloaded" : "refused", message);
}
