/** The fault matrix: each thing that can go wrong, for certain and for a while, at each moment of a thread. */
import { openTurn } from "#core/thread";
import { checkForks, checkInvariants } from "./invariants.ts";
import { calm } from "./story.ts";
import { isOpen, type Trouble, World } from "./world.ts";

export const moments = ["idle", "streaming", "approval pending"] as const;
export type Moment = (typeof moments)[number];

interface Fault {
  /** Under these words the world counts that it happened. */
  counted: string;
  trouble?: Trouble;
  /** What happens at once. */
  strike?(world: World): Promise<void> | void;
  /** The alarm does not ring meanwhile. */
  holdsAlarm?: boolean;
}

const hourMs = 60 * 60_000;

export const faults: Record<string, Fault> = {
  "model slow": { counted: "model slow", trouble: { model: "slow" } },
  "model down": { counted: "model down", trouble: { model: "down" } },
  "model lying: broken stream": { counted: "model cut", trouble: { model: "cut" } },
  "model lying: wrong JSON": { counted: "model lying", trouble: { model: "lying" } },
  "model lying: endless": { counted: "model endless", trouble: { model: "endless" } },
  "KV failing": { counted: "memory unreadable for certain", trouble: { memory: "unreadable" } },
  "KV stale": { counted: "memory stale", trouble: { memory: "stale" } },
  "Directory refusing": { counted: "directory refuses", trouble: { directory: "refuses" } },
  "Memory refusing": { counted: "memory refuses", trouble: { memory: "refuses" } },
  "connections refusing": { counted: "followers refuse", trouble: { followers: "refuse" } },
  "alarm late": {
    counted: "alarm late",
    holdsAlarm: true,
    strike: (world) => {
      world.count("alarm late");
      world.nowMs += hourMs;
    },
  },
  "alarm twice": {
    counted: "alarm twice",
    async strike(world) {
      world.count("alarm twice");
      await Promise.all([world.runtime.alarm(), world.runtime.alarm()].map((ringing) => Promise.race([ringing, world.settle()])));
    },
  },
  "clock jumps ahead": {
    counted: "clock ahead",
    strike: (world) => {
      world.count("clock ahead");
      world.nowMs += 26 * hourMs;
    },
  },
  "clock jumps back": {
    counted: "clock back",
    strike: (world) => {
      world.count("clock back");
      world.nowMs -= 2 * hourMs;
    },
  },
  "deploy: object reset": { counted: "crash", strike: (world) => world.crash() },
  "storage full": { counted: "storage full", trouble: { storage: "full" } },
};

/**
 * Tells one cell: to the moment, trouble, somebody speaks and answers in the middle of it, calm; then all invariants. Throws where one breaks,
 * and where the fault did not happen. Returns how often it did.
 */
export async function tellFault(name: string, moment: Moment, seed: number): Promise<number> {
  const fault = faults[name];
  if (!fault) throw new Error(`no fault is called ${name}`);
  const world = new World(seed);
  world.faulty = false;
  world.memory.publish(2, world.nowMs);
  const [first, ...others] = world.clients;
  first?.connect(true);
  for (let step = 0; step < 30; step++) await goOn(world);
  for (const client of others) client.connect(false);
  await reach(world, moment);
  const pending = world.runtime.current.requests.map(({ id }) => id);
  const before = world.counts.get(fault.counted) ?? 0;

  world.trouble = fault.trouble ?? {};
  await fault.strike?.(world);
  world.memory.publish(3, world.nowMs);
  if (moment !== "approval pending") first?.say("turn/start");
  for (let step = 0; step < 80; step++) await goOn(world, fault.holdsAlarm ? 0 : 20);
  for (const requestId of pending) first?.answer(requestId, { result: { decision: "accept" } });
  for (let step = 0; step < 80; step++) await goOn(world, fault.holdsAlarm ? 0 : 20);
  first?.say("turn/start");
  for (let step = 0; step < 120; step++) await goOn(world, fault.holdsAlarm ? 0 : 20);
  world.trouble = {};
  await calm(world);

  checkInvariants(world);
  await checkForks(world);
  for (const requestId of pending) {
    const answers = Array.from(world.runtime.log.frames(0)).filter(
      (frame) => frame.method === "serverRequest/resolved" && frame.params.requestId === requestId,
    );
    if (answers.length !== 1) throw new Error(`${requestId}, which waited, was resolved ${answers.length} times`);
  }
  const times = (world.counts.get(fault.counted) ?? 0) - before;
  if (times === 0) throw new Error("the fault did not happen");
  return times;
}

/** Lets people and machines get on until the thread is where it should be. Throws when it does not get there. */
async function reach(world: World, moment: Moment): Promise<void> {
  for (let step = 0; step < 600; step++) {
    if (isThere(world, moment)) return;
    const [first] = world.clients;
    const isNew = world.runtime.thread?.info.preview === "";
    if (!isOpen(world.runtime) && (isNew || moment !== "idle") && first?.unanswered.size === 0) first.say("turn/start");
    const [asked] = [...(first?.asked.keys() ?? [])];
    if (asked && step % 10 === 0) first?.answer(asked, { result: { decision: "accept" } });
    await goOn(world);
  }
  throw new Error(`the thread never was ${moment}`);
}

function isThere({ runtime }: World, moment: Moment): boolean {
  if (!runtime.thread) return false;
  const turn = openTurn(runtime.current);
  switch (moment) {
    case "idle":
      return turn === null && runtime.thread.info.preview !== "";
    case "streaming":
      return runtime.activity?.kind === "model" && turn?.items.some(isSpoken) === true;
    case "approval pending":
      return runtime.current.requests.some(({ method }) => /requestApproval$/.test(method));
    default:
      return moment satisfies never;
  }
}

function isSpoken(item: { type: string; completedAtMs?: number | null }): boolean {
  return item.type === "agentMessage" && item.completedAtMs === null;
}

/** One step of the world without dice for faults. The alarm rings now and then where nothing else is to do, or every `alarmEvery` steps. */
async function goOn(world: World, alarmEvery = 7): Promise<void> {
  for (const client of world.clients) client.read();
  const went = await world.goOn();
  if (alarmEvery > 0 && (!went || world.random.below(alarmEvery) === 0)) await world.ringAlarm();
  await world.settle();
}
