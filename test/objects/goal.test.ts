import { expect } from "vitest";
import { inThread, story } from "./story.ts";

story(
  "a goal is set, counted by what turns cost, told to whoever comes back, and cleared once",
  async ({ client, connect, sleep }) => {
    const threadId = await client.startThread();
    expect(await client.request("thread/goal/get", { threadId })).toEqual({ goal: null });
    const { goal } = await client.request("thread/goal/set", { threadId, objective: "  all tests pass " });
    expect(goal).toEqual({
      threadId,
      objective: "all tests pass",
      status: "active",
      tokenBudget: null,
      tokensUsed: 0,
      timeUsedSeconds: 0,
      createdAt: expect.any(Number),
      updatedAt: goal.createdAt,
    });
    expect((await client.until("thread/goal/updated")).params).toEqual({ threadId, turnId: null, goal });
    await sleep();
    const turnId = await client.say("say one");
    const counted = await client.until("thread/goal/updated");
    expect(counted.params.turnId).toBe(turnId);
    expect(counted.params.goal.tokensUsed).toBeGreaterThan(0);
    await client.untilTurnEnds();
    await sleep();

    const other = await connect({ replay: false });
    await other.resume(threadId);
    expect((await other.until("thread/goal/updated")).params.goal.objective).toBe("all tests pass");
    const deaf = await connect({ replay: false, optOut: ["thread/goal/updated"] });
    await deaf.resume(threadId);
    expect(deaf.methodsHeard()).not.toContain("thread/goal/updated");
    expect(await client.request("thread/goal/clear", { threadId })).toEqual({ cleared: true });
    expect((await other.until("thread/goal/cleared")).params).toEqual({ threadId });
    await sleep();
    expect(await client.request("thread/goal/clear", { threadId })).toEqual({ cleared: false });
    expect(await client.request("thread/goal/get", { threadId })).toEqual({ goal: null });
  },
);

story("a goal whose budget is used up says so, and goes on when a person raises it and says so", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  await client.request("thread/goal/set", { threadId, objective: "be brief", tokenBudget: 1 });
  await client.turn("say one");
  const { goal } = await client.request("thread/goal/get", { threadId });
  expect(goal.status).toBe("budgetLimited");
  await sleep();
  const again = (await client.request("thread/goal/set", { threadId, status: "active" })).goal;
  expect(again.status).toBe("budgetLimited");
  const raised = (await client.request("thread/goal/set", { threadId, status: "active", tokenBudget: null })).goal;
  expect(raised).toEqual({ ...again, status: "active", tokenBudget: null, updatedAt: raised.updatedAt });
});

story("the model is told of a goal that is active or used up, and of no other", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  const told = () =>
    inThread(threadId, (runtime) => {
      const asked: string[] = [];
      const { model } = runtime.host;
      runtime.host.model = (name) => ({
        stream: (request, signal) => {
          asked.push(request.instructions);
          return model(name).stream(request, signal);
        },
      });
      return asked;
    });
  for (const [status, words] of [
    ["active", "Work towards it"],
    ["paused", null],
    ["budgetLimited", "used up its budget"],
    ["complete", null],
  ] as const) {
    await client.request("thread/goal/set", { threadId, objective: "reach the moon", status });
    await sleep();
    const asked = await told();
    await client.turn("say one");
    expect(asked.at(-1)?.includes("reach the moon"), status).toBe(words !== null);
    if (words) expect(asked.at(-1)).toContain(words);
  }
});

story("goals are refused in the real server's words", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  const set = (params: object) => client.refusal("thread/goal/set", { threadId, ...params });
  expect(await set({ status: "paused" })).toBe(`-32600 cannot update goal for thread ${threadId}: no goal exists`);
  expect(await set({ objective: "  " })).toBe("-32600 goal objective must not be empty");
  expect(await set({ objective: "🎯".repeat(4_001) })).toBe("-32600 goal objective must be at most 4000 characters");
  expect(await set({ objective: "x", tokenBudget: 0 })).toBe("-32600 goal budgets must be positive when provided");
  await sleep();
  const ephemeral = await client.startThread({ ephemeral: true });
  expect(await client.refusal("thread/goal/set", { threadId: ephemeral, objective: "x" })).toBe(
    `-32600 ephemeral thread does not support goals: ${ephemeral}`,
  );
  const nobody = "00000000-0000-7000-8000-000000000000";
  expect(await client.refusal("thread/goal/get", { threadId: nobody })).toBe(`-32600 thread not found: ${nobody}`);
});

story("a thread that has only a goal is listed under it", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  await client.request("thread/goal/set", { threadId, objective: "write a poem" });
  await sleep();
  const { data } = await client.request("thread/list", {});
  expect(data.find(({ id }: { id: string }) => id === threadId)?.preview).toBe("write a poem");
});
