/** What GitHub is shown of a thread: links to it, and a check run for as long as somebody works or waits where the branch stands. */
import { expect, test } from "vitest";
import { newThreadView, type ViewedTurn } from "#core/github/thread-view";
import { githubApiLimits } from "#core/limits";
import type { Effect } from "#github/effect";
import { defaultPolicy } from "#github/follow/policy";
import { setState } from "#github/follow/proposals";
import { showTalk } from "#github/follow/show";
import { Ledger, type Proposal, type Talk } from "#github/ledger";
import { Outbox } from "#github/outbox";
import { createRepositorySchema } from "#github/repository";
import { createSql } from "../support/sql.ts";

const threadId = "0199aaaa-0000-7000-8000-000000000001";
const by = { id: 7, login: "wanda", type: "User" };
const [oldHead, newHead] = ["a".repeat(40), "b".repeat(40)];

function open({ isPullRequest = true, webUrl = "https://spindle.example/#" as string | null } = {}) {
  const { sql } = createSql();
  createRepositorySchema(sql);
  sql.exec("INSERT INTO github_place VALUES (1, 99, 5, 'acme', 'widgets')");
  const ledger = new Ledger(
    sql,
    () => defaultPolicy,
    (id) => (webUrl === null ? null : `${webUrl}${id}`),
  );
  const outbox = new Outbox(sql, () => crypto.randomUUID());
  const talk: Talk = {
    threadId,
    on: { number: 12, isPullRequest },
    title: "A title",
    branch: "topic",
    draftTo: isPullRequest ? null : "main",
    baseOid: oldHead,
    asked: { key: "first", text: "do it", by },
    requesterIds: [by.id],
    staleHash: null,
    standing: { isOpen: true, at: "" },
    draft: null,
    problem: null,
    view: newThreadView,
    shown: null,
  };
  ledger.putTalk(talk);
  const put = (effects: Effect[]) => {
    outbox.add(effects, { deliveryId: null, nowMs: 0 });
    return effects;
  };
  return {
    ledger,
    outbox,
    /** The effects of a change of what is known, all in the outbox. */
    after: (change: Partial<Talk>) => {
      ledger.putTalk({ ...(ledger.talk(threadId) ?? talk), ...change });
      return put(showTalk(ledger, threadId));
    },
    settle: (proposal: Proposal, state: Proposal["state"], change: Partial<Talk> = {}) => {
      put(setState(ledger, proposal, state));
      ledger.putTalk({ ...(ledger.talk(threadId) ?? talk), ...change });
      return put(showTalk(ledger, threadId));
    },
  };
}

const turn = (status: ViewedTurn["status"], key = "first") => ({
  view: {
    ...newThreadView,
    turn: { id: `turn of ${key}`, key, startedAtMs: 0, status, problem: status === "failed" ? "it broke" : null, tokens: 0 },
  },
});

const proposal: Proposal = {
  requestId: "request",
  threadId,
  itemId: "item",
  turnId: "turn of first",
  changes: [],
  shownInDraftAt: null,
  suggestions: null,
  bound: { hash: "c".repeat(64), baseOid: oldHead },
  state: { type: "waiting" },
};

/** Of the turn's check runs, not of the diff's: what is made where, and what it says. */
function runsOf(effects: Effect[]): string[] {
  return effects.flatMap(({ key, action }) => {
    if (!key.startsWith("turn-check/")) return [];
    if (action.type === "createCheckRun")
      return [`${action.headOid[0]} ${action.externalId.split("/")[1]} new: ${said(action.state)}`];
    return action.type === "updateCheckRun" ? [`${action.of.at(-1)} ${action.of.split("/")[2]}: ${said(action.state)}`] : [];
  });
}

function said({ status, conclusion, actions }: { status: string; conclusion?: string; actions?: object[] }): string {
  return `${conclusion ?? status}${actions ? " with buttons" : ""}`;
}

test("a pull request's head has a check run from the asking to the end, and no update where nothing changed", () => {
  const { after, settle } = open();
  expect(runsOf(after({}))).toEqual(["a first new: queued"]);
  expect(runsOf(after({}))).toEqual([]);
  expect(runsOf(after(turn("inProgress")))).toEqual(["a first: in_progress"]);
  const { view } = turn("inProgress");
  expect(runsOf(after({ view: { ...view, said: "I look around." } }))).toEqual([]);
  expect(runsOf(settle(proposal, { type: "open" }))).toEqual(["a first: action_required"]);
  expect(runsOf(settle(proposal, { type: "approved", by }))).toEqual(["a first: in_progress"]);
  const committed = { type: "committed", by, commitOid: newHead } as const;
  expect(runsOf(settle(proposal, committed, { baseOid: newHead }))).toEqual(["a first: success", "b first new: in_progress"]);
  expect(runsOf(after(turn("completed")))).toEqual(["b first: success"]);
});

test.for([
  ["failed", "failure"],
  ["interrupted", "cancelled"],
  ["completed", "success"],
] as const)("a turn that ends %s leaves its run with the conclusion %s", ([status, conclusion]) => {
  const { after } = open();
  after(turn("inProgress"));
  const effects = after(turn(status));
  expect(runsOf(effects)).toEqual([`a first: ${conclusion}`]);
  const run = effects.find(({ key }) => key.startsWith("turn-check/"))?.action;
  if (status === "failed") expect(run).toMatchObject({ state: { summary: "it broke" } });
});

test("a declined diff leaves the run neutral; a turn that is asked anew has a run of its own, and ends the one that still waited", () => {
  const { after, settle } = open();
  after(turn("inProgress"));
  settle(proposal, { type: "declined", by, reason: null });
  expect(runsOf(after(turn("completed")))).toEqual(["a first: neutral"]);
  expect(runsOf(after({ asked: { key: "second", text: "again", by } }))).toEqual(["a second new: queued"]);
  expect(runsOf(after({ asked: { key: "third", text: "and again", by }, baseOid: newHead }))).toEqual([
    "a second: cancelled",
    "b third new: queued",
  ]);
});

test("an issue has no run on the default branch's commit, and one on its own branch's", () => {
  const { after, settle } = open({ isPullRequest: false });
  expect(runsOf(after(turn("inProgress")))).toEqual([]);
  expect(runsOf(settle(proposal, { type: "open" }))).toEqual([]);
  const committed = { type: "committed", by, commitOid: newHead } as const;
  expect(runsOf(settle(proposal, committed, { baseOid: newHead }))).toEqual(["b first new: in_progress"]);
});

test("what landed by another client's yes is in no commit, and the run stays where it was", () => {
  const { after } = open();
  after(turn("inProgress"));
  expect(runsOf(after({ ...turn("completed"), baseOid: null }))).toEqual(["a first: success"]);
});

test("a run that was forgotten while its turn waited is made anew, and not updated in vain", () => {
  const { after, outbox } = open();
  after(turn("inProgress"));
  for (let effect = outbox.due(0); effect !== null; effect = outbox.due(0)) {
    outbox.settle(effect, { type: "done", result: { type: "nothing" } }, 0);
  }
  outbox.forget(githubApiLimits.effectRetentionMs + 1);
  expect(runsOf(after(turn("completed")))).toEqual(["a first new: success"]);
});

test("comment and check runs lead to the thread in the web client, where there is one", () => {
  const shown = (webUrl: string | null) => {
    const { after, ledger } = open({ webUrl });
    const effects = [...after(turn("inProgress")), ...setState(ledger, proposal, { type: "open" })];
    return effects.map(({ action }) =>
      action.type === "createComment" ? action.body : action.type === "createCheckRun" ? action.state.detailsUrl : "",
    );
  };
  const url = `https://spindle.example/#${threadId}`;
  expect(shown("https://spindle.example/#")).toEqual([expect.stringContaining(`[Open the thread](${url})`), url, url]);
  expect(shown(null)).toEqual([expect.not.stringContaining("Open the thread"), undefined, undefined]);
});
