/** An account's flags: the operator's doors, and turns that have a feature or not by them. */
import { runInDurableObject } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import { flagsKey, readSetFlags } from "#core/flags";
import { flagLimits } from "#core/limits";
import type { ThreadRuntime } from "#thread/runtime";
import { threadStub } from "../../durable-objects/environment.ts";
import { Client } from "./client.ts";
import { ask, headersFor } from "./front-door.ts";
import { accountWith, catchPushes, owed, ringLater, untilTold } from "./push-devices.ts";
import { environment, later, story } from "./story.ts";

const operator = "fedcba9876543210fedcba9876543210";
const closed = { SPINDLE_OPERATOR_TOKEN: operator };

async function set(account: string, flag: string, value: boolean | null): Promise<Response> {
  const headers = { authorization: `Bearer ${operator}`, "content-type": "application/json" };
  return ask("/flags", { method: "PUT", headers, body: JSON.stringify({ account, flag, value }), environment: closed });
}

function usedMemory(client: Client, turnId: string): boolean {
  return client.frames.some(({ method, params }) => method === "spindle/memory/used" && params.turnId === turnId);
}

function inThread(account: string, threadId: string, take: (runtime: ThreadRuntime) => void): Promise<void> {
  return runInDurableObject(threadStub(environment, account, threadId), (instance) => {
    take((instance as unknown as { runtime: ThreadRuntime }).runtime);
  });
}

/** The memory has published something for the account, so that every turn asks it. */
async function withMemory(account: string): Promise<Client> {
  const client = await Client.connect({ headers: await headersFor(account) });
  await client.startThread();
  const id = await client.say("write a.txt: one");
  client.answer(await client.until("item/fileChange/requestApproval"), "decline");
  await client.untilThat(({ method, params }) => method === "turn/completed" && params.turn.id === id);
  await client.turn("say Never write a.txt in this project, use b.txt instead");
  await vi.waitFor(
    async () => {
      await client.startThread();
      expect(usedMemory(client, (await client.turn("say hi")).id)).toBe(true);
    },
    { timeout: 15_000, interval: 500 },
  );
  return client;
}

test("a turn of an account without the memory is given none; the next is once the flag is taken back, within a minute", async () => {
  const account = `flags-${crypto.randomUUID()}`;
  const client = await withMemory(account);
  expect((await set(account, "memory", false)).status).toBe(200);
  const threadId = await client.startThread();
  expect(usedMemory(client, (await client.turn("say hi")).id)).toBe(false);
  // What a thread has read it holds, and reads again in time.
  expect((await set(account, "memory", null)).status).toBe(200);
  expect(await environment.FLAGS.get(flagsKey(account))).toBeNull();
  expect(usedMemory(client, (await client.turn("say hi again")).id)).toBe(false);
  await inThread(account, threadId, ({ host }) => {
    const { now } = host;
    host.now = () => now() + flagLimits.heldMsMax;
  });
  expect(usedMemory(client, (await client.turn("say hi later")).id)).toBe(true);
  client.close();
});

const thinking = `think assume A1 p=0.7 kind=code_fact path=a.txt: a.txt is not there yet
think action create cost=0.10 gain[A1]=0.9 gain[!A1]=-0.6: write a.txt: alpha
write a.txt: alpha
say end`;

story(
  "without the flag nothing is read from a model's words; a change is heard by a later turn of the same thread",
  async ({ client }) => {
    await environment.FLAGS.put(flagsKey("local"), '{"extraction":false}');
    try {
      const threadId = await client.startThread();
      const treesOf = async () => {
        await client.say(thinking, { decisionExtraction: true });
        const asked = await client.until("item/fileChange/requestApproval");
        await client.untilQuiet();
        const count = client.frames.filter(({ method }) => method === "spindle/decisionTree/updated").length;
        client.answer(asked, "decline");
        await client.untilTurnEnds();
        return count;
      };
      expect(await treesOf()).toBe(0);
      await environment.FLAGS.delete(flagsKey("local"));
      await later(threadId, 31_000);
      expect(await treesOf()).toBe(1);
    } finally {
      await environment.FLAGS.delete(flagsKey("local"));
    }
  },
);

const steering = `assume A1 p=0.9 kind=code_fact: a.txt is not there yet
action create cost=0.10 gain[A1]=0.9 gain[!A1]=-0.6: say created
action keep cost=0.05 gain=0.1: say kept
decide`;

story("without the flag a turn that is to be steered is given advice, and the tree says so", async ({ client }) => {
  await environment.FLAGS.put(flagsKey("local"), '{"steer":false}');
  try {
    const modes: string[] = [];
    for (const wait of [0, 31_000]) {
      const threadId = client.threadId || (await client.startThread());
      if (wait > 0) await environment.FLAGS.delete(flagsKey("local"));
      if (wait > 0) await later(threadId, wait);
      await client.turn(steering, { decisionMode: "steer" });
      modes.push(client.frames.findLast(({ method }) => method === "spindle/decisionTree/updated")?.params.mode);
    }
    expect(modes).toEqual(["observe", "steer"]);
  } finally {
    await environment.FLAGS.delete(flagsKey("local"));
  }
});

test("without the flag no device of the account is rung", async () => {
  const service = catchPushes();
  try {
    const device = service.newDevice();
    const { account, client } = await accountWith(device);
    const rung = async () => {
      await client.startThread();
      await client.say("write a.txt: a");
      await client.until("item/fileChange/requestApproval");
      await untilTold(account);
      await ringLater(account);
      return service.of(device).length;
    };
    await set(account, "push", false);
    expect(await rung()).toBe(0);
    expect((await owed(account)).deliveries).toBe(0);
    client.close();
  } finally {
    vi.restoreAllMocks();
  }
});

test("flags that cannot be read are the defaults, and the turn completes", async () => {
  const account = `flags-${crypto.randomUUID()}`;
  const client = await withMemory(account);
  await set(account, "memory", false);
  const reports: string[] = [];
  const threadId = await client.startThread();
  await inThread(account, threadId, ({ host }) => {
    host.readFlags = () => Promise.reject(new Error("KV is away"));
    host.report = (event) => reports.push(event);
  });
  expect(usedMemory(client, (await client.turn("say hi")).id)).toBe(true);
  expect(reports).toContain("flagsUnreadable");
  client.close();
});

test("only the operator sees and sets flags, and only those that there are", async () => {
  for (const headers of [{}, { authorization: "Bearer nobody" }, await headersFor("alice")]) {
    expect((await ask("/flags?account=alice", { headers, environment: closed })).status).toBe(401);
    expect((await ask("/flags", { method: "PUT", headers, body: "{}", environment: closed })).status).toBe(401);
  }
  expect((await set("alice", "everything", true)).status).toBe(404);
  expect((await set("alice", "constructor", true)).status).toBe(404);
  expect((await set("", "memory", true)).status).toBe(400);
  const told = await (await set("alice", "memory", false)).json<{ data: { flag: string; value: boolean; isSet: boolean }[] }>();
  expect(told.data.map(({ flag, value, isSet }) => [flag, value, isSet])).toEqual([
    ["extraction", true, false],
    ["memory", false, true],
    ["push", true, false],
    ["steer", true, false],
  ]);
  expect((await set("alice", "memory", null)).status).toBe(200);
  expect(await environment.FLAGS.get(flagsKey("alice"))).toBeNull();
});

test("what is no flag, or no yes or no, is as if nobody had set it", () => {
  expect(readSetFlags('{"memory":false,"extraction":"no","gone":true}')).toEqual({ memory: false });
  for (const text of [null, "", "null", "[]", "7", "{"]) expect(readSetFlags(text)).toEqual({});
});
