import { expect } from "vitest";
import type { Wire } from "./client.ts";
import { asksPerson, messages, readTree, updates } from "./decision-talk.ts";
import { story } from "./story.ts";

/** The design page's worked example, in the rehearsal's words; the file is not there. */
const worked = `assume A1 p=0.7 kind=code_fact: A1 holds
assume A2 p=0.4 kind=env_fact: A2 holds
action patchX cost=0.10 gain[A1]=0.9 gain[!A1]=-0.2: say patched
action refactor cost=0.15 gain[A1,A2]=1 gain[A1,!A2]=-0.3 gain[!A1,A2]=0.3 gain[!A1,!A2]=-0.3: say refactored
action safeGuard cost=0.05 gain=0.35: say guarded
probe Q on=A1 se=0.9 sp=0.85 cost=0.03: test -f x.txt
ask askA1 on=A1 se=0.98 sp=0.98 cost=0.12: is A1 so?
ask askA2 on=A2 se=0.98 sp=0.98 cost=0.12: is A2 so?
decide`;

/** The page gives four digits. */
const about = (value: number): Wire => expect.closeTo(value, 4);

story("the worked example reads as the design page has it, before the look-up and after it", async ({ client, sleep }) => {
  await client.startThread();
  const { id: turnId } = await client.turn(worked);
  await sleep();
  const first = await readTree(client, { turnId, revision: 1 });
  const { root, ...told } = first;
  expect(told).toEqual({
    turnId,
    revision: 1,
    mode: "observe",
    assumptions: [
      { id: "A1", text: "A1 holds", kind: "code_fact", probability: about(0.7), status: "open", group: null, evidence: [] },
      { id: "A2", text: "A2 holds", kind: "env_fact", probability: about(0.4), status: "open", group: null, evidence: [] },
    ],
    actions: [
      { id: "patchX", description: "say patched", expectedUtility: about(0.47), harmProbability: about(0.3), cost: about(0.1) },
      {
        id: "refactor",
        description: "say refactored",
        expectedUtility: about(-0.014),
        harmProbability: about(0.6),
        cost: about(0.15),
      },
      { id: "safeGuard", description: "say guarded", expectedUtility: about(0.3), harmProbability: 0, cost: about(0.05) },
    ],
    scenarios: [
      { values: { A1: true, A2: false }, probability: about(0.42), action: "patchX", paperUtility: about(0.278) },
      { values: { A1: true, A2: true }, probability: about(0.28), action: "refactor", paperUtility: about(0.13) },
      { values: { A1: false, A2: false }, probability: about(0.18), action: "safeGuard", paperUtility: about(0.013) },
      { values: { A1: false, A2: true }, probability: about(0.12), action: "safeGuard", paperUtility: about(-0.008) },
    ],
    splits: [
      { assumptionId: "A1", expectedValueOfPerfectInformation: about(0.18) },
      { assumptionId: "A2", expectedValueOfPerfectInformation: about(0.068) },
    ],
    probes: [
      {
        id: "Q",
        assumptionId: "A1",
        kind: "tool",
        valueOfInformation: about(0.118),
        netValueOfInformation: about(0.088),
        isSpent: false,
      },
      {
        id: "askA1",
        assumptionId: "A1",
        kind: "user",
        valueOfInformation: about(0.1694),
        netValueOfInformation: about(0.0494),
        isSpent: false,
      },
      {
        id: "askA2",
        assumptionId: "A2",
        kind: "user",
        valueOfInformation: about(0.0556),
        netValueOfInformation: about(-0.0644),
        isSpent: false,
      },
    ],
    leadingActionId: "patchX",
    chosen: {
      kind: "probe",
      id: "Q",
      because: expect.stringContaining("Looking first is worth 0.09 more than acting now."),
      needsApproval: false,
      pairedWith: null,
    },
  });
  expect(root).toMatchObject({
    type: "split",
    assumptionId: "A1",
    probability: about(1),
    whenTrue: { type: "split", assumptionId: "A2", probability: about(0.7) },
    whenFalse: { type: "leaf", actionId: "safeGuard", probability: about(0.3) },
  });
  const last = await readTree(client);
  expect(last).toEqual(await readTree(client, { turnId, revision: last.revision }));
  expect(last).toEqual(client.fold()?.decisionTree);
  expect(last).toMatchObject({
    turnId,
    revision: 2,
    assumptions: [
      {
        id: "A1",
        probability: about(0.2154),
        status: "open",
        evidence: [
          {
            by: "Q",
            method: "command",
            observed: false,
            sensitivity: about(0.9),
            specificity: about(0.85),
            weight: 1,
            probabilityBefore: about(0.7),
            probabilityAfter: about(0.2154),
            atMs: expect.any(Number),
            isStale: false,
          },
        ],
      },
      { id: "A2", probability: about(0.4), evidence: [] },
    ],
    actions: [
      { id: "patchX", expectedUtility: about(-0.0631), harmProbability: about(0.7846) },
      { id: "refactor" },
      { id: "safeGuard", expectedUtility: about(0.3), harmProbability: 0 },
    ],
    probes: [
      { id: "Q", isSpent: true },
      { id: "askA1", isSpent: false },
      { id: "askA2", isSpent: false },
    ],
    leadingActionId: "safeGuard",
    chosen: { kind: "act", id: "safeGuard", needsApproval: false },
  });
  const total = last.scenarios.reduce((sum: number, { probability }: Wire) => sum + probability, 0);
  expect(total).toBeCloseTo(1, 9);
  expect(updates(client).map(({ revision, flip }) => [revision, flip])).toEqual([
    [1, null],
    [2, { from: "patchX", to: "safeGuard" }],
  ]);
  expect(messages(client)).toEqual(["guarded"]);
});

for (const [answer, probability, done] of [
  ["Yes", (0.7 * 0.98) / (0.7 * 0.98 + 0.3 * 0.02), "patched"],
  ["No", (0.7 * 0.02) / (0.7 * 0.02 + 0.3 * 0.98), "guarded"],
] as const) {
  story(`without the look-up the question about the same wins, and "${answer}" decides`, async ({ client, sleep }) => {
    await client.startThread();
    await client.say(worked.replace(/^probe.*\n/m, ""));
    const asked = await client.until(asksPerson);
    expect(asked.params.questions.map(({ id }: Wire) => id)).toEqual(["askA1"]);
    expect((await readTree(client)).chosen).toMatchObject({ kind: "ask", id: "askA1" });
    await sleep();
    client.sendText(JSON.stringify({ id: asked.id, result: { answers: { askA1: { answers: [answer] } } } }));
    await client.untilTurnEnds();
    const { assumptions, revision } = await readTree(client);
    // Bayes by hand; the step in log-odds is 3.89, below its bound of 4.
    expect([revision, assumptions[0].probability]).toEqual([2, about(probability)]);
    expect(messages(client)).toEqual([done]);
  });
}
