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
  announcements.add("t", [frame("two")]);
  announcements.pump();
  await settled();
  expect(world.alarms).toEqual([1_500, 2_000]);
  world.take = take;
  wake().pump();
  await settled();
  expect(told("c")).toEqual(["one", "one,two", "one,two"]);
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
  await settled();
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
  await settled();
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
  expect(waiting()).toEqual([]);
  world.take = () => ({ gone: true });
  announcements.pump();
  await settled();
  expect(world.deliveries.map(({ delivery }) => delivery)).toEqual([{ announcements: [], isBehind: true }]);
});

test("an account takes a thousand connections and refuses the next, until one leaves", () => {
  const announcements = directory().wake();
  for (let index = 0; index < 1_000; index++) expect(announcements.join(`c${index}`)).toBe(true);
  expect(announcements.join("one more")).toBe(false);
  announcements.leave("c7");
  expect(announcements.join("one more")).toBe(true);
});
