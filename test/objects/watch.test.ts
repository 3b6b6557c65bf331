import { expect } from "vitest";
import { limits } from "#core/limits";
import { accountNotifications } from "#protocol/notifications";
import type { Client, Wire } from "./client.ts";
import { crash, inThread, ring, story } from "./story.ts";

story(
  "whoever watches hears of a person's calls and commands and of what is approved, after a sleep too",
  async ({ client, connect, sleep }) => {
    const threadId = await client.startThread();
    const other = await connect();
    expect(await other.request("fs/watch", { watchId: "w", path: "/workspace/./src", threadId })).toEqual({
      path: "/workspace/src",
    });
    await sleep();
    await client.writeFile("src/deep/a.txt", "a");
    expect(await changed(other)).toEqual(["/workspace/src/deep/a.txt"]);
    await client.writeFile("elsewhere.txt", "not watched");
    await client.writeFile("srcs.txt", "not watched either");
    await client.request("thread/shellCommand", { threadId, command: "mv src/deep/a.txt src/b.txt" });
    expect(await changed(other)).toEqual(["/workspace/src/b.txt", "/workspace/src/deep/a.txt"]);
    await client.untilTurnEnds();
    await client.request("command/exec", { command: ["rm", "src/b.txt"] });
    expect(await changed(other)).toEqual(["/workspace/src/b.txt"]);
    await client.say("write src/c.txt: c");
    const request = await client.until("item/fileChange/requestApproval");
    await sleep();
    await other.untilQuiet();
    const before = other.frames.length;
    client.answer(request, "accept");
    await client.untilTurnEnds();
    expect(await changed(other)).toEqual(["/workspace/src/c.txt"]);
    await other.untilQuiet();
    // Besides what every client of the account hears.
    const heard = other.frames.slice(before).flatMap(({ method }) => method ?? []);
    expect(heard.filter((method) => !accountNotifications.has(method))).toEqual(["fs/changed"]);
  },
);

story(
  "the answer to what changed a file goes before the news of it; the watch may be on what is not there yet",
  async ({ client, sleep }) => {
    await client.startThread();
    await client.request("fs/watch", { watchId: "w", path: "/workspace/a.txt" });
    await client.request("fs/watch", { watchId: "all", path: "/workspace" });
    await sleep();
    await client.writeFile("a.txt", "a");
    const told = [await client.until("fs/changed"), await client.until("fs/changed")].map(({ params }) => params);
    expect(told.sort((one, two) => one.watchId.localeCompare(two.watchId))).toEqual([
      { watchId: "all", changedPaths: ["/workspace/a.txt"] },
      { watchId: "w", changedPaths: ["/workspace/a.txt"] },
    ]);
    const answeredAt = client.frames.findLastIndex(({ result }) => result);
    expect(answeredAt).toBeLessThan(client.frames.findIndex(({ method }) => method === "fs/changed"));
    await client.request("fs/remove", { path: "/workspace/a.txt" });
    expect(await changed(client)).toContain("/workspace/a.txt");
  },
);

story("after fs/unwatch nothing is told, and a name can be used again", async ({ client, sleep }) => {
  await client.startThread();
  await client.request("fs/watch", { watchId: "w", path: "/workspace/a.txt" });
  expect(await client.refusal("fs/watch", { watchId: "w", path: "/workspace" })).toBe("-32600 watchId already exists: w");
  await sleep();
  expect(await client.request("fs/unwatch", { watchId: "w" })).toEqual({});
  expect(await client.request("fs/unwatch", { watchId: "w" })).toEqual({});
  await client.writeFile("a.txt", "a");
  await client.request("fs/watch", { watchId: "w", path: "/workspace/b.txt" });
  await sleep();
  await client.writeFile("a.txt", "again");
  await client.writeFile("b.txt", "b");
  expect(await changed(client)).toEqual(["/workspace/b.txt"]);
  await client.untilQuiet();
  expect(client.methodsHeard().filter((method) => method === "fs/changed")).toHaveLength(1);
});

story("a watch ends with its socket", async ({ client, connect, sleep }) => {
  const threadId = await client.startThread();
  const other = await connect();
  await other.request("fs/watch", { watchId: "w", path: "/workspace", threadId });
  await sleep();
  other.close();
  await client.untilQuiet();
  await client.writeFile("a.txt", "a");
  const rows = await inThread(threadId, (_, { storage }) => {
    const count = (table: string) => storage.sql.exec(`SELECT count(*) AS count FROM ${table}`).one().count;
    return [count("watches"), count("watch_changes")];
  });
  expect(rows).toEqual([0, 0]);
});

story(
  "what could not be told is told later, also by an object that died meanwhile, and each path once",
  async ({ client, connect, sleep }) => {
    const threadId = await client.startThread();
    const other = await connect();
    await other.request("fs/watch", { watchId: "w", path: "/workspace", threadId });
    await unreachable(threadId);
    for (const text of ["one", "two"]) await client.writeFile("a.txt", text);
    await client.writeFile("b.txt", "b");
    await sleep();
    await reachable(threadId);
    expect(await ring(threadId)).toBe(true);
    expect(await changed(other)).toEqual(["/workspace/a.txt", "/workspace/b.txt"]);
    // Nothing is heard of this one, so that no alarm is set: whoever wakes the thread next has to look.
    await inThread(threadId, ({ host }) => {
      host.tell = () => new Promise(() => {});
    });
    await client.writeFile("a.txt", "three");
    await crash(threadId);
    await client.request("thread/read", { threadId });
    expect(await changed(other)).toEqual(["/workspace/a.txt"]);
    await other.untilQuiet();
    expect(other.methodsHeard().filter((method) => method === "fs/changed")).toHaveLength(2);
  },
);

story("many changes come in parts, and watches are bounded", async ({ client, sleep }) => {
  await client.startThread();
  await client.request("fs/watch", { watchId: "w", path: "/workspace" });
  await sleep();
  const most = limits.changedPathsMax;
  await client.request("command/exec", { command: ["touch", ...Array.from({ length: most + 5 }, (_, index) => `f${index}`)] });
  const parts = [await changed(client), await changed(client)];
  expect([parts[0]?.length, parts[1]?.length]).toEqual([most, 5]);
  expect(new Set(parts.flat()).size).toBe(most + 5);
  const watch = (watchId: string, path = "/workspace/x") => client.refusal("fs/watch", { watchId, path });
  expect(await watch("out", "/tmp/x")).toBe(
    "-32600 Invalid request: no thread of this connection has a workspace that contains /tmp/x",
  );
  expect(await watch("x".repeat(limits.watchIdCharactersMax + 1))).toBe("-32600 a watchId holds at most 128 characters");
  for (let index = 1; index < limits.watchesPerSocketMax; index += 1) expect(await watch(`w${index}`)).toMatch(/^no refusal/);
  expect(await watch("one more")).toBe(`-32600 this connection has ${limits.watchesPerSocketMax} watches already; unwatch one`);
});

/** The paths of the next `fs/changed`. */
async function changed(client: Client): Promise<string[]> {
  const { params }: Wire = await client.until("fs/changed");
  return params.changedPaths;
}

/** Until `reachable`, or until it is woken anew, the thread reaches no connection to tell it something. */
async function unreachable(threadId: string): Promise<void> {
  await inThread(threadId, ({ host }) => {
    const { tell } = host;
    host.tell = () => Promise.reject(new Error("unreachable"));
    reachAgain = () => {
      host.tell = tell;
    };
  });
}

let reachAgain = () => {};

function reachable(threadId: string): Promise<void> {
  return inThread(threadId, () => reachAgain());
}
