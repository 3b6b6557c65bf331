/** What rings, when, and what is kept, on a clock of the test's own; each life begins over the same storage. */
import { expect, test } from "vitest";
import { pushLimits } from "#core/limits";
import type { Ask } from "#core/push/attention";
import type { PushAnswer } from "#core/push/outcome";
import { createPushNewsSchema, type PushAck, type PushDelivery, type PushNews, PushNewsQueue } from "#directory/push-news";
import { createPushSchema, type OutgoingPush, Push } from "#push/push";
import { readPushSettings } from "#push/settings";
import { newBrowserKeys, newServerKeys } from "../support/push-receiver.ts";
import { createSql } from "../support/sql.ts";

function world({ publicKey = "key" as string | null } = {}) {
  const { sql, transactionSync } = createSql();
  createPushSchema(sql);
  const state = {
    nowMs: 1_000_000,
    alarmAtMs: null as number | null,
    sent: [] as OutgoingPush[],
    rings: true,
    answer: (_push: OutgoingPush): Promise<PushAnswer> => Promise.resolve({ status: 201, retryAfter: null }),
  };
  const wake = () =>
    new Push({
      sql,
      transaction: transactionSync,
      now: () => state.nowMs,
      random: () => 1,
      publicKey,
      rings: async () => state.rings,
      send: (push) => {
        state.sent.push(push);
        return state.answer(push);
      },
      call: async () => null,
      setAlarm: (atMs) => {
        state.alarmAtMs = atMs;
      },
      report: () => {},
    });
  const push = wake();
  const subscribe = (name: string, key = "key", expiresAtMs: number | null = null) =>
    push.subscriptions.keep(
      { endpoint: `https://fcm.googleapis.com/${name}`, keys: newBrowserKeys(), device: name, publicKey: key, expiresAtMs },
      state.nowMs,
    );
  const count = (table: string) => sql.exec<{ n: number }>(`SELECT count(*) AS n FROM ${table}`).one().n;
  return { state, push, wake, subscribe, count };
}

const asked = (requestId: string): Ask => ({ requestId, kind: "command", itemId: "i", text: "npm test" });
const news = (id: number, parts: Partial<PushNews> = {}): PushDelivery => ({
  waiting: 1,
  news: [
    {
      id,
      threadId: "t",
      isDeleted: false,
      name: "n",
      asks: [],
      ended: [],
      unsaidTurnIds: [],
      isFollowed: false,
      isRead: false,
      ...parts,
    },
  ],
});

test("nobody is rung before a moment has passed, and the alarm is set for its end", async () => {
  const { state, push, subscribe } = world();
  subscribe("a");
  push.take(news(1, { asks: [asked("r")] }));
  expect(state.alarmAtMs).toBe(state.nowMs + pushLimits.graceMs);
  state.nowMs += pushLimits.graceMs - 1;
  await push.deliverDue();
  expect(state.sent).toEqual([]);
  state.nowMs += 1;
  await push.deliverDue();
  expect(state.sent).toHaveLength(1);
});

test("what is asked rings once for as long as it waits, whatever else is told meanwhile and by whichever life", async () => {
  const { state, push, wake, subscribe, count } = world();
  subscribe("a");
  for (let id = 1; id < 5; id++) {
    (id % 2 ? push : wake()).take(news(id, { asks: [asked("r")] }));
    state.nowMs += pushLimits.graceMs;
    await wake().deliverDue();
  }
  expect(state.sent).toHaveLength(1);
  push.take(news(5));
  expect([count("events"), count("deliveries")]).toEqual([0, 0]);
  // What comes late, because its acknowledgement was lost, brings nothing back.
  push.take(news(3, { asks: [asked("r")] }));
  expect([count("events"), count("deliveries")]).toEqual([0, 0]);
});

test("an account whose devices are not to ring rings none, owes nothing, and rings for what comes after", async () => {
  const { state, push, subscribe, count } = world();
  subscribe("a");
  state.rings = false;
  push.take(news(1, { asks: [asked("1")] }));
  state.nowMs += pushLimits.graceMs;
  await push.deliverDue();
  expect([state.sent.length, count("deliveries")]).toEqual([0, 0]);
  state.rings = true;
  push.take(news(2, { asks: [asked("1"), asked("2")] }));
  state.nowMs += pushLimits.graceMs;
  await push.deliverDue();
  expect(state.sent.map(({ text }) => JSON.parse(text).kind)).toEqual(["approval"]);
});

test("a push whose end nobody saw is sent again when the lease is over, and not before", async () => {
  const { state, push, wake, subscribe } = world();
  subscribe("a");
  push.take(news(1, { asks: [asked("r")] }));
  state.nowMs += pushLimits.graceMs;
  state.answer = () => new Promise(() => {});
  void push.deliverDue();
  expect(state.alarmAtMs).toBe(state.nowMs + pushLimits.leaseMs);
  await new Promise((resolve) => setImmediate(resolve));
  state.answer = async () => ({ status: 201, retryAfter: null });
  await wake().deliverDue();
  expect(state.sent).toHaveLength(1);
  state.nowMs += pushLimits.leaseMs;
  await wake().deliverDue();
  expect(state.sent.map(({ topic }) => topic)).toEqual([state.sent[0]?.topic, state.sent[0]?.topic]);
});

test("a push that breaks us is tried no more often than any other", async () => {
  const { state, push, subscribe, count } = world();
  subscribe("a");
  push.take(news(1, { asks: [asked("r")] }));
  state.answer = () => Promise.reject(new Error("ours"));
  for (let round = 0; round < pushLimits.attemptsMax + 5; round++) {
    state.nowMs += pushLimits.leaseMs;
    await push.deliverDue();
  }
  expect(state.sent).toHaveLength(pushLimits.attemptsMax);
  expect(count("deliveries")).toBe(0);
});

test("devices of another key, or whose time is over, are not rung; where there is none nothing is kept", async () => {
  const { state, push, subscribe, count } = world();
  subscribe("old", "another key");
  subscribe("over", "key", state.nowMs + 1);
  state.nowMs += 1;
  expect(push.take(news(1, { asks: [asked("r")] }))).toEqual({ isWanted: true, generation: 0 });
  expect(count("events")).toBe(0);
  expect(push.subscriptions.list().data.map(({ device }) => device)).toEqual(["old"]);
  const unconfigured = world({ publicKey: null });
  unconfigured.subscribe("a");
  expect(unconfigured.push.take(news(1, { asks: [asked("r")] }))).toEqual({ isWanted: false, generation: 0 });
  expect(unconfigured.count("events")).toBe(0);
});

test("no number of threads that wait keeps more than its bound", () => {
  const { push, subscribe, count } = world();
  subscribe("a");
  const asks = Array.from({ length: pushLimits.eventsMax + 10 }, (_, index) => asked(`r${index}`));
  push.take(news(1, { asks }));
  expect([count("events"), count("deliveries")]).toEqual([pushLimits.eventsMax, pushLimits.eventsMax]);
});

/** The Directory's side, over a storage of its own. */
function directory(tell: (delivery: PushDelivery) => Promise<PushAck>) {
  const { sql } = createSql();
  createPushNewsSchema(sql);
  sql.exec("CREATE TABLE threads (id TEXT, archived INTEGER, pending_requests TEXT)");
  const alarms: number[] = [];
  const wake = () => new PushNewsQueue({ sql, now: () => 0, tell, setAlarm: (atMs) => alarms.push(atMs), report: () => {} });
  const waiting = () => sql.exec<{ n: number }>("SELECT count(*) AS n FROM push_news").one().n;
  return { sql, queue: wake(), wake, alarms, waiting };
}

const { id: _, ...oneNews } = news(1).news[0] as PushNews;

test("a Directory tells nothing before a device is there, and stops when the last one went, unless another came meanwhile", async () => {
  const told: PushDelivery[] = [];
  let ack: PushAck = { isWanted: true, generation: 1 };
  const { queue, waiting } = directory(async (delivery) => {
    told.push(delivery);
    return ack;
  });
  queue.add(oneNews);
  expect(waiting()).toBe(0);
  queue.want(1);
  queue.add(oneNews);
  await queue.pump();
  expect([told.length, waiting()]).toEqual([1, 0]);
  ack = { isWanted: false, generation: 1 };
  queue.want(2);
  queue.add(oneNews);
  await queue.pump();
  expect(queue.isWanted()).toBe(true);
  ack = { isWanted: false, generation: 2 };
  queue.add(oneNews);
  await queue.pump();
  expect(queue.isWanted()).toBe(false);
});

test("what could not be told waits for the alarm, later each time and within its bound, and counts the threads that wait", async () => {
  const told: PushDelivery[] = [];
  let isThere = false;
  const { sql, queue, wake, alarms, waiting } = directory(async (delivery) => {
    if (!isThere) throw new Error("it is being moved");
    told.push(structuredClone(delivery));
    return { isWanted: true, generation: 1 };
  });
  queue.want(1);
  for (let count = 0; count < pushLimits.newsWaitingMax + 5; count++) queue.add(oneNews);
  expect(waiting()).toBe(pushLimits.newsWaitingMax);
  await queue.pump();
  await queue.pump();
  expect(alarms).toEqual([30_000, 500, 30_000, 1_000]);
  isThere = true;
  const requests = (...methods: string[]) => JSON.stringify(methods.map((method) => ({ id: "r", method })));
  sql.exec("INSERT INTO threads VALUES ('a', 0, ?)", requests("item/tool/call"));
  sql.exec("INSERT INTO threads VALUES ('b', 0, ?)", requests("item/tool/call", "item/tool/requestUserInput"));
  sql.exec("INSERT INTO threads VALUES ('c', 1, ?)", requests("item/fileChange/requestApproval"));
  sql.exec("INSERT INTO threads VALUES ('d', 0, '[]')");
  await wake().pump();
  const ids = told.flatMap(({ news }) => news.map(({ id }) => id));
  expect(ids).toHaveLength(pushLimits.newsWaitingMax);
  expect(ids).toEqual(ids.toSorted((one, other) => one - other));
  expect(Math.max(...told.map(({ news }) => news.length))).toBe(pushLimits.newsPerDeliveryMax);
  expect(told[0]?.waiting).toBe(1);
});

test("the operator's variables are read whole or not at all, and a problem repeats no key", () => {
  const { publicKey, privateKey } = newServerKeys();
  const given = { VAPID_PUBLIC_KEY: publicKey, VAPID_PRIVATE_KEY: privateKey };
  expect(readPushSettings({})).toBe(null);
  expect(readPushSettings(given)).toEqual({ publicKey, privateKey, subject: "mailto:spindle@example.com", hosts: [] });
  expect(readPushSettings({ ...given, SPINDLE_URL: "https://spindle.example" })).toMatchObject({
    subject: "https://spindle.example",
  });
  expect(
    readPushSettings({ ...given, SPINDLE_URL: "http://127.0.0.1:8787", VAPID_SUBJECT: "mailto:me@example.org" }),
  ).toMatchObject({
    subject: "mailto:me@example.org",
  });
  for (const wrong of [
    { VAPID_PUBLIC_KEY: publicKey },
    { VAPID_PRIVATE_KEY: privateKey },
    { ...given, VAPID_PUBLIC_KEY: privateKey },
    { ...given, VAPID_PRIVATE_KEY: publicKey },
    { ...given, VAPID_SUBJECT: "me" },
  ]) {
    const { problem } = readPushSettings(wrong) as { problem: string };
    expect(problem).toMatch(/^VAPID_/);
    for (const key of [publicKey, privateKey]) expect(problem).not.toContain(key);
  }
});
