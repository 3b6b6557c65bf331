import { expect } from "vitest";
import { limits } from "#core/limits";
import type { Client, Wire } from "./client.ts";
import { outline } from "./compare.ts";
import { crash, inThread, story } from "./story.ts";

function run(client: Client, command: string, more: Record<string, unknown> = {}): Promise<Wire> {
  return client.request("thread/shellCommand", { threadId: client.threadId, command, ...more });
}

/** What the model will be told with its next request, as text. */
function modelHears(client: Client): Promise<string> {
  return inThread(client.threadId, (runtime) => JSON.stringify(runtime.log.modelInput()));
}

async function untilCommandEnds(client: Client): Promise<Wire> {
  const isEnd = ({ method, params }: Wire) => method === "item/completed" && params.item.source === "userShell";
  return (await client.untilThat(isEnd)).params.item;
}

story(
  "a person's command on a thread at rest is a turn of its own, and what it changed is there at once",
  async ({ client, sleep }) => {
    await client.startThread({ approvalPolicy: "untrusted" });
    await client.until("thread/started");
    await sleep();
    expect(await run(client, "echo hi && echo new > made.txt")).toEqual({});
    expect((await client.untilTurnEnds()).status).toBe("completed");
    await sleep();
    expect(await client.readFile("made.txt")).toBe("new\n");
    const begin = client.frames.findIndex(({ method }) => method === "thread/status/changed");
    expect(outline(client.frames.slice(begin)).filter((line) => !line.startsWith("answer"))).toEqual([
      "thread/status/changed active",
      "turn/started",
      "item/started commandExecution inProgress",
      "thread/status/changed active",
      "item/commandExecution/outputDelta",
      "item/completed commandExecution completed",
      "thread/status/changed idle",
      "turn/completed completed",
    ]);
    const item = client.frames.find(({ method }) => method === "item/completed")?.params.item;
    expect(item).toMatchObject({
      command: "/bin/bash -lc 'echo hi && echo new > made.txt'",
      cwd: "/workspace",
      source: "userShell",
      aggregatedOutput: "hi\n",
      exitCode: 0,
    });
  },
);

story("the model hears of the command and its output with its next request", async ({ client, sleep }) => {
  await client.startThread();
  await run(client, "echo out; exit 3");
  expect(await untilCommandEnds(client)).toMatchObject({ status: "failed", exitCode: 3 });
  await client.untilTurnEnds();
  await sleep();
  expect((await client.turn("say seen")).items[0].text).toBe("seen");
  expect(await modelHears(client)).toMatch(
    /<user_shell_command>\\n<command>\\necho out; exit 3\\n<\/command>\\n<result>\\nExit code: 3\\nDuration: [\d.]+ seconds\\nOutput:\\nout\\n\\n<\/result>/,
  );
});

story(
  "while an approval waits, a person's command runs within the turn and the approval goes on waiting",
  async ({ client, sleep }) => {
    await client.startThread();
    const turnId = await client.say("write notes.txt: alpha\nsay done");
    const request = await client.until("item/fileChange/requestApproval");
    await sleep();
    await run(client, "echo mine > other.txt; ls");
    const item = await untilCommandEnds(client);
    expect(item.aggregatedOutput, "what waits is not in the workspace").toBe("other.txt\n");
    await sleep();
    expect(client.fold()?.status).toEqual({ type: "active", activeFlags: ["waitingOnApproval"] });
    client.answer(request, "accept");
    const ended = await client.untilTurnEnds();
    expect([ended.id, ended.status]).toEqual([turnId, "completed"]);
    expect([await client.readFile("notes.txt"), await client.readFile("other.txt")]).toEqual(["alpha\n", "mine\n"]);
  },
);

story("where a person's command changed what a proposal is based on, the proposal does not land", async ({ client, sleep }) => {
  await client.startThread();
  await client.say("write notes.txt: alpha\nsay done");
  const request = await client.until("item/fileChange/requestApproval");
  await run(client, "echo mine > notes.txt");
  await untilCommandEnds(client);
  await sleep();
  client.answer(request, "accept");
  await client.untilTurnEnds();
  expect(await client.readFile("notes.txt")).toBe("mine\n");
});

story("a command that runs out of time keeps nothing", async ({ client, sleep }) => {
  await client.startThread();
  await run(client, "echo new > made.txt; sleep 5", { timeoutMs: 50 });
  expect(await untilCommandEnds(client)).toMatchObject({ status: "failed", exitCode: 124 });
  await client.untilTurnEnds();
  await sleep();
  expect(await client.files()).toEqual([]);
});

story("after a crash a command that had begun is not run again, and says that nothing was kept", async ({ client, sleep }) => {
  await client.startThread();
  await run(client, "echo new > made.txt; sleep 5");
  await client.until("item/started");
  await client.until("thread/status/changed");
  await crash(client.threadId);
  await client.request("thread/read", { threadId: client.threadId });
  const item = await untilCommandEnds(client);
  expect(item).toMatchObject({
    status: "failed",
    aggregatedOutput: "Nothing that this command changed was kept: the server restarted while the command ran\n",
  });
  expect((await client.untilTurnEnds()).status).toBe("completed");
  await sleep();
  expect(await client.files()).toEqual([]);
  expect(await modelHears(client)).toContain("the server restarted while the command ran");
});

story("an interrupt ends the command and its turn", async ({ client, sleep }) => {
  await client.startThread();
  await run(client, "sleep 5");
  const { params } = await client.until("turn/started");
  await client.request("turn/interrupt", { threadId: client.threadId, turnId: params.turn.id });
  expect(await untilCommandEnds(client)).toMatchObject({ status: "failed" });
  expect((await client.untilTurnEnds()).status).toBe("interrupted");
  await sleep();
  expect((await client.turn("say on")).status).toBe("completed");
});

story("commands that make no sense, or are too many, are refused by name", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  await sleep();
  const refused = (params: object) => client.refusal("thread/shellCommand", { threadId, ...params });
  expect(await refused({ command: " " })).toBe("-32600 Invalid request: command must not be empty");
  expect(await refused({ command: "ls", timeoutMs: -1 })).toBe("-32600 Invalid request: timeoutMs must be non-negative");
  await run(client, "sleep 5");
  for (let index = 1; index < limits.userCommandsMax; index++) await run(client, `echo ${index}`);
  expect(await refused({ command: "ls" })).toBe("-32600 16 commands wait already");
  await client.request("thread/archive", { threadId });
  expect(await refused({ command: "ls" })).toBe(`-32600 thread not found: ${threadId}`);
});

story(
  "a command that comes while the model speaks waits for it, and a steer in between does not end it",
  async ({ client, sleep }) => {
    await client.startThread();
    const turnId = await client.say("count 40");
    await client.until("item/agentMessage/delta");
    await run(client, "echo mine");
    await client.say("say steered");
    const item = await untilCommandEnds(client);
    expect(item).toMatchObject({ status: "completed", aggregatedOutput: "mine\n" });
    expect((await client.untilTurnEnds()).id).toBe(turnId);
    await sleep();
    const isEnd = ({ method, params }: Wire) => method === "item/completed" && params.item.id === item.id;
    expect(client.frames.filter(isEnd)).toHaveLength(1);
  },
);
