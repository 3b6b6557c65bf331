import { expect, test } from "vitest";
import { reduce } from "#core/reduce";
import type { Thread } from "#core/thread";
import { createRandom } from "#test/support/random";
import { Client } from "./client.ts";
import { inThread, later, ring, story } from "./story.ts";

story("the log refuses to be changed, and lets go of nothing but streamed text", async ({ client }) => {
  const threadId = await client.startThread();
  await client.turn("think so\nsay one two three");
  await client.say("write a.txt: a");
  await client.until("item/fileChange/requestApproval");
  const refusals = await inThread(threadId, (_, { storage }) => {
    const attempt = (statement: string) => {
      try {
        storage.transactionSync(() => storage.sql.exec(statement).toArray());
        return "done";
      } catch (error) {
        return String(error);
      }
    };
    return {
      update: attempt("UPDATE frames SET params = '{}' WHERE seq = 1"),
      updateOfDelta: attempt("UPDATE frames SET params = '{}' WHERE delta_of IS NOT NULL"),
      remove: attempt("DELETE FROM frames WHERE delta_of IS NULL"),
      removeLast: attempt("DELETE FROM frames WHERE seq = (SELECT max(seq) FROM frames)"),
      removeAll: attempt("DELETE FROM frames"),
      again: attempt("INSERT INTO frames SELECT * FROM frames WHERE seq = 1"),
      number: storage.sql.exec("SELECT count(*) AS number, max(seq) AS last FROM frames").one(),
      removeDeltas: attempt("DELETE FROM frames WHERE delta_of IS NOT NULL"),
    };
  });
  const appendOnly = expect.stringContaining("the log is append-only");
  const streamedOnly = expect.stringContaining("only streamed text of a completed item may leave the log");
  expect(refusals).toEqual({
    update: appendOnly,
    updateOfDelta: appendOnly,
    remove: streamedOnly,
    removeLast: streamedOnly,
    removeAll: streamedOnly,
    again: expect.stringContaining("UNIQUE constraint failed"),
    number: { number: client.fold()?.seq, last: client.fold()?.seq },
    removeDeltas: "done",
  });
});

test("streamed text of an item that is still being written stays", async () => {
  const client = await Client.connect();
  const threadId = await client.startThread();
  const turnId = await client.say("count 50");
  await client.until("item/agentMessage/delta");
  const attempt = inThread(threadId, (_, { storage }) =>
    storage.transactionSync(() => storage.sql.exec("DELETE FROM frames WHERE delta_of IS NOT NULL").toArray()),
  );
  await expect(attempt).rejects.toThrow("only streamed text of a completed item may leave the log");
  await client.request("turn/interrupt", { threadId, turnId });
  client.close();
});

story("what stands beside the log can be made again from it", async ({ client, sleep }) => {
  const threadId = await client.startThread({ approvalPolicy: "never" });
  await client.turn("think\nsay one\nrun echo two; echo x > x.txt\nwrite a.txt: a\nsay three");
  await client.turn("say four", { clientUserMessageId: "m2" });
  await client.request("thread/name/set", { threadId, name: "Named" });
  const turnId = await client.say("say five\ncount 200");
  await client.until("item/agentMessage/delta");
  await client.request("turn/interrupt", { threadId, turnId });
  await client.untilTurnEnds();
  const { id } = await client.turn("write a.txt: b");
  await client.request("thread/revert", { threadId, beforeTurnId: id });
  await sleep();
  const [before, after] = await inThread(threadId, ({ log }, { storage }) => {
    const tables = () =>
      ["turns", "items", "reverted", "snapshot"].map((table) => storage.sql.exec(`SELECT * FROM ${table} ORDER BY 1`).toArray());
    const first = tables();
    storage.transactionSync(() => log.rebuild());
    return [first, tables()];
  });
  expect(after).toEqual(before);
  expect(before?.map((rows) => rows.length)).toEqual([4, expect.any(Number), 1, 1]);
});

story("an object that wakes knows what it knew", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  await client.turn("think\nsay one");
  await client.say("write a.txt: a");
  await client.until("item/fileChange/requestApproval");
  const before = await inThread(threadId, ({ current }) => current);
  await sleep();
  const [after, folded] = await inThread(threadId, ({ current, log }) => {
    const whole = Array.from(log.frames(0)).reduce<Thread | null>((thread, frame) => reduce(thread, frame), null);
    return [current, whole];
  });
  expect(after).toEqual(before);
  // The object keeps the open turn only; the log has them all.
  expect({ ...folded, turns: folded?.turns.slice(-1) }).toEqual(after);
});

story("a frame that is too long for a row is kept in parts and comes back whole", async ({ client, connect, sleep }) => {
  const threadId = await client.startThread();
  const random = createRandom(11);
  const letters = ["a", "漢", "🙂", "\\", '"', "é"];
  const text = Array.from({ length: 400_000 }, () => random.pick(letters)).join("");
  await client.turn(`say ${text}`);
  const rows = await inThread(threadId, (_, { storage }) => ({
    parts: storage.sql
      .exec<{ many: number; longest: number }>("SELECT count(*) AS many, max(length(text)) AS longest FROM frame_parts")
      .one(),
    longest: storage.sql.exec<{ longest: number }>("SELECT max(length(params)) AS longest FROM frames").one().longest,
  }));
  expect(rows.parts.many).toBeGreaterThan(4);
  expect(rows.longest).toBeLessThanOrEqual(256 * 1024);
  await sleep();
  const other = await connect();
  await other.resume(threadId, { afterSeq: 0 });
  await other.untilTurnEnds();
  expect(other.threadFrames()).toEqual(client.threadFrames());
  const { data } = await other.request("thread/items/list", { threadId });
  expect(data[0].item.content[0].text === `say ${text}`).toBe(true);
});

story(
  "streamed text leaves the log after its stay, and a replay folds to the same thread",
  async ({ client, connect, sleep }) => {
    const threadId = await client.startThread();
    await client.turn("think so and so\nsay one two three\ncount 5\nrun echo four");
    const last = client.threadFrames().length;
    const deltas = () =>
      inThread(
        threadId,
        (_, { storage }) => storage.sql.exec("SELECT seq FROM frames WHERE delta_of IS NOT NULL").toArray().length,
      );
    expect(await deltas()).toBeGreaterThan(4);
    await sleep();
    await later(threadId, 9 * 60_000);
    await ring(threadId);
    expect(await deltas(), "it stays for clients on their way back").toBeGreaterThan(4);
    await sleep();
    await later(threadId, 11 * 60_000);
    expect(await ring(threadId)).toBe(true);
    // An object that just woke has to ask its clients first how far they are.
    await later(threadId, 60_000);
    await ring(threadId);
    expect(await deltas()).toBe(0);
    await sleep();
    const fresh = await connect();
    const { seq } = await fresh.resume(threadId, { afterSeq: 0 });
    expect(seq).toBe(last);
    await fresh.untilTurnEnds();
    const gone = (method = "") => /[dD]elta$|summaryPartAdded$/.test(method);
    expect(fresh.threadFrames()).toEqual(client.threadFrames().filter(({ method }) => !gone(method)));
    expect(fresh.fold()).toEqual(client.fold());
    // Who had heard a part of it gets the completed item all the same.
    for (let afterSeq = 1; afterSeq < last; afterSeq += 3) {
      const late = await connect();
      await late.resume(threadId, { afterSeq });
      await late.untilTurnEnds();
      late.frames.unshift(...client.threadFrames().slice(0, afterSeq));
      expect(late.fold(), `after ${afterSeq}`).toEqual(client.fold());
    }
    await client.turn("say on it goes");
    expect(client.threadFrames().at(-1)?.seq).toBeGreaterThan(last);
  },
);

story("the alarm of a thread at rest does nothing and does not come again", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  await client.turn("say hi");
  await sleep();
  await later(threadId, 11 * 60_000);
  await ring(threadId);
  await later(threadId, 60_000);
  await ring(threadId);
  const alarm = await inThread(threadId, (_, { storage }) => storage.getAlarm());
  expect(alarm).toBeNull();
});
