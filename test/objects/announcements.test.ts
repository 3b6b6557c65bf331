import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { directoryStub } from "../../durable-objects/environment.ts";
import type { Message, Wire } from "./client.ts";
import { Client } from "./client.ts";
import { environment, story, summaryOf } from "./story.ts";

/** What a client heard of a thread without having asked for it, as one line each. */
function overheard(client: Client, threadId: string): string[] {
  const of = ({ method, params }: Message) => method && (params.threadId ?? params.thread?.id) === threadId;
  return client.frames.filter(of).map(({ method, params }) => `${method} ${params.status?.type ?? ""}`.trim());
}

story(
  "a client that follows nothing hears of every thread of its account, each thing once and in order",
  async ({ client, connect, sleep }) => {
    const bystander = await connect();
    await bystander.request("thread/list", {});
    const threadId = await client.startThread();
    await bystander.until("thread/started");
    await sleep();
    await client.say("write a.txt: a");
    client.answer(await client.until("item/fileChange/requestApproval"), "accept");
    await client.untilTurnEnds();
    await sleep();
    await client.request("thread/name/set", { threadId, name: "named" });
    await client.request("thread/archive", { threadId });
    await client.request("thread/unarchive", { threadId });
    await sleep();
    await client.request("thread/delete", { threadId });
    await bystander.until("thread/deleted");
    expect(overheard(bystander, threadId)).toEqual([
      "thread/started",
      "thread/status/changed active",
      "thread/status/changed active",
      "thread/status/changed active",
      "thread/readState/changed",
      "thread/status/changed idle",
      "thread/name/updated",
      "thread/archived",
      "thread/unarchived",
      "thread/deleted",
    ]);
    await client.until("thread/deleted");
    const own = overheard(client, threadId);
    for (const once of [
      "thread/started",
      "thread/status/changed idle",
      "thread/name/updated",
      "thread/archived",
      "thread/deleted",
    ])
      expect(
        own.filter((line) => line === once),
        once,
      ).toHaveLength(1);
  },
);

story(
  "who comes to follow a thread hears it from the thread, and who leaves it from the account again",
  async ({ client, connect, sleep }) => {
    const other = await connect();
    const threadId = await client.startThread();
    await client.turn("say one");
    await other.resume(threadId);
    await client.turn("say two");
    await other.untilTurnEnds();
    await other.request("thread/unsubscribe", { threadId });
    await sleep();
    const before = overheard(other, threadId).length;
    await client.turn("say three");
    await other.untilThat(
      ({ method, params }) =>
        method === "thread/status/changed" && params.status.type === "idle" && overheard(other, threadId).length > before + 1,
    );
    expect(overheard(other, threadId).slice(before)).toEqual([
      "thread/status/changed active",
      "thread/readState/changed",
      "thread/status/changed idle",
    ]);
  },
);

story(
  "the answer to a request comes before what the account is told of it, and opt-outs hold",
  async ({ client, connect, sleep }) => {
    const threadId = await client.startThread();
    await client.turn("say one");
    const other = await connect({ optOut: ["thread/name/updated"] });
    await other.request("thread/list", {});
    await sleep();
    await other.request("thread/name/set", { threadId, name: "unheard" });
    await other.request("thread/archive", { threadId });
    await other.until("thread/archived");
    expect(other.methodsHeard()).not.toContain("thread/name/updated");
    const answered = other.frames.findIndex(({ id }) => id === 4);
    expect(answered).toBeGreaterThan(-1);
    expect(answered).toBeLessThan(other.frames.findIndex(({ method }) => method === "thread/archived"));
  },
);

story("ephemeral threads are nobody else's business", async ({ client, connect, sleep }) => {
  const bystander = await connect();
  await bystander.request("thread/list", {});
  await client.startThread({ ephemeral: true });
  await client.turn("say hidden");
  await sleep();
  await client.startThread();
  await bystander.until("thread/started");
  expect(bystander.methodsHeard().filter((method) => method === "thread/started")).toHaveLength(1);
  expect(bystander.methodsHeard()).not.toContain("thread/status/changed");
});

test("no account hears of another's threads", async () => {
  const client = await Client.connect();
  const stub = directoryStub(environment, "another-account");
  await stub.join("another-account/somebody");
  await client.startThread();
  await client.turn("say one");
  await client.untilQuiet();
  expect(await queued("another-account")).toEqual([]);
  client.close();
});

test("a connection that is gone is forgotten with the next announcement, and one that leaves at once", async () => {
  const account = "account-of-leavers";
  const stub = directoryStub(environment, account);
  await stub.join(`${account}/gone`);
  await stub.join(`${account}/leaver`);
  await stub.leave(`${account}/leaver`);
  expect(await listeners(account)).toEqual([`${account}/gone`]);
  await stub.update({ threadId: "t", deleted: true }, { ...nothing, through: 1, announcements: [announced(1)] });
  await expect.poll(() => listeners(account)).toEqual([]);
  expect(await queued(account)).toEqual([]);
});

test("news that comes twice is told once, and none to those who follow the thread", async () => {
  const account = "account-of-repetitions";
  const stub = directoryStub(environment, account);
  await runInDurableObject(stub, (directory) => {
    // Nobody comes to take them: what waits can be counted.
    Object.assign((directory as unknown as { announcements: object }).announcements, { pump: () => {} });
  });
  await stub.join(`${account}/bystander`);
  await stub.join(`${account}/follower`);
  const followers = [`${account}/follower`];
  const summary = await summaryOf("hi");
  const tell = (through: number, ...seqs: number[]) =>
    stub.update({ ...summary, threadId: "t" }, { ...nothing, through, followers, announcements: seqs.map(announced) });
  await tell(2, 1, 2);
  await tell(2, 1, 2);
  await tell(4, 2, 3, 4);
  expect(await queued(account)).toEqual([1, 2, 3, 4].map((seq) => `${account}/bystander ${seq}`));
});

test("a connection that never takes what waits for it is not kept for, and its client is told to begin anew", async () => {
  const client = await Client.connect();
  await client.request("thread/list", {});
  const stub = directoryStub(environment, "local");
  const [mine] = (await listeners("local")).slice(-1);
  await runInDurableObject(stub, async (directory) => {
    const { announcements } = directory as unknown as {
      announcements: { add(threadId: string, frames: object[]): void; pump(): void };
    };
    announcements.add(
      "t",
      Array.from({ length: 1_001 }, (_, index) => announced(index)),
    );
    announcements.pump();
  });
  expect(mine).toBeDefined();
  expect((await client.untilClosed()).code).toBe(1013);
});

const nothing = { announcements: [], said: [], unsaidTurnIds: [], followers: [], turnSlot: "keep" as const };

function announced(seq: number) {
  return { seq, method: "thread/deleted", text: JSON.stringify({ method: "thread/deleted", params: { threadId: "t" }, seq }) };
}

function listeners(account: string): Promise<string[]> {
  return runInDurableObject(directoryStub(environment, account), (_, { storage }) =>
    storage.sql
      .exec<{ connection: string }>("SELECT connection FROM connections")
      .toArray()
      .map(({ connection }) => connection),
  );
}

function queued(account: string): Promise<string[]> {
  return runInDurableObject(directoryStub(environment, account), (_, { storage }) =>
    storage.sql
      .exec<{ connection: string; text: string }>(
        `SELECT connection, text FROM announcements
         LEFT JOIN connections ON id > heard_id AND instr(followers, json_quote(connection)) = 0 ORDER BY id`,
      )
      .toArray()
      .map(({ connection, text }) => `${connection} ${JSON.parse(text).seq}`),
  );
}

story(
  "of a fork the account hears that it began, and not again what happened in its source",
  async ({ client, connect, sleep }) => {
    const threadId = await client.startThread();
    await client.turn("say one");
    await client.turn("say two");
    const bystander = await connect();
    await bystander.request("thread/loaded/list", {});
    await sleep();
    const { thread } = await client.request("thread/fork", { threadId, excludeTurns: true });
    const began = await bystander.until("thread/started");
    expect(began.params.thread).toMatchObject({ id: thread.id, forkedFromId: threadId });
    await bystander.untilQuiet();
    const ofFork = bystander.frames.filter(({ params }) => params?.threadId === thread.id);
    expect(ofFork.map(({ method }) => method)).toEqual([]);
    // And it can be found by what was said in its source.
    await expect
      .poll(async () => {
        const { data } = await client.request("thread/search", { searchTerm: "say two" });
        return data.map((found: Wire) => found.thread.id);
      })
      .toEqual(expect.arrayContaining([threadId, thread.id]));
  },
);

story("what was taken back is not found any more", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  await client.turn("say kept");
  const { id } = await client.turn("say unforgettable");
  const found = async () => (await client.request("thread/search", { searchTerm: "unforgettable" })).data.length;
  await expect.poll(found).toBe(1);
  await client.request("thread/revert", { threadId, beforeTurnId: id });
  await sleep();
  await expect.poll(found).toBe(0);
});
