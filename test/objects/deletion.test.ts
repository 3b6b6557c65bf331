/** A deleted thread leaves nothing: it is filled with everything that there is, deleted, and then looked for in every table of every object. */
import { evictAllDurableObjects, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { beforeEach, expect, test, vi } from "vitest";
import { limits } from "#core/limits";
import type { ThreadRuntime } from "#thread/runtime";
import { directoryStub, memoryStub, pushStub, threadStub } from "../../durable-objects/environment.ts";
import { Client, type Wire } from "./client.ts";
import { headersFor } from "./front-door.ts";
import { objectsOf, placesOf } from "./leftovers.ts";
import { catchPushes } from "./push-devices.ts";
import { environment } from "./story.ts";

/** A word that nothing else in this world holds; each test has its own, because what is learned stays. */
let word = "";
let serial = 0;
beforeEach(() => {
  serial += 1;
  word = `qzxjvkumquat${String.fromCharCode(96 + serial)}`;
});

const pushes = catchPushes();
const asksChanges = "item/fileChange/requestApproval";

/**
 * What may stay, each for its reason (docs/limits.md, "Deletion"): ids by which a message that is still under way is known as that of a
 * deleted thread, so that it brings nothing back. A thread's id is random, and leads nowhere.
 */
const tombstones = ["DIRECTORY.deleted: id", "MEMORY_WRITER.forgotten_threads: id"];

const lesson = ["MEMORY: word", "MEMORY_WRITER.fragments: word"];
const patience = { timeout: 15_000, interval: 500 };

/** Fills a thread and the rest of its account; answers the thread's id. */
async function fill(account: string, client: Client): Promise<string> {
  const { endpoint, keys } = pushes.newDevice();
  const { p256dh, auth } = keys;
  const device = { endpoint, keys: { p256dh, auth }, device: "a telephone", expirationTime: null };
  await client.request("spindle/push/subscribe", device);
  const threadId = await client.startThread();
  await client.request("thread/name/set", { threadId, name: `about ${word}` });
  await turn(client, `write src/dates.ts: Date.parse ${word}`, "decline");
  await turn(client, `say Use ${word} for dates and never Date.parse in this project\nwrite src/dates.ts: ${word}`, "accept");
  const dataBase64 = btoa(`a person's ${word}\n`);
  await client.request("fs/writeFile", { threadId, path: `/workspace/${word}.txt`, dataBase64 });
  const { section } = await client.request("threadSection/create", { name: "Kept" });
  await client.request("thread/section/move", { threadId, sectionId: section.id, beforeThreadId: null });
  await client.request("thread/goal/set", { threadId, objective: `find ${word}` });
  await client
    .request("thread/queue/add", { ...said(threadId, `say ${word}`), clientUserMessageId: crypto.randomUUID() })
    .catch(() => {});
  await client.untilQuiet();
  // One more turn waits for a person, so that a device is to be rung.
  await client.say(`write waiting.txt: ${word}`);
  await client.until(asksChanges);
  const other = await client.startThread();
  await client.request("thread/name/set", { threadId: other, name: "stays" });
  await vi.waitFor(async () => expect((await client.request("thread/search", { searchTerm: word })).data).toHaveLength(1));
  await vi.waitFor(async () => expect(JSON.stringify(await client.request("spindle/memory/list", {}))).toContain(word), {
    timeout: 10_000,
  });
  return threadId;
}

function said(threadId: string, text: string) {
  return { threadId, input: [{ type: "text", text, text_elements: [] }] };
}

async function turn(client: Client, text: string, decision: "accept" | "decline"): Promise<void> {
  await client.say(text);
  client.answer(await client.until(asksChanges), decision);
  await client.untilTurnEnds();
}

/** The memory publishes without what was forgotten, and what it published before is swept: half a minute and ten minutes later. */
async function laterInMemory(account: string): Promise<void> {
  await runInDurableObject(memoryStub(environment, account), async (instance, state) => {
    state.storage.sql.exec("UPDATE generations SET at_ms = at_ms - 1200000");
    await (instance as unknown as { alarm(): Promise<void> }).alarm();
  });
}

/** All that is owed is done by alarms, and the moment has come in which a deleted thread goes. */
async function finish(account: string, threadId: string): Promise<void> {
  for (let round = 0; round < 4; round++) {
    await runInDurableObject(threadStub(environment, account, threadId), (instance) => {
      const { runtime } = instance as unknown as { runtime: ThreadRuntime };
      const { now } = runtime.host;
      runtime.host.now = () => now() + limits.deletedRetentionMs + 61_000;
    }).catch(() => {});
    await runDurableObjectAlarm(threadStub(environment, account, threadId)).catch(() => false);
    await runDurableObjectAlarm(directoryStub(environment, account)).catch(() => false);
    await runDurableObjectAlarm(pushStub(environment, account)).catch(() => false);
    for (let time = 0; time < 3; time++) await laterInMemory(account);
  }
}

async function withThread(play: (told: { account: string; client: Client; threadId: string }) => Promise<void>): Promise<void> {
  const account = `deletion-${crypto.randomUUID()}`;
  const client = await Client.connect({ headers: await headersFor(account) });
  const threadId = await fill(account, client);
  const before = await placesOf({ word, id: threadId });
  // It is everywhere, and the search looks everywhere.
  const kinds = new Set(before.map((place) => place.split(/[.:]/)[0]));
  expect([...kinds].sort()).toEqual(["DIRECTORY", "MEMORY", "MEMORY_WRITER", "PUSH", "THREAD"]);
  expect(await objectsOf("METRICS")).toBeGreaterThan(0);
  await play({ account, client, threadId });
  await finish(account, threadId);
  // What was learned is the account's, without a word of where: a person sees it, and may have it forgotten.
  await vi.waitFor(async () => expect(left(await placesOf({ word, id: threadId }))).toEqual(lesson), patience);
  const { data: lessons } = await client.request("spindle/memory/list", {});
  for (const { id } of lessons) await client.request("spindle/memory/forget", { fragmentId: id });
  await finish(account, threadId);
  await vi.waitFor(async () => expect(left(await placesOf({ word, id: threadId }))).toEqual([]), patience);
  const { data } = await client.request("thread/list", {});
  expect(data.map(({ id }: Wire) => id)).not.toContain(threadId);
  client.close();
}

function left(places: string[]): string[] {
  return places.filter((place) => !tombstones.includes(place));
}

for (const way of ["awake", "evicted"] as const) {
  test(`a deleted thread leaves nothing in any table of any object (${way})`, { timeout: 90_000 }, async () => {
    await withThread(async ({ client, threadId }) => {
      if (way === "evicted") await evictAllDurableObjects({ webSockets: "hibernate" });
      await client.request("thread/delete", { threadId });
      if (way === "evicted") await evictAllDurableObjects({ webSockets: "hibernate" });
    });
  });
}

/** What a deletion does outside of its own storage, in order; and that storage itself. */
const steps = ["tellDirectory", "leaveMemory", "reportMetrics", "forget"] as const;

for (const step of steps) {
  for (const moment of ["before", "after"] as const) {
    test(`a thread that dies ${moment} ${step} of its deletion is gone later by itself`, { timeout: 60_000 }, async () => {
      const account = `dying-${crypto.randomUUID()}`;
      const client = await Client.connect({ headers: await headersFor(account) });
      const threadId = await client.startThread();
      await client.request("thread/name/set", { threadId, name: `about ${word}` });
      await client.say(`say ${word}`);
      await client.untilTurnEnds();
      await client.untilQuiet();
      let hasDied = false;
      await runInDurableObject(threadStub(environment, account, threadId), (instance, state) => {
        const { host } = (instance as unknown as { runtime: ThreadRuntime }).runtime;
        const original = host[step] as (...given: unknown[]) => Promise<unknown>;
        Object.assign(host, {
          [step]: async (...given: unknown[]) => {
            if (moment === "after") await original(...given);
            hasDied = true;
            state.abort("crash");
            throw new Error("the object is dead");
          },
        });
      });
      // What was not answered may not have happened: a client asks again, until there is no such thread.
      for (let isOver = false; !isOver; ) {
        const { error } = await client.ask("thread/delete", { threadId });
        isOver = !error || error.message.startsWith("no rollout found");
      }
      await finish(account, threadId);
      // In its next life nothing stands in the way.
      await finish(account, threadId);
      expect(hasDied).toBe(true);
      await vi.waitFor(async () => expect(left(await placesOf({ word, id: threadId }))).toEqual([]), patience);
      client.close();
    });
  }
}
