import { expect } from "vitest";
import { resolvedAssumptions } from "#core/decision-outcome";
import type { PrivateEvent } from "#core/private";
import type { Client, Wire } from "./client.ts";
import { inThread, story } from "./story.ts";

const asksAction = "item/commandExecution/requestApproval";

const pushing = `assume A1 p=0.8 kind=user_intent: the person wants it pushed now
assume A2 p=0.6 kind=code_fact: a.txt is there
action push cost=0.05 gain[A1]=0.9 gain[!A1]=-0.5 irreversible: say pushed
action stop cost=0.01 gain=0.1: say stopped
decide
say end`;

function updates(client: Client): Wire[] {
  return client.frames.filter(({ method }) => method === "spindle/decisionTree/updated").map(({ params }) => params);
}

function outcomeOf(threadId: string): Promise<Extract<PrivateEvent, { type: "decisionOutcome" }> | undefined> {
  return inThread(threadId, ({ log }) =>
    Array.from(log.frames(0), ({ private: hidden }) => hidden?.event)
      .filter((event) => event?.type === "decisionOutcome")
      .at(-1),
  );
}

for (const [decision, isTrue, decidedBy, actionId] of [
  ["accept", true, 1, "push"],
  // What is declined is replaced by the safe action, in a revision of its own.
  ["decline", false, 2, "stop"],
] as const) {
  story(
    `who says ${decision} to what was held says what they want: the tree ends with it, the log and the memory hear of it`,
    async ({ client, connect, sleep }) => {
      const threadId = await client.startThread();
      await client.say(pushing, { decisionMode: "steer" });
      const asked = await client.until(asksAction);
      await sleep();
      client.answer(asked, decision);
      const turn = await client.untilTurnEnds();
      const last = updates(client).at(-1);
      expect(last).toMatchObject({
        revision: decidedBy + 1,
        delta: {
          assumptions: [
            { id: "A1", resolved: isTrue },
            { id: "A2", resolved: null },
          ],
        },
      });
      expect(last.delta.assumptions[0]).toMatchObject({ status: isTrue ? "confirmed" : "refuted", probability: isTrue ? 1 : 0 });
      // What became known chooses nothing any more: no plan and no thought follows it.
      const after = client.frames.findIndex(({ params }) => params === last);
      expect(
        client.frames.slice(after + 1).some(({ method }) => method?.startsWith("item/") || method === "turn/plan/updated"),
      ).toBe(false);
      const verdicts = [{ actionId: "push", proposal: null, isAccepted: isTrue }];
      expect(await outcomeOf(threadId)).toMatchObject({
        revision: decidedBy,
        actionId,
        outcome: "completed",
        verdicts,
        tests: null,
      });
      await sleep();
      const known = [{ id: "A1", kind: "user_intent", stated: 0.8, isTrue, observations: [] }];
      const told = () => inThread(threadId, ({ current }) => resolvedAssumptions(current.decision, { id: turn.id, items: [] }));
      expect(await told()).toEqual(known);
      const other = await connect();
      await other.resume(threadId, { afterSeq: 0 });
      await other.untilThat(({ method }) => method === "turn/completed");
      await other.untilQuiet();
      expect(other.fold()).toEqual(client.fold());
      // A person may know better, also later.
      await client.request("spindle/decisionTree/annotate", { threadId, assumptionId: "A1", observed: !isTrue });
      expect(await told()).toEqual([{ ...known[0], isTrue: !isTrue }]);
    },
  );
}

story("a turn that was stopped while something was held knows nothing more than before", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  await client.say(pushing, { decisionMode: "steer" });
  const asked = await client.until(asksAction);
  await sleep();
  client.answer(asked, "cancel");
  await client.untilTurnEnds();
  expect(updates(client).map(({ delta }) => delta.assumptions?.[0]?.resolved)).toEqual([null, undefined]);
  expect(await outcomeOf(threadId)).toMatchObject({ outcome: "interrupted", verdicts: [] });
});

story("changes are known to have been let in, and of which action nobody says", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  await client.say(pushing.replace("say pushed", "write b.txt: b").replace(" irreversible", ""), { decisionMode: "steer" });
  const asked = await client.until("item/fileChange/requestApproval");
  await sleep();
  client.answer(asked, "accept");
  await client.untilTurnEnds();
  const { itemId } = asked.params;
  const proposal = { itemId, hash: expect.stringMatching(/^[0-9a-f]{64}$/) };
  expect(await outcomeOf(threadId)).toMatchObject({ verdicts: [{ actionId: null, proposal, isAccepted: true }] });
  expect(updates(client).map(({ revision }) => revision)).toEqual([1]);
  // What is let in in another turn judges nothing that was decided in this one.
  await client.say("write c.txt: c");
  client.answer(await client.until("item/fileChange/requestApproval"), "accept");
  await client.untilTurnEnds();
  expect(await inThread(threadId, ({ current }) => current.decision?.verdicts?.length)).toBe(1);
});
