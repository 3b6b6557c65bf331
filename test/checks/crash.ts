/**
 * Kills the whole server, again and again, while several clients work on several threads; then holds what they saw against the log.
 * `npm run check:crash -- --kills 50 --seed 7`. The seed makes the same choices; the moments are the machine's own.
 */
import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import type { Frame } from "#core/frame";
import { reduce } from "#core/reduce";
import type { Thread } from "#core/thread";
import { createRandom, type Random } from "../support/random.ts";
import { CrashClient, type Field, pause } from "./crash-clients.ts";
import { judge } from "./crash-verdict.ts";
import { bundleWorker, startMiniflare } from "./miniflare-server.ts";
import { ProbeClient, ProbeDisconnected, ProbeRefusal } from "./probe-client.ts";

const { values } = parseArgs({ options: { kills: { type: "string" }, seed: { type: "string" }, verbose: { type: "boolean" } } });
const killsWanted = Number(values.kills ?? 50);
const seed = Number(values.seed ?? Math.floor(Math.random() * 1_000_000));
const policies = ["on-request", "on-request", "untrusted", "untrusted", "never"] as const;
/** How long the last turns may take when nobody is killed any more. */
const settleTimeoutMs = 60_000;

let passed = 0;
const failures: string[] = [];
/** Answers to `turn/start` that died with the server, and messages sent again although they were answered. */
let lostAnswers = 0;
let repeated = 0;

function check(title: string, isTrue: boolean, details = ""): void {
  if (isTrue) passed += 1;
  else failures.push(title);
  console.log(`${isTrue ? "ok  " : "FAIL"} ${title}${isTrue || !details ? "" : `\n     ${details}`}`);
}

/** One thread that is given work as long as the field wants it. */
interface Worked {
  threadId: string;
  policy: string;
  clients: CrashClient[];
  messages: Map<string, Set<string>>;
  /** So that every file and line is one of a kind. */
  lastMark: number;
  turnsBegun: number;
}

const startedAt = performance.now();
console.log(`crash: ${killsWanted} kills, seed ${seed}`);
const bundle = await bundleWorker();
try {
  await Promise.all([killRounds(), alarmRound()]);
} finally {
  rmSync(bundle, { recursive: true, force: true });
}
console.log(`${Math.round((performance.now() - startedAt) / 1000)} s, seed ${seed}`);
console.log(`${passed} passed, ${failures.length} failed`);
process.exit(failures.length > 0 ? 1 : 0);

async function killRounds(): Promise<void> {
  const random = createRandom(seed);
  const surprises: string[] = [];
  const field: Field = {
    random,
    kills: 0,
    isOpen: true,
    approvals: new Map(),
    counts: { frames: 0, answers: 0, lateAnswers: 0, askedAgain: 0, reconnects: 0 },
    fail(what) {
      surprises.push(what);
      console.log(`  ! kill ${field.kills}: ${what}`);
    },
  };
  const server = await startMiniflare({ bundle, env: { SPINDLE_REHEARSAL_INTERVAL_MS: "10" } });
  try {
    const threads = await startThreads(server.wsUrl);
    const clients = openClients(field, server.wsUrl, threads);
    const running = clients.map((client) => client.run());
    const drivers = threads.map((thread) => drive(field, thread));
    let restartMs = 0;
    while (field.kills < killsWanted) {
      // Mostly in the middle of things; now and then while the clients are only just coming back.
      await pause(random.chance(0.2) ? random.below(150) : 200 + random.below(1_200));
      field.kills += 1;
      const killedAt = performance.now();
      await server.restart();
      restartMs += performance.now() - killedAt;
      if (field.kills % 10 === 0) console.log(`  ${field.kills} kills, ${field.counts.frames} frames`);
    }
    const kills = field.kills;
    field.kills = Number.POSITIVE_INFINITY;
    // What was left open over a kill waits for somebody who sees it again.
    for (const client of clients) await client.current?.close();
    const settled = await Promise.race([Promise.all(drivers).then(() => true), pause(settleTimeoutMs).then(() => false)]);
    check("every turn ends by itself when the kills end", settled, settled ? "" : stuck(threads));
    await pause(300);
    const totals = await judgeAll(field, threads, clients, server.wsUrl);
    check(
      "no client got a frame twice, late, changed or out of order, and all were asked again",
      surprises.length === 0,
      surprises[0],
    );
    check("nothing failed inside the server", !/stepFailed|requestFailed/.test(server.logs()), firstError(server.logs()));
    field.isOpen = false;
    for (const client of clients) await client.current?.close();
    await Promise.all(running);
    const retries = threads.reduce((sum, { messages }) => sum + messages.size, 0);
    console.log(
      `${kills} kills (${Math.round(restartMs / kills)} ms until it served again), ${totals.turns} turns from ${retries} messages, ${lostAnswers} answers to turn/start lost, ` +
        `${repeated} repeated on purpose, ${totals.approvals} approvals (${field.counts.answers} answers, ${field.counts.lateAnswers} too late, ${field.counts.askedAgain} asked again), ` +
        `${totals.landed} changes landed, ${totals.declined} not, ${totals.cut} commands died while they ran; ${totals.logged} frames in the logs, ${field.counts.frames} received, ${field.counts.reconnects} connections`,
    );
  } finally {
    await server.close();
  }
}

async function startThreads(wsUrl: string): Promise<Worked[]> {
  const client = await ProbeClient.open(wsUrl);
  const threads: Worked[] = [];
  for (const policy of policies) {
    const { thread } = await client.request("thread/start", { approvalPolicy: policy });
    threads.push({ threadId: thread.id, policy, clients: [], messages: new Map(), lastMark: 0, turnsBegun: 0 });
  }
  await client.close();
  return threads;
}

/** One client follows everything, two a part of it, and one sits at a thread's own door. */
function openClients(field: Field, wsUrl: string, threads: Worked[]): CrashClient[] {
  const ids = threads.map(({ threadId }) => threadId);
  const direct = ids[1] ?? "";
  const clients = [
    new CrashClient(field, { name: "all", url: wsUrl, threadIds: ids }),
    new CrashClient(field, { name: "even", url: wsUrl, threadIds: ids.filter((_, index) => index % 2 === 0) }),
    new CrashClient(field, { name: "odd", url: wsUrl, threadIds: ids.filter((_, index) => index % 2 === 1) }),
    new CrashClient(field, { name: "direct", url: `${wsUrl}/threads/${direct}`, threadIds: [direct] }),
  ];
  for (const thread of threads) thread.clients = clients.filter(({ followed }) => followed.has(thread.threadId));
  return clients;
}

/** One turn after another until the kills end. */
async function drive(field: Field, thread: Worked): Promise<void> {
  while (field.kills < killsWanted) {
    const turnIds = [await send(field, thread, script(field.random, thread))];
    thread.turnsBegun += 1;
    if (field.random.chance(0.15)) {
      await pause(field.random.below(300));
      // Into the running turn, if it still runs.
      turnIds.push(await send(field, thread, `say steered ${thread.lastMark}`));
    }
    for (const turnId of turnIds) {
      while (!thread.clients.some(({ followed }) => hasEnded(followed.get(thread.threadId)?.fold ?? null, turnId)))
        await pause(20);
    }
  }
}

/** Sends a message until an answer comes, and sometimes once more; every answer has to name the same turn. */
async function send(field: Field, thread: Worked, text: string): Promise<string> {
  const { random } = field;
  const clientUserMessageId = randomUUID();
  const named = new Set<string>();
  thread.messages.set(clientUserMessageId, named);
  const params = { threadId: thread.threadId, clientUserMessageId, input: [{ type: "text", text }] };
  let turnId: string | null = null;
  for (let again = random.chance(0.2); turnId === null || again; ) {
    const client = random.pick(thread.clients).current;
    if (!client) {
      await pause(10);
      continue;
    }
    try {
      const { turn } = await client.request("turn/start", params);
      named.add(turn.id);
      if (turnId !== null) {
        again = false;
        repeated += 1;
      }
      turnId = turn.id;
    } catch (error) {
      if (error instanceof ProbeRefusal) throw error;
      if (!(error instanceof ProbeDisconnected)) throw error;
      lostAnswers += 1;
    }
  }
  return turnId;
}

function hasEnded(fold: Thread | null, turnId: string): boolean {
  const turn = fold?.turns.find(({ id }) => id === turnId);
  return turn !== undefined && turn.status !== "inProgress";
}

/** A few instructions of the rehearsal. Files are written once and edited once; lines of the common log are one of a kind. */
function script(random: Random, thread: Worked): string {
  const lines: string[] = [];
  const count = 1 + random.below(4);
  for (let line = 0; line < count; line++) {
    thread.lastMark += 1;
    const mark = thread.lastMark;
    switch (random.below(10)) {
      case 0:
        lines.push("count 30");
        break;
      case 1:
        lines.push(`think about ${mark}, for a while`, `say thought about ${mark}`);
        break;
      case 2:
      case 3:
        lines.push(`write f${mark}.txt: alpha-${mark}`);
        if (random.chance(0.7)) lines.push(`replace "alpha-${mark}" with "beta-${mark}" in f${mark}.txt`);
        break;
      case 4:
      case 5:
        lines.push(`run echo mark-${mark} >> log.txt`);
        break;
      case 6:
        lines.push(`run for i in 1 2 3; do echo mark-${mark}-$i >> log.txt; done`);
        break;
      case 7:
        // Long enough to be killed in the middle. It has to wait for something: what only computes is stored as a whole or not at all.
        lines.push(`run sleep 0.3; echo mark-${mark} >> log.txt`);
        break;
      case 8:
        lines.push("run seq 1 40");
        break;
      default:
        lines.push(random.chance(0.2) ? "fail 400" : `say ${mark} is a number`);
    }
  }
  return lines.join("\n");
}

interface Totals {
  turns: number;
  approvals: number;
  landed: number;
  declined: number;
  /** Commands that were running when the server died. */
  cut: number;
  logged: number;
}

async function judgeAll(field: Field, threads: Worked[], clients: CrashClient[], wsUrl: string): Promise<Totals> {
  const totals: Totals = { turns: 0, approvals: 0, landed: 0, declined: 0, cut: 0, logged: 0 };
  const complaints = {
    log: [] as string[],
    received: [] as string[],
    folds: [] as string[],
    story: [] as string[],
    files: [] as string[],
  };
  for (const thread of threads) {
    const log = await readLog(wsUrl, thread.threadId);
    totals.logged += log.texts.length - 1;
    if (log.problem) complaints.log.push(log.problem);
    for (const client of clients) {
      const followed = client.followed.get(thread.threadId);
      if (!followed) continue;
      const missing = followed.texts.findIndex((text, seq) => text !== "" && text !== log.texts[seq]);
      if (missing >= 0) {
        complaints.received.push(`${client.name}: seq ${missing} was ${followed.texts[missing]} and is ${log.texts[missing]}`);
      }
      if (followed.texts.length !== log.texts.length) {
        complaints.received.push(
          `${client.name}: has ${followed.texts.length - 1} of ${log.texts.length - 1} frames of ${thread.threadId}`,
        );
      }
      if (JSON.stringify(followed.fold) !== JSON.stringify(log.fold)) complaints.folds.push(`${client.name}: ${thread.threadId}`);
    }
    if (JSON.stringify(log.read.turns) !== JSON.stringify(log.fold?.turns)) {
      complaints.folds.push(`thread/read of ${thread.threadId}: ${firstDifference(log.read.turns, log.fold?.turns ?? [])}`);
    }
    const verdict = judge({ frames: log.frames, approvals: field.approvals, messages: thread.messages });
    complaints.story.push(...verdict.complaints);
    for (const [path, content] of verdict.files) {
      const actual = await log.file(path);
      if (actual !== content)
        complaints.files.push(`${path} holds ${JSON.stringify(actual)} instead of ${JSON.stringify(content)}`);
    }
    for (const path of verdict.absent) {
      if ((await log.file(path)) !== null) complaints.files.push(`${path} is there, and was never accepted`);
    }
    for (const key of ["turns", "approvals", "landed", "declined", "cut"] as const) totals[key] += verdict[key];
    await log.close();
  }
  const told = (list: string[]) => `${list.length}: ${list.slice(0, 5).join("\n     ")}`.slice(0, 4_000);
  check("every log is 1, 2, 3 … without a gap", complaints.log.length === 0, told(complaints.log));
  check(
    "every frame anybody ever got stands in the log, word for word",
    complaints.received.length === 0,
    told(complaints.received),
  );
  check(
    "who came and went folds to the same thread as who comes new, and as thread/read says",
    complaints.folds.length === 0,
    told(complaints.folds),
  );
  check(
    "every turn ends once, every item ends, every approval is what somebody answered, every message made one turn",
    complaints.story.length === 0,
    told(complaints.story),
  );
  check(
    "accepted changes are in the files exactly once, declined ones never",
    complaints.files.length === 0,
    told(complaints.files),
  );
  return totals;
}

/** Everything about a thread by a client that was never there before. */
async function readLog(wsUrl: string, threadId: string) {
  const texts = [""];
  const frames: Frame[] = [];
  let fold: Thread | null = null;
  let problem: string | null = null;
  const client = await ProbeClient.open(wsUrl, {
    replay: true,
    name: "fresh",
    onMessage(message, text) {
      const { seq = 0 } = message;
      // Streamed text may leave the log minutes after its item completed; this check takes less long, so that nothing may be missing.
      if (seq !== texts.length) problem ??= `${threadId}: seq ${seq} came behind ${texts.length - 1}`;
      texts.push(text);
      frames.push(message as unknown as Frame);
      fold = reduce(fold, message as unknown as Frame);
    },
  });
  const { seq: end = 0 } = await client.ask("thread/resume", { threadId, afterSeq: 0, excludeTurns: true });
  for (let waitedMs = 0; texts.length - 1 < end && waitedMs < 10_000; waitedMs += 10) await pause(10);
  if (texts.length - 1 !== end) problem ??= `${threadId}: ${texts.length - 1} of ${end} frames came`;
  const { thread } = await client.request("thread/read", { threadId, includeTurns: true });
  return {
    texts,
    frames,
    fold: fold as Thread | null,
    problem: problem as string | null,
    read: thread,
    async file(path: string): Promise<string | null> {
      try {
        const { dataBase64 } = await client.request("fs/readFile", { threadId, path });
        return Buffer.from(dataBase64, "base64").toString();
      } catch (error) {
        if (error instanceof ProbeRefusal) return null;
        throw error;
      }
    },
    close: () => client.close(),
  };
}

/** Beside the others, on a server of its own: nobody comes back, and the turn goes on all the same, because the object's alarm wakes it. */
async function alarmRound(): Promise<void> {
  const server = await startMiniflare({ bundle, env: { SPINDLE_REHEARSAL_INTERVAL_MS: "50" } });
  try {
    const client = await ProbeClient.open(server.wsUrl);
    const { thread } = await client.request("thread/start", { approvalPolicy: "never" });
    const input = [{ type: "text", text: "count 40\nwrite alone.txt: nobody watched\nsay done" }];
    await client.request("turn/start", { threadId: thread.id, input });
    await pause(500);
    await server.restart();
    const restartedAt = Date.now();
    while (!server.logs().includes('"threadWoke"') && Date.now() - restartedAt < 45_000) await pause(100);
    const wokeAfterMs = Date.now() - restartedAt;
    await pause(5_000);
    const wakes = server.logs().split('"threadWoke"').length - 1;
    const log = await readLog(server.wsUrl, thread.id);
    const last = log.fold?.turns.at(-1);
    check(
      `a turn goes on when nobody comes back (its alarm woke it after ${Math.round(wokeAfterMs / 100) / 10} s)`,
      last?.status === "completed" && wakes === 1 && (await log.file("/workspace/alone.txt")) === "nobody watched\n",
      `${last?.status}, woke ${wakes} times`,
    );
    await log.close();
  } finally {
    await server.close();
  }
}

function stuck(threads: Worked[]): string {
  return threads
    .flatMap(({ threadId, policy, clients }) => {
      const followed = clients[0]?.followed.get(threadId);
      const fold = followed?.fold;
      if (fold?.status.type !== "active") return [];
      return [
        `${threadId} (${policy}): ${JSON.stringify({ status: fold.status, requests: fold.requests.map(({ id }) => id) })}, last ${followed?.texts.at(-1)?.slice(0, 300)}`,
      ];
    })
    .join("\n     ");
}

function firstError(logs: string): string {
  return (
    logs
      .split("\n")
      .find((line) => /stepFailed|requestFailed/.test(line))
      ?.slice(0, 1_500) ?? ""
  );
}

function firstDifference(one: unknown[], other: unknown[]): string {
  const index = one.findIndex((entry, at) => JSON.stringify(entry) !== JSON.stringify(other[at]));
  const [left = "", right = ""] = [JSON.stringify(one[index]), JSON.stringify(other[index])];
  let at = 0;
  while (at < left.length && left[at] === right[at]) at++;
  return `${left.slice(Math.max(0, at - 80), at + 80)} | ${right.slice(Math.max(0, at - 80), at + 80)}`;
}
