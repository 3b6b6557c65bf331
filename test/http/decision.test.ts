/** A decision fits what is asked, or is refused by name; a yes to a diff is for one hash. */
import { expect, test } from "vitest";
import { readDecision, verdictOf } from "../../workers/http/decision.ts";
import type { DecisionBody } from "../../workers/http/routes.ts";

const changes = { kind: "changes" as const, proposal: { hash: "6f0c", diff: "" } };
const command = { kind: "command" as const, proposal: null };
const asked = { kind: "question" as const, proposal: null };
const answers = { colour: { answers: ["red"] } };

test("what fits becomes the protocol's own answer", () => {
  expect(readDecision(changes, { decision: "accept", proposalHash: "6f0c" })).toEqual({ answer: { decision: "accept" } });
  expect(readDecision(changes, { decision: "accept", proposalHash: "6f0c", hunks: [2] })).toEqual({
    answer: { decision: "accept", proposalHash: "6f0c", hunks: [2] },
  });
  expect(readDecision(changes, { decision: "decline" })).toEqual({ answer: { decision: "decline" } });
  expect(readDecision(command, { decision: "accept" })).toEqual({ answer: { decision: "accept" } });
  expect(readDecision(asked, { answers })).toEqual({ answer: { answers } });
});

test.each<[Parameters<typeof readDecision>[0], DecisionBody, string]>([
  [changes, { decision: "accept" }, "proposalHashRequired"],
  [changes, { decision: "acceptForSession" }, "proposalHashRequired"],
  [changes, { decision: "accept", hunks: [1] }, "proposalHashRequired"],
  [changes, { decision: "accept", proposalHash: "6f0d" }, "otherProposal"],
  [changes, { decision: "accept", proposalHash: "6F0C" }, "otherProposal"],
  [changes, { decision: "accept", proposalHash: "6f0" }, "otherProposal"],
  [changes, { decision: "accept", proposalHash: "" }, "otherProposal"],
  [changes, { decision: "decline", proposalHash: "6f0d" }, "otherProposal"],
  [{ ...changes, proposal: null }, { decision: "accept", proposalHash: "6f0c" }, "otherProposal"],
  [changes, { decision: "decline", proposalHash: "6f0c", hunks: [1] }, "decisionDoesNotFit"],
  [changes, { answers }, "decisionDoesNotFit"],
  [changes, {}, "decisionDoesNotFit"],
  [command, { decision: "accept", proposalHash: "6f0c" }, "decisionDoesNotFit"],
  [asked, { decision: "accept" }, "decisionDoesNotFit"],
  [asked, {}, "decisionDoesNotFit"],
])("%j with %j is %s", (approval, body, name) => {
  expect(readDecision(approval, body)).toMatchObject({ problem: { name } });
});

test("a change that was taken and could not land was a yes", () => {
  expect([null, "inProgress", "completed", "failed", "declined"].map((status) => verdictOf(status as never))).toEqual([
    null,
    null,
    "yes",
    "yes",
    "no",
  ]);
});
