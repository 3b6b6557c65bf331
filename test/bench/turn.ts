/**
 * How long a person waits: turns, streamed text, threads begun and taken up again, with a model that answers at once. Where the real Codex App
 * Server is at hand it does the same, in turns with ours (A B A B), so that a busy machine is busy for both. `npm run bench:turn -- --quick`.
 */
import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { bundleWorker } from "../checks/miniflare-server.ts";
import { ProbeClient } from "../checks/probe-client.ts";
import { Bench } from "./bench-client.ts";
import { type Contestant, startCodex, startSpindle } from "./contestants.ts";
import { type Figure, report, type Unit } from "./figures.ts";
import { startResponsesServer } from "./responses-server.ts";
import { percentile } from "./statistics.ts";
import { folderBytes, type StoredThread, storedThread } from "./storage.ts";

const { values } = parseArgs({ options: { quick: { type: "boolean" } } });
const size = values.quick
  ? { rounds: 2, turns: 10, threads: 10, streams: 1, itemCounts: [1_000], reads: 5, coldStarts: 1, storedTurns: 20 }
  : { rounds: 5, turns: 25, threads: 10, streams: 2, itemCounts: [1_000, 10_000], reads: 20, coldStarts: 3, storedTurns: 100 };
const wordsOfLongMessage = 5_000;
const itemsPerTurn = 1_000;
const longMessage = `message of ${wordsOfLongMessage.toLocaleString("en")} words`;
const framesOfLongMessage = "frames on the wire of that message";

/** Milliseconds by what was measured, in the order of the first measurement. */
type Samples = Map<string, number[]>;

interface Racer extends Contestant {
  samples: Samples;
  /** Threads made for reading, by their number of items. */
  long: Map<number, string>;
}

const model = await startResponsesServer();
const bundle = await bundleWorker();
const spindle = await startSpindle(bundle, model.baseUrl);
const codex = await startCodex(model.baseUrl);
const racers = [spindle.rehearsal, spindle.remote, ...(codex ? [codex] : [])].map(
  (contestant): Racer => ({ ...contestant, samples: new Map(), long: new Map() }),
);
try {
  await race();
} finally {
  await spindle.remote.close();
  await codex?.close();
  model.close();
  rmSync(bundle, { recursive: true, force: true });
}
process.exit(0);

async function race(): Promise<void> {
  for (const racer of racers) await warmUp(racer);
  for (let round = 0; round < size.rounds; round++) {
    for (const racer of racers) await shortTurns(racer);
    for (const racer of racers) await newThreads(racer);
    for (const racer of racers) await longMessages(racer);
  }
  for (const items of size.itemCounts) {
    for (const racer of racers) await makeLong(racer, items);
    for (let round = 0; round < 2; round++) for (const racer of racers) await readWarm(racer, items);
  }
  for (let start = 0; start < size.coldStarts; start++) for (const racer of racers) await readCold(racer);
  await tell();
}

async function warmUp(racer: Racer): Promise<void> {
  const bench = await Bench.open(racer);
  const threadId = await bench.startThread(racer);
  for (let turn = 0; turn < 3; turn++) await bench.turn(threadId, "say good morning");
  await bench.client.close();
}

async function shortTurns(racer: Racer): Promise<void> {
  const bench = await Bench.open(racer);
  const threadId = await bench.startThread(racer);
  for (let turn = 0; turn < size.turns; turn++) {
    const { answered, firstDelta, completed } = await bench.turn(threadId, `say this is turn ${turn} and it has ten words`);
    add(racer, "turn/start → answer", answered);
    add(racer, "turn/start → first delta", firstDelta);
    add(racer, "turn/start → turn/completed", completed);
  }
  await bench.client.close();
}

async function newThreads(racer: Racer): Promise<void> {
  const bench = await Bench.open(racer);
  for (let thread = 0; thread < size.threads; thread++) {
    const startedAt = performance.now();
    await bench.startThread(racer);
    add(racer, "thread/start", performance.now() - startedAt);
  }
  await bench.client.close();
}

async function longMessages(racer: Racer): Promise<void> {
  const bench = await Bench.open(racer);
  const text = `say ${Array.from({ length: wordsOfLongMessage }, (_, index) => `word${index}`).join(" ")}`;
  for (let stream = 0; stream < size.streams; stream++) {
    const threadId = await bench.startThread(racer);
    const { message, frames } = await bench.turn(threadId, text);
    add(racer, longMessage, message);
    add(racer, framesOfLongMessage, frames);
  }
  await bench.client.close();
}

async function makeLong(racer: Racer, items: number): Promise<void> {
  const bench = await Bench.open(racer);
  const threadId = await bench.startThread(racer);
  for (let made = 0; made < items; made += itemsPerTurn) {
    const lines = Array.from({ length: Math.min(itemsPerTurn, items - made) }, (_, index) => `say item ${made + index} of many`);
    const { completed } = await bench.turn(threadId, lines.join("\n"));
    add(racer, `turn of ${itemsPerTurn.toLocaleString("en")} items`, completed);
  }
  racer.long.set(items, threadId);
  await bench.client.close();
}

async function readWarm(racer: Racer, items: number): Promise<void> {
  for (let read = 0; read < size.reads; read++) await readOnce(racer, items, "warm");
}

async function readCold(racer: Racer): Promise<void> {
  await racer.stop();
  await racer.start();
  // The first client of a new server pays for what every client needs.
  const client = await ProbeClient.open(racer.wsUrl);
  await client.close();
  for (const items of size.itemCounts) await readOnce(racer, items, "cold");
}

async function readOnce(racer: Racer, items: number, how: "warm" | "cold"): Promise<void> {
  const threadId = racer.long.get(items);
  const client = await ProbeClient.open(racer.wsUrl);
  const about = `${how}, ${items.toLocaleString("en")} items`;
  const startedAt = performance.now();
  await client.request("thread/resume", { threadId, excludeTurns: true });
  add(racer, `thread/resume, ${about}`, performance.now() - startedAt);
  const askedAt = performance.now();
  const { data } = await client.request("thread/items/list", { threadId, limit: 100, sortDirection: "desc" });
  add(racer, `newest 100 items, ${about}`, performance.now() - askedAt);
  if (data.length !== 100) throw new Error(`${racer.name} gave ${data.length} of 100 items`);
  await client.close();
}

function add(racer: Racer, what: string, value: number): void {
  const samples = racer.samples.get(what);
  if (samples) samples.push(value);
  else racer.samples.set(what, [value]);
}

async function tell(): Promise<void> {
  const of = (racer: Racer | undefined, what: string) => racer?.samples.get(what) ?? [];
  const ranks = [50, 95];
  const figures: Figure[] = [];
  const theirs = racers.find(({ name }) => name === "codex");
  for (const ours of racers.filter((racer) => racer !== theirs)) {
    // The embedded rehearsal spares itself the way to a model: beside Codex it would flatter us.
    const other = ours.name === "spindle" ? theirs : undefined;
    const add = (what: string, unit: Unit, samples: number, value: (racer: Racer) => number[]) => {
      const [our, their] = [value(ours), other && value(other)];
      const ratio = their && our.map((each, rank) => each / (their[rank] ?? Number.NaN));
      figures.push({
        what: ours.name === "spindle" ? what : `${what}, embedded model`,
        unit,
        ours: our,
        samples,
        ...(their && ratio ? { baseline: their, ratio } : {}),
      });
    };
    for (const what of ours.samples.keys()) {
      if (what === framesOfLongMessage) continue;
      add(what, "ms", of(ours, what).length, (racer) => ranks.map((rank) => percentile(of(racer, what), rank)));
    }
    add("model deltas of it (more is better)", "/s", of(ours, longMessage).length, (racer) => [
      (wordsOfLongMessage / percentile(of(racer, longMessage), 50)) * 1_000,
    ]);
  }
  const notes: string[] = [];
  for (const racer of racers) {
    const stored = await storedTurn(racer);
    const frames = percentile(of(racer, framesOfLongMessage), 50);
    notes.push(`${racer.name} sends that message in ${frames} frames, and stores ${stored} a turn.`);
  }
  const ratios = figures.flatMap(({ unit, ratio }) => (unit === "ms" ? (ratio ?? []) : []));
  // Loopback's own trap: a small answer that was written in two pieces waits for an acknowledgement, which the kernel delays by 40 ms.
  if (theirs)
    notes.push(
      "Codex sends without TCP_NODELAY: where it shows 40 to 50 ms more than it should, the kernel's delayed acknowledgement is in it.",
      `${ratios.filter((ratio) => ratio <= 1).length} of ${ratios.length} ratios of times are 1 or less.`,
    );
  await report({
    bench: "turn",
    ranks: "p50 / p95",
    baseline: theirs ? "codex app-server" : null,
    figures,
    notes,
  });
}

/** What a turn leaves on the disk: a thread of many short turns against one of a single turn, so that what every thread costs stays out. */
async function storedTurn(racer: Racer): Promise<string> {
  await racer.start();
  const before = racer.name === "codex" ? await settledBytes(racer) : 0;
  await racer.start();
  const bench = await Bench.open(racer);
  const [one, many] = [await bench.startThread(racer), await bench.startThread(racer)];
  for (const threadId of [one, ...Array.from({ length: size.storedTurns + 1 }, () => many)]) {
    await bench.turn(threadId, "say this is a turn and it has ten words");
  }
  await bench.client.close();
  await racer.stop();
  if (racer.name === "codex") {
    const grown = (await settledBytes(racer)) - before;
    // Its databases are tidied now and then.
    return grown > 0 ? `${perTurn(grown)} in all its files` : "nobody knows what (its files shrank meanwhile)";
  }
  return differenceOf(storedThread(racer.storage, one), storedThread(racer.storage, many));
}

function differenceOf(one: StoredThread, many: StoredThread): string {
  const rows = Object.entries(many.rows).map(
    ([name, count]) => [name, (count - (one.rows[name] ?? 0)) / size.storedTurns] as const,
  );
  const counted = rows.flatMap(([name, count]) => (count > 0 ? `${count.toFixed(1)} ${name}` : []));
  const passing = (many.passingRows - one.passingRows) / size.storedTurns;
  return (
    `${perTurn(many.bytes - one.bytes)} (text ${perTurn(many.textBytes - one.textBytes)}; ${counted.join(", ")}; ` +
    `${passing.toFixed(1)} of the frames are streamed text, which leaves)`
  );
}

/** Started once more before it is measured, so that the server can write its logs into its databases. */
async function settledBytes(racer: Racer): Promise<number> {
  await racer.stop();
  await racer.start();
  await racer.stop();
  return folderBytes(racer.storage);
}

function perTurn(bytes: number): string {
  return `${(bytes / size.storedTurns / 1024).toFixed(1)} KiB`;
}
