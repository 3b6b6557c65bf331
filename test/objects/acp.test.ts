/** Stories of the ACP door: the same threads, the same approvals, first answer wins, and a cut loses nothing. */
import { afterEach, expect, test } from "vitest";
import { acpLimits } from "../../workers/acp/limits.ts";
import { AcpClient, type AcpMessage } from "./acp-client.ts";
import { Client, type Wire } from "./client.ts";
import { ask, headersFor } from "./front-door.ts";

const open: { close(): void }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

async function acp(...options: Parameters<typeof AcpClient.connect>): Promise<AcpClient> {
  const client = await AcpClient.connect(...options);
  open.push(client);
  return client;
}

async function codex(): Promise<Client> {
  const client = await Client.connect();
  open.push(client);
  return client;
}

const select = (optionId: string) => ({ outcome: { outcome: "selected", optionId } });
const option = (request: AcpMessage, kind: string): string =>
  request.params.options.find((one: Wire) => one.kind === kind).optionId;

test("a prompt is answered when its turn has ended, behind everything that was streamed", async () => {
  const client = await acp();
  const sessionId = await client.start();
  expect(await client.prompt(sessionId, "say hello there")).toEqual({ stopReason: "end_turn" });
  expect(client.text()).toBe("hello there");
  expect(client.updates("user_message_chunk")).toEqual([]);
  expect(client.heard.at(-1)?.result).toEqual({ stopReason: "end_turn" });
});

test("a change is asked with its diff, bound to its hash, and lands when it is allowed", async () => {
  const client = await acp();
  const sessionId = await client.start();
  const ended = client.prompt(sessionId, "write hello.txt: hello");
  const request = await client.permission();
  const { toolCall, options } = request.params;
  expect(toolCall.content).toEqual([{ type: "diff", path: "/workspace/hello.txt", oldText: null, newText: "hello\n" }]);
  const { hash } = toolCall._meta.spindle.proposal;
  expect(options).toMatchObject([
    { optionId: `allow_once:${hash}`, kind: "allow_once" },
    { optionId: `allow_always:${hash}`, kind: "allow_always" },
    { optionId: "reject_once", kind: "reject_once" },
  ]);
  client.reply(request, select(option(request, "allow_once")));
  expect(await ended).toEqual({ stopReason: "end_turn" });
  expect(client.updates("tool_call_update").at(-1)?.update).toMatchObject({ status: "completed" });
  const other = await codex();
  await other.resume(sessionId);
  expect(await other.readFile("hello.txt")).toBe("hello\n");
});

test("a rejected change leaves the files as they are, and the turn goes on", async () => {
  const client = await acp();
  const sessionId = await client.start();
  const ended = client.prompt(sessionId, "write hello.txt: hello");
  const request = await client.permission();
  client.reply(request, select("reject_once"));
  expect(await ended).toEqual({ stopReason: "end_turn" });
  expect(client.updates("tool_call_update").at(-1)?.update).toMatchObject({ status: "failed" });
});

test("an option that was not offered decides nothing: the approval waits for whoever answers it", async () => {
  const client = await acp();
  const sessionId = await client.start();
  const ended = client.prompt(sessionId, "write hello.txt: hello");
  const request = await client.permission();
  client.reply(request, select(`allow_once:${"0".repeat(64)}`));
  const other = await codex();
  await other.resume(sessionId);
  const asked = await other.until("item/fileChange/requestApproval");
  expect(asked.id).toBe(request.id);
  other.answer(asked, "accept");
  expect(await ended).toEqual({ stopReason: "end_turn" });
});

test("what is asked in an editor is answered over the Codex socket, and the editor's question is taken back", async () => {
  const client = await acp();
  const sessionId = await client.start();
  const ended = client.prompt(sessionId, "write hello.txt: hello");
  const request = await client.permission();
  const other = await codex();
  await other.resume(sessionId);
  other.answer(await other.until("item/fileChange/requestApproval"), "accept");
  const taken = await client.until(({ method }) => method === "$/cancel_request");
  expect(taken.params).toEqual({ requestId: request.id });
  // Too late, and without effect.
  client.reply(request, select("reject_once"));
  expect(await ended).toEqual({ stopReason: "end_turn" });
});

test("what is asked over the Codex socket is answered in an editor that came later", async () => {
  const other = await codex();
  const threadId = await other.startThread();
  await other.say("write hello.txt: hello");
  await other.until("item/fileChange/requestApproval");
  const client = await acp();
  await client.request("session/resume", { sessionId: threadId, cwd: "/workspace" });
  const request = await client.permission();
  client.reply(request, select(option(request, "allow_once")));
  expect((await other.untilTurnEnds()).status).toBe("completed");
  expect(await other.readFile("hello.txt")).toBe("hello\n");
});

test("cancel ends the prompt as cancelled, also one that waits for a permission", async () => {
  const client = await acp();
  const sessionId = await client.start();
  const ended = client.prompt(sessionId, "write hello.txt: hello");
  const request = await client.permission();
  client.notify("session/cancel", { sessionId });
  client.reply(request, { outcome: { outcome: "cancelled" } });
  expect(await ended).toEqual({ stopReason: "cancelled" });
});

test("a prompt that is cancelled at once is cancelled", async () => {
  const client = await acp();
  const sessionId = await client.start();
  const ended = client.prompt(sessionId, "count 500");
  client.notify("session/cancel", { sessionId });
  expect(await ended).toEqual({ stopReason: "cancelled" });
});

test("a turn that fails is the prompt's error, in the turn's words", async () => {
  const client = await acp();
  const sessionId = await client.start();
  await expect(client.prompt(sessionId, "fail 400")).rejects.toMatchObject({ code: -32603 });
});

test("a session that is loaded shows what was shown live; one that is resumed shows what comes", async () => {
  const client = await acp();
  const sessionId = await client.start();
  await client.prompt(sessionId, "say one");
  await client.prompt(sessionId, "plan a; b\nrun echo two");
  const later = await acp();
  await later.request("session/load", { sessionId, cwd: "/workspace", mcpServers: [] });
  expect(later.text()).toBe(client.text());
  expect(later.text("user_message_chunk")).toBe("say oneplan a; b\nrun echo two");
  const live = (one: AcpClient) => one.updates().filter(({ update }) => !/user|commands/.test(update.sessionUpdate));
  expect(live(later)).toEqual(live(client));
  const resumed = await acp();
  await resumed.request("session/resume", { sessionId, cwd: "/workspace" });
  expect(resumed.text()).toBe("");
  await later.prompt(sessionId, "say three");
  await resumed.until(({ params }) => params?.update?.sessionUpdate === "agent_message_chunk");
  expect(resumed.text("user_message_chunk")).toBe("say three");
});

test("turns that were taken back are not loaded", async () => {
  const client = await acp();
  const sessionId = await client.start();
  await client.prompt(sessionId, "say one");
  await client.prompt(sessionId, "say two");
  const other = await codex();
  await other.resume(sessionId);
  const { data } = await other.request("thread/turns/list", { threadId: sessionId });
  await other.request("thread/revert", { threadId: sessionId, beforeTurnId: data[0].id });
  const later = await acp();
  await later.request("session/load", { sessionId, cwd: "/workspace", mcpServers: [] });
  expect(later.text()).toBe("one");
});

test("sessions are listed, closed and deleted", async () => {
  const headers = await headersFor("acp-lists");
  const client = await acp({ headers });
  const sessionId = await client.start();
  await client.prompt(sessionId, "say one");
  const { sessions } = await client.request("session/list", {});
  expect(sessions).toEqual([{ sessionId, cwd: "/workspace", title: "say one", updatedAt: expect.stringMatching(/^\d{4}-.*Z$/) }]);
  expect((await client.request("session/list", { cwd: "/elsewhere" })).sessions).toEqual([]);
  expect(await client.request("session/close", { sessionId })).toEqual({});
  await client.request("session/load", { sessionId, cwd: "/workspace", mcpServers: [] });
  expect(await client.request("session/delete", { sessionId })).toEqual({});
  expect((await client.request("session/list", {})).sessions).toEqual([]);
  await expect(client.request("session/load", { sessionId, cwd: "/workspace", mcpServers: [] })).rejects.toMatchObject({
    code: -32002,
  });
});

test("modes are when the agent asks, and options say the same", async () => {
  const client = await acp();
  const begun = await client.request("session/new", { cwd: "/workspace", mcpServers: [{ name: "x" }] });
  const { sessionId } = begun;
  expect(begun.modes.currentModeId).toBe("on-request");
  expect(begun.configOptions.map(({ id }: Wire) => id)).toContain("model");
  expect(begun._meta).toEqual({ spindle: { seq: expect.any(Number), ignored: ["mcpServers"] } });
  expect(await client.request("session/set_mode", { sessionId, modeId: "never" })).toEqual({});
  const told = await client.until(({ params }) => params?.update?.sessionUpdate === "current_mode_update");
  expect(told.params.update.currentModeId).toBe("never");
  // Nobody is asked.
  expect(await client.prompt(sessionId, "write hello.txt: hello")).toEqual({ stopReason: "end_turn" });
  const { configOptions } = await client.request("session/set_config_option", {
    sessionId,
    configId: "mode",
    value: "untrusted",
  });
  expect(configOptions.find(({ id }: Wire) => id === "mode").currentValue).toBe("untrusted");
  const ended = client.prompt(sessionId, "run rm hello.txt");
  const request = await client.permission();
  expect(request.params.toolCall).toMatchObject({ kind: "execute", rawInput: { command: "rm hello.txt" } });
  client.reply(request, select("reject_once"));
  expect(await ended).toEqual({ stopReason: "end_turn" });
});

test("a question with answers to choose from is asked as a permission", async () => {
  const client = await acp();
  const sessionId = await client.start();
  const ended = client.prompt(sessionId, "ask Which one?: red | blue");
  const request = await client.permission();
  expect(request.params.options.map(({ name }: Wire) => name)).toEqual(["red", "blue"]);
  client.reply(request, select("choice:1"));
  expect(await ended).toEqual({ stopReason: "end_turn" });
});

test("a review is begun by a slash, and a path is no command", async () => {
  const client = await acp();
  const sessionId = await client.start();
  expect(await client.prompt(sessionId, "/compact")).toEqual({ stopReason: "end_turn" });
  expect(await client.prompt(sessionId, "/review say fine")).toEqual({ stopReason: "end_turn" });
  expect(client.text()).not.toBe("");
  await expect(client.prompt(sessionId, "/review", { isRepeated: true })).rejects.toMatchObject({ code: -32603 });
});

test("a client that was cut takes up after the last frame it has, and the prompt's key says it once", async () => {
  const whole = await acp();
  const sessionId = await whole.start();
  await whole.prompt(sessionId, "count 40");
  const cut = await AcpClient.connect();
  const key = crypto.randomUUID();
  await cut.request("session/resume", { sessionId, cwd: "/workspace" });
  cut.prompt(sessionId, "count 60", { clientUserMessageId: key }).catch(() => {});
  await cut.until(({ params }) => params?.update?.sessionUpdate === "agent_message_chunk");
  cut.close();
  const seq = Math.max(...cut.updates().map(({ _meta }) => _meta?.spindle.seq ?? 0));
  const back = await acp();
  await back.request("session/resume", { sessionId, cwd: "/workspace", _meta: { spindle: { afterSeq: seq } } });
  expect(await back.prompt(sessionId, "count 60", { clientUserMessageId: key })).toEqual({ stopReason: "end_turn" });
  const numbers = Array.from({ length: 60 }, (_, index) => String(index + 1));
  expect((cut.text() + back.text()).match(/\d+/g)).toEqual(numbers);
});

test("a session that a client names itself begins once, also where the answer was lost", async () => {
  const lost = await acp();
  const sessionId = "01a1b2c3-1111-7000-8000-00000000acb0";
  const asked = { cwd: "/workspace", mcpServers: [], _meta: { spindle: { sessionId } } };
  await lost.request("session/new", asked);
  const back = await acp();
  expect((await back.request("session/new", asked)).sessionId).toBe(sessionId);
  expect(await back.prompt(sessionId, "say once")).toEqual({ stopReason: "end_turn" });
  expect(back.text()).toBe("once");
});

test("a connection follows so many sessions and no more", async () => {
  const client = await acp();
  const ids = await Promise.all(Array.from({ length: acpLimits.sessionsMax }, () => client.start()));
  const asked = { cwd: "/workspace", mcpServers: [] };
  await expect(client.request("session/new", asked)).rejects.toMatchObject({ code: -32001, message: /close one/ });
  await client.request("session/close", { sessionId: ids[0] });
  expect(await client.start()).toEqual(expect.any(String));
});

test.for<[title: string, message: string, code: number, text: RegExp]>([
  ["no JSON", "nonsense", -32700, /not JSON/],
  ["a batch", '[{"jsonrpc":"2.0","id":1,"method":"session/list"}]', -32600, /batches/],
  ["no method and no id", '{"jsonrpc":"2.0"}', -32600, /not a message/],
  ["an id that is an object", '{"jsonrpc":"2.0","id":{},"method":"x"}', -32600, /not a message/],
  ["too deep", `{"jsonrpc":"2.0","id":1,"method":"x","params":${"[".repeat(200)}${"]".repeat(200)}}`, -32600, /not a message/],
  ["a method that nobody has", '{"id":1,"method":"session/fly","params":{}}', -32601, /no such method: session\/fly/],
  ["a method of objects", '{"id":1,"method":"toString"}', -32601, /no such method/],
  [
    "a relative cwd",
    '{"id":1,"method":"session/new","params":{"cwd":"here","mcpServers":[]}}',
    -32602,
    /cwd: must be an absolute path/,
  ],
  ["no cwd", '{"id":1,"method":"session/new","params":{}}', -32602, /cwd/],
  [
    "more folders",
    '{"id":1,"method":"session/new","params":{"cwd":"/a","mcpServers":[],"additionalDirectories":["/b"]}}',
    -32602,
    /additionalDirectories: are not supported/,
  ],
  ["no session id", '{"id":1,"method":"session/load","params":{"sessionId":"x","cwd":"/a","mcpServers":[]}}', -32002, /./],
  ["an empty prompt", '{"id":1,"method":"session/prompt","params":{"sessionId":"x","prompt":[]}}', -32602, /prompt/],
  [
    "a sound",
    '{"id":1,"method":"session/prompt","params":{"sessionId":"x","prompt":[{"type":"audio","data":"","mimeType":"audio/wav"}]}}',
    -32602,
    /prompt\.0\.type/,
  ],
  [
    "a mode that is none",
    '{"id":1,"method":"session/set_mode","params":{"sessionId":"x","modeId":"yolo"}}',
    -32602,
    /no such mode: yolo/,
  ],
  ["an auth method that is none", '{"id":1,"method":"authenticate","params":{"methodId":"x"}}', -32602, /no such auth method/],
  ["a second handshake", '{"id":1,"method":"initialize","params":{"protocolVersion":1}}', -32600, /already initialized/],
  [
    "a place in the log that is none",
    '{"id":1,"method":"session/load","params":{"sessionId":"x","cwd":"/a","mcpServers":[],"_meta":{"spindle":{"afterSeq":-1}}}}',
    -32602,
    /_meta\.spindle\.afterSeq/,
  ],
])("bad input: %s is refused by name, and the connection lives", async ([, message, code, text]) => {
  const client = await acp();
  client.say(message);
  const refused = await client.until(({ error }) => error !== undefined);
  expect(refused.error?.code).toBe(code);
  expect(refused.error?.message).toMatch(text);
  expect((await client.request("session/list", {})).sessions).toEqual(expect.any(Array));
});

test("before the handshake nothing is served", async () => {
  const client = await AcpClient.open();
  open.push(client);
  expect((await client.ask("session/list", {})).error).toEqual({ code: -32600, message: "not initialized" });
  const { protocolVersion } = await client.request("initialize", { protocolVersion: 7 });
  expect(protocolVersion).toBe(1);
});

test("a foreign session is one that never was", async () => {
  const owner = await acp({ headers: await headersFor("acp-owner") });
  const sessionId = await owner.start();
  await owner.prompt(sessionId, "say mine");
  const unknown = "01a1b2c3-0000-7000-8000-000000000000";
  const stranger = await acp({ headers: await headersFor("acp-stranger") });
  for (const [method, more] of [
    ["session/load", { cwd: "/a", mcpServers: [] }],
    ["session/resume", { cwd: "/a" }],
    ["session/prompt", { prompt: [{ type: "text", text: "hi" }] }],
    ["session/set_mode", { modeId: "never" }],
    ["session/close", {}],
    ["session/delete", {}],
  ] as const) {
    const foreign = await stranger.ask(method, { sessionId, ...more });
    const none = await stranger.ask(method, { sessionId: unknown, ...more });
    expect(foreign.error?.code, method).toBe(-32002);
    expect(foreign.error?.message.replace(sessionId, unknown), method).toBe(none.error?.message);
  }
  expect((await stranger.request("session/list", {})).sessions).toEqual([]);
  expect((await owner.request("session/list", {})).sessions).toHaveLength(1);
});

test("who has no credential, comes from another site or asks without a socket is told so", async () => {
  const environment = { SPINDLE_TOKEN: "secret" };
  const upgrade = { Upgrade: "websocket" };
  expect((await ask("/acp", { host: "spindle.example", headers: upgrade, environment })).status).toBe(401);
  expect((await ask("/acp", { headers: { ...upgrade, Origin: "https://evil.example" } })).status).toBe(403);
  const plain = await ask("/acp", { method: "POST", body: "{}" });
  expect([plain.status, plain.headers.get("upgrade")]).toEqual([426, "websocket"]);
});

test("a message that is too long ends the connection, and nothing is lost", async () => {
  const client = await AcpClient.connect();
  const sessionId = await client.start();
  await client.prompt(sessionId, "say one");
  client.say(`{"id":9,"method":"session/list","params":{"cursor":"${"x".repeat(8 * 1024 * 1024)}"}}`);
  await client.until(() => false).catch(() => {});
  expect(client.closed?.code).toBe(1009);
  const back = await acp();
  await back.request("session/load", { sessionId, cwd: "/workspace", mcpServers: [] });
  expect(back.text()).toBe("one");
});
