/** What becomes of a proposal: bound to a commit, approved, landed by the thread, committed; and what follows from each. */
import { neutralPlain } from "#core/github/neutral";
import { redact } from "#core/github/redact";
import type { SuggestionComment } from "#core/github/suggestion";
import { numberRanges } from "#core/hunks";
import { githubApiLimits, githubTextLimits } from "#core/limits";
import type { CommitChange, Effect } from "#github/effect";
import { approversOf } from "#github/follow/approvals";
import { type BoundProposal, hashOn } from "#github/follow/bound-diff";
import { listedNames, showProposal } from "#github/follow/show";
import { type Ledger, landingLane, type Proposal, type ProposalPart, type ProposalState, type Talk } from "#github/ledger";
import type { AskedProposal } from "#thread/asked-proposal";
import { changesHash } from "#workspace/proposal";

/** A new one. Nothing of it is said to anybody before it is known which commit it is made on. */
export function addProposal(ledger: Ledger, { threadId, view }: Talk, requestId: string, asked: AskedProposal): Effect[] {
  const { itemId, changes, contents } = asked;
  const isTooLarge = contents === null || JSON.stringify(changes).length > githubApiLimits.proposalCharactersMax;
  const state: ProposalState = isTooLarge
    ? { type: "unapprovable", reason: "This diff is too large for GitHub." }
    : { type: "waiting" };
  if (!isTooLarge) ledger.putContents(contents);
  const turnId = view.turn?.id ?? "";
  const unknown = { bound: null, suggestions: null, shownInDraftAt: null };
  ledger.putProposal({ requestId, threadId, itemId, turnId, changes, ...unknown, state });
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
    const hash = hashOn(ledger, baseOid, proposal.changes);
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

/**
 * The thread is done with the item. Only what somebody approved at GitHub is committed there: exactly that has landed, and not other hunks of it.
 * `landed`: with the workspace's hash of it; null inside where the thread tells none, and it is what was asked for.
 */
export function itemSettled(
  ledger: Ledger,
  talk: Talk,
  { itemId, landed }: { itemId: string; landed: { hash: string | null } | null },
): Effect[] {
  const proposal = ledger.proposalOfItem(talk.threadId, itemId);
  const { state } = proposal ?? {};
  if (landed && proposal?.bound && state?.type === "approved" && isApproved(proposal, state.part, landed)) {
    const part = state.part ? { part: state.part } : {};
    return [
      ...setState(ledger, proposal, { type: "committing", by: state.by, ...part }),
      ...landEffects(ledger, talk, { ...proposal, bound: proposal.bound }, state.part),
    ];
  }
  // It landed by another client's yes, or unasked: from here on the workspace is no commit of the repository.
  if (landed) ledger.putTalk({ ...(ledger.talk(talk.threadId) ?? talk), baseOid: null });
  if (!proposal || state?.type === "declined" || state?.type === "stale") return [];
  return [...setState(ledger, proposal, withoutUs(state, landed !== null)), ...bindWaiting(ledger, talk.threadId)];
}

/** What became of a proposal that nobody decided at GitHub. */
function withoutUs(before: ProposalState | undefined, hasLanded: boolean): ProposalState {
  if (hasLanded) return { type: "acceptedElsewhere" };
  return before?.type === "moved" ? { type: "stale" } : { type: "declined", by: null, reason: null };
}

function isApproved({ changes }: Proposal, part: ProposalPart | undefined, landed: { hash: string | null }): boolean {
  return (landed.hash ?? changesHash(changes)) === changesHash(part?.changes ?? changes);
}

const commitKey = (requestId: string) => `commit/${requestId}`;
const suggestKey = (requestId: string) => `suggest/${requestId}`;
/** The other way round, of a commit's effect or of suggestions'. */
export const requestOfLanding = (key: string) => key.replace(/^(commit|suggest)\//, "");
/** Wanted with a thread's first commit, and never again. */
export const draftKey = (threadId: string) => `pull/${threadId}`;
export const threadOfDraftKey = (key: string) => key.replace(/^pull\//, "");

function landEffects(ledger: Ledger, talk: Talk, proposal: BoundProposal, part: ProposalPart | undefined): Effect[] {
  const { suggestions: comments } = proposal;
  return comments === null
    ? commitEffects(ledger, talk, proposal, part)
    : [suggestEffect(ledger, talk, proposal, { part, comments })];
}

function commitEffects(
  ledger: Ledger,
  talk: Talk,
  { requestId, changes, bound }: BoundProposal,
  part: ProposalPart | undefined,
): Effect[] {
  const { threadId, branch, draftTo } = talk;
  const { baseOid } = bound;
  const hash = part?.hash ?? bound.hash;
  const approvers = listedNames(approversOf(ledger, requestId, hash));
  const lane = landingLane(threadId);
  const known = { secrets: [], spared: [hash, bound.hash, threadId] };
  const headline = neutralPlain(redact(`Spindle: ${talk.title.replace(/\s+/g, " ")}`, known).text).slice(
    0,
    githubTextLimits.headlineCharactersMax,
  );
  const origin = part ? `${part.hunks.length === 1 ? "Hunk" : "Hunks"} ${numberRanges(part.hunks)} of diff ${bound.hash}\n` : "";
  const body = `Diff ${hash}\n${origin}Approved by ${neutralPlain(approvers)}`;
  const landing = (part?.changes ?? changes).map(commitChange);
  const commit = { type: "commit", branch, baseOid, headline, body, changes: landing } as const;
  return [
    ...(draftTo === null
      ? []
      : [{ key: `branch/${requestId}`, lane, action: { type: "createBranch", branch, oid: baseOid } as const }]),
    { key: commitKey(requestId), lane, action: commit },
  ];
}

function suggestEffect(
  ledger: Ledger,
  { threadId, on }: Talk,
  { requestId, bound }: BoundProposal,
  { part, comments }: { part: ProposalPart | undefined; comments: SuggestionComment[] },
): Effect {
  const hash = part?.hash ?? bound.hash;
  const approvers = neutralPlain(listedNames(approversOf(ledger, requestId, hash)));
  const body = `Spindle may not write to this fork. Diff ${hash}, approved by ${approvers}, as suggestions:`;
  const action = { type: "suggest", number: on.number, headOid: bound.baseOid, body, comments } as const;
  return { key: suggestKey(requestId), lane: landingLane(threadId), action };
}

function commitChange({ path, before, after }: Proposal["changes"][number]): CommitChange {
  const side = (version: { mode: number; hash: string } | null) =>
    version === null ? null : { mode: version.mode, oid: version.hash };
  return { path, before: side(before), after: side(after) };
}
