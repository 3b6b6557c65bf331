/** What becomes of a proposal: bound to a commit, approved, landed by the thread, committed; and what follows from each. */

import { createHash } from "node:crypto";
import { neutralPlain } from "#core/github/neutral";
import { proposalHash } from "#core/github/proposal-hash";
import { redact } from "#core/github/redact";
import { githubApiLimits, githubTextLimits } from "#core/limits";
import type { CommitChange, Effect } from "#github/effect";
import { showProposal } from "#github/follow/show";
import type { Ledger, Proposal, ProposalState, Talk } from "#github/ledger";
import type { AskedProposal } from "#thread/asked-proposal";

/** A new one. Nothing of it is said to anybody before it is known which commit it is made on. */
export function addProposal(ledger: Ledger, { threadId, view }: Talk, requestId: string, asked: AskedProposal): Effect[] {
  const { itemId, changes, contents } = asked;
  const isTooLarge = contents === null || JSON.stringify(changes).length > githubApiLimits.proposalCharactersMax;
  const state: ProposalState = isTooLarge
    ? { type: "unapprovable", reason: "This diff is too large for GitHub." }
    : { type: "waiting" };
  if (!isTooLarge) ledger.putContents(contents);
  ledger.putProposal({
    requestId,
    threadId,
    itemId,
    turnId: view.turn?.id ?? "",
    changes,
    bound: null,
    suggestions: null,
    state,
  });
  return bindWaiting(ledger, threadId);
}

/** Binds what waits to the commit that the workspace holds, once no other commit is on its way. */
export function bindWaiting(ledger: Ledger, threadId: string): Effect[] {
  if (ledger.proposalsIn(threadId, ["approved", "committing"]).length > 0) return [];
  const baseOid = ledger.talk(threadId)?.baseOid ?? null;
  return ledger.proposalsIn(threadId, ["waiting"]).flatMap((proposal) => {
    if (baseOid === null) {
      const reason = "The workspace holds what is in no commit, so this diff cannot be committed. `/spindle retry` begins anew.";
      return setState(ledger, proposal, { type: "unapprovable", reason });
    }
    const changes = proposal.changes.map(({ path, before, after }) => ({
      path,
      mode: after?.mode ?? null,
      before: before?.hash ?? null,
      after: after?.hash ?? null,
    }));
    const hash = proposalHash({ repositoryId: ledger.repositoryId(), baseOid, changes }, sha256);
    return setState(ledger, { ...proposal, bound: { hash, baseOid } }, { type: "open" });
  });
}

export function setState(ledger: Ledger, before: Proposal, state: ProposalState): Effect[] {
  const proposal = { ...before, state };
  ledger.putProposal(proposal);
  return showProposal(ledger, proposal);
}

/** Somebody pushed: what waits for a yes and was made on another commit cannot have one now. */
export function branchMoved(ledger: Ledger, threadId: string, baseOid: string): Effect[] {
  return ledger
    .proposalsIn(threadId, ["open"])
    .filter(({ bound }) => bound?.baseOid !== baseOid)
    .flatMap((proposal) => setState(ledger, proposal, { type: "moved" }));
}

/** The thread is done with the item. Only what somebody approved at GitHub is committed there. */
export function itemSettled(ledger: Ledger, talk: Talk, { itemId, hasLanded }: { itemId: string; hasLanded: boolean }): Effect[] {
  const proposal = ledger.proposalOfItem(talk.threadId, itemId);
  const { state } = proposal ?? {};
  if (hasLanded && proposal?.bound && state?.type === "approved") {
    return [
      ...setState(ledger, proposal, { type: "committing", by: state.by }),
      ...(proposal.suggestions === null
        ? commitEffects(talk, proposal, state.by.login)
        : suggestEffects(talk, proposal, state.by.login)),
    ];
  }
  // It landed by another client's yes, or unasked: from here on the workspace is no commit of the repository.
  if (hasLanded) ledger.putTalk({ ...(ledger.talk(talk.threadId) ?? talk), baseOid: null });
  if (!proposal || state?.type === "declined" || state?.type === "stale") return [];
  return [...setState(ledger, proposal, withoutUs(state, hasLanded)), ...bindWaiting(ledger, talk.threadId)];
}

/** What became of a proposal that nobody decided at GitHub. */
function withoutUs(before: ProposalState | undefined, hasLanded: boolean): ProposalState {
  if (hasLanded) return { type: "acceptedElsewhere" };
  return before?.type === "moved" ? { type: "stale" } : { type: "declined", by: null, reason: null };
}

const commitKey = (requestId: string) => `commit/${requestId}`;
const suggestKey = (requestId: string) => `suggest/${requestId}`;
/** The other way round, of a commit's effect or of suggestions'. */
export const requestOfLanding = (key: string) => key.replace(/^(commit|suggest)\//, "");
/** Wanted with a thread's first commit, and never again. */
export const draftKey = (threadId: string) => `pull/${threadId}`;

function commitEffects(talk: Talk, { requestId, changes, bound }: Proposal, approver: string): Effect[] {
  if (bound === null) return [];
  const { threadId, branch, draftTo } = talk;
  const { baseOid, hash } = bound;
  const lane = `land ${threadId}`;
  const known = { secrets: [], spared: [hash, threadId] };
  const headline = neutralPlain(redact(`Spindle: ${talk.title.replace(/\s+/g, " ")}`, known).text).slice(
    0,
    githubTextLimits.headlineCharactersMax,
  );
  const body = `Diff ${hash}\nApproved by ${neutralPlain(approver)}`;
  const commit = { type: "commit", branch, baseOid, headline, body, changes: changes.map(commitChange) } as const;
  return [
    ...(draftTo === null
      ? []
      : [{ key: `branch/${requestId}`, lane, action: { type: "createBranch", branch, oid: baseOid } as const }]),
    { key: commitKey(requestId), lane, action: commit },
  ];
}

function suggestEffects({ threadId, on }: Talk, { requestId, bound, suggestions }: Proposal, approver: string): Effect[] {
  if (bound === null || suggestions === null) return [];
  const body = `Spindle may not write to this fork. Diff ${bound.hash}, approved by ${neutralPlain(approver)}, as suggestions:`;
  const action = { type: "suggest", number: on.number, headOid: bound.baseOid, body, comments: suggestions } as const;
  return [{ key: suggestKey(requestId), lane: `land ${threadId}`, action }];
}

function commitChange({ path, before, after }: Proposal["changes"][number]): CommitChange {
  const side = (version: { mode: number; hash: string } | null) =>
    version === null ? null : { mode: version.mode, oid: version.hash };
  return { path, before: side(before), after: side(after) };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
