import { expect, test } from "vitest";
import { fork } from "#thread/fork";
import { Client, type Wire } from "./client.ts";
import { crash, filesOf, inThread, story, stubOf } from "./story.ts";

const asksForChanges = "item/fileChange/requestApproval";

story("a fork holds the history, the files and the model's past, and goes its own way", async ({ client, sleep }) => {
  const source = await client.startThread({ approvalPolicy: "never" });
  await client.writeFile("notes.txt", "by hand");
  const first = await client.turn("think\nsay one\nwrite a.txt: 1", { clientUserMessageId: "m1" });
  const second = await client.turn("say two\nwrite a.txt: 2\nwrite b.txt: b");
  await client.request("thread/name/set", { threadId: source, name: "Kept" });
  await client.writeFile("late.txt", "after the last turn");
  await sleep();
  const { thread, ...opened } = await client.request("thread/fork", { threadId: source });
  expect(thread).toMatchObject({
    forkedFromId: source,
    name: "Kept",
    preview: "think\nsay one\nwrite a.txt: 1",
    ephemeral: false,
  });
  expect([thread.sessionId, thread.status]).toEqual([thread.id, { type: "idle" }]);
  expect(thread.turns.map(({ id }: Wire) => id)).toEqual([first.id, second.id]);
  expect(opened.approvalPolicy).toBe("never");
  await sleep();
  expect(await itemsOf(client, thread.id)).toEqual(await itemsOf(client, source));
  expect(await filesOf(thread.id)).toEqual({
    "a.txt": "2\n",
    "b.txt": "b\n",
    "late.txt": "after the last turn",
    "notes.txt": "by hand",
  });
  expect(await modelInput(thread.id)).toEqual(await modelInput(source));
  client.threadId = thread.id;
  const third = await client.turn("say three\nwrite a.txt: 3");
  expect(third.status).toBe("completed");
  expect((await filesOf(source))["a.txt"]).toBe("2\n");
  // A retry of a message that was copied gets the turn it began.
  expect(await client.say("once more", { clientUserMessageId: "m1" })).toBe(first.id);
  const listed = (await client.request("thread/list", {})).data.find(({ id }: Wire) => id === thread.id);
  expect(listed).toMatchObject({ forkedFromId: source, name: "Kept" });
});

story("a fork ends where it is told to, and its files are what they were there", async ({ client, sleep }) => {
  const threadId = await client.startThread({ approvalPolicy: "never" });
  await client.writeFile("hand.txt", "0");
  const turns: Wire[] = [];
  for (const n of [1, 2, 3]) {
    turns.push(await client.turn(`write a.txt: ${n}\nwrite only${n}.txt: x`));
    await client.writeFile("hand.txt", String(n));
  }
  await client.request("fs/remove", { path: "/workspace/only1.txt", threadId });
  await sleep();
  const at = async (point: object) => {
    const { thread } = await client.request("thread/fork", { threadId, ...point });
    return [thread.turns.length, await filesOf(thread.id)];
  };
  const one = { "a.txt": "1\n", "only1.txt": "x\n" };
  const two = { "a.txt": "2\n", "only1.txt": "x\n", "only2.txt": "x\n" };
  expect(await at({ lastTurnId: turns[0].id })).toEqual([1, { ...one, "hand.txt": "0" }]);
  expect(await at({ beforeTurnId: turns[1].id })).toEqual([1, { ...one, "hand.txt": "1" }]);
  expect(await at({ lastTurnId: turns[1].id })).toEqual([2, { ...two, "hand.txt": "1" }]);
  expect(await at({ beforeTurnId: turns[2].id })).toEqual([2, { ...two, "hand.txt": "2" }]);
  expect(await at({ beforeTurnId: turns[0].id })).toEqual([0, { "hand.txt": "0" }]);
  expect(await at({})).toEqual([3, { "a.txt": "3\n", "only2.txt": "x\n", "only3.txt": "x\n", "hand.txt": "3" }]);
});

story("a running turn is forked as if it had been interrupted, and goes on in the source", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  const first = await client.turn("say one");
  const turnId = await client.say("say two\nwrite a.txt: a");
  const asked = await client.until(asksForChanges);
  await sleep();
  const { thread } = await client.request("thread/fork", { threadId });
  expect(thread.status).toEqual({ type: "idle" });
  expect(thread.turns.map(({ id, status }: Wire) => [id, status])).toEqual([
    [first.id, "completed"],
    [turnId, "interrupted"],
  ]);
  expect(thread.turns[1].items.map(({ type, status }: Wire) => [type, status ?? null])).toEqual([
    ["userMessage", null],
    ["agentMessage", null],
    ["fileChange", "failed"],
  ]);
  const input = JSON.stringify(await modelInput(thread.id));
  expect(input).toContain("<turn_aborted>");
  await sleep();
  const { data } = await client.request("thread/turns/list", { threadId: thread.id });
  expect(data.map(({ id }: Wire) => id)).toEqual([turnId, first.id]);
  expect(await client.refusal("thread/fork", { threadId, lastTurnId: turnId })).toBe(
    `-32600 lastTurnId must name a turn that is not in progress: ${turnId}`,
  );
  const before = await client.request("thread/fork", { threadId, beforeTurnId: turnId });
  expect(before.thread.turns.map(({ id }: Wire) => id)).toEqual([first.id]);
  client.answer(asked, "accept");
  expect(
    (await client.untilThat(({ params, method }) => method === "turn/completed" && params.threadId === threadId)).params.turn
      .status,
  ).toBe("completed");
  expect(await filesOf(threadId)).toEqual({ "a.txt": "a\n" });
  expect(await filesOf(thread.id)).toEqual({});
  client.threadId = thread.id;
  expect((await client.turn("say three")).status).toBe("completed");
});

story("what was streamed of a message is in the fork", async ({ client }) => {
  const threadId = await client.startThread();
  const turnId = await client.say("count 200");
  await client.until("item/agentMessage/delta");
  const { thread } = await client.request("thread/fork", { threadId });
  const message = thread.turns[0].items.findLast(({ type }: Wire) => type === "agentMessage");
  expect(message.text).toMatch(/^1/);
  expect(message.completedAtMs).not.toBeNull();
  await client.request("turn/interrupt", { threadId, turnId });
});

story("a plain client hears of a fork what the real server tells", async ({ client, connect, sleep }) => {
  const plain = await connect({ replay: false });
  const threadId = await plain.startThread();
  const { id } = await plain.turn("say one");
  await sleep();
  const heard = plain.frames.length;
  const { thread } = await plain.request("thread/fork", { threadId });
  await plain.until("thread/started");
  await plain.untilQuiet();
  const after = plain.frames.slice(heard);
  expect(after.map(({ method }) => method)).toEqual([undefined, "thread/tokenUsage/updated", "thread/started"]);
  expect(after[1]?.params).toMatchObject({ threadId: thread.id, turnId: id });
  expect(after[2]?.params.thread).toEqual({ ...thread, turns: [] });
  const side = await plain.request("thread/fork", { threadId, ephemeral: true, excludeTurns: true });
  expect([side.thread.ephemeral, side.thread.turns]).toEqual([true, []]);
  expect(await client.refusal("thread/fork", { threadId, ephemeral: true })).toBe(
    "-32600 ephemeral paginated thread/fork requires `excludeTurns: true`",
  );
  await plain.request("thread/delete", { threadId });
  await sleep();
  expect((await client.request("thread/read", { threadId: thread.id, includeTurns: true })).thread.turns).toHaveLength(1);
});

story("a fork takes the settings that it is given, and keeps the others", async ({ client, sleep }) => {
  const threadId = await client.startThread({ developerInstructions: "Be brief." });
  await client.turn("say one");
  await sleep();
  const { thread, ...opened } = await client.request("thread/fork", {
    threadId,
    approvalPolicy: "never",
    cwd: "/elsewhere",
    threadSource: "user",
  });
  expect([opened.approvalPolicy, opened.cwd, thread.cwd, thread.threadSource]).toEqual([
    "never",
    "/elsewhere",
    "/elsewhere",
    "user",
  ]);
  const settings = await inThread(thread.id, ({ current }) => current.settings);
  expect(settings).toMatchObject({ approvalPolicy: "never", developerInstructions: "Be brief." });
});

story("a fork's log is a log like any other", async ({ client, connect, sleep }) => {
  const threadId = await client.startThread({ approvalPolicy: "never" });
  await client.writeFile("x.txt", "x");
  await client.turn("think\nsay one\nrun echo two; echo x > y.txt\nwrite a.txt: a");
  const gone = await client.turn("write a.txt: b");
  await client.request("thread/revert", { threadId, beforeTurnId: gone.id });
  await client.turn("write c.txt: c");
  const { thread } = await client.request("thread/fork", { threadId });
  await sleep();
  const tables = await inThread(thread.id, ({ log }, { storage }) => {
    const all = () =>
      ["turns", "items", "reverted", "snapshot"].map((table) => storage.sql.exec(`SELECT * FROM ${table} ORDER BY 1`).toArray());
    const before = all();
    storage.transactionSync(() => log.rebuild());
    return [before, all(), storage.sql.exec("SELECT seq FROM frames ORDER BY seq").toArray()];
  });
  expect(tables[1]).toEqual(tables[0]);
  expect(tables[2]).toEqual(tables[2]?.map((_, index) => ({ seq: index + 1 })));
  expect(JSON.stringify(await modelInput(thread.id))).not.toContain("a.txt: b");
  expect(await filesOf(thread.id)).toEqual({ "a.txt": "a\n", "c.txt": "c\n", "x.txt": "x", "y.txt": "x\n" });
  const other = await connect();
  await other.resume(thread.id, { afterSeq: 0 });
  await other.untilQuiet();
  const fold = other.fold();
  expect(fold?.turns).toEqual((await client.request("thread/read", { threadId: thread.id, includeTurns: true })).thread.turns);
  const { turns: _, ...read } = (await client.request("thread/read", { threadId: thread.id })).thread;
  expect({ ...fold?.info, status: fold?.status }).toEqual({
    ...read,
    updatedAt: expect.any(Number),
    recencyAt: expect.any(Number),
  });
});

story("what cannot be forked is refused", async ({ client }) => {
  const nobody = "00000000-0000-7000-8000-000000000000";
  const threadId = await client.startThread();
  const none = (id: string) => `-32600 no rollout found for thread id ${id}`;
  expect(await client.refusal("thread/fork", { threadId: nobody })).toBe(none(nobody));
  expect(await client.refusal("thread/fork", { threadId }), "nobody has spoken in it").toBe(none(threadId));
  const { id } = await client.turn("say one");
  const both = { lastTurnId: id, beforeTurnId: id };
  expect(await client.refusal("thread/fork", { threadId, ...both })).toBe(
    "-32600 `beforeTurnId` cannot be combined with `lastTurnId`",
  );
  expect(await client.refusal("thread/fork", { threadId, lastTurnId: "nope" })).toBe("-32600 fork turn not found: nope");
  expect(await client.refusal("thread/fork", { threadId, modelProvider: "nonexist" })).toBe(
    "-32600 failed to load configuration: Model provider `nonexist` not found",
  );
  expect(await client.refusal("thread/start", { modelProvider: "nonexist" })).toBe(
    "-32600 failed to load configuration: Model provider `nonexist` not found",
  );
  const direct = await Client.connect({ path: `/threads/${threadId}` });
  expect(await direct.refusal("thread/fork", { threadId })).toMatch(/own socket/);
  direct.close();
});

story("contents that are larger than a row, and many files, come over whole", async ({ client, sleep }) => {
  const threadId = await client.startThread({ approvalPolicy: "never" });
  const large = "0123456789abcdef".repeat(160_000);
  await client.writeFile("large.txt", large);
  for (let n = 0; n < 12; n++) await client.writeFile(`many/${n}.txt`, `${n} `.repeat(200_000));
  await client.turn("say one");
  await sleep();
  const { thread } = await client.request("thread/fork", { threadId });
  client.threadId = thread.id;
  expect((await client.readFile("large.txt")) === large).toBe(true);
  expect((await client.readFile("many/7.txt")) === "7 ".repeat(200_000)).toBe(true);
});

/** The new object dies when it asks for the n-th page or commits for the n-th time; the source when it is asked. */
test("a fork whose object or source dies at any step is not there, and asked for again it is there whole", {
  timeout: 60_000,
}, async () => {
  const client = await Client.connect();
  const threadId = await client.startThread({ approvalPolicy: "never" });
  await client.writeFile("hand.txt", "by hand");
  await client.turn("say one\nwrite a.txt: a");
  const params: Wire = { threadId, excludeTurns: false };
  const subscriber = { connection: "nobody", replay: true };
  const attempt = async (id: string) =>
    stubOf(id).forkThread(params, { name: "test", version: "0" }, subscriber) as Promise<Wire>;
  const ends: string[] = [];
  for (const who of ["before a page", "behind a page", "in a commit", "behind a commit", "source"] as const) {
    for (let step = 1; ; step++) {
      const id = crypto.randomUUID();
      const fate = { died: false };
      await inThread(id, ({ host }, state) => {
        const { readFork, transaction } = host;
        let pages = 0;
        let commits = 0;
        const die = (isNow: boolean) => {
          if (!isNow) return;
          fate.died = true;
          state.abort("crash");
          throw new Error("crash");
        };
        host.readFork = async (...read) => {
          pages += 1;
          if (who === "source" && pages === step) {
            fate.died = true;
            await crash(threadId);
          }
          die(who === "before a page" && pages === step);
          const page = await readFork(...read);
          die(who === "behind a page" && pages === step);
          return page;
        };
        host.transaction = (closure) => {
          commits += 1;
          const result = transaction(() => {
            const inside = closure();
            die(who === "in a commit" && commits === step);
            return inside;
          });
          die(who === "behind a commit" && commits === step);
          return result;
        };
      });
      const answer = await attempt(id).catch(() => null);
      const what = `${who}, step ${step}`;
      ends.push(`${what}: ${answer ? "answered" : "died"}`);
      const read = await client.ask("thread/read", { threadId: id, includeTurns: true });
      if (!answer && read.error) expect(read.error.message, what).toBe(`thread not loaded: ${id}`);
      const { result } = await attempt(id);
      expect(result.thread.turns, what).toHaveLength(1);
      expect(await filesOf(id), what).toEqual({ "a.txt": "a\n", "hand.txt": "by hand" });
      expect(await modelInput(id), what).toEqual(await modelInput(threadId));
      const left = await inThread(id, (_, { storage }) =>
        storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name LIKE 'fork_%'").toArray(),
      );
      expect(left, what).toEqual([]);
      if (!fate.died) break;
    }
  }
  expect(ends.filter((end) => end.endsWith("died")).length).toBeGreaterThan(12);
  client.close();
});

test("what a fork that died left behind is thrown away by the alarm", async () => {
  const client = await Client.connect();
  const threadId = await client.startThread();
  await client.turn("say one");
  const id = crypto.randomUUID();
  const tables = await inThread(id, async (runtime, { storage }) => {
    const { readFork } = runtime.host;
    let pages = 0;
    runtime.host.readFork = (...read) => (++pages === 3 ? Promise.reject(new Error("the source is away")) : readFork(...read));
    await fork(runtime, { threadId, excludeTurns: true } as Wire, { originator: "test", version: "0" }).catch(() => {});
    const count = () => storage.sql.exec("SELECT 1 FROM sqlite_master WHERE name LIKE 'fork_%'").toArray().length;
    const before = count();
    expect(await storage.getAlarm()).not.toBeNull();
    await runtime.alarm();
    return [before, count()];
  });
  expect(tables).toEqual([expect.any(Number), 0]);
  expect(tables[0]).toBeGreaterThan(0);
  client.close();
});

async function itemsOf(client: Client, threadId: string): Promise<Wire> {
  return (await client.request("thread/items/list", { threadId })).data;
}

function modelInput(threadId: string): Promise<unknown> {
  return inThread(threadId, ({ log, current }) => log.modelInput(current.inputFromSeq));
}
