/** Where the changes of a conversation land, and the commit that they are made on. */

import type { RepositoryReads } from "#github/consequences";
import type { Conversation } from "#github/effect";
import { orNull } from "#github/failure";
import { branchOid } from "#github/perform/branches";

export interface Target {
  branch: string;
  /** Where our draft pull request goes to; null where the branch is a pull request's own. */
  draftTo: string | null;
  /** Where the branch stands, or shall begin. */
  baseOid: string;
  /** The branch is made with its first commit, and is not there yet. */
  isNewBranch: boolean;
  /** The branch whose AGENTS.md instruct the model: not the one that is being changed. */
  guidesBranch: string;
}

interface Place {
  threadId: string;
  defaultBranch: string;
}

type Found = Target | { refused: string };

/** Read from GitHub, not from what a webhook said: between the two somebody may have pushed. */
export async function targetOf({ number, isPullRequest }: Conversation, place: Place, reads: RepositoryReads): Promise<Found> {
  return isPullRequest ? ofPullRequest(number, place, reads) : ofIssue(place, reads);
}

async function ofIssue({ threadId, defaultBranch }: Place, { calls }: RepositoryReads): Promise<Found> {
  const contents = calls({ contents: "read" });
  const branch = ourBranch(threadId);
  const standsAt = await branchOid(contents, branch);
  const baseOid = standsAt ?? (await branchOid(contents, defaultBranch));
  return baseOid === null
    ? { refused: "This repository has no commit to begin with." }
    : { branch, draftTo: defaultBranch, baseOid, isNewBranch: standsAt === null, guidesBranch: defaultBranch };
}

async function ofPullRequest(number: number, place: Place, reads: RepositoryReads): Promise<Found> {
  const pull = await reads.calls({ pull_requests: "read" }).gh("GET /repos/{owner}/{repo}/pulls/{pull_number}", {
    pull_number: number,
  });
  if (pull.state !== "open") return { refused: "This pull request is closed." };
  const { head, base } = pull;
  if (head.repo?.id !== reads.place.repositoryId) return ofFork({ headOid: head.sha, draftTo: base.ref }, place, reads);
  // The pull request hears of a push a little later than the branch.
  const baseOid = await branchOid(reads.calls({ contents: "read" }), head.ref);
  return baseOid === null
    ? { refused: "The branch of this pull request is gone." }
    : { branch: head.ref, draftTo: null, baseOid, isNewBranch: false, guidesBranch: base.ref };
}

/** Nobody gave us a right to write to the fork: what is not suggested there lands on a branch of ours, on the fork's commits. */
async function ofFork(
  { headOid, draftTo }: { headOid: string; draftTo: string },
  { threadId }: Place,
  { calls }: RepositoryReads,
): Promise<Found> {
  const contents = calls({ contents: "read" });
  const branch = ourBranch(threadId);
  const ours = { branch, draftTo, guidesBranch: draftTo };
  const standsAt = await branchOid(contents, branch);
  if (standsAt !== null) return { ...ours, baseOid: standsAt, isNewBranch: false };
  const commit = await orNull(contents.gh("GET /repos/{owner}/{repo}/git/commits/{commit_sha}", { commit_sha: headOid }));
  return commit === null
    ? { refused: "The commits of the fork that this pull request comes from cannot be read from this repository." }
    : { ...ours, baseOid: headOid, isNewBranch: true };
}

function ourBranch(threadId: string): string {
  return `spindle/${threadId}`;
}

/** Where the guides' branch stands now; null where there is none, for no turn is told the guides of what it changes instead. */
export function guidesOidOf({ guidesBranch }: Target, { calls }: RepositoryReads): Promise<string | null> {
  return branchOid(calls({ contents: "read" }), guidesBranch);
}

export const noGuides = "The branch that these changes are for is gone.";
