import { runInDurableObject, SELF } from "cloudflare:test";
import { expect, test } from "vitest";
import { threadName, threadStub } from "../../durable-objects/environment.ts";
import type { Wire } from "./client.ts";
import { Client } from "./client.ts";
import { ask } from "./front-door.ts";
import { environment, story } from "./story.ts";

const unknown = "00000000-0000-7000-8000-000000000000";

story("a thread's own socket speaks the same protocol, of this thread only", async ({ client, connect, sleep }) => {
  const threadId = await client.startThread();
  await client.turn("say hi");
  const otherThread = await client.startThread();
  await sleep();
  const direct = await connect({ path: `/threads/${threadId}` });
  const { result } = await direct.resume(threadId, { excludeTurns: false });
  expect(result.thread.turns).toHaveLength(1);
  await sleep();
  await direct.say("write a.txt: a");
  const request = await direct.until("item/fileChange/requestApproval");
  await sleep();
  direct.answer(request, "accept");
  expect((await direct.untilTurnEnds()).status).toBe("completed");
  expect(await direct.readFile("a.txt")).toBe("a\n");
  expect(await direct.request("thread/list", {})).toMatchObject({ data: expect.any(Array) });
  expect(await direct.request("model/list", {})).toMatchObject({ data: [{ id: "rehearsal" }] });

  const refusals: [method: string, params: object, message: string][] = [
    ["thread/read", {}, `thread not loaded: ${otherThread}`],
    ["thread/resume", {}, `no rollout found for thread id ${otherThread}`],
    ["thread/delete", {}, `no rollout found for thread id ${otherThread}`],
    ["thread/name/set", { name: "mine" }, `no rollout found for thread id ${otherThread}`],
    ["turn/start", { input: [{ type: "text", text: "say x", text_elements: [] }] }, `thread not found: ${otherThread}`],
    ["fs/readFile", { path: "/workspace/a.txt" }, `thread not found: ${otherThread}`],
  ];
  for (const [method, params, message] of refusals) {
    expect(await direct.refusal(method, { threadId: otherThread, ...params }), method).toBe(`-32600 ${message}`);
  }
  expect(await direct.refusal("thread/start", {})).toBe(
    "-32600 thread/start on a thread's own socket is not supported by Spindle",
  );
  expect(await direct.request("thread/unsubscribe", { threadId: otherThread })).toEqual({ status: "notLoaded" });
  expect((await client.request("thread/read", { threadId: otherThread })).thread.name).toBeNull();
});

story("an answer given on a thread's own socket reaches no other thread", async ({ client, connect, sleep }) => {
  const victim = await client.startThread();
  await client.say("write a.txt: a");
  const request = await client.until("item/fileChange/requestApproval");
  const own = await client.startThread();
  client.threadId = victim;
  const direct = await connect({ path: `/threads/${own}` });
  await direct.resume(own);
  await sleep();
  direct.answer(request, "accept");
  await direct.untilQuiet();
  expect(await client.files()).toEqual([]);
  expect((await client.request("thread/read", { threadId: victim })).thread.status).toEqual({
    type: "active",
    activeFlags: ["waitingOnApproval"],
  });
});

story("a thread's own socket and a connection's hear the same", async ({ client, connect, sleep }) => {
  const threadId = await client.startThread();
  const direct = await connect({ path: `/threads/${threadId}` });
  await direct.resume(threadId, { afterSeq: 0 });
  await sleep();
  await client.turn("think\nsay one\nrun echo two\nsay three");
  await direct.untilTurnEnds();
  expect(direct.threadFrames()).toEqual(client.threadFrames());
});

const upgrade = { Upgrade: "websocket" };

test("a thread that there is not has no door", async () => {
  for (const path of [`/threads/${unknown}`, "/threads/nope", "/threads/..%2f..%2fx", "/threads/"]) {
    const response = await SELF.fetch(`http://127.0.0.1:8787${path}`, { headers: upgrade });
    if (path === "/threads/") {
      // No id, no thread's door: the connection's, which is on every path.
      expect(response.status).toBe(101);
      response.webSocket?.accept();
      response.webSocket?.close();
    } else expect(response.status, path).toBe(404);
  }
  const client = await Client.connect();
  const threadId = await client.startThread();
  const page = await SELF.fetch(`http://127.0.0.1:8787/threads/${threadId}`);
  expect([page.status, await page.text()]).toEqual([400, "Connection header did not include 'upgrade'"]);
  client.close();
});

test("a deleted thread's door is gone", async () => {
  const client = await Client.connect();
  const threadId = await client.startThread();
  await client.request("thread/delete", { threadId });
  const response = await SELF.fetch(`http://127.0.0.1:8787/threads/${threadId}`, { headers: upgrade });
  expect(response.status).toBe(404);
  client.close();
});

test("an upgrade is accepted on any path and query", async () => {
  const client = await Client.open({ path: "/foo/bar?x=1" });
  expect(await client.refusal("model/list", {})).toBe("-32600 Not initialized");
  client.close();
});

test("health needs no credential", async () => {
  for (const path of ["/healthz", "/readyz"]) {
    expect((await ask(path, { environment: { SPINDLE_TOKEN: "secret" } })).status).toBe(200);
    expect((await ask(path, { host: "spindle.example" })).status).toBe(200);
  }
});

test("a page of another site may not open sockets, a page of this one may", async () => {
  for (const origin of ["https://evil.example", "http://127.0.0.1:9999", "https://127.0.0.1:8787", "null", ""]) {
    const response = await ask("/", { headers: { ...upgrade, Origin: origin } });
    expect([response.status, await response.text()], origin).toEqual([403, ""]);
  }
  const response = await ask("/", { headers: { ...upgrade, Origin: "http://127.0.0.1:8787" } });
  expect(response.status).toBe(101);
  response.webSocket?.accept();
  response.webSocket?.close();
});

test("without a token only this machine is served, under its own names", async () => {
  for (const host of ["127.0.0.1:8787", "localhost:8787", "[::1]:8787", "127.8.9.1"]) {
    const response = await ask("/", { host, headers: upgrade });
    expect(response.status, host).toBe(101);
    response.webSocket?.accept();
    response.webSocket?.close();
  }
  for (const host of ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example", "10.0.0.1", "0.0.0.0", "128.0.0.1"]) {
    const response = await ask("/", { host, headers: upgrade });
    expect([response.status, await response.text()], host).toEqual([
      403,
      "this server has no token configured and serves its own machine only",
    ]);
  }
  const remote = await ask("/", { headers: { ...upgrade, "cf-connecting-ip": "203.0.113.9" } });
  expect(remote.status).toBe(403);
});

const credentials: [authorization: string | null, status: number, text: string][] = [
  [null, 401, "missing websocket bearer token"],
  ["Basic c2VjcmV0", 401, "invalid authorization header"],
  ["secret", 401, "invalid authorization header"],
  ["Bearer", 401, "invalid authorization header"],
  ["Bearer wrong", 401, "invalid websocket bearer token"],
  ["Bearer secre", 401, "invalid websocket bearer token"],
  ["Bearer secretsecret", 401, "invalid websocket bearer token"],
  ["Bearer SECRET", 401, "invalid websocket bearer token"],
  ["Bearer secret", 101, ""],
  ["bearer secret", 101, ""],
];
test.for(credentials)("with a token, `%s` is answered with %i %s", async ([authorization, status, text]) => {
  const headers = { ...upgrade, ...(authorization === null ? {} : { Authorization: authorization }) };
  const asked = { host: "spindle.example", headers, environment: { SPINDLE_TOKEN: "secret" } };
  for (const path of ["/", `/threads/${unknown}`, "/?token=secret", "/foo?access_token=secret"]) {
    const response = await ask(path, asked);
    if (status === 101 && path.startsWith("/threads/")) {
      expect(response.status).toBe(404);
      continue;
    }
    expect(response.status, path).toBe(status);
    if (response.webSocket) {
      response.webSocket.accept();
      response.webSocket.close();
    } else expect(await response.text()).toBe(text);
  }
});

test("with a token, this machine needs it as well", async () => {
  const response = await ask("/", { headers: upgrade, environment: { SPINDLE_TOKEN: "secret" } });
  expect([response.status, await response.text()]).toEqual([401, "missing websocket bearer token"]);
});

test("two accounts never meet", async () => {
  const client = await Client.connect();
  const threadId = await client.startThread();
  await client.turn("say hi");
  await client.writeFile("a.txt", "a");
  const stranger = threadStub(environment, "stranger", threadId);
  const fork = threadStub(environment, "stranger", crypto.randomUUID());
  expect(threadName("stranger", threadId)).not.toBe(threadName("local", threadId));
  const subscriber = { connection: "stranger/x", replay: true };
  const answers = [
    await stranger.request({ method: "thread/read", params: { threadId, includeTurns: true } }, "stranger/x"),
    await stranger.request({ method: "fs/readFile", params: { threadId, path: "/workspace/a.txt" } }, "stranger/x"),
    await stranger.resumeThread({ threadId, excludeTurns: true } as Wire, subscriber),
    await stranger.deleteThread(),
    await fork.forkThread({ threadId, excludeTurns: true } as Wire, { name: "stranger", version: "0" }, subscriber),
  ];
  expect(answers.map((answer: Wire) => answer.refused?.message)).toEqual([
    `thread not loaded: ${threadId}`,
    `thread not found: ${threadId}`,
    `no rollout found for thread id ${threadId}`,
    `no rollout found for thread id ${threadId}`,
    `no rollout found for thread id ${threadId}`,
  ]);
  const tables = await runInDurableObject(stranger, (_, { storage }) =>
    storage.sql.exec("SELECT name FROM sqlite_master").toArray(),
  );
  expect(tables).toEqual([]);
  expect((await client.request("thread/read", { threadId })).thread.preview).toBe("say hi");
  client.close();
});
