import * as z from "zod";
import { hunksChosenMax } from "#protocol/approval-bounds";
import { type House, ToolRefusal } from "../house.ts";
import { tool } from "../tool.ts";
import { type Approval, answerTo, approvalsOf } from "./approval.ts";

/** Not for the session, as a client's own button may: a yes of this door is to what was shown, and to nothing that comes after. */
const decision = z.enum(["accept", "decline", "cancel"]);

export const proposalDecide = tool({
  name: "proposal_decide",
  title: "Decide a proposal",
  description:
    "Answers what waits for approval, by the hash that approvals_list showed: accept lands exactly those changes (or runs exactly that command), decline refuses and the turn goes on, cancel refuses and ends the turn. hunks accepts only these pieces of a diff, numbered from 1 on. Refuses with notWaiting when nothing with that hash waits in the thread, for instance because somebody was faster. Ask a person before you accept.",
  annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: false },
  input: z.strictObject({
    threadId: z.string().max(64),
    hash: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .describe("The whole hash of approvals_list"),
    decision,
    hunks: z.array(z.int().min(1)).min(1).max(hunksChosenMax).optional(),
  }),
  output: z.object({
    threadId: z.string(),
    turnId: z.string(),
    itemId: z.string(),
    decision,
    itemStatus: z.string().describe("As the log has it now: inProgress while what was accepted is being done"),
  }),
  async call(house, { threadId, hash, decision, hunks }) {
    const approval = (await approvalsOf(house, threadId)).find((waiting) => waiting.hash === hash);
    if (!approval)
      throw new ToolRefusal("notWaiting", `nothing with the hash ${hash} waits in thread ${threadId}; list the approvals again`);
    if (hunks !== undefined && (decision !== "accept" || approval.kind !== "fileChange")) {
      throw new ToolRefusal("hunksNotAccepted", "hunks go with the decision accept of a fileChange");
    }
    const answer = hunks === undefined ? answerTo(approval, decision) : { decision, hunks, proposalHash: hash };
    const refused = await house.respond(threadId, approval.requestId, answer);
    if (refused) throw new ToolRefusal("refused", refused.message);
    return {
      threadId,
      turnId: approval.turnId,
      itemId: approval.itemId,
      decision,
      itemStatus: await statusAfter(house, approval, decision),
    };
  },
});

/** A thread says nothing to an answer that came too late, so that the item has to: what was accepted is never declined. */
async function statusAfter(house: House, { kind, threadId, turnId, itemId }: Approval, decision: string): Promise<string> {
  const { data } = await house.ask("thread/items/read", { threadId, turnId, itemIds: [itemId] });
  const item = data[0]?.item;
  const status = item !== undefined && "status" in item ? item.status : "gone";
  // A call of a foreign tool that nobody allowed is failed, and so may be one that somebody did: nothing is said of who was faster.
  if (kind === "mcpToolCall") return status;
  const isDeclined = status === "declined";
  const wasFaster = decision === "accept" ? isDeclined : status === "completed";
  if (wasFaster) throw new ToolRefusal("decidedElsewhere", `somebody else was faster: the item is ${status}`);
  return status;
}
