import { expect } from "vitest";
import type { Client } from "./client.ts";
import { asking, asksAction, asksPerson, messages, readTree, updates } from "./decision-talk.ts";
import { crash, inThread, later, ring, story } from "./story.ts";

const resolved = "serverRequest/resolved";

function withDefault(lines: string, answer: "yes" | "no"): string {
  return lines.replace("cost=0.12:", `cost=0.12 default=${answer}:`);
}

/** The question's time is over: the thread's alarm rings then, whether anybody is there or not. */
async function timePasses(client: Client, durationMs: number): Promise<void> {
  await later(client.threadId, durationMs);
  expect(await ring(client.threadId)).toBe(true);
}

story(
  "nobody answers: the declared default is done when the time is over, also over a crash",
  async ({ client, connect, sleep }) => {
    const threadId = await client.startThread();
    await client.request("spindle/decisionTree/setMode", { threadId, mode: "observe", questionTimeoutMs: 60_000 });
    await sleep();
    await client.say(withDefault(asking, "no"));
    const asked = await client.until(asksPerson);
    expect(asked.params).toMatchObject({ autoResolutionMs: 60_000, isBlocking: true });
    expect(asked.params.questions[0].options).toEqual([
      { label: "Yes", description: "It is so: the person wants it renamed" },
      { label: "No", description: "It is not so: the person wants it renamed (taken when nobody answers)" },
    ]);
    await client.untilQuiet();
    await sleep();
    // An alarm that comes early changes nothing.
    await timePasses(client, 30_000);
    await client.untilQuiet();
    expect(client.methodsHeard()).not.toContain(resolved);
    await crash(threadId);
    // Nobody asks: the thread goes on by itself, and may tell of it before the client is back.
    await timePasses(client, 61_000);
    await client.resume(threadId, { afterSeq: client.threadFrames().at(-1)?.seq ?? 0 });
    expect((await client.untilTurnEnds()).status).toBe("completed");
    expect(client.frames.filter(({ method, params }) => method === resolved && params.requestId === asked.id)).toHaveLength(1);
    expect(messages(client)).toEqual(["kept", "end"]);
    const tree = await readTree(client);
    // Silence is no observation: what is believed stays as it was, and the choice is what the default makes best.
    expect(tree.assumptions[0]).toMatchObject({
      status: "open",
      probability: expect.closeTo(0.55, 9),
      evidence: [
        {
          by: "default",
          method: "default",
          observed: false,
          weight: 0,
          probabilityBefore: expect.closeTo(0.55, 9),
          probabilityAfter: expect.closeTo(0.55, 9),
        },
      ],
    });
    expect([tree.chosen.id, tree.leadingActionId]).toEqual(["keep", "rename"]);
    expect(tree.chosen.because).toContain("Nobody answered: A1, “the person wants it renamed” (55 %) is taken not to be so");
    // Too late, like any late answer.
    const seq = client.fold()?.seq;
    client.sendText(JSON.stringify({ id: asked.id, result: { answers: { U: { answers: ["Yes"] } } } }));
    await client.untilQuiet();
    expect(client.fold()?.seq).toBe(seq);
    const late = await connect();
    await late.resume(threadId, { afterSeq: 0 });
    await late.untilThat((message) => message.seq === seq && message.method !== undefined);
    expect(late.fold()).toEqual(client.fold());
  },
);

story("a person who answers in time is believed, and the alarm that comes later finds nothing", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  await client.say(withDefault(asking, "no"), { questionTimeoutMs: 60_000 });
  const asked = await client.until(asksPerson);
  await sleep();
  client.sendText(JSON.stringify({ id: asked.id, result: { answers: { U: { answers: ["Yes"] } } } }));
  await client.untilTurnEnds();
  await later(threadId, 61_000);
  await ring(threadId);
  await client.untilQuiet();
  expect(messages(client)).toEqual(["renamed", "end"]);
  expect((await readTree(client)).assumptions[0].evidence).toEqual([expect.objectContaining({ by: "user", observed: true })]);
});

story("a client that gives the question back without a word has the default taken at once", async ({ client, sleep }) => {
  await client.startThread();
  await client.say(withDefault(asking, "no"));
  const asked = await client.until(asksPerson);
  expect(asked.params.autoResolutionMs).toBe(600_000);
  await sleep();
  client.sendText(JSON.stringify({ id: asked.id, result: { answers: {} } }));
  await client.untilTurnEnds();
  expect(messages(client)).toEqual(["kept", "end"]);
});

for (const [what, lines, params] of [
  ["without a default", asking, { questionTimeoutMs: 1_000 }],
  ["under a policy that waits for ever", withDefault(asking, "no"), { questionTimeoutMs: null }],
] as const) {
  story(`a question ${what} waits for days`, async ({ client, sleep }) => {
    const threadId = await client.startThread();
    await client.say(lines, params);
    const asked = await client.until(asksPerson);
    expect(asked.params.autoResolutionMs).toBeNull();
    await sleep();
    await later(threadId, 9 * 24 * 60 * 60_000);
    await ring(threadId);
    await client.untilQuiet();
    expect(client.methodsHeard()).not.toContain(resolved);
    client.sendText(JSON.stringify({ id: asked.id, result: { answers: { U: { answers: ["No"] } } } }));
    await client.untilTurnEnds();
    expect(messages(client)).toEqual(["kept", "end"]);
  });
}

story("silence allows nothing that cannot be undone", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  const lines = withDefault(asking, "yes").replace("gain[!A1]=-0.6:", "gain[!A1]=-0.6 irreversible:");
  await client.say(lines, { questionTimeoutMs: 1_000 });
  await client.until(asksPerson);
  await sleep();
  await timePasses(client, 2_000);
  const held = await client.until(asksAction);
  expect(held.params).toMatchObject({ command: "say renamed", reason: expect.stringContaining("may do harm (45 %)") });
  expect(messages(client)).toEqual([]);
  client.answer(held, "decline");
  await client.untilTurnEnds();
  expect(messages(client)).toEqual(["kept", "end"]);
  expect(updates(client).map(({ flip }) => flip)).toEqual([null, null, null, null]);
  const kinds = await inThread(threadId, ({ log }) =>
    Array.from(log.frames(0), (frame) => frame.private?.event?.type).filter((type) => type?.startsWith("decision")),
  );
  expect(kinds).toEqual([
    "decisionDeclared",
    "decisionQuestionAsked",
    "decisionDefaulted",
    "decisionHeld",
    "decisionDeclined",
    // Who declines what only their wish could justify does not wish it.
    "decisionResolved",
    "decisionOutcome",
  ]);
});

story("how long a question waits is a setting like the mode, and bounded", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  const set = (params: object) => client.request("spindle/decisionTree/setMode", { threadId, ...params });
  await set({ mode: "steer", questionTimeoutMs: 5_000 });
  await set({ mode: "observe" });
  await sleep();
  for (const questionTimeoutMs of [0, 8 * 24 * 60 * 60_000, 1.5]) {
    expect(await client.refusal("spindle/decisionTree/setMode", { threadId, mode: "off", questionTimeoutMs })).toContain(
      "-32600",
    );
  }
  await client.say(withDefault(asking, "yes"));
  const asked = await client.until(asksPerson);
  expect([asked.params.autoResolutionMs, updates(client)[0].mode]).toEqual([5_000, "observe"]);
});
