import * as z from "zod";
import { inputCharactersMax } from "#protocol/errors";
import type { House } from "../house.ts";
import { mcpLimits } from "../limits.ts";
import { tool } from "../tool.ts";
import { approvalsOf } from "./approval.ts";

export const turnStart = tool({
  name: "turn_start",
  title: "Ask the coding agent",
  description:
    "Gives the coding agent a message: in a thread, or in a new one when threadId is left out. Answers at once with threadId and turnId while the agent works; a message into a running turn steers it. waitSeconds waits that long for the end or for an approval. Read the outcome with thread_read. The agent changes files only after an approval (approvals_list, proposal_decide). Repeat a call that failed with the same requestKey: it begins nothing twice.",
  annotations: { readOnlyHint: false, destructiveHint: false, idempotentHint: false, openWorldHint: true },
  input: z.strictObject({
    message: z.string().min(1).max(inputCharactersMax),
    threadId: z.string().max(64).optional(),
    cwd: z
      .string()
      .max(4_096)
      .startsWith("/")
      .optional()
      .describe("Of a new thread: where its workspace stands; /workspace by default"),
    model: z.string().min(1).max(200).optional(),
    requestKey: z
      .string()
      .min(1)
      .max(mcpLimits.requestKeyCharactersMax)
      .optional()
      .describe("Of your making, one for each message: a retry with it gets the first answer"),
    waitSeconds: z.int().min(0).max(mcpLimits.waitSecondsMax).default(0),
  }),
  output: z.object({
    threadId: z.string(),
    turnId: z.string(),
    status: z.enum(["completed", "interrupted", "failed", "inProgress"]),
    approvals: z.int().describe("How many wait in the thread now"),
    answer: z.string().nullable().describe("The agent's last message of this turn so far"),
    error: z.string().nullable(),
  }),
  async call(house, { message, cwd, model, waitSeconds, ...input }) {
    const key = input.requestKey ?? house.newId();
    const threadId = input.threadId ?? (await newThread(house, key, cwd, model));
    const started = await house.ask("turn/start", {
      threadId,
      input: [{ type: "text", text: message }],
      clientUserMessageId: key,
      ...(model === undefined ? {} : { model }),
    });
    const turnId = started.turn.id;
    if (waitSeconds > 0) await house.settled(threadId, turnId, waitSeconds * 1000);
    const { data } = await house.ask("thread/turns/list", { threadId, limit: mcpLimits.turnsPageMax, itemsView: "summary" });
    const turn = data.find(({ id }) => id === turnId) ?? started.turn;
    const said = turn.items.findLast((item) => item.type === "agentMessage");
    return {
      threadId,
      turnId,
      status: turn.status,
      approvals: turn.status === "inProgress" ? (await approvalsOf(house, threadId)).length : 0,
      answer: said?.type === "agentMessage" ? said.text.slice(0, mcpLimits.answerCharactersMax) : null,
      error: turn.error?.message ?? null,
    };
  },
});

/** Named after the key, so that a retry finds the thread that the first call began. */
async function newThread(house: House, key: string, cwd: string | undefined, model: string | undefined): Promise<string> {
  const digits = await house.sha256(`spindle mcp thread\n${key}`);
  // RFC 9562: version 8 is a UUID of one's own making.
  const threadId = `${digits.slice(0, 8)}-${digits.slice(8, 12)}-8${digits.slice(13, 16)}-8${digits.slice(17, 20)}-${digits.slice(20, 32)}`;
  const began = await house.ask("thread/start", {
    threadId,
    ...(cwd === undefined ? {} : { cwd }),
    ...(model === undefined ? {} : { model }),
  });
  return began.thread.id;
}
