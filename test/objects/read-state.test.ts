import { expect } from "vitest";
import type { Wire } from "./client.ts";
import { story } from "./story.ts";

story("what a turn left is unread on every device until somebody says that they read it", async ({ client, connect, sleep }) => {
  const threadId = await client.startThread();
  const { readState: initial } = await client.request("thread/read", { threadId });
  expect(initial).toEqual({ firstUnread: null, revision: `initial:${threadId}` });
  const first = await client.turn("say one");
  const second = await client.turn("say two");
  const told = client.frames.filter(({ method }) => method === "thread/readState/changed").map(({ params }) => params);
  expect(told.map(({ readState }) => readState.firstUnread)).toEqual([
    { type: "turn", turnId: first.id },
    { type: "turn", turnId: first.id },
  ]);
  expect(second.status).toBe("completed");
  const { readState } = told[1];
  expect(readState.revision).not.toBe(told[0].readState.revision);
  await sleep();

  const other = await connect();
  expect((await other.request("thread/read", { threadId })).readState).toEqual(readState);
  expect((await other.request("thread/list", {})).readStates[threadId]).toEqual(readState);
  const update = { threadId, operation: { type: "read" }, expectedRevision: readState.revision };
  const answer = await other.request("thread/readState/update", update);
  expect(answer).toEqual({ readState: { firstUnread: null, revision: expect.any(String) } });
  await client.untilThat(
    ({ method, params }) => method !== undefined && params.readState?.revision === answer.readState.revision,
  );
  await sleep();
  expect((await other.request("thread/list", {})).readStates[threadId]).toEqual(answer.readState);
});

story(
  "a device that follows nothing hears what became unread, and that another device read it",
  async ({ client, connect, sleep }) => {
    const bystander = await connect();
    await bystander.request("thread/list", {});
    const threadId = await client.startThread();
    const turn = await client.turn("say one");
    const { params: left } = await bystander.until("thread/readState/changed");
    expect(left).toEqual({ threadId, readState: { firstUnread: { type: "turn", turnId: turn.id }, revision: turn.id } });
    await sleep();
    const update = { threadId, operation: { type: "read" }, expectedRevision: turn.id };
    const { readState } = await client.request("thread/readState/update", update);
    const isRead = ({ method, params }: Wire) =>
      method === "thread/readState/changed" && params.readState.revision === readState.revision;
    expect((await bystander.untilThat(isRead)).params).toEqual({ threadId, readState });
    // Who follows the thread hears it from the thread, and not again from the account.
    expect(client.frames.filter(isRead)).toHaveLength(1);
  },
);

story("who marks what they have not seen is refused, and told how it stands", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  const seen = await client.request("thread/read", { threadId });
  await client.say("say one");
  const { params } = await client.until("thread/readState/changed");
  await client.untilTurnEnds();
  await sleep();
  const update = { threadId, operation: { type: "read" }, expectedRevision: seen.readState.revision };
  const { error } = await client.ask("thread/readState/update", update);
  expect(error).toEqual({
    code: -32600,
    message: "read state changed",
    data: { reason: "readStateConflict", readState: params.readState },
  });
});

story(
  "a thread marked unread stays so through the next turn, and a retry of a mark is told what became of it",
  async ({ client, sleep }) => {
    const threadId = await client.startThread();
    const mark = (type: string, expectedRevision: string) =>
      client.ask("thread/readState/update", { threadId, operation: { type }, expectedRevision });
    const marked = (await mark("unread", `initial:${threadId}`)).result.readState;
    expect(marked.firstUnread).toEqual({ type: "threadStart" });
    await sleep();
    const retried: Wire = await mark("unread", `initial:${threadId}`);
    expect(retried.error.data.readState).toEqual(marked);
    await client.turn("say one");
    const { readState } = await client.request("thread/read", { threadId });
    expect(readState.firstUnread).toEqual({ type: "threadStart" });
    expect(readState.revision).not.toBe(marked.revision);
  },
);

story("a turn that failed is unread, one that was interrupted before it said anything is not", async ({ client, sleep }) => {
  const interrupted = await client.startThread();
  const turnId = await client.say("count 200");
  await client.until("item/agentMessage/delta");
  await client.request("turn/interrupt", { threadId: interrupted, turnId });
  await client.untilTurnEnds();
  const failed = await client.startThread();
  const turn = await client.turn("fail 400");
  expect(turn.status).toBe("failed");
  await sleep();
  const { readStates } = await client.request("thread/list", {});
  expect(readStates[interrupted]).toEqual({ firstUnread: null, revision: `initial:${interrupted}` });
  expect(readStates[failed].firstUnread).toEqual({ type: "turn", turnId: turn.id });
  const order = client.frames.filter(({ params }) => params?.threadId === failed).map(({ method }) => method);
  expect(order.slice(-3)).toEqual(["error", "thread/readState/changed", "turn/completed"]);
});

story(
  "threads that nobody follows have no read state, and clients of the stable API hear nothing of it",
  async ({ client, connect, sleep }) => {
    const ephemeral = await client.startThread({ ephemeral: true });
    await client.turn("say hidden");
    expect((await client.request("thread/read", { threadId: ephemeral })).readState).toBeNull();
    const update = { threadId: ephemeral, operation: { type: "read" }, expectedRevision: "x" };
    expect(await client.refusal("thread/readState/update", update)).toBe("-32600 thread read state unavailable");
    const stable = await connect({ experimentalApi: false });
    const threadId = await stable.startThread();
    await stable.turn("say one");
    await sleep();
    expect(stable.methodsHeard()).not.toContain("thread/readState/changed");
    expect(await stable.refusal("thread/readState/update", { ...update, threadId })).toBe(
      "-32600 thread/readState/update requires experimentalApi capability",
    );
    const { readStates } = await stable.request("thread/list", {});
    expect(readStates[threadId].firstUnread.type).toBe("turn");
  },
);
