import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type Client, type ClientOptions, createClient } from "#client/client";
import { memoryOutbox, type Outbox } from "#client/outbox";
import { createRandom } from "#test/support/random";
import { settled } from "./fake-server.ts";
import { changeRequestId, commandRequestId, recordedLog, threadId } from "./recorded-log.ts";
import { UnsentWorld } from "./unsent-world.ts";

let server: UnsentWorld;
let outbox: Outbox;
let clients: Client[];

beforeEach(() => {
  vi.useFakeTimers();
  server = new UnsentWorld();
  outbox = memoryOutbox();
  clients = [];
});
afterEach(() => {
  for (const client of clients) client.close();
  vi.useRealTimers();
});

/** A page: what it keeps is shared with the pages after it and beside it. */
function open(options: Partial<ClientOptions> = {}): Client {
  const client = createClient({
    url: "ws://fake/",
    clientInfo: { name: "test", version: "0" },
    WebSocket: server.WebSocket,
    random: () => 0,
    outbox,
    ...options,
  });
  clients.push(client);
  return client;
}

async function passes(durationMs = 100): Promise<void> {
  await vi.advanceTimersByTimeAsync(durationMs);
  await settled();
}

const states = (client: Client, id = threadId) => client.unsent.messagesOf(id).map(({ state }) => state);

describe("a message", () => {
  test("written offline is kept over a reload and sent once, in order, when there is a connection", async () => {
    server.refusesSockets = true;
    const before = open();
    const id = await before.unsent.begin("one");
    await before.unsent.send(id, "two");
    await before.unsent.send(id, "three");
    expect(states(before, id)).toEqual(["waiting", "waiting", "waiting"]);
    before.close();

    const after = open();
    await passes();
    expect(states(after, id)).toEqual(["waiting", "waiting", "waiting"]);
    const thread = await after.openThread(id);
    expect([thread.state, thread.failure]).toEqual([null, null]);
    server.refusesSockets = false;
    await passes(60_000);
    expect(server.begun).toEqual([id]);
    const starts = server.sockets.flatMap(({ said }) => said.filter(({ method }) => method === "thread/start"));
    expect(starts).toHaveLength(1);
    expect(server.saidIn(id)).toEqual(["one", "two", "three"]);
    expect(thread.state?.turns.map(({ items }) => items.length)).toEqual([1, 1, 1]);
    expect(thread.isCaughtUp).toBe(true);
    expect([states(after, id), await outbox.read()]).toEqual([[], []]);
  });

  test("that the account has no room for says so, asks nobody again by itself, and is the writer's to send or to edit", async () => {
    server.logs.set(threadId, recordedLog.slice(0, 1));
    const client = open();
    await passes();
    server.isFull = true;
    const key = await client.unsent.send(threadId, "hello");
    await passes(120_000);
    expect(client.unsent.messagesOf(threadId).map(({ state, failure }) => [state, failure])).toEqual([
      ["failed", "this account may begin 2 turns a minute, and has"],
    ]);
    const asked = server.sockets.flatMap(({ said }) => said.filter(({ method }) => method === "turn/start"));
    expect(asked).toHaveLength(1);
    server.isFull = false;
    client.unsent.retry(key);
    await passes();
    expect(server.saidIn(threadId)).toEqual(["hello"]);
    server.isFull = true;
    const other = await client.unsent.send(threadId, "to be edited");
    await passes();
    expect(client.unsent.take(other)?.input).toEqual([{ type: "text", text: "to be edited", text_elements: [] }]);
  });

  test("is in the outbox before it is shown, and before it is on the wire", async () => {
    server.logs.set(threadId, recordedLog.slice(0, 1));
    const client = open();
    await passes();
    const writing = Promise.withResolvers<void>();
    const write = outbox.write;
    outbox.write = async (entry) => {
      await writing.promise;
      await write(entry);
    };
    void client.unsent.send(threadId, "hello");
    await passes();
    expect([states(client), server.saidIn(threadId)]).toEqual([[], []]);
    writing.resolve();
    await passes();
    expect([states(client), server.saidIn(threadId)]).toEqual([[], ["hello"]]);
  });

  test("that another page sent is not sent again, though the log has it no more", async () => {
    server.logs.set(threadId, recordedLog.slice(0, 1));
    server.refusesSockets = true;
    let isFrozen = true;
    const frozen = open({ maySend: async () => !isFrozen });
    await frozen.unsent.send(threadId, "hello");
    server.refusesSockets = false;
    open();
    await passes(20_000);
    expect([states(frozen), server.saidIn(threadId)]).toEqual([["waiting"], ["hello"]]);
    // Somebody goes back before it.
    server.logs.set(threadId, recordedLog.slice(0, 1));
    isFrozen = false;
    for (const socket of server.sockets) if (!socket.isClosed) socket.drop();
    await passes(20_000);
    expect([states(frozen), server.saidIn(threadId)]).toEqual([[], []]);
  });

  test("is shown until its frame has come, and gone in the same moment", async () => {
    server.frameDelayMs = 10;
    const client = open();
    await passes();
    const id = await client.unsent.begin("hello");
    const thread = await client.openThread(id);
    const seen: string[] = [];
    const look = () => {
      const shown = thread.state?.turns.flatMap(({ items }) => items).length ?? 0;
      seen.push(`${client.unsent.messagesOf(id).length} waiting, ${shown} in the talk`);
    };
    client.unsent.subscribe(look);
    thread.subscribe(look);
    await passes();
    expect(new Set(seen)).toEqual(new Set(["1 waiting, 0 in the talk", "0 waiting, 1 in the talk"]));
  });

  test("that the server refuses stays with the reason, to be sent again or taken back, and those behind it go on", async () => {
    server.logs.set(threadId, recordedLog.slice(0, 1));
    const client = open();
    await client.unsent.send(threadId, "refuse me");
    await client.unsent.send(threadId, "fine");
    await passes();
    expect(server.saidIn(threadId)).toEqual(["fine"]);
    const [failed] = client.unsent.messagesOf(threadId);
    expect(failed).toMatchObject({ state: "failed", failure: "Input is bad." });
    client.close();

    const after = open();
    await passes();
    const key = failed?.key ?? "";
    expect(after.unsent.messagesOf(threadId)).toMatchObject([{ key, state: "failed", failure: "Input is bad." }]);
    after.unsent.retry(key);
    await passes();
    expect(states(after)).toEqual(["failed"]);
    expect(after.unsent.take(key)).toMatchObject({ input: [{ text: "refuse me" }] });
    await passes();
    expect([states(after), await outbox.read()]).toEqual([[], []]);
  });

  test("that may have arrived cannot be taken back", async () => {
    server.logs.set(threadId, recordedLog.slice(0, 1));
    const client = open();
    await passes();
    server.tear = () => "after";
    server.refusesSockets = true;
    const key = await client.unsent.send(threadId, "hello");
    await passes();
    expect([states(client), client.unsent.take(key)]).toEqual([["waiting"], null]);
    const untried = await client.unsent.send(threadId, "another");
    expect(client.unsent.take(untried)).toMatchObject({ key: untried });
    server.tear = () => null;
    server.refusesSockets = false;
    await passes(60_000);
    expect(server.saidIn(threadId)).toEqual(["hello"]);
  });

  test("is not sent on a socket that may be another account's", async () => {
    server.logs.set(threadId, recordedLog.slice(0, 1));
    let isMine = false;
    const client = open({ maySend: async () => isMine });
    await client.unsent.send(threadId, "hello");
    await passes(60_000);
    expect([client.state.type, states(client), server.saidIn(threadId)]).toEqual(["online", ["waiting"], []]);
    isMine = true;
    server.socket.drop();
    await passes();
    expect(server.saidIn(threadId)).toEqual(["hello"]);
  });

  test("for a thread that was deleted meanwhile goes with it", async () => {
    server.logs.set(threadId, recordedLog.slice(0, 1));
    const client = open({ maySend: async () => false });
    await client.unsent.send(threadId, "hello");
    await passes();
    server.socket.deliver({ method: "thread/deleted", params: { threadId } });
    await passes();
    expect([states(client), await outbox.read()]).toEqual([[], []]);
  });

  test("is one too many when hundreds wait", async () => {
    const client = open({ maySend: async () => false });
    for (let count = 0; count < 500; count += 1) await client.unsent.send(threadId, "again");
    await expect(client.unsent.send(threadId, "again")).rejects.toThrow("500 messages wait");
  });

  test.each(Array.from({ length: 150 }, (_, seed) => seed))(
    "is sent once whatever tears, from two pages that come and go (seed %i)",
    async (seed) => {
      const random = createRandom(seed);
      const usesLocks = random.chance(0.5);
      const storage = new TornStorage(usesLocks);
      const dice = { random: () => random.below(1000) / 1000 };
      const pages = [0, 1].map(() => ({ client: open(dice), outbox: memoryOutbox() }));
      const reload = (index: number) => {
        const page = pages[index];
        if (!page) return;
        page.client.close();
        storage.die(page.outbox);
        page.outbox = storage.view();
        page.client = open({ ...dice, outbox: page.outbox });
      };
      reload(0);
      reload(1);
      server.tear = () => random.pick(["before", "after", "busy", null, null, null]);
      const threads: string[] = [];
      const written: { client: Client; id: string; text: string; isKept: boolean }[] = [];
      /** What the page had no time to keep before it went is lost, or it was quick and it is not. */
      const keeping = (message: { client: Client; id: string; text: string }, kept: Promise<unknown>) => {
        const entry = { ...message, isKept: false };
        written.push(entry);
        void kept.then(() => {
          entry.isKept = true;
        });
      };
      for (let step = 0; step < 40; step += 1) {
        const index = random.below(2);
        const client = pages[index]?.client as Client;
        const action = random.below(9);
        const id = threads.length > 0 ? random.pick(threads) : null;
        if (action === 0 || (action < 4 && id === null)) {
          const begun = crypto.randomUUID();
          keeping({ client, id: begun, text: `begin ${step}` }, client.unsent.send(begun, `begin ${step}`, { begins: {} }));
          threads.push(begun);
        } else if (action < 4 && id) {
          // Of a thread that another page began, and did not keep, this one knows nothing.
          if (client.unsent.beginningOf(id) || server.logs.has(id)) {
            keeping({ client, id, text: `say ${step}` }, client.unsent.send(id, `say ${step}`));
          }
        } else if (action === 4) reload(index);
        else if (action === 5) server.socket.drop();
        else if (action === 6) server.refusesSockets = random.chance(0.4);
        else if (action === 7 && id) void client.openThread(id).catch(() => {});
        else await passes(random.below(3_000));
      }
      server.tear = () => null;
      server.refusesSockets = false;
      await passes(120_000);
      for (const id of threads) {
        const said = server.saidIn(id);
        const texts = written.filter((message) => message.id === id && (message.isKept || said.includes(message.text)));
        expect(said.toSorted()).toEqual(texts.map(({ text }) => text).toSorted());
        // Two pages know no order between them.
        for (const writer of new Set(texts.map(({ client }) => client))) {
          const own = texts.filter(({ client }) => client === writer).map(({ text }) => text);
          expect(said.filter((text) => own.includes(text))).toEqual(own);
        }
      }
      expect(new Set(server.begun).size).toBe(server.begun.length);
      expect(await storage.view().read()).toEqual([]);
      for (const { client } of pages) expect(client.unsent.all.filter(({ state }) => state !== "sent")).toEqual([]);
    },
  );
});

/** A disk that takes its time; what a page had not written when it died is lost. */
class TornStorage {
  private readonly disk = memoryOutbox();
  private readonly deaths = new Map<Outbox, PromiseWithResolvers<void>>();
  private readonly tails = new Map<string, Promise<void>>();
  private readonly listeners = new Map<Outbox, () => void>();
  private readonly usesLocks: boolean;

  constructor(usesLocks: boolean) {
    this.usesLocks = usesLocks;
  }

  die(view: Outbox): void {
    this.deaths.get(view)?.resolve();
    this.deaths.delete(view);
  }

  view(): Outbox {
    const later = async (work: () => Promise<void>) => {
      await new Promise((resolve) => setTimeout(resolve, 2));
      if (!this.deaths.has(view)) return new Promise<void>(() => {});
      await work();
      for (const [other, changed] of this.listeners) if (other !== view && this.deaths.has(other)) changed();
    };
    const view: Outbox = {
      read: () => this.disk.read(),
      write: (entry) => later(() => this.disk.write(entry)),
      remove: (key) => later(() => this.disk.remove(key)),
      exclusively: (name, work) => (this.usesLocks ? this.locked(view, name, work) : work()),
      onChange: (listener) => void this.listeners.set(view, listener),
    };
    this.deaths.set(view, Promise.withResolvers());
    return view;
  }

  /** A page's locks die with it. */
  private async locked(view: Outbox, name: string, work: () => Promise<void>): Promise<void> {
    const before = this.tails.get(name) ?? Promise.resolve();
    const death = this.deaths.get(view)?.promise;
    const working = before.then(() => (this.deaths.has(view) ? work() : undefined));
    this.tails.set(
      name,
      Promise.race([working, death]).catch(() => {}),
    );
    await working;
  }
}

describe("an answer", () => {
  const asked = recordedLog.findIndex((frame) => "id" in frame && frame.id === changeRequestId) + 1;

  async function answeredOffline(): Promise<Client> {
    server.logs.set(threadId, recordedLog.slice(0, asked));
    const before = open();
    await passes();
    const thread = await before.openThread(threadId);
    server.refusesSockets = true;
    server.socket.drop();
    thread.answer(changeRequestId, "accept");
    expect(thread.questions).toEqual([]);
    await settled();
    before.close();
    return open();
  }

  test("given offline reaches the server after a reload, also when nobody opens its thread", async () => {
    const after = await answeredOffline();
    await passes();
    server.refusesSockets = false;
    await passes(20_000);
    expect(server.answers).toEqual([{ id: changeRequestId, result: { decision: "accept" } }]);
    for (const frame of recordedLog.slice(asked)) server.append(threadId, frame);
    await passes();
    expect([await outbox.read(), after.unsent.lateAnswers]).toEqual([[], []]);
    expect(server.socket.said.at(-1)?.method, "nobody follows the thread any more").toBe("thread/unsubscribe");
  });

  test("to what was resolved meanwhile is dropped, and says so", async () => {
    const after = await answeredOffline();
    server.logs.set(threadId, [...recordedLog]);
    server.refusesSockets = false;
    await passes(20_000);
    expect(server.answers).toEqual([]);
    expect(after.unsent.lateAnswers).toEqual([{ key: changeRequestId, threadId }]);
    expect(await outbox.read()).toEqual([]);
    after.unsent.dismissLate(changeRequestId);
    expect(after.unsent.lateAnswers).toEqual([]);
  });

  test("in a thread that is no more is dropped, and says so", async () => {
    const after = await answeredOffline();
    server.logs.delete(threadId);
    server.refusesSockets = false;
    await passes(20_000);
    expect(after.unsent.lateAnswers).toEqual([{ key: changeRequestId, threadId }]);
    expect(await outbox.read()).toEqual([]);
  });

  test("that may have been what resolved its request says nothing", async () => {
    server.logs.set(threadId, recordedLog.slice(0, asked));
    const client = open();
    await passes();
    const thread = await client.openThread(threadId);
    thread.answer(changeRequestId, "accept");
    for (const frame of recordedLog.slice(asked)) server.append(threadId, frame);
    await passes();
    expect([client.unsent.lateAnswers, await outbox.read()]).toEqual([[], []]);
    thread.answer(commandRequestId, "accept");
    expect(await outbox.read()).toEqual([]);
  });
});
