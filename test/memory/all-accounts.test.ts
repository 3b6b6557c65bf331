/** What accounts share: who hears that something of it fell, and that nothing made of it stays. */
import { expect, test } from "vitest";
import { memoryLimits } from "#core/limits";
import { type Fragment, globalAccount } from "#core/memory/fragment";
import { AllAccounts } from "#memory/all-accounts";
import { fragment } from "../core/memory/fragments.ts";
import { World } from "./world.ts";

const accounts = ["a", "b", "c"];
let lastId = 0;

/** Three accounts that learnt alike, and what was promoted of it. */
function promoted(): { world: World; all: AllAccounts; shared: Fragment } {
  const world = new World(globalAccount);
  const host = { sql: world.storage.sql, now: () => world.nowMs, newId: () => `shared-${++lastId}` };
  const all = new AllAccounts(host, world.memory);
  for (const account of accounts) {
    const offered = fragment(`of-${account}`, { account, state: "active", provenance: [] });
    all.take(account, [
      { type: "sharing", isOn: true },
      { type: "offered", fragment: offered },
    ]);
  }
  const [shared] = world.memory.fragments.ofScope("global").values();
  if (!shared) throw new Error("nothing was promoted");
  return { world, all, shared };
}

/** Everybody who has to hear, and of what; as if each had been reached. */
function heard(all: AllAccounts): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (let next = all.nextToTell(); next; next = all.nextToTell()) {
    found[next.account] = [...(found[next.account] ?? []), ...next.fragmentIds];
    all.told(next.account, next.through);
  }
  return found;
}

test("everybody who ever took part hears once of what fell, those that left and those that came later too", () => {
  const { all, shared } = promoted();
  all.take("d", [{ type: "sharing", isOn: true }]);
  all.take("d", [{ type: "sharing", isOn: false }]);
  all.take("e", [{ type: "registered" }]);
  expect(heard(all)).toEqual({});
  const leaving = { type: "sharing", isOn: false } as const;
  all.take("a", [leaving, leaving]);
  all.take("f", [{ type: "sharing", isOn: true }]);
  const ids = [shared.id];
  expect(heard(all)).toEqual({ a: ids, b: ids, c: ids, d: ids, f: ids });
  expect(heard(all)).toEqual({});
});

test("what was not heard stays to be told through sweeps, and page by page", () => {
  const { world, all } = promoted();
  const many = memoryLimits.messagesPerCallMax + 5;
  for (let place = 0; place < many; place++)
    world.storage.sql.exec("INSERT INTO withdrawn (fragment_id, at_ms) VALUES (?, ?)", `gone-${place}`, world.nowMs);
  const first = all.nextToTell();
  expect(first).toMatchObject({ account: "a", fragmentIds: { length: memoryLimits.messagesPerCallMax } });
  expect(all.nextToTell("a")?.account).toBe("b");
  all.told("a", first?.through ?? 0);
  all.sweep(world.nowMs + 1);
  expect(Object.values(heard(all)).map(({ length }) => length)).toEqual([5, many, many]);
  all.sweep(world.nowMs + 1);
  expect(world.rows(["withdrawn"])).toBe("[]");
});

test("what a merge made of it falls with it, also when the merged one has left long since", () => {
  const { world, all, shared } = promoted();
  const made = (id: string, parent: Fragment): Fragment => ({
    ...shared,
    id,
    content: `${shared.content} ${id}`,
    lineage: { operation: "merge", parents: [{ id: parent.id, version: 1 }] },
  });
  const child = made("tidied-1", shared);
  const grandchild = made("tidied-2", child);
  const dead = (one: Fragment): Fragment => ({ ...one, state: "tombstone", stateSince: 0 });
  const written = [dead(shared), dead(child), grandchild];
  world.memory.fragments.put(new Map(written.map((one) => [one.id, one])), world.nowMs);
  all.sweep(0);
  world.memory.sweep();
  expect([...world.memory.fragments.all().keys()]).toEqual(["tidied-2"]);
  all.take("b", [{ type: "retracted", fragmentId: "of-b" }]);
  expect(world.memory.fragments.all().size).toBe(0);
  expect(heard(all).c?.toSorted()).toEqual([shared.id, "tidied-1", "tidied-2"].toSorted());
});
