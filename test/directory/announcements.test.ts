import { expect, test } from "vitest";
import {
  type AnnouncementAck,
  type AnnouncementDelivery,
  Announcements,
  createAnnouncementsSchema,
} from "#directory/announcements";
import { createSql } from "../support/sql.ts";

const frame = (text: string) => ({ method: "thread/status/changed", text });

/** Announcements whose connections are the test's own; `wake` is another life of the Directory over the same storage. */
function directory() {
  const { sql } = createSql();
  createAnnouncementsSchema(sql);
  const world = {
    nowMs: 1_000,
    alarms: [] as number[],
    deliveries: [] as { connection: string; delivery: AnnouncementDelivery }[],
    /** What a connection answers; by default that it has everything. */
    take: (_connection: string, delivery: AnnouncementDelivery): AnnouncementAck => ({
      gone: false,
      id: delivery.announcements.at(-1)?.id ?? 0,
    }),
  };
  const wake = () =>
    new Announcements({
      sql,
      now: () => world.nowMs,
      announce: async (connection, delivery) => {
        world.deliveries.push({ connection, delivery });
        return world.take(connection, delivery);
      },
      setAlarm: (atMs) => void world.alarms.push(atMs),
      countChanged: () => {},
      sleep: async (durationMs) => {
        await settled();
        world.nowMs += durationMs;
      },
      report: () => {},
    });
  const told = (connection: string) =>
    world.deliveries
      .filter((given) => given.connection === connection)
      .map(({ delivery }) => delivery.announcements.map(({ text }) => text).join());
  const waiting = () => sql.exec<{ text: string }>("SELECT text FROM announcements ORDER BY id").toArray();
  return { world, wake, told, waiting };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

/** Whatever waits for a moment has gone too. */
async function untilQuiet(): Promise<void> {
  for (let round = 0; round < 10; round++) await settled();
}

test("a delivery that fails is tried again by the alarm, later each time, and loses nothing", async () => {
  const { world, wake, told, waiting } = directory();
  const announcements = wake();
  announcements.join("c");
  const { take } = world;
  world.take = () => {
    throw new Error("it is being moved");
  };
  announcements.add("t", [frame("one")]);
  announcements.pump();
  await settled();
  world.nowMs = 1_200;
  announcements.add("t", [frame("two")]);
  announcements.pump();
  await settled();
  // The first would have looked after it had we died; the second was the retry. At that, the next is further away.
  expect(world.alarms).toEqual([31_000, 1_500]);
  world.nowMs = 1_500;
  announcements.wake();
  await settled();
  expect(world.alarms.at(-1)).toBe(3_500);
  world.take = take;
  wake().pump();
  await settled();
  expect(told("c")).toEqual(["one", "one,two", "one,two", "one,two"]);
  expect(waiting()).toEqual([]);
});

test("what is told while a delivery is under way goes with the next one, in order", async () => {
  const { world, wake, told } = directory();
  const announcements = wake();
  announcements.join("c");
  const { take } = world;
  world.take = (connection, delivery) => {
    world.take = take;
    announcements.add("t", [frame("two"), frame("three")]);
    announcements.pump();
    return take(connection, delivery);
  };
  announcements.add("t", [frame("one")]);
  announcements.pump();
  await untilQuiet();
  expect(told("c")).toEqual(["one", "two,three"]);
});

test("a slow connection holds up no other, and one that is gone is forgotten with all that waits for it", async () => {
  const { world, wake, told, waiting } = directory();
  const announcements = wake();
  for (const connection of ["gone", "here"]) announcements.join(connection);
  const { take } = world;
  world.take = (connection, delivery) => (connection === "gone" ? { gone: true } : take(connection, delivery));
  announcements.add("t", [frame("one")]);
  announcements.pump();
  await settled();
  announcements.add("t", [frame("two")]);
  announcements.pump();
  await untilQuiet();
  expect([told("gone"), told("here")]).toEqual([["one"], ["one", "two"]]);
  expect(waiting()).toEqual([]);
});

test("more than is kept for a connection is not kept, and it is told that it is behind", async () => {
  const { world, wake, waiting } = directory();
  const announcements = wake();
  announcements.join("c");
  announcements.add(
    "t",
    Array.from({ length: 1_001 }, (_, index) => frame(String(index))),
  );
  world.take = () => ({ gone: true });
  announcements.pump();
  await settled();
  expect(waiting()).toEqual([]);
  expect(world.deliveries.map(({ delivery }) => delivery)).toEqual([{ announcements: [], isBehind: true }]);
});

test("an account takes a thousand connections and refuses the next, until one leaves", () => {
  const announcements = directory().wake();
  for (let index = 0; index < 1_000; index++) expect(announcements.join(`c${index}`)).toBe(true);
  expect(announcements.join("one more")).toBe(false);
  announcements.leave("c7");
  expect(announcements.join("one more")).toBe(true);
});

test.each([
  [1, 2],
  [20, 40],
  [60, 100],
])(
  "what comes right after an announcement travels together, the later the more are listening, at most a tenth of a second: %i, %i ms",
  async (listeners, intervalMs) => {
    const { world, wake, told } = directory();
    const announcements = wake();
    announcements.join("c");
    for (let index = 1; index < listeners; index++) announcements.join(`other ${index}`);
    for (const text of ["one", "two", "three"]) {
      announcements.add("t", [frame(text)]);
      announcements.pump();
    }
    await untilQuiet();
    expect(told("c")).toEqual(["one", "two,three"]);
    expect(world.nowMs).toBe(1_000 + intervalMs);
  },
);

test("frames are kept once, told to nobody who follows their thread, and leave when everybody has heard them", async () => {
  const { world, wake, told, waiting } = directory();
  const announcements = wake();
  for (const connection of ["follower", "slow", "here"]) announcements.join(connection);
  announcements.add("t", [frame("nobody else listens")], ["follower", "slow", "here"]);
  expect(waiting()).toEqual([]);
  const { take } = world;
  const { promise, resolve } = Promise.withResolvers<void>();
  world.take = (connection, delivery) =>
    connection === "slow" ? (promise.then(() => take(connection, delivery)) as never) : take(connection, delivery);
  announcements.add("t", [frame("one")], ["follower"]);
  announcements.pump();
  await untilQuiet();
  expect(waiting()).toEqual([{ text: "one" }]);
  // It joined later: what is kept for the slow one is not its business.
  announcements.join("late");
  announcements.add("u", [frame("two")]);
  announcements.pump();
  await untilQuiet();
  resolve();
  await untilQuiet();
  expect([told("follower"), told("slow"), told("here"), told("late")]).toEqual([
    ["two"],
    ["one", "two"],
    ["one", "two"],
    ["two"],
  ]);
  expect(waiting()).toEqual([]);
});

test("a Directory from when each connection had a queue of its own begins anew with whoever it owed something", async () => {
  const { sql } = createSql();
  sql.exec(`
    CREATE TABLE connections (
      connection TEXT PRIMARY KEY, is_behind INTEGER NOT NULL DEFAULT 0, failures INTEGER NOT NULL DEFAULT 0, retry_at_ms INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE announcements (
      id INTEGER PRIMARY KEY AUTOINCREMENT, connection TEXT NOT NULL, thread_id TEXT NOT NULL, method TEXT NOT NULL, text TEXT NOT NULL
    ) STRICT;
    CREATE INDEX announcements_of_connection ON announcements (connection, id);
    INSERT INTO connections (connection) VALUES ('owed'), ('served');
    INSERT INTO announcements (id, connection, thread_id, method, text) VALUES (7, 'owed', 't', 'm', 'one');
  `);
  createAnnouncementsSchema(sql);
  createAnnouncementsSchema(sql);
  const told: Record<string, AnnouncementDelivery[]> = { owed: [], served: [] };
  const announcements = new Announcements({
    sql,
    now: () => 1_000,
    sleep: () => Promise.resolve(),
    announce: async (connection, delivery) => {
      told[connection]?.push(delivery);
      return delivery.isBehind ? { gone: true } : { gone: false, id: delivery.announcements.at(-1)?.id ?? 0 };
    },
    setAlarm: () => {},
    countChanged: () => {},
    report: () => {},
  });
  announcements.add("t", [frame("two")]);
  announcements.pump();
  await untilQuiet();
  // The ids go on: a connection knows by them what it has.
  const announced = [{ id: 8, threadId: "t", method: "thread/status/changed", text: "two", seq: null }];
  expect(told).toEqual({
    owed: [{ announcements: [], isBehind: true }],
    served: [{ announcements: announced, isBehind: false }],
  });
});
