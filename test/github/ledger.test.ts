/** What a repository keeps of its proposals is found by what it is asked for, and is bounded. */
import { expect, test } from "vitest";
import { githubApiLimits } from "#core/limits";
import { defaultPolicy } from "#github/follow/policy";
import { createLedgerSchema, Ledger, type Proposal, type ProposalState } from "#github/ledger";
import { createOutboxSchema } from "#github/outbox";
import { createSql, type TestSql } from "../support/sql.ts";

const by = { id: 7, login: "wanda", type: "User" };
const states: ProposalState[] = [
  { type: "waiting" },
  { type: "open" },
  { type: "approved", by },
  { type: "committing", by },
  { type: "committed", by, commitOid: "c".repeat(40) },
  { type: "declined", by: null, reason: null },
  { type: "stale" },
  { type: "unapprovable", reason: "" },
];

function open(): { sql: TestSql; ledger: Ledger } {
  const { sql } = createSql();
  createOutboxSchema(sql);
  createLedgerSchema(sql);
  return { sql, ledger: new Ledger(sql, () => defaultPolicy) };
}

function proposal(requestId: string, given: Partial<Proposal> = {}): Proposal {
  return {
    requestId,
    threadId: "thread",
    itemId: `item of ${requestId}`,
    turnId: "turn",
    changes: [{ path: "a", before: null, after: { hash: `blob of ${requestId}`, mode: 0o100644, size: 1 } }],
    bound: { hash: requestId.padEnd(64, "0"), baseOid: "b".repeat(40) },
    suggestions: null,
    shownInDraftAt: null,
    state: { type: "open" },
    ...given,
  };
}

const idsOf = (proposals: { requestId: string }[]) => proposals.map(({ requestId }) => requestId);

test("a proposal is found by its item, its turn, its state and its whole hash, the last one where there are several", () => {
  const { ledger } = open();
  ledger.putProposal(proposal("a1", { itemId: "one", state: { type: "declined", by: null, reason: null } }));
  ledger.putProposal(proposal("a2", { itemId: "one", turnId: "later", state: { type: "open" } }));
  ledger.putProposal(proposal("a3", { threadId: "another", itemId: "one" }));
  ledger.putProposal(proposal("a4", { state: { type: "waiting" }, bound: null }));
  expect(ledger.proposalOfItem("thread", "one")?.requestId).toBe("a2");
  expect(ledger.lastProposalOfTurn("thread", "turn")?.requestId).toBe("a4");
  expect(idsOf(ledger.proposalsIn("thread", ["open", "waiting"]))).toEqual(["a2", "a4"]);
  expect(idsOf(ledger.newestBound("thread"))).toEqual(["a2", "a1"]);
  // What changed its state is where it stands now, and found there only.
  ledger.putProposal(proposal("a4", { state: { type: "open" } }));
  expect(ledger.proposalsIn("thread", ["waiting"])).toEqual([]);
});

test("first digits name whatever begins so in any thread, and the open ones of this thread; no text names anything else", () => {
  const { ledger } = open();
  ledger.putProposal(proposal("abc0", { threadId: "another" }));
  ledger.putProposal(proposal("abcf", { state: { type: "stale" } }));
  ledger.putProposal(proposal("abd0"));
  ledger.putProposal(proposal("abd1", { threadId: "another" }));
  const named = (prefix: string) => idsOf(ledger.namedBy(prefix, "thread"));
  expect(named("abc")).toEqual(["abc0", "abcf", "abd0"]);
  expect(named("abcf")).toEqual(["abcf", "abd0"]);
  expect(named("ABC")).toEqual(["abd0"]);
  expect(named("%' OR 1=1 --")).toEqual(["abd0"]);
  expect(ledger.namedBy("abcf", "thread")[0]).toMatchObject({ threadId: "thread", state: "stale" });
});

test.for(states)("$type: what changes is kept as long as it can land, and no longer", (state) => {
  const { ledger } = open();
  ledger.putProposal(proposal("a1"));
  ledger.putProposal(proposal("a1", { state }));
  const isDecided = ["committed", "declined", "stale", "unapprovable"].includes(state.type);
  expect(ledger.proposal("a1")?.changes).toHaveLength(isDecided ? 0 : 1);
  expect(ledger.neededBlobs()).toEqual(isDecided ? [] : ["blob of a1"]);
  expect(ledger.proposal("a1")).toMatchObject({ state, bound: { hash: "a1".padEnd(64, "0") } });
});

test("the oldest decided proposals are forgotten beyond the bound, and nothing that waits for anybody", () => {
  const { sql, ledger } = open();
  ledger.putProposal(proposal("alive"));
  ledger.putProposal(proposal("old", { state: { type: "stale" } }));
  ledger.putProposal(proposal("new", { state: { type: "stale" } }));
  expect(ledger.forget()).toEqual([]);
  sql.exec("UPDATE github_proposals SET seq = ? WHERE request_id = 'new'", githubApiLimits.proposalsMax + 2);
  expect(ledger.forget()).toEqual(["old"]);
  expect(ledger.forget()).toEqual([]);
  expect([ledger.proposal("alive")?.requestId, ledger.proposal("old"), ledger.proposal("new")?.requestId]).toEqual([
    "alive",
    null,
    "new",
  ]);
});
