/** GitHub's own review as an answer: only on a pull request of ours, where the reviewed commit is what we proposed. */

/** What GitHub says of a review. `state` in lower case, as webhooks write it. */
export interface Review {
  state: string;
  /** The commit that the reviewer looked at. */
  commitId: string | null;
  /** ISO 8601, by GitHub's clock. */
  submittedAt: string;
}

export interface ReviewedPull {
  /** The head's commit now, read from GitHub and not from the webhook. */
  headOid: string;
  /** The diffs of its thread that wait for a decision; `shownAt`: since when the comment there shows it, null while it does not. */
  open: readonly { hash: string; baseOid: string; shownAt: string | null }[];
}

export type ReviewReading =
  /** `hash`: whole. */
  | { verb: "approve" | "decline"; hash: string }
  /** Nothing waits, and the reviewer is content with what the branch holds. */
  | { verb: "approveBranch" }
  /** A remark, or a no to something that we did not propose. */
  | { verb: "nothing" }
  | { refused: "otherCommit" | "several" | "notShown"; answer: string };

export const otherCommit = "That review looked at a commit that is no longer the last; nothing was approved.";

/**
 * A review names no hash, so that it counts only where there is nothing to mix up: one diff waits, it was made on the commit that was
 * reviewed and that is still the last, and it could be read before the review was submitted.
 */
export function readReview({ state, commitId, submittedAt }: Review, { headOid, open }: ReviewedPull): ReviewReading {
  const isApproval = state === "approved";
  if (!isApproval && state !== "changes_requested") return { verb: "nothing" };
  const [only, ...others] = open;
  if (!isApproval) {
    const isMeant = only !== undefined && others.length === 0 && isEarlier(only.shownAt, submittedAt);
    return isMeant ? { verb: "decline", hash: only.hash } : { verb: "nothing" };
  }
  if (only === undefined) return commitId === headOid ? { verb: "approveBranch" } : { verb: "nothing" };
  if (others.length > 0)
    return { refused: "several", answer: "Several diffs wait here, and a review names none; nothing was approved." };
  if (commitId !== headOid || commitId !== only.baseOid) return { refused: "otherCommit", answer: otherCommit };
  if (!isEarlier(only.shownAt, submittedAt)) {
    return { refused: "notShown", answer: "That review was submitted before the diff could be read here; nothing was approved." };
  }
  return { verb: "approve", hash: only.hash };
}

/** Both by GitHub's clock, which tells seconds: within the same one nobody has read a diff. */
function isEarlier(shownAt: string | null, submittedAt: string): boolean {
  return shownAt !== null && Date.parse(shownAt) < Date.parse(submittedAt);
}
