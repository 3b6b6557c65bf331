import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import type { ThreadSummary } from "#directory/summary";
import { directoryStub } from "../../durable-objects/environment.ts";
import type { Wire } from "./client.ts";
import { Client } from "./client.ts";
import { environment, summaryOf } from "./story.ts";

test("a summary that is older than the one kept, or comes twice, changes nothing", async () => {
  const directory = directoryStub(environment, "account-of-summaries");
  const summary = await summaryOf("hi");
  const named = (name: string, seq: number): ThreadSummary => ({ ...summary, seq, thread: { ...summary.thread, name } });
  const names = async () => (await list(directory, {})).data.map(({ name }: Wire) => name);
  await directory.update(named("second", 20));
  await directory.update(named("first", 10));
  expect(await names()).toEqual(["second"]);
  await directory.update(named("second again", 20));
  expect(await names()).toEqual(["second"]);
  await directory.update(named("third", 30));
  expect(await names()).toEqual(["third"]);
});

test("a message of a deleted thread that was still under way does not bring it back", async () => {
  const directory = directoryStub(environment, "account-of-the-deleted");
  const summary = await summaryOf("hi");
  await directory.update(summary);
  await directory.update({ threadId: summary.threadId, deleted: true });
  await directory.update({ threadId: summary.threadId, deleted: true });
  await directory.update({ ...summary, seq: summary.seq + 1 });
  expect((await list(directory, {})).data).toEqual([]);
  expect(await list(directory, {}, "thread/loaded/list")).toEqual({ data: [], nextCursor: null });
});

test("a deletion that overtakes the first summary holds as well", async () => {
  const directory = directoryStub(environment, "account-of-overtakers");
  const summary = await summaryOf("hi");
  await directory.update({ threadId: summary.threadId, deleted: true });
  await directory.update(summary);
  expect((await list(directory, {})).data).toEqual([]);
});

test("threads of the same second are paged without gap and without repetition", async () => {
  const directory = directoryStub(environment, "account-of-one-second");
  const summary = await summaryOf("hi");
  const ids = Array.from({ length: 25 }, (_, index) => `01a1fb3f-0000-7000-8000-${String(index).padStart(12, "0")}`);
  for (const id of ids) await directory.update({ ...summary, threadId: id, thread: { ...summary.thread, id } });
  for (const sortDirection of ["asc", "desc"] as const) {
    const seen: string[] = [];
    for (let cursor: string | null = null, pages = 0; pages === 0 || cursor; pages++) {
      const page: Wire = await list(directory, { limit: 4, cursor, sortDirection });
      seen.push(...page.data.map(({ id }: Wire) => id));
      cursor = page.nextCursor;
    }
    expect(seen).toEqual(sortDirection === "asc" ? ids : ids.toReversed());
  }
});

test("a cursor that is none is a refusal and no crash", async () => {
  const directory = directoryStub(environment, "account-of-cursors");
  for (const cursor of ["garbage", "1|", "|x", "99999999999999999999|x", "1;DROP TABLE threads|x"]) {
    expect(await directory.request({ method: "thread/list", params: { cursor } } as Wire), cursor).toEqual({
      refused: { code: -32600, message: `invalid cursor: ${cursor}` },
    });
  }
});

test("what waits for somebody stands in the summary, and leaves it with the answer", async () => {
  const client = await Client.connect();
  const threadId = await client.startThread();
  await client.say("write a.txt: a");
  const request = await client.until("item/fileChange/requestApproval");
  const pending = () =>
    runInDurableObject(directoryStub(environment, "local"), (_, { storage }) =>
      storage.sql
        .exec<{ pending_requests: string }>("SELECT pending_requests FROM threads WHERE id = ?", threadId)
        .toArray()
        .map((row) => JSON.parse(row.pending_requests)),
    );
  await expect
    .poll(pending)
    .toEqual([[{ id: request.id, method: "item/fileChange/requestApproval", startedAtMs: request.params.startedAtMs }]]);
  client.answer(request, "decline");
  await client.untilTurnEnds();
  await expect.poll(pending).toEqual([[]]);
  client.close();
});

async function list(directory: ReturnType<typeof directoryStub>, params: object, method = "thread/list"): Promise<Wire> {
  const reply: Wire = await directory.request({ method, params } as Wire);
  return JSON.parse(reply.resultText);
}
