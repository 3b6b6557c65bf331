/**
 * What `/metrics` says is what clients counted by themselves, exactly. A crowd works on a real server: some leave and come back for what
 * they missed, each diff is accepted or declined. Then the whole server is killed in the middle of its turns, and what is counted from
 * logs has to be exact still. `npm run check:metrics -- --threads 8 --rounds 6`
 */
import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { compare, type Expected, patienceMs } from "./metrics/compare.ts";
import { LogCounts } from "./metrics/log-counts.ts";
import { bundleWorker, startMiniflare } from "./miniflare-server.ts";
import { ProbeClient, type ProbeMessage } from "./probe-client.ts";
import { pause } from "./process-group.ts";

const { values } = parseArgs({ options: { threads: { type: "string" }, rounds: { type: "string" } } });
const threadsWanted = Number(values.threads ?? 8);
const rounds = Number(values.rounds ?? 6);
const scraperToken = randomUUID().repeat(2);

/** What the clients counted. */
const counted = {
  framesSent: 0,
  replays: 0,
  replayedFrames: 0,
  sockets: 0,
};
/** Thread → its frames by their number, whoever heard them. */
const logs = new Map<string, Map<number, ProbeMessage>>();
let passed = 0;
let failed = 0;

/** One client on one thread, which counts every frame of a log that reaches it. */
class Follower {
  readonly threadId: string;
  private readonly url: string;
  private client: ProbeClient | null = null;
  private cursor = 0;
  private missedThrough = 0;
  /** Whether it answers what is asked, and with what. */
  decide: (() => "accept" | "decline") | null = null;

  constructor(url: string, threadId: string) {
    this.url = url;
    this.threadId = threadId;
  }

  /** Begins the thread, and follows it from its first frame. */
  static async create(url: string): Promise<Follower> {
    const follower = new Follower(url, randomUUID());
    const { client } = await follower.open();
    await client.request("thread/start", { threadId: follower.threadId, approvalPolicy: "on-request" });
    return follower;
  }

  /** Comes to the thread, or comes back to it for everything that it missed. */
  async follow(): Promise<void> {
    const { client } = await this.open();
    const { seq = 0 } = await client.ask("thread/resume", {
      threadId: this.threadId,
      afterSeq: this.cursor,
      excludeTurns: true,
    });
    counted.replays += 1;
    this.missedThrough = seq;
    // What was missed comes behind the answer.
    await this.until(() => this.cursor >= seq);
  }

  /** Leaves while nothing is on its way. */
  async leave(): Promise<void> {
    await this.client?.close();
    this.client = null;
    counted.sockets -= 1;
  }

  /** The server took the socket along. */
  lost(): void {
    this.client = null;
  }

  /** A turn from its first word to its end. */
  async turn(text: string): Promise<void> {
    const after = this.cursor;
    await this.begin(text);
    await this.until(() => this.ended(after));
  }

  async begin(text: string): Promise<void> {
    await this.client?.request("turn/start", {
      threadId: this.threadId,
      clientUserMessageId: randomUUID(),
      input: [{ type: "text", text }],
    });
  }

  ended(after: number): boolean {
    return [...this.log].some(([seq, { method }]) => seq > after && method === "turn/completed");
  }

  /** The thread rests: as many turns ended as began, and nothing follows. */
  async untilRest(): Promise<void> {
    await this.until(() => {
      const methods = [...this.log.values()].map(({ method }) => method);
      const of = (wanted: string) => methods.filter((method) => method === wanted).length;
      return of("turn/started") === of("turn/completed");
    });
    await pause(200);
  }

  async until(isSo: () => boolean): Promise<void> {
    const deadline = Date.now() + patienceMs;
    while (!isSo()) {
      if (Date.now() > deadline) throw new Error(`thread ${this.threadId} stands still at frame ${this.cursor}`);
      await pause(5);
    }
  }

  get lastSeq(): number {
    return this.cursor;
  }

  private get log(): Map<number, ProbeMessage> {
    const known = logs.get(this.threadId) ?? new Map<number, ProbeMessage>();
    logs.set(this.threadId, known);
    return known;
  }

  private async open(): Promise<{ client: ProbeClient }> {
    const client = await ProbeClient.open(this.url, { replay: true, onMessage: (message) => this.take(message) });
    this.client = client;
    counted.sockets += 1;
    return { client };
  }

  private take(message: ProbeMessage): void {
    const { seq, id, method } = message;
    // Without a number it is no frame of a log.
    if (seq === undefined) return;
    counted.framesSent += 1;
    if (seq <= this.missedThrough) counted.replayedFrames += 1;
    this.log.set(seq, message);
    this.cursor = Math.max(this.cursor, seq);
    if (method === "item/fileChange/requestApproval" && id !== undefined && this.decide)
      this.client?.answer(id, { decision: this.decide() });
  }
}

const bundle = await bundleWorker();
const server = await startMiniflare({
  bundle,
  env: {
    SPINDLE_REHEARSAL_INTERVAL_MS: "5",
    SPINDLE_METRICS_INTERVAL_MS: "500",
    SPINDLE_METRICS_TOKEN: scraperToken,
  },
});
try {
  const begun = performance.now();
  const pairs = await Promise.all(
    Array.from({ length: threadsWanted }, async () => {
      const owner = await Follower.create(server.wsUrl);
      const guest = new Follower(server.wsUrl, owner.threadId);
      await guest.follow();
      return { owner, guest };
    }),
  );
  await Promise.all(pairs.map(work));
  console.log(`${threadsWanted} threads, ${threadsWanted * 2} clients, ${rounds} rounds: ${seconds(begun)} s`);
  await judge("a crowd at work", [...ofLogs(), ...ofSockets()]);

  for (const { owner } of pairs) owner.decide = () => "accept";
  await Promise.all(pairs.map(({ owner }) => owner.begin("count to 120\nwrite after.txt: the kill")));
  // Some are streaming, some have not begun, some may have ended.
  await pause(250);
  await server.restart();
  for (const { owner, guest } of pairs) for (const follower of [owner, guest]) follower.lost();
  await Promise.all(pairs.map(({ owner }) => owner.follow()));
  await Promise.all(pairs.map(({ owner }) => owner.untilRest()));
  // What a socket of the killed server was handed nobody knows; what stands in the logs everybody does.
  await judge("after SIGKILL in the middle of turns", ofLogs());
} finally {
  await server.close();
  rmSync(bundle, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 ? 1 : 0);

/** The owner works; the guest is away for every other turn, and comes back for what it missed. */
async function work({ owner, guest }: { owner: Follower; guest: Follower }, place: number): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    owner.decide = () => ((round + place) % 3 === 0 ? "decline" : "accept");
    if (round % 2 === 0) await guest.leave();
    await owner.turn(round % 3 === 2 ? "say done" : `count to 20\nwrite file${round}.txt: ${place}`);
    await owner.untilRest();
    if (round % 2 === 0) await guest.follow();
    await guest.until(() => guest.lastSeq === owner.lastSeq);
  }
}

function ofLogs(): Expected[] {
  const counts = new LogCounts();
  for (const log of logs.values()) for (const frame of log.values()) counts.take(frame);
  return counts.expected();
}

function ofSockets(): Expected[] {
  return [
    ["spindle_frames_sent_total", {}, counted.framesSent],
    ["spindle_replays_total", {}, counted.replays],
    ["spindle_replay_seconds_count", {}, counted.replays],
    ["spindle_replayed_frames_total", {}, counted.replayedFrames],
    ["spindle_sockets_open", {}, counted.sockets],
  ];
}

async function judge(when: string, expected: Expected[]): Promise<void> {
  const judged = await compare({ url: server.url, token: scraperToken }, when, expected);
  passed += judged.passed;
  failed += judged.failed;
}

function seconds(since: number): number {
  return Math.round((performance.now() - since) / 1_000);
}
