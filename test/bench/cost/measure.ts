/** Turns on the shipped objects, and what they make Cloudflare bill: counted, not timed. */
import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Client, createClient } from "#client/client";
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

/** The outboxes rest so long before what they owe has left. */
const settleMs = 5_000;

export async function measure({ turns, threads }: { turns: number; threads: number }): Promise<Measured> {
  const bundle = await bundleWorker();
  renameSync(join(bundle, "index.js"), join(bundle, "spindle.js"));
  const front = readFileSync(join(import.meta.dirname, "index.js"), "utf8").replace("= BILLED", `= ${JSON.stringify(billed())}`);
  writeFileSync(join(bundle, "index.js"), front);
  const operator = "fedcba9876543210fedcba9876543210";
  const server = await startMiniflare({
    bundle,
    modules: ["spindle.js"],
    env: { SPINDLE_OPERATOR_TOKEN: operator, SPINDLE_REHEARSAL_INTERVAL_MS: "5" },
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
    await turn(first, (await first.startThread()).id, 0);
    first.close();
    await pause(settleMs);
    await counted();

    const client = connect();
    await client.ready;
    await pause(500);
    const ofConnection = await counted();
    const ids: string[] = [];
    for (let nth = 0; nth < threads; nth++) ids.push((await client.startThread()).id);
    await pause(1_000);
    const ofThread = scaled(await counted(), 1 / threads);
    for (let nth = 0; nth < turns; nth++) await turn(client, ids[nth % threads] ?? "", nth);
    await pause(settleMs);
    const ofTurns = await counted();
    client.close();
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
async function turn(client: Client, threadId: string, nth: number): Promise<void> {
  const thread = await client.openThread(threadId);
  const { turn } = await thread.send(`count 50\nrun ls\nwrite notes-${nth % 8}.txt: turn ${nth}`);
  const asked = await thread.until(({ requests }) => requests.some(({ method }) => method === "item/fileChange/requestApproval"));
  const request = asked.requests.find(({ method }) => method === "item/fileChange/requestApproval");
  thread.answer(request?.id ?? "", "accept");
  await thread.until(({ turns }) => turns.some(({ id, status }) => id === turn.id && status === "completed"));
}

function scaled(counts: Counts, by: number): Counts {
  return Object.fromEntries(Object.entries(counts).map(([what, times]) => [what, Math.round(times * by * 100) / 100]));
}
