/**
 * The fault matrix on the platform itself: what is workerd's to do wrong, or another object's, at each moment of a thread. The simulation tells the
 * same faults, with dice; here nothing is simulated but the fault. Titles are the cells of the table that `npm run check:faults` prints.
 */
import { runInDurableObject } from "cloudflare:test";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { ThreadRuntime } from "#thread/runtime";
import { directoryStub, memoryStub, threadStub } from "../../durable-objects/environment.ts";
import { Client, type Message, type Wire } from "./client.ts";
import { headersFor } from "./front-door.ts";
import { accountWith, catchPushes, owed, ringLater, untilTold } from "./push-devices.ts";
import { environment } from "./story.ts";

const asksForChanges = "item/fileChange/requestApproval";
const moments = ["idle", "streaming", "approval pending"] as const;
type Moment = (typeof moments)[number];

interface Scene {
  account: string;
  client: Client;
  threadId: string;
}

interface Fault {
  /** Begins; what it returns ends it. */
  strike(scene: Scene): Promise<() => Promise<void> | void>;
  /** Whether it came to pass. */
  struck(): boolean;
}

const faults: Record<string, () => Fault> = {
  "deploy: object reset": () => {
    let deaths = 0;
    return {
      async strike({ account, threadId }) {
        const before = await livesOf(account, threadId);
        await runInDurableObject(threadStub(environment, account, threadId), (_, state) => state.abort("deploy")).catch(() => {});
        if ((await livesOf(account, threadId)) !== before) deaths += 1;
        return () => {};
      },
      struck: () => deaths === 1,
    };
  },
  "Directory refusing": () => refusing((account) => directoryStub(environment, account), "update"),
  "Memory refusing": () => refusing((account) => memoryStub(environment, account), "report"),
  "KV failing": () => {
    let failed = 0;
    return {
      async strike() {
        const spies = [environment.MEMORY, environment.FLAGS].map((namespace) =>
          vi.spyOn(Object.getPrototypeOf(namespace), "get").mockImplementation(() => {
            failed += 1;
            return Promise.reject(new Error("KV get failed: 500 Internal Server Error"));
          }),
        );
        return () => {
          for (const spy of spies) spy.mockRestore();
        };
      },
      struck: () => failed > 0,
    };
  },
  "alarm twice": () => {
    let rung = 0;
    return {
      async strike({ account, threadId }) {
        await inThread(account, threadId, async (runtime) => {
          await Promise.all([runtime.alarm(), runtime.alarm()]);
          rung += 2;
        });
        return () => {};
      },
      struck: () => rung === 2,
    };
  },
  "alarm late": () => {
    let isHeld = false;
    return {
      // None is set from now on, and the clock is an hour ahead when it rings at last.
      async strike({ account, threadId }) {
        await inThread(account, threadId, ({ host }) => {
          const { now } = host;
          host.setAlarm = () => {
            isHeld = true;
          };
          host.now = () => now() + 60 * 60_000;
        });
        return () => {};
      },
      struck: () => isHeld,
    };
  },
};

/** Another object answers this call with an error. Calls between objects find their method where its class has it. */
function refusing(stubOf: (account: string) => DurableObjectStub, method: string): Fault {
  let refused = 0;
  return {
    async strike({ account }) {
      const prototype = await runInDurableObject(stubOf(account), (instance) => {
        const found = Object.getPrototypeOf(instance);
        const spy = vi.spyOn(found, method).mockImplementation(() => {
          refused += 1;
          return Promise.reject(new Error("storage operation refused"));
        });
        return spy;
      });
      return () => prototype.mockRestore();
    },
    struck: () => refused > 0,
  };
}

const lives = new WeakMap<object, number>();
let lastLife = 0;

/** A number for each life of the thread's object. */
function livesOf(account: string, threadId: string): Promise<number> {
  return inThread(account, threadId, (runtime) => {
    const life = lives.get(runtime) ?? ++lastLife;
    lives.set(runtime, life);
    return life;
  });
}

function inThread<Result>(
  account: string,
  threadId: string,
  take: (runtime: ThreadRuntime) => Result | Promise<Result>,
): Promise<Result> {
  return runInDurableObject(threadStub(environment, account, threadId), (instance) =>
    take((instance as unknown as { runtime: ThreadRuntime }).runtime),
  );
}

/** A thread at the moment, and what a person has to answer there. */
async function reach(moment: Moment, client: Client): Promise<Message | null> {
  await client.turn("say before");
  if (moment === "streaming") {
    await client.say("count 40\nwrite a.txt: a");
    await client.until("item/agentMessage/delta");
  }
  if (moment !== "approval pending") return null;
  await client.say("write a.txt: a");
  return client.until(asksForChanges);
}

afterEach(() => vi.restoreAllMocks());

describe("whatever the platform does wrong for a while, nothing is lost", () => {
  for (const [name, make] of Object.entries(faults)) {
    for (const moment of moments) {
      test(`${name} | ${moment}`, { timeout: 60_000 }, async () => {
        const account = `faults-${crypto.randomUUID()}`;
        const headers = await headersFor(account);
        const client = await Client.connect({ headers });
        const threadId = await client.startThread();
        const asked = await reach(moment, client);
        const fault = make();
        const mend = await fault.strike({ account, client, threadId });
        if (moment === "idle") await client.say("write a.txt: a");
        client.answer(asked ?? (await client.until(asksForChanges)), "accept");
        expect(await client.untilTurnEnds()).toMatchObject({ status: "completed" });
        expect(await client.turn("say meanwhile")).toMatchObject({ status: "completed" });
        await mend();
        await inThread(account, threadId, (runtime) => runtime.alarm());
        expect(fault.struck()).toBe(true);
        await everythingIsThere({ account, client, threadId });
        client.close();
      });
    }
  }

  for (const moment of moments) {
    test(`push service down | ${moment}`, { timeout: 60_000 }, async () => {
      const service = catchPushes();
      const device = service.newDevice();
      const { account, client } = await accountWith(device);
      const threadId = await client.startThread();
      let isDown = true;
      const taken: string[] = [];
      service.answer = async ({ message }) => {
        if (!isDown) taken.push(message.kind);
        return new Response(null, { status: isDown ? 503 : 201 });
      };
      const asked = await reach(moment, client);
      if (moment === "idle") await client.say("write a.txt: a");
      const waiting = asked ?? (await client.until(asksForChanges));
      await untilTold(account);
      await ringLater(account);
      expect(service.of(device).length).toBeGreaterThan(0);
      expect(taken).toEqual([]);
      isDown = false;
      for (let round = 0; round < 3; round++) await ringLater(account, 60_000);
      expect(taken).toEqual(["approval"]);
      client.answer(waiting, "accept");
      expect(await client.untilTurnEnds()).toMatchObject({ status: "completed" });
      await untilTold(account);
      await ringLater(account, 60_000);
      expect((await owed(account)).deliveries).toBe(0);
      await everythingIsThere({ account, client, threadId });
      client.close();
    });
  }
});

/** The client heard each frame once and in order, a stranger to it hears the same, nothing is owed, and the list knows how the thread stands. */
async function everythingIsThere({ account, client, threadId }: Scene): Promise<void> {
  await vi.waitFor(
    async () => {
      await inThread(account, threadId, async (runtime) => {
        await runtime.outbox.flush();
        await runtime.memoryOutbox.flush();
        expect([runtime.outbox.depth, runtime.memoryOutbox.depth]).toEqual([0, 0]);
      });
    },
    { timeout: 10_000, interval: 100 },
  );
  await client.untilQuiet();
  const heard = client.frames.filter(({ seq, method }) => seq !== undefined && method !== undefined);
  const seqs = heard.map(({ seq }) => Number(seq));
  expect(seqs).toEqual(Array.from(seqs, (_, index) => (seqs[0] ?? 0) + index));
  const other = await Client.connect({ headers: await headersFor(account) });
  await other.resume(threadId, { afterSeq: 0 });
  const framesOf = ({ frames }: Client) => frames.filter(({ seq, method }) => seq !== undefined && method !== undefined);
  await vi.waitFor(() => expect(framesOf(other).at(-1)?.seq).toBe(seqs.at(-1)), { timeout: 10_000 });
  // Streamed text may have left the log, an hour later.
  const textsOf = (frames: Message[]) =>
    frames
      .filter(({ method }) => !/(elta|summaryPartAdded)$/.test(method ?? ""))
      .map(({ seq, method, params }) => JSON.stringify({ seq, method, params }));
  const [mine, theirs] = [textsOf(heard), textsOf(framesOf(other))];
  expect(mine.filter((text, index) => text !== theirs[index])).toEqual([]);
  expect(theirs.length).toBe(mine.length);
  const ends = heard.filter(({ method }) => method === "turn/completed").map(({ params }) => params.turn.id);
  expect(new Set(ends).size).toBe(ends.length);
  const started = heard.filter(({ method }) => method === "turn/started").map(({ params }) => params.turn.id);
  expect(ends).toEqual(started);
  expect((await other.request("fs/readFile", { path: "/workspace/a.txt", threadId })).dataBase64).toBe(btoa("a\n"));
  const listed = (await other.request("thread/list", {})).data.find(({ id }: Wire) => id === threadId);
  expect(listed.status).toEqual({ type: "idle" });
  other.close();
}
