/**
 * Clients that do not read, on real workerd: `npm run check:slow`. One acknowledges what it reads and then stops, one is as Codex's and
 * stops, one reads slowly. The first two are closed with 1013 while the server's memory stays within the bound, and hear everything when
 * they come back; the slow one is never closed.
 */
import { rmSync } from "node:fs";
import { limits } from "#core/limits";
import { workerdBelow } from "../bench/workerd-process.ts";
import { bundleWorker, startMiniflare } from "./miniflare-server.ts";
import { ProbeClient } from "./probe-client.ts";
import { pause } from "./process-group.ts";
import { RawClient } from "./raw-client.ts";

/** What a workerd may take beside the bound: its own collector's slack, and what the check itself makes it do. */
const slackMiB = 160;
const lines = 50_000;

let passed = 0;
let failed = 0;
function check(what: string, holds: boolean, seen?: unknown): void {
  if (holds) passed += 1;
  else failed += 1;
  console.log(`${holds ? "ok  " : "FAIL"} ${what}${holds || seen === undefined ? "" : `: ${JSON.stringify(seen)}`}`);
}

/** All frames of the thread by `seq`, as one client heard them. */
class Heard {
  readonly frames = new Map<number, string>();
  last = 0;
  characters = 0;
  turnsCompleted = 0;
  readonly take = ({ seq, method }: { seq?: number; method?: string }, text: string) => {
    if (seq === undefined) return;
    this.frames.set(seq, text);
    this.last = Math.max(this.last, seq);
    this.characters += text.length;
    if (method === "turn/completed") this.turnsCompleted += 1;
  };
}

const bundle = await bundleWorker();
const server = await startMiniflare({ bundle });
try {
  await run();
} finally {
  await server.close();
  rmSync(bundle, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

async function run(): Promise<void> {
  const workerd = workerdBelow(server.pid);
  const witness = new Heard();
  const front = await ProbeClient.open(server.wsUrl, { replay: true, onMessage: witness.take });
  const { thread } = await front.request("thread/start", { approvalPolicy: "never" });
  const threadId = thread.id as string;
  await talk(front, witness, threadId);

  const stopped = await follow(threadId, { acknowledges: true });
  const silent = await follow(threadId, { acknowledges: false });
  const slow = await follow(threadId, { acknowledges: true });
  const before = workerd.residentMiB();
  stopped.raw.stopReading();
  silent.raw.stopReading();
  const pacing = readSlowly(slow.raw);

  const characters = 2 * limits.unreadSilentCharactersMax;
  const closes = () => server.logs().split('"slowClientClosed"').length - 1;
  const from = witness.characters;
  while (witness.characters - from < characters) await talk(front, witness, threadId);
  const said = witness.characters - from;
  for (let second = 0; second < (1.5 * limits.acknowledgeMsMax) / 1_000 && closes() < 2; second += 1) await pause(1_000);
  const grownMiB = workerd.residentMiB() - before;
  check(
    `${Math.round(said / 1e6)} million characters were said, and two clients that read nothing were closed`,
    closes() === 2,
    closes(),
  );
  check(`workerd grew by ${Math.round(grownMiB)} MiB, at most ${slackMiB}`, !(grownMiB > slackMiB), grownMiB);

  for (const [name, client] of [["that acknowledges", stopped] as const, ["as Codex's", silent] as const]) {
    client.raw.goOnReading();
    await Promise.race([client.raw.ended, pause(20_000)]);
    check(`a client ${name} finds that it was closed with 1013`, client.raw.closeCode === 1013, client.raw.closeCode);
  }
  const back = await follow(threadId, { acknowledges: true, afterSeq: stopped.heard.last });
  for (const [seq, text] of stopped.heard.frames) back.heard.frames.set(seq, text);
  await until(() => back.heard.last >= witness.last);
  check("it comes back, and then has every frame as the others have it", same(back.heard, witness));
  check("what it came back to was more than it may leave unread", witness.characters > limits.unreadCharactersMax);

  await until(() => slow.heard.last >= witness.last);
  clearInterval(pacing);
  check(
    "a client that reads slowly was not closed, and has every frame",
    slow.raw.closeCode === null && same(slow.heard, witness),
  );
  for (const { raw } of [back, slow]) raw.vanish();
  await front.close();
}

interface Follower {
  raw: RawClient;
  heard: Heard;
}

async function follow(
  threadId: string,
  { acknowledges, afterSeq = 0 }: { acknowledges: boolean; afterSeq?: number },
): Promise<Follower> {
  const raw = await RawClient.open(server.port);
  const heard = new Heard();
  let acknowledged = 0;
  raw.onMessage = (message, text) => {
    heard.take(message, text);
    const characters = raw.readCharacters - acknowledged;
    if (!acknowledges || characters < limits.acknowledgeCharacters) return;
    acknowledged = raw.readCharacters;
    raw.send({ method: "spindle/read", params: { characters } });
  };
  const extensions = acknowledges ? { "spindle/replay": {}, "spindle/acknowledge": {} } : {};
  await raw.request("initialize", {
    clientInfo: { name: "raw", title: null, version: "1" },
    capabilities: { experimentalApi: true, extensions },
  });
  raw.send({ method: "initialized" });
  await raw.request("thread/resume", { threadId, excludeTurns: true, ...(acknowledges ? { afterSeq } : {}) });
  return { raw, heard };
}

/** Ten times a second for a moment: a few hundred kilobytes a second, by the size of the kernel's buffers. */
function readSlowly(raw: RawClient): NodeJS.Timeout {
  raw.stopReading();
  return setInterval(() => {
    raw.goOnReading();
    setImmediate(() => raw.stopReading());
  }, 100);
}

/** A person's command that says a lot: its lines are frames, and so is the whole of it at its end. */
async function talk(front: ProbeClient, witness: Heard, threadId: string): Promise<void> {
  const before = witness.turnsCompleted;
  await front.request("thread/shellCommand", { threadId, command: `seq ${lines}` });
  await until(() => witness.turnsCompleted > before);
}

function same(one: Heard, other: Heard): boolean {
  return (
    one.last === other.last &&
    one.frames.size === other.frames.size &&
    [...other.frames].every(([seq, text]) => one.frames.get(seq) === text)
  );
}

async function until(isThere: () => boolean): Promise<void> {
  for (let times = 0; times < 12_000; times++) {
    if (isThere()) return;
    await pause(10);
  }
  throw new Error("what was waited for did not come within two minutes");
}
