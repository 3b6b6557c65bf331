/** What follows from what came of an effect: nothing is said to be committed before it is. */
import { neutralCode, neutralLine, neutralPlain } from "#core/github/neutral";
import { redact } from "#core/github/redact";
import { withAnswerer } from "#core/github/thread-view";
import { githubTextLimits } from "#core/limits";
import type { Conversation, Effect, EffectFailure, Outcome } from "#github/effect";
import { bindWaiting, draftKey, requestOfLanding, setState, threadOfDraftKey } from "#github/follow/proposals";
import { showTalk } from "#github/follow/show";
import { type Ledger, landingLane, type Proposal, type ProposalState, type Talk } from "#github/ledger";

export function ofOutcome({ key, action }: Effect, outcome: Outcome, ledger: Ledger): Effect[] {
  if (action.type === "commit" || action.type === "suggest") {
    const proposal = ledger.proposal(requestOfLanding(key));
    const talk = proposal ? ledger.talk(proposal.threadId) : null;
    return proposal && talk ? [...committed(ledger, talk, proposal, outcome), ...showTalk(ledger, talk.threadId)] : [];
  }
  if (action.type === "openPullRequest" && outcome.type === "done" && outcome.result.type === "pullRequest") {
    return opened(ledger, key, outcome.result.number);
  }
  if (action.type === "openPullRequest" && outcome.type === "failed") return unopened(ledger, key, action.head, outcome.failure);
  if (action.type === "createComment" || action.type === "editComment") {
    noteShown(ledger, action, outcome);
    return [];
  }
  if (action.type === "markReady" && outcome.type === "done") {
    const talk = ledger.talk(ledger.threadOfDraft(action.number) ?? "");
    if (!talk?.draft) return [];
    ledger.putTalk({ ...talk, draft: { ...talk.draft, isReady: true } });
    return showTalk(ledger, talk.threadId);
  }
  return action.type === "callThread" ? called(ledger, key, action, outcome) : [];
}

type Calling = Extract<Effect["action"], { type: "callThread" }>;

function called(ledger: Ledger, key: string, { threadId, call }: Calling, outcome: Outcome): Effect[] {
  if (call.type === "fork") return forked(ledger, key, { threadId, on: call.answerOn }, outcome);
  const talk = ledger.talk(threadId);
  if (outcome.type !== "failed" || talk === null) return [];
  if (call.type === "begin" && talk.asked.key === call.key) {
    ledger.putTalk({ ...talk, problem: "The repository could not be read, or the thread could not be reached; no turn began." });
    return showTalk(ledger, threadId);
  }
  if (call.type === "respond") {
    // Somebody else may answer the question.
    ledger.putTalk({ ...talk, view: withAnswerer(talk.view, call.requestId, null) });
    const { failure } = outcome;
    return failure.type === "refused" ? notTaken(ledger, key, call.requestId, failure.error.message) : [];
  }
  return [];
}

/** The commit stands all the same, and people can open one themselves. */
function unopened(ledger: Ledger, key: string, branch: string, failure: EffectFailure): Effect[] {
  const talk = ledger.talk(threadOfDraftKey(key));
  if (talk === null) return [];
  const body = `${neutralCode(branch)} holds the commit, but GitHub did not open a draft pull request for it (${failure.type}).`;
  return [{ key: `${key}/answer`, lane: `answers #${talk.on.number}`, action: { type: "createComment", on: talk.on, body } }];
}

/** The answer to `/spindle fork`, where it was asked. */
function forked(
  ledger: Ledger,
  key: string,
  { threadId, on }: { threadId: string; on: Conversation },
  outcome: Outcome,
): Effect[] {
  const url = ledger.threadUrl(threadId);
  const name = url === null ? `\`${threadId}\`` : `[\`${threadId}\`](${url})`;
  const body =
    outcome.type === "done"
      ? `Forked as thread ${name}: it goes on in the account's clients, and nothing of it comes here.`
      : "This thread could not be forked.";
  return [{ key: `${key}/answer`, lane: `answers #${on.number}`, action: { type: "createComment", on, body } }];
}

/** The thread cannot take those hunks, so that nobody has decided yet. Whoever named them is told why, and their yes counts no more. */
function notTaken(ledger: Ledger, key: string, requestId: string, why: string): Effect[] {
  const proposal = ledger.proposal(requestId);
  const talk = proposal ? ledger.talk(proposal.threadId) : null;
  if (proposal?.state.type !== "approved" || talk === null) return [];
  const { part } = proposal.state;
  for (const { seq, hash } of ledger.approvals.standing(requestId)) {
    if (hash === part?.hash) ledger.approvals.takeBack(seq, "the thread could not take those hunks");
  }
  const { on } = talk;
  const known = { secrets: [], spared: [] };
  // Names of files may stand in it.
  const text = neutralLine(redact(why, known).text.slice(0, githubTextLimits.sentenceCharactersMax));
  const body = `Those hunks cannot be taken by themselves: ${text} Nothing was approved.`;
  return [
    ...setState(ledger, proposal, { type: "open" }),
    { key: `${key}/refused`, lane: `answers #${on.number}`, action: { type: "createComment", on, body } },
    ...showTalk(ledger, talk.threadId),
  ];
}

/** From here on the pull request is another place of the same thread. One in which somebody was quicker to begin a thread keeps that. */
function opened(ledger: Ledger, key: string, number: number): Effect[] {
  const talk = ledger.talk(threadOfDraftKey(key));
  if (talk === null || talk.draft !== null || ledger.hasOwnTalk(number)) return [];
  ledger.putTalk({ ...talk, draft: { number, isReady: false, shown: null } });
  ledger.putDraft(number, talk.threadId);
  return showTalk(ledger, talk.threadId);
}

/** A review counts only for a diff that could be read where it was written. */
function noteShown(ledger: Ledger, { on, body }: { on: Conversation; body: string }, outcome: Outcome): void {
  const threadId = ledger.threadOfDraft(on.number);
  if (threadId === null || outcome.type !== "done" || outcome.result.type !== "comment") return;
  const { atTime } = outcome.result;
  for (const proposal of ledger.proposalsIn(threadId, ["open"])) {
    const { bound, shownInDraftAt } = proposal;
    if (bound === null || shownInDraftAt !== null) continue;
    if (body.includes(`/spindle approve ${bound.hash.slice(0, githubTextLimits.hashDigitsShown)}`)) {
      ledger.putProposal({ ...proposal, shownInDraftAt: atTime });
    }
  }
}

function committed(ledger: Ledger, talk: Talk, proposal: Proposal, outcome: Outcome): Effect[] {
  if (proposal.state.type !== "committing") return [];
  if (outcome.type === "done" && outcome.result.type === "commit") {
    const { oid: commitOid } = outcome.result;
    ledger.putTalk({ ...talk, baseOid: commitOid, staleHash: null });
    return [
      ...setState(ledger, proposal, { type: "committed", commitOid, ...decidedBy(proposal.state) }),
      ...bindWaiting(ledger, talk.threadId),
      ...draft(talk),
    ];
  }
  // What the thread landed is in no commit: whatever is proposed on top of it cannot be one either.
  ledger.putTalk({ ...talk, baseOid: null });
  const state: ProposalState =
    outcome.type === "failed" ? whyNot(outcome.failure, proposal) : { type: "suggested", ...decidedBy(proposal.state) };
  return [...setState(ledger, proposal, state), ...bindWaiting(ledger, talk.threadId)];
}

function decidedBy({ by, part }: Extract<ProposalState, { type: "committing" }>) {
  return { by, ...(part ? { part: { hash: part.hash, hunks: part.hunks } } : {}) };
}

function whyNot({ type }: EffectFailure, { suggestions }: Proposal): ProposalState {
  if (type === "conflict") return { type: "stale" };
  if (suggestions !== null) {
    return { type: "unapprovable", reason: `GitHub did not take the suggestions (${type}); nothing was committed.` };
  }
  if (type === "notFound") {
    return { type: "unapprovable", reason: "The branch is not there, or could not be made; nothing was committed." };
  }
  return { type: "unapprovable", reason: `GitHub did not take the commit (${type}); nothing was committed.` };
}

/** Once for a thread: the same key is the same effect. */
function draft({ threadId, on, title, branch, draftTo }: Talk): Effect[] {
  if (draftTo === null) return [];
  const known = { secrets: [], spared: [threadId] };
  const shown = neutralPlain(redact(title.replace(/\s+/g, " "), known).text).slice(0, 200);
  const body = on.isPullRequest
    ? `Upon #${on.number}, which comes from a fork: its commits, and diffs that somebody who may write approved there.`
    : `For #${on.number}: every commit here is a diff that somebody who may write approved there.`;
  const action = { type: "openPullRequest", head: branch, base: draftTo, title: `Spindle: ${shown}`, body } as const;
  return [{ key: draftKey(threadId), lane: landingLane(threadId), action }];
}
