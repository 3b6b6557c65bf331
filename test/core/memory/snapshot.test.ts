/** Readers see whole scopes, never torn, never older than what they had, never another's. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { noBaselines } from "#core/memory/baseline";
import { noPrior } from "#core/memory/credit";
import type { Fragment } from "#core/memory/fragment";
import { collectable } from "#core/memory/generations";
import {
  type Manifest,
  nextManifest,
  readManifest,
  readShard,
  type ScopeShard,
  writeManifest,
  writeShard,
} from "#core/memory/shard";
import { type Snapshot, taken, wanted, withOwn } from "#core/memory/snapshot";
import { newStanding } from "#core/memory/standing";
import { createRandom } from "../../support/random.ts";
import { fragment } from "./fragments.ts";

const hash = (text: string) => createHash("sha256").update(text).digest("hex");
const shard = (fragments: Fragment[], account = "local"): ScopeShard => ({
  account,
  scope: { type: "account" },
  knowledge: { prior: noPrior, baselines: noBaselines },
  fragments,
});
const reader = { account: "local", scopes: ["account"] };

test("the same fragments are the same text in whatever order they come, tombstones left out", () => {
  const [a, b, dead] = [fragment("a"), fragment("b"), fragment("c", { state: "tombstone" })];
  const text = writeShard(shard([a, b, dead]));
  expect(writeShard(shard([b, a]))).toBe(text);
  expect(readShard(text, { hash: hash(text), account: "local", scope: "account" }, hash)).toEqual(shard([a, b]));
});

test("a shard that is not what its name says, of another account or of another scope, is no shard", () => {
  const text = writeShard(shard([fragment("a")]));
  const expected = { hash: hash(text), account: "local", scope: "account" };
  expect(readShard(text.replace("tests", "TESTS"), expected, hash)).toBe(null);
  expect(readShard(text, { ...expected, account: "other" }, hash)).toBe(null);
  expect(readShard(text, { ...expected, scope: "global" }, hash)).toBe(null);
});

test("a manifest is read as it was written, and anything else is not a manifest", () => {
  const manifest = nextManifest(null, [{ scope: "account", hash: "h1" }], newStanding, 5);
  if (!manifest) throw new Error("nothing was published");
  expect(readManifest(writeManifest(manifest))).toEqual(manifest);
  for (const text of [
    "",
    "null",
    "[]",
    "{}",
    '{"format":2,"generation":1,"at":1,"shards":[]}',
    '{"format":1,"generation":1,"at":1,"shards":[1]}',
  ])
    expect(readManifest(text), text).toBe(null);
});

test("nothing is published for nothing, and each entry knows what stood there before", () => {
  const first = nextManifest(null, [{ scope: "account", hash: "h1" }], newStanding, 1);
  expect(nextManifest(first, [{ scope: "account", hash: "h1" }], newStanding, 2)).toBe(null);
  expect(nextManifest(first, [{ scope: "account", hash: "h1" }], { ...newStanding, isOn: false }, 2)?.generation).toBe(2);
  const second = nextManifest(
    first,
    [
      { scope: "account", hash: "h2" },
      { scope: "global", hash: "g1" },
    ],
    newStanding,
    3,
  );
  expect(second).toEqual({
    generation: 2,
    at: 3,
    standing: newStanding,
    shards: [
      { scope: "account", hash: "h2", previousHash: "h1" },
      { scope: "global", hash: "g1", previousHash: null },
    ],
  });
});

test("whatever comes late, is missing or arrives out of order, a reader holds one whole generation of a scope and never goes back", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = createRandom(seed);
    const written = new Map<string, string>();
    const manifests: Manifest[] = [];
    for (let generation = 1; generation <= 20; generation++) {
      const text = writeShard(shard([fragment("a", { version: generation }), fragment("b", { version: generation })]));
      written.set(hash(text), text);
      const manifest = nextManifest(manifests.at(-1) ?? null, [{ scope: "account", hash: hash(text) }], newStanding, generation);
      if (manifest) manifests.push(manifest);
    }
    let held: Snapshot | null = null;
    let version = 0;
    for (let look = 0; look < 60; look++) {
      const manifest: Manifest = random.pick(manifests);
      const names = wanted(manifest, reader.scopes, held).flatMap((entry) => [entry.hash, entry.previousHash ?? ""]);
      const found = names
        .filter(() => random.chance(0.6))
        .flatMap((name) => (written.has(name) ? [[name, written.get(name) ?? ""] as const] : []));
      held = taken(manifest, reader, new Map(found), held, hash);
      const versions = held.shards.get("account")?.shard.fragments.map((one) => one.version) ?? [];
      expect(new Set(versions).size, `seed ${seed}: torn`).toBeLessThanOrEqual(1);
      expect(versions[0] ?? 0, `seed ${seed}: went back`).toBeGreaterThanOrEqual(version);
      version = versions[0] ?? version;
    }
    const last = manifests.at(-1);
    if (!last) throw new Error("no manifest");
    held = taken(last, reader, written, held, hash);
    expect(held.shards.get("account")?.shard.fragments[0]?.version, `seed ${seed}: does not catch up`).toBe(20);
    expect(wanted(last, reader.scopes, held)).toEqual([]);
  }
});

test("who writes reads what was written, until what is published is newer", () => {
  const text = writeShard(shard([fragment("a", { version: 2 }), fragment("b", { version: 5 })]));
  const manifest = nextManifest(null, [{ scope: "account", hash: hash(text) }], newStanding, 1);
  const snapshot = manifest && taken(manifest, reader, new Map([[hash(text), text]]), null, hash);
  const own = [fragment("a", { version: 3 }), fragment("b", { version: 4 }), fragment("c")];
  expect(withOwn(snapshot ? [snapshot] : [], own).map(({ id, version }) => [id, version])).toEqual([
    ["a", 3],
    ["b", 5],
    ["c", 1],
  ]);
  expect(withOwn([], own)).toEqual(own);
});

test("shards leave when no kept generation names them and no reader can still hold their manifest", () => {
  const minute = 60_000;
  const manifests: Manifest[] = [];
  for (let generation = 1; generation <= 6; generation++) {
    const manifest = nextManifest(
      manifests.at(-1) ?? null,
      [{ scope: "account", hash: `h${generation}` }],
      newStanding,
      generation * minute,
    );
    if (manifest) manifests.push(manifest);
  }
  expect(collectable(manifests, 6 * minute)).toEqual([]);
  // Generation 2, which may fall back to h1, was replaced at minute 3. Generations 4 to 6 stay, and what they fall back to.
  expect(collectable(manifests, 13 * minute)).toEqual(["h1"]);
  expect(collectable(manifests, 60 * minute)).toEqual(["h1", "h2"]);
});
