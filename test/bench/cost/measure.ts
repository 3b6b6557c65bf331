/** Turns on the shipped objects, and what they make Cloudflare bill: counted, not timed. */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createClient } from "#client/client";
import type { ThreadHandle } from "#client/thread-handle";
import { bundleWorker, startMiniflare } from "../../checks/miniflare-server.ts";
import { pause } from "../../checks/process-group.ts";

export type Counts = Record<string, number>;

export interface Measured {
  turns: number;
  threads: number;
  /** Of all turns together, without what opening connections and threads costs. */
  ofTurns: Counts;
  /** Of opening and closing one connection. */
  ofConnection: Counts;
  /** Of beginning one thread. */
  ofThread: Counts;
}

/** The outboxes rest so long before what they owe has left, and the metrics have heard what was counted last. */
const settleMs = 12_000;
const wordsPerTurn = 50;

export interface Occasion {
  turns: number;
  threads: number;
  /** Milliseconds between two words of the model: with many, a turn lasts as long as a real one. */
  wordMs: number;
  /** Whether each thread has a client of its own, all at work at the same time; else one client works in one thread after the other. */
  isCrowd: boolean;
}

/** What is told by the clock, and not by what happened: the reports of objects to the metrics. */
export function toldByClock(what: string): boolean {
  return what.endsWith(" Metrics");
}

/**
 * A turn's rows, calls and messages are those of turns in quick succession; what objects tell by the clock is counted over turns of `seconds`,
 * each thread with a client of its own: in quick succession several turns would share a report.
 */
export async function measure(size: { turns: number; threads: number; seconds: number }): Promise<Measured> {
  const quick = await count({ ...size, wordMs: 5, isCrowd: false });
  const turns = 2 * size.threads;
  const slow = await count({ turns, threads: size.threads, wordMs: (size.seconds * 1_000) / wordsPerTurn, isCrowd: true });
  const ofTurns = Object.fromEntries([
    ...Object.entries(quick.ofTurns).filter(([what]) => !toldByClock(what)),
    ...Object.entries(slow.ofTurns)
      .filter(([what]) => toldByClock(what))
      .map(([what, times]) => [what, (times * size.turns) / turns] as const),
  ]);
  return { ...quick, ofTurns };
}

async function count({ turns, threads, wordMs, isCrowd }: Occasion): Promise<Measured> {
  const bundle = await bundleWorker();
  renameSync(join(bundle, "index.js"), join(bundle, "spindle.js"));
  const front = readFileSync(join(import.meta.dirname, "index.js"), "utf8").replace("= BILLED", `= ${JSON.stringify(billed())}`);
  writeFileSync(join(bundle, "index.js"), front);
  const operator = "fedcba9876543210fedcba9876543210";
  const server = await startMiniflare({
    bundle,
    modules: ["spindle.js"],
    env: { SPINDLE_OPERATOR_TOKEN: operator, SPINDLE_REHEARSAL_INTERVAL_MS: String(wordMs) },
  });
  const counted = async () => (await (await fetch(`${server.url}/counted`)).json()) as Counts;
  const made = await fetch(`${server.url}/tokens`, {
    method: "POST",
    headers: { authorization: `Bearer ${operator}`, "content-type": "application/json" },
    body: '{"account":"bench"}',
  });
  const { token } = (await made.json()) as { token: string };
  const connect = () => createClient({ url: server.wsUrl, token, clientInfo: { name: "bench-cost", version: "1" } });
  try {
    // What is made once for a server is not what one more costs.
    const first = connect();
    await first.ready;
    await turn(await first.openThread((await first.startThread()).id), 0);
    first.close();
    await pause(settleMs);
    await counted();

    const client = connect();
    await client.ready;
    await pause(settleMs);
    const ofConnection = await counted();
    const ids: string[] = [];
    for (let nth = 0; nth < threads; nth++) ids.push((await client.startThread()).id);
    await pause(settleMs);
    const ofThread = scaled(await counted(), 1 / threads);
    // Of its own for each thread where there is a crowd; that others come is counted with nobody's turns.
    const others = isCrowd ? ids.slice(1).map(connect) : [];
    await Promise.all(others.map(({ ready }) => ready));
    const clients = [client, ...others];
    const openThreads = ids.map((id, place) => (clients[place] ?? client).openThread(id));
    await Promise.all(openThreads);
    await pause(settleMs);
    await counted();
    const work = async (place: number) => turn((await openThreads[place % threads]) as ThreadHandle, place);
    if (isCrowd)
      await Promise.all(
        ids.map(async (_, place) => {
          for (let nth = place; nth < turns; nth += threads) await work(nth);
        }),
      );
    else for (let nth = 0; nth < turns; nth++) await work(nth);
    await pause(settleMs);
    const ofTurns = await counted();
    for (const each of clients) each.close();
    return { turns, threads, ofTurns, ofConnection, ofThread };
  } finally {
    await server.close();
    rmSync(bundle, { recursive: true, force: true });
  }
}

/** Names without `Object`, as the counts have them. */
function billed(): Record<string, string[]> {
  const file = join(import.meta.dirname, "../../deploy/deployed-calls.json");
  const calls = JSON.parse(readFileSync(file, "utf8")) as Record<string, Record<string, number>>;
  return Object.fromEntries(
    Object.entries(calls).map(([name, methods]) => {
      return [name.replace(/Object$/, ""), [...Object.keys(methods), "alarm", "webSocketMessage"]];
    }),
  );
}

/** A question, fifty words that stream, a command that looks, a diff, a yes. */
async function turn(thread: ThreadHandle, nth: number): Promise<void> {
  const { turn } = await thread.send(`count ${wordsPerTurn}\nrun ls\nwrite notes-${nth % 8}.txt: turn ${nth}`);
  const asked = await thread.until(({ requests }) => requests.some(({ method }) => method === "item/fileChange/requestApproval"));
  const request = asked.requests.find(({ method }) => method === "item/fileChange/requestApproval");
  thread.answer(request?.id ?? "", "accept");
  await thread.until(({ turns }) => turns.some(({ id, status }) => id === turn.id && status === "completed"));
}

function scaled(counts: Counts, by: number): Counts {
  return Object.fromEntries(Object.entries(counts).map(([what, times]) => [what, Math.round(times * by * 100) / 100]));
}
