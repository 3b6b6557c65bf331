/** The HTTP door: the same threads, approvals and refusals as on a socket, and every answer as docs/openapi.json says. */
import { evictAllDurableObjects } from "cloudflare:test";
import { afterEach, expect, test, vi } from "vitest";
import { accessStub } from "../../durable-objects/environment.ts";
import { Client, type Wire } from "./client.ts";
import { ask, headersFor, tokenFor } from "./front-door.ts";
import { eventsOf, HttpCaller } from "./http-caller.ts";
import { environment } from "./story.ts";

const callers: HttpCaller[] = [];
afterEach(async () => {
  for (const caller of callers.splice(0)) expect(await caller.judged()).toEqual([]);
});

async function caller(account: string | null = `http-${crypto.randomUUID()}`): Promise<HttpCaller> {
  const made = await HttpCaller.of(account);
  callers.push(made);
  return made;
}

const isAsked = ({ method }: Wire) => /requestApproval$|requestUserInput$/.test(method);
const isOver = ({ method }: Wire) => method === "turn/completed";
const unknown = "00000000-0000-7000-8000-000000000000";

test.each(["awake", "evicted"])(
  "a whole session: thread, turn, events, approval by its hash, file (%s)",
  { timeout: 40_000 },
  async (way) => {
    const sleep = async () => {
      if (way === "evicted") await evictAllDurableObjects({ webSockets: "hibernate" });
    };
    const http = await caller();
    const key = { "Idempotency-Key": '"order-1"' };
    const made = await http.call("POST", "/v1/threads", { body: { cwd: "/workspace" }, headers: key });
    expect(made.status).toBe(201);
    const threadId: string = made.body.thread.id;
    expect(made.headers.get("location")).toBe(`/v1/threads/${threadId}`);
    expect(made.body.thread.originator).toBe("spindle-http");
    await sleep();
    const again = await http.call("POST", "/v1/threads", { body: { cwd: "/workspace" }, headers: key });
    expect([again.status, again.body.thread.id]).toEqual([201, threadId]);
    const input = [{ type: "text", text: "write notes.txt: alpha" }];
    const turns = [];
    for (let count = 0; count < 2; count++) {
      turns.push(
        await http.call("POST", `/v1/threads/${threadId}/turns`, { body: { input }, headers: { "Idempotency-Key": "t1" } }),
      );
      await sleep();
    }
    expect(turns.map(({ status, body }) => [status, body.turn.id])).toEqual(Array(2).fill([201, turns[0]?.body.turn.id]));

    const frames = await http.until(threadId, isAsked);
    expect(frames.map(({ seq }) => seq)).toEqual(frames.map((_, index) => index + 1));
    const request = frames.at(-1);
    await sleep();
    const listed = await http.call("GET", "/v1/approvals");
    expect(listed.body).toMatchObject({
      data: [
        { requestId: request.id, threadId, itemId: request.params.itemId, kind: "changes", seq: request.seq, command: null },
      ],
      nextCursor: null,
    });
    const [approval] = listed.body.data;
    expect((await http.call("GET", `/v1/threads/${threadId}/approvals`)).body.data).toEqual([approval]);
    expect((await http.call("GET", `/v1/approvals/${request.id}`)).body).toEqual({ approval });
    const { hash, diff } = approval.proposal;
    const patch = await http.call("GET", `/v1/threads/${threadId}/proposals/${hash}`);
    expect([patch.status, patch.headers.get("content-type"), patch.body]).toEqual([200, "text/x-diff; charset=utf-8", diff]);
    expect(diff).toContain("+alpha");

    const decide = (body: object) => http.call("POST", `/v1/approvals/${request.id}/decision`, { body });
    for (const wrong of [hash.slice(1), hash.toUpperCase(), `${hash}0`, "0".repeat(64)]) {
      const refused = await decide({ decision: "accept", proposalHash: wrong });
      expect([refused.status, refused.body.name], wrong).toEqual([409, "otherProposal"]);
    }
    expect((await decide({ decision: "accept" })).body).toMatchObject({ status: 400, name: "proposalHashRequired" });
    const missing = await http.call("GET", `/v1/threads/${threadId}/file?path=/workspace/notes.txt`);
    expect(missing.body).toMatchObject({ status: 404, name: "noSuchFile", code: -32603 });
    await sleep();

    const yes = await decide({ decision: "accept", proposalHash: hash });
    expect(yes.body).toEqual({ requestId: request.id, threadId, decision: "accept", isRepeat: false, itemStatus: "completed" });
    const file = await http.call("GET", `/v1/threads/${threadId}/file?path=/workspace/notes.txt`);
    expect([file.body, file.headers.get("content-disposition")]).toEqual(["alpha\n", "attachment"]);
    await sleep();
    expect((await decide({ decision: "accept", proposalHash: hash })).body).toMatchObject({ decision: "accept", isRepeat: true });
    expect((await decide({ decision: "decline", proposalHash: hash })).body).toMatchObject({
      status: 409,
      name: "alreadyDecided",
    });
    expect((await decide({ decision: "decline" })).body).toMatchObject({ status: 404, name: "approvalNotFound" });
    expect((await http.call("GET", `/v1/approvals/${request.id}`)).body).toMatchObject({ status: 404, name: "approvalNotFound" });
    expect((await http.call("GET", `/v1/threads/${threadId}/proposals/${hash}`)).body).toBe(diff);
    await http.until(threadId, isOver, request.seq);

    const read = await http.call("GET", `/v1/threads/${threadId}?includeTurns=true`);
    expect(read.body.thread.turns).toHaveLength(1);
    expect(Number(read.headers.get("spindle-seq"))).toBeGreaterThan(request.seq);
    expect((await http.call("GET", `/v1/threads/${threadId}/turns?limit=1`)).body.data).toMatchObject([{ status: "completed" }]);
    const items = await http.call("GET", `/v1/threads/${threadId}/items?sortDirection=asc`);
    expect(items.body.data.map(({ item }: Wire) => item.type)).toEqual(["userMessage", "fileChange", "agentMessage"]);
    expect((await http.call("GET", "/v1/threads")).body.data.map(({ id }: Wire) => id)).toEqual([threadId]);
  },
);

test("files go in and out as they are, and folders are listed", async () => {
  const http = await caller();
  const threadId = await http.thread();
  const put = await http.call("PUT", `/v1/threads/${threadId}/file?path=/workspace/a/b%20c.txt`, { body: "ä\u0000x" });
  expect(put.status).toBe(204);
  expect((await http.call("GET", `/v1/threads/${threadId}/file?path=/workspace/a/b%20c.txt`)).body).toBe("ä\u0000x");
  expect((await http.call("GET", `/v1/threads/${threadId}/directory?path=/workspace/a`)).body).toEqual({
    entries: [{ fileName: "b c.txt", isDirectory: false, isFile: true }],
  });
  expect((await http.call("GET", `/v1/threads/${threadId}/file?path=/workspace/a`)).body).toMatchObject({ name: "fileConflict" });
});

test("a thread is renamed, put away, brought back and deleted", async () => {
  const http = await caller();
  const threadId = await http.thread();
  await http.say(threadId, "say hi");
  await http.until(threadId, isOver);
  expect((await http.call("PUT", `/v1/threads/${threadId}/name`, { body: { name: "Notes" } })).status).toBe(204);
  expect((await http.call("PUT", `/v1/threads/${threadId}/name`, { body: { name: " " } })).body.name).toBe("threadNameEmpty");
  expect((await http.call("POST", `/v1/threads/${threadId}/archive`)).status).toBe(204);
  expect((await http.call("GET", "/v1/threads?archived=true")).body.data).toMatchObject([{ id: threadId, name: "Notes" }]);
  expect((await http.call("GET", "/v1/threads")).body.data).toEqual([]);
  expect((await http.call("GET", `/v1/threads/${threadId}/events`)).body).toMatchObject({ status: 409, name: "threadArchived" });
  expect((await http.call("POST", `/v1/threads/${threadId}/unarchive`)).body.thread.id).toBe(threadId);
  expect((await http.call("DELETE", `/v1/threads/${threadId}`)).status).toBe(204);
  expect((await http.call("GET", `/v1/threads/${threadId}`)).body).toMatchObject({ status: 404, name: "threadNotLoaded" });
});

test("a turn is steered and interrupted, each by its id", async () => {
  const http = await caller();
  const threadId = await http.thread();
  const turnId = await http.say(threadId, "write a.txt: a");
  await http.until(threadId, isAsked);
  const steer = (id: string) =>
    http.call("POST", `/v1/threads/${threadId}/turns/${id}/steer`, { body: { input: [{ type: "text", text: "say more" }] } });
  expect((await steer("other")).body).toMatchObject({ status: 409, name: "expectedActiveTurn" });
  expect((await steer(turnId)).body).toEqual({ turnId });
  expect((await http.call("POST", `/v1/threads/${threadId}/turns/${turnId}/interrupt`)).status).toBe(204);
  await http.until(threadId, isOver);
  const late = await http.call("POST", `/v1/threads/${threadId}/turns/${turnId}/interrupt`);
  expect(late.body).toMatchObject({ status: 409, name: "noActiveTurnToInterrupt" });
});

test("a command and a question are listed with what they ask, and answered", async () => {
  const http = await caller();
  const asking = await http.thread();
  await http.say(asking, "ask Which colour?: red | blue");
  await http.until(asking, isAsked);
  const { body: made } = await http.call("POST", "/v1/threads", { body: { cwd: "/workspace", approvalPolicy: "untrusted" } });
  await http.say(made.thread.id, "run touch made.txt");
  await http.until(made.thread.id, isAsked);
  const { data } = (await http.call("GET", "/v1/approvals")).body;
  expect(data.map(({ kind }: Wire) => kind).sort()).toEqual(["command", "question"]);
  const command = data.find(({ kind }: Wire) => kind === "command");
  const question = data.find(({ kind }: Wire) => kind === "question");
  expect(command).toMatchObject({ command: expect.stringContaining("touch made.txt"), cwd: "/workspace", proposal: null });
  expect(question.questions).toMatchObject([{ question: "Which colour?" }]);
  const no = await http.call("POST", `/v1/approvals/${command.requestId}/decision`, { body: { decision: "decline" } });
  expect(no.body).toMatchObject({ decision: "decline", isRepeat: false });
  const answers = { [question.questions[0].id]: { answers: ["red"] } };
  const said = await http.call("POST", `/v1/approvals/${question.requestId}/decision`, { body: { answers } });
  expect(said.body).toMatchObject({ decision: null, itemStatus: null });
  await http.until(asking, isOver);
  await http.until(made.thread.id, isOver);
  expect((await http.call("GET", "/v1/approvals")).body.data).toEqual([]);
});

test("hunks of a diff are accepted by its hash, and others are left out", async () => {
  const http = await caller();
  const threadId = await http.thread();
  const lines = Array.from({ length: 60 }, (_, index) => `line ${index}`);
  await http.call("PUT", `/v1/threads/${threadId}/file?path=/workspace/a.txt`, { body: `${lines.join("\n")}\n` });
  await http.say(threadId, "run sed -i -e 's/^line 2$/first/' -e 's/^line 50$/second/' a.txt");
  await http.until(threadId, isAsked);
  const [{ requestId, proposal }] = (await http.call("GET", `/v1/threads/${threadId}/approvals`)).body.data;
  const decide = (hunks: number[], proposalHash = proposal.hash) =>
    http.call("POST", `/v1/approvals/${requestId}/decision`, { body: { decision: "accept", proposalHash, hunks } });
  expect((await decide([7])).body).toMatchObject({ status: 400, name: "unknownHunks" });
  expect((await decide([2], "x")).body).toMatchObject({ status: 409, name: "otherProposal" });
  expect((await decide([2])).body).toMatchObject({ decision: "accept", itemStatus: "completed" });
  const { body } = await http.call("GET", `/v1/threads/${threadId}/file?path=/workspace/a.txt`);
  expect([body.includes("first"), body.includes("second")]).toEqual([false, true]);
});

test("what a client on a socket began is approved over HTTP and seen resolved there, and the other way about", async () => {
  const account = `both-${crypto.randomUUID()}`;
  const http = await caller(account);
  const client = await Client.connect({ headers: await headersFor(account) });
  const threadId = await client.startThread();
  await client.say("write a.txt: a");
  const request = await client.until("item/fileChange/requestApproval");
  const [{ requestId, proposal }] = (await http.call("GET", "/v1/approvals")).body.data;
  expect(requestId).toBe(request.id);
  await http.call("POST", `/v1/approvals/${requestId}/decision`, { body: { decision: "accept", proposalHash: proposal.hash } });
  expect((await client.until("serverRequest/resolved")).params).toEqual({ threadId, requestId });
  expect((await client.untilTurnEnds()).status).toBe("completed");

  await http.say(threadId, "write b.txt: b");
  const second = await client.until("item/fileChange/requestApproval");
  const [waiting] = (await http.call("GET", "/v1/approvals")).body.data;
  client.answer(second, "decline");
  await client.untilTurnEnds();
  const late = { decision: "accept", proposalHash: waiting.proposal.hash };
  const told = await http.call("POST", `/v1/approvals/${waiting.requestId}/decision`, { body: late });
  expect(told.body).toMatchObject({ status: 409, name: "alreadyDecided" });
  client.close();
});

test("events that are cut at many points lose nothing and repeat nothing", { timeout: 60_000 }, async () => {
  const http = await caller();
  const threadId = await http.thread();
  await http.say(threadId, Array.from({ length: 12 }, (_, line) => `say ${line}\nrun echo ${line}`).join("\n"));
  // While it runs: each stream is left after a few events, and the next goes on behind the last one that was read.
  const caught: { id: number; frame: Wire }[] = [];
  let cuts = 0;
  let isDone = false;
  while (!isDone) {
    const lastId = caught.at(-1)?.id;
    const headers: Record<string, string> = lastId === undefined ? {} : { "Last-Event-ID": String(lastId) };
    let left = 1 + Math.floor(Math.random() * 4);
    for await (const event of eventsOf(await http.open("GET", `/v1/threads/${threadId}/events`, { headers }))) {
      caught.push(event);
      isDone = isOver(event.frame);
      left -= 1;
      if (left === 0 || isDone) break;
    }
    cuts += 1;
  }
  expect(cuts).toBeGreaterThan(20);
  const whole = await http.until(threadId, isOver);
  expect(caught.map(({ frame }) => frame)).toEqual(whole);
  expect(caught.map(({ id }) => id)).toEqual(whole.map(({ seq }) => seq));
  expect(whole.map(({ seq }) => seq)).toEqual(whole.map((_, index) => index + 1));
});

test("what a reader has already and is asked again on a socket is no event", async () => {
  const http = await caller();
  const threadId = await http.thread();
  await http.say(threadId, "write a.txt: a");
  const { seq, id } = (await http.until(threadId, isAsked)).at(-1);
  const events = eventsOf(await http.open("GET", `/v1/threads/${threadId}/events?after=${seq}`));
  const next = events.next();
  await http.call("POST", `/v1/approvals/${id}/decision`, { body: { decision: "decline" } });
  expect((await next).value?.id).toBe(seq + 1);
  await events.return(undefined);
});

test("events end with the credential, and with the thread", async () => {
  const account = `ends-${crypto.randomUUID()}`;
  const { id, token } = await tokenFor(account);
  const http = await caller(account);
  const threadId = await http.thread();
  const other = await http.thread();
  const headers = { Authorization: `Bearer ${token}` };
  const revoked = eventsOf(await http.open("GET", `/v1/threads/${threadId}/events`, { headers }));
  await revoked.next();
  const end = drained(revoked);
  await accessStub(environment).revokeToken(id);
  await end;
  expect((await http.call("GET", `/v1/threads/${threadId}/events`, { headers })).body).toMatchObject({ status: 401 });

  const deleted = eventsOf(await http.open("GET", `/v1/threads/${other}/events`));
  await deleted.next();
  const last = drained(deleted);
  await http.call("DELETE", `/v1/threads/${other}`);
  expect((await last).at(-1)?.frame.method).toBe("thread/deleted");
  expect((await http.call("GET", `/v1/threads/${other}/events`)).body).toMatchObject({ status: 404, name: "noRolloutFound" });
});

async function drained<Value>(values: AsyncGenerator<Value>): Promise<Value[]> {
  const all: Value[] = [];
  for await (const value of values) all.push(value);
  return all;
}

test("bad input is refused by name, and changes nothing", async () => {
  const http = await caller();
  const threadId = await http.thread();
  const input = [{ type: "text", text: "say hi" }];
  const long = [{ type: "text", text: "x".repeat(1_048_577) }];
  const json = { "Content-Type": "application/json" };
  const bad: [verb: string, path: string, options: Parameters<HttpCaller["call"]>[2], status: number, name: string][] = [
    ["GET", "/v1/nothing", {}, 404, "noSuchRoute"],
    ["GET", "/v1", {}, 404, "noSuchRoute"],
    ["PATCH", "/v1/threads", {}, 405, "methodNotAllowed"],
    ["GET", "/v1/threads?limit=many", {}, 400, "invalidParameter"],
    ["GET", "/v1/threads?cursor=nonsense", {}, 400, "invalidCursor"],
    ["GET", "/v1/approvals?cursor=nonsense", {}, 400, "invalidCursor"],
    ["GET", "/v1/threads/nope", {}, 400, "invalidThreadId"],
    ["GET", "/v1/threads/%00", {}, 400, "invalidThreadId"],
    ["GET", `/v1/threads/${unknown}`, {}, 404, "threadNotLoaded"],
    ["GET", `/v1/threads/${unknown}/approvals`, {}, 404, "noRolloutFound"],
    ["GET", `/v1/threads/${unknown}/events`, {}, 404, "noRolloutFound"],
    ["GET", "/v1/threads/nope/events", {}, 400, "invalidThreadId"],
    ["GET", `/v1/threads/${threadId}/events?after=x`, {}, 400, "invalidParameter"],
    ["GET", `/v1/threads/${threadId}/events?after=999`, {}, 409, "beyondTheLog"],
    ["GET", `/v1/threads/${threadId}/events`, { headers: { "Last-Event-ID": "x" } }, 400, "invalidParameter"],
    ["GET", `/v1/threads/${threadId}/proposals/x`, {}, 404, "proposalNotFound"],
    ["GET", `/v1/threads/${threadId}/decision-tree`, {}, 404, "noDecisionTree"],
    ["GET", `/v1/threads/${threadId}/file`, {}, 400, "invalidParameter"],
    ["GET", `/v1/threads/${threadId}/file?path=relative`, {}, 400, "invalidParameter"],
    ["GET", `/v1/threads/${threadId}/file?path=/etc/passwd`, {}, 400, "invalidRequest"],
    ["POST", `/v1/threads/${threadId}/turns`, { body: "{", headers: json }, 400, "invalidBody"],
    ["POST", `/v1/threads/${threadId}/turns`, { body: "input=x" }, 415, "unsupportedMediaType"],
    ["POST", `/v1/threads/${threadId}/turns`, { body: {} }, 400, "invalidBody"],
    ["POST", `/v1/threads/${threadId}/turns`, { body: { input, colour: "red" } }, 400, "invalidBody"],
    ["POST", `/v1/threads/${threadId}/turns`, { body: { input: long } }, 413, "inputTooLarge"],
    ["POST", `/v1/threads/${threadId}/turns`, { body: "x".repeat(9 * 1024 * 1024), headers: json }, 413, "bodyTooLarge"],
    [
      "POST",
      `/v1/threads/${threadId}/turns`,
      { body: { input }, headers: { "Idempotency-Key": "a b" } },
      400,
      "invalidIdempotencyKey",
    ],
    ["POST", `/v1/threads/${unknown}/turns`, { body: { input } }, 404, "threadNotFound"],
    ["POST", "/v1/threads", { body: { modelProvider: "nobody" } }, 400, "modelProviderNotFound"],
    ["POST", "/v1/approvals/nonsense/decision", { body: { decision: "accept" } }, 404, "approvalNotFound"],
    ["POST", `/v1/approvals/${unknown}:x/decision`, { body: { decision: "accept" } }, 404, "approvalNotFound"],
    ["POST", `/v1/approvals/${threadId}:x/decision`, { body: { decision: "accept" } }, 404, "approvalNotFound"],
    ["POST", `/v1/approvals/${threadId}:x/decision`, { body: { decision: "perhaps" } }, 400, "invalidBody"],
    ["GET", "/v1/memory/none", {}, 404, "fragmentNotFound"],
    ["DELETE", "/v1/memory/none", {}, 404, "fragmentNotFound"],
    ["GET", "/v1/memory/search", {}, 400, "invalidParameter"],
    ["GET", "/v1/webhooks/none", {}, 404, "webhookNotFound"],
    ["POST", "/v1/webhooks", { body: { url: "ftp://x" } }, 400, "webhookAddress"],
  ];
  for (const [verb, path, options, status, name] of bad) {
    const answer = await http.call(verb, path, options);
    expect([answer.status, answer.body.name], `${verb} ${path}`).toEqual([status, name]);
    expect(answer.headers.get("content-type")).toBe("application/problem+json");
    expect(answer.body).toMatchObject({ status, title: expect.any(String), type: `/v1/docs#problem-${name}` });
  }
  const { body } = await http.call("GET", `/v1/threads/${threadId}?includeTurns=true`);
  expect(body.thread.turns).toEqual([]);
  // Nobody has spoken in it, and nothing else was begun.
  expect((await http.call("GET", "/v1/threads")).body.data).toEqual([]);
});

test("another account's threads, approvals and webhooks are as if they were not there", async () => {
  const alice = await caller();
  const bob = await caller();
  const threadId = await alice.thread();
  await alice.say(threadId, "write a.txt: a");
  await alice.until(threadId, isAsked);
  const [{ requestId, proposal }] = (await alice.call("GET", "/v1/approvals")).body.data;
  const made = await alice.call("POST", "/v1/webhooks", { body: { url: "https://hooks.example.com/a" } });
  const { id: webhookId } = made.body.webhook;
  const yes = { decision: "accept", proposalHash: proposal.hash };
  const asked: [verb: string, path: string, body?: object][] = [
    ["GET", `/v1/threads/${threadId}`],
    ["GET", `/v1/threads/${threadId}/events`],
    ["GET", `/v1/threads/${threadId}/items`],
    ["GET", `/v1/threads/${threadId}/approvals`],
    ["GET", `/v1/threads/${threadId}/proposals/${proposal.hash}`],
    ["GET", `/v1/threads/${threadId}/file?path=/workspace/a.txt`],
    ["PUT", `/v1/threads/${threadId}/name`, { name: "mine" }],
    ["DELETE", `/v1/threads/${threadId}`],
    ["GET", `/v1/approvals/${requestId}`],
    ["POST", `/v1/approvals/${requestId}/decision`, yes],
    ["GET", `/v1/webhooks/${webhookId}`],
    ["DELETE", `/v1/webhooks/${webhookId}`],
  ];
  for (const [verb, path, body] of asked) {
    const never = (text: string) => text.replaceAll(threadId, unknown).replaceAll(webhookId, unknown);
    const hers = await bob.call(verb, path, { body });
    const nobodys = await bob.call(verb, never(path), { body });
    expect(hers.status, path).toBe(404);
    expect(JSON.parse(never(JSON.stringify(hers.body))), path).toEqual(nobodys.body);
  }
  expect((await bob.call("GET", "/v1/approvals")).body.data).toEqual([]);
  expect((await bob.call("GET", "/v1/webhooks")).body.data).toEqual([]);
  expect((await alice.call("GET", "/v1/approvals")).body.data).toHaveLength(1);
  // The same key is another id in another account.
  const key = { "Idempotency-Key": "same" };
  const threads = [
    await alice.call("POST", "/v1/threads", { headers: key }),
    await bob.call("POST", "/v1/threads", { headers: key }),
  ];
  expect(threads[0]?.body.thread.id).not.toBe(threads[1]?.body.thread.id);
});

test("the door asks for a credential and for an origin as the others do, and says so as a problem", async () => {
  const locked = { host: "spindle.example", environment: { SPINDLE_TOKEN: "secret" } };
  const told = async (path: string, headers: Record<string, string>, method = "GET") => {
    const response = await ask(path, { ...locked, headers, method });
    const isProblem = response.headers.get("content-type") === "application/problem+json";
    return [response.status, isProblem ? ((await response.json()) as Wire).name : await response.text()];
  };
  for (const path of ["/v1/threads", "/v1/openapi.json", "/v1/docs", "/v1/nothing", `/v1/threads/${unknown}/events`]) {
    expect(await told(path, {}), path).toEqual([401, "unauthorized"]);
    expect(await told(path, { Authorization: "Bearer wrong" }), path).toEqual([401, "unauthorized"]);
    expect(await told(path, { Authorization: "Bearer secret", Origin: "https://evil.example" }), path).toEqual([
      403,
      "forbidden",
    ]);
  }
  const unasked = await ask("/v1/threads", locked);
  expect(unasked.headers.get("www-authenticate")).toBe("Bearer");
  expect(await told(`/v1/threads/${unknown}`, { Authorization: "Bearer secret" }, "DELETE")).toEqual([404, "noRolloutFound"]);
  // A person in a browser is shown where to sign in.
  const page = await ask("/v1/docs", { ...locked, headers: { Accept: "text/html" } });
  expect([page.status, page.headers.get("content-type")]).toEqual([401, "text/html; charset=UTF-8"]);
});

test("the document and its page are served, under a policy without scripts", async () => {
  const http = await caller(null);
  const document = await http.open("GET", "/v1/openapi.json");
  expect(await document.json()).toMatchObject({ openapi: "3.1.0" });
  const page = await http.open("GET", "/v1/docs");
  expect(page.headers.get("content-security-policy")).toContain("default-src 'none'; style-src 'self'");
  expect(await page.text()).toContain("decideApproval");
  const style = await http.open("GET", "/v1/docs.css");
  expect(style.headers.get("content-type")).toBe("text/css; charset=utf-8");
  await style.text();
});

test("what breaks inside is a problem without insides, and a line for the operator", async () => {
  const log = vi.spyOn(console, "log");
  const broken = () => {
    throw new Error("secret insides");
  };
  const environment = { THREAD: { idFromName: broken, get: broken } } as Wire;
  const answer = await ask(`/v1/threads/${unknown}/events`, { environment });
  expect([answer.status, await answer.json()]).toEqual([
    500,
    expect.objectContaining({ name: "internal", detail: "Spindle failed to answer this request." }),
  ]);
  const lines = log.mock.calls.flat().map(String);
  expect(lines.filter((line) => line.includes("httpRequestFailed") && line.includes("secret insides"))).toHaveLength(1);
  log.mockRestore();
});
