/**
 * The Agent Client Protocol as editors speak it: `npm run check:acp`. The official SDK is the editor, over `/acp` and with `spindle-acp` as a
 * process that it spawns, against a whole server. Then the network is cut at random places, and the server killed: nothing is lost.
 */
import { deepStrictEqual, strictEqual } from "node:assert";
import { rmSync } from "node:fs";
import { Editor, type Way } from "./acp/editor.ts";
import { type CutProxy, startProxy } from "./cut-proxy.ts";
import { bundleWorker, startMiniflare } from "./miniflare-server.ts";
import { ProbeClient, type ProbeMessage } from "./probe-client.ts";

const token = "check-acp";
const bundle = await bundleWorker();
const server = await startMiniflare({ bundle, env: { SPINDLE_TOKEN: token, SPINDLE_REHEARSAL_INTERVAL_MS: "15" } });
const results: { title: string; problem: string | null }[] = [];
const editors: Editor[] = [];
let messages = 0;
/** Long enough for many cuts, with an approval in the middle. */
const longPrompt = "count 450\nwrite cut.txt: cut\ncount 350";
/** What is said to that when nothing is cut. */
let plain: string | null = null;
try {
  for (const way of ["WebSocket", "stdio"] as const) await stories(way);
  await step("WebSocket: cut at 60 random places, a client that resumes after its last update loses nothing", () =>
    cutSockets(60),
  );
  await step("bridge: cut at 60 random places, the editor hears each update once", () => cutBridge("bridge", 60));
  await step("stdio: cut at 5 random places and the server killed, the editor hears each update once", () =>
    cutBridge("stdio", 5),
  );
  await step("stdio: a wrong token ends the agent, in the server's words", async () => {
    const editor = new Editor({ way: "stdio", url: server.wsUrl, token: "another" });
    editors.push(editor);
    await editor.initialize().then(
      () => {
        throw new Error("it was let in");
      },
      () => {},
    );
    if (!editor.notes.includes("invalid websocket bearer token")) throw new Error(editor.notes);
  });
} finally {
  for (const editor of editors) editor.close();
  await server.close();
  rmSync(bundle, { recursive: true, force: true });
}
const failed = results.filter(({ problem }) => problem !== null).length;
console.log(`${messages} messages fit the schema of ACP v1\n${results.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

async function stories(way: Way): Promise<void> {
  const editor = await open(way);
  let sessionId = "";
  await step(`${way}: handshake, a session, a prompt that streams`, async () => {
    const { protocolVersion, agentCapabilities } = await editor.initialize();
    strictEqual(protocolVersion, 1);
    strictEqual(agentCapabilities?.loadSession, true);
    sessionId = await editor.start();
    strictEqual(await editor.prompt(sessionId, "think hm\nplan one; two\nsay hello there"), "end_turn");
    strictEqual(editor.text(sessionId), "hello there");
    strictEqual(editor.text(sessionId, "agent_thought_chunk"), "hm");
    const kinds = new Set(editor.updates.map(({ update }) => update.sessionUpdate));
    if (!kinds.has("plan") || !kinds.has("available_commands_update")) throw new Error([...kinds].join());
  });
  await step(`${way}: a permission with a diff, and the file lands`, async () => {
    const ended = editor.prompt(sessionId, "write hello.txt: hello");
    const permission = await editor.permission();
    deepStrictEqual(permission.request.toolCall.content, [
      { type: "diff", path: "/workspace/hello.txt", oldText: null, newText: "hello\n" },
    ]);
    permission.choose("allow_once");
    strictEqual(await ended, "end_turn");
    strictEqual(await fileOf(sessionId, "hello.txt"), "hello\n");
  });
  await step(`${way}: a rejection leaves the file as it was`, async () => {
    const ended = editor.prompt(sessionId, "write hello.txt: bye");
    (await editor.permission()).choose("reject_once");
    strictEqual(await ended, "end_turn");
    strictEqual(await fileOf(sessionId, "hello.txt"), "hello\n");
  });
  await step(`${way}: cancel, while it streams and while it waits`, async () => {
    const seen = editor.updates.length;
    const streaming = editor.prompt(sessionId, "count 2000");
    await editor.until("a word", () => editor.text(sessionId, "agent_message_chunk", seen) || undefined);
    await editor.agent.notify("session/cancel", { sessionId });
    strictEqual(await streaming, "cancelled");
    const waiting = editor.prompt(sessionId, "write other.txt: x");
    const permission = await editor.permission();
    await editor.agent.notify("session/cancel", { sessionId });
    permission.choose(null);
    strictEqual(await waiting, "cancelled");
  });
  await step(`${way}: listed, loaded by another editor as it was live, and its mode set`, async () => {
    const other = await open(way);
    await other.initialize();
    const { sessions } = await other.agent.request("session/list", {});
    if (!sessions.some((session) => session.sessionId === sessionId)) throw new Error("it is not listed");
    await other.agent.request("session/load", { sessionId, cwd: "/workspace", mcpServers: [] });
    strictEqual(other.text(sessionId), editor.text(sessionId));
    const calls = (one: Editor) => one.updates.flatMap(({ update }) => (update.sessionUpdate === "tool_call" ? [update] : []));
    deepStrictEqual(calls(other), calls(editor));
    await other.agent.request("session/set_mode", { sessionId, modeId: "never" });
    strictEqual(await other.prompt(sessionId, "write free.txt: free"), "end_turn");
    strictEqual(await fileOf(sessionId, "free.txt"), "free\n");
    strictEqual(other.permissions.length, 0);
    await other.agent.request("session/set_mode", { sessionId, modeId: "on-request" });
    other.close();
  });
  await step(`${way}: asked here, answered over the Codex socket`, async () => {
    const ended = editor.prompt(sessionId, "write theirs.txt: theirs");
    const { signal } = await editor.permission();
    const codex = await probe();
    await codex.client.request("thread/resume", { threadId: sessionId });
    const asked = await codex.until("item/fileChange/requestApproval");
    codex.client.answer(asked.id ?? "", { decision: "accept" });
    strictEqual(await ended, "end_turn");
    await editor.until("that it is taken back", () => signal.aborted || undefined);
    strictEqual(await fileOf(sessionId, "theirs.txt"), "theirs\n");
    codex.client.close();
  });
  await step(`${way}: asked over the Codex socket, answered here`, async () => {
    const codex = await probe();
    const { thread } = await codex.client.request("thread/start", {});
    const input = [{ type: "text", text: "write ours.txt: ours", text_elements: [] }];
    await codex.client.request("turn/start", { threadId: thread.id, input });
    await codex.until("item/fileChange/requestApproval");
    await editor.agent.request("session/resume", { sessionId: thread.id, cwd: "/workspace" });
    (await editor.permission()).choose("allow_once");
    await codex.until("serverRequest/resolved");
    await codex.until("turn/completed");
    strictEqual(await fileOf(thread.id, "ours.txt"), "ours\n");
    codex.client.close();
  });
  await step(`${way}: closed and deleted`, async () => {
    await editor.agent.request("session/close", { sessionId });
    await editor.agent.request("session/delete", { sessionId });
    const { sessions } = await editor.agent.request("session/list", {});
    if (sessions.some((session) => session.sessionId === sessionId)) throw new Error("it is listed");
  });
  await step(`${way}: every message fits ACP's schema`, async () => {
    deepStrictEqual(editor.misfits, []);
    messages += editor.messages;
  });
}

/** A client that knows nothing but `_meta.spindle.seq`: as somebody writes it without the bridge. */
async function cutSockets(cutsMin: number): Promise<void> {
  const key = crypto.randomUUID();
  const said: string[] = [];
  let [cuts, seq] = [0, 0];
  let sessionId: string | null = null;
  for (let hasEnded = false; !hasEnded; ) {
    const socket = new WebSocket(`${server.wsUrl}/acp`, { headers: { authorization: `Bearer ${token}` } } as never);
    const goesAfter = cuts < cutsMin ? 1 + Math.floor(Math.random() * 5) : Number.POSITIVE_INFINITY;
    hasEnded = await new Promise<boolean>((resolve, reject) => {
      let heard = 0;
      const say = (message: object) => socket.send(JSON.stringify({ jsonrpc: "2.0", ...message }));
      socket.onopen = () => say({ id: "init", method: "initialize", params: { protocolVersion: 1 } });
      socket.onerror = () => reject(new Error("the socket failed"));
      socket.onmessage = ({ data }) => {
        const { id, method, params, result, error } = JSON.parse(String(data));
        if (error) reject(new Error(error.message));
        if (id === "init") {
          const more = sessionId === null ? {} : { sessionId, _meta: { spindle: { afterSeq: seq } } };
          const open = sessionId === null ? "session/new" : "session/resume";
          say({ id: "open", method: open, params: { cwd: "/workspace", mcpServers: [], ...more } });
        }
        if (id === "open") {
          sessionId ??= result.sessionId;
          const spoken = {
            sessionId,
            prompt: [{ type: "text", text: longPrompt }],
            _meta: { spindle: { clientUserMessageId: key } },
          };
          say({ id: "prompt", method: "session/prompt", params: spoken });
        }
        if (id === "prompt") {
          strictEqual(result.stopReason, "end_turn");
          resolve(true);
        }
        if (method === "session/request_permission") {
          const { optionId } = params.options[0];
          say({ id, result: { outcome: { outcome: "selected", optionId } } });
        }
        if (method !== "session/update" || params._meta?.spindle === undefined) return;
        seq = params._meta.spindle.seq;
        if (params.update.sessionUpdate === "agent_message_chunk") said.push(params.update.content.text);
        heard += 1;
        if (heard >= goesAfter) resolve(false);
      };
    });
    // Without a word: what is on its way is lost.
    socket.onmessage = null;
    socket.onerror = null;
    socket.close();
    if (!hasEnded) cuts += 1;
  }
  if (cuts < cutsMin) throw new Error(`only ${cuts} cuts`);
  strictEqual(said.join("").replace(/\s+/g, " "), (await undisturbed()).replace(/\s+/g, " "));
}

/** The SDK behind the bridge, which never hears of a cut. */
async function cutBridge(way: Way, cutsMin: number): Promise<void> {
  const proxy = await startProxy(server.port);
  let [cuts, untilNext] = [0, 3];
  let restarted: Promise<void> | null = null;
  const editor = await open(way, proxy, () => {
    untilNext -= 1;
    if (untilNext > 0 || cuts >= cutsMin) return;
    untilNext = 1 + Math.floor(Math.random() * 5);
    cuts += 1;
    if (way === "stdio" && cuts === 3) restarted = server.restart();
    else proxy.cut();
  });
  await editor.initialize();
  const sessionId = await editor.start();
  const ended = editor.prompt(sessionId, longPrompt);
  const permission = await editor.permission();
  proxy.cut();
  permission.choose("allow_once");
  proxy.cut();
  strictEqual(await ended, "end_turn");
  await restarted;
  if (cuts < cutsMin) throw new Error(`only ${cuts} cuts`);
  strictEqual(editor.permissions.length, 1);
  strictEqual(await fileOf(sessionId, "cut.txt"), "cut\n");
  // What was told in pieces over all these sockets is what somebody is told who comes afterwards.
  const later = await open("stdio");
  await later.initialize();
  await later.agent.request("session/load", { sessionId, cwd: "/workspace", mcpServers: [] });
  strictEqual(editor.text(sessionId), later.text(sessionId));
  strictEqual(editor.text(sessionId, "user_message_chunk"), "");
  const seqs = editor.updates.flatMap(({ _meta }) => {
    const { seq } = (_meta?.spindle ?? {}) as { seq?: number };
    return seq === undefined ? [] : [seq];
  });
  deepStrictEqual(
    seqs,
    seqs.toSorted((one, other) => one - other),
  );
  deepStrictEqual(editor.misfits, []);
  proxy.close();
}

async function undisturbed(): Promise<string> {
  if (plain !== null) return plain;
  const editor = await open("WebSocket");
  await editor.initialize();
  const sessionId = await editor.start();
  const ended = editor.prompt(sessionId, longPrompt);
  (await editor.permission()).choose("allow_once");
  await ended;
  plain = editor.text(sessionId);
  return plain;
}

async function open(way: Way, { port }: Pick<CutProxy, "port"> = server, onUpdate = () => {}): Promise<Editor> {
  const editor = new Editor({ way, url: `ws://127.0.0.1:${port}`, token, onUpdate });
  editors.push(editor);
  return editor;
}

/** A client of Codex's protocol, which waits for frames. */
async function probe() {
  const heard: ProbeMessage[] = [];
  const client = await ProbeClient.open(server.wsUrl, { token, onMessage: (message) => heard.push(message) });
  const until = async (method: string): Promise<ProbeMessage> => {
    const deadline = Date.now() + 60_000;
    for (;;) {
      const found = heard.find((message) => message.method === method);
      if (found) return found;
      if (Date.now() > deadline) throw new Error(`${method} did not come`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  return { client, until };
}

async function fileOf(threadId: string, path: string): Promise<string> {
  const { client } = await probe();
  const { dataBase64 } = await client.request("fs/readFile", { threadId, path: `/workspace/${path}` });
  client.close();
  return Buffer.from(dataBase64, "base64").toString();
}

async function step(title: string, run: () => Promise<void>): Promise<void> {
  const problem = await run().then(
    () => null,
    (error) => (error instanceof Error ? (error.stack ?? error.message) : String(error)),
  );
  results.push({ title, problem });
  console.log(`${problem === null ? "ok    " : "FAILED"} ${title}${problem === null ? "" : `\n       ${problem}`}`);
}
