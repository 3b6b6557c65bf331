/** The client of foreign MCP servers: every generation, and every fault a stranger's server may have, by name and within bounds. */
import { expect, test } from "vitest";
import { mcpLimits } from "#core/limits";
import { addressProblem } from "#outbound/public-address";
import { McpClients } from "#tools/mcp/clients";
import { McpFailure } from "#tools/mcp/exchange";
import { echoTool, type McpServerScript, scriptedMcpServer } from "../support/mcp-server.ts";

const docs = { name: "docs", url: "https://mcp.example/mcp", http_headers: { Authorization: "Bearer secret-of-docs" } };
const never = new AbortController().signal;

function meet(script: McpServerScript = {}, now = () => 0) {
  const server = scriptedMcpServer(script);
  const reports: object[] = [];
  const report = (event: string, details: object) => void reports.push({ event, ...details });
  const clients = new McpClients({ servesThisMachineOnly: false, now, report, fetch: server.fetch });
  return { server, reports, clients, mcp: clients.of("alice") };
}

async function failureOf(doing: Promise<unknown>): Promise<McpFailure> {
  const failure = await doing.then(() => null).catch((error) => error);
  if (!(failure instanceof McpFailure)) throw new Error(`no failure: ${failure}`);
  return failure;
}

test.each(["modern", "legacy", "sessions"] as const)(
  "a server of the generation %s is listed and called, in JSON and in a stream",
  async (generation) => {
    for (const streams of [false, true]) {
      const { server, mcp } = meet({ generation, streams });
      expect((await mcp.tools(docs, never)).map(({ name, readOnlyHint }) => [name, readOnlyHint])).toEqual([["echo", true]]);
      const result = await mcp.call(docs, "echo", { text: "hi" }, never);
      expect(result).toEqual({ content: [{ type: "text", text: '{"text":"hi"}' }], structuredContent: null, isError: false });
      const last = server.asked.at(-1);
      expect(last?.headers.get("authorization")).toBe("Bearer secret-of-docs");
      expect(last?.headers.get("mcp-protocol-version")).toBe(generation === "modern" ? "2026-07-28" : "2025-06-18");
      expect(last?.headers.get("mcp-name")).toBe(generation === "modern" ? "echo" : null);
      expect(last?.headers.get("mcp-session-id") !== null).toBe(generation === "sessions");
    }
  },
);

test("a list is kept for a while, and a session that was forgotten is begun anew without a call being done twice", async () => {
  let calls = 0;
  let nowMs = 0;
  const call = () => ({ content: [{ type: "text", text: String(++calls) }] });
  const { server, mcp } = meet({ generation: "sessions", call }, () => nowMs);
  await mcp.tools(docs, never);
  await mcp.tools(docs, never);
  expect(server.asked.filter(({ method }) => method === "tools/list")).toHaveLength(1);
  nowMs += mcpLimits.listHeldMs;
  await mcp.tools(docs, never);
  expect(server.asked.filter(({ method }) => method === "tools/list")).toHaveLength(2);
  server.forget();
  expect(await mcp.call(docs, "echo", {}, never)).toMatchObject({ content: [{ text: "1" }] });
  expect(calls).toBe(1);
});

test("what another account, or the same with another header, has found out is not used", async () => {
  const { server, clients, mcp } = meet();
  await mcp.tools(docs, never);
  await clients.of("bob").tools(docs, never);
  await mcp.tools({ ...docs, http_headers: { Authorization: "Bearer other" } }, never);
  expect(server.asked.filter(({ method }) => method === "tools/list")).toHaveLength(3);
});

const json = (value: unknown, status = 200) => Response.json(value, { status });
const faults: [title: string, answer: () => Response | Promise<Response>, message: RegExp, mayHaveHappened: boolean][] = [
  ["is no JSON", () => new Response("<html>", { headers: { "content-type": "text/html" } }), /no JSON/, true],
  ["is JSON of another kind", () => json([1]), /no JSON/, true],
  ["answers another request", () => json({ jsonrpc: "2.0", id: 999, result: {} }), /another request/, true],
  ["has neither result nor error", () => json({ jsonrpc: "2.0", id: 3 }), /neither/, true],
  [
    "is an error",
    () => json({ jsonrpc: "2.0", id: 3, error: { code: -32602, message: "no such tool" } }),
    /^no such tool$/,
    false,
  ],
  [
    "sends elsewhere",
    () => new Response(null, { status: 302, headers: { location: "http://127.0.0.1/" } }),
    /not followed/,
    false,
  ],
  ["is refused", () => new Response("who are you?", { status: 401 }), /HTTP 401/, false],
  ["breaks inside", () => new Response("oh", { status: 503 }), /HTTP 503/, true],
  [
    "is a stream that ends",
    () => new Response("data: {}\n\n", { headers: { "content-type": "text/event-stream" } }),
    /ended without/,
    true,
  ],
  ["is a line that breaks", () => Promise.reject(new Error("ECONNRESET")), /cannot be reached/, true],
  ["is endless", () => endless(), new RegExp(`longer than ${mcpLimits.answerBytesMax}`), true],
  ["is no result of a tool", () => json({ jsonrpc: "2.0", id: 3, result: 7 }), /no result of a tool/, true],
  ["asks for input", () => json({ jsonrpc: "2.0", id: 3, result: { resultType: "input_required" } }), /asks for input/, false],
];

test.each(faults)("an answer that %s is a failure with a name", async (_, answer, message, mayHaveHappened) => {
  const { mcp } = meet({ answer: (method) => (method === "tools/call" ? answer() : null) });
  await mcp.tools(docs, never);
  const failure = await failureOf(mcp.call(docs, "echo", {}, never));
  expect(failure.message).toMatch(message);
  expect(failure.mayHaveHappened).toBe(mayHaveHappened);
  expect(failure.message).not.toContain("secret");
  // Nor is more of it read than there is room for.
  expect(endlessBytes).toBeLessThanOrEqual(mcpLimits.answerBytesMax + 1024 * 1024);
});

test("whoever stops a call stops its request, and a server that says nothing is given up", async () => {
  const stop = new AbortController();
  let stopped = false;
  const waiting = (init?: RequestInit) =>
    new Promise<Response>((_, reject) =>
      init?.signal?.addEventListener("abort", () => {
        stopped = true;
        reject(new Error("stopped"));
      }),
    );
  const clients = new McpClients({
    servesThisMachineOnly: false,
    now: () => 0,
    report: () => {},
    fetch: ((_: unknown, init?: RequestInit) => waiting(init)) as typeof fetch,
  });
  const called = failureOf(clients.of("alice").call(docs, "echo", {}, stop.signal));
  setImmediate(() => stop.abort());
  expect((await called).message).toMatch(/did not answer in time/);
  expect(stopped).toBe(true);
  const slow = { ...docs, startup_timeout_sec: 0.05 };
  expect((await failureOf(clients.of("alice").tools(slow, never))).message).toMatch(/did not answer in time/);
});

test("a server that mostly fails is left alone for a while, and then nothing is sent", async () => {
  const { server, reports, mcp } = meet({ answer: () => new Response("down", { status: 500 }) });
  for (let tries = 0; tries < 20; tries++) await failureOf(mcp.tools(docs, never));
  const sent = server.asked.length;
  expect(sent).toBeLessThan(20);
  expect((await failureOf(mcp.call(docs, "echo", {}, never))).mayHaveHappened).toBe(false);
  expect(server.asked).toHaveLength(sent);
  expect(JSON.stringify(reports)).toContain("circuitChanged");
  expect(JSON.stringify(reports)).not.toContain("secret");
});

test("only addresses of the public DNS are called, and this machine where the server serves no other", async () => {
  const problem = (url: string, servesThisMachineOnly = false) => addressProblem(url, { servesThisMachineOnly });
  const forbidden = [
    "http://mcp.example/mcp",
    "https://127.0.0.1/",
    "https://2130706433/",
    "https://0x7f.1/",
    "https://[::1]/",
    "https://[fd00::1]/",
    "https://10.0.0.1/",
    "https://169.254.169.254/latest/meta-data",
    "https://localhost/",
    "https://router.lan/",
    "https://metadata.google.internal/",
    "https://db/",
    "https://user:password@mcp.example/",
    "https://mcp.example/#x",
    "ftp://mcp.example/",
    "mcp.example",
  ];
  for (const url of forbidden) expect(problem(url), url).not.toBeNull();
  expect(problem("https://mcp.example/mcp")).toBeNull();
  expect([problem("http://127.0.0.1:9/mcp", true), problem("http://10.0.0.1/mcp", true) === null]).toEqual([null, false]);
  const { server, mcp } = meet();
  for (const url of forbidden) {
    const failure = await failureOf(mcp.tools({ ...docs, url }, never));
    expect([failure.message, failure.mayHaveHappened], url).toEqual(["it cannot be reached", false]);
  }
  expect(server.asked).toEqual([]);
});

test("tools that cannot be offered are left out of a list, and the others stay", async () => {
  const tools = [
    echoTool,
    { name: "no-schema" },
    { ...echoTool, name: "not-an-object", inputSchema: { type: "string" } },
    { ...echoTool, name: "x".repeat(500) },
    { ...echoTool, name: "huge", inputSchema: { type: "object", description: "x".repeat(mcpLimits.schemaCharactersMax) } },
    { ...echoTool, name: "header", inputSchema: { type: "object", properties: { a: { type: "string", "x-mcp-header": "A" } } } },
    { ...echoTool, name: "liar", annotations: { readOnlyHint: true, destructiveHint: true } },
  ];
  const { mcp } = meet({ tools });
  expect((await mcp.tools(docs, never)).map(({ name, readOnlyHint }) => [name, readOnlyHint])).toEqual([
    ["echo", true],
    ["liar", false],
  ]);
});

let endlessBytes = 0;

function endless(): Response {
  const chunk = new Uint8Array(256 * 1024).fill(32);
  endlessBytes = 0;
  const pull = (controller: ReadableStreamDefaultController) => {
    endlessBytes += chunk.length;
    controller.enqueue(chunk);
  };
  const stream = new ReadableStream({ pull });
  return new Response(stream, { headers: { "content-type": "application/json" } });
}
