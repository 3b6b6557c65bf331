/** The MCP door in workerd: the same threads and approvals as on a socket, and what is refused there is refused here by name. */
import { expect, test } from "vitest";
import { mcpLimits } from "../../workers/mcp/limits.ts";
import { answerOf, ask, headersFor } from "./front-door.ts";
import { environment, story } from "./story.ts";

const jsonHeaders = { "content-type": "application/json", accept: "application/json, text/event-stream" };

interface Called {
  isError: boolean;
  content: { text: string }[];
  // A story compares what came.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  structuredContent: any;
}

async function call(name: string, input: object, headers: Record<string, string> = {}): Promise<Called> {
  const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params: { name, arguments: input } });
  const response = await ask("/mcp", { method: "POST", headers: { ...jsonHeaders, ...headers }, body });
  const message = (await response.json()) as { result?: Called; error?: { message: string } };
  if (!message.result) throw new Error(message.error?.message);
  return message.result;
}

story("a proposal made on a socket is approved by MCP, by its hash, and seen resolved there", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  await client.say("write notes.txt: alpha");
  const request = await client.until("item/fileChange/requestApproval");
  await sleep();
  const { structuredContent: found } = await call("approvals_list", {});
  const mine = found.approvals.find((approval: { threadId: string }) => approval.threadId === threadId);
  expect(mine).toMatchObject({ kind: "fileChange", itemId: request.params.itemId, isWhole: true, hash: expect.any(String) });
  expect(mine.diff).toContain("+alpha");
  await sleep();
  expect(await call("proposal_decide", { threadId, hash: "0".repeat(64), decision: "accept" })).toMatchObject({
    isError: true,
    content: [{ text: expect.stringMatching(/^notWaiting: /) }],
  });
  const decided = await call("proposal_decide", { threadId, hash: mine.hash, decision: "accept" });
  expect(decided, decided.content[0]?.text).toMatchObject({
    isError: false,
    structuredContent: { itemId: request.params.itemId },
  });
  expect((await client.until("serverRequest/resolved")).params).toMatchObject({ requestId: request.id });
  expect((await client.untilTurnEnds()).status).toBe("completed");
  expect(await client.readFile("notes.txt")).toBe("alpha\n");
  await sleep();
  expect((await call("approvals_list", { threadId })).structuredContent).toEqual({ approvals: [], nextCursor: null });
  expect(await call("proposal_decide", { threadId, hash: mine.hash, decision: "accept" })).toMatchObject({ isError: true });
});

story("a command that waits has a hash as well, and a no ends its turn where that is meant", async ({ client, sleep }) => {
  const threadId = await client.startThread({ approvalPolicy: "untrusted" });
  await client.say("run touch x");
  await client.until("item/commandExecution/requestApproval");
  await sleep();
  const { structuredContent: found } = await call("approvals_list", { threadId });
  expect(found.approvals).toMatchObject([{ kind: "command", diff: null, command: expect.stringContaining("touch x") }]);
  await call("proposal_decide", { threadId, hash: found.approvals[0].hash, decision: "cancel" });
  expect((await client.untilTurnEnds()).status).toBe("interrupted");
});

story(
  "a turn begun by MCP is the thread's own, waits as long as it is asked to, and is begun once for one key",
  async ({ client, sleep }) => {
    const begin = () => call("turn_start", { message: "say hello", requestKey: `key-${client.threadId}`, waitSeconds: 20 });
    client.threadId = crypto.randomUUID();
    const first = await begin();
    expect(first.structuredContent).toMatchObject({
      status: "completed",
      approvals: 0,
      answer: expect.stringContaining("hello"),
    });
    await sleep();
    const again = await begin();
    expect(again.structuredContent).toEqual(first.structuredContent);
    const { threadId, turnId } = first.structuredContent;
    const { result } = await client.resume(threadId, { excludeTurns: false });
    expect(result.thread.turns.map(({ id }: { id: string }) => id)).toEqual([turnId]);
    const read = await call("thread_read", { threadId });
    expect(read.structuredContent.turns).toMatchObject([
      {
        turnId,
        items: [
          { type: "userMessage", text: "say hello" },
          { type: "agentMessage", isWhole: true },
        ],
      },
    ]);
    const asked = await call("turn_start", { threadId, message: "write b.txt: b", waitSeconds: 20 });
    expect(asked.structuredContent).toMatchObject({ threadId, status: "inProgress", approvals: 1 });
    const { structuredContent: list } = await call("thread_list", { limit: 50 });
    expect(list.threads.find((shown: { threadId: string }) => shown.threadId === threadId)).toMatchObject({ title: "say hello" });
  },
);

test("another account's threads are as if they were not there", async () => {
  const [alice, bob] = [await headersFor("alice"), await headersFor("bob")];
  const { structuredContent } = await call("turn_start", { message: "write a.txt: a", waitSeconds: 20 }, alice);
  const { threadId } = structuredContent;
  const [{ hash }] = (await call("approvals_list", { threadId }, alice)).structuredContent.approvals;
  const never = crypto.randomUUID();
  for (const [name, input] of [
    ["thread_read", { threadId }],
    ["approvals_list", { threadId }],
    ["proposal_decide", { threadId, hash, decision: "accept" }],
    ["turn_start", { threadId, message: "hi" }],
  ] as const) {
    const foreign = await call(name, input, bob);
    const unknown = await call(name, { ...input, threadId: never }, bob);
    expect(foreign.isError, name).toBe(true);
    expect(JSON.parse(JSON.stringify(unknown).replaceAll(never, threadId)), name).toEqual(foreign);
  }
  expect((await call("thread_list", {}, bob)).structuredContent.threads).toEqual([]);
  expect((await call("approvals_list", {}, bob)).structuredContent.approvals).toEqual([]);
  expect((await call("approvals_list", { threadId }, alice)).structuredContent.approvals).toHaveLength(1);
});

const list = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list" });

test("whoever comes without a credential hears which is wanted", async () => {
  const closed = { ...environment, SPINDLE_TOKEN: "t".repeat(32) };
  const knock = async (headers: Record<string, string>, method = "POST") => {
    const body = method === "POST" ? { body: list } : {};
    const response = await ask("/mcp", { method, headers: { ...jsonHeaders, ...headers }, environment: closed, ...body });
    return [response.status, response.headers.get("www-authenticate")];
  };
  expect(await knock({})).toEqual([401, 'Bearer realm="spindle"']);
  expect(await knock({}, "GET")).toEqual([401, 'Bearer realm="spindle"']);
  expect(await knock({ authorization: "Bearer nonsense" })).toEqual([401, 'Bearer realm="spindle", error="invalid_token"']);
  expect(await knock({ authorization: `Bearer ${"t".repeat(32)}` })).toEqual([200, null]);
});

test("neither a page of another site nor another name of this machine comes in", async () => {
  const post = { method: "POST", body: list };
  const foreign = await ask("/mcp", { ...post, headers: { ...jsonHeaders, origin: "https://evil.example" } });
  expect(foreign.status).toBe(403);
  const rebound = await ask("/mcp", { ...post, headers: jsonHeaders, host: "evil.example" });
  expect(rebound.status).toBe(403);
  const own = await ask("/mcp", { ...post, headers: { ...jsonHeaders, origin: "http://127.0.0.1:8787" } });
  expect(own.status).toBe(200);
});

test("a body that is no message, and a request that is none of this door's, is refused by name", async () => {
  const big = `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"x":"${"x".repeat(mcpLimits.bodyBytesMax)}"}}`;
  const refusals: [title: string, body: string, headers: Record<string, string>, status: number, part: string][] = [
    ["no JSON", "{", {}, 400, "-32700"],
    ["a batch", "[]", {}, 400, "batches"],
    ["too large", big, {}, 413, "at most"],
    ["another type", list, { "content-type": "text/plain" }, 415, "application/json"],
    ["another answer", list, { accept: "text/html" }, 406, "accept"],
    ["another version", list, { "mcp-protocol-version": "1900-01-01" }, 400, "-32022"],
    ["no method of ours", list.replace("tools/list", "prompts/list"), {}, 200, "-32601"],
  ];
  for (const [title, body, headers, status, part] of refusals) {
    const response = await ask("/mcp", { method: "POST", headers: { ...jsonHeaders, ...headers }, body });
    const [found, text] = await answerOf(response);
    expect([found, text], title).toEqual([status, expect.stringContaining(part)]);
    expect(JSON.parse(text), title).toMatchObject({ jsonrpc: "2.0", error: { message: expect.any(String) } });
  }
  for (const method of ["GET", "DELETE", "PUT"]) {
    const response = await ask("/mcp", { method, headers: jsonHeaders });
    expect([response.status, response.headers.get("allow")], method).toEqual([405, "POST"]);
  }
  const notified = await ask("/mcp", {
    method: "POST",
    headers: jsonHeaders,
    body: '{"jsonrpc":"2.0","method":"notifications/initialized"}',
  });
  expect(await answerOf(notified)).toEqual([202, ""]);
});

story(
  "an account's MCP servers: no client reads a secret, and nothing within a network is written down",
  async ({ client, sleep }) => {
    const write = (name: string, value: unknown) =>
      client.ask("config/value/write", { keyPath: `mcp_servers.${name}`, value, mergeStrategy: "replace" });
    const url = "https://mcp.invalid.example/mcp";
    expect((await write("docs", { url, http_headers: { Authorization: "Bearer s3cret" } })).error).toBeUndefined();
    await sleep();
    const { config, layers } = await client.request("config/read", { includeLayers: true });
    expect(config.mcp_servers.docs).toEqual({ url, http_headers: { Authorization: "••••" } });
    expect(layers[0].config.mcp_servers).toEqual(config.mcp_servers);
    await write("docs", { ...config.mcp_servers.docs, enabled: false });
    const refused: [value: unknown, part: string][] = [
      [{ url: "https://10.0.0.1/mcp" }, "its host must be a name"],
      [{ url: "http://mcp.example/mcp" }, "it must be https"],
      [{ command: "npx", args: ["s3cret"] }, "only remote servers are spoken with"],
      [{ url, http_headers: { Other: "••••" } }, "no value of a header"],
    ];
    for (const [value, part] of refused) {
      const { error } = await write("other", value);
      expect(error?.message).toContain(part);
      expect(error?.message).not.toContain("s3cret");
    }
    await sleep();
    const { data } = await client.request("mcpServerStatus/list", {});
    expect(data).toMatchObject([
      {
        name: "docs",
        authStatus: "bearerToken",
        httpOrigin: "https://mcp.invalid.example",
        runtimeStatus: "disabled",
        tools: {},
      },
    ]);
    const threadId = await client.startThread();
    const call = { threadId, server: "docs", tool: "find" };
    expect(await client.refusal("mcpServer/tool/call", call)).toBe("-32600 unknown MCP server 'docs'");
    expect(await client.refusal("mcpServer/resource/read", { server: "none", uri: "x://y" })).toBe(
      "-32600 unknown MCP server 'none'",
    );
    expect(JSON.stringify(client.texts)).not.toContain("s3cret");
    await write("docs", null);
  },
);
