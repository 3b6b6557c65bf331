/** One story: people, faults and chance for a while; then calm, until nothing is left to do. */
import { proposedBy } from "#thread/asked-proposal";
import type { SimulatedClient } from "./client.ts";
import { checkCopies, checkForks, checkInvariants } from "./invariants.ts";
import { isOpen, World } from "./world.ts";

/** Throws when an invariant breaks. Returns how often what happened. `watch` is shown the world after each step. */
export async function tell(seed: number, stepsMax = 420, watch?: (world: World) => void): Promise<Map<string, number>> {
  const world = new World(seed);
  const [first, ...others] = world.clients;
  first?.connect(true);
  for (let step = 0; step < 12; step++) await happen(world, () => false);
  for (const client of others) client.connect(false);
  for (let step = 0; step < stepsMax; step++) {
    await happen(world, fault);
    watch?.(world);
  }
  await calm(world, watch);
  checkInvariants(world);
  await checkForks(world);
  if (world.random.chance(0.5)) checkCopies(world);
  return world.counts;
}

async function happen(world: World, fault: (world: World) => boolean): Promise<void> {
  const { random } = world;
  for (const client of world.clients) if (client.hasMail && random.chance(0.6)) client.read();
  if (!fault(world) && !act(world)) {
    if (!(await world.goOn()) && random.chance(0.3)) await world.ringAlarm();
  }
  await world.settle();
}

function fault(world: World): boolean {
  const { random } = world;
  if (random.chance(0.012)) {
    world.crash();
    return true;
  }
  // The platform lets an object sleep only when nothing is under way; then it is as good as a crash.
  if (!world.hasTasks && random.chance(0.1)) {
    world.count("evicted");
    world.crash();
    return true;
  }
  const client = random.pick(world.clients);
  if (random.chance(0.02) && client.isOnline) {
    world.count("socket lost");
    client.disconnect();
    return true;
  }
  if (random.chance(0.01)) client.sleep();
  if (!client.isOnline && random.chance(0.25)) {
    world.count(client.replay ? "replayed" : "caught up");
    if (!client.replay && world.isAlive && world.runtime.activity?.kind === "model") world.count("caught up in a stream");
    client.connect(false);
    return true;
  }
  return false;
}

/** Somebody does something. */
function act(world: World): boolean {
  const { random } = world;
  const client = random.pick(world.clients);
  if (!client.isOnline) return false;
  if (client.asked.size > 0 && random.chance(0.12)) return answer(world, client);
  const threadId = world.threadId;
  const open = world.isAlive && isOpen(world.runtime);
  const kind = world.isAlive ? world.runtime.activity?.kind : undefined;
  if (!open && random.chance(0.15)) {
    client.say("turn/start", random.chance(0.1) ? { approvalPolicy: random.pick(["untrusted", "on-request", "never"]) } : {});
    return true;
  }
  if (open && random.chance(0.012)) {
    world.count(`steer ${kind ? `in ${kind}` : "while waiting"}`);
    if (random.chance(0.5)) client.say("turn/start");
    else client.say("turn/steer", { expectedTurnId: world.runtime.current.turns.at(-1)?.id });
    return true;
  }
  if (open && random.chance(0.01)) {
    world.count(`interrupt ${kind ? `in ${kind}` : "while waiting"}`);
    client.post("turn/interrupt", { threadId, turnId: world.runtime.current.turns.at(-1)?.id });
    return true;
  }
  if (world.isAlive && random.chance(open ? 0.002 : 0.02)) {
    const { runtime } = world;
    const turns = runtime.thread ? runtime.history.turns(runtime.thread, { itemsView: "notLoaded", limit: 4 }).data : [];
    if (turns.length > 1 || (open && turns.length === 1)) {
      world.count(`reverted ${open ? "in a turn" : "at rest"}`);
      client.post("thread/revert", { threadId, beforeTurnId: random.pick(turns).id });
      return true;
    }
  }
  if (random.chance(0.005)) {
    world.count(`queued ${open ? "in a turn" : "at rest"}`);
    client.say("thread/queue/add");
    return true;
  }
  if (!open && world.isAlive && world.runtime.thread?.queue?.isHeld && random.chance(0.1)) {
    world.count("queue started");
    client.post("thread/queue/start", { threadId });
    return true;
  }
  if (random.chance(open && !kind ? 0.006 : 0.004)) {
    world.count(`person ran ${kind ? `in ${kind}` : open ? "while waiting" : "at rest"}`);
    client.post("thread/shellCommand", { threadId, command: `note ${world.name("person_")} shared.txt` });
    return true;
  }
  if (random.chance(0.02)) {
    world.count("person wrote");
    const dataBase64 = Buffer.from(`a person's ${world.name("line ")}\n`).toString("base64");
    client.post("fs/writeFile", { threadId, path: "/workspace/shared.txt", dataBase64 });
    return true;
  }
  return false;
}

type Reply = { result: unknown } | { error: unknown };

const unreadable: Reply[] = [{ result: { nonsense: true } }, { error: { code: -1, message: "no" } }];
const accepted: Reply = { result: { decision: "accept" } };

/** What a client may answer, the likelier the more often it stands here. The first one is a plain yes. */
const replies: Record<string, Reply[]> = {
  "item/tool/requestUserInput": [{ result: { answers: { color: { answers: ["blue"] } } } }, ...unreadable],
  "item/tool/call": [
    { result: { contentItems: [{ type: "inputText", text: "ticket open" }], success: true } },
    { result: { contentItems: [], success: false } },
    ...unreadable,
  ],
};
const decisions: Reply[] = [
  ...Array(6).fill(accepted),
  { result: { decision: "decline" } },
  { result: { decision: "decline" } },
  { result: { decision: "acceptForSession" } },
  { result: { decision: "cancel" } },
  ...unreadable,
];

function answer(world: World, client: SimulatedClient): boolean {
  const { random } = world;
  const [requestId, method] = random.pick([...client.asked]);
  const part = hunksOf(world, requestId);
  const reply = part ?? random.pick(replies[method] ?? decisions);
  if (replies[method]) world.count(`replied to ${method}`);
  if (!replies[method] && !part) {
    world.count(`answered ${"result" in reply ? ((reply.result as { decision?: string }).decision ?? "garbage") : "error"}`);
  }
  client.answer(requestId, reply);
  // A second screen answers as well: the first answer wins.
  const other = random.pick(world.clients);
  if (other !== client && other.isOnline && random.chance(0.3)) {
    world.count("answered twice");
    other.answer(requestId, { result: { decision: "decline" } });
  }
  return true;
}

/** Now and then some hunks are accepted and others not, and now and then hunks that there are not: then the request goes on waiting. */
function hunksOf(world: World, requestId: string): Reply | null {
  const { random } = world;
  const proposed = proposedBy(world.runtime, requestId);
  if (!proposed || proposed.changes.length < 2 || random.chance(0.1)) return null;
  const hunks = proposed.changes.map((_, index) => index + 1).filter(() => random.chance(0.5));
  if (hunks.length === 0 || random.chance(0.2)) hunks.push(99);
  world.count(hunks.includes(99) ? "answered with wrong hunks" : "answered with hunks");
  return { result: { decision: "accept", hunks, proposalHash: proposed.hash } };
}

/** No more faults: everybody comes back, every question is answered, every turn ends. */
export async function calm(world: World, watch?: (world: World) => void): Promise<void> {
  world.faulty = false;
  for (let round = 0; round < 5_000; round++) {
    world.object();
    for (const client of world.clients) {
      if (!client.isOnline) client.connect(false);
      client.read();
    }
    const asked = world.clients.flatMap((client) =>
      [...client.asked].map(([requestId, method]) => ({ client, requestId, method })),
    )[0];
    if (asked && round % 3 === 0) asked.client.answer(asked.requestId, replies[asked.method]?.[0] ?? accepted);
    const went = await world.goOn();
    watch?.(world);
    if (!went) {
      for (const client of world.clients) client.read();
      if (!isOpen(world.runtime) && world.clients.every((client) => client.unanswered.size === 0 && !client.hasMail)) {
        // What is still owed to the Directory, or to a connection that could not be reached, is the alarm's to do.
        await world.ringAlarm();
        for (let turn = 0; turn < 50 && (await world.goOn()); turn++) for (const client of world.clients) client.read();
        const { outbox, memoryOutbox, metrics } = world.runtime;
        const isOwed = [outbox, memoryOutbox, metrics].some((owed) => owed.dueAtMs() !== null);
        if (!world.hasTasks && !isOwed) return;
      } else if (round > 100) {
        await world.ringAlarm();
      }
    }
  }
  const { thread, activity } = world.runtime;
  const clients = world.clients.map(({ isOnline, unanswered, asked, hasMail }) => ({
    isOnline,
    unanswered: [...unanswered.keys()],
    asked: [...asked],
    hasMail,
  }));
  throw new Error(
    `the thread does not come to rest: ${JSON.stringify({ status: thread?.status, work: thread?.work, requests: thread?.requests.length, activity: activity?.kind, owes: world.runtime.outbox.dueAtMs(), tasks: world.hasTasks, clients })}`,
  );
}
