/**
 * What the loop adds to the model's own stream, as ratios to a bare relay that only forwards it (relay/index.js): latency of each model event,
 * turns a second with many threads at once, memory. Both run in turns (A B A B), so that a busy machine is busy for both.
 * `npm run bench:loop -- --quick`.
 */
import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { limits } from "#core/limits";
import { bundleWorker } from "../checks/miniflare-server.ts";
import { type Figure, report, type Unit } from "./figures.ts";
import { type Heard, type LoopContestant, startRelay, startSpindle } from "./loop-contestants.ts";
import { prompt, type Stream, startStampingServer } from "./stamping-server.ts";
import { percentile } from "./statistics.ts";
import { type WorkerdProcess, workerdBelow } from "./workerd-process.ts";

const { values } = parseArgs({ options: { quick: { type: "boolean" } } });
const size = values.quick ? { rounds: 2, pacedTurns: 1, turnsPerThread: 4 } : { rounds: 7, pacedTurns: 3, turnsPerThread: 10 };
const threadsAtOnce = 50;
/** Faster than frames of streamed text follow each other, so that several deltas share a frame. */
const fast: Stream = { messages: 4, deltas: 40, intervalMs: 5 };
/** Slower than that: every delta has a frame of its own, and nothing but the way itself is measured. */
const slow: Stream = { messages: 2, deltas: 8, intervalMs: limits.deltaIntervalMs + 10 };
const unpaced: Stream = { messages: 1, deltas: 20, intervalMs: 0 };

interface Racer extends LoopContestant {
  workerd: WorkerdProcess;
  /** What was measured, by name and round. */
  rounds: Map<string, number[][]>;
}

const [model, bundle] = await Promise.all([startStampingServer(), bundleWorker()]);
const relay = racer(await startRelay(model.baseUrl));
const spindle = racer(await startSpindle(bundle, model.baseUrl));
const racers = [relay, spindle];
try {
  await race();
} finally {
  for (const { server } of racers) await server.close();
  model.close();
  rmSync(bundle, { recursive: true, force: true });
}
process.exit(0);

function racer(contestant: LoopContestant): Racer {
  return { ...contestant, workerd: workerdBelow(contestant.server.pid), rounds: new Map() };
}

async function race(): Promise<void> {
  for (const racer of racers) await warmUp(racer);
  for (let round = 0; round < size.rounds; round++) {
    for (const racer of racers) await paced(racer, "fast", fast);
    for (const racer of racers) await paced(racer, "slow", slow);
  }
  // Not before: ten seconds after their last client workerd puts all those threads to sleep at once, and closing a hundred databases
  // holds its only thread for some fifty milliseconds, in which other threads' deltas wait.
  for (const racer of racers) await firstThreads(racer);
  for (let round = 0; round < size.rounds; round++) {
    for (const racer of racers) await manyThreads(racer, size.turnsPerThread);
  }
  for (const { rounds, workerd } of racers) rounds.set("memory, peak", [[workerd.residentMiBMax()]]);
  await tell();
}

async function warmUp(racer: Racer): Promise<void> {
  const conversation = await racer.open();
  for (let turn = 0; turn < 3; turn++) await conversation.turn(prompt(unpaced));
  racer.rounds.set("memory, one thread", [[racer.workerd.residentMiB()]]);
  for (let turn = 0; turn < 30; turn++) await conversation.turn(prompt(unpaced));
  await conversation.close();
}

/** Their memory is that of no other threads, and their rates, of code not yet compiled, are forgotten. */
async function firstThreads(racer: Racer): Promise<void> {
  await manyThreads(racer, 2);
  racer.rounds.set("memory, many threads", [[racer.workerd.residentMiB()]]);
  for (const what of ["turns/s", "turn under load", "cpu", "client's cpu"]) racer.rounds.delete(what);
}

async function paced(racer: Racer, pace: "fast" | "slow", stream: Stream): Promise<void> {
  const conversation = await racer.open();
  const turns: Heard[] = [];
  for (let turn = 0; turn < size.pacedTurns; turn++) turns.push(await conversation.turn(prompt(stream)));
  await conversation.close();
  const deltas = turns.flatMap((heard) => heard.deltas);
  const expected = size.pacedTurns * stream.messages * stream.deltas;
  if (deltas.length !== expected) throw new Error(`${racer.name} passed on ${deltas.length} of ${expected} deltas`);
  add(racer, `delta, ${pace}`, deltas);
  add(
    racer,
    `items, ${pace}`,
    turns.flatMap((heard) => heard.items),
  );
  add(racer, `frames, ${pace}`, [turns.reduce((sum, heard) => sum + heard.deltaFrames, 0) / expected]);
  add(
    racer,
    "asked",
    turns.map((heard) => heard.asked),
  );
  add(
    racer,
    `response, ${pace}`,
    turns.map((heard) => heard.response),
  );
  add(
    racer,
    `turn, ${pace}`,
    turns.map((heard) => heard.turn),
  );
}

async function manyThreads(racer: Racer, turnsPerThread: number): Promise<void> {
  const conversations = await Promise.all(Array.from({ length: threadsAtOnce }, () => racer.open()));
  const durations: number[] = [];
  const cpuMs = racer.workerd.cpuMs();
  const clientCpu = process.cpuUsage();
  const startedAt = performance.now();
  await Promise.all(
    conversations.map(async (conversation) => {
      for (let turn = 0; turn < turnsPerThread; turn++) {
        const askedAt = performance.now();
        await conversation.turn(prompt(unpaced));
        durations.push(performance.now() - askedAt);
      }
    }),
  );
  const seconds = (performance.now() - startedAt) / 1_000;
  const { user, system } = process.cpuUsage(clientCpu);
  add(racer, "turns/s", [durations.length / seconds]);
  add(racer, "turn under load", durations);
  add(racer, "cpu", [(racer.workerd.cpuMs() - cpuMs) / durations.length]);
  add(racer, "client's cpu", [(user + system) / 1_000 / durations.length]);
  for (const conversation of conversations) await conversation.close();
}

function add({ rounds }: Racer, what: string, samples: number[]): void {
  const sofar = rounds.get(what);
  if (sofar) sofar.push(samples);
  else rounds.set(what, [samples]);
}

/** The percentile in each round. */
function roundsOf({ rounds }: Racer, what: string, percent: number): number[] {
  const samples = rounds.get(what);
  if (!samples) throw new Error(`${what} was not measured`);
  return samples.map((round) => percentile(round, percent));
}

async function tell(): Promise<void> {
  const figures: Figure[] = [];
  const add = (title: string, what: string, unit: Unit, percents: number[]) => {
    const pairs = percents.map((percent) => ({ theirs: roundsOf(relay, what, percent), ours: roundsOf(spindle, what, percent) }));
    figures.push({
      what: title,
      unit,
      ours: pairs.map(({ ours }) => median(ours)),
      baseline: pairs.map(({ theirs }) => median(theirs)),
      ratio: pairs.map(({ theirs, ours }) => median(ours.map((our, round) => our / (theirs[round] ?? Number.NaN)))),
      samples: (spindle.rounds.get(what) ?? []).flat().length,
    });
  };
  const latency = (title: string, what: string) => add(title, what, "ms", [50, 95]);
  for (const [pace, { intervalMs }] of [
    ["fast", fast],
    ["slow", slow],
  ] as const) {
    latency(`each delta, one every ${intervalMs} ms`, `delta, ${pace}`);
    add("  frames for each delta", `frames, ${pace}`, "", [50]);
    latency("  an item begins", `items, ${pace}`);
  }
  latency("asked → the model has the request", "asked");
  latency("response.completed → its frame", "response, slow");
  latency("response.completed → turn over", "turn, slow");
  add(`turns, ${threadsAtOnce} threads at once (more is better)`, "turns/s", "/s", [50]);
  latency("  turn among them", "turn under load");
  add("  workerd's processor time a turn", "cpu", "ms", [50]);
  add("  the client's own", "client's cpu", "ms", [50]);
  add("workerd's memory, one thread", "memory, one thread", "MiB", [50]);
  add(`  with ${threadsAtOnce} threads`, "memory, many threads", "MiB", [50]);
  const threads = (threadsAtOnce * (size.rounds + 1)).toLocaleString("en");
  add(`  at its peak, ${threads} threads in all`, "memory, peak", "MiB", [50]);
  await report({
    bench: "loop",
    ranks: "p50 / p95",
    baseline: "bare relay",
    figures,
    notes: [
      `Medians of ${size.rounds} rounds, ratios taken within a round. A model event's latency ends when the frame that contains it is ` +
        `at the client: streamed text is sent at once, then gathered for at most ${limits.deltaIntervalMs} ms, so a delta of a fast model also ` +
        "waits for its frame; one of a slow model does not.",
      "The client and the model's stand-in share the machine: where they are busy all the time, turns a second flatter the slower of the two, " +
        "and workerd's processor time is the figure to believe.",
    ],
  });
}

function median(samples: readonly number[]): number {
  return percentile(samples, 50);
}
