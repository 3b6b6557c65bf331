import * as z from "zod";
import { type House, ToolRefusal } from "../house.ts";
import { mcpLimits } from "../limits.ts";
import { readsOnly, tool } from "../tool.ts";
import { type Approval, approvalsOf, showApproval, shownApproval } from "./approval.ts";

export const approvalsList = tool({
  name: "approvals_list",
  title: "List what waits for approval",
  description:
    "Lists file changes (with their diff) and commands that wait for somebody's approval, in one thread or across the account. Each has a hash: proposal_decide answers by it. Nothing happens to files before. Pass nextCursor as cursor for more.",
  annotations: readsOnly,
  input: z.strictObject({
    threadId: z.string().max(64).optional().describe("Only this thread's"),
    cursor: z.string().max(4_096).optional(),
  }),
  output: z.object({ approvals: z.array(shownApproval), nextCursor: z.string().nullable() }),
  async call(house, { threadId, cursor }) {
    const found =
      threadId === undefined
        ? await acrossThreads(house, cursor)
        : { approvals: await approvalsOf(house, threadId), nextCursor: null };
    const room = { characters: mcpLimits.diffsCharactersMax };
    return { approvals: found.approvals.map((approval) => showApproval(approval, room)), nextCursor: found.nextCursor };
  },
});

/** The Directory knows which threads wait; what they ask stands in their own logs. */
async function acrossThreads(
  house: House,
  from: string | undefined,
): Promise<{ approvals: Approval[]; nextCursor: string | null }> {
  const approvals: Approval[] = [];
  let cursor: string | null = from ?? null;
  let threadsRead = 0;
  for (let pages = 0; pages < mcpLimits.approvalPagesMax; pages++) {
    const page = await house.ask("thread/list", {
      limit: mcpLimits.approvalThreadsMax,
      sortKey: "recency_at",
      ...(cursor === null ? {} : { cursor }),
    });
    const waiting = page.data.filter(({ status }) => status.type === "active" && status.activeFlags.length > 0);
    for (const asked of await Promise.all(waiting.map(({ id }) => openOrGone(house, id)))) approvals.push(...asked);
    threadsRead += waiting.length;
    cursor = page.nextCursor;
    if (cursor === null || threadsRead >= mcpLimits.approvalThreadsMax) break;
  }
  return { approvals, nextCursor: cursor };
}

/** A thread may be deleted or put away since it was listed. */
async function openOrGone(house: House, threadId: string): Promise<Approval[]> {
  return approvalsOf(house, threadId).catch((error) => {
    if (error instanceof ToolRefusal) return [];
    throw error;
  });
}
