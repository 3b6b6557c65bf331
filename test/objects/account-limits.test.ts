/** What an account may use: counted exactly, refused by name, and nothing lost by it. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Quotas } from "#core/quota";
import { callThread } from "#github/thread-call";
import { directoryStub } from "../../durable-objects/environment.ts";
import { newId } from "../../durable-objects/platform.ts";
import { Client } from "./client.ts";
import { environment, inThread, ring, story } from "./story.ts";

const directory = () => directoryStub(environment, "local");
/** As the operator's variables say them; objects read them when they wake. */
const variables = environment as unknown as Record<string, string | undefined>;

async function allow(settings: Record<string, string>): Promise<void> {
  Object.assign(variables, settings);
  await evictDurableObject(directory()).catch(() => {});
}

/** As if the account had never used anything. */
async function reset(): Promise<void> {
  await runInDurableObject(directory(), (_, { storage }) => {
    for (const table of ["account_usage", "thread_bytes", "heard", "threads", "unspoken"])
      storage.sql.exec(`DELETE FROM ${table}`);
  });
  await evictDurableObject(directory()).catch(() => {});
}

beforeEach(reset);

afterEach(async () => {
  for (const name of ["TURNS_PER_MINUTE", "TOKENS_PER_DAY", "THREADS", "STORAGE_BYTES"]) delete variables[`SPINDLE_${name}`];
  await reset();
});

async function standing(client: Client): Promise<Record<string, { max: number | null; now: number; freesAtMs: number | null }>> {
  const { data } = await client.request("spindle/account/limits", {});
  return Object.fromEntries(
    data.map(({ limit, ...rest }: { limit: string; max: number; now: number; freesAtMs: null }) => [limit, rest]),
  );
}

const turn = (threadId: string, key: string) => ({
  threadId,
  input: [{ type: "text", text: "say hello", text_elements: [] }],
  clientUserMessageId: key,
});

/** The account's clock goes on by so much, until its object sleeps. */
function laterInAccount(durationMs: number): Promise<void> {
  return runInDurableObject(directory(), (instance) => {
    const { usage } = instance as unknown as { usage: { now: () => number } };
    const { now } = usage;
    usage.now = () => now() + durationMs;
  });
}

story(
  "a turn over the rate is refused before anything is written, and its retry with the same key begins it once",
  async ({ client, sleep }) => {
    await allow({ SPINDLE_TURNS_PER_MINUTE: "2" });
    const first = await client.startThread();
    const second = await client.startThread();
    await client.request("turn/start", turn(first, "one"));
    await client.untilTurnEnds();
    await client.request("turn/start", turn(second, "two"));
    await client.untilTurnEnds();
    await client.untilQuiet();
    await sleep();
    const before = await inThread(first, ({ current }) => current.seq);
    const { error } = await client.ask("turn/start", turn(first, "three"));
    expect(error).toMatchObject({
      code: -32001,
      message: expect.stringMatching(/^this account may begin 2 turns a minute, and has; try again in \d+ s$/),
      data: { reason: "accountLimit", limit: "turnsPerMinute", max: 2, now: 2 },
    });
    const { retryAfterMs } = Object(error?.data) as { retryAfterMs: number };
    expect(retryAfterMs).toBeGreaterThan(0);
    expect(retryAfterMs).toBeLessThanOrEqual(30_000);
    expect(await inThread(first, ({ current }) => current.seq)).toBe(before);
    // What was begun already is answered again, whatever the rate.
    expect((await client.ask("turn/start", turn(first, "one"))).error).toBeUndefined();
    await laterInAccount(retryAfterMs + 1_000);
    const { turn: begun } = await client.request("turn/start", turn(first, "three"));
    expect((await client.request("turn/start", turn(first, "three"))).turn.id).toBe(begun.id);
    await client.untilTurnEnds();
  },
);

story("the account's word holds the order: a stop that was sent behind a message stops its turn", async ({ client }) => {
  const threadId = await client.startThread();
  const start = client.ask("turn/start", turn(threadId, "ordered"));
  const stop = client.ask("turn/interrupt", { threadId, turnId: "" });
  expect((await start).error).toBeUndefined();
  expect((await stop).error).toBeUndefined();
  expect(await client.untilTurnEnds()).toMatchObject({ status: "interrupted" });
});

story(
  "tokens of a day are counted once, also those of ephemeral threads, and refuse the next turn",
  async ({ client, sleep }) => {
    const spent = async () => (await standing(client)).tokensPerDay?.now ?? 0;
    const threadId = await client.startThread();
    await client.say("say hello");
    const told = await client.until("thread/tokenUsage/updated");
    await client.untilTurnEnds();
    await expect.poll(spent).toBe(told.params.tokenUsage.last.totalTokens);
    await sleep();
    // Told again, as after a lost answer: it counts once.
    await inThread(threadId, ({ outbox, host, current }) => {
      host.sql.exec("DELETE FROM outbox_told");
      outbox.mark(current.seq);
      return outbox.flush();
    });
    expect(await spent()).toBe(told.params.tokenUsage.last.totalTokens);
    await client.startThread({ ephemeral: true });
    await client.say("say hello");
    await client.untilTurnEnds();
    await expect.poll(spent).toBeGreaterThan(told.params.tokenUsage.last.totalTokens);
    const now = await spent();
    await sleep();
    await allow({ SPINDLE_TOKENS_PER_DAY: String(now) });
    const { error } = await client.ask("turn/start", turn(threadId, "over"));
    const data = { reason: "accountLimit", limit: "tokensPerDay", max: now, now };
    expect(error).toMatchObject({ code: -32600, data });
    expect(Object(error?.data).retryAfterMs).toBeGreaterThan(22 * 60 * 60_000);
    expect((await standing(client)).tokensPerDay?.freesAtMs).toBeGreaterThan(Date.now());
    // Reading, and what is at work already, goes on.
    expect(await client.request("thread/read", { threadId, includeTurns: false })).toBeTruthy();
  },
);

story("threads are counted exactly, forks among them, and a deleted one makes room", async ({ client, sleep }) => {
  await allow({ SPINDLE_THREADS: "2" });
  const first = await client.startThread();
  await client.say("say hello");
  await client.untilTurnEnds();
  // At once: none of them has told the account yet.
  const started = await Promise.all([1, 2, 3].map(() => client.ask("thread/start", {})));
  expect(started.filter(({ error }) => error).map(({ error }) => [error?.code, error?.message])).toEqual([
    [-32600, "this account has 2 threads, and may have 2; delete one to begin another"],
    [-32600, "this account has 2 threads, and may have 2; delete one to begin another"],
  ]);
  await client.untilQuiet();
  await sleep();
  expect(await client.refusal("thread/fork", { threadId: first })).toContain("this account has 2 threads");
  // Not one of the account's.
  expect((await client.ask("thread/start", { ephemeral: true })).error).toBeUndefined();
  await client.request("thread/delete", { threadId: first });
  expect((await standing(client)).threads).toMatchObject({ max: 2, now: 1 });
  await client.startThread();
  expect(await client.refusal("thread/start", {})).toContain("this account has 2 threads");
});

story(
  "storage is what the threads hold: a full account begins nothing and writes no file, until a thread goes",
  async ({ client, sleep }) => {
    const bytes = async () => (await standing(client)).storageBytes?.now ?? 0;
    const large = await client.startThread();
    const dataBase64 = Buffer.alloc(4 * 1024 * 1024, "x").toString("base64");
    for (const name of ["a", "b", "c", "d"]) {
      // Others, so that they are kept four times.
      await client.request("fs/writeFile", {
        threadId: large,
        path: `/workspace/${name}`,
        dataBase64: `${name.repeat(4)}${dataBase64}`,
      });
    }
    await expect.poll(bytes).toBeGreaterThan(12 * 1024 * 1024);
    await sleep();
    await allow({ SPINDLE_STORAGE_BYTES: String(13 * 1024 * 1024) });
    await client.request("turn/start", turn(large, "small enough")).catch(() => {});
    const full = /the threads of this account hold .* GB, and may hold .* GB; delete some to go on/;
    // A thread that has asked asks again when it has grown by a step.
    let written = 0;
    const more = () => {
      written += 1;
      const file = { path: `/workspace/more${written}`, dataBase64: `${String(written).padStart(4, "e")}${dataBase64}` };
      return client.refusal("fs/writeFile", { threadId: large, ...file });
    };
    await expect.poll(more, { timeout: 10_000 }).toMatch(full);
    expect(written).toBeLessThan(6);
    expect(await client.refusal("thread/start", {})).toMatch(full);
    expect(await client.refusal("turn/start", turn(large, "too much"))).toMatch(full);
    await client.request("thread/delete", { threadId: large });
    expect(await bytes()).toBeLessThan(1024 * 1024);
    await client.startThread();
  },
);

story("a queued message waits for room and is sent when there is some", async ({ client, sleep }) => {
  await allow({ SPINDLE_TURNS_PER_MINUTE: "1" });
  const threadId = await client.startThread();
  await client.request("turn/start", turn(threadId, "first"));
  await client.request("thread/queue/add", turn(threadId, "queued"));
  await client.untilTurnEnds();
  await client.untilQuiet();
  await sleep();
  expect(await inThread(threadId, ({ current }) => current.queue?.entries.length)).toBe(1);
  await allow({ SPINDLE_TURNS_PER_MINUTE: "off" });
  await inThread(threadId, (runtime) => {
    const { now } = runtime.host;
    runtime.host.now = () => now() + 61_000;
  });
  await ring(threadId);
  expect(await client.untilTurnEnds()).toMatchObject({ status: "completed" });
  expect(await inThread(threadId, ({ current }) => current.queue?.entries.length)).toBe(0);
});

describe("an account that does not answer", () => {
  test("holds nobody up", async () => {
    const client = await Client.connect();
    const threadId = await client.startThread();
    await inThread(threadId, ({ host }) => {
      host.admitTurn = () => Promise.reject(new Error("the Directory is being moved"));
    });
    await client.request("turn/start", turn(threadId, "all the same"));
    expect(await client.untilTurnEnds()).toMatchObject({ status: "completed" });
    client.close();
  });
});

test("a turn that GitHub asked for is refused by a value that says when to come again", async () => {
  await allow({ SPINDLE_TURNS_PER_MINUTE: "1" });
  const threadId = newId();
  const account = "local";
  const request = { method: "turn/start", params: turn(threadId, "of a comment") } as never;
  const client = await Client.connect();
  const own = await client.startThread();
  await client.say("say hello");
  await client.untilTurnEnds();
  const called = await callThread(environment, { account, threadId: own }, { type: "request", request });
  expect(called).toMatchObject({ refused: { data: { reason: "accountLimit", limit: "turnsPerMinute" } } });
  client.close();
});

test("what the operator's variables say wrongly is told, and the defaults hold", async () => {
  await allow({ SPINDLE_TURNS_PER_MINUTE: "many", SPINDLE_THREADS: "off" });
  const quotas = await runInDurableObject(
    directory(),
    (instance) => (instance as unknown as { usage: { quotas: Quotas } }).usage.quotas,
  );
  expect(quotas).toMatchObject({ turnsPerMinute: 120, threads: Number.POSITIVE_INFINITY });
});
