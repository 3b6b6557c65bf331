import { expect } from "vitest";
import type { Client, Wire } from "./client.ts";
import { crash, story } from "./story.ts";

/** It says something and then does not end, so that whoever hears it hears it while it runs. */
const endless = "for i in 1 2; do echo out $i; done; sleep 50; echo never";
const heard = "out 1\nout 2\n";

/** Once the client was told this much of the running command. */
async function untilSaid(client: Client, text: string): Promise<void> {
  for (let said = ""; !said.endsWith(text); ) said += (await client.until("item/commandExecution/outputDelta")).params.delta;
}

async function untilCommandEnds(client: Client): Promise<Wire> {
  return (await client.untilThat(({ method, params }) => method === "item/completed" && params.item.type === "commandExecution"))
    .params.item;
}

function saidOf(client: Client, itemId: string): string {
  const ofItem = ({ method, params }: Wire) => method === "item/commandExecution/outputDelta" && params.itemId === itemId;
  return client.frames
    .filter(ofItem)
    .map(({ params }) => params.delta)
    .join("");
}

story("what the agent's command says is heard while it runs, and stays when it is interrupted", async ({ client, sleep }) => {
  const threadId = await client.startThread({ approvalPolicy: "never" });
  await sleep();
  const turnId = await client.say(`run ${endless}`);
  await untilSaid(client, heard);
  await client.request("turn/interrupt", { threadId, turnId });
  expect(await untilCommandEnds(client)).toMatchObject({ status: "failed", aggregatedOutput: heard });
  expect((await client.untilTurnEnds()).status).toBe("interrupted");
  await sleep();
  const { thread } = await client.request("thread/read", { threadId, includeTurns: true });
  expect(thread.turns[0].items.find(({ type }: Wire) => type === "commandExecution").aggregatedOutput).toBe(heard);
});

story("what a person's command says is heard while it runs, and stays when it is interrupted", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  await sleep();
  await client.request("thread/shellCommand", { threadId, command: endless });
  const { params } = await client.until("turn/started");
  await untilSaid(client, heard);
  await client.request("turn/interrupt", { threadId, turnId: params.turn.id });
  expect(await untilCommandEnds(client)).toMatchObject({ source: "userShell", status: "failed", aggregatedOutput: heard });
  expect((await client.untilTurnEnds()).status).toBe("interrupted");
});

story("what was said piece by piece is what the item says at its end", async ({ client }) => {
  await client.startThread({ approvalPolicy: "never" });
  await client.say("run for i in 1 2 3; do echo $i; ls /nope; sleep 0.15; done; printf end");
  const item = await untilCommandEnds(client);
  const nope = "ls: /nope: No such file or directory\n";
  expect(item.aggregatedOutput).toBe(`1\n${nope}2\n${nope}3\n${nope}end`);
  expect(saidOf(client, item.id)).toBe(item.aggregatedOutput);
});

story("a command that runs out of time keeps what it said", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  await sleep();
  await client.request("thread/shellCommand", { threadId, command: endless, timeoutMs: 300 });
  const item = await untilCommandEnds(client);
  expect(item).toMatchObject({ exitCode: 124, aggregatedOutput: `${heard}bash: ended after 300 ms; nothing was kept\n` });
  expect(saidOf(client, item.id)).toBe(item.aggregatedOutput);
});

story("after a crash a person's command still says what it said before", async ({ client }) => {
  const threadId = await client.startThread();
  await client.request("thread/shellCommand", { threadId, command: endless });
  await untilSaid(client, heard);
  await crash(threadId);
  await client.request("thread/read", { threadId });
  const item = await untilCommandEnds(client);
  expect(item.aggregatedOutput).toBe(
    `${heard}Nothing that this command changed was kept: the server restarted while the command ran\n`,
  );
  expect(saidOf(client, item.id)).toBe(item.aggregatedOutput);
});

story("a plain client that comes while a command runs hears what it said from its beginning", async ({ client, connect }) => {
  const threadId = await client.startThread();
  await client.request("thread/shellCommand", { threadId, command: endless });
  const { params } = await client.until("turn/started");
  await untilSaid(client, heard);
  const late = await connect({ replay: false });
  await late.resume(threadId, { excludeTurns: false });
  expect((await late.until("item/started")).params.item).toMatchObject({ status: "inProgress", aggregatedOutput: null });
  await untilSaid(late, heard);
  await client.request("turn/interrupt", { threadId, turnId: params.turn.id });
  const item = await untilCommandEnds(late);
  expect([saidOf(late, item.id), item.aggregatedOutput]).toEqual([heard, heard]);
});

story(
  "whoever watches is told that a command changed more than can be approved, and that it is dropped",
  async ({ client, sleep }) => {
    const threadId = await client.startThread();
    await sleep();
    await client.say("run seq 1 90000 > a.txt; cat a.txt a.txt a.txt > big.txt; echo written");
    const item = await untilCommandEnds(client);
    expect(item.aggregatedOutput).toMatch(
      /^written\n\nThe changes of this command were dropped: .* more than 900000 bytes of diff\n$/,
    );
    expect([item.status, item.exitCode, saidOf(client, item.id)]).toEqual(["failed", 0, item.aggregatedOutput]);
    expect((await client.untilTurnEnds()).status).toBe("completed");
    expect((await client.request("fs/readDirectory", { threadId, path: "/workspace" })).entries).toEqual([]);
  },
);
