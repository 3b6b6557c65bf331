/** Where the changes of a conversation land, and the commit that they are made on. */

import type { RepositoryReads } from "#github/consequences";
import type { Conversation } from "#github/effect";
import { branchOid } from "#github/perform/branches";

export interface Target {
  branch: string;
  /** Where our draft pull request goes to; null where the branch is a pull request's own. */
  draftTo: string | null;
  /** Where the branch stands, or shall begin. */
  baseOid: string;
  /** The branch whose AGENTS.md instruct the model: not the one that is being changed. */
  guidesBranch: string;
}

/** Read from GitHub, not from what a webhook said: between the two somebody may have pushed. */
export async function targetOf(
  { number, isPullRequest }: Conversation,
  { threadId, defaultBranch }: { threadId: string; defaultBranch: string },
  { calls, place }: RepositoryReads,
): Promise<Target | { refused: string }> {
  if (isPullRequest) {
    const pull = await calls({ pull_requests: "read" }).gh("GET /repos/{owner}/{repo}/pulls/{pull_number}", {
      pull_number: number,
    });
    if (pull.state !== "open") return { refused: "This pull request is closed." };
    if (pull.head.repo?.id !== place.repositoryId) {
      return { refused: "Spindle may not write to the fork that this pull request comes from." };
    }
    return { branch: pull.head.ref, draftTo: null, baseOid: pull.head.sha, guidesBranch: pull.base.ref };
  }
  const contents = calls({ contents: "read" });
  const branch = `spindle/${threadId}`;
  const baseOid = (await branchOid(contents, branch)) ?? (await branchOid(contents, defaultBranch));
  return baseOid === null
    ? { refused: "This repository has no commit to begin with." }
    : { branch, draftTo: defaultBranch, baseOid, guidesBranch: defaultBranch };
}

/** Where the guides' branch stands now; null where there is none, for no turn is told the guides of what it changes instead. */
export function guidesOidOf({ guidesBranch }: Target, { calls }: RepositoryReads): Promise<string | null> {
  return branchOid(calls({ contents: "read" }), guidesBranch);
}

export const noGuides = "The branch that these changes are for is gone.";
