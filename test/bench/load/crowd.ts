/**
 * A crowd at work for some minutes: many sockets on fewer threads, always the same number of turns at once. Some clients read slowly, some
 * stop for a while, some read never again, some vanish and come back. Afterwards every client has its thread's log without a gap, and
 * `/metrics` has counted what the clients did.
 */
import { randomUUID } from "node:crypto";
import { limits } from "#core/limits";
import { compare, type Expected, scrape } from "../../checks/metrics/compare.ts";
import { LogCounts } from "../../checks/metrics/log-counts.ts";
import { pause } from "../../checks/process-group.ts";
import { sampleOf } from "../../support/open-metrics.ts";
import { createRandom, type Random } from "../../support/random.ts";
import { milliseconds, percentile } from "../statistics.ts";
import { LoadClient } from "./load-client.ts";
import { type Observation, Observer } from "./observer.ts";
import type { Stage } from "./stage.ts";
import { ThreadRecord } from "./thread-record.ts";
import type { Verdict } from "./verdict.ts";

export interface CrowdSize {
  sockets: number;
  threads: number;
  turnsAtOnce: number;
  accounts: number;
  seconds: number;
  seed: number;
}

/** A command of theirs says so much that who reads nothing of it is found out; see `limits.unreadHeldCharacters`. */
const loudThreads = 4;
/** Sockets that are opened at once: a crowd comes in a stream, not in one moment. */
const openedAtOnce = 20;
/** What workerd may grow by between the first third, when everybody is there, and the last. */
const grownMiBMax = 150;
const residentMiBMax = 1_500;
const observeMs = 5_000;

interface Member {
  front: LoadClient;
  followers: LoadClient[];
  isLoud: boolean;
  turns: number;
}

type Role = "steady" | "vanishing" | "trickling" | "pausing" | "stopped";

/** Returns what it found as rows of a table. */
export async function crowd(stage: Stage, size: CrowdSize, verdict: Verdict): Promise<string[][]> {
  const { field } = stage;
  const random = createRandom(size.seed);
  const counts = new LogCounts();
  const beganAt = performance.now();
  const members = await gather(stage, size, counts);
  const all = members.flatMap(({ front, followers }) => [front, ...followers]);
  console.log(`${all.length} sockets on ${members.length} threads of ${size.accounts} accounts: ${seconds(beganAt)} s`);

  const observer = new Observer(stage.workerd);
  const play = new Play(members, size, random);
  const watching = setInterval(() => {
    const { seconds, residentMiB, workerdCpuShare, ownCpuShare } = observer.observe();
    if (observer.observations.length % 6 !== 0) return;
    const told = [`${Math.round(seconds)} s`, `${counts.turnsEnded} turns`, `workerd ${Math.round(residentMiB)} MiB`];
    console.log(`${told.join(", ")}, ${percent(workerdCpuShare)} of a processor; we ${percent(ownCpuShare)}`);
  }, observeMs);
  await play.run();
  clearInterval(watching);
  const turnsPerSecond = counts.turnsEnded / size.seconds;

  const stopped = play.clientsOf("stopped");
  for (const deadline = Date.now() + 2 * limits.acknowledgeMsMax; Date.now() < deadline; await pause(500))
    if (stage.server.logs().split('"slowClientClosed"').length - 1 >= stopped.length) break;
  for (const client of stopped) await client.findItselfClosed();
  for (const client of stopped) await client.follow();
  for (const client of all) await client.until(() => client.cursor === client.record.lastSeq);
  const logs = await readLogs(members);

  verdict.check(`${counts.turnsEnded} turns began and ended completed`, counts.turnsCompleted === play.begun && play.begun > 0);
  verdict.check(`${play.mostAtOnce} turns worked at once`, play.mostAtOnce === size.turnsAtOnce);
  verdict.check(
    `${field.counted.framesHeard.toLocaleString("en")} frames came to clients, each in order and to the letter the same for all`,
    stage.field.problems.length === 0,
    stage.field.problems.slice(0, 5),
  );
  verdict.check(
    `the logs of all ${logs.threads} threads are what the clients heard: ${logs.frames.toLocaleString("en")} frames`,
    logs.different.length === 0 && logs.frames > 0,
    logs.different.slice(0, 5),
  );
  verdict.check(`${play.vanished} times a client vanished, and came back for what it missed`, play.vanished > 0);
  verdict.check(
    `${stopped.length} clients that read nothing were closed with 1013, and no others`,
    field.counted.closedAsSlow === stopped.length && stopped.length > 0,
    field.counted.closedAsSlow,
  );
  judgeMemory(observer, verdict);
  verdict.add(
    await compare(stage.metrics, "/metrics beside what the clients counted", [...counts.expected(), ...ofSockets(stage)]),
  );
  await judgeFramesSent(stage, verdict);
  return rowsOf({ observer, play, turnsPerSecond, framesHeard: field.counted.framesHeard, seconds: size.seconds });
}

/** Everybody comes: for each thread one who works, and others who follow. */
async function gather(stage: Stage, size: CrowdSize, counts: LogCounts): Promise<Member[]> {
  const tokens: string[] = [];
  for (let account = 0; account < size.accounts; account++) tokens.push(await stage.tokenOf(`load-${account}`));
  const followersEach = Math.floor(size.sockets / size.threads) - 1;
  const members = Array.from({ length: size.threads }, (_, place): Member => {
    const record = new ThreadRecord(randomUUID(), counts);
    const token = tokens[place % tokens.length] ?? "";
    const client = () => new LoadClient(stage.field, { token, record });
    return { front: client(), followers: Array.from({ length: followersEach }, client), isLoud: place < loudThreads, turns: 0 };
  });
  const coming = members.values();
  await Promise.all(
    Array.from({ length: openedAtOnce }, async () => {
      for (const { front, followers } of coming) {
        await front.start();
        for (const follower of followers) await follower.follow();
      }
    }),
  );
  return members;
}

class Play {
  begun = 0;
  vanished = 0;
  mostAtOnce = 0;
  readonly firstDeltaMs: number[] = [];
  readonly turnMs: number[] = [];
  private readonly members: Member[];
  private readonly size: CrowdSize;
  private readonly random: Random;
  private readonly roles: { client: LoadClient; role: Role }[];
  private atOnce = 0;
  private isOver = false;

  constructor(members: Member[], size: CrowdSize, random: Random) {
    this.members = members;
    this.size = size;
    this.random = random;
    this.roles = members.flatMap(({ followers, isLoud }, member) =>
      followers.map((client, place) => ({ client, role: roleOf({ place, member, isLoud }) })),
    );
  }

  clientsOf(wanted: Role): LoadClient[] {
    return this.roles.filter(({ role }) => role === wanted).map(({ client }) => client);
  }

  /** Until the time is over; then until all turns have ended, and everybody is back and reads. */
  async run(): Promise<void> {
    const deadline = performance.now() + this.size.seconds * 1_000;
    const resting = [...this.members];
    for (const client of this.clientsOf("stopped")) client.stopReading();
    const behaviours = Promise.all(this.roles.map(({ client, role }) => this.behave(client, role)));
    // Heard of below, unless a turn fails first.
    behaviours.catch(() => {});
    await Promise.all(
      Array.from({ length: this.size.turnsAtOnce }, async () => {
        while (performance.now() < deadline) {
          const member = resting.shift();
          if (!member) throw new Error("more turns at once than there are threads");
          await this.turn(member);
          resting.push(member);
        }
      }),
    );
    this.isOver = true;
    await behaviours;
  }

  private async turn(member: Member): Promise<void> {
    const { turns } = member;
    member.turns += 1;
    this.begun += 1;
    this.atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
    const text = textOf(member.isLoud && turns === 0, turns);
    const { firstDelta, whole } = await member.front.turn(text, turns % 4 === 3 ? "decline" : "accept");
    if (!Number.isNaN(firstDelta)) this.firstDeltaMs.push(firstDelta);
    this.turnMs.push(whole);
    this.atOnce -= 1;
  }

  private async behave(client: LoadClient, role: Role): Promise<void> {
    while (!this.isOver) {
      switch (role) {
        case "steady":
        case "stopped":
          return;
        case "vanishing":
          await this.rest(5_000, 30_000);
          // In the middle of a turn, where there is one.
          while (!this.isOver && !client.record.isWorking) await pause(100);
          if (this.isOver) return;
          client.vanish();
          this.vanished += 1;
          await this.rest(1_000, 6_000);
          await client.follow();
          break;
        case "pausing":
          client.stopReading();
          await this.rest(3_000, 12_000);
          client.goOnReading();
          await this.rest(1_000, 5_000);
          break;
        case "trickling":
          // For a moment, five times a second.
          client.stopReading();
          await pause(200);
          client.goOnReading();
          await new Promise((resolve) => setImmediate(resolve));
          break;
        default:
          role satisfies never;
      }
    }
  }

  /** Cut short by the end. */
  private async rest(leastMs: number, mostMs: number): Promise<void> {
    const until = Date.now() + leastMs + this.random.below(mostMs - leastMs);
    while (!this.isOver && Date.now() < until) await pause(100);
  }
}

/** Who reads never again is on a loud thread: on any other there is too little to be read for it to matter. */
function roleOf({ place, member, isLoud }: { place: number; member: number; isLoud: boolean }): Role {
  if (place === 1) return "vanishing";
  if (place >= 2 && isLoud) return "stopped";
  if (place === 2) return member % 2 === 0 ? "trickling" : "pausing";
  return "steady";
}

function textOf(isLoud: boolean, turn: number): string {
  if (isLoud) return "run seq 50000\nrun seq 50000\nsay that was much";
  if (turn % 3 === 0) return `count 40\nwrite file${turn % 8}.txt: turn ${turn}`;
  return turn % 3 === 1 ? "count 60" : "count 30\nrun seq 200";
}

/** Each thread's log from its first frame, as one more client reads it, against what the crowd heard. */
async function readLogs(members: Member[]): Promise<{ threads: number; frames: number; different: string[] }> {
  const different: string[] = [];
  let frames = 0;
  const reading = members.values();
  await Promise.all(
    Array.from({ length: openedAtOnce }, async () => {
      for (const { front } of reading) {
        const reader = front.another();
        await reader.follow();
        if (reader.cursor !== front.record.lastSeq) different.push(`${front.record.threadId}: the log ends at ${reader.cursor}`);
        frames += reader.cursor;
        reader.vanish();
      }
    }),
  );
  return { threads: members.length, frames, different };
}

function ofSockets({ field: { counted } }: Stage): Expected[] {
  return [
    ["spindle_replays_total", {}, counted.replays],
    ["spindle_replay_seconds_count", {}, counted.replays],
    ["spindle_replayed_frames_total", {}, counted.replayedFrames],
    ["spindle_sockets_open", {}, counted.sockets],
    ["spindle_slow_clients_closed_total", {}, counted.closedAsSlow],
  ];
}

/** What was handed to a socket whose client vanished nobody but the server knows: the clients know the least and the most it can be. */
async function judgeFramesSent({ metrics, field: { counted } }: Stage, verdict: Verdict): Promise<void> {
  const sent = sampleOf(await scrape(metrics), "spindle_frames_sent_total");
  const beyond = sent - counted.framesHeard;
  verdict.check(
    `spindle_frames_sent_total: ${sent}, clients heard ${counted.framesHeard}, and missed ${counted.framesMissed} while they were away`,
    beyond >= 0 && beyond <= counted.framesMissed,
  );
}

function judgeMemory({ observations }: Observer, verdict: Verdict): void {
  const third = Math.ceil(observations.length / 3);
  const middle = (part: typeof observations) =>
    percentile(
      part.map(({ residentMiB }) => residentMiB),
      50,
    );
  const grown = middle(observations.slice(-third)) - middle(observations.slice(0, third));
  const most = Math.max(...observations.map(({ residentMiB }) => residentMiB));
  // Where nobody tells, as on a Mac, nothing is judged.
  verdict.check(
    `workerd grew by ${Math.round(grown)} MiB from the first third to the last, at most ${grownMiBMax}`,
    !(grown > grownMiBMax),
  );
  verdict.check(`it took ${Math.round(most)} MiB at its peak, at most ${residentMiBMax}`, !(most > residentMiBMax));
}

function rowsOf(found: {
  observer: Observer;
  play: Play;
  turnsPerSecond: number;
  framesHeard: number;
  seconds: number;
}): string[][] {
  const { observations } = found.observer;
  const each = (samples: number[], show: (value: number) => string) =>
    [50, 95, 99].map((rank) => show(percentile(samples, rank)));
  const observed = (of: (one: Observation) => number, show: (value: number) => string) => each(observations.map(of), show);
  const whole = (value: number) => Math.round(value).toLocaleString("en");
  const blank = ["", ""];
  return [
    ["", "p50", "p95", "p99"],
    ["turn/start → first delta, ms", ...each(found.play.firstDeltaMs, milliseconds)],
    ["turn/start → turn/completed, ms", ...each(found.play.turnMs, milliseconds)],
    ["turns/s", found.turnsPerSecond.toFixed(1), ...blank],
    ["frames of logs at clients/s", whole(found.framesHeard / found.seconds), ...blank],
    ["workerd's share of one processor", ...observed((one) => one.workerdCpuShare, percent)],
    ["the load's own share", ...observed((one) => one.ownCpuShare, percent)],
    ["the load's own event loop is late, ms (p99 of 5 s)", ...observed((one) => one.ownDelayMs, milliseconds)],
    ["workerd, MiB", ...observed((one) => one.residentMiB, whole)],
  ];
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

function seconds(since: number): number {
  return Math.round((performance.now() - since) / 1_000);
}
