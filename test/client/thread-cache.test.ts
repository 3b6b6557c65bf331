import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type Client, createClient } from "#client/client";
import type { ThreadCache } from "#client/thread-cache";
import type { Frame } from "#core/frame";
import { reduce } from "#core/reduce";
import type { Thread } from "#core/thread";
import { createRandom } from "#test/support/random";
import { settled } from "./fake-server.ts";
import { recordedLog, threadId } from "./recorded-log.ts";
import { UnsentWorld } from "./unsent-world.ts";

let server: UnsentWorld;
let kept: Map<string, Thread>;
let writes: number[];
let clients: Client[];

const cache: ThreadCache = {
  read: async (id) => structuredClone(kept.get(id) ?? null),
  write: async (thread) => {
    writes.push(thread.seq);
    if ((kept.get(thread.info.id)?.seq ?? 0) > thread.seq) return;
    kept.set(thread.info.id, structuredClone(thread));
  },
  remove: async (id) => void kept.delete(id),
};

beforeEach(() => {
  vi.useFakeTimers();
  server = new UnsentWorld();
  kept = new Map();
  writes = [];
  clients = [];
});
afterEach(() => {
  for (const client of clients) client.close();
  vi.useRealTimers();
});

function open(used: ThreadCache = cache): Client {
  const client = createClient({
    url: "ws://fake/",
    clientInfo: { name: "test", version: "0" },
    WebSocket: server.WebSocket,
    random: () => 0,
    cache: used,
  });
  clients.push(client);
  return client;
}

async function passes(durationMs = 100): Promise<void> {
  await vi.advanceTimersByTimeAsync(durationMs);
  await settled();
}

function folded(frames: Frame[]): Thread {
  return frames.reduce<Thread | null>(reduce, null) as Thread;
}

const resumes = () => server.sockets.flatMap(({ said }) => said.filter(({ method }) => method === "thread/resume"));

test("a kept thread opens without a network, and catches up by what it lacks when there is one", async () => {
  kept.set(threadId, folded(recordedLog.slice(0, 12)));
  server.logs.set(threadId, [...recordedLog]);
  server.refusesSockets = true;
  const thread = await open().openThread(threadId);
  expect([thread.state, thread.isCaughtUp]).toEqual([folded(recordedLog.slice(0, 12)), false]);
  server.refusesSockets = false;
  await passes(20_000);
  expect(resumes().map(({ params }) => params)).toEqual([{ threadId, afterSeq: 12, excludeTurns: true }]);
  expect([thread.state, thread.isCaughtUp]).toEqual([folded(recordedLog), true]);
});

test("a thread is written soon after its turn ended, while it runs now and then, and when the page goes", async () => {
  server.logs.set(threadId, recordedLog.slice(0, 1));
  const client = open();
  await passes();
  const thread = await client.openThread(threadId);
  await passes(6_000);
  writes.length = 0;
  for (const frame of recordedLog.slice(1, -1)) {
    server.append(threadId, frame);
    await passes(1_000);
  }
  const seconds = recordedLog.length - 2;
  expect(writes.length).toBe(Math.floor(seconds / 5));
  const last = recordedLog.at(-1) as Frame;
  server.append(threadId, last);
  await passes(499);
  expect(writes.at(-1)).toBeLessThan(last.seq);
  await passes(1);
  expect(writes.at(-1)).toBe(last.seq);
  expect(kept.get(threadId)).toEqual({ ...thread.state, notes: thread.notes });
  const count = writes.length;
  await passes(60_000);
  expect(writes.length, "nothing changed").toBe(count);
  server.append(threadId, { method: "thread/name/updated", params: { threadId, threadName: "Tidy" } });
  await settled();
  await client.rest();
  expect(kept.get(threadId)?.info.name).toBe("Tidy");
});

test("a thread whose log is shorter than what is kept, or another, is read anew", async () => {
  kept.set(threadId, folded(recordedLog));
  server.logs.set(threadId, recordedLog.slice(0, 5));
  const client = open();
  const thread = await client.openThread(threadId);
  await passes(6_000);
  expect([thread.state, thread.isCaughtUp, thread.failure]).toEqual([folded(recordedLog.slice(0, 5)), true, null]);
  expect(kept.get(threadId)).toEqual({ ...thread.state, notes: thread.notes });
  client.close();

  const { info, ...rest } = folded(recordedLog.slice(0, 3));
  kept.set(threadId, { ...rest, info: { ...info, createdAt: info.createdAt - 60 } });
  const again = await open().openThread(threadId);
  await passes();
  expect(again.state).toEqual(folded(recordedLog.slice(0, 5)));
});

test("a thread that the server does not know any more is dropped, and the failure shown", async () => {
  kept.set(threadId, folded(recordedLog));
  const thread = await open().openThread(threadId);
  await passes();
  expect(thread.failure).toMatchObject({ message: `no rollout found for thread id ${threadId}` });
  await passes();
  expect(kept.size).toBe(0);
});

test("a thread that is deleted is not kept, whether it was open or not", async () => {
  const client = open();
  await passes();
  server.logs.set(threadId, [...recordedLog]);
  await client.openThread(threadId);
  await passes(6_000);
  kept.set("another", folded(recordedLog));
  server.socket.deliver({ method: "thread/deleted", params: { threadId: "another" } });
  server.append(threadId, { method: "thread/deleted", params: { threadId } });
  await passes(6_000);
  expect(kept.size).toBe(0);
});

test("a storage that fails, or never answers, is as good as none", async () => {
  server.logs.set(threadId, [...recordedLog]);
  const broken = { ...cache, read: () => Promise.reject(new Error("corrupt")), write: () => Promise.reject(new Error("full")) };
  const thread = await open(broken).openThread(threadId);
  expect(thread.state).toEqual(folded(recordedLog));
  const mute = open({ ...cache, read: () => new Promise(() => {}) }).openThread(threadId);
  await passes(2_000);
  expect((await mute).state).toEqual(folded(recordedLog));
});

test.each(Array.from({ length: 60 }, (_, seed) => seed))(
  "whatever was kept when, and however the socket was cut, the thread is the same in the end (seed %i)",
  async (seed) => {
    const random = createRandom(seed);
    server.logs.set(threadId, recordedLog.slice(0, 1));
    let client = open();
    for (const frame of recordedLog.slice(1)) {
      if (random.chance(0.3)) server.socket.drop();
      if (random.chance(0.2)) {
        if (random.chance(0.5)) await client.rest();
        client.close();
        client = open();
      }
      void client.openThread(threadId).catch(() => {});
      await passes(random.below(2_000));
      server.append(threadId, frame);
      await passes(random.below(3));
    }
    await passes(30_000);
    const thread = await client.openThread(threadId);
    expect([thread.state, thread.isCaughtUp]).toEqual([folded(server.logs.get(threadId) ?? []), true]);
    expect(kept.get(threadId)).toEqual({ ...thread.state, notes: thread.notes });
  },
);
