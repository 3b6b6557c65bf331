import { expect, test } from "vitest";
import { createThread } from "../support/thread.ts";
import { functionCall, scriptedModel } from "./scripted-model.ts";

const question = {
  id: "color",
  header: "Colour",
  question: "Which one?",
  options: [{ label: "Blue", description: "as the sea" }],
};

test("a plan is shown to the person, and the model goes on", async () => {
  const plan = [{ step: "look", status: "in_progress" }];
  const thread = await createThread({
    model: scriptedModel({ calls: [functionCall("update_plan", { plan })] }, { text: "done" }),
  });
  const frames = await thread.turn("go");
  expect(frames.find(({ method }) => method === "turn/plan/updated")?.params).toMatchObject({
    explanation: null,
    plan: [{ step: "look", status: "inProgress" }],
  });
});

test("a question waits through a restart, for whoever answers first, and the model hears the answer", async () => {
  const model = scriptedModel({ calls: [functionCall("request_user_input", { questions: [question] })] }, { text: "blue it is" });
  const thread = await createThread({ model });
  await thread.say("paint it");
  const asked = await thread.until("item/tool/requestUserInput");
  expect(thread.runtime.current.status).toEqual({ type: "active", activeFlags: ["waitingOnUserInput"] });
  thread.restart();
  const id = asked.id ?? "";
  thread.service.respond(id, { result: { answers: { color: { answers: ["Blue"] } } } });
  thread.service.respond(id, { result: { answers: { color: { answers: ["Red"] } } } });
  const ended = await thread.until("turn/completed");
  expect(ended.params.turn.status).toBe("completed");
  const output = model.requests[1]?.input.find(({ type }) => type === "function_call_output");
  expect(output?.output).toBe('{"answers":{"color":{"answers":["Blue"]}}}');
});

test("a tool of the client's is called by its own name, and its answer completes the item", async () => {
  const tool = { type: "function", name: "lookup", description: "Looks up", inputSchema: { type: "object" } };
  const dynamicTools = [{ type: "namespace", name: "tickets", description: "", tools: [tool] }];
  const model = scriptedModel({ calls: [functionCall("tickets__lookup", { id: "A1" })] }, { text: "it is open" });
  const thread = await createThread({ model, start: { dynamicTools } });
  await thread.say("what about A1?");
  const asked = await thread.until("item/tool/call");
  expect(asked.params).toMatchObject({ namespace: "tickets", tool: "lookup", arguments: { id: "A1" } });
  expect(model.requests[0]?.tools.map(({ name }) => name)).toContain("tickets__lookup");
  thread.restart();
  const contentItems = [{ type: "inputText", text: "ticket open" }];
  thread.service.respond(asked.id ?? "", { result: { contentItems, success: true } });
  await thread.until("turn/completed");
  const item = thread
    .frames()
    .findLast(({ method, params }) => method === "item/completed" && params.item.type === "dynamicToolCall");
  expect(item?.params.item).toMatchObject({ status: "completed", success: true, contentItems });
  expect(model.requests[1]?.input.at(-1)).toMatchObject({ type: "function_call_output", output: "ticket open" });
});

test("an answer that cannot be read is told to the model as none", async () => {
  const model = scriptedModel(
    { calls: [functionCall("request_user_input", { questions: [question] })] },
    { text: "then I choose" },
  );
  const thread = await createThread({ model });
  await thread.say("paint it");
  const asked = await thread.until("item/tool/requestUserInput");
  thread.service.respond(asked.id ?? "", { error: { code: -32601, message: "not supported" } });
  await thread.until("turn/completed");
  expect(JSON.stringify(model.requests[1]?.input.at(-1))).toContain("best judgment");
});

test("calls of one response are settled in order, and all before the model is asked again", async () => {
  const calls = [
    functionCall("shell", { command: "echo one" }),
    functionCall("update_plan", { plan: [{ step: "x", status: "pending" }] }),
    functionCall("fly", {}),
  ];
  const model = scriptedModel({ calls }, { text: "done" });
  const thread = await createThread({ model });
  await thread.turn("go");
  const outputs = model.requests[1]?.input.filter(({ type }) => type === "function_call_output") ?? [];
  expect(outputs.map(({ call_id }) => call_id)).toEqual(calls.map(({ call_id }) => call_id));
  expect(outputs.map(({ output }) => output)).toEqual(["exit code 0\none\n", "Plan updated", "There is no tool `fly` here."]);
});

test("an interrupted turn answers every call it leaves behind", async () => {
  const calls = [functionCall("request_user_input", { questions: [question] }), functionCall("shell", { command: "ls" })];
  const model = scriptedModel({ calls }, { text: "again" });
  const thread = await createThread({ model });
  await thread.say("go");
  await thread.until("item/tool/requestUserInput");
  thread.runtime.interrupt();
  await thread.turn("go on");
  const input = model.requests[1]?.input ?? [];
  expect(input.filter(({ type }) => type === "function_call_output")).toHaveLength(2);
});
