/**
 * Whether memory stays flat over thousands of turns. One generation of threads after the other does the same work, each long enough for its
 * past to be made shorter, and is left; memory is read at the same moment of each. What a thread holds while it is awake grows with its log and
 * is given back, so that it is no leak; what a generation leaves behind would be one.
 */
import { randomUUID } from "node:crypto";
import { LogCounts } from "../../checks/metrics/log-counts.ts";
import { heapMiBAfterCollection } from "./inspector.ts";
import { LoadClient } from "./load-client.ts";
import { slope } from "./observer.ts";
import type { Stage } from "./stage.ts";
import { ThreadRecord } from "./thread-record.ts";
import type { Verdict } from "./verdict.ts";

const threadsAtOnce = 20;
const turnsPerThread = 50;
export const turnsPerGeneration = threadsAtOnce * turnsPerThread;
/** Generations that warm up: code is compiled. */
const warmUps = 2;
const generationsMin = 6;
const accounts = 4;
/** For each thousand turns. A leak of a kilobyte a turn would be one MiB. */
const heapSlopeMiBMax = 0.5;
/** Of the last half: outside V8 the caches of databases fill first, and the allocator keeps what it was given once. */
const residentSlopeMiBMax = 8;

interface Reading {
  turns: number;
  heapMiB: number;
  residentMiB: number;
}

/** Returns the readings as rows of a table. */
export async function generations(stage: Stage, turns: number, verdict: Verdict): Promise<string[][]> {
  const total = Math.max(generationsMin, Math.ceil(turns / turnsPerGeneration));
  const tokens: string[] = [];
  for (let account = 0; account < accounts; account++) tokens.push(await stage.tokenOf(`generation-${account}`));
  const readings: Reading[] = [];
  let compactions = 0;
  for (let generation = 1; generation <= total; generation++) {
    const counts = new LogCounts();
    const lives = await Promise.all(
      Array.from({ length: threadsAtOnce }, (_, place) => live(stage, tokens[place % accounts] ?? "", counts)),
    );
    compactions += counts.compactions;
    if (counts.turnsCompleted !== turnsPerGeneration) stage.field.fail(`${counts.turnsCompleted} turns completed`);
    const reading = {
      turns: generation * turnsPerGeneration,
      heapMiB: await heapMiBAfterCollection(stage.inspectorPort),
      residentMiB: stage.workerd.residentMiB(),
    };
    readings.push(reading);
    console.log(`${reading.turns} turns: heap ${reading.heapMiB.toFixed(1)} MiB, workerd ${Math.round(reading.residentMiB)} MiB`);
    for (const clients of lives) for (const client of clients) client.vanish();
  }
  const perThousand = (part: Reading[], of: (reading: Reading) => number) =>
    slope(part.map((reading) => ({ x: reading.turns / 1_000, y: of(reading) })));
  const heap = perThousand(readings.slice(warmUps), ({ heapMiB }) => heapMiB);
  const resident = perThousand(readings.slice(-Math.floor(total / 2)), ({ residentMiB }) => residentMiB);
  verdict.check(
    "every turn completed, and every client has its thread's log",
    stage.field.problems.length === 0,
    stage.field.problems,
  );
  verdict.check(`pasts were made shorter: ${compactions} times`, compactions >= total * threadsAtOnce, compactions);
  verdict.check(`V8's heap grows by ${heap.toFixed(2)} MiB for 1,000 turns, at most ${heapSlopeMiBMax}`, heap <= heapSlopeMiBMax);
  // Where nobody tells, as on a Mac, nothing is judged.
  verdict.check(
    `workerd grows by ${resident.toFixed(1)} MiB for 1,000 turns of the last half, at most ${residentSlopeMiBMax}`,
    !(resident > residentSlopeMiBMax),
  );
  return [
    ["turns", "V8's heap after collection, MiB", "workerd, MiB"],
    ...readings.map(({ turns, heapMiB, residentMiB }) => [
      turns.toLocaleString("en"),
      heapMiB.toFixed(1),
      Math.round(residentMiB).toLocaleString("en"),
    ]),
  ];
}

/** A thread from its beginning to its last turn, with one who works and one who follows and is lost now and then. They are still there. */
async function live(stage: Stage, token: string, counts: LogCounts): Promise<LoadClient[]> {
  const record = new ThreadRecord(randomUUID(), counts);
  const [front, follower] = [0, 1].map(() => new LoadClient(stage.field, { token, record })) as [LoadClient, LoadClient];
  await front.start();
  await follower.follow();
  for (let turn = 0; turn < turnsPerThread; turn++) {
    if (turn % 10 === 5) follower.vanish();
    await front.turn(turn % 2 === 0 ? "run seq 6000\nsay done" : "count 20\nwrite notes.txt: one more", "accept");
    if (turn % 10 === 5) await follower.follow();
  }
  await follower.until(() => follower.cursor === record.lastSeq);
  return [front, follower];
}
