/** GitHub's own review as an answer: only on a pull request of ours, where the reviewed commit is what we proposed. */
import type { OurApp } from "#core/github/sender";

/** What `pull_request_review` says. `state` in lower case, as webhooks write it. */
export interface Review {
  action: string;
  state: string;
  /** The commit that the reviewer looked at. */
  commitId: string | null;
}

export interface ReviewedPull {
  authorId: number | null;
  /** The head's commit now, read from GitHub and not from the webhook. */
  headOid: string;
}

export type ReviewReading =
  | { verb: "approve" | "decline" | "revoke" }
  /** A remark, or a review of what we did not propose. */
  | { verb: "nothing" }
  | { refused: "otherCommit"; answer: string };

/**
 * On somebody else's pull request a review is about their commits: it says nothing about a diff that waits in a comment. A
 * dismissal takes an approval back whatever the head is now.
 */
export function readReview(
  { action, state, commitId }: Review,
  { authorId, headOid }: ReviewedPull,
  ours: OurApp,
): ReviewReading {
  if (authorId === null || authorId !== ours.botId) return { verb: "nothing" };
  if (action === "dismissed") return { verb: "revoke" };
  if (action !== "submitted" || (state !== "approved" && state !== "changes_requested")) return { verb: "nothing" };
  if (state === "changes_requested") return { verb: "decline" };
  if (commitId !== headOid)
    return { refused: "otherCommit", answer: "That review looked at a commit that is no longer the last." };
  return { verb: "approve" };
}
