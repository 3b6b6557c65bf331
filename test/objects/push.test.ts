/** Devices are rung for what waits for a person: once, on each, and not where somebody was faster. */
import { evictAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { pushLimits } from "#core/limits";
import { topicOf } from "#push/push";
import { directoryStub } from "../../durable-objects/environment.ts";
import type { Client, Wire } from "./client.ts";
import { accountWith, catchPushes, inPush, owed, ringLater, subscriptionOf, untilTold } from "./push-devices.ts";
import { environment } from "./story.ts";

let service: ReturnType<typeof catchPushes>;
beforeEach(() => {
  service = catchPushes();
});
afterEach(() => vi.restoreAllMocks());

/** A diff that waits for its approval. */
async function ask(client: Client, name = "Tidy the notes") {
  const threadId = await client.startThread();
  await client.request("thread/name/set", { threadId, name });
  await client.say("write notes.txt: alpha");
  const request = await client.until("item/fileChange/requestApproval");
  return { threadId, request, itemId: request.params.itemId as string };
}

test.each(["awake", "evicted"])(
  "a diff that waits rings every device once, and opens on the diff (%s)",
  { timeout: 60_000 },
  async (way) => {
    const devices = [service.newDevice(), service.newDevice()];
    const { account, client } = await accountWith(...devices);
    // Here the clock goes, and the platform's own alarm rings.
    await evictAllDurableObjects({ webSockets: "hibernate" });
    const { threadId, request, itemId } = await ask(client);
    await untilTold(account);
    if (way === "evicted") await evictAllDurableObjects({ webSockets: "hibernate" });
    await vi.waitFor(() => expect(service.pushes).toHaveLength(2), { timeout: 30_000, interval: 50 });
    await ringLater(account, pushLimits.leaseMs);
    for (const device of devices) {
      expect(service.of(device)).toMatchObject([
        {
          message: {
            kind: "approval",
            threadId,
            itemId,
            title: "Tidy the notes",
            body: "Wants to change notes.txt",
            place: `#/threads/${threadId}/changes/${itemId}`,
            waiting: 1,
          },
          headers: {
            "content-encoding": "aes128gcm",
            urgency: "high",
            topic: topicOf(threadId, String(request.id)),
          },
          authorization: { publicKey: environment.VAPID_PUBLIC_KEY, claims: { aud: "https://fcm.googleapis.com" } },
        },
      ]);
      const [{ headers, authorization } = { headers: {}, authorization: null }] = service.of(device);
      expect((headers as Record<string, string>).topic).toMatch(/^[\w-]{32}$/);
      expect(Number((headers as Record<string, string>).ttl)).toBeLessThanOrEqual(pushLimits.askLifetimeMs / 1000);
      expect(Number((headers as Record<string, string>).ttl)).toBeGreaterThan(pushLimits.askLifetimeMs / 1000 - 60);
      expect(authorization?.claims.exp).toBeGreaterThan(Date.now() / 1000);
    }
    // It goes on waiting, and other news of the thread ring for it no more.
    await client.request("thread/name/set", { threadId, name: "Renamed" });
    await untilTold(account);
    await ringLater(account);
    expect(service.pushes).toHaveLength(2);
    const { data } = await client.request("spindle/push/list", {});
    expect(data.map(({ device, lastFailure }: Wire) => [device, lastFailure])).toEqual([
      ["telephone", null],
      ["telephone", null],
    ]);
    expect(data.every(({ lastDeliveredAt }: Wire) => lastDeliveredAt > 0)).toBe(true);
    client.close();
  },
);

test("what was answered before anybody was rung rings nobody, and leaves nothing", async () => {
  const device = service.newDevice();
  const { account, client } = await accountWith(device);
  const { request } = await ask(client);
  await untilTold(account);
  expect(await owed(account)).toEqual({ events: 1, deliveries: 1 });
  client.answer(request, "accept");
  await client.untilTurnEnds();
  await untilTold(account);
  // The turn was short, and somebody follows it.
  expect(await owed(account)).toEqual({ events: 0, deliveries: 0 });
  await ringLater(account);
  expect(service.pushes).toEqual([]);
  client.close();
});

test("a question rings with its words, a command with itself, and the badge counts the threads that wait", async () => {
  const device = service.newDevice();
  const { account, client } = await accountWith(device);
  const first = await client.startThread();
  await client.say("ask Which colour?: red | blue");
  await client.until("item/tool/requestUserInput");
  const second = await client.startThread({ approvalPolicy: "untrusted" });
  await client.say("run touch made.txt");
  await client.until("item/commandExecution/requestApproval");
  await untilTold(account);
  await ringLater(account);
  const told = service
    .of(device)
    .map(({ message }) => [message.kind, message.threadId, message.body, message.place, message.waiting]);
  expect(told.toSorted()).toEqual([
    ["approval", second, "Wants to run: touch made.txt", `#/threads/${second}`, 2],
    ["question", first, "Which colour?", `#/threads/${first}`, 2],
  ]);
  client.close();
});

/** As a thread tells it that nobody follows. */
async function tellEnded(account: string, ended: object, more: object = {}, through = 1_000) {
  const { data } = await directoryStub(environment, account)
    .request({ method: "thread/list", params: {} } as never)
    .then((reply) => JSON.parse((reply as { resultText: string }).resultText));
  const thread = data[0];
  const summary = {
    threadId: thread.id,
    seq: through,
    thread: { ...thread, turns: undefined },
    readState: { firstUnread: { type: "turn", turnId: "t" }, revision: "t" },
    archived: false,
    pendingRequests: [],
    ...more,
  };
  const turn = { turnId: "t", seq: through, status: "completed", durationMs: 1_000, text: "All is done.", ...ended };
  const news = {
    through,
    announcements: [],
    said: [],
    unsaidTurnIds: [],
    followers: [],
    turnSlot: "keep",
    attention: { asks: [], ended: [turn] },
    ...more,
  };
  await directoryStub(environment, account).update(summary as never, news as never);
  await untilTold(account);
  return thread.id as string;
}

test("a turn that ends while nobody looks rings; one that somebody follows does only when it was long", async () => {
  const device = service.newDevice();
  const { account, client } = await accountWith(device);
  await client.startThread();
  await client.turn("say hi");
  await untilTold(account);
  expect(await owed(account)).toEqual({ events: 0, deliveries: 0 });
  const follower = { followers: [`${account}/somebody`] };
  const threadId = await tellEnded(account, { turnId: "short" }, follower, 1_000);
  await tellEnded(account, { turnId: "long", durationMs: pushLimits.longTurnMs }, follower, 1_001);
  await tellEnded(account, { turnId: "alone" }, { followers: ["github:42"] }, 1_002);
  await tellEnded(account, { turnId: "broken", status: "failed", text: "no model" }, {}, 1_003);
  await tellEnded(account, { turnId: "broken", status: "failed", text: "no model" }, {}, 1_003);
  await ringLater(account);
  expect(
    service.of(device).map(({ message, headers }) => [message.kind, message.body, message.place, headers.urgency, headers.topic]),
  ).toEqual([
    ["turnCompleted", "All is done.", `#/threads/${threadId}`, "normal", topicOf(threadId, "long")],
    ["turnCompleted", "All is done.", `#/threads/${threadId}`, "normal", topicOf(threadId, "alone")],
    ["turnFailed", "no model", `#/threads/${threadId}`, "normal", topicOf(threadId, "broken")],
  ]);
  expect(await owed(account)).toEqual({ events: 0, deliveries: 0 });
  client.close();
});

test("who reads a thread is not rung for its turns any more, and what was taken back rings nobody", async () => {
  const device = service.newDevice();
  const { account, client } = await accountWith(device);
  await client.startThread();
  await client.turn("say hi");
  await tellEnded(account, { turnId: "read" }, {}, 1_000);
  expect(await owed(account)).toEqual({ events: 1, deliveries: 1 });
  const read = { readState: { firstUnread: null, revision: "r" }, attention: { asks: [], ended: [] } };
  await tellEnded(account, {}, read, 1_001);
  expect(await owed(account)).toEqual({ events: 0, deliveries: 0 });
  await tellEnded(account, { turnId: "back" }, {}, 1_002);
  await tellEnded(account, {}, { unsaidTurnIds: ["back"], attention: { asks: [], ended: [] } }, 1_003);
  await ringLater(account);
  expect(service.pushes).toEqual([]);
  client.close();
});

test.each([404, 410])("a device whose service says %d goes, and others are rung all the same", async (status) => {
  const [lost, other] = [service.newDevice(), service.newDevice()];
  const { account, client } = await accountWith(lost, other);
  service.answer = async ({ endpoint }) => new Response(null, { status: endpoint === lost.endpoint ? status : 201 });
  await ask(client);
  await untilTold(account);
  await ringLater(account);
  expect([service.of(lost).length, service.of(other).length]).toEqual([1, 1]);
  expect((await client.request("spindle/push/list", {})).data).toHaveLength(1);
  await ask(client);
  await untilTold(account);
  await ringLater(account);
  expect([service.of(lost).length, service.of(other).length]).toEqual([1, 2]);
  client.close();
});

test("a service that has too much to do is asked again when it says, with the same topic; a refusal is not", async () => {
  const [busy, refusing] = [service.newDevice(), service.newDevice()];
  const { account, client } = await accountWith(busy, refusing);
  service.answer = async ({ endpoint }) =>
    endpoint === refusing.endpoint
      ? new Response(null, { status: 403 })
      : new Response(null, { status: 429, headers: { "Retry-After": "120" } });
  await ask(client);
  await untilTold(account);
  await ringLater(account);
  await ringLater(account, 119_000);
  expect(service.of(busy)).toHaveLength(1);
  const failures = async () => {
    const { data } = await client.request("spindle/push/list", {});
    return data.map(({ lastFailure }: Wire) => lastFailure).toSorted();
  };
  expect(await failures()).toEqual(["the push service answered 403", "the push service answered 429"]);
  service.answer = async () => new Response(null, { status: 201 });
  await ringLater(account, 2_000);
  await ringLater(account, 60 * 60_000);
  expect(service.of(busy).map(({ headers }) => headers.topic)).toEqual([
    service.of(busy)[0]?.headers.topic,
    service.of(busy)[0]?.headers.topic,
  ]);
  expect(service.of(refusing)).toHaveLength(1);
  expect(await failures()).toEqual([null, "the push service answered 403"]);
  client.close();
});

test("a service that never answers well is given up after a number of attempts, and where nobody waits any more", async () => {
  const device = service.newDevice();
  const { account, client } = await accountWith(device);
  service.answer = async () => Promise.reject(new Error("no way there"));
  await ask(client);
  await untilTold(account);
  for (let round = 0; round < pushLimits.attemptsMax + 3; round++) await ringLater(account, pushLimits.retryPauseMsMax);
  expect(service.of(device)).toHaveLength(pushLimits.attemptsMax);
  await ask(client);
  await untilTold(account);
  await ringLater(account, pushLimits.askLifetimeMs);
  expect(service.of(device)).toHaveLength(pushLimits.attemptsMax);
  expect((await owed(account)).deliveries).toBe(0);
  client.close();
});

test("a push that was under way when its object died goes again, with the same topic", async () => {
  const device = service.newDevice();
  const { account, client } = await accountWith(device);
  await ask(client);
  await untilTold(account);
  service.answer = () => new Promise(() => {});
  await inPush(account, (push) => {
    const { now } = push.host;
    push.host.now = () => now() + pushLimits.graceMs;
    void push.deliverDue();
  });
  await vi.waitFor(() => expect(service.of(device)).toHaveLength(1));
  await inPush(account, (_, state) => state.abort("crash")).catch(() => {});
  expect(service.of(device)).toHaveLength(1);
  expect(await owed(account)).toEqual({ events: 1, deliveries: 1 });
  service.answer = async () => new Response(null, { status: 201 });
  await ringLater(account, pushLimits.graceMs + pushLimits.leaseMs);
  await ringLater(account, pushLimits.leaseMs);
  const [first, second, ...more] = service.of(device);
  expect(second?.message).toEqual(first?.message);
  expect(second?.headers.topic).toBe(first?.headers.topic);
  expect(more).toEqual([]);
  client.close();
});

test("a Directory that dies before it told tells when its alarm rings, and twice rings once", async () => {
  const device = service.newDevice();
  const { account, client } = await accountWith(device);
  // Another one each time: one that reached an object that died is broken.
  const stub = () => directoryStub(environment, account);
  await runInDurableObject(stub(), (instance) => {
    const { host } = (instance as unknown as { pushNews: { host: { tell: unknown } } }).pushNews;
    host.tell = () => new Promise(() => {});
  });
  await ask(client);
  await vi.waitFor(() =>
    runInDurableObject(stub(), (_, { storage: { sql } }) => {
      const asked = sql.exec("SELECT 1 FROM push_news WHERE news LIKE '%requestId%'").toArray();
      if (asked.length === 0) throw new Error("not told yet");
    }),
  );
  expect(await owed(account)).toEqual({ events: 0, deliveries: 0 });
  await runInDurableObject(stub(), (_, state) => state.abort("crash")).catch(() => {});
  await runDurableObjectAlarm(stub());
  await untilTold(account);
  expect(await owed(account)).toEqual({ events: 1, deliveries: 1 });
  await ringLater(account);
  await ringLater(account);
  expect(service.of(device)).toHaveLength(1);
  client.close();
});

test("a deleted thread rings nobody, and nothing is kept of it; nor of an account without devices", async () => {
  const device = service.newDevice();
  const { account, client } = await accountWith(device);
  const { threadId } = await ask(client);
  await untilTold(account);
  expect(await owed(account)).toEqual({ events: 1, deliveries: 1 });
  await client.request("thread/delete", { threadId });
  await client.until("thread/deleted");
  await vi.waitFor(async () => expect(await owed(account)).toEqual({ events: 0, deliveries: 0 }));
  await ask(client);
  await untilTold(account);
  expect(await owed(account)).toEqual({ events: 1, deliveries: 1 });
  expect(await client.request("spindle/push/unsubscribe", { endpoint: device.endpoint })).toEqual({ wasSubscribed: true });
  expect(await client.request("spindle/push/unsubscribe", { endpoint: device.endpoint })).toEqual({ wasSubscribed: false });
  expect(await owed(account)).toEqual({ events: 0, deliveries: 0 });
  await ringLater(account);
  expect(service.pushes).toEqual([]);
  // The Directory hears with the next news that nobody listens, and keeps none from then on.
  await ask(client);
  await untilTold(account);
  const wanted = () =>
    runInDurableObject(directoryStub(environment, account), (_, { storage: { sql } }) =>
      sql.exec("SELECT * FROM push_wanted").toArray(),
    );
  await vi.waitFor(async () => expect(await wanted()).toEqual([]));
  await client.request("spindle/push/subscribe", subscriptionOf(device));
  await ask(client);
  await untilTold(account);
  await ringLater(account);
  expect(service.of(device)).toHaveLength(1);
  client.close();
});

test("no account rings, lists or takes back another's device", async () => {
  const hers = service.newDevice();
  const alice = await accountWith(hers);
  const bob = await accountWith();
  await ask(bob.client);
  expect((await bob.client.request("spindle/push/list", {})).data).toEqual([]);
  const [{ endpointHash }] = (await alice.client.request("spindle/push/list", {})).data;
  for (const endpoint of [hers.endpoint, endpointHash])
    expect(await bob.client.request("spindle/push/unsubscribe", { endpoint })).toEqual({ wasSubscribed: false });
  await untilTold(bob.account);
  await ringLater(bob.account);
  expect(service.pushes).toEqual([]);
  await ask(alice.client);
  await untilTold(alice.account);
  await ringLater(alice.account);
  expect(service.of(hers)).toHaveLength(1);
  expect(await alice.client.request("spindle/push/unsubscribe", { endpoint: endpointHash })).toEqual({ wasSubscribed: true });
  alice.client.close();
  bob.client.close();
});

test("the same endpoint is one device; of too many the one that heard nothing for longest goes", async () => {
  const first = service.newDevice();
  const { account, client } = await accountWith(first, first);
  await client.request("spindle/push/subscribe", subscriptionOf(first, "  my\u200b\u202e tablet\n"));
  expect((await client.request("spindle/push/list", {})).data).toMatchObject([{ device: "my tablet", lastDeliveredAt: null }]);
  await inPush(account, ({ host, subscriptions }) => {
    for (let number = 0; number < pushLimits.subscriptionsMax - 1; number++) {
      const { endpoint, keys } = service.newDevice();
      const rest = { expiresAtMs: null, device: `${number}`, publicKey: host.publicKey ?? "" };
      subscriptions.keep({ endpoint, keys, ...rest }, Date.now() + 1_000 + number);
    }
    const hash = subscriptions.list().data.find(({ device }) => device === "my tablet")?.endpointHash ?? "";
    subscriptions.noteDelivered(hash, Date.now() + 60_000);
    const { endpoint, keys } = service.newDevice();
    subscriptions.keep({ endpoint, keys, expiresAtMs: null, device: "last", publicKey: "" }, Date.now() + 90_000);
  });
  const { data } = await client.request("spindle/push/list", {});
  const names = data.map(({ device }: Wire) => device);
  expect(names).toHaveLength(pushLimits.subscriptionsMax);
  expect(names).toEqual(expect.arrayContaining(["my tablet", "last", "1"]));
  expect(names).not.toContain("0");
  client.close();
});

test("a subscription that cannot be used is refused by its name", async () => {
  const { client } = await accountWith();
  const fitting = subscriptionOf(service.newDevice());
  const refusal = (parts: object) => client.refusal("spindle/push/subscribe", { ...fitting, ...parts });
  expect(await refusal({ endpoint: "https://169.254.169.254/latest" })).toBe(
    "-32602 endpoint cannot be pushed to: its host is no push service that is known here",
  );
  expect(await refusal({ endpoint: "http://fcm.googleapis.com/a" })).toBe(
    "-32602 endpoint cannot be pushed to: it must be https",
  );
  expect(await refusal({ endpoint: `https://fcm.googleapis.com/${"a".repeat(1_000_000)}` })).toMatch(
    /^-32602 endpoint .* longer/,
  );
  expect(await refusal({ keys: { ...fitting.keys, p256dh: "B".repeat(1_000_000) } })).toMatch(
    /^-32602 keys cannot be used: p256dh/,
  );
  expect(await refusal({ keys: { ...fitting.keys, auth: "" } })).toMatch(/^-32602 keys cannot be used: auth/);
  expect(await refusal({ expirationTime: 1 })).toBe("-32602 expirationTime is over already");
  expect(await refusal({ device: "d".repeat(1_000_000) })).toMatch(/^-32602 device must not exceed/);
  expect(await refusal({ endpoint: 7 })).toMatch(/^-32600 Invalid request: invalid type/);
  expect((await client.request("spindle/push/list", {})).data).toEqual([]);
  expect(await client.request("spindle/push/key/read", {})).toEqual({ publicKey: environment.VAPID_PUBLIC_KEY });
  for (const expirationTime of [Date.now() + 60_000.5, 1e300])
    expect(await client.request("spindle/push/subscribe", { ...fitting, expirationTime })).toEqual({});
  client.close();
});
