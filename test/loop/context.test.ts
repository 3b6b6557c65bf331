import { expect, test } from "vitest";
import { createThread, type TestThread } from "../support/thread.ts";
import { functionCall, scriptedModel } from "./scripted-model.ts";

test("the workspace's AGENTS.md files are told from the root down, and a turn hears the same rules to its end", async () => {
  const model = scriptedModel({ calls: [functionCall("shell", { command: "ls" })] }, { text: "ok" }, { text: "ok" });
  const thread = await createThread({ model });
  put(thread, "AGENTS.md", "Use tabs.");
  put(thread, "src/AGENTS.md", "No tabs here.");
  await thread.turn("go");
  put(thread, "AGENTS.md", "Use spaces.");
  await thread.turn("go on");
  const told = model.requests.map(({ instructions }) => instructions);
  expect(told[0]).toContain("From AGENTS.md:\nUse tabs.\n\nFrom src/AGENTS.md:\nNo tabs here.");
  expect(told[1]).toBe(told[0]);
  expect(told[2]).toContain("Use spaces.");
});

test("a turn may start elsewhere in the workspace, for itself and what follows, and nowhere outside of it", async () => {
  const pwd = () => ({ calls: [functionCall("shell", { command: "pwd" })] });
  const thread = await createThread({ model: scriptedModel(pwd(), { text: "ok" }, pwd(), { text: "ok" }) });
  put(thread, "src/a.ts", "x");
  expect(outputsOf(await thread.turn("go", { cwd: "/workspace/src/" }))).toEqual(["/workspace/src\n"]);
  expect(outputsOf(await thread.turn("again"))).toEqual(["/workspace/src\n"]);
  await expect(thread.say("out", { cwd: "/etc" })).rejects.toThrow("outside of the workspace");
});

test("a client that asks for the plan mode without words of its own gets ours, until it leaves the mode", async () => {
  const model = scriptedModel({ text: "one" }, { text: "two" }, { text: "three" });
  const thread = await createThread({ model });
  const settings = { model: "m", reasoning_effort: null, developer_instructions: null };
  await thread.turn("one", { collaborationMode: { mode: "plan", settings } });
  await thread.turn("two");
  await thread.turn("three", { collaborationMode: { mode: "default", settings } });
  const inPlanMode = model.requests.map(({ instructions }) => instructions.includes("You are in plan mode"));
  expect(inPlanMode).toEqual([true, true, false]);
});

test("a turn's model, effort and mode hold for itself and what follows", async () => {
  const model = scriptedModel({ text: "one" }, { text: "two" });
  const thread = await createThread({ model });
  const settings = { model: "m", reasoning_effort: "high", developer_instructions: "Plan first." };
  await thread.turn("one", { model: "other", collaborationMode: { mode: "plan", settings }, personality: "pragmatic" });
  await thread.turn("two");
  for (const request of model.requests) {
    expect(request).toMatchObject({ model: "other", effort: "high" });
    expect(request.instructions).toContain("Plan first.");
    expect(request.instructions).toContain("matter-of-fact");
  }
});

test("before the window is full the past is made shorter, in the log, and the next request begins with the summary", async () => {
  const model = scriptedModel(
    { text: "read it all", tokens: 9_000 },
    { text: "shorter now", tokens: 100 },
    { text: "still short" },
  );
  const thread = await createThread({ model, contextWindow: 10_000 });
  await thread.turn("look at everything");
  const frames = await thread.turn("go on");
  expect(frames.filter(({ params }) => params.item?.type === "contextCompaction").map(({ method }) => method)).toEqual([
    "item/started",
    "item/completed",
  ]);
  const [summary, ...rest] = model.requests[1]?.input ?? [];
  expect(JSON.stringify(summary)).toContain("The user said:\\nlook at everything");
  expect(rest).toEqual([{ type: "message", role: "user", content: [{ type: "input_text", text: "go on" }] }]);
  // Once is enough, also for an object that has to wake in between.
  thread.restart();
  const later = await thread.turn("and now");
  expect(later.some(({ params }) => params.item?.type === "contextCompaction")).toBe(false);
  expect(model.requests[2]?.input[0]).toEqual(summary);
});

test("a person may ask for it at rest; it is a turn of its own", async () => {
  const model = scriptedModel({ text: "one" }, { text: "two" });
  const thread = await createThread({ model });
  await thread.turn("hello");
  const before = thread.frames().length;
  const { id: threadId } = thread.runtime.current.info;
  await thread.service.request({ method: "thread/compact/start", params: { threadId } }, "test");
  await thread.until("turn/completed", before);
  expect(
    thread
      .frames()
      .slice(before)
      .map(({ method }) => method),
  ).toEqual([
    "thread/status/changed",
    "turn/started",
    "item/started",
    "item/completed",
    "thread/status/changed",
    "turn/completed",
  ]);
  await thread.turn("and now");
  expect(JSON.stringify(model.requests[1]?.input)).toContain("context_summary");
});

test("a thread of four hundred turns starts the next one with no more than a thread of forty", { timeout: 120_000 }, async () => {
  const input = async (turns: number) => {
    const said = Array.from({ length: turns }, () => ({ text: "x".repeat(200), tokens: 9_000 }));
    const model = scriptedModel(...said, { text: "last" });
    const thread = await createThread({ model, contextWindow: 10_000 });
    for (let index = 0; index < turns; index++) await thread.turn(`do ${index}`);
    await thread.turn("last");
    return JSON.stringify(model.requests.at(-1)?.input).length;
  };
  const [short, long] = [await input(40), await input(400)];
  expect(long / short).toBeLessThan(1.2);
});

function put({ runtime }: TestThread, path: string, text: string): void {
  runtime.host.transaction(() => runtime.workspace.write(path, new TextEncoder().encode(text)));
}

function outputsOf(frames: { method: string; params: { item?: { aggregatedOutput?: string } } }[]): (string | undefined)[] {
  return frames.flatMap(({ method, params }) =>
    method === "item/completed" && params.item && "aggregatedOutput" in params.item ? [params.item.aggregatedOutput] : [],
  );
}
