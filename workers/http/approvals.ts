/** What waits for people, and their answers, over HTTP: the protocol's own server requests, with the diff that a yes says yes to. */
import type { Context } from "hono";
import { refusals } from "#protocol/errors";
import type { ThreadItem, WorkStatus } from "#protocol/item";
import type { ServerRequestMethod, ServerRequests } from "#protocol/server-requests";
import { sleep } from "../../durable-objects/platform.ts";
import type { Door } from "../authentication.ts";
import { answerServerRequest, question, type WaitingRequest, waitingRequests } from "../inside/question.ts";
import { readDecision, type Verdict, verdictOf } from "./decision.ts";
import { itemsOf } from "./items.ts";
import { httpLimits } from "./limits.ts";
import { clientName } from "./name.ts";
import { type Problem, problem, problemOf } from "./problem.ts";
import type { Approval, Decided, DecisionBody } from "./routes.ts";

type Found<Value> = Value | { problem: Problem };

/** A page of the account's threads, and what waits in those of them that wait. */
export async function listApprovals(
  context: Context<Door>,
  { cursor, limit }: { cursor?: string | undefined; limit?: number | undefined },
): Promise<Found<{ data: Approval[]; nextCursor: string | null }>> {
  const threadsMax = Math.min(limit ?? httpLimits.approvalThreadsMax, httpLimits.approvalThreadsMax);
  const listed = await question(context, clientName, "thread/list", { cursor: cursor ?? null, limit: threadsMax });
  if ("refused" in listed) return { problem: problemOf(listed.refused) };
  const { data: threads, nextCursor } = listed.result;
  const waiting = threads.filter(({ status }) => status.type === "active" && status.activeFlags.length > 0);
  const data: Approval[] = [];
  for (let at = 0; at < waiting.length; at += httpLimits.approvalThreadsAtOnce) {
    const some = waiting.slice(at, at + httpLimits.approvalThreadsAtOnce);
    const found = await Promise.all(some.map(({ id }) => threadApprovals(context, id)));
    // A thread that was put away meanwhile asks nothing.
    for (const one of found) if ("data" in one) data.push(...one.data);
  }
  return { data, nextCursor };
}

export async function threadApprovals(context: Context<Door>, threadId: string): Promise<Found<{ data: Approval[] }>> {
  const waiting = await waitingRequests(context, clientName, threadId);
  if ("refused" in waiting) return { problem: problemOf(waiting.refused) };
  const shown = await Promise.all(waiting.requests.map((request) => shownOf(context, request)));
  return { data: shown.filter((one) => one !== null) };
}

export async function readApproval(context: Context<Door>, requestId: string): Promise<Found<{ approval: Approval }>> {
  const found = await waitingApproval(context, requestId);
  if ("problem" in found) return found;
  return found.approval ? { approval: found.approval } : { problem: notFound };
}

/**
 * The yes is for the hash that it names: the item holds one proposal for ever, so that what is compared here is what lands. Whoever was
 * faster is found in the item afterwards.
 */
export async function decideApproval(context: Context<Door>, requestId: string, body: DecisionBody): Promise<Found<Decided>> {
  const found = await waitingApproval(context, requestId);
  if ("problem" in found) return found;
  const { approval, threadId } = found;
  if (!approval) return repeated(context, { requestId, threadId }, body);
  const read = readDecision(approval, body);
  if ("problem" in read) return read;
  const refused = await answerServerRequest(context, threadId, requestId, read.answer);
  if (refused) return { problem: problemOf(refused) };
  if (approval.kind === "question") return { requestId, threadId, decision: null, isRepeat: false, itemStatus: null };
  const { turnId, itemId, kind } = approval;
  const status = await settled(context, { threadId, turnId, itemId }, kind === "changes");
  const { decision } = body;
  if (decision !== undefined && verdictOf(status) !== null && verdictOf(status) !== wantedBy(decision))
    return { problem: otherwise };
  return { requestId, threadId, decision: decision ?? null, isRepeat: false, itemStatus: status };
}

const notFound = problem("approvalNotFound", "nothing of this id waits for an answer");
const otherwise = problem("alreadyDecided", "somebody decided otherwise before");

/** It waits no more. A diff is known by its hash, so that whoever decided it so before is told that it was done; anything else was decided by somebody. */
async function repeated(
  context: Context<Door>,
  { requestId, threadId }: { requestId: string; threadId: string },
  { decision, proposalHash }: DecisionBody,
): Promise<Found<Decided>> {
  if (decision === undefined || proposalHash === undefined) return { problem: notFound };
  // What is being carried out this moment is in no list yet.
  for (let look = 1; look <= httpLimits.repeatLooksMax; look++) {
    for await (const { item } of itemsOf(context, threadId)) {
      if (item.type !== "fileChange" || item.proposal?.hash !== proposalHash) continue;
      if (verdictOf(item.status) !== wantedBy(decision)) return { problem: otherwise };
      return { requestId, threadId, decision, isRepeat: true, itemStatus: item.status };
    }
    const read = await question(context, clientName, "thread/read", { threadId });
    if ("refused" in read || read.result.thread.status.type !== "active") break;
    await sleep(httpLimits.settlePauseMs, context.req.raw.signal);
  }
  return { problem: notFound };
}

function wantedBy(decision: NonNullable<DecisionBody["decision"]>): Verdict {
  return decision === "accept" || decision === "acceptForSession" ? "yes" : "no";
}

/** How the item stands when the thread has done what was decided; after a moment, however it stands. A command may run for long and is not waited for. */
async function settled(
  context: Context<Door>,
  { threadId, turnId, itemId }: { threadId: string; turnId: string; itemId: string },
  waits: boolean,
): Promise<WorkStatus | null> {
  for (let look = 1; ; look++) {
    const item = await itemById(context, { threadId, turnId, itemId });
    const status = item && "status" in item ? (item.status as WorkStatus) : null;
    if (!waits || status === null || status !== "inProgress" || look >= httpLimits.settleLooksMax) return status;
    await sleep(httpLimits.settlePauseMs, context.req.raw.signal);
  }
}

/** An id begins with its thread's: whose thread that is not finds what there is not. */
async function waitingApproval(
  context: Context<Door>,
  requestId: string,
): Promise<Found<{ threadId: string; approval: Approval | null }>> {
  const [, threadId] = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}):[\w-]{1,128}$/.exec(requestId) ?? [];
  if (threadId === undefined) return { problem: notFound };
  const waiting = await waitingRequests(context, clientName, threadId);
  if ("refused" in waiting) {
    const isThere = waiting.refused.message !== refusals.noRolloutFound(threadId).message;
    return { problem: isThere ? problemOf(waiting.refused) : notFound };
  }
  const request = waiting.requests.find(({ id }) => id === requestId);
  return { threadId, approval: request ? await shownOf(context, request) : null };
}

/** Null for a call of a tool that a client brought along: it asks no person. */
async function shownOf(context: Context<Door>, { id: requestId, method, params, seq }: WaitingRequest): Promise<Approval | null> {
  const nothing = { reason: null, command: null, cwd: null, proposal: null, questions: null };
  switch (method as ServerRequestMethod) {
    case "item/commandExecution/requestApproval": {
      const { threadId, turnId, itemId, reason, command, cwd } =
        params as ServerRequests["item/commandExecution/requestApproval"];
      return { ...nothing, requestId, threadId, turnId, itemId, kind: "command", reason, command, cwd, seq };
    }
    case "item/fileChange/requestApproval": {
      const { threadId, turnId, itemId, reason } = params as ServerRequests["item/fileChange/requestApproval"];
      const item = await itemById(context, { threadId, turnId, itemId });
      const proposal = item?.type === "fileChange" ? (item.proposal ?? null) : null;
      return { ...nothing, requestId, threadId, turnId, itemId, kind: "changes", reason, proposal, seq };
    }
    case "item/tool/requestUserInput": {
      const { threadId, turnId, itemId, questions } = params as ServerRequests["item/tool/requestUserInput"];
      return { ...nothing, requestId, threadId, turnId, itemId, kind: "question", questions, seq };
    }
    default:
      return null;
  }
}

async function itemById(
  context: Context<Door>,
  { threadId, turnId, itemId }: { threadId: string; turnId: string; itemId: string },
): Promise<ThreadItem | null> {
  const read = await question(context, clientName, "thread/items/read", { threadId, turnId, itemIds: [itemId] });
  return "refused" in read ? null : (read.result.data[0]?.item ?? null);
}
