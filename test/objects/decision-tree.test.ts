import { expect } from "vitest";
import type { Client, Message } from "./client.ts";
import {
  asking,
  asksAction,
  asksPerson,
  irreversible,
  messages,
  probing,
  readTree,
  toldToModel,
  updates,
} from "./decision-talk.ts";
import { crash, inThread, story, type Told } from "./story.ts";

const updated = "spindle/decisionTree/updated";
const steering = { decisionMode: "steer" };

/** Who was away from the beginning, or from the middle, folds what everybody folds, and reads what it folds. */
async function foldsTheSame(client: Client, connect: Told["connect"], middle: number): Promise<void> {
  const last = client.threadFrames().at(-1)?.seq;
  for (const afterSeq of [0, middle]) {
    const other = await connect();
    await other.resume(client.threadId, { afterSeq });
    await other.untilThat((message) => message.seq === last && message.method !== undefined);
    const heard = client.threadFrames().filter(({ seq = 0 }) => seq <= afterSeq);
    other.frames.unshift(...heard);
    expect(other.fold()).toEqual(client.fold());
  }
  const tree = await readTree(client);
  expect(tree).toEqual(client.fold()?.decisionTree);
  const kept = await inThread(client.threadId, ({ current }) => current.decisionTree);
  expect(JSON.parse(JSON.stringify(kept))).toEqual(tree);
}

/** The object dies while the shell is at work on the probe. */
async function dieInProbe(client: Client): Promise<void> {
  await inThread(client.threadId, ({ host }) => {
    host.shell = () => new Promise(() => {});
  });
  await client.say(probing);
  await client.untilThat(({ method, params }) => method === "item/started" && params.item.type === "commandExecution");
  await crash(client.threadId);
  await client.resume(client.threadId, { afterSeq: client.threadFrames().at(-1)?.seq ?? 0 });
}

story("a probe refutes the likeliest assumption, and another action is done", async ({ client, connect, sleep }) => {
  await client.startThread();
  await client.writeFile("a.txt", "no\n");
  await sleep();
  expect((await client.turn(probing)).status).toBe("completed");
  const [first, second, ...more] = updates(client);
  expect([first.revision, first.mode, first.delta.leadingActionId, first.delta.chosen.id, first.flip]).toEqual([
    1,
    "observe",
    "patch",
    "Q",
    null,
  ]);
  expect([second.revision, second.flip, second.delta.chosen]).toEqual([
    2,
    { from: "patch", to: "guard" },
    expect.objectContaining({ kind: "act", id: "guard" }),
  ]);
  expect(more).toEqual([]);
  expect(messages(client)).toEqual(["guarded", "end"]);
  await sleep();
  const { tree } = await client.request("spindle/decisionTree/read", { threadId: client.threadId });
  expect(tree.assumptions[0].evidence).toEqual([
    expect.objectContaining({ by: "Q", method: "command", observed: false, probabilityBefore: expect.closeTo(0.7, 6) }),
  ]);
  // Bayes by hand: 0.7·0.05 of 0.7·0.05 + 0.3·0.95.
  expect(tree.assumptions[0].probability).toBeCloseTo(0.035 / 0.32, 6);
  const before = await client.request("spindle/decisionTree/read", { threadId: client.threadId, revision: 1 });
  expect([before.tree.revision, before.tree.assumptions[0].probability]).toEqual([1, expect.closeTo(0.7, 6)]);
  expect(await client.refusal("spindle/decisionTree/read", { threadId: client.threadId, revision: 9 })).toContain(
    "no such decision tree",
  );
  await foldsTheSame(client, connect, first.revision + 8);
});

story("a probe that the object died in is run again, and counts once", async ({ client, connect, sleep }) => {
  await client.startThread();
  await client.writeFile("a.txt", "no\n");
  await dieInProbe(client);
  expect((await client.untilTurnEnds()).status).toBe("completed");
  await sleep();
  expect(messages(client)).toEqual(["guarded", "end"]);
  const { tree } = await client.request("spindle/decisionTree/read", { threadId: client.threadId });
  expect([tree.revision, tree.assumptions[0].evidence.length]).toEqual([2, 1]);
  const commands = client.frames.filter(
    ({ method, params }) => method?.startsWith("item/") && params.item?.type === "commandExecution",
  );
  expect(commands.map(({ method, params }) => [method, params.item.status])).toEqual([
    ["item/started", "inProgress"],
    ["item/completed", "failed"],
  ]);
  await foldsTheSame(client, connect, 9);
});

story("wherever the object dies, the turn decides once and by the same evidence", async ({ connect }) => {
  let died = 0;
  for (let moment = 1; moment <= 12; moment++) {
    const client = await connect();
    const threadId = await client.startThread();
    await client.writeFile("a.txt", "no\n");
    await inThread(threadId, (runtime, state) => {
      const commit = runtime.commit.bind(runtime);
      let count = 0;
      runtime.commit = (drafts, also) => {
        commit(drafts, also);
        count += 1;
        // What was just written is durable; what would follow is lost.
        if (count === moment) void state.storage.sync().then(() => state.abort("crash"));
      };
    });
    await client.say(probing, { ...steering, clientUserMessageId: "m" }).catch(() => "");
    await client.untilQuiet();
    const ended = () => client.frames.some(({ method }) => method === "turn/completed");
    if (!ended()) {
      died += 1;
      await client.resume(threadId, { afterSeq: client.threadFrames().at(-1)?.seq ?? 0 });
      if (!client.frames.some(({ method }) => method === "turn/started"))
        await client.say(probing, { ...steering, clientUserMessageId: "m" });
      if (!ended()) await client.untilTurnEnds();
    }
    expect([moment, client.fold()?.turns.map(({ status }) => status)]).toEqual([moment, ["completed"]]);
    const { tree } = await client.request("spindle/decisionTree/read", { threadId });
    expect([moment, tree.revision, tree.assumptions[0].evidence.length, tree.chosen.id]).toEqual([moment, 2, 1, "guard"]);
    expect([moment, client.fold()?.decisionTree]).toEqual([moment, tree]);
    expect(messages(client)).toContain("guarded");
    client.close();
  }
  expect(died).toBeGreaterThan(4);
});

for (const [answer, done, status] of [
  ["Yes", "renamed", "confirmed"],
  ["No", "kept", "refuted"],
] as const) {
  story(`a question wins, and "${answer}" decides, also after a crash while it waits`, async ({ client, connect, sleep }) => {
    await client.startThread();
    await client.say(asking);
    const asked = await client.until(asksPerson);
    expect(asked.params.questions).toEqual([
      expect.objectContaining({ id: "U", question: "Shall I rename it?", options: [expect.anything(), expect.anything()] }),
    ]);
    await client.untilQuiet();
    await sleep();
    await crash(client.threadId);
    const after = client.threadFrames().at(-1)?.seq ?? 0;
    await client.resume(client.threadId, { afterSeq: after });
    client.sendText(JSON.stringify({ id: asked.id, result: { answers: { U: { answers: [answer] } } } }));
    expect((await client.untilTurnEnds()).status).toBe("completed");
    expect(messages(client)).toEqual([done, "end"]);
    const { tree } = await client.request("spindle/decisionTree/read", { threadId: client.threadId });
    expect([tree.assumptions[0].status, tree.assumptions[0].evidence[0].by]).toEqual([status, "user"]);
    await foldsTheSame(client, connect, after);
  });
}

for (const [decision, heard] of [
  ["accept", ["pushed", "end"]],
  ["decline", ["stopped", "end"]],
] as const) {
  story(
    `what cannot be undone is held until a person says ${decision}, also over a crash`,
    async ({ client, connect, sleep }) => {
      await client.startThread({ approvalPolicy: "never" });
      await client.say(irreversible);
      const asked = await client.until(asksAction);
      expect(asked.params).toMatchObject({ command: "say pushed", reason: expect.stringContaining("cannot be undone") });
      await client.untilQuiet();
      expect(messages(client)).toEqual([]);
      await sleep();
      await crash(client.threadId);
      const after = client.threadFrames().at(-1)?.seq ?? 0;
      await client.resume(client.threadId, { afterSeq: after });
      expect(messages(client)).toEqual([]);
      client.answer(asked, decision);
      expect((await client.untilTurnEnds()).status).toBe("completed");
      expect(messages(client)).toEqual(heard);
      const { chosen, leadingActionId } = await readTree(client);
      expect([chosen.id, leadingActionId]).toEqual([decision === "accept" ? "push" : "stop", "push"]);
      await foldsTheSame(client, connect, after);
    },
  );
}

for (const [mode, message] of [
  ["observe", /^This is advice, and you decide\. guard has the largest/],
  ["steer", /^Do guard next\. guard has the largest/],
] as const) {
  story(`in ${mode} the probe is run as well, and the model is told so with the weights`, async ({ client, sleep }) => {
    await client.startThread();
    await client.writeFile("a.txt", "no\n");
    await client.request("spindle/decisionTree/setMode", { threadId: client.threadId, mode });
    await sleep();
    await client.turn(probing);
    expect(updates(client).map((update) => [update.mode, update.flip])).toEqual([
      [mode, null],
      [mode, { from: "patch", to: "guard" }],
    ]);
    expect(await toldToModel(client.threadId)).toMatchObject({
      mode,
      chosen: { kind: "act", id: "guard" },
      message: expect.stringMatching(message),
      actions: [
        { id: "guard", expectedUtility: expect.closeTo(0.3, 6), harmProbability: 0 },
        { id: "patch", harmProbability: expect.any(Number) },
      ],
    });
    expect(messages(client)).toEqual(["guarded", "end"]);
  });
}

story("off asks for no declaration, and what does no harm is done", async ({ client, sleep }) => {
  await client.startThread();
  await client.request("spindle/decisionTree/setMode", { threadId: client.threadId, mode: "off" });
  await sleep();
  await client.turn(irreversible);
  expect(updates(client)).toEqual([]);
  expect(client.methodsHeard()).not.toContain(asksAction);
  expect(messages(client)).toEqual([expect.stringContaining("this thread offers no `declare_assumptions`"), "stopped", "end"]);
});

for (const [decision, reason] of [
  ["decline", "push is not done: the user declined it. stop takes its place"],
  ["no such decision", "push is not done: the client's answer could not be read. stop takes its place"],
] as const) {
  story(`what was held and got "${decision}" is not done, and the model hears why`, async ({ client, sleep }) => {
    const threadId = await client.startThread();
    await client.say(irreversible);
    const asked = await client.until(asksAction);
    await sleep();
    client.sendText(JSON.stringify({ id: asked.id, result: { decision } }));
    await client.untilTurnEnds();
    expect(await toldToModel(threadId)).toMatchObject({
      chosen: { kind: "act", id: "stop" },
      message: expect.stringContaining(reason),
    });
    const [, second, ...more] = updates(client);
    expect([more, second.flip, second.because]).toEqual([[], null, expect.stringContaining(reason)]);
    expect(messages(client)).toEqual(["stopped", "end"]);
    const outcomes = await inThread(threadId, ({ log }) =>
      Array.from(log.frames(0), (frame) => frame.private?.event).filter((event) => event?.type === "decisionOutcome"),
    );
    expect(outcomes).toEqual([expect.objectContaining({ actionId: "stop", harmProbability: 0 })]);
  });
}

story("what was chosen stays chosen when a person says afterwards that it was a mistake", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  await client.writeFile("a.txt", "no\n");
  await client.turn(probing);
  await sleep();
  await client.request("spindle/decisionTree/annotate", { threadId, assumptionId: "A1", observed: true });
  const { params } = await client.untilThat(({ method, params }) => method === updated && params.revision === 3);
  expect(params.flip).toEqual({ from: "guard", to: "patch" });
  expect(await readTree(client)).toMatchObject({
    leadingActionId: "patch",
    chosen: { kind: "act", id: "guard", because: expect.stringContaining("guard was chosen before that.") },
  });
});

story("a turn that was stopped while it asked looks nothing up any more", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  const turnId = await client.say(asking);
  await client.until(asksPerson);
  await sleep();
  await client.request("turn/interrupt", { threadId, turnId });
  await client.untilTurnEnds();
  await client.request("spindle/decisionTree/annotate", { threadId, assumptionId: "A1", observed: false });
  expect((await readTree(client)).chosen).toMatchObject({
    kind: "act",
    id: "keep",
    because: expect.stringMatching(/^Nothing more is looked up or asked\. keep has the largest/),
  });
});

story(
  "what was believed of a file is believed half as firmly when the file changes; the turn's end is logged",
  async ({ client, connect, sleep }) => {
    const threadId = await client.startThread({ approvalPolicy: "never" });
    const prompt = `${probing.replace("kind=code_fact:", "kind=code_fact path=a.txt:")}\nwrite b.txt: b\nwrite a.txt: yes\nsay over`;
    await client.writeFile("a.txt", "no\n");
    await sleep();
    await client.turn(prompt, steering);
    expect(messages(client)).toEqual(["guarded", "end", "over"]);
    const [, second, third, ...more] = updates(client);
    expect(more).toEqual([]);
    expect(third.delta.assumptions[0]).toMatchObject({ status: "stale", evidence: [{ isStale: true }] });
    const logOdds = (probability: number) => Math.log(probability / (1 - probability));
    expect(logOdds(third.delta.assumptions[0].probability)).toBeCloseTo(logOdds(second.delta.assumptions[0].probability) / 2, 6);
    // Its probe may be run again, and nobody decides any more.
    expect(third.delta.probes[0].isSpent).toBe(false);
    expect(third.delta.chosen).toMatchObject({ kind: "act", id: "guard", because: expect.stringContaining("Nothing more is") });
    const outcomes = await inThread(threadId, ({ log }) =>
      Array.from(log.frames(0), (frame) => frame.private?.event).filter((event) => event?.type === "decisionOutcome"),
    );
    expect(outcomes).toEqual([
      expect.objectContaining({ revision: 3, outcome: "completed", harmProbability: 0, actionId: "guard" }),
    ]);
    await foldsTheSame(client, connect, 9);
  },
);

story("a probe that could change something is not run: nobody would have approved it", async ({ client, sleep }) => {
  await client.startThread();
  await sleep();
  await client.turn(probing.replace("grep -q yes a.txt", "echo no > a.txt"), steering);
  expect(await client.files()).toEqual([]);
  expect(client.frames.some(({ params }) => params?.item?.type === "commandExecution")).toBe(false);
  expect(updates(client).at(-1)).toMatchObject({ revision: 2, flip: null, delta: { chosen: { kind: "act", id: "patch" } } });
  expect(messages(client)).toEqual(["patched", "end"]);
});

story("a fork and a turn taken back leave no tree that is not theirs", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  const turn = await client.turn(probing.replace("grep", "false; grep"));
  await sleep();
  const { tree } = await client.request("spindle/decisionTree/read", { threadId });
  const { thread } = await client.request("thread/fork", { threadId });
  expect((await client.request("spindle/decisionTree/read", { threadId: thread.id, turnId: turn.id })).tree).toEqual(tree);
  await client.request("thread/revert", { threadId, beforeTurnId: turn.id });
  await sleep();
  expect(await client.refusal("spindle/decisionTree/read", { threadId })).toContain("no such decision tree");
  expect(await client.refusal("spindle/decisionTree/annotate", { threadId, assumptionId: "A1", observed: true })).toContain(
    "no assumption A1",
  );
});

story("plain clients see the essence and no tree", async ({ client, connect, sleep }) => {
  const plain = await connect({ replay: false });
  const threadId = await client.startThread();
  await client.writeFile("a.txt", "no\n");
  await plain.resume(threadId);
  await sleep();
  await client.turn(probing, steering);
  await plain.untilTurnEnds();
  expect(plain.methodsHeard()).not.toContain(updated);
  const plans = plain.frames.filter(({ method }) => method === "turn/plan/updated").map(({ params }) => params);
  expect(plans.map(({ plan }) => plan)).toEqual([
    [
      { step: "say patched", status: "pending" },
      { step: "say guarded", status: "pending" },
    ],
    [
      { step: "say guarded", status: "inProgress" },
      { step: "say patched", status: "pending" },
    ],
  ]);
  const thoughts = plain.frames.filter(
    ({ method, params }: Message) => method === "item/completed" && params.item.type === "reasoning",
  );
  expect(thoughts.map(({ params }) => params.item.summary[0])).toEqual([
    expect.stringMatching(/^probe Q\. .*A1, “a\.txt says yes” \(70 %\)/),
    expect.stringMatching(/^act guard\. guard has the largest expected utility, .* before patch with .* It rests most on A1/),
  ]);
  expect(plans[1].explanation).toContain("guard has the largest");
});

story("a person confirms an assumption while the agent waits: evidence of kind user, once", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  await client.say(irreversible, steering);
  const asked = await client.until(asksAction);
  await sleep();
  const annotation = { threadId, assumptionId: "A1", observed: false, clientUserMessageId: "m1" };
  expect(await client.request("spindle/decisionTree/annotate", annotation)).toEqual({ revision: 2 });
  expect(await client.request("spindle/decisionTree/annotate", annotation)).toEqual({ revision: 2 });
  expect(await client.refusal("spindle/decisionTree/annotate", { ...annotation, assumptionId: "A9" })).toContain(
    "no assumption A9",
  );
  await sleep();
  // What was allowed is not what leads by now: the other action is done, and the first one is not.
  client.answer(asked, "accept");
  await client.untilTurnEnds();
  expect(messages(client)).toEqual(["stopped", "end"]);
  const { tree } = await client.request("spindle/decisionTree/read", { threadId });
  expect(tree.assumptions[0]).toMatchObject({ status: "refuted", evidence: [{ by: "user", method: "user", observed: false }] });
});

story("an approval is of the action that was shown, and of no other that cannot be undone either", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  const wipe = "action wipe cost=0.05 gain[A1]=-0.5 gain[!A1]=0.9 irreversible: say wiped";
  await client.say(irreversible.replace("action stop", `${wipe}\naction stop`), steering);
  const first = await client.until(asksAction);
  expect(first.params.command).toBe("say pushed");
  await client.request("spindle/decisionTree/annotate", { threadId, assumptionId: "A1", observed: false });
  await sleep();
  client.answer(first, "accept");
  const second = await client.until(asksAction);
  expect([second.params.command, messages(client)]).toEqual(["say wiped", []]);
  client.answer(second, "accept");
  await client.untilTurnEnds();
  expect(messages(client)).toEqual(["wiped", "end"]);
});
