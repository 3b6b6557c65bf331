/** A thread's approvals and questions as ACP's `session/request_permission`, and what was chosen as the thread's own answer. */
import type { PermissionOption, RequestPermissionRequest } from "@agentclientprotocol/sdk";
import type { PendingRequest, Thread } from "#core/thread";
import type { ThreadItem } from "#protocol/item";
import type { CommandDecision } from "#protocol/server-requests";
import { isWork, toolCall } from "./tool-calls.ts";

/** Null for what ACP v1 has no form for: it goes on waiting for whoever can answer it. */
export function permissionOf(thread: Thread, request: PendingRequest): RequestPermissionRequest | null {
  const sessionId = thread.info.id;
  switch (request.method) {
    case "item/commandExecution/requestApproval":
    case "item/fileChange/requestApproval": {
      const item = itemOf(thread, request.params.itemId);
      const shown = item && isWork(item) ? toolCall(item) : { toolCallId: request.params.itemId };
      const reason = request.params.reason;
      return {
        sessionId,
        toolCall: { ...shown, status: "pending" },
        options: approvalOptions(request, item),
        ...(reason === null ? {} : { _meta: { spindle: { reason } } }),
      };
    }
    case "item/tool/requestUserInput": {
      const [question, ...more] = request.params.questions;
      if (!question?.options?.length || more.length > 0) return null;
      return {
        sessionId,
        toolCall: { toolCallId: request.params.itemId, title: question.question, kind: "think", status: "pending" },
        options: question.options.map(({ label }, index) => ({ optionId: `choice:${index}`, name: label, kind: "allow_once" })),
      };
    }
    case "item/tool/call":
      return null;
    default:
      return request satisfies never;
  }
}

/** What the client chose, in the words of the request's method; null when it named no option that it was given. */
export function answerOf(thread: Thread, request: PendingRequest, optionId: string): object | null {
  if (request.method === "item/tool/requestUserInput") {
    const [question] = request.params.questions;
    const option = question?.options?.find((_, index) => optionId === `choice:${index}`);
    return question && option ? { answers: { [question.id]: { answers: [option.label] } } } : null;
  }
  if (request.method === "item/tool/call") return null;
  const options = approvalOptions(request, itemOf(thread, request.params.itemId));
  const [chosen] = options.filter((option) => option.optionId === optionId);
  return chosen ? { decision: decisions[chosen.kind] } : null;
}

/** The person dismissed the question: a turn's approval is refused, and the turn ends, as ACP has it for `cancelled`. */
export function isDismissable(request: PendingRequest): boolean {
  return request.method !== "item/tool/requestUserInput" && request.method !== "item/tool/call";
}

const decisions = {
  allow_once: "accept",
  allow_always: "acceptForSession",
  reject_once: "decline",
  reject_always: "decline",
} as const;

type Approval = Exclude<PendingRequest, { method: "item/tool/requestUserInput" | "item/tool/call" }>;

/** The id of an option that allows a change names the change's hash: a yes to another diff than the one that was shown is no option. */
function approvalOptions(request: Approval, item: ThreadItem | null): PermissionOption[] {
  const hash = item?.type === "fileChange" ? item.proposal?.hash : undefined;
  const bound = hash === undefined ? "" : `:${hash}`;
  const isOffered = (decision: CommandDecision) =>
    request.method === "item/fileChange/requestApproval" || request.params.availableDecisions.includes(decision);
  return [
    { optionId: `allow_once${bound}`, name: "Allow", kind: "allow_once" as const },
    { optionId: `allow_always${bound}`, name: "Allow, and do not ask again in this session", kind: "allow_always" as const },
    { optionId: "reject_once", name: "Reject", kind: "reject_once" as const },
  ].filter(({ kind }) => isOffered(decisions[kind]));
}

function itemOf(thread: Thread, itemId: string): ThreadItem | null {
  for (const turn of thread.turns.toReversed()) {
    const found = turn.items.findLast(({ id }) => id === itemId);
    if (found) return found;
  }
  return null;
}
