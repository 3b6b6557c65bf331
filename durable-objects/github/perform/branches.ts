/** Branches and pull requests. GitHub has each of them once, and says so when it is there. */
import type { EffectResult } from "#github/effect";
import { GitHubError, orNull } from "#github/failure";
import type { GitHubCalls } from "#github/installation";
import { type ActionOf, isByUs, type Performance } from "#github/perform/performance";

/** A branch of that name at another commit is somebody else's: a conflict. */
export async function createBranch({ branch, oid }: ActionOf<"createBranch">, performance: Performance): Promise<EffectResult> {
  const calls = performance.calls({ contents: "write" });
  try {
    await calls.gh("POST /repos/{owner}/{repo}/git/refs", { ref: `refs/heads/${branch}`, sha: oid });
  } catch (error) {
    if (!(error instanceof GitHubError) || error.failure.type !== "unprocessable") throw error;
    const standsAt = await branchOid(calls, branch);
    if (standsAt === null) throw error;
    if (standsAt !== oid) throw new GitHubError("createBranch", { type: "conflict", message: `${branch} stands at ${standsAt}` });
  }
  return { type: "nothing" };
}

/** Where a branch stands; null when there is none. */
export async function branchOid(calls: GitHubCalls, branch: string): Promise<string | null> {
  const ref = await orNull(calls.gh("GET /repos/{owner}/{repo}/git/ref/{ref}", { ref: `heads/${branch}` }));
  return ref?.object.sha ?? null;
}

/** One that is there already, open or closed, is ours if our App opened it: people may close what they do not want. */
export async function openPullRequest(action: ActionOf<"openPullRequest">, performance: Performance): Promise<EffectResult> {
  const calls = performance.calls({ pull_requests: "write" });
  const { head, base, title, body } = action;
  const found = performance.isUncertain ? await findOurs(calls, { head, base }, performance) : null;
  if (found) return found;
  try {
    return await open(calls, { head, base, title, body, draft: true });
  } catch (error) {
    if (!(error instanceof GitHubError) || error.failure.type !== "unprocessable") throw error;
    // Private repositories of some plans have no drafts.
    if (/draft/i.test(error.failure.message)) return open(calls, { head, base, title, body });
    const ours = await findOurs(calls, { head, base }, performance);
    if (ours === null) throw error;
    return ours;
  }
}

/** Exported for the test's validation against GitHub's schema. */
export const markReadyMutation = `mutation MarkReady($input: MarkPullRequestReadyForReviewInput!) {
  markPullRequestReadyForReview(input: $input) { pullRequest { isDraft } }
}`;

/** REST has no words for it. One that somebody marked before us is ready too. */
export async function markReady({ number, headOid }: ActionOf<"markReady">, performance: Performance): Promise<EffectResult> {
  const calls = performance.calls({ contents: "write", pull_requests: "write" });
  const pull = await calls.gh("GET /repos/{owner}/{repo}/pulls/{pull_number}", { pull_number: number });
  if (pull.head.sha !== headOid)
    throw new GitHubError("markReady", { type: "conflict", message: `its head is ${pull.head.sha}` });
  if (pull.draft) await calls.graphql("markReady", markReadyMutation, { input: { pullRequestId: pull.node_id } });
  return { type: "nothing" };
}

interface OpenParams {
  head: string;
  base: string;
  title: string;
  body: string;
  draft?: boolean;
}

async function open(calls: GitHubCalls, params: OpenParams): Promise<EffectResult> {
  const { number, html_url } = await calls.gh("POST /repos/{owner}/{repo}/pulls", params);
  return { type: "pullRequest", number, url: html_url };
}

async function findOurs(
  calls: GitHubCalls,
  { head, base }: { head: string; base: string },
  { app }: Performance,
): Promise<EffectResult | null> {
  const params = { head: `${calls.place.owner}:${head}`, base, state: "all", per_page: 100 } as const;
  const pulls = await calls.gh("GET /repos/{owner}/{repo}/pulls", params);
  const ours = pulls.find((pull) => pull.head.ref === head && isByUs(pull, app));
  return ours ? { type: "pullRequest", number: ours.number, url: ours.html_url } : null;
}
