/** What waits for a yes, and the hash that the yes is bound to. */
import * as z from "zod";
import { approvalAnswers, approvalQuestionPrefix } from "#core/mcp/approval";
import type { House, OpenRequest } from "../house.ts";
import { mcpLimits } from "../limits.ts";
import type { Room } from "./items.ts";

export const shownApproval = z.object({
  hash: z.string().describe("What proposal_decide takes: names exactly what is shown here"),
  kind: z.enum(["fileChange", "command", "mcpToolCall"]),
  threadId: z.string(),
  turnId: z.string(),
  itemId: z.string(),
  reason: z.string().nullable(),
  command: z.string().nullable().describe("Of a command: what would run; of a tool of another server: its name and arguments"),
  cwd: z.string().nullable(),
  diff: z.string().nullable().describe("Of a fileChange: a patch as git apply takes it"),
  isWhole: z.boolean().describe("False where the diff was cut for its length: read it elsewhere before you accept"),
});
export type ShownApproval = z.infer<typeof shownApproval>;

export interface Approval extends ShownApproval {
  requestId: string;
}

const methods: Record<string, "fileChange" | "command" | "mcpToolCall"> = {
  "item/fileChange/requestApproval": "fileChange",
  "item/commandExecution/requestApproval": "command",
  // Of the agent's questions only those by which a call of a foreign tool is approved.
  "item/tool/requestUserInput": "mcpToolCall",
};

/** What such a question asks; null where it is another. */
function askedOf(params: Record<string, unknown>): string | null {
  const [question] = params.questions as { id: string; question: string }[];
  return question?.id === `${approvalQuestionPrefix}${params.itemId}` ? question.question : null;
}

/** A decision in the words of the question: what is no plain yes there is a no. */
export function answerTo({ kind, itemId }: Approval, decision: string): object {
  if (kind !== "mcpToolCall") return { decision };
  const answer = decision === "accept" ? approvalAnswers.once : approvalAnswers.no;
  return { answers: { [`${approvalQuestionPrefix}${itemId}`]: { answers: [answer] } } };
}

/** The approvals among a thread's open requests. Throws a `ToolRefusal` where there is no such thread. */
export async function approvalsOf(house: House, threadId: string): Promise<Approval[]> {
  const found: Approval[] = [];
  for (const request of await house.openRequests(threadId)) {
    const approval = await approvalOf(house, request);
    if (approval) found.push(approval);
  }
  return found;
}

async function approvalOf(house: House, { id, method, params }: OpenRequest): Promise<Approval | null> {
  const kind = methods[method];
  if (kind === undefined) return null;
  const { threadId, turnId, itemId, reason, command, cwd } = params as Record<string, string | null>;
  const place = {
    requestId: id,
    kind,
    threadId: threadId ?? "",
    turnId: turnId ?? "",
    itemId: itemId ?? "",
    reason: reason ?? null,
  };
  if (kind === "mcpToolCall") {
    const asked = askedOf(params);
    return asked === null
      ? null
      : { ...place, hash: await house.sha256(JSON.stringify([id, asked])), command: asked, cwd: null, diff: null, isWhole: true };
  }
  if (kind === "command") {
    // A command has no hash of its own in the log: this one names the question and every word of it.
    const hash = await house.sha256(JSON.stringify([id, cwd, command]));
    return { ...place, hash, command: command ?? "", cwd: cwd ?? null, diff: null, isWhole: true };
  }
  const { data } = await house.ask("thread/items/read", {
    threadId: place.threadId,
    turnId: place.turnId,
    itemIds: [place.itemId],
  });
  const item = data[0]?.item;
  if (item?.type !== "fileChange" || item.proposal === undefined) return null;
  return { ...place, hash: item.proposal.hash, command: null, cwd: null, diff: item.proposal.diff, isWhole: true };
}

/** Without what is ours to know, and within the room that the answer still has. */
export function showApproval({ requestId: _, ...approval }: Approval, room: Room): ShownApproval {
  if (approval.diff === null) return approval;
  const diff = approval.diff.slice(0, Math.min(mcpLimits.diffCharactersMax, room.characters));
  room.characters -= diff.length;
  return { ...approval, diff, isWhole: diff.length === approval.diff.length };
}
