import { expect, test } from "vitest";
import { Client, type Wire } from "./client.ts";
import { crash, filesOf, inThread, later, ring, story } from "./story.ts";

story(
  "a turn that is reverted leaves with all later ones, and the files are what they were",
  async ({ client, connect, sleep }) => {
    const threadId = await client.startThread({ approvalPolicy: "never" });
    await client.writeFile("hand.txt", "0");
    const one = await client.turn("say one\nwrite a.txt: 1", { clientUserMessageId: "m1" });
    await client.writeFile("hand.txt", "1");
    const two = await client.turn("say two\nwrite a.txt: 2\nwrite b.txt: 2", { clientUserMessageId: "m2" });
    await client.writeFile("hand.txt", "2");
    await client.writeFile("new.txt", "new");
    await client.turn("say three\nrun rm a.txt");
    await client.writeFile("hand.txt", "3");
    const plain = await connect({ replay: false });
    await plain.resume(threadId);
    await plain.untilQuiet();
    await sleep();
    const heard = plain.frames.length;
    const reverted = await client.request("thread/revert", { threadId, beforeTurnId: two.id });
    expect(reverted.thread).toMatchObject({
      id: threadId,
      status: { type: "idle" },
      turns: [],
      preview: "say one\nwrite a.txt: 1",
    });
    await plain.until("thread/reverted");
    expect(plain.frames.slice(heard).map(({ method, params }) => [method, params.status?.type])).toEqual([
      ["thread/status/changed", "idle"],
      ["thread/status/changed", "notLoaded"],
      ["thread/status/changed", "idle"],
      ["thread/reverted", undefined],
    ]);
    await sleep();
    expect(await filesOf(threadId)).toEqual({ "a.txt": "1\n", "hand.txt": "1" });
    const turns = await client.request("thread/turns/list", { threadId });
    expect(turns.data.map(({ id }: Wire) => id)).toEqual([one.id]);
    const items = await client.request("thread/items/list", { threadId });
    expect(new Set(items.data.map(({ turnId }: Wire) => turnId))).toEqual(new Set([one.id]));
    const pages = await client.request("thread/turns/list", { threadId, cursor: reverted.turnsBackwardsCursor });
    expect(pages.data.map(({ id }: Wire) => id)).toEqual([one.id]);
    const itemPages = await client.request("thread/items/list", {
      threadId,
      cursor: reverted.itemsBackwardsCursor,
      sortDirection: "desc",
    });
    expect(itemPages.data[0].item.id).toBe(items.data.at(-1).item.id);
    const told = JSON.stringify(await inThread(threadId, ({ log, current }) => log.modelInput(current.inputFromSeq)));
    expect(told).toContain("say one");
    expect(told).not.toMatch(/say two|say three/);
    // What was said under a key that is known is not said again, though it was taken back.
    expect(await client.say("say two", { clientUserMessageId: "m2" })).toBe(two.id);
    const four = await client.turn("say four");
    expect((await client.request("thread/turns/list", { threadId })).data.map(({ id }: Wire) => id)).toEqual([four.id, one.id]);
  },
);

story(
  "a client that was away while a turn was taken back folds to the same as one that stayed",
  async ({ client, connect, sleep }) => {
    const threadId = await client.startThread({ approvalPolicy: "never" });
    await client.turn("say one");
    const { id } = await client.turn("think\nsay two\nwrite a.txt: a");
    await client.turn("say three");
    await client.request("thread/revert", { threadId, beforeTurnId: id });
    await client.until("thread/reverted");
    await client.turn("say four");
    await sleep();
    const last = client.threadFrames().length;
    for (let afterSeq = 0; afterSeq < last; afterSeq += 7) {
      const late = await connect();
      await late.resume(threadId, { afterSeq });
      late.frames.unshift(...client.threadFrames().slice(0, afterSeq));
      await expect.poll(() => late.fold()?.seq).toBe(last);
      expect(late.fold(), `after ${afterSeq}`).toEqual(client.fold());
    }
    const [whole, current] = await inThread(threadId, (runtime) => [runtime.history.allTurns(runtime.current), runtime.current]);
    expect(client.fold()?.turns).toEqual(whole);
    expect(client.fold()?.info.preview).toBe(current.info.preview);
    expect(client.fold()?.tokenUsage).toEqual(current.tokenUsage);
  },
);

story("a retry of a revert takes nothing more out", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  const { id: one } = await client.turn("say one");
  const { id: two } = await client.turn("say two");
  const first = await client.request("thread/revert", { threadId, beforeTurnId: two });
  await sleep();
  expect(await client.request("thread/revert", { threadId, beforeTurnId: two })).toEqual(first);
  const three = await client.turn("say three");
  await client.request("thread/revert", { threadId, beforeTurnId: two });
  expect((await client.request("thread/turns/list", { threadId })).data.map(({ id }: Wire) => id)).toEqual([three.id, one]);
  expect(client.methodsHeard().filter((method) => method === "thread/reverted")).toHaveLength(1);
  expect(await client.refusal("thread/revert", { threadId, beforeTurnId: "missing-turn" })).toBe(
    "-32600 turn not found: missing-turn",
  );
  const nobody = "00000000-0000-7000-8000-000000000000";
  expect(await client.refusal("thread/revert", { threadId: nobody, beforeTurnId: two })).toBe(
    `-32600 thread not found: ${nobody}`,
  );
});

story("reverting a running turn interrupts it first", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  const one = await client.turn("say one");
  const running = await client.say("write a.txt: a");
  const asked = await client.until("item/fileChange/requestApproval");
  await sleep();
  await client.request("thread/revert", { threadId, beforeTurnId: running });
  expect((await client.untilTurnEnds()).status).toBe("interrupted");
  await client.until("thread/reverted");
  client.answer(asked, "accept");
  await client.untilQuiet();
  expect((await client.request("thread/turns/list", { threadId })).data.map(({ id }: Wire) => id)).toEqual([one.id]);
  expect(await filesOf(threadId)).toEqual({});
  expect(client.fold()?.turns.map(({ id }) => id)).toEqual([one.id]);
  // What its items streamed leaves with the rest.
  await later(threadId, 31 * 60_000);
  await ring(threadId);
  expect(await inThread(threadId, ({ log }) => log.holdsStreamedText())).toBe(false);
});

story("reverting the first turn leaves a thread in which nobody has spoken", async ({ client, sleep }) => {
  const threadId = await client.startThread({ approvalPolicy: "never" });
  await client.writeFile("mine.txt", "mine");
  const { id } = await client.turn("find the needle\nwrite a.txt: a");
  await sleep();
  const { thread, ...cursors } = await client.request("thread/revert", { threadId, beforeTurnId: id });
  expect([thread.preview, cursors]).toEqual(["", { turnsBackwardsCursor: null, itemsBackwardsCursor: null }]);
  const { data } = await client.request("thread/list", { searchTerm: "needle" });
  expect(data.filter((listed: Wire) => listed.id === threadId)).toEqual([]);
  expect(await filesOf(threadId)).toEqual({ "mine.txt": "mine" });
  await client.turn("say anew");
  expect((await client.request("thread/read", { threadId })).thread.preview).toBe("say anew");
});

story("a compaction that is taken back gives the model its whole past again", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  await client.turn("say one");
  await client.request("thread/compact/start", { threadId });
  const compaction = await client.untilTurnEnds();
  const later = await client.turn("say two");
  const input = () => inThread(threadId, ({ log, current }) => JSON.stringify(log.modelInput(current.inputFromSeq)));
  await sleep();
  const { thread } = await client.request("thread/fork", { threadId });
  const forked = await inThread(thread.id, ({ log, current }) => JSON.stringify(log.modelInput(current.inputFromSeq)));
  expect(forked, "a fork begins with the same summary").toBe(await input());
  await client.request("thread/revert", { threadId, beforeTurnId: later.id });
  expect(await input()).toContain("<context_summary>");
  await client.request("thread/revert", { threadId, beforeTurnId: compaction.id });
  await sleep();
  expect(await input()).not.toContain("<context_summary>");
  expect(await input()).toContain("say one");
});

story("a fork goes back past the point where it was forked", async ({ client, sleep }) => {
  const source = await client.startThread({ approvalPolicy: "never" });
  await client.writeFile("hand.txt", "0");
  const one = await client.turn("write a.txt: 1");
  await client.writeFile("hand.txt", "1");
  const two = await client.turn("write a.txt: 2\nwrite b.txt: 2");
  const { thread } = await client.request("thread/fork", { threadId: source });
  await client.request("thread/delete", { threadId: source });
  client.threadId = thread.id;
  await client.turn("write a.txt: 3");
  await sleep();
  await client.request("thread/revert", { threadId: thread.id, beforeTurnId: two.id });
  expect(await filesOf(thread.id)).toEqual({ "a.txt": "1\n", "hand.txt": "1" });
  await client.request("thread/revert", { threadId: thread.id, beforeTurnId: one.id });
  await sleep();
  expect(await filesOf(thread.id)).toEqual({ "hand.txt": "0" });
});

story("a thread from before writes were recorded goes back as far as its log knows", async ({ client, sleep }) => {
  const threadId = await client.startThread({ approvalPolicy: "never" });
  await client.turn("write a.txt: 1");
  // As an object had it before: without the tables, and with a file of which no frame tells.
  await inThread(threadId, ({ workspace }, { storage }) => {
    workspace.write("old.txt", new TextEncoder().encode("old"));
    for (const trigger of ["files_insert_noted", "files_update_noted", "files_delete_noted"])
      storage.sql.exec(`DROP TRIGGER ${trigger}`);
    for (const view of ["live_frames", "live_turns", "live_items"]) storage.sql.exec(`DROP VIEW ${view}`);
    for (const table of ["changed_files", "reverted"]) storage.sql.exec(`DROP TABLE ${table}`);
  });
  await crash(threadId);
  await sleep();
  await client.resume(threadId);
  const two = await client.turn("write a.txt: 2\nwrite b.txt: 2");
  await client.request("thread/revert", { threadId, beforeTurnId: two.id });
  expect(await filesOf(threadId)).toEqual({ "a.txt": "1\n", "old.txt": "old" });
});

test("an object that dies at any step of a revert has reverted or not, and asked again it has", { timeout: 60_000 }, async () => {
  const ends: string[] = [];
  for (const what of ["in", "behind"] as const) {
    for (let step = 1; ; step++) {
      const client = await Client.connect();
      const threadId = await client.startThread();
      await client.writeFile("hand.txt", "by hand");
      const one = await client.turn("say one");
      const two = await client.say("write a.txt: a");
      client.answer(await client.until("item/fileChange/requestApproval"), "accept");
      await client.untilTurnEnds();
      const running = await client.say("write a.txt: b");
      await client.until("item/fileChange/requestApproval");
      await client.writeFile("hand.txt", "again");
      const fate = { died: false };
      await inThread(threadId, ({ host }, state) => {
        const { transaction } = host;
        let commits = 0;
        const die = () => {
          fate.died = true;
          state.abort("crash");
          throw new Error("crash");
        };
        host.transaction = (closure) => {
          commits += 1;
          const isIt = commits === step;
          const result = transaction(() => {
            const inside = closure();
            if (isIt && what === "in") die();
            return inside;
          });
          if (isIt && what === "behind") die();
          return result;
        };
      });
      const answer = await client.ask("thread/revert", { threadId, beforeTurnId: two });
      const where = `${what} commit ${step}`;
      ends.push(`${where}: ${answer.error ? "died" : "answered"}`);
      const next = await Client.connect();
      await next.resume(threadId, { afterSeq: 0 });
      const { data } = await next.request("thread/turns/list", { threadId });
      const files = await filesOf(threadId);
      // All of it or nothing.
      if (data.length === 1) expect(files, where).toEqual({ "hand.txt": "by hand" });
      else {
        expect(
          data.map(({ id }: Wire) => id),
          where,
        ).toEqual([running, two, one.id]);
        expect(files, where).toEqual({ "a.txt": "a\n", "hand.txt": "again" });
      }
      await next.request("thread/revert", { threadId, beforeTurnId: two });
      expect(await filesOf(threadId), where).toEqual({ "hand.txt": "by hand" });
      await next.untilQuiet(10);
      expect(
        next.methodsHeard().filter((method) => method === "thread/reverted"),
        where,
      ).toHaveLength(1);
      expect(
        next.fold()?.turns.map(({ id }) => id),
        where,
      ).toEqual([one.id]);
      client.close();
      next.close();
      if (!fate.died) break;
    }
  }
  expect(ends.filter((end) => end.endsWith("died")).length).toBeGreaterThanOrEqual(4);
});
