/**
 * One thread at all doors at once: `npm run check:doors`. A proposal of `npm run agent` is shown by the terminal, a Codex client, HTTP with its
 * events, ACP and MCP; one of them says yes to its hash, and each of the others is told. Once by curl, once from ACP, once from MCP.
 */
import { strictEqual as equal } from "node:assert";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "#client/client";
import { Editor } from "./acp/editor.ts";
import { connectAll } from "./mcp/sdk-clients.ts";
import { bundleWorker, startMiniflare } from "./miniflare-server.ts";
import { projectRoot } from "./server.ts";

/** What waits, as each door names it. */
interface Waiting {
  threadId: string;
  requestId: string;
  hash: string;
}

const token = "check-doors-0123456789abcdef";
const patienceMs = 30_000;
const server = await startMiniflare({ bundle: await bundleWorker(), env: { SPINDLE_TOKEN: token } });
const [mcp, ...otherClients] = await connectAll(`${server.url}/mcp`, token);
if (!mcp) throw new Error("no MCP client");
let passed = 0;
let failed = 0;
for (const door of ["curl", "ACP", "MCP"] as const) {
  try {
    await approveBy(door);
    passed += 1;
    console.log(`ok     a proposal of the terminal client is approved by ${door}, and every other door is told`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED ${door}\n       ${error instanceof Error ? error.stack : String(error)}`);
  }
}
await Promise.all([mcp, ...otherClients].map((client) => client.close()));
await server.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

async function approveBy(door: "curl" | "ACP" | "MCP"): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "spindle-doors-"));
  writeFileSync(join(folder, "greeting.txt"), "hello\n");
  const terminal = startAgent(folder, 'replace "hello" with "good day" in greeting.txt');
  const codex = createClient({ url: server.wsUrl, token, clientInfo: { name: "check-doors", version: "1" } });
  const editor = new Editor({ way: "WebSocket", url: server.wsUrl, token });
  const leaving = new AbortController();
  try {
    const waiting = await until("an approval over HTTP", async () => (await approvalsOverHttp())[0]);
    const { threadId, requestId, hash } = waiting;
    const thread = await codex.openThread(threadId);
    const events = followEvents(threadId, leaving.signal);
    await editor.initialize();
    await editor.agent.request("session/load", { sessionId: threadId, cwd: "/workspace", mcpServers: [] });
    const permission = await editor.permission();

    // Everybody shows the same question.
    const asked = await thread.until(({ requests }) => requests.length === 1, { timeoutMs: patienceMs });
    equal(asked.requests[0]?.id, requestId);
    equal(permission.request.options.find(({ kind }) => kind === "allow_once")?.optionId, `allow_once:${hash}`);
    equal((await approvalsOverMcp(threadId)).join(), hash);
    await until("the question in the terminal", async () => terminal.said().includes("+good day") || undefined);
    await until("the question among the events", async () => events.read().includes(requestId) || undefined);

    if (door === "curl") approveByCurl(waiting);
    if (door === "ACP") permission.choose("allow_once");
    if (door === "MCP") {
      const decided = await mcp?.call("proposal_decide", { threadId, hash, decision: "accept" });
      equal(decided?.isError ?? false, false);
    }

    // And hears that it is answered.
    const { requests, turns } = await thread.until(({ turns }) => turns.at(-1)?.status === "completed", {
      timeoutMs: patienceMs,
    });
    equal(requests.length, 0);
    const change = turns.at(-1)?.items.find(({ type }) => type === "fileChange");
    equal(change?.type === "fileChange" && change.status, "completed");
    const resolved = (text: string) => text.includes('"serverRequest/resolved"') && text.includes('"turn/completed"');
    await until("the end among the events", async () => resolved(events.read()) || undefined);
    equal((await approvalsOverHttp()).length, 0);
    equal((await approvalsOverMcp(threadId)).length, 0);
    await editor.until("the change's end over ACP", () =>
      editor.updates.find(
        ({ update }) =>
          update.sessionUpdate === "tool_call_update" && update.toolCallId === change?.id && update.status === "completed",
      ),
    );
    if (door !== "ACP") equal(permission.signal.aborted, true);
    equal(await terminal.ended, 0);
    equal(terminal.said().includes("Answered elsewhere."), true);
    equal(readFileSync(join(folder, "greeting.txt"), "utf8"), "good day\n");
    equal(editor.misfits.join("\n"), "");
  } finally {
    leaving.abort();
    terminal.kill();
    editor.close();
    codex.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

function startAgent(folder: string, prompt: string) {
  const parameters = ["web/terminal/agent.ts", "--dir", folder, "--url", server.wsUrl, "--token", token, prompt];
  const child = spawn(process.execPath, parameters, { cwd: projectRoot });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  return { said: () => said, ended, kill: () => child.kill("SIGKILL") };
}

async function approvalsOverHttp(): Promise<Waiting[]> {
  const response = await fetch(`${server.url}/v1/approvals`, { headers: { authorization: `Bearer ${token}` } });
  equal(response.status, 200);
  const { data } = (await response.json()) as { data: { threadId: string; requestId: string; proposal: { hash: string } }[] };
  return data.map(({ threadId, requestId, proposal }) => ({ threadId, requestId, hash: proposal.hash }));
}

async function approvalsOverMcp(threadId: string): Promise<string[]> {
  const { structuredContent } = (await mcp?.call("approvals_list", { threadId })) ?? {};
  return structuredContent.approvals.map(({ hash }: { hash: string }) => hash);
}

function approveByCurl({ requestId, hash }: Waiting): void {
  const body = JSON.stringify({ decision: "accept", proposalHash: hash });
  const headers = ["-H", `Authorization: Bearer ${token}`, "-H", "Content-Type: application/json"];
  const address = `${server.url}/v1/approvals/${requestId}/decision`;
  const told = execFileSync("curl", ["-sS", "--fail-with-body", ...headers, "-d", body, address]).toString();
  equal(JSON.parse(told).itemStatus, "completed");
}

/** All that the stream has said so far. */
function followEvents(threadId: string, signal: AbortSignal): { read(): string } {
  let text = "";
  const headers = { authorization: `Bearer ${token}` };
  void (async () => {
    const { body } = await fetch(`${server.url}/v1/threads/${threadId}/events`, { headers, signal });
    for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) text += chunk;
    // Who leaves ends it.
  })().catch(() => {});
  return { read: () => text };
}

async function until<Found>(what: string, look: () => Promise<Found | undefined>): Promise<Found> {
  for (const deadlineMs = Date.now() + patienceMs; Date.now() < deadlineMs; ) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${what} did not come`);
}
