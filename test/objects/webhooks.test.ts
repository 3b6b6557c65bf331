/** Programs of an account are called for what waits for a person and for turns that ended: once each, until it is taken. */
import { evictAllDurableObjects } from "cloudflare:test";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { pushLimits, webhookLimits } from "#core/limits";
import type { Client, Wire } from "./client.ts";
import { accountWith, catchPushes, inPush, ringLater, standStill, untilTold } from "./push-devices.ts";

interface Call {
  url: string;
  id: string;
  signature: string;
  body: Wire;
}

let calls: Call[];
let answer: (call: Call) => Response | Promise<Response>;
let devices: ReturnType<typeof catchPushes>;

beforeEach(() => {
  devices = catchPushes();
  calls = [];
  answer = () => new Response(null, { status: 204 });
  // Of the devices' push services; a second spy would be the first one.
  const others = vi.mocked(globalThis.fetch).getMockImplementation();
  if (!others) throw new Error("nobody catches pushes");
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const request = new Request(input as Request, init as RequestInit);
    if (!request.url.startsWith("https://hooks.example.com/")) return others(input as Request, init as RequestInit);
    if (init?.redirect !== "manual") throw new Error("a redirect would be followed");
    const call = {
      url: request.url,
      id: request.headers.get("webhook-id") ?? "",
      signature: request.headers.get("webhook-signature") ?? "",
      body: JSON.parse(await request.text()),
    };
    calls.push(call);
    return answer(call);
  });
});
afterEach(() => vi.restoreAllMocks());

async function hookedAccount(...known: Parameters<typeof accountWith>) {
  const made = await accountWith(...known);
  const { webhook, secret } = await made.client.request("spindle/webhook/create", { url: "https://hooks.example.com/a" });
  await standStill(made.account);
  return { ...made, webhook, secret };
}

async function ask(client: Client) {
  const threadId = await client.startThread();
  await client.request("thread/name/set", { threadId, name: "Tidy the notes" });
  await client.say("write notes.txt: alpha");
  return { threadId, request: await client.until("item/fileChange/requestApproval") };
}

const rows = (account: string) =>
  inPush(account, (_, { storage: { sql } }) => sql.exec<{ n: number }>("SELECT count(*) AS n FROM webhook_messages").one().n);

test("an approval and the turn's end are told once each, also to nobody's surprise", async () => {
  const { account, client, webhook, secret } = await hookedAccount();
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  const { threadId, request } = await ask(client);
  await untilTold(account);
  await ringLater(account, 0);
  expect(calls).toMatchObject([
    {
      url: "https://hooks.example.com/a",
      id: expect.stringMatching(/^msg_[\w-]{32}$/),
      signature: expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}=$/),
      body: {
        type: "approval.requested",
        data: { threadId, threadName: "Tidy the notes", requestId: request.id, itemId: request.params.itemId, kind: "changes" },
      },
    },
  ]);
  // It goes on waiting, and other news of the thread tell of it no more.
  await client.request("thread/name/set", { threadId, name: "Renamed" });
  await untilTold(account);
  await ringLater(account, webhookLimits.leaseMs);
  expect(calls).toHaveLength(1);
  client.answer(request, "accept");
  await client.untilTurnEnds();
  await untilTold(account);
  await ringLater(account, 0);
  expect(calls.map(({ body }) => body.type)).toEqual(["approval.requested", "turn.completed"]);
  expect(new Set(calls.map(({ id }) => id)).size).toBe(2);
  expect(await rows(account)).toBe(0);
  const read = await client.request("spindle/webhook/read", { webhookId: webhook.id });
  expect(read.webhook).toMatchObject({ isEnabled: true, lastFailure: null, failingSince: null, waiting: 0 });
  expect(read.webhook.lastDeliveredAt).toBeGreaterThan(0);
  expect(JSON.stringify(read)).not.toContain(secret);
  client.close();
});

test.each(["awake", "evicted"])(
  "the platform's own clock and alarm call, without a device (%s)",
  { timeout: 60_000 },
  async (way) => {
    const { account, client } = await hookedAccount();
    await evictAllDurableObjects({ webSockets: "hibernate" });
    await ask(client);
    await untilTold(account);
    if (way === "evicted") await evictAllDurableObjects({ webSockets: "hibernate" });
    await vi.waitFor(() => expect(calls).toHaveLength(1), { timeout: 30_000, interval: 50 });
    client.close();
  },
);

test("what failed is told again under the same id, signed anew, until it is taken", async () => {
  const { account, client, webhook } = await hookedAccount();
  answer = () => new Response(null, { status: 500 });
  await ask(client);
  await untilTold(account);
  await ringLater(account, 0);
  await ringLater(account, 1_000);
  expect(calls).toHaveLength(1);
  await ringLater(account, 6_000);
  expect(calls).toHaveLength(2);
  const failing = (await client.request("spindle/webhook/read", { webhookId: webhook.id })).webhook;
  expect(failing).toMatchObject({ lastFailure: "it answered 500", waiting: 1, failingSince: expect.any(Number) });
  answer = () => new Response(null, { status: 200 });
  await ringLater(account, 6 * 60_000);
  await ringLater(account, 24 * 3_600_000);
  expect(calls).toHaveLength(3);
  expect(new Set(calls.map(({ id }) => id)).size).toBe(1);
  client.close();
});

test("a crash in the middle of a call tells it again under the same id", async () => {
  const { account, client } = await hookedAccount();
  await ask(client);
  await untilTold(account);
  // The call went out, and what came of it is not known.
  await inPush(account, (push) => {
    const { call } = push.host;
    push.host.call = async (out) => {
      await call(out);
      throw new Error("died");
    };
  });
  await ringLater(account, 0);
  await evictAllDurableObjects({ webSockets: "hibernate" });
  await standStill(account);
  await ringLater(account, webhookLimits.leaseMs);
  expect(calls).toHaveLength(2);
  expect(calls[0]?.id).toBe(calls[1]?.id);
  client.close();
});

test("what was answered before anybody was reached is not told late", async () => {
  const { account, client } = await hookedAccount();
  answer = () => new Response(null, { status: 503 });
  const { request } = await ask(client);
  await untilTold(account);
  await ringLater(account, 0);
  client.answer(request, "decline");
  await client.untilTurnEnds();
  await untilTold(account);
  answer = () => new Response(null, { status: 204 });
  await ringLater(account, 24 * 3_600_000);
  expect(calls.map(({ body }) => body.type)).toEqual(["approval.requested", "turn.completed"]);
  client.close();
});

test("after three days of failures it is switched off, and people are told", async () => {
  const device = devices.newDevice();
  const { account, client, webhook } = await hookedAccount(device);
  answer = () => new Response(null, { status: 500 });
  const { request } = await ask(client);
  await untilTold(account);
  for (const pauseMs of [0, ...webhookLimits.retryPausesMs]) await ringLater(account, pauseMs * 1.1);
  const off = (await client.request("spindle/webhook/read", { webhookId: webhook.id })).webhook;
  expect(off).toMatchObject({ isEnabled: false, waiting: 0, disabledReason: expect.stringContaining("three days") });
  await ringLater(account, pushLimits.graceMs);
  expect(devices.of(device).map(({ message }) => [message.kind, message.title, message.place])).toContainEqual([
    "webhookDisabled",
    "A webhook was switched off",
    "#/settings",
  ]);
  const told = calls.length;
  client.answer(request, "decline");
  await client.untilTurnEnds();
  await untilTold(account);
  await ringLater(account, 0);
  expect(calls).toHaveLength(told);
  // Somebody mended it.
  const on = await client.request("spindle/webhook/update", { webhookId: webhook.id, isEnabled: true });
  expect(on.webhook).toMatchObject({ isEnabled: true, disabledReason: null, failingSince: null });
  client.close();
});

test("410 ends it at once; an address that may not be called any more is not called", async () => {
  const { account, client, webhook } = await hookedAccount();
  answer = () => new Response(null, { status: 410 });
  await ask(client);
  await untilTold(account);
  await ringLater(account, 0);
  const { data } = await client.request("spindle/webhook/list", {});
  expect(data).toMatchObject([{ id: webhook.id, isEnabled: false, disabledReason: "it answered 410" }]);
  await client.request("spindle/webhook/update", { webhookId: webhook.id, isEnabled: true });
  await inPush(account, (_, { storage: { sql } }) => {
    sql.exec("UPDATE webhooks SET url = 'https://169.254.169.254/latest'");
  });
  const before = calls.length;
  await ask(client);
  await untilTold(account);
  await ringLater(account, 0);
  expect(calls).toHaveLength(before);
  expect((await client.request("spindle/webhook/list", {})).data[0].lastFailure).toBe("it answered 403");
  client.close();
});

test("each webhook hears what it asked for, a thread that goes takes its messages along, and a retry makes no second one", async () => {
  const { account, client, webhook } = await hookedAccount();
  await client.request("spindle/webhook/update", { webhookId: webhook.id, events: ["turn.completed"] });
  const webhookId = crypto.randomUUID();
  const order = { url: "https://hooks.example.com/b", events: ["approval.requested"], webhookId };
  const [one, other] = [
    await client.request("spindle/webhook/create", order),
    await client.request("spindle/webhook/create", order),
  ];
  expect(other).toEqual(one);
  expect(one.webhook.id).toBe(webhookId);
  const { threadId, request } = await ask(client);
  client.answer(request, "accept");
  await client.untilTurnEnds();
  await ask(client);
  await untilTold(account);
  await ringLater(account, 0);
  expect(calls.map(({ url, body }) => [url.at(-1), body.type]).sort()).toEqual([
    ["a", "turn.completed"],
    ["b", "approval.requested"],
  ]);
  answer = () => new Response(null, { status: 500 });
  client.threadId = threadId;
  await client.turn("say more");
  await untilTold(account);
  await ringLater(account, 0);
  expect(calls.at(-1)?.body.data.threadId).toBe(threadId);
  await client.request("thread/delete", { threadId });
  await untilTold(account);
  const told = calls.length;
  await ringLater(account, 24 * 3_600_000);
  expect(calls.slice(told).filter(({ body }) => body.data.threadId === threadId)).toEqual([]);
  client.close();
});

test("what is no webhook is refused by name, and there are no more than may be", async () => {
  const { client } = await accountWith();
  const create = (params: object) => client.refusal("spindle/webhook/create", { url: "https://hooks.example.com/a", ...params });
  expect(await create({ url: "https://10.0.0.1/" })).toBe("-32602 url cannot be called: its host must be a name");
  expect(await create({ webhookId: "mine" })).toBe("-32602 webhookId must be a UUID");
  expect(await create({ events: [] })).toMatch(/^-32600 Invalid request: /);
  for (const method of ["spindle/webhook/read", "spindle/webhook/update", "spindle/webhook/delete"]) {
    expect(await client.refusal(method, { webhookId: "none" })).toBe("-32602 webhook not found: none");
  }
  for (let count = 0; count < webhookLimits.webhooksMax; count++) {
    await client.request("spindle/webhook/create", { url: `https://hooks.example.com/${count}` });
  }
  expect(await create({})).toBe(`-32602 an account has at most ${webhookLimits.webhooksMax} webhooks`);
  client.close();
});
