import { runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import { directoryStub } from "../../durable-objects/environment.ts";
import type { Client, Wire } from "./client.ts";
import { environment, inThread, story } from "./story.ts";

/** A turn, and the Directory has heard of it: that goes another way than the client's next request. */
async function turn(client: Client, text: string): Promise<Wire> {
  const ended = await client.turn(text);
  await inThread(client.threadId, (runtime) => runtime.outbox.flush());
  return ended;
}

async function search(client: Client, searchTerm: string, params: object = {}): Promise<Wire[]> {
  const { data } = await client.request("thread/search", { searchTerm, ...params });
  return data.map(({ thread, snippet }: Wire) => [thread.id, snippet]);
}

story(
  "threads are found by what was said in them, by their names, and in any letter case",
  async ({ client, connect, sleep }) => {
    const one = await client.startThread();
    await turn(client, "say The Größe of the Heron");
    await turn(client, "say second words");
    const two = await client.startThread();
    await turn(client, "say 日本語 flamingo 🎉");
    await client.request("thread/name/set", { threadId: two, name: "About Birds" });
    await sleep();
    const other = await connect();
    expect(await search(other, "heron")).toEqual([[one, "say The Größe of the Heron"]]);
    expect(await search(other, "GRÖSSE")).toEqual([]);
    expect(await search(other, "GRÖßE OF")).toEqual([[one, "say The Größe of the Heron"]]);
    expect(await search(other, "SECOND W")).toEqual([[one, "say second words"]]);
    expect((await search(other, "about birds")).map(([id]) => id)).toEqual([two]);
    // What was said is found where it was said, a name nowhere in the talk.
    const foundAt = async (searchTerm: string) => (await other.request("thread/search", { searchTerm })).data[0].itemId;
    const { data: turns } = await other.request("thread/turns/list", { threadId: one, sortDirection: "asc" });
    expect(await foundAt("heron")).toBe(turns[0].items[0].id);
    expect(await foundAt("about birds")).toBeNull();
    expect((await search(other, "日本")).map(([id]) => id)).toEqual([two]);
    expect((await search(other, "🎉")).map(([id]) => id)).toEqual([two]);
    expect((await search(other, "ÖßE")).map(([id]) => id)).toEqual([one]);
    expect((await search(other, "ß")).map(([id]) => id)).toEqual([one]);
    await client.request("thread/name/set", { threadId: two, name: "Renamed" });
    await sleep();
    expect(await search(other, "about birds")).toEqual([]);
    await client.request("thread/archive", { threadId: two });
    await sleep();
    expect(await search(other, "flamingo")).toEqual([]);
    expect((await search(other, "flamingo", { archived: true })).map(([id]) => id)).toEqual([two]);
    await client.request("thread/delete", { threadId: two });
    await sleep();
    expect(await search(other, "flamingo", { archived: true })).toEqual([]);
    await client.request("thread/delete", { threadId: one });
  },
);

story("what is found is paged both ways", async ({ client, sleep }) => {
  const ids: string[] = [];
  for (const word of ["a", "b", "c"]) {
    ids.push(await client.startThread());
    await turn(client, `say pelican ${word}`);
  }
  await sleep();
  const seen: string[] = [];
  for (let cursor: string | null = null, pages = 0; pages === 0 || cursor; pages++) {
    const page: Wire = await client.request("thread/search", { searchTerm: "pelican", limit: 2, cursor });
    seen.push(...page.data.map(({ thread }: Wire) => thread.id));
    cursor = page.nextCursor;
  }
  expect(seen).toEqual(ids.toReversed());
  const ascending = await search(client, "pelican", { sortDirection: "asc", sortKey: "updated_at" });
  expect(ascending.map(([id]) => id)).toEqual(ids);
  for (const id of ids) await client.request("thread/delete", { threadId: id });
});

story("no term is an error of the index, whatever it is made of", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  const odd = 'say "quoted" OR NEAR(x, y) * ^ {a b}: col: -not (open';
  await turn(client, odd);
  await sleep();
  for (const term of [
    '"',
    '""',
    '"quoted"',
    "NEAR(x, y)",
    "x OR y",
    "*",
    "^ {a",
    "col:",
    "-not",
    "(open",
    "AND",
    "a\0b",
    "%",
    "_",
    "'; DROP",
  ]) {
    const inText = odd.toLowerCase().includes(term.toLowerCase());
    expect(
      (await search(client, term)).some(([id]) => id === threadId),
      term,
    ).toBe(inText);
  }
  expect(await client.refusal("thread/search", { searchTerm: " " })).toBe("-32600 thread/search requires a non-empty searchTerm");
  expect(await client.refusal("thread/search", { searchTerm: "x", cursor: "garbage" })).toBe("-32600 invalid cursor: garbage");
  expect(await client.refusal("thread/search", { searchTerm: "x".repeat(1_001) })).toBe(
    "-32600 searchTerm must not exceed 1000 characters",
  );
});

story(
  "places in a thread come in the order in which they were said, each with a cursor to its turn",
  async ({ client, sleep }) => {
    const threadId = await client.startThread();
    const first = await turn(client, "say crane, Crane and CRANE");
    await turn(client, "say nothing");
    const third = await turn(client, "say a crane again");
    await sleep();
    const find = (params: object) => client.request("thread/searchOccurrences", { threadId, searchTerm: "crane", ...params });
    const { data, nextCursor } = await find({});
    expect(nextCursor).toBeNull();
    // What the person asked to be said, and what was said.
    expect(data.map(({ turnId }: Wire) => turnId)).toEqual([...Array(6).fill(first.id), third.id, third.id]);
    const words = data.map(({ snippet, snippetMatchRange: { start, end } }: Wire) => snippet.slice(start, end));
    expect(words.slice(0, 4)).toEqual(["crane", "Crane", "CRANE", "crane"]);
    const { data: turns } = await client.request("thread/turns/list", { threadId, cursor: data.at(-1).turnCursor, limit: 1 });
    expect(turns[0].id).toBe(third.id);

    const paged: Wire[] = [];
    for (let cursor: string | null = null, pages = 0; pages === 0 || cursor; pages++) {
      const page: Wire = await find({ limit: 2, cursor });
      expect(page.data.length).toBeLessThanOrEqual(2);
      paged.push(...page.data);
      cursor = page.nextCursor;
    }
    expect(paged).toEqual(data);
    expect(await client.refusal("thread/searchOccurrences", { threadId, searchTerm: "x", cursor: "garbage" })).toBe(
      "-32600 invalid cursor: garbage",
    );
    expect(await client.refusal("thread/searchOccurrences", { threadId, searchTerm: "" })).toBe(
      "-32600 thread/searchOccurrences requires a non-empty searchTerm",
    );
    const nobody = "00000000-0000-7000-8000-000000000000";
    expect(await client.refusal("thread/searchOccurrences", { threadId: nobody, searchTerm: "x" })).toBe(
      `-32600 thread not loaded: ${nobody}`,
    );
  },
);

story("what was said in a turn that is taken back is not found any more", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  await turn(client, "say stork");
  const taken = await turn(client, "say bittern");
  expect(await search(client, "bittern")).toHaveLength(1);
  await inThread(threadId, (runtime) => {
    runtime.host.transaction(() => {
      runtime.outbox.unsay([taken.id]);
      runtime.outbox.mark(runtime.current.seq);
    });
  });
  await sleep();
  await inThread(threadId, (runtime) => runtime.outbox.flush());
  expect(await search(client, "bittern")).toEqual([]);
  expect(await search(client, "stork")).toHaveLength(1);
  await client.request("thread/delete", { threadId });
});

story("a Directory that could not be reached learns everything later, each message once", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  await turn(client, "say ibis");
  await inThread(threadId, ({ host }) => {
    host.tellDirectory = () => Promise.reject(new Error("no way through"));
  });
  for (const word of ["egret", "avocet"]) await turn(client, `say ${word}`);
  await inThread(threadId, ({ host }) => {
    host.tellDirectory = (summary, news) => directoryStub(environment, "local").update(summary, news);
  });
  await sleep();
  await inThread(threadId, (runtime) => runtime.outbox.flush());
  for (const word of ["ibis", "egret", "avocet"]) expect(await search(client, word), word).toHaveLength(1);
  const texts = await runInDurableObject(directoryStub(environment, "local"), (_, { storage }) =>
    storage.sql
      .exec<{ item_id: string }>("SELECT item_id FROM said WHERE thread_id = ? AND item_id <> 'title'", threadId)
      .toArray(),
  );
  expect(texts).toHaveLength(6);
  await client.request("thread/delete", { threadId });
});

test("news that is told twice is found once, and a deleted thread says nothing any more", async () => {
  const stub = directoryStub(environment, "account-of-words");
  const said = [{ turnId: "turn", itemId: "item", text: "a lapwing" }];
  const news = { through: 3, announcements: [], said, unsaidTurnIds: [], followers: [], turnSlot: "keep" as const };
  const count = () =>
    runInDurableObject(stub, (_, { storage }) => storage.sql.exec("SELECT 1 FROM said WHERE thread_id = 't'").toArray().length);
  await runInDurableObject(stub, (directory) => {
    const inner = (directory as unknown as { directory: { take(threadId: string, told: typeof news): void } }).directory;
    inner.take("t", news);
    inner.take("t", news);
  });
  expect(await count()).toBe(1);
  await stub.update({ threadId: "t", deleted: true }, { ...news, through: 4 });
  await stub.update({ threadId: "t", deleted: true }, { ...news, through: 5 });
  expect(await count()).toBe(0);
});
