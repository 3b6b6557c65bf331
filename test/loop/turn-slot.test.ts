import { expect, test } from "vitest";
import type { Host } from "#thread/host";
import { TurnSlot } from "#thread/turn-slot";

/** A slot whose Directory answers when the test says so. */
function slotOf() {
  const world = { nowMs: 0, asked: 0, released: 0, reports: [] as string[] };
  const host = {
    now: () => world.nowMs,
    takeTurnSlot: async () => {
      world.asked += 1;
      return true;
    },
    releaseTurnSlot: async () => {
      world.released += 1;
    },
    report: (event: string) => void world.reports.push(event),
  };
  return { world, slot: new TurnSlot(host as unknown as Host) };
}

const settled = () => new Promise((resolve) => setImmediate(resolve));

test("a turn that begins takes its place with the news of it, and one that ends gives it back with those", async () => {
  const { world, slot } = slotOf();
  const { promise: told, resolve } = Promise.withResolvers<boolean>();
  expect(slot.wish("askModel")).toBe("take");
  slot.wished("take", told);
  const taken = slot.take();
  // Other news meanwhile need not ask again.
  expect(slot.wish("askModel")).toBe("keep");
  resolve(true);
  expect(await taken).toBe(true);
  expect(await slot.take()).toBe(true);
  expect(slot.wish("runCommand")).toBe("keep");
  expect(slot.wish(null)).toBe("release");
  slot.wished("release", Promise.resolve(true));
  slot.release();
  expect(slot.wish(null)).toBe("keep");
  expect(world).toMatchObject({ asked: 0, released: 0 });
});

test("a place refused with the news is asked for again by itself", async () => {
  const { world, slot } = slotOf();
  slot.wished("take", Promise.resolve(false));
  expect(await slot.take()).toBe(false);
  expect(await slot.take()).toBe(true);
  expect(world.asked).toBe(1);
});

test("a Directory that cannot be told holds nobody up", async () => {
  const { world, slot } = slotOf();
  slot.wished("take", Promise.reject(new Error("it is being moved")));
  expect(await slot.take()).toBe(true);
  expect(world).toMatchObject({ asked: 0, reports: ["turnSlotUnknown"] });
});

test("a place that comes when the turn was stopped already goes back at once", async () => {
  const { world, slot } = slotOf();
  const { promise: told, resolve } = Promise.withResolvers<boolean>();
  slot.wished("take", told);
  slot.release();
  resolve(true);
  await settled();
  expect(world.released).toBe(1);
  expect(slot.wish(null)).toBe("keep");
});

test("a lease that is no longer fresh is taken again", async () => {
  const { world, slot } = slotOf();
  await slot.take();
  world.nowMs += 30_000;
  expect(slot.wish("askModel")).toBe("take");
  await slot.renew();
  expect(world.asked).toBe(2);
});
