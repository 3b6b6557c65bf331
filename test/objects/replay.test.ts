import { expect } from "vitest";
import { createRandom } from "#test/support/random";
import type { Client, Message, Wire } from "./client.ts";
import { story } from "./story.ts";

const asksForChanges = "item/fileChange/requestApproval";

/** A turn with everything in it that a client can miss. */
function everything(numbers: number): string {
  return `think it over twice\nsay let me see\ncount ${numbers}\nrun echo one; echo two\nwrite a.txt: a\nsay done`;
}

async function tellEverything(client: Client, numbers: number): Promise<Wire> {
  await client.say(everything(numbers));
  client.answer(await client.until(asksForChanges), "accept");
  return client.untilTurnEnds();
}

story("whoever heard until any frame hears exactly the rest", async ({ client, connect, sleep }) => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const random = createRandom(seed);
  const threadId = await client.startThread();
  await tellEverything(client, 20);
  const log = client.threadFrames();
  const last = log.length;
  expect(
    log.map(({ seq }) => seq),
    "1, 2, 3 …",
  ).toEqual(log.map((_, index) => index + 1));
  expect(last).toBeGreaterThan(30);
  await sleep();
  const other = await connect();
  for (let cut = 0; cut < 100; cut++) {
    const afterSeq = random.below(last + 1);
    const before = other.frames.length;
    const { result, seq } = await other.resume(threadId, { afterSeq });
    expect([result.thread.id, seq]).toEqual([threadId, last]);
    if (afterSeq < last) await other.untilThat((message) => message.seq === last && message.method !== undefined);
    const heard = other.frames.slice(before + 1);
    expect(heard, `seed ${seed}, after ${afterSeq}`).toEqual(log.slice(afterSeq));
  }
});

story(
  "when a request was asked is told live and in a replay, and only to who asked for `seq`",
  async ({ client, connect, sleep }) => {
    const threadId = await client.startThread();
    await client.say("write a.txt: a");
    const { emittedAtMs } = await client.until(asksForChanges);
    expect(emittedAtMs).toBeGreaterThan(Date.now() - 60_000);
    await sleep();
    const later = await connect();
    await later.resume(threadId, { afterSeq: 0 });
    expect((await later.until(asksForChanges)).emittedAtMs).toBe(emittedAtMs);
    const plain = await connect({ replay: false });
    await plain.resume(threadId);
    expect(await plain.until(asksForChanges)).not.toHaveProperty("emittedAtMs");
  },
);

story(
  "clients that lose their socket again and again lose nothing and hear nothing twice",
  async ({ client, connect, sleep }) => {
    const seed = Math.floor(Math.random() * 2 ** 32);
    const random = createRandom(seed);
    const threadId = await client.startThread();
    await client.say(everything(30));
    let drops = 0;
    const clumsy = Array.from({ length: 6 }, async (): Promise<Message[]> => {
      const heard: Message[] = [];
      for (;;) {
        const one = await connect();
        const afterSeq = heard.at(-1)?.seq ?? 0;
        await one.resume(threadId, { afterSeq });
        const dropAt = afterSeq + 1 + random.below(6);
        const isEnd = ({ method }: Message) => method === "turn/completed";
        await one.untilThat((message) => isEnd(message) || (message.method !== undefined && (message.seq ?? 0) >= dropAt));
        one.close();
        drops += 1;
        heard.push(...one.threadFrames());
        if (heard.some(isEnd)) return heard;
      }
    });
    client.answer(await client.until(asksForChanges), "accept");
    await client.untilTurnEnds();
    const log = client.threadFrames();
    for (const heard of await Promise.all(clumsy)) {
      // Those of the last socket may hold what came behind the end of the turn.
      expect(heard, `seed ${seed}`).toEqual(log.slice(0, heard.length));
      expect(heard.length).toBeGreaterThanOrEqual(log.findIndex(({ method }) => method === "turn/completed") + 1);
    }
    expect(drops).toBeGreaterThan(20);
    await sleep();
    const { result } = await client.resume(threadId, { excludeTurns: false });
    expect(result.thread.turns).toEqual(client.fold()?.turns);
  },
);

story("a plain client that comes in the middle hears a message from its beginning", async ({ client, connect, sleep }) => {
  const seed = Math.floor(Math.random() * 2 ** 32);
  const random = createRandom(seed);
  const threadId = await client.startThread();
  await client.say(everything(25));
  const plain: { client: Client; items: Map<string, Wire> }[] = [];
  for (let joined = 0; joined < 20; joined++) {
    const one = await connect({ replay: false });
    const { result, seq } = await one.resume(threadId, { excludeTurns: false, afterSeq: 3 });
    expect(seq, "a client that does not ask sees plain Codex").toBeUndefined();
    const items = result.thread.turns.flatMap((turn: Wire) => turn.items);
    plain.push({ client: one, items: new Map(items.map((item: Wire) => [item.id, item])) });
    await new Promise((resolve) => setTimeout(resolve, random.below(90)));
  }
  client.answer(await client.until(asksForChanges), "accept");
  await client.untilTurnEnds();
  await sleep();
  const { data } = await client.request("thread/items/list", { threadId });
  for (const { client: one, items } of plain) {
    await one.untilTurnEnds();
    for (const message of one.frames) {
      expect(message.seq).toBeUndefined();
      foldStrictly(items, message, `seed ${seed}`);
    }
    expect([...items.values()], `seed ${seed}`).toEqual(data.map(({ item }: Wire) => item));
  }
});

/** As a client that believes every frame; what does not fit together is an error. */
function foldStrictly(items: Map<string, Wire>, { method, params }: Message, where: string): void {
  const known = items.get(params?.itemId ?? params?.item?.id);
  switch (method) {
    case "item/started":
      expect(known, `${where}: begun twice`).toBeUndefined();
      items.set(params.item.id, params.item);
      return;
    case "item/agentMessage/delta":
      items.set(params.itemId, { ...known, text: known.text + params.delta });
      return;
    case "item/reasoning/summaryPartAdded":
      expect(known.summary).toHaveLength(params.summaryIndex);
      items.set(params.itemId, { ...known, summary: [...known.summary, ""] });
      return;
    case "item/reasoning/summaryTextDelta":
      items.set(params.itemId, {
        ...known,
        summary: known.summary.map((part: string, index: number) => (index === params.summaryIndex ? part + params.delta : part)),
      });
      return;
    case "item/completed":
      if (params.item.type === "agentMessage") expect(known.text, where).toBe(params.item.text);
      if (params.item.type === "reasoning") expect(known.summary, where).toEqual(params.item.summary);
      items.set(params.item.id, params.item);
  }
}

story("three clients that came at different times fold to the same thread", async ({ client, connect, sleep }) => {
  const threadId = await client.startThread();
  await client.say(everything(10));
  await client.until("item/agentMessage/delta");
  const second = await connect();
  await second.resume(threadId, { afterSeq: 0 });
  client.answer(await client.until(asksForChanges), "accept");
  await Promise.all([client.untilTurnEnds(), second.untilTurnEnds()]);
  await sleep();
  const third = await connect();
  const { seq } = await third.resume(threadId, { afterSeq: 0 });
  await third.untilTurnEnds();
  for (const one of [client, second, third]) {
    await expect.poll(() => one.fold()?.seq).toBe(seq);
    expect(one.fold()).toEqual(client.fold());
    expect(one.fold()?.status).toEqual({ type: "idle" });
  }
});

story("a client that opted out of streamed text ends with the same thread", async ({ client, connect, sleep }) => {
  const optOut = [
    "item/agentMessage/delta",
    "item/reasoning/summaryTextDelta",
    "item/reasoning/summaryPartAdded",
    "thread/started",
  ];
  const threadId = await client.startThread();
  const quiet = await connect({ optOut });
  await quiet.resume(threadId, { afterSeq: 0 });
  await tellEverything(client, 10);
  await quiet.untilTurnEnds();
  await sleep();
  for (const method of optOut) expect(quiet.methodsHeard()).not.toContain(method);
  const missing = client.threadFrames().filter(({ method }) => optOut.includes(method ?? ""));
  expect(quiet.threadFrames()).toEqual(client.threadFrames().filter((frame) => !missing.includes(frame)));
});

story("a place in the log that there is not is refused", async ({ client, connect, sleep }) => {
  const threadId = await client.startThread();
  await client.turn("say hi");
  await sleep();
  const last = client.fold()?.seq ?? 0;
  const other = await connect();
  expect(await other.refusal("thread/resume", { threadId, excludeTurns: true, afterSeq: last + 1 })).toBe(
    `-32600 Invalid request: afterSeq ${last + 1} is beyond the thread's last frame ${last}`,
  );
  expect(await other.refusal("thread/resume", { threadId, excludeTurns: true, afterSeq: -1 })).toBe(
    "-32600 Invalid request: invalid value: integer `-1`, expected u32",
  );
  expect(await other.refusal("thread/resume", { threadId, excludeTurns: true, afterSeq: 1.5 })).toBe(
    "-32600 Invalid request: invalid type: floating point `1.5`, expected u32",
  );
  await other.untilQuiet();
  expect(other.methodsHeard(), "who was refused is not subscribed").toEqual([]);
  await other.resume(threadId, { afterSeq: last });
  await other.untilQuiet();
  expect(other.methodsHeard()).toEqual([]);
  await client.turn("say more");
  await other.untilTurnEnds();
});
