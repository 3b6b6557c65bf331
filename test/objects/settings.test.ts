import { expect } from "vitest";
import { limits } from "#core/limits";
import type { Wire } from "./client.ts";
import { inThread, story } from "./story.ts";

const nobody = "00000000-0000-7000-8000-000000000000";

story("settings hold from the next turn on, and are told", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  const running = await client.say("write a.txt: a");
  const asked = await client.until("item/fileChange/requestApproval");
  await sleep();
  expect(await client.request("thread/settings/update", { threadId, approvalPolicy: "never", effort: "high" })).toEqual({});
  const { params } = await client.until("thread/settings/updated");
  expect(params).toMatchObject({ threadId, threadSettings: { approvalPolicy: "never", effort: "high", cwd: "/workspace" } });
  // The turn that runs ends under what it began with.
  expect((await inThread(threadId, ({ current }) => current.settings))?.approvalPolicy).toBe("on-request");
  client.answer(asked, "accept");
  expect((await client.untilTurnEnds()).id).toBe(running);
  await sleep();
  await client.turn("write b.txt: b");
  expect(client.methodsHeard().filter((method) => method === "item/fileChange/requestApproval")).toHaveLength(1);
  await client.request("thread/settings/update", { threadId, personality: "friendly" });
  await sleep();
  expect(await inThread(threadId, ({ current }) => current.settings)).toMatchObject({
    approvalPolicy: "never",
    effort: "high",
    personality: "friendly",
  });
  const opened = (await client.resume(threadId)).result;
  expect([opened.approvalPolicy, opened.reasoningEffort]).toEqual(["never", "high"]);
  expect(await client.refusal("thread/settings/update", { threadId: nobody })).toBe(`-32600 thread not found: ${nobody}`);
  expect(await client.refusal("thread/settings/update", { threadId, cwd: "/elsewhere" })).toMatch(/^-32600 Invalid request: /);
});

story(
  "what a turn or a decision mode changes is told to whoever follows, and who comes later reads it",
  async ({ client, sleep }) => {
    const threadId = await client.startThread();
    const told = () =>
      client.frames
        .filter(({ method }) => method === "thread/settings/updated")
        .map(({ params: { threadSettings: set } }) => [set.approvalPolicy, set.effort, set.decisionMode, set.questionTimeoutMs]);
    const input = [{ type: "text", text: "say one", text_elements: [] }];
    await client.request("turn/start", { threadId, input, effort: "low", approvalPolicy: "never" });
    await client.untilTurnEnds();
    await sleep();
    // The same once more changes nothing, and so nothing is told.
    await client.request("turn/start", { threadId, input, effort: "low" });
    await client.untilTurnEnds();
    await client.request("spindle/decisionTree/setMode", { threadId, mode: "steer", questionTimeoutMs: null });
    await client.request("thread/list", {});
    expect(told()).toEqual([
      ["never", "low", "observe", limits.question.timeoutMsDefault],
      ["never", "low", "steer", null],
    ]);
    await sleep();
    const { threadSettings } = (await client.resume(threadId)).result;
    expect(threadSettings).toMatchObject({
      approvalPolicy: "never",
      effort: "low",
      decisionMode: "steer",
      questionTimeoutMs: null,
    });
  },
);

story("who comes while a turn runs reads what the next one begins with", async ({ client, connect, sleep }) => {
  const threadId = await client.startThread();
  await client.say("write a.txt: a");
  await client.until("item/fileChange/requestApproval");
  await client.request("thread/settings/update", { threadId, effort: "high" });
  await sleep();
  const other = await connect();
  const { reasoningEffort, threadSettings } = (await other.resume(threadId)).result;
  expect([reasoningEffort, threadSettings.effort]).toEqual([null, "high"]);
});

story("what a client knows of its repository is kept field by field", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  await client.turn("say one");
  const update = async (gitInfo: object) =>
    (await client.request("thread/metadata/update", { threadId, gitInfo })).thread.gitInfo;
  expect(await update({ branch: "x" })).toEqual({ sha: null, branch: "x", originUrl: null });
  await sleep();
  expect(await update({ sha: "abc", branch: null })).toEqual({ sha: "abc", branch: null, originUrl: null });
  const { data } = await client.request("thread/list", {});
  expect(data.find(({ id }: Wire) => id === threadId).gitInfo).toEqual({ sha: "abc", branch: null, originUrl: null });
  const refused = (params: object) => client.refusal("thread/metadata/update", { threadId, ...params });
  expect(await refused({})).toBe("-32600 gitInfo must include at least one field");
  expect(await refused({ gitInfo: { branch: " " } })).toBe("-32600 gitInfo.branch must not be empty");
  expect(await refused({ projectId: "p" })).toBe("-32600 thread/metadata/update.projectId is not supported by Spindle");
  const { thread } = await client.request("thread/fork", { threadId });
  expect(thread.gitInfo).toBeNull();
});

story("whether a thread may be remembered is kept, also in its fork", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  await client.turn("say one");
  const mode = (id: string) => inThread(id, ({ current }) => current.memoryMode);
  expect(await client.request("thread/memoryMode/set", { threadId, mode: "disabled" })).toEqual({});
  await sleep();
  expect(await mode(threadId)).toBe("disabled");
  const { thread } = await client.request("thread/fork", { threadId });
  expect(await mode(thread.id)).toBe("disabled");
  await client.request("thread/memoryMode/set", { threadId, mode: "enabled" });
  await sleep();
  expect([await mode(threadId), await mode(thread.id)]).toEqual(["enabled", "disabled"]);
  expect(await client.refusal("thread/memoryMode/set", { threadId, mode: "maybe" })).toMatch(/unknown variant `maybe`/);
});

story("items that are injected are told to the model and shown to nobody", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  await client.turn("say one");
  const note = { type: "message", role: "user", content: [{ type: "input_text", text: "the secret word" }] };
  const call = { type: "function_call", call_id: "c1", name: "f", arguments: "{}" };
  const output = { type: "function_call_output", call_id: "c1", output: "done" };
  expect(await client.request("thread/inject_items", { threadId, items: [note, call, output] })).toEqual({});
  await sleep();
  await client.turn("say two");
  const input = await inThread(threadId, ({ log }) => log.modelInput());
  expect(input).toEqual(expect.arrayContaining([note, call, output]));
  expect(JSON.stringify(client.frames)).not.toContain("secret word");
  const refused = (items: unknown[]) => client.refusal("thread/inject_items", { threadId, items });
  expect(await refused([])).toBe("-32600 items must not be empty");
  expect(await refused([note, 5])).toBe("-32600 items[1] is not a valid response item");
  expect(await refused([call])).toBe("-32600 items must hold the output of each call, and the call of each output");
  expect(await refused([{ ...note, x: "x".repeat(1_048_576) }])).toMatch(/^-32602 Input exceeds/);
});

story("items are read by their ids, in the thread's order", async ({ client, sleep }) => {
  const threadId = await client.startThread({ approvalPolicy: "never" });
  const { id: turnId } = await client.turn("say one\nwrite a.txt: a");
  await client.turn("say two");
  const { data } = await client.request("thread/items/list", { threadId, turnId });
  const other = (await client.request("thread/items/list", { threadId })).data.at(-1).item.id;
  const ids = data.map(({ item }: Wire) => item.id);
  await sleep();
  const read = (itemIds: string[]) => client.request("thread/items/read", { threadId, turnId, itemIds });
  expect(await read([ids[2], "nope", other, ids[0]])).toEqual({ data: [data[0], data[2]] });
  for (const itemIds of [[], Array.from({ length: 101 }, String)]) {
    expect(await client.refusal("thread/items/read", { threadId, turnId, itemIds })).toBe(
      "-32600 itemIds must name 1 to 100 items",
    );
  }
});

story(
  "the timeline has items and the edges of turns in their order, and nothing that was reverted",
  async ({ client, sleep }) => {
    const threadId = await client.startThread();
    const { id: one } = await client.turn("say one");
    const { id: gone } = await client.turn("say gone");
    await client.request("thread/revert", { threadId, beforeTurnId: gone });
    const { id: two } = await client.turn("say two");
    await client.say("write a.txt: a");
    await client.until("item/fileChange/requestApproval");
    await sleep();
    const list = (params: object) => client.request("thread/timeline/list", { threadId, ...params });
    const { data, nextCursor } = await list({});
    const of = (id: string) => [
      ["turnStarted", id],
      ["item", id],
      ["item", id],
      ["turnCompleted", id],
    ];
    const running = data.at(-1);
    expect(data.map((entry: Wire) => [entry.type, entry.turnId ?? entry.turn_id])).toEqual([
      ...of(one),
      ...of(two),
      ["turnStarted", expect.any(String)],
      ["item", running.turnId],
    ]);
    expect([nextCursor, data[3].status]).toEqual([null, "completed"]);
    const pages: Wire[] = [];
    for (let cursor: string | null = null, more = true; more; more = cursor !== null) {
      const page: Wire = await list({ cursor, limit: 4 });
      pages.push(...page.data);
      cursor = page.nextCursor;
    }
    expect(pages).toEqual(data);
    expect(await client.refusal("thread/timeline/list", { threadId, cursor: "garbage" })).toBe("-32600 invalid cursor: garbage");
  },
);

story("a stop that names another turn stops nothing", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  const { id: before } = await client.turn("say one");
  const turnId = await client.say("write a.txt: a");
  await client.until("item/fileChange/requestApproval");
  await sleep();
  expect(await client.refusal("turn/interrupt", { threadId, turnId: before })).toBe(
    `-32600 expected active turn id \`${before}\` but found \`${turnId}\``,
  );
  await client.request("turn/interrupt", { threadId, turnId });
  expect((await client.untilTurnEnds()).status).toBe("interrupted");
});

story("a thread that is put away is not put away again", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  await client.turn("say one");
  await client.request("thread/archive", { threadId });
  await sleep();
  expect(await client.refusal("thread/archive", { threadId })).toBe(`-32600 no rollout found for thread id ${threadId}`);
  expect(await client.refusal("thread/revert", { threadId, beforeTurnId: "x" })).toBe(`-32600 thread not found: ${threadId}`);
});

story("a plain client that comes back hears how full the model's window is", async ({ client, connect, sleep }) => {
  const threadId = await client.startThread();
  const { id: turnId } = await client.turn("say one");
  await sleep();
  const plain = await connect({ replay: false });
  await plain.resume(threadId);
  const { params } = await plain.until("thread/tokenUsage/updated");
  expect(params).toMatchObject({ threadId, turnId, tokenUsage: client.fold()?.tokenUsage });
});
