/**
 * A hundred thousand frames, generated from Codex's schemas and mutated, against a whole server: every request is answered, every frame of
 * the server fits the schema, nobody hangs, memory is bounded, and the server works as before. `npm run check:fuzz -- --frames 100000 --seed 1`.
 */
import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { isServed } from "#protocol/methods";
import { workerdBelow } from "../bench/workerd-process.ts";
import { clientRequests } from "../support/codex-schema.ts";
import { createRandom } from "../support/random.ts";
import { isOver, type Tally, talk } from "./fuzz/client.ts";
import { inputs } from "./fuzz/known.ts";
import { bundleWorker, startMiniflare } from "./miniflare-server.ts";
import { ProbeClient } from "./probe-client.ts";

const { values } = parseArgs({ options: { frames: { type: "string" }, seed: { type: "string" } } });
const framesMax = Number(values.frames ?? 100_000);
const seed = Number(values.seed ?? 1);
const clientsAtOnce = 4;
/** What a turn of one sentence may take at the end. */
const patienceMs = 60_000;

const tally: Tally = {
  framesMax,
  frames: 0,
  requests: 0,
  results: 0,
  refusals: 0,
  overloaded: 0,
  notifications: 0,
  serverRequests: 0,
  clients: 0,
  problems: [],
  methodsAnswered: new Set(),
};
const bundle = await bundleWorker();
const server = await startMiniflare({ bundle });
const workerd = workerdBelow(server.pid);
let residentMiBEarly = Number.NaN;

try {
  await Promise.all(Array.from({ length: clientsAtOnce }, (_, index) => comeAndGo(seed * 1_000 + index)));
  await requireAlive();
} catch (error) {
  tally.problems.push(error instanceof Error ? (error.stack ?? error.message) : String(error));
}
const residentMiB = workerd.residentMiB();
await server.close();
rmSync(bundle, { recursive: true, force: true });

const faults = server
  .logs()
  .split("\n")
  .filter((line) => /"event":"(requestFailed|stepFailed|driveFailed)"|uncaught/i.test(line));
const served = [...clientRequests().keys()].filter(isServed);
const unheard = served.filter((method) => !tally.methodsAnswered.has(method));
const { frames, clients, requests, results, refusals, overloaded, notifications, serverRequests, problems } = tally;
const verdicts: [title: string, isTrue: boolean, details: unknown][] = [
  [`${frames} frames of ${clients} clients were sent (seed ${seed})`, frames >= framesMax, ""],
  [
    `${requests} requests were answered: ${results} results, ${refusals} refusals, ${overloaded} told to come back`,
    results > 0 && results + refusals + overloaded === requests,
    "",
  ],
  [
    `${notifications} notifications, ${serverRequests} server requests and all answers fit the schema; no socket was closed`,
    problems.length === 0,
    problems,
  ],
  [`each of ${served.length} served methods was answered`, unheard.length === 0, unheard],
  ["nothing failed inside the server", faults.length === 0, faults.slice(0, 5)],
  [
    `memory is bounded: ${residentMiB.toFixed(0)} MiB at the end, ${residentMiBEarly.toFixed(0)} MiB after a fifth of the frames`,
    Number.isNaN(residentMiB) || residentMiB < 3 * residentMiBEarly + 64,
    "",
  ],
];
for (const [title, isTrue, details] of verdicts) {
  console.log(`${isTrue ? "ok  " : "FAIL"} ${title}${isTrue ? "" : `\n     ${JSON.stringify(details, null, 1)}`}`);
}
const failed = verdicts.filter(([, isTrue]) => !isTrue).length;
console.log(`${verdicts.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

/** One client after the other. */
async function comeAndGo(seedOfThese: number): Promise<void> {
  const random = createRandom(seedOfThese);
  while (!isOver(tally)) {
    await talk(server.wsUrl, tally, random);
    if (tally.frames >= framesMax / 5 && Number.isNaN(residentMiBEarly)) residentMiBEarly = workerd.residentMiB();
  }
}

/** After all of that a person comes and works. */
async function requireAlive(): Promise<void> {
  const ended: string[] = [];
  const probe = await ProbeClient.open(server.wsUrl, {
    onMessage: ({ method, params }) => {
      if (method === "turn/completed") ended.push(`${params.threadId} ${params.turn.status}`);
    },
  });
  const { thread } = await probe.request("thread/start", {});
  await probe.request("turn/start", { threadId: thread.id, input: inputs[0] as object });
  for (const deadline = Date.now() + patienceMs; !ended.includes(`${thread.id} completed`); ) {
    if (Date.now() > deadline) throw new Error("after the fuzzing a turn does not complete");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await probe.close();
}
