import { beforeEach, expect, test } from "vitest";
import { limits } from "#core/limits";
import { directoryStub } from "../../durable-objects/environment.ts";
import { environment, hurry, inThread, later, story } from "./story.ts";

const directory = () => directoryStub(environment, "local");
const others = Array.from({ length: limits.turnsAtOnceMax }, (_, index) => `other-${index}`);

/** As many other threads of the account are at work as may be. */
async function fill(): Promise<void> {
  for (const thread of others) expect(await directory().takeTurnSlot(thread)).toBe(true);
}

async function empty(): Promise<void> {
  for (const thread of others) await directory().releaseTurnSlot(thread);
}

beforeEach(empty);

story("a turn that finds no place begins, says so, and works when another one rests", async ({ client }) => {
  await fill();
  await client.startThread();
  await client.say("say hello");
  expect((await client.until("warning")).params.message).toBe(
    "64 turns of this account are at work; this one begins when one of them rests.",
  );
  expect(client.frames.some(({ method }) => method === "item/agentMessage/delta")).toBe(false);
  await directory().releaseTurnSlot("other-3");
  expect(await client.untilTurnEnds()).toMatchObject({ status: "completed" });
  // It gave its place back: another thread can have it.
  await expect.poll(() => directory().takeTurnSlot("other-3")).toBe(true);
});

story("a turn that waits for a place can be steered and stopped", async ({ client }) => {
  await fill();
  const threadId = await client.startThread();
  const expectedTurnId = await client.say("say hello");
  await client.until("warning");
  const input = [{ type: "text", text: "say more", text_elements: [] }];
  const { turnId } = await client.request("turn/steer", { threadId, expectedTurnId, input });
  await client.request("turn/interrupt", { threadId, turnId });
  expect(await client.untilTurnEnds()).toMatchObject({ id: turnId, status: "interrupted" });
});

story("a turn that waits for a person holds no place", async ({ client }) => {
  const threadId = await client.startThread();
  await client.say("write a.txt: a");
  const request = await client.until("item/fileChange/requestApproval");
  // Its place is on its way back: then as many others as there may be find one.
  await expect.poll(() => Promise.all(others.map((thread) => directory().takeTurnSlot(thread)))).not.toContain(false);
  await empty();
  client.answer(request, "accept");
  await client.untilTurnEnds();
  expect(await inThread(threadId, ({ thread }) => thread?.status)).toEqual({ type: "idle" });
});

story("a turn that finds no place for long ends by name", async ({ client }) => {
  await fill();
  const threadId = await client.startThread();
  await hurry(threadId);
  await client.say("say hello");
  await client.until("warning");
  await later(threadId, limits.turnSlotWaitMsMax);
  expect(await client.untilTurnEnds()).toMatchObject({
    status: "failed",
    error: { message: "64 turns of this account worked for 15 minutes: none ended.", codexErrorInfo: "serverOverloaded" },
  });
});

test("a place that nobody renews is free again, and asking twice takes one place only", async () => {
  const crowded = directoryStub(environment, "account-of-crowds");
  for (const thread of others.slice(1)) await crowded.takeTurnSlot(thread);
  expect(await crowded.takeTurnSlot("late")).toBe(true);
  expect(await crowded.takeTurnSlot("late")).toBe(true);
  expect(await crowded.takeTurnSlot("later")).toBe(false);
  await crowded.releaseTurnSlot("late");
  expect(await crowded.takeTurnSlot("later")).toBe(true);
});
