/**
 * The MCP door of a whole server, by those who would use it: the official conformance suite for both generations of the protocol, the
 * official SDK's clients of both generations of the library, and a proposal that `npm run agent` asks about and an MCP client approves. And the
 * other way: servers of the official SDK, both generations of it, whose tools a turn calls after a yes.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "#client/client";
import { runConformance } from "./mcp/conformance.ts";
import { connectAll, connectWithout, type McpClient } from "./mcp/sdk-clients.ts";
import { startServer1, startServer2 } from "./mcp/servers.ts";
import { projectRoot, startServer } from "./server.ts";

const results: { title: string; problem: string | null }[] = [];
const folder = mkdtempSync(join(tmpdir(), "spindle-mcp-agent-"));
const token = "check-mcp-0123456789abcdef0123456789";
const names = ["thread_list", "thread_read", "turn_start", "approvals_list", "proposal_decide", "memory_search"];

/** What Spindle's own client meets; this machine is called, because the server serves no other. */
const foreign = [await startServer1(), await startServer2()];

/** The suite brings no credential: it is met by a server that serves its own machine. */
const open = await startServer();
try {
  for (const revision of ["2025-11-25", "2026-07-28"] as const) {
    await step(`the conformance suite, ${revision}`, async () => {
      const { scenarios, passed, expected, problems } = await runConformance(`${open.url}/mcp`, revision);
      if (problems.length > 0) throw new Error(problems.join("\n       "));
      return `${scenarios} scenarios, ${passed} checks pass, ${expected} of what is not claimed or needs the suite's own server fail as listed`;
    });
  }
  for (const [index, { url, calls }] of foreign.entries()) {
    await step(`a turn calls a tool of an SDK server of generation ${index + 1}, once, and after a yes`, async () => {
      const client = createClient({ url: open.wsUrl, clientInfo: { name: "check-mcp", version: "1" } });
      try {
        const name = `sums${index + 1}`;
        const value = { url, http_headers: { Authorization: "Bearer secret-of-sums" } };
        await client.request("config/value/write", { keyPath: `mcp_servers.${name}`, value, mergeStrategy: "replace" });
        const read = await client.request("config/read", { includeLayers: true });
        equal(JSON.stringify(read).includes("secret-of-sums"), false);
        const { data } = await client.request("mcpServerStatus/list", { serverName: name });
        equal(
          data.map(({ runtimeStatus, tools }) => [runtimeStatus, Object.keys(tools)]),
          [["connected", ["add"]]],
        );
        const thread = await client.startThread({});
        await thread.send(`call mcp__${name}__add {"a":20,"b":22}`);
        const { requests } = await thread.until(({ requests }) => requests.length > 0, { timeoutMs: 20_000 });
        equal(calls(), 0);
        // The other door lists it and answers it, by its hash.
        const [, modern] = await connectAll(`${open.url}/mcp`, "none");
        const [approval] = (await modern?.call("approvals_list", { threadId: thread.id }))?.structuredContent.approvals ?? [];
        equal([approval?.kind, approval?.command?.includes('"a": 20')], ["mcpToolCall", true]);
        equal(requests.length, 1);
        await modern?.call("proposal_decide", { threadId: thread.id, hash: approval.hash, decision: "accept" });
        const { turns } = await thread.until(({ turns }) => turns.at(-1)?.status === "completed", { timeoutMs: 20_000 });
        const item = turns.at(-1)?.items.find(({ type }) => type === "mcpToolCall");
        equal(item?.type === "mcpToolCall" && [item.status, item.result?.content[0]?.text], ["completed", "42"]);
        equal(calls(), 1);
        const called = await client.request("mcpServer/tool/call", {
          threadId: thread.id,
          server: name,
          tool: "add",
          arguments: { a: 1, b: 2 },
        });
        equal(called.content[0]?.text, "3");
      } finally {
        client.close();
      }
    });
  }
  await step("a server that is gone costs a turn its tools and nothing else", async () => {
    for (const { close } of foreign) await close();
    const client = createClient({ url: open.wsUrl, clientInfo: { name: "check-mcp", version: "1" } });
    try {
      const gone = { url: "http://127.0.0.1:1/mcp" };
      await client.request("config/value/write", { keyPath: "mcp_servers.gone", value: gone, mergeStrategy: "replace" });
      const thread = await client.startThread({});
      await thread.send("say hello");
      const { turns } = await thread.until(({ turns }) => turns.at(-1)?.status === "completed", { timeoutMs: 30_000 });
      equal(turns.at(-1)?.items.at(-1)?.type, "agentMessage");
      const { data } = await client.request("mcpServerStatus/list", { serverName: "gone" });
      equal(
        data.map(({ runtimeStatus, toolsError }) => [runtimeStatus, toolsError]),
        [["failed", "it cannot be reached"]],
      );
    } finally {
      client.close();
    }
  });
} finally {
  await open.close();
}

const server = await startServer({ env: { SPINDLE_TOKEN: token } });
let clients: McpClient[] = [];
try {
  await step("without a credential the SDK says so", async () => {
    equal(await connectWithout(`${server.url}/mcp`), 401);
  });
  await step("the SDK's clients of both generations connect", async () => {
    clients = await connectAll(`${server.url}/mcp`, token);
    equal(
      clients.map(({ version }) => version),
      ["2025-11-25", "2025-11-25", "2026-07-28"],
    );
    for (const client of clients) equal(await client.tools(), names);
  });
  for (const client of clients) {
    await step(`${client.title}: each tool is called, and a refusal is a result`, () => callAll(client));
    await step(`${client.title}: a proposal of npm run agent is approved by its hash, and seen resolved there`, () =>
      approve(client),
    );
  }
} finally {
  for (const client of clients) await client.close();
  await server.close();
  rmSync(folder, { recursive: true, force: true });
}

const failed = results.filter(({ problem }) => problem !== null).length;
console.log(`${results.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

async function callAll(client: McpClient): Promise<void> {
  const begun = await client.call("turn_start", { message: "write a.txt: a", requestKey: crypto.randomUUID(), waitSeconds: 20 });
  const { threadId, status, approvals } = begun.structuredContent;
  equal([status, approvals], ["inProgress", 1]);
  const listed = await client.call("thread_list", {});
  equal(listed.structuredContent.threads[0].threadId, threadId);
  const [approval] = (await client.call("approvals_list", {})).structuredContent.approvals;
  equal([approval.threadId, approval.kind, approval.isWhole], [threadId, "fileChange", true]);
  const wrong = await client.call("proposal_decide", { threadId, hash: "0".repeat(64), decision: "accept" });
  equal([wrong.isError, wrong.content[0]?.text?.split(":")[0]], [true, "notWaiting"]);
  await client.call("proposal_decide", { threadId, hash: approval.hash, decision: "decline" });
  const read = await client.call("thread_read", { threadId });
  const change = read.structuredContent.turns[0].items.find((item: { type: string }) => item.type === "fileChange");
  equal([change.status, change.hash], ["declined", approval.hash]);
  equal((await client.call("memory_search", { query: "tests" })).structuredContent.lessons, []);
}

/** The terminal asks its person, who says nothing; the yes comes from elsewhere, and the terminal goes on. */
async function approve(client: McpClient): Promise<void> {
  writeFileSync(join(folder, "greeting.txt"), "hello\n");
  const { child, output, ended } = agent('replace "hello" with "good day" in greeting.txt');
  try {
    const approval = await until("an approval", async () => {
      const { approvals } = (await client.call("approvals_list", {})).structuredContent;
      return output().includes("good day") ? approvals[0] : undefined;
    });
    equal(approval.diff.includes("+good day"), true);
    const decided = await client.call("proposal_decide", {
      threadId: approval.threadId,
      hash: approval.hash,
      decision: "accept",
    });
    equal(decided.isError ?? false, false);
    equal(await ended, 0);
    equal(output().includes("Answered elsewhere."), true);
    equal(readFileSync(join(folder, "greeting.txt"), "utf8"), "good day\n");
  } finally {
    child.kill("SIGKILL");
  }
}

function agent(prompt: string): { child: ChildProcess; output(): string; ended: Promise<number | null> } {
  const parameters = ["web/terminal/agent.ts", "--dir", folder, "--url", server.wsUrl, "--token", token, prompt];
  const child = spawn(process.execPath, parameters, { cwd: projectRoot });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  return { child, output: () => said, ended };
}

async function until<Found>(what: string, look: () => Promise<Found | undefined>): Promise<Found> {
  for (let tries = 0; tries < 150; tries++) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`no ${what} within half a minute`);
}

async function step(title: string, run: () => Promise<unknown>): Promise<void> {
  let said: unknown;
  let problem: string | null = null;
  try {
    said = await run();
  } catch (error) {
    problem = error instanceof Error ? error.message : String(error);
  }
  results.push({ title, problem });
  console.log(
    `${problem === null ? "ok    " : "FAILED"} ${title}${typeof said === "string" ? `: ${said}` : ""}${problem === null ? "" : `\n       ${problem}`}`,
  );
}

function equal(found: unknown, wanted: unknown): void {
  const [is, should] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (is !== should) throw new Error(`found ${is} instead of ${should}`);
}
