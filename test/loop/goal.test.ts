import { expect, test } from "vitest";
import { createThread, type TestThread } from "../support/thread.ts";
import { functionCall, scriptedModel } from "./scripted-model.ts";

async function goal(thread: TestThread, verb: "set" | "clear" | "get", params: object = {}) {
  const threadId = thread.runtime.host.threadId;
  const request = { method: `thread/goal/${verb}`, params: { threadId, ...params } };
  const reply = await thread.service.request(request as Parameters<TestThread["service"]["request"]>[0], "test");
  if ("refused" in reply) throw new Error(reply.refused.message);
  return JSON.parse(reply.resultText);
}

test("the model says that the goal is reached, through a crash, and is offered that only while there is one to reach", async () => {
  let deaths = 0;
  const model = scriptedModel(
    { text: "no goal yet" },
    { calls: [functionCall("update_goal", { status: "complete" })] },
    { text: "it is reached" },
    { text: "and now?" },
  );
  const thread = await createThread({ model, diesAtCommit: (moment) => moment === "after" && deaths++ === 9 });
  const offered = () => model.requests.at(-1)?.tools.some(({ name }) => name === "update_goal");
  await thread.turn("hello");
  expect(offered()).toBe(false);
  await goal(thread, "set", { objective: "reach it" });
  await thread.turn("go");
  expect(model.requests[1]?.tools.map(({ name }) => name)).toContain("update_goal");
  expect(deaths).toBeGreaterThan(9);
  expect((await goal(thread, "get")).goal).toMatchObject({ status: "complete", tokensUsed: 12 });
  expect(model.requests[2]?.input.at(-1)).toMatchObject({ output: "The goal is marked complete." });
  await thread.turn("more");
  expect(offered()).toBe(false);
  expect((await goal(thread, "get")).goal.tokensUsed).toBe(12);
});

test("the time that turns work counts, the time between them does not", async () => {
  let nowMs = 1_795_000_000_000;
  const slow = scriptedModel({ text: "one" }, { text: "two" });
  const { stream } = slow;
  slow.stream = (request, signal) => {
    nowMs += 2_500;
    return stream.call(slow, request, signal);
  };
  const thread = await createThread({ model: slow, now: () => nowMs });
  await goal(thread, "set", { objective: "take your time" });
  await thread.turn("go");
  nowMs += 3_600_000;
  expect((await goal(thread, "get")).goal.timeUsedSeconds).toBe(2);
  thread.restart();
  await thread.turn("go on");
  expect((await goal(thread, "get")).goal.timeUsedSeconds).toBe(5);
});

test("a call about a goal that is gone, or in words nobody knows, is refused to the model", async () => {
  const model = scriptedModel(
    { calls: [functionCall("update_goal", { status: "complete" })] },
    { calls: [functionCall("update_goal", { status: "nearly" })] },
    { text: "well" },
  );
  const thread = await createThread({ model });
  const frames = await thread.turn("go");
  expect(frames.filter(({ method }) => method === "warning")).toHaveLength(2);
  expect(JSON.stringify(model.requests[2]?.input)).toContain("`status` has to be complete or blocked");
  expect(frames.at(-1)?.params.turn.status).toBe("completed");
});
