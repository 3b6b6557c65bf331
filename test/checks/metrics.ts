/**
 * What `/metrics` says is what clients counted by themselves, exactly. A crowd works on a real server: some leave and come back for what
 * they missed, each diff is accepted or declined. Then the whole server is killed in the middle of its turns, and what is counted from
 * logs has to be exact still. `npm run check:metrics -- --threads 8 --rounds 6`
 */
import { randomUUID } from "node:crypto";
import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { type Family, parseOpenMetrics, sampleOf } from "../support/open-metrics.ts";
import { bundleWorker, startMiniflare } from "./miniflare-server.ts";
import { ProbeClient, type ProbeMessage } from "./probe-client.ts";
import { pause } from "./process-group.ts";

const { values } = parseArgs({ options: { threads: { type: "string" }, rounds: { type: "string" } } });
const threadsWanted = Number(values.threads ?? 8);
const rounds = Number(values.rounds ?? 6);
/** How long the last report may take to arrive. */
const patienceMs = 60_000;
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
  await compare("a crowd at work", [...ofLogs(), ...ofSockets()]);

  for (const { owner } of pairs) owner.decide = () => "accept";
  await Promise.all(pairs.map(({ owner }) => owner.begin("count to 120\nwrite after.txt: the kill")));
  // Some are streaming, some have not begun, some may have ended.
  await pause(250);
  await server.restart();
  for (const { owner, guest } of pairs) for (const follower of [owner, guest]) follower.lost();
  await Promise.all(pairs.map(({ owner }) => owner.follow()));
  await Promise.all(pairs.map(({ owner }) => owner.untilRest()));
  // What a socket of the killed server was handed nobody knows; what stands in the logs everybody does.
  await compare("after SIGKILL in the middle of turns", ofLogs());
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

type Expected = [name: string, labels: Record<string, string>, value: number];

function ofLogs(): Expected[] {
  const frames = [...logs.values()].flatMap((log) => [...log.values()]);
  const of = (method: string, is: (params: ProbeMessage["params"]) => boolean = () => true) =>
    frames.filter((frame) => frame.method === method && is(frame.params));
  const usage = of("thread/tokenUsage/updated").map(({ params }) => params.tokenUsage.last);
  const tokens = (kind: string) => usage.reduce((sum, last) => sum + last[kind], 0);
  const patches = (status: string) =>
    of("item/completed", ({ item }) => item.type === "fileChange" && item.status === status).length;
  const asked = of("item/fileChange/requestApproval").length;
  return [
    ["spindle_turns_started_total", {}, of("turn/started").length],
    ...(["completed", "failed", "interrupted"] as const).map(
      (status): Expected => [
        "spindle_turns_completed_total",
        { status },
        of("turn/completed", ({ turn }) => turn.status === status).length,
      ],
    ),
    ["spindle_turn_duration_seconds_count", {}, of("turn/completed").length],
    ["spindle_turns_running", {}, of("turn/started").length - of("turn/completed").length],
    ["spindle_frames_appended_total", {}, [...logs.values()].reduce((sum, log) => sum + Math.max(...log.keys()), 0)],
    ["spindle_approvals_requested_total", { kind: "file_change" }, asked],
    ["spindle_approvals_resolved_total", { kind: "file_change", decision: "accepted" }, patches("completed")],
    ["spindle_approvals_resolved_total", { kind: "file_change", decision: "declined" }, patches("declined")],
    ["spindle_approvals_pending", { kind: "file_change" }, asked - of("serverRequest/resolved").length],
    ["spindle_tool_runs_total", { tool: "apply_patch", outcome: "ok" }, patches("completed")],
    ["spindle_tool_runs_total", { tool: "apply_patch", outcome: "declined" }, patches("declined")],
    ["spindle_model_calls_total", { outcome: "completed" }, usage.length],
    ["spindle_model_tokens_total", { kind: "input" }, tokens("inputTokens")],
    ["spindle_model_tokens_total", { kind: "output" }, tokens("outputTokens")],
    ["spindle_frames_lost_total", {}, 0],
  ];
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

/** Waits until all of them are as expected, or will not be any more; then says each. */
async function compare(when: string, expected: Expected[]): Promise<void> {
  console.log(`\n${when}`);
  const deadline = Date.now() + patienceMs;
  let families = await scrape();
  const value = ([name, labels]: Expected) => sampleOf(families, name, labels);
  while (expected.some((one) => value(one) !== one[2]) && Date.now() < deadline) {
    await pause(500);
    families = await scrape();
  }
  for (const one of expected) {
    const [name, labels, wanted] = one;
    const isEqual = value(one) === wanted;
    if (isEqual) passed += 1;
    else failed += 1;
    const labelText = Object.values(labels).join(", ");
    console.log(`${isEqual ? "ok  " : "FAIL"} ${name} ${labelText}: clients ${wanted}, metrics ${value(one)}`);
  }
}

async function scrape(): Promise<Map<string, Family>> {
  const response = await fetch(`${server.url}/metrics`, {
    headers: { accept: "application/openmetrics-text;version=1.0.0", authorization: `Bearer ${scraperToken}` },
  });
  if (!response.ok) throw new Error(`/metrics answered ${response.status}: ${await response.text()}`);
  return parseOpenMetrics(await response.text());
}

function seconds(since: number): number {
  return Math.round((performance.now() - since) / 1_000);
}
