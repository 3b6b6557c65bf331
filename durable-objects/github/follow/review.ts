/** A review of a thread's own draft pull request is a yes or no to the diff that waits there, or to what the branch holds. */
import { readReview } from "#core/github/review";
import { githubTextLimits } from "#core/limits";
import type { Decision, RepositoryReads } from "#github/consequences";
import type { ReviewEvent } from "#github/event";
import { orNull } from "#github/failure";
import { approve, decline } from "#github/follow/decide";
import { heardPerson, permissionFor, refused } from "#github/follow/permitted";
import { answer, type Said } from "#github/follow/said";
import { showProposal, showTalk } from "#github/follow/show";
import { awaited, type Ledger, landingLane, type Proposal, type Talk } from "#github/ledger";

const nothing: Decision = () => [];

/** Without words to us. On a pull request that is not ours it is about other people's commits. */
export async function decidedByReview(
  said: Said,
  { id, state, body }: ReviewEvent["review"],
  reads: RepositoryReads,
): Promise<Decision> {
  const talk = talkOfDraft(reads.ledger, said.on.number);
  if (talk === null || (state !== "approved" && state !== "changes_requested")) return nothing;
  const open = reads.ledger.proposalsIn(talk.threadId, ["open"]).flatMap(openDiff);
  if (open.length === 0 && (state !== "approved" || !isAtRest(reads.ledger, talk))) return nothing;
  const by = await heardPerson(said.act, reads);
  if (by === null) return nothing;
  const permission = await permissionFor(said, "approve", reads);
  if (!permission.allowed) return open.length === 0 ? nothing : () => refused(said, permission);
  const { number } = said.on;
  const calls = reads.calls({ pull_requests: "read" });
  const path = "GET /repos/{owner}/{repo}/pulls/{pull_number}/reviews/{review_id}";
  // The delivery may be days old, and the review dismissed since.
  const review = await orNull(calls.gh(path, { pull_number: number, review_id: id }));
  if (review?.user?.id !== by.id || review.state.toLowerCase() !== state) return nothing;
  const { head } = await calls.gh("GET /repos/{owner}/{repo}/pulls/{pull_number}", { pull_number: number });
  const { commit_id: commitId, submitted_at: submittedAt = "" } = review;
  const read = readReview({ state, commitId, submittedAt }, { headOid: head.sha, open });
  if ("refused" in read) return () => answer(said, read.answer);
  switch (read.verb) {
    case "approve": {
      const door = { type: "review", id, commitOid: commitId } as const;
      return approve(said, { by, role: permission.role, door, hash: read.hash, hunks: null, including: [] }, reads);
    }
    case "decline": {
      const reason = body.trim().slice(0, githubTextLimits.sentenceCharactersMax);
      return decline(said, { by, hash: read.hash, reason: reason === "" ? null : reason }, reads);
    }
    case "approveBranch":
      return (ledger) => markReady(ledger, said, talk, head.sha);
    case "nothing":
      return nothing;
    default:
      return read satisfies never;
  }
}

/** A yes that is not yet enough is one no more. Nobody is asked whether they may: GitHub let them dismiss, and a no harms nothing. */
export function takeBackReview({ pullRequest, review }: ReviewEvent, { threadOf }: RepositoryReads): Decision {
  const threadId = threadOf(pullRequest.number);
  return (ledger) => {
    const changed = ledger.proposalsIn(threadId, awaited).filter((proposal) => takeBack(ledger, proposal, review.id));
    return [...changed.flatMap((proposal) => showProposal(ledger, proposal)), ...showTalk(ledger, threadId)];
  };
}

function takeBack({ approvals }: Ledger, { requestId }: Proposal, reviewId: number): boolean {
  const meant = approvals.standing(requestId).filter(({ door }) => door.type === "review" && door.id === reviewId);
  for (const { seq } of meant) approvals.takeBack(seq, "the review was dismissed");
  return meant.length > 0;
}

function talkOfDraft(ledger: Ledger, number: number): Talk | null {
  const threadId = ledger.threadOfDraft(number);
  return threadId === null ? null : ledger.talk(threadId);
}

function openDiff({ bound, shownInDraftAt: shownAt }: Proposal) {
  return bound === null ? [] : [{ ...bound, shownAt }];
}

/** Nothing is at work that could add a commit. */
function isAtRest(ledger: Ledger, { threadId, view }: Talk): boolean {
  const underWay = ledger.proposalsIn(threadId, ["waiting", "open", "approved", "committing"]);
  return view.turn?.status !== "inProgress" && underWay.length === 0;
}

/** Only where the branch holds approved diffs and nothing else: whoever pushed to it has something to say themselves. */
function markReady(ledger: Ledger, { deliveryId, on }: Said, { threadId, draft }: Talk, headOid: string) {
  const talk = ledger.talk(threadId);
  if (talk === null || draft?.isReady !== false || !isAtRest(ledger, talk) || !isOnlyOurs(ledger, threadId, headOid)) return [];
  const { number } = on;
  const action = { type: "markReady", number, headOid } as const;
  return [{ key: `${deliveryId}/ready`, lane: landingLane(threadId), action }];
}

/** Each approved commit stands on the one before, and the last is the head. */
function isOnlyOurs(ledger: Ledger, threadId: string, headOid: string): boolean {
  const commits = ledger
    .proposalsIn(threadId, ["committed"])
    .flatMap(({ bound, state }) =>
      state.type === "committed" && bound ? [{ baseOid: bound.baseOid, oid: state.commitOid }] : [],
    );
  return (
    commits.at(-1)?.oid === headOid && commits.every(({ baseOid }, index) => index === 0 || commits[index - 1]?.oid === baseOid)
  );
}
