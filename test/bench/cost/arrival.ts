/**
 * Which object has too much to do first: a day's busiest hour, thrown over objects by dice from a seed. Calls per turn and connection are those that
 * were counted; how people behave is assumed, and stands here.
 */
import { metricsLimits } from "#core/limits";
import { createRandom, type Random } from "../../support/random.ts";
import type { CountRow } from "./tables.ts";

/** Requests a second that one object takes, by Cloudflare's own advice. */
export const objectRequestsMax = 500;

const assumed = {
  /** Of threads that anybody works in on one day. */
  turnsPerThread: 5,
  shareOfBusiestHour: 0.1,
  threadsPerAccount: 5,
  threadsPerConnection: 2,
  /** Each file of the page is asked for under the session; who has the page kept asks for none. */
  filesOfPage: 12,
  shareWithoutPage: 0.2,
  /** Of all turns at GitHub's busiest repository, and calls of each: the delivery, the frames, an approval, a commit. */
  shareOfRepository: 0.05,
  callsOfRepository: 4,
  /** Sockets open in that hour, for each thread of the day. */
  openPerThread: 0.1,
  /** A deployment resets objects: all sockets come back within the client's longest first pauses. */
  returnSeconds: 10,
} as const;

const hourSeconds = 3_600;

export interface Load {
  object: string;
  meanPerSecond: number;
  peakPerSecond: number;
}

/** `threads`: worked in on one day. Beyond a million turns in the hour only means are told: their peaks lie within some of a hundred of them. */
export function arrival(rows: readonly CountRow[], threads: number, seed: number): Load[] {
  const random = createRandom(seed);
  const per = (what: string, which: "perTurn" | "perThread" | "perConnection") =>
    rows.find((row) => row.what === what)?.[which] ?? 0;
  const begun = Math.round(threads * assumed.shareOfBusiestHour);
  const turns = begun * assumed.turnsPerThread;
  const connections = Math.round(begun / assumed.threadsPerConnection);
  const accounts = Math.max(1, Math.round(threads / assumed.threadsPerAccount));
  const perAccess = per("requests Access", "perConnection") + 1 + assumed.filesOfPage * assumed.shareWithoutPage;
  const biggest = Math.round(turns / harmonic(accounts));
  const everybody = Math.round(threads * assumed.openPerThread);
  const access = single("Access, one for the server", connections, perAccess, random);
  return [
    access,
    {
      object: "Access, after a deployment",
      meanPerSecond: access.meanPerSecond,
      peakPerSecond: (everybody * (per("requests Access", "perConnection") + 1)) / assumed.returnSeconds,
    },
    single("Directory of the biggest account", biggest, per("requests Directory", "perTurn"), random),
    single("Memory of the biggest account", biggest, per("requests Memory", "perTurn"), random),
    single("Directory of an account in the middle", assumed.threadsPerAccount, per("requests Directory", "perTurn"), random),
    single("Thread, while it works", hourSeconds / 30, per("requests Thread", "perTurn"), random),
    single("Connection, one turn after the other", hourSeconds / 30, per("requests Connection", "perTurn"), random),
    single(
      "Repository, one with a twentieth of all turns",
      Math.round(turns * assumed.shareOfRepository),
      assumed.callsOfRepository,
      random,
    ),
    single("Metrics, were it one object", turns, per("requests Metrics", "perTurn"), random),
    single(
      `Metrics, one of ${metricsLimits.shardsUsual} shards`,
      turns / metricsLimits.shardsUsual,
      per("requests Metrics", "perTurn"),
      random,
    ),
    single(
      `Metrics, one of ${metricsLimits.shardsMax}, the most`,
      turns / metricsLimits.shardsMax,
      per("requests Metrics", "perTurn"),
      random,
    ),
  ];
}

function single(object: string, events: number, requestsEach: number, random: Random): Load {
  const meanPerSecond = (events * requestsEach) / hourSeconds;
  if (events > 1_000_000) return { object, meanPerSecond, peakPerSecond: meanPerSecond * 1.1 };
  const seconds = new Float64Array(hourSeconds);
  for (let event = 0; event < events; event++) {
    const at = random.below(hourSeconds);
    seconds[at] = (seconds[at] ?? 0) + requestsEach;
  }
  return { object, meanPerSecond, peakPerSecond: seconds.reduce((most, each) => Math.max(most, each), 0) };
}

/** How many times the biggest account's share goes into the whole, where sizes fall as one over their rank. */
function harmonic(count: number): number {
  return Math.log(count) + 0.5772 + 1 / (2 * count);
}

export function arrivalTable(rows: readonly CountRow[], sizes: readonly number[], seed: number): string {
  const loads = sizes.map((threads) => arrival(rows, threads, seed));
  const cell = (load: Load | undefined) => {
    if (!load) return "";
    const times = load.peakPerSecond / objectRequestsMax;
    const told = `${figure(load.meanPerSecond)} / ${figure(load.peakPerSecond)}`;
    return times > 1 ? `**${told}**, ${figure(times)} times too much` : told;
  };
  const objects = loads[0]?.map(({ object }) => object) ?? [];
  return [
    `| requests a second, mean / peak | ${sizes.map((size) => `${size.toLocaleString("en-GB")} threads a day`).join(" | ")} |`,
    `| --- |${" --- |".repeat(sizes.length)}`,
    ...objects.map((object, place) => `| ${object} | ${loads.map((each) => cell(each[place])).join(" | ")} |`),
  ].join("\n");
}

function figure(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en-GB") : value.toPrecision(2);
}
