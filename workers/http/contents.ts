/** What travels as itself and not as JSON: files, and proposals as patches. */
import type { Context } from "hono";
import type { Door } from "../authentication.ts";
import { question } from "../inside/question.ts";
import { threadApprovals } from "./approvals.ts";
import { itemsOf } from "./items.ts";
import { clientName } from "./name.ts";
import { type Problem, problem, problemOf } from "./problem.ts";

export async function readFile(
  context: Context<Door>,
  { threadId, path }: { threadId: string; path: string },
): Promise<Response | { problem: Problem }> {
  const read = await question(context, clientName, "fs/readFile", { threadId, path });
  if ("refused" in read) return { problem: problemOf(read.refused) };
  // A browser that is led here is to save it and not to show it: what an agent wrote is nobody's page.
  const headers = {
    "content-type": "application/octet-stream",
    "content-disposition": "attachment",
    "cache-control": "no-store",
  };
  return new Response(Buffer.from(read.result.dataBase64, "base64"), { headers });
}

export async function writeFile(
  context: Context<Door>,
  { threadId, path }: { threadId: string; path: string },
): Promise<Response | { problem: Problem }> {
  const dataBase64 = Buffer.from(await context.req.arrayBuffer()).toString("base64");
  const written = await question(context, clientName, "fs/writeFile", { threadId, path, dataBase64 });
  if ("refused" in written) return { problem: problemOf(written.refused) };
  return new Response(null, { status: 204 });
}

export async function readProposal(
  context: Context<Door>,
  { threadId, proposalHash }: { threadId: string; proposalHash: string },
): Promise<Response | { problem: Problem }> {
  const waiting = await threadApprovals(context, threadId);
  // An archived thread asks nobody, and shows what it had asked.
  if ("problem" in waiting && waiting.problem.name !== "threadArchived") return waiting;
  const asked = "data" in waiting ? waiting.data.find(({ proposal }) => proposal?.hash === proposalHash)?.proposal : null;
  const diff = asked?.diff ?? (await decidedDiff(context, threadId, proposalHash));
  if (diff === null) return { problem: problem("proposalNotFound", "no change of this thread has this hash") };
  // The hash says what is in it: it is the same for ever.
  const headers = {
    "content-type": "text/x-diff; charset=utf-8",
    etag: `"${proposalHash}"`,
    "cache-control": "private, max-age=31536000, immutable",
  };
  return new Response(diff, { headers });
}

async function decidedDiff(context: Context<Door>, threadId: string, proposalHash: string): Promise<string | null> {
  for await (const { item } of itemsOf(context, threadId)) {
    if (item.type === "fileChange" && item.proposal?.hash === proposalHash) return item.proposal.diff;
  }
  return null;
}
