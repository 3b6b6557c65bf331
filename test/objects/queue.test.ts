import { expect } from "vitest";
import queued from "../fixtures/codex-0.169.0/transcripts/23-queue.jsonl?raw";
import type { Client, Message, Wire } from "./client.ts";
import { outline, recorded, told } from "./compare.ts";
import { crash, story } from "./story.ts";

function add(client: Client, text: string, key: string): Promise<Wire> {
  const input = [{ type: "text", text, text_elements: [] }];
  return client.request("thread/queue/add", { threadId: client.threadId, input, clientUserMessageId: key });
}

async function listed(client: Client): Promise<string[]> {
  const { data } = await client.request("thread/queue/list", { threadId: client.threadId });
  return data.map(({ input }: Wire) => input[0].text);
}

/** What people said in this thread, in order, each with its turn's end. */
async function said(client: Client): Promise<string[]> {
  const params = { threadId: client.threadId, sortDirection: "asc", itemsView: "full" };
  const { data } = await client.request("thread/turns/list", params);
  return data.flatMap(({ items, status }: Wire) =>
    items.filter(({ type }: Wire) => type === "userMessage").map(({ content }: Wire) => `${content[0].text}: ${status}`),
  );
}

/** A turn that waits for as long as the story wants. */
async function waitingTurn(client: Client, text = "run touch a\nsay done"): Promise<Message> {
  await client.startThread({ approvalPolicy: "untrusted" });
  await client.say(text);
  return client.until("item/commandExecution/requestApproval");
}

story(
  "a message queued while a turn runs is told in the order of the real server, and runs when the turn has completed",
  async ({ client, sleep }) => {
    await client.startThread({ cwd: "/workspace" });
    await client.until("thread/started");
    await client.say("count 12");
    await client.until("item/agentMessage/delta");
    const { queuedSubmission } = await add(client, "say queued", "cm-1");
    expect(queuedSubmission).toEqual({
      id: queuedSubmission.id,
      input: [{ type: "text", text: "say queued", text_elements: [] }],
      clientUserMessageId: "cm-1",
      responsesapiClientMetadata: null,
    });
    expect(await listed(client)).toEqual(["say queued"]);
    await client.untilTurnEnds();
    await client.untilTurnEnds();
    await sleep();
    expect(await listed(client)).toEqual([]);
    expect(await said(client)).toEqual(["count 12: completed", "say queued: completed"]);
    // From the end of the first turn on, frame by frame; streamed text may come in any number of pieces.
    const [theirs, ours] = [recorded(queued), client.frames].map((frames) => {
      const lines = outline(told(frames)).filter((line) => !line.startsWith("answer: "));
      return lines.slice(lines.indexOf("turn/completed completed"));
    });
    expect(ours).toEqual(theirs);
  },
  { replay: false },
);

story("a message queued on a thread at rest runs at once", async ({ client, sleep }) => {
  await client.startThread();
  await sleep();
  await add(client, "say first", "one");
  expect((await client.untilTurnEnds()).items[0].text).toBe("first");
  expect(client.methodsHeard().filter((method) => method === "thread/queue/changed")).toHaveLength(2);
});

story("what is queued survives sleep and a crash, and keeps its order", async ({ client, sleep }) => {
  const request = await waitingTurn(client);
  for (const text of ["say b", "say c", "say d"]) await add(client, text, text);
  await sleep();
  await crash(client.threadId);
  expect(await listed(client)).toEqual(["say b", "say c", "say d"]);
  client.answer(request, "accept");
  const change = await client.until("item/fileChange/requestApproval");
  client.answer(change, "accept");
  for (let turns = 0; turns < 4; turns++) await client.untilTurnEnds();
  await sleep();
  expect(await said(client)).toEqual([
    "run touch a\nsay done: completed",
    ...["b", "c", "d"].map((name) => `say ${name}: completed`),
  ]);
});

story("after an interrupt the queue waits until somebody starts it, and then goes on by itself", async ({ client, sleep }) => {
  await waitingTurn(client);
  const { queuedSubmission: first } = await add(client, "say one", "one");
  const { queuedSubmission: second } = await add(client, "say two", "two");
  await client.request("turn/interrupt", {
    threadId: client.threadId,
    turnId: client.threadFrames().findLast(({ method }) => method === "turn/started")?.params.turn.id,
  });
  await client.untilTurnEnds();
  await sleep();
  await client.untilQuiet();
  expect(await listed(client)).toEqual(["say one", "say two"]);
  const params = { threadId: client.threadId, queuedSubmissionId: second.id };
  const { turn } = await client.request("thread/queue/start", params);
  expect((await client.untilTurnEnds()).id).toBe(turn.id);
  await client.untilTurnEnds();
  await sleep();
  expect((await said(client)).slice(1)).toEqual(["say two: completed", "say one: completed"]);
  // A retry gets the same turn; what never was queued is refused.
  expect((await client.request("thread/queue/start", params)).turn.id).toBe(turn.id);
  expect(await client.refusal("thread/queue/start", { threadId: client.threadId })).toBe("-32600 nothing is queued");
  expect(first.id).not.toBe(second.id);
});

story("a turn that failed holds the queue, and the next one that completes lets it go", async ({ client, sleep }) => {
  const request = await waitingTurn(client, "run touch a\nfail 400");
  await add(client, "say later", "later");
  client.answer(request, "decline");
  expect((await client.untilTurnEnds()).status).toBe("failed");
  await sleep();
  await client.untilQuiet();
  expect(await listed(client)).toEqual(["say later"]);
  await client.turn("say now");
  expect((await client.untilTurnEnds()).items[0].text).toBe("later");
});

story("a queued message is changed, moved and taken out", async ({ client, sleep }) => {
  const request = await waitingTurn(client);
  const ids: string[] = [];
  for (const text of ["say a", "say b", "say c"]) ids.push((await add(client, text, text)).queuedSubmission.id);
  const [a = "", b = "", c = ""] = ids;
  const { threadId } = client;
  const input = [{ type: "text", text: "say B", text_elements: [] }];
  const updated = await client.request("thread/queue/update", { threadId, queuedSubmissionId: b, input });
  expect(updated.queuedSubmission).toMatchObject({ id: b, clientUserMessageId: "say b", input });
  await sleep();
  await client.request("thread/queue/reorder", { threadId, queuedSubmissionIds: [c, b, a] });
  expect(await client.request("thread/queue/delete", { threadId, queuedSubmissionId: a })).toEqual({ deleted: true });
  expect(await client.request("thread/queue/delete", { threadId, queuedSubmissionId: a })).toEqual({ deleted: false });
  await sleep();
  expect(await listed(client)).toEqual(["say c", "say B"]);
  const page = await client.request("thread/queue/list", { threadId, limit: 1 });
  const rest = await client.request("thread/queue/list", { threadId, cursor: page.nextCursor });
  expect([page.data.length, rest.data.length, rest.nextCursor]).toEqual([1, 1, null]);
  expect(await client.refusal("thread/queue/list", { threadId, cursor: "x" })).toBe("-32600 invalid cursor: x");
  expect(await client.refusal("thread/queue/reorder", { threadId, queuedSubmissionIds: [c] })).toBe(
    "-32600 queuedSubmissionIds must name every queued submission exactly once",
  );
  expect(await client.refusal("thread/queue/update", { threadId, queuedSubmissionId: a, input })).toBe(
    `-32600 queued submission not found: ${a}`,
  );
  expect(await client.refusal("thread/queue/start", { threadId })).toBe(
    "-32600 thread/queue/start is unavailable while a turn is running",
  );
  client.answer(request, "decline");
  for (let turns = 0; turns < 3; turns++) await client.untilTurnEnds();
  expect((await said(client)).slice(1)).toEqual(["say c: completed", "say B: completed"]);
});

story("a message that is queued twice under one key is there once, before and after it ran", async ({ client, sleep }) => {
  const request = await waitingTurn(client);
  const { queuedSubmission } = await add(client, "say once", "key");
  await sleep();
  expect((await add(client, "say once", "key")).queuedSubmission).toEqual(queuedSubmission);
  client.answer(request, "decline");
  await client.untilTurnEnds();
  await client.untilTurnEnds();
  await sleep();
  expect((await add(client, "say once", "key")).queuedSubmission).toEqual(queuedSubmission);
  await client.untilQuiet();
  expect((await said(client)).slice(1)).toEqual(["say once: completed"]);
});

story("the queue is bounded, and an archived thread keeps it without running it", async ({ client, sleep }) => {
  await waitingTurn(client);
  for (let index = 0; index < 100; index++) await add(client, `say ${index}`, `key ${index}`);
  const { threadId } = client;
  const input = [{ type: "text", text: "say more", text_elements: [] }];
  const more = { threadId, input, clientUserMessageId: "more" };
  expect(await client.refusal("thread/queue/add", more)).toBe("-32600 the queue is full: it holds at most 100 submissions");
  await client.request("thread/archive", { threadId });
  await sleep();
  expect(await client.refusal("thread/queue/add", more)).toBe(`-32600 thread not found: ${threadId}`);
  expect(await client.refusal("thread/queue/start", { threadId })).toBe(`-32600 thread not found: ${threadId}`);
  expect(await listed(client)).toHaveLength(100);
  await client.request("thread/unarchive", { threadId });
  await client.untilQuiet();
  expect(await listed(client)).toHaveLength(100);
});
