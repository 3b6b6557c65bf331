/**
 * Fifty threads at once report what became of their turns to one memory: some reports twice or three times, revisions in any order, while the
 * server is killed between a shard and its manifest, is killed anywhere, and the memory refuses for a while. Nothing may be lost or counted twice,
 * and whoever reads sees whole generations that never go back. `npm run check:memory -- --turns 60 --kills 3 --seed 7`.
 *
 * The reports come through a door in front of the shipped bundle (memory-worker/), because turns would be too slow: everything behind `report` is what
 * is deployed. Only the time between two manifests is shorter here, by the same setting that a load run has.
 */
import { createHash } from "node:crypto";
import { copyFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Fragment } from "#core/memory/fragment";
import { outcomeOf, type Signal } from "#core/memory/outcome";
import type { TurnReport } from "#core/memory/report";
import { readManifest } from "#core/memory/shard";
import { type Snapshot, taken, wanted } from "#core/memory/snapshot";
import { manifestKey, shardKey } from "#memory/memory-keys";
import { createRandom } from "../support/random.ts";
import { turnReport, turnUse } from "../support/turn-report.ts";
import { bundleWorker, startMiniflare } from "./miniflare-server.ts";
import { pause } from "./process-group.ts";

const { values } = parseArgs({
  options: { threads: { type: "string" }, turns: { type: "string" }, kills: { type: "string" }, seed: { type: "string" } },
});
const threads = Number(values.threads ?? 50);
const turnsPerThread = Number(values.turns ?? 60);
const killsWanted = Number(values.kills ?? 3);
const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
const intervalMs = 1_000;
const refusalMs = 2_000;
/** How long whatever is owed may take when nobody is killed any more. */
const settleTimeoutMs = 60_000;
const account = "check";
const signals: Signal[] = [
  { type: "accepted", editedShare: 0 },
  { type: "declined" },
  { type: "testsPassed" },
  { type: "failed" },
];

let passed = 0;
let failed = 0;

function check(title: string, isTrue: boolean, details = ""): void {
  if (isTrue) passed += 1;
  else failed += 1;
  console.log(`${isTrue ? "ok  " : "FAIL"} ${title}${isTrue || !details ? "" : `\n     ${details}`}`);
}

console.log(`memory: ${threads} threads with ${turnsPerThread} turns each, ${killsWanted} kills, seed ${seed}`);
const startedAt = performance.now();
const bundle = await bundleWorker();
renameSync(join(bundle, "index.js"), join(bundle, "spindle.js"));
copyFileSync(join(import.meta.dirname, "memory-worker/index.js"), join(bundle, "index.js"));
const server = await startMiniflare({
  bundle,
  modules: ["spindle.js"],
  env: { SPINDLE_MEMORY_PUBLISH_INTERVAL_MS: String(intervalMs) },
});
try {
  await run();
} finally {
  await server.close();
  rmSync(bundle, { recursive: true, force: true });
}
console.log(`${Math.round((performance.now() - startedAt) / 1000)} s, seed ${seed}`);
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

async function run(): Promise<void> {
  const seeds = await seedFragments();
  check(`${seeds.length} fragments to report about`, seeds.length === 20);
  const plans = Array.from({ length: threads }, (_, thread) => planOf(thread, seeds));
  let isOver = false;
  const readers = [0, 1].map(() => follow(() => isOver));
  const sent = { calls: 0, refused: 0 };
  const working = Promise.all(plans.map(({ calls }, thread) => tell(calls, createRandom(seed + thread), sent)));
  const world = disturb(() => isOver);
  await working;
  isOver = true;
  await world;
  const lastWords = await Promise.all(readers);
  await judge(plans, seeds, sent);
  judgeReaders(lastWords);
  judgeWrites();
}

/** Fragments that are unlike each other, so that the optimizer merges none while it is counted. */
async function seedFragments(): Promise<string[]> {
  const letters = "abcdefghijklmnopqrst";
  const reports = [...letters].map((letter, index) => {
    const word = (length: number) => `${letter}${"aeiou"[index % 5]}`.repeat(length);
    return turnReport({
      threadId: `seed-${index}`,
      turnId: `seed-${index}`,
      request: `${word(2)} ${word(3)} ${word(4)}`,
      correction: `${word(5)} ${word(6)} ${word(7)} ${word(8)}`,
      signals: [{ type: "interrupted" }],
    });
  });
  await post("/report", { account, reports });
  return (await fragments()).map(({ id }) => id);
}

interface Plan {
  /** What counts in the end: the highest revision of each turn. */
  final: TurnReport[];
  /** Every call that the thread makes: revisions in any order, some more than once. */
  calls: TurnReport[][];
}

function planOf(thread: number, seeds: readonly string[]): Plan {
  const random = createRandom(seed * 1_000 + thread);
  const arm = random.chance(0.3) ? ("none" as const) : ("memory" as const);
  const final: TurnReport[] = [];
  const all: TurnReport[] = [];
  for (let turn = 0; turn < turnsPerThread; turn++) {
    const first = random.below(seeds.length);
    const second = (first + 1 + random.below(seeds.length - 1)) % seeds.length;
    const shown = arm === "none" ? [] : [first, second].map((place) => ({ id: seeds[place] ?? "", weight: 1 }));
    const dropped = random.chance(0.1) ? shown.splice(0, 1) : [];
    const used = turnUse({ arm, shown, dropped });
    const ids = { threadId: `thread-${thread}`, turnId: `thread-${thread}-turn-${turn}` };
    const revisions = Array.from({ length: 1 + random.below(3) }, (_, index) =>
      turnReport({ ...ids, revision: index + 1, used, signals: [random.pick(signals)] }),
    );
    final.push(...revisions.slice(-1));
    for (const report of revisions) for (let time = 0; time < 1 + random.below(3); time++) all.push(report);
  }
  // Neighbours change places, so that a lower revision may come after a higher one.
  for (let place = all.length - 1; place > 0; place--) {
    const other = Math.max(0, place - random.below(6));
    const [one, two] = [all[place], all[other]];
    if (one && two) [all[place], all[other]] = [two, one];
  }
  const calls: TurnReport[][] = [];
  while (all.length > 0) calls.push(all.splice(0, 1 + random.below(4)));
  return { final, calls };
}

/** As a thread's outbox does it: the same call until it resolves. */
async function tell(
  calls: readonly TurnReport[][],
  random: ReturnType<typeof createRandom>,
  sent: { calls: number; refused: number },
) {
  for (const reports of calls) {
    for (;;) {
      sent.calls += 1;
      if (await post("/report", { account, reports }).then(Boolean, () => false)) break;
      sent.refused += 1;
      await pause(50 + random.below(100));
    }
    await pause(random.below(200));
  }
}

/** Kills and refusals, as long as somebody works: the first kill is the one between a shard and its manifest. */
async function disturb(isOver: () => boolean): Promise<void> {
  const random = createRandom(seed + 1_000);
  for (let kill = 0; kill < killsWanted; kill++) {
    await pause(1_500 + random.below(1_500));
    if (kill === 0) {
      const before = held();
      await post("/hand", { account, hand: { isHolding: true } });
      await until(() => held() > before, "a manifest is held after its shards were written");
      check("the server dies between the shards and their manifest", held() > before);
    }
    await server.restart();
    await pause(500);
    if (!isOver()) await post("/hand", { account, hand: { refusesUntilMs: Date.now() + refusalMs } }).catch(() => {});
  }
}

interface Reading {
  generations: number[];
  backwards: number;
  torn: number;
  reads: number;
}

/** A thread that reads again and again what is published, as its snapshot does. */
async function follow(isOver: () => boolean): Promise<Reading> {
  const reading: Reading = { generations: [], backwards: 0, torn: 0, reads: 0 };
  let snapshot: Snapshot | null = null;
  while (!isOver()) {
    const next: Snapshot | null = await read(snapshot).catch(() => null);
    if (next) {
      const [before, after]: [number, number] = [snapshot?.manifest.generation ?? 0, next.manifest.generation];
      reading.reads += 1;
      if (after < before) reading.backwards += 1;
      // The account's scope is in every manifest from the first on: not to have it is to have read a torn one.
      if (!next.shards.has("account")) reading.torn += 1;
      if (after !== before) reading.generations.push(after);
      snapshot = next;
    }
    await pause(20);
  }
  return reading;
}

async function read(held: Snapshot | null): Promise<Snapshot | null> {
  const text = await get(manifestKey(account));
  const manifest = text === null ? null : readManifest(text);
  if (!manifest) return null;
  const texts = new Map<string, string>();
  for (const { hash, previousHash } of wanted(manifest, ["account"], held)) {
    for (const name of [hash, previousHash]) {
      const shard = name && (await get(shardKey(account, name)));
      if (name && shard) texts.set(name, shard);
    }
  }
  return taken(manifest, { account, scopes: ["account"] }, texts, held, sha256);
}

async function judge(plans: readonly Plan[], seeds: readonly string[], sent: { calls: number; refused: number }): Promise<void> {
  const final = plans.flatMap((plan) => plan.final);
  const counted = final.filter((report) => outcomeOf(report.signals) !== null);
  console.log(`     ${final.length} turns, ${sent.calls} calls, ${sent.refused} of them refused or lost with the server`);
  const health = (await request("spindle/memory/health", {})) as { outcomes: number };
  check(
    `of ${counted.length} outcomes none is lost and none counted twice`,
    health.outcomes === counted.length,
    String(health.outcomes),
  );
  const wrong: string[] = [];
  for (const id of seeds) {
    const { evidence } = (await request("spindle/memory/read", { fragmentId: id })) as {
      evidence: { shown: { turns: number; mean: number | null }; dropped: { turns: number } };
    };
    const shownIn = counted.filter(({ used }) => used?.shown.some((use) => use.id === id));
    const droppedFrom = counted.filter(({ used }) => used?.dropped.some((use) => use.id === id));
    const sum = shownIn.reduce((total, { signals: said }) => total + (outcomeOf(said)?.y ?? 0), 0);
    const isRight =
      evidence.shown.turns === shownIn.length &&
      evidence.dropped.turns === droppedFrom.length &&
      Math.abs((evidence.shown.mean ?? 0) * shownIn.length - sum) < 1e-6;
    if (!isRight) wrong.push(`${id}: ${JSON.stringify(evidence)} instead of ${shownIn.length} turns with ${sum}`);
  }
  check("every fragment's record holds exactly the turns that it was shown in or dropped from", wrong.length === 0, wrong[0]);
  await until(async () => (await generation()) !== null && (await isPublished(seeds)), "everything is published in the end");
  check("what readers find in the end is what the memory holds", await isPublished(seeds));
}

async function isPublished(seeds: readonly string[]): Promise<boolean> {
  const snapshot = await read(null);
  const shown = new Map(
    snapshot?.shards.get("account")?.shard.fragments.map(({ id, statistics }) => [id, statistics.shown + statistics.dropped]),
  );
  const held = new Map((await fragments()).map(({ id, statistics }) => [id, statistics.shown + statistics.dropped]));
  return seeds.every((id) => shown.get(id) === held.get(id));
}

function judgeReaders(readings: readonly Reading[]): void {
  const reads = readings.reduce((sum, reading) => sum + reading.reads, 0);
  const generations = Math.max(...readings.map((reading) => reading.generations.length));
  console.log(`     ${reads} readings, up to ${generations} generations seen by one reader`);
  check("readers saw several generations", generations >= 3);
  check(
    "no reader went back to an older generation",
    readings.every(({ backwards }) => backwards === 0),
  );
  check(
    "no reader read a torn generation",
    readings.every(({ torn }) => torn === 0),
  );
}

/** From the first to the last of them there is room for one in each interval; half a second for a busy machine's own delays. */
function judgeWrites(): void {
  const writes = [...server.logs().matchAll(/\{"event":"manifestPut","atMs":(\d+),"generation":(\d+)\}/g)].map(([, atMs]) =>
    Number(atMs),
  );
  const [first, last] = [writes[0] ?? 0, writes.at(-1) ?? 0];
  const most = Math.floor((last - first + 500) / intervalMs) + 1;
  check(
    `${writes.length} manifests in ${last - first} ms: at most one in ${intervalMs} ms`,
    writes.length > 0 && writes.length <= most,
  );
}

function held(): number {
  return server.logs().split('{"event":"manifestHeld"}').length - 1;
}

async function generation(): Promise<number | null> {
  const text = await get(manifestKey(account));
  return text === null ? null : (readManifest(text)?.generation ?? null);
}

async function until(isSo: () => boolean | Promise<boolean>, what: string): Promise<void> {
  for (const deadline = Date.now() + settleTimeoutMs; Date.now() < deadline; await pause(100)) {
    if (await Promise.resolve(isSo()).catch(() => false)) return;
  }
  console.log(`     it did not come to this: ${what}`);
}

async function fragments(): Promise<Fragment[]> {
  const { data } = (await request("spindle/memory/export", { limit: 100 })) as { data: Fragment[] };
  return data;
}

async function request(method: string, params: unknown): Promise<unknown> {
  const reply = (await (await post("/request", { account, request: { method, params } })).json()) as { resultText: string };
  return JSON.parse(reply.resultText);
}

async function get(key: string): Promise<string | null> {
  const { text } = (await (await post("/read", { account, key })).json()) as { text: string | null };
  return text;
}

async function post(path: string, body: unknown): Promise<Response> {
  const response = await fetch(`${server.url}${path}`, {
    method: "POST",
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(20_000),
  });
  if (!response.ok) throw new Error(await response.text());
  return response;
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
