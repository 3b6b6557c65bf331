/** What follows from what came of an effect: nothing is said to be committed before it is. */
import { neutralPlain } from "#core/github/neutral";
import { redact } from "#core/github/redact";
import type { Effect, EffectFailure, Outcome } from "#github/effect";
import { bindWaiting, draftKey, requestOfLanding, setState } from "#github/follow/proposals";
import { showTalk } from "#github/follow/show";
import type { Ledger, Proposal, ProposalState, Talk } from "#github/ledger";

export function ofOutcome({ key, action }: Effect, outcome: Outcome, ledger: Ledger): Effect[] {
  if (action.type === "commit" || action.type === "suggest") {
    const proposal = ledger.proposal(requestOfLanding(key));
    const talk = proposal ? ledger.talk(proposal.threadId) : null;
    return proposal && talk ? [...committed(ledger, talk, proposal, outcome), ...showTalk(ledger, talk.threadId)] : [];
  }
  if (action.type === "callThread" && action.call.type === "begin" && outcome.type === "failed") {
    const talk = ledger.talk(action.threadId);
    if (talk?.asked.key !== action.call.key) return [];
    ledger.putTalk({ ...talk, problem: "The repository could not be read, or the thread could not be reached; no turn began." });
    return showTalk(ledger, action.threadId);
  }
  return [];
}

function committed(ledger: Ledger, talk: Talk, proposal: Proposal, outcome: Outcome): Effect[] {
  if (proposal.state.type !== "committing") return [];
  if (outcome.type === "done" && outcome.result.type === "commit") {
    const { oid: commitOid } = outcome.result;
    ledger.putTalk({ ...talk, baseOid: commitOid, staleHash: null });
    const { by } = proposal.state;
    return [
      ...setState(ledger, proposal, { type: "committed", by, commitOid }),
      ...bindWaiting(ledger, talk.threadId),
      ...draft(talk),
    ];
  }
  // What the thread landed is in no commit: whatever is proposed on top of it cannot be one either.
  ledger.putTalk({ ...talk, baseOid: null });
  const { by } = proposal.state;
  const state: ProposalState = outcome.type === "failed" ? whyNot(outcome.failure, proposal) : { type: "suggested", by };
  return [...setState(ledger, proposal, state), ...bindWaiting(ledger, talk.threadId)];
}

function whyNot({ type }: EffectFailure, { suggestions }: Proposal): ProposalState {
  if (type === "conflict" || type === "notFound") return { type: "stale" };
  const what = suggestions === null ? "commit" : "suggestions";
  return { type: "unapprovable", reason: `GitHub did not take the ${what} (${type}); nothing was committed.` };
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
  return [{ key: draftKey(threadId), lane: `land ${threadId}`, action }];
}
