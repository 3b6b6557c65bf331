import { expect } from "vitest";
import type { Client, Wire } from "./client.ts";
import { story } from "./story.ts";

/** What a client sends when it knows nothing but what is required. */
const bare = (text: string) => [{ type: "text", text }];

/** The same from a client of next year: members nobody here has heard of, wherever there may be some. */
const tomorrow = { ofTomorrow: { nested: [1, null, "x"] } };

/** A whole session: talk, approve, leave, come back, find it again, put it away. */
async function session(
  client: Client,
  sleep: () => Promise<void>,
  more: object,
  input: (text: string) => object[],
): Promise<void> {
  const threadId = await client.startThread({ ...more });
  await client.request("turn/start", { threadId, input: input("say hello"), ...more });
  expect(await client.untilTurnEnds()).toMatchObject({ status: "completed", items: [{ type: "agentMessage", text: "hello" }] });
  await client.request("turn/start", { threadId, input: input("write a.txt: alpha"), ...more });
  const request = await client.until("item/fileChange/requestApproval");
  await sleep();
  client.sendText(JSON.stringify({ id: request.id, result: { decision: "accept", ...more }, ...more }));
  expect(await client.untilTurnEnds()).toMatchObject({ status: "completed" });
  const { dataBase64 } = await client.request("fs/readFile", { path: "/workspace/a.txt", ...more });
  expect(atob(dataBase64)).toBe("alpha\n");
  await client.request("thread/name/set", { threadId, name: "kept", ...more });
  const { data } = await client.request("thread/list", { ...more });
  expect(data.find(({ id }: Wire) => id === threadId)).toMatchObject({ name: "kept" });
  const { thread } = await client.request("thread/read", { threadId, includeTurns: true, ...more });
  expect(thread.turns.map(({ status }: Wire) => status)).toEqual(["completed", "completed"]);
  const resumed = await client.request("thread/resume", { threadId, ...more });
  expect(resumed.thread).toMatchObject({ id: threadId, name: "kept" });
  await client.request("thread/archive", { threadId, ...more });
  await client.request("thread/unarchive", { threadId, ...more });
}

story(
  "an old client, with stable methods and required fields only, works",
  async ({ client, sleep }) => {
    await session(client, sleep, {}, bare);
    expect(client.frames.filter(({ seq }) => seq !== undefined)).toEqual([]);
  },
  { experimentalApi: false, replay: false },
);

story("a client of tomorrow, with fields and methods nobody knows yet, works", async ({ client, sleep }) => {
  client.sendText(JSON.stringify({ method: "tomorrow/happened", params: tomorrow }));
  expect(await client.refusal("thread/ofTomorrow", tomorrow)).toMatch(
    /^-32600 Invalid request: unknown variant `thread\/ofTomorrow`/,
  );
  await session(client, sleep, tomorrow, (text) => [{ type: "text", text, text_elements: [], ...tomorrow }]);
});

story("a client that asks for capabilities of tomorrow gets those of today", async ({ connect }) => {
  const client = await connect({ capabilities: { ...tomorrow, experimentalApi: true, extensions: { "spindle/tomorrow": {} } } });
  await client.startThread();
  expect(await client.turn("say hi")).toMatchObject({ status: "completed" });
  expect(client.frames.filter(({ seq }) => seq !== undefined)).toEqual([]);
});
