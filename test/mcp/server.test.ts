/** The tools as an MCP client sees them: what they say of themselves, and that every answer fits what they promised. */
import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { type House, ToolRefusal } from "../../workers/mcp/house.ts";
import { mcpLimits } from "../../workers/mcp/limits.ts";
import { answer } from "../../workers/mcp/server.ts";
import { tools } from "../../workers/mcp/tools/index.ts";

const hash = "a".repeat(64);
const thread = {
  id: "01a1b2c3-0000-7000-8000-000000000000",
  name: null,
  preview: "write a.txt",
  status: { type: "active", activeFlags: ["waitingOnApproval"] },
  cwd: "/workspace",
  createdAt: 1_795_216_612,
  updatedAt: 1_795_216_612,
  gitInfo: null,
};
const proposal = { hash, diff: "x".repeat(mcpLimits.diffCharactersMax + 1) };
const change = { type: "fileChange", id: "call_1", changes: [], status: "inProgress", proposal };
const said = { type: "agentMessage", id: "m", text: "y".repeat(mcpLimits.itemCharactersMax + 1) };
const turn = { id: "t", status: "inProgress", startedAt: null, error: null, items: [change, said] };

function house({ answers = {}, status = "completed" }: { answers?: Record<string, unknown>; status?: string } = {}) {
  const responses: unknown[] = [];
  let reads = 0;
  const results: Record<string, unknown> = {
    "thread/list": { data: [thread], nextCursor: null },
    "thread/read": { thread },
    "thread/start": { thread },
    "turn/start": { turn },
    "thread/turns/list": { data: [turn], nextCursor: "more" },
    "spindle/memory/search": { data: [] },
    ...answers,
  };
  const world = {
    ask: async (method: string) => {
      if (method === "thread/items/read")
        return { data: [{ item: { ...change, status: reads++ === 0 ? "inProgress" : status } }] };
      const result = results[method];
      if (result instanceof Error) throw result;
      return result;
    },
    openRequests: async (threadId: string) => [
      {
        id: `${threadId}:1`,
        method: "item/fileChange/requestApproval",
        params: { threadId, turnId: "t", itemId: "call_1", reason: null },
      },
    ],
    respond: async (...given: unknown[]) => {
      responses.push(given);
      return null;
    },
    settled: async () => {},
    newId: () => "id",
    sha256: async () => "b".repeat(64),
  };
  return { world: world as unknown as House, responses };
}

async function call(name: string, input: object, world = house().world) {
  const answered = await answer({ method: "tools/call", params: { name, arguments: input }, modern: true }, world, "1");
  if ("error" in answered) throw new Error(answered.error.message);
  return answered.result as { isError: boolean; content: { text: string }[]; structuredContent: Record<string, unknown> };
}

test("the list is the same each time, well described, and its schemas are JSON Schema 2020-12", async () => {
  const ask = () => answer({ method: "tools/list", params: {}, modern: true }, house().world, "1");
  const [first, again] = [await ask(), await ask()];
  expect(again).toEqual(first);
  if ("error" in first) throw new Error(first.error.message);
  const listed = first.result.tools as {
    name: string;
    description: string;
    annotations: object;
    inputSchema: object;
    outputSchema: object;
  }[];
  expect(listed.map(({ name }) => name)).toEqual([
    "thread_list",
    "thread_read",
    "turn_start",
    "approvals_list",
    "proposal_decide",
    "memory_search",
  ]);
  for (const { name, description, inputSchema, outputSchema } of listed) {
    expect(name).toMatch(/^[a-z_]{1,64}$/);
    expect(description.length).toBeGreaterThan(80);
    for (const schema of [inputSchema, outputSchema]) {
      expect(schema).toMatchObject({ type: "object" });
      expect(() => new Ajv2020({ strict: false }).compile(schema)).not.toThrow();
    }
  }
  const changing = tools.filter(({ annotations }) => !annotations.readOnlyHint).map(({ name }) => name);
  expect(changing).toEqual(["turn_start", "proposal_decide"]);
});

test("what a tool answers fits the schema that it listed, as structure and as text", async () => {
  const listed = await answer({ method: "tools/list", params: {}, modern: false }, house().world, "1");
  if ("error" in listed) throw new Error(listed.error.message);
  const schemas = new Map(
    (listed.result.tools as { name: string; outputSchema: object }[]).map((tool) => [tool.name, tool.outputSchema]),
  );
  const calls: [string, object][] = [
    ["thread_list", {}],
    ["thread_read", { threadId: thread.id }],
    ["turn_start", { message: "hi" }],
    ["approvals_list", {}],
    ["proposal_decide", { threadId: thread.id, hash, decision: "accept" }],
    ["memory_search", { query: "tests" }],
  ];
  for (const [name, input] of calls) {
    const { isError, content, structuredContent } = await call(name, input);
    expect(isError, content[0]?.text).toBe(false);
    const isValid = new Ajv2020({ strict: false }).compile(schemas.get(name) ?? {});
    expect(isValid(structuredContent), JSON.stringify(isValid.errors)).toBe(true);
    expect(JSON.parse(content[0]?.text ?? "")).toEqual(structuredContent);
  }
});

test("a long diff and a long message are cut, and say so", async () => {
  const { structuredContent: listed } = await call("approvals_list", {});
  expect(listed.approvals).toMatchObject([{ hash, isWhole: false, diff: proposal.diff.slice(0, mcpLimits.diffCharactersMax) }]);
  const { structuredContent: read } = await call("thread_read", { threadId: thread.id });
  const [first] = read.turns as { items: { isWhole: boolean; text: string }[] }[];
  expect(first?.items.map(({ isWhole, text }) => [isWhole, text.length])).toEqual([
    [false, mcpLimits.itemCharactersMax],
    [false, mcpLimits.itemCharactersMax],
  ]);
});

test("a yes goes to the request whose proposal has the hash, and to no other", async () => {
  const right = house();
  const { structuredContent } = await call("proposal_decide", { threadId: "x", hash, decision: "accept" }, right.world);
  expect(structuredContent).toMatchObject({ itemId: "call_1", itemStatus: "completed" });
  expect(right.responses).toEqual([["x", "x:1", { decision: "accept" }]]);
  const part = house();
  await call("proposal_decide", { threadId: "x", hash, decision: "accept", hunks: [2] }, part.world);
  expect(part.responses).toEqual([["x", "x:1", { decision: "accept", hunks: [2], proposalHash: hash }]]);
  const wrong = house();
  const refused = await call("proposal_decide", { threadId: "x", hash: "c".repeat(64), decision: "accept" }, wrong.world);
  expect(refused).toMatchObject({ isError: true, content: [{ text: expect.stringMatching(/^notWaiting: /) }] });
  expect(wrong.responses).toEqual([]);
  const late = await call("proposal_decide", { threadId: "x", hash, decision: "accept" }, house({ status: "declined" }).world);
  expect(late).toMatchObject({ isError: true, content: [{ text: expect.stringMatching(/^decidedElsewhere: /) }] });
});

test("what a model says wrongly is told to it by name; what is no call at all is the protocol's error", async () => {
  const named: [string, object, RegExp][] = [
    ["thread_read", {}, /^invalidArguments: .*threadId/s],
    ["thread_list", { limit: 0 }, /^invalidArguments: /],
    ["thread_list", { limits: 1 }, /^invalidArguments: .*limits/s],
    ["turn_start", { message: "" }, /^invalidArguments: /],
    ["proposal_decide", { threadId: "x", hash: "short", decision: "accept" }, /^invalidArguments: /],
    ["proposal_decide", { threadId: "x", hash, decision: "acceptForSession" }, /^invalidArguments: /],
    ["proposal_decide", { threadId: "x", hash, decision: "decline", hunks: [1] }, /^hunksNotAccepted: /],
  ];
  for (const [name, input, text] of named) {
    const { isError, content } = await call(name, input);
    expect([isError, content[0]?.text]).toEqual([true, expect.stringMatching(text)]);
  }
  const gone = house({ answers: { "thread/read": new ToolRefusal("refused", "thread not loaded: x") } });
  expect(await call("thread_read", { threadId: "x" }, gone.world)).toMatchObject({
    isError: true,
    content: [{ text: "refused: thread not loaded: x" }],
  });
  const bugs = house({ answers: { "thread/read": new Error("insides") } });
  await expect(call("thread_read", { threadId: "x" }, bugs.world)).rejects.toThrow("insides");

  const errors: [string, object, number][] = [
    ["tools/call", { name: "rm_rf" }, -32602],
    ["tools/call", {}, -32602],
    ["tools/call", { name: "thread_list", arguments: [] }, -32602],
    ["tools/list", { cursor: "x" }, -32602],
    ["resources/list", {}, -32601],
    ["initialize", {}, -32601],
  ];
  for (const [method, params, code] of errors) {
    const answered = await answer({ method, params: params as Record<string, unknown>, modern: true }, house().world, "1");
    expect(answered, method).toMatchObject({ error: { code } });
    expect("httpStatus" in answered ? answered.httpStatus : null).toBe(code === -32601 ? 404 : null);
  }
});

test("each generation gets the members that it knows", async () => {
  const ask = (method: string, modern: boolean) =>
    answer({ method, params: { protocolVersion: "2025-06-18" }, modern }, house().world, "7");
  expect(await ask("initialize", false)).toMatchObject({
    result: { protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo: { name: "spindle", version: "7" } },
  });
  expect(await ask("ping", false)).toEqual({ result: {} });
  expect(await ask("ping", true)).toMatchObject({ error: { code: -32601 } });
  expect(await ask("server/discover", true)).toMatchObject({
    result: {
      resultType: "complete",
      supportedVersions: ["2026-07-28", "2025-11-25", "2025-06-18"],
      capabilities: { tools: {} },
      cacheScope: "public",
      _meta: { "io.modelcontextprotocol/serverInfo": { name: "spindle" } },
    },
  });
  expect(Object.keys(((await ask("tools/list", false)) as { result: object }).result)).toEqual(["tools"]);
});
