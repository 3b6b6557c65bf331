/** The way into KV under crashes: whatever moment it dies at, readers see whole generations that never go back, and nothing forgotten comes back. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { readManifest } from "#core/memory/shard";
import { type Snapshot, taken, wanted } from "#core/memory/snapshot";
import { manifestKey, shardKey } from "#memory/memory-keys";
import { createRandom } from "../support/random.ts";
import { turnReport, turnUse } from "../support/turn-report.ts";
import { Died, World } from "./world.ts";

const scopes = ["account", "repository/r"];

function read(world: World, held: Snapshot | null): Snapshot | null {
  const text = world.kv.get(manifestKey(world.account));
  const manifest = text === undefined ? null : readManifest(text);
  if (!manifest) return held;
  const texts = new Map<string, string>();
  for (const { hash, previousHash } of wanted(manifest, scopes, held)) {
    for (const name of [hash, previousHash]) {
      const shard = name && world.kv.get(shardKey(world.account, name));
      if (name && shard) texts.set(name, shard);
    }
  }
  return taken(manifest, { account: world.account, scopes }, texts, held, sha256);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function manifestWrites(world: World): number[] {
  return world.effects.filter(({ type, key }) => type === "put" && key.endsWith("/manifest")).map(({ atMs }) => atMs);
}

/** Hashes that the manifest names, also those to fall back to, and KV does not have. */
function namedInVain(world: World): string[] {
  const shards = readManifest(world.kv.get(manifestKey(world.account)) ?? "")?.shards ?? [];
  const named = shards.flatMap(({ hash, previousHash }) => (previousHash === null ? [hash] : [hash, previousHash]));
  return named.filter((hash) => !world.kv.has(shardKey(world.account, hash)));
}

test("a manifest names only shards that were written before it, at most once in half a minute, and only when something changed", async () => {
  const world = new World();
  for (let turn = 0; turn < 50; turn++) {
    world.memory.hear(turnReport({ turnId: `turn-${turn}`, correction: `Say it with other words, number ${turn}, please.` }));
    world.nowMs += 1_000;
    await world.publisher.run();
  }
  await world.ring();
  const writes = manifestWrites(world);
  expect(writes.length).toBe(3);
  for (const [place, atMs] of writes.entries())
    if (place > 0) expect(atMs - (writes[place - 1] ?? 0)).toBeGreaterThanOrEqual(30_000);
  expect(world.publisher.dueAt(world.nowMs)).toBeNull();
  world.nowMs += 60_000;
  await world.publisher.run();
  expect(manifestWrites(world)).toHaveLength(3);
  const held = world.memory.fragments.ofScope("account");
  expect(read(world, null)?.shards.get("account")?.shard.fragments).toEqual([...held.values()]);
});

test("a crash between any two effects leaves readers a whole generation, and none goes back", async () => {
  for (let seed = 1; seed <= 25; seed++) {
    const random = createRandom(seed);
    const world = new World();
    let snapshot: Snapshot | null = null;
    for (let step = 0; step < 40; step++) {
      const turnId = `turn-${step}`;
      const repository = random.chance(0.5) ? "r" : null;
      world.memory.hear(
        turnReport({ turnId, repository, correction: random.chance(0.6) ? `Advice ${step} ${"xyz"[step % 3]}` : null }),
      );
      world.nowMs += random.below(40_000);
      if (random.chance(0.4)) world.effectsLeft = random.below(8);
      await world.ring().catch((error) => {
        if (!(error instanceof Died)) throw error;
        world.restart();
      });
      const next = read(world, snapshot);
      const [before, after]: number[] = [snapshot?.manifest.generation ?? 0, next?.manifest.generation ?? 0];
      expect(after, `seed ${seed}`).toBeGreaterThanOrEqual(before ?? 0);
      for (const { scope } of next?.manifest.shards ?? []) expect(next?.shards.has(scope), `seed ${seed}, ${scope}`).toBe(true);
      snapshot = next;
    }
    world.effectsLeft = Number.POSITIVE_INFINITY;
    for (let round = 0; round < 3; round++) await world.ring();
    const writes = manifestWrites(world);
    for (const [place, atMs] of writes.entries())
      if (place > 0) expect(atMs - (writes[place - 1] ?? 0), `seed ${seed}`).toBeGreaterThanOrEqual(30_000);
    const last = read(world, null);
    for (const scope of scopes) {
      const held = [...world.memory.fragments.ofScope(scope).values()];
      expect(last?.shards.get(scope)?.shard.fragments ?? [], `seed ${seed}`).toEqual(held);
    }
  }
});

test("what is forgotten is in no shard and in no generation to fall back to, whenever it is forgotten and whatever dies", async () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = createRandom(seed);
    const world = new World();
    const say = (turn: number, word: string) =>
      world.memory.hear(turnReport({ turnId: `turn-${turn}`, correction: `Remember ${word} for dates number ${turn}` }));
    say(0, "secretword");
    for (let step = 1; step < 5; step++) {
      say(step, "plainword");
      world.nowMs += random.below(60_000);
      await world.ring();
    }
    const fragment = [...world.memory.fragments.all().values()].find(({ content }) => content.includes("secretword"));
    if (random.chance(0.5) && fragment) world.memory.edit(fragment.id, { title: "Said by a person: secretword" });
    // Sometimes it is forgotten while its own shard is on the way.
    let onTheWay = Promise.resolve();
    if (random.chance(0.5)) {
      say(9, "plainword");
      world.nowMs += 30_000;
      onTheWay = world.publisher.run();
      for (let ticks = random.below(12); ticks > 0; ticks--) await null;
    }
    const written = manifestWrites(world).length;
    world.memory.forget(fragment?.id ?? "");
    if (random.chance(0.3)) world.effectsLeft = random.below(4);
    await onTheWay.catch(() => {});
    await world.publisher.run().catch(() => world.restart());
    const forgottenAt = world.nowMs;
    if (manifestWrites(world).length > written) expect(namedInVain(world), `seed ${seed}`).toEqual([]);
    for (let round = 0; round < 3; round++) await world.ring();
    expect(namedInVain(world), `seed ${seed}`).toEqual([]);
    expect(world.nowMs - forgottenAt, `seed ${seed}`).toBeLessThanOrEqual(60_000);
    expect([...world.kv.values()].join("\n"), `seed ${seed}`).not.toContain("secretword");
    const tables = world.storage.sql
      .exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'sqlite_sequence'")
      .toArray()
      .map(({ name }) => name);
    expect(world.rows(tables), `seed ${seed}`).not.toContain("secretword");
    expect(read(world, null)?.shards.get("account")?.shard.fragments, `seed ${seed}`).toHaveLength(
      world.memory.fragments.all().size,
    );
  }
});

test("old shards leave KV ten minutes after nobody can want them", async () => {
  const world = new World();
  for (let step = 0; step < 30; step++) {
    world.memory.hear(turnReport({ turnId: `turn-${step}`, correction: `Advice number ${step}`, used: turnUse() }));
    world.nowMs += 60_000;
    await world.ring();
  }
  expect(world.kv.size).toBeLessThanOrEqual(1 + 13);
  world.nowMs += 24 * 60 * 60_000;
  await world.publisher.collect();
  expect(world.kv.size).toBeLessThanOrEqual(1 + 4);
  expect(read(world, null)?.shards.size).toBe(1);
});
