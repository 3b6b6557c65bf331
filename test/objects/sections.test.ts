import { expect } from "vitest";
import type { Client } from "./client.ts";
import { story } from "./story.ts";

const pinned = { id: "01984de2-8f74-7c91-a3b2-5c5e937cf318", name: "Pinned", appearance: null };

async function threads(client: Client, ...words: string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const word of words) {
    ids.push(await client.startThread());
    await client.turn(`say ${word}`);
  }
  return ids;
}

async function listed(client: Client, params: object): Promise<string[]> {
  const { data } = await client.request("thread/list", params);
  return data.map(({ id }: { id: string }) => id);
}

story(
  "threads are moved into a section, within it and out of it, and every client hears of it once",
  async ({ client, connect, sleep }) => {
    const bystander = await connect();
    const [one = "", two = "", three = ""] = await threads(client, "one", "two", "three");
    const { section } = await client.request("threadSection/create", { name: " Work ", appearance: { icon: "🧪" } });
    expect(section).toEqual({ id: expect.any(String), name: "Work", appearance: { icon: "🧪", color: null } });
    await bystander.request("thread/list", {});
    const move = (threadId: string, sectionId: string | null, beforeThreadId?: string) =>
      client.request("thread/section/move", { threadId, sectionId, beforeThreadId });
    for (const threadId of [one, two, three]) expect(await move(threadId, section.id)).toEqual({});
    await sleep();
    const inOrder = () => listed(client, { sectionId: section.id, sortKey: "section_position" });
    expect(await inOrder()).toEqual([one, two, three]);
    await move(three, section.id, one);
    expect(await inOrder()).toEqual([three, one, two]);
    const { data } = await client.request("thread/list", { sectionId: section.id, sortKey: "section_position", limit: 1 });
    expect(data[0].section).toEqual(section);
    expect(data[0].sectionEnteredAt).toBeGreaterThan(1_700_000_000);
    await sleep();
    await move(one, null);
    expect(await inOrder()).toEqual([three, two]);
    const unsectioned = await listed(client, { sectionId: null });
    expect(unsectioned).toContain(one);
    expect(unsectioned).not.toContain(two);

    const moves = [one, two, three, three].map((threadId) => ({ threadId, sectionId: section.id }));
    for (const witness of [client, bystander]) {
      await witness.untilThat(({ method, params }) => method === "thread/section/changed" && params.sectionId === null);
      const heard = witness.frames.filter(({ method }) => method === "thread/section/changed").map(({ params }) => params);
      expect(heard).toEqual([...moves, { threadId: one, sectionId: null }]);
    }
  },
);

story("whoever reads or resumes a thread sees its section as it is called now", async ({ client, connect, sleep }) => {
  const [threadId = ""] = await threads(client, "one");
  await client.request("thread/section/move", { threadId, sectionId: pinned.id });
  await sleep();
  const other = await connect();
  const { thread } = await other.request("thread/read", { threadId });
  expect([thread.section, typeof thread.sectionEnteredAt]).toEqual([pinned, "number"]);
  const { section } = await client.request("threadSection/create", { name: "Old" });
  await client.request("thread/section/move", { threadId, sectionId: section.id });
  await client.request("threadSection/update", { sectionId: section.id, name: "New", appearance: { color: "red" } });
  await sleep();
  const resumed = await other.resume(threadId);
  const renamed = { id: section.id, name: "New", appearance: { icon: null, color: "red" } };
  expect(resumed.result.thread.section).toEqual(renamed);
  const kept = await client.request("threadSection/update", { sectionId: section.id, name: "Newer" });
  expect(kept.section).toEqual({ ...renamed, name: "Newer" });
  const cleared = await client.request("threadSection/update", { sectionId: section.id, name: "Newer", appearance: null });
  expect(cleared.section.appearance).toBeNull();
});

story("a deleted section lets its threads go, and a deleted thread leaves its section", async ({ client, sleep }) => {
  const [one = "", two = ""] = await threads(client, "one", "two");
  const { section } = await client.request("threadSection/create", { name: "Short" });
  for (const threadId of [one, two]) await client.request("thread/section/move", { threadId, sectionId: section.id });
  await client.request("thread/delete", { threadId: two });
  await sleep();
  expect(await listed(client, { sectionId: section.id })).toEqual([one]);
  expect(await client.request("threadSection/delete", { sectionId: section.id })).toEqual({});
  await client.untilThat(({ method, params }) => method === "thread/section/changed" && params.sectionId === null);
  await sleep();
  expect((await client.request("thread/read", { threadId: one })).thread.section).toBeNull();
  expect(await listed(client, { sectionId: section.id })).toEqual([]);
  expect(await client.refusal("threadSection/delete", { sectionId: section.id })).toBe(
    `-32602 thread section not found: ${section.id}`,
  );
});

story("sections are listed page by page, the pinned one first", async ({ client, sleep }) => {
  const before = (await client.request("threadSection/list", {})).data;
  expect(before[0]).toEqual(pinned);
  for (const name of ["a", "b", "c"]) await client.request("threadSection/create", { name });
  await sleep();
  const names: string[] = [];
  for (let cursor: string | null = null, pages = 0; pages === 0 || cursor; pages++) {
    const { data, nextCursor } = await client.request("threadSection/list", { limit: 2, cursor });
    names.push(...data.map(({ name }: { name: string }) => name));
    cursor = nextCursor;
  }
  expect(names.slice(before.length)).toEqual(["a", "b", "c"]);
});

story("what cannot be is refused in the real server's words", async ({ client, sleep }) => {
  const [one = "", two = ""] = await threads(client, "one", "two");
  const nobody = "00000000-0000-7000-8000-000000000000";
  await sleep();
  const refused = async (method: string, params: object) => client.refusal(method, params);
  const move = (params: object) => refused("thread/section/move", { threadId: one, ...params });
  expect(await refused("threadSection/create", { name: "  " })).toBe("-32602 section name must not be empty");
  expect(await refused("threadSection/create", { name: "x", appearance: { icon: "é".repeat(600) } })).toBe(
    "-32602 section appearance icon must not exceed 1024 bytes",
  );
  expect(await refused("threadSection/update", { sectionId: pinned.id, name: "x" })).toBe(
    "-32602 the built-in pinned section cannot be renamed",
  );
  expect(await refused("threadSection/delete", { sectionId: pinned.id })).toBe(
    "-32602 the built-in pinned section cannot be deleted",
  );
  expect(await move({ sectionId: " " })).toBe("-32600 sectionId must not be empty");
  expect(await move({ sectionId: null, beforeThreadId: two })).toBe("-32600 beforeThreadId requires a non-null sectionId");
  expect(await move({ sectionId: "no-such" })).toBe("-32602 thread section not found: no-such");
  expect(await move({ sectionId: pinned.id, beforeThreadId: one })).toBe(`-32600 thread ${one} cannot be moved before itself`);
  expect(await move({ sectionId: pinned.id, beforeThreadId: two })).toBe(
    `-32600 before thread ${two} is not in section ${pinned.id}`,
  );
  expect(await move({ sectionId: pinned.id, beforeThreadId: "nope" })).toMatch(/^-32600 invalid before thread id: /);
  expect(await move({ threadId: nobody, sectionId: pinned.id })).toBe(`-32600 thread not found: ${nobody}`);
  expect(await refused("thread/list", { sortKey: "section_position" })).toBe(
    "-32600 section-position sorting requires a section filter",
  );
});
