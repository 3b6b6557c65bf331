/**
 * The commit that lands is exactly the approved changes on exactly the approved base, or there is none. By GraphQL, which compares and
 * moves the branch in one step and which GitHub signs; by the Git Data API where file modes or sizes are beyond it.
 */
import * as z from "zod";
import { githubApiLimits } from "#core/limits";
import type { CommitChange, EffectResult } from "#github/effect";
import { GitHubError } from "#github/failure";
import type { GitHubCalls } from "#github/installation";
import { branchOid } from "#github/perform/branches";
import type { ActionOf, Performance } from "#github/perform/performance";
import { fileMode } from "#workspace/change";

type CommitAction = ActionOf<"commit">;

export async function commit(action: CommitAction, performance: Performance): Promise<EffectResult> {
  const calls = performance.calls({ contents: "write" });
  try {
    await requireBase(calls, action);
    const oid = isForGraphql(action.changes, performance)
      ? await commitByGraphql(calls, action, performance)
      : await commitByGitData(calls, action, performance);
    return { type: "commit", oid };
  } catch (error) {
    const isStale = error instanceof GitHubError && error.failure.type === "conflict";
    // What moved the branch may have been an earlier attempt of ours.
    const landed = isStale && performance.isUncertain ? await findLanded(calls, action, performance) : null;
    if (landed === null) throw error;
    return { type: "commit", oid: landed };
  }
}

async function requireBase(calls: GitHubCalls, { branch, baseOid }: CommitAction): Promise<void> {
  const standsAt = await branchOid(calls, branch);
  if (standsAt === null) throw new GitHubError("commit", { type: "notFound" });
  if (standsAt !== baseOid) throw new GitHubError("commit", { type: "conflict", message: `${branch} stands at ${standsAt}` });
}

/** Exported for the test's validation against GitHub's schema. */
export const createCommitMutation = `mutation CreateCommit($input: CreateCommitOnBranchInput!) {
  createCommitOnBranch(input: $input) { commit { oid } }
}`;

const createCommitResult = z.object({ createCommitOnBranch: z.object({ commit: z.object({ oid: z.string() }) }) });

/** It knows no modes, and everything is one JSON text. */
function isForGraphql(changes: CommitChange[], { blob }: Performance): boolean {
  const sides = changes.flatMap(({ before, after }) => [before, after]).filter((side) => side !== null);
  if (sides.some(({ mode }) => mode !== fileMode.plain)) return false;
  const bytes = changes.reduce((sum, { after }) => sum + (after === null ? 0 : blob(after.oid).length), 0);
  return bytes <= githubApiLimits.graphqlCommitBytesMax;
}

async function commitByGraphql(calls: GitHubCalls, action: CommitAction, performance: Performance): Promise<string> {
  const { branch, baseOid, changes } = action;
  const { owner, repo } = calls.place;
  const additions = changes.flatMap(({ path, after }) =>
    after === null ? [] : [{ path, contents: base64(performance.blob(after.oid)) }],
  );
  const deletions = changes.flatMap(({ path, after }) => (after === null ? [{ path }] : []));
  const input = {
    branch: { repositoryNameWithOwner: `${owner}/${repo}`, branchName: branch },
    expectedHeadOid: baseOid,
    message: { headline: action.headline, body: bodyOf(action, performance.id) },
    fileChanges: { additions, deletions },
  };
  const data = createCommitResult.safeParse(await calls.graphql("createCommitOnBranch", createCommitMutation, { input }));
  // It may have happened; the next attempt finds out.
  if (!data.success) throw new GitHubError("createCommitOnBranch", { type: "unavailable", reason: "no commit in the answer" });
  return data.data.createCommitOnBranch.commit.oid;
}

/** Blobs, trees and commits are found by nobody until the branch names them; only the last step is an effect. */
async function commitByGitData(calls: GitHubCalls, action: CommitAction, performance: Performance): Promise<string> {
  const { branch, baseOid } = action;
  const tree = await makeTree(calls, action, performance);
  const made = await calls.gh("POST /repos/{owner}/{repo}/git/commits", {
    message: `${action.headline}\n\n${bodyOf(action, performance.id)}`,
    tree,
    parents: [baseOid],
  });
  performance.saveProgress(made.sha);
  // Without force a branch goes forward only; that it went back meanwhile is what this look would see.
  await requireBase(calls, action);
  try {
    await calls.gh("PATCH /repos/{owner}/{repo}/git/refs/{ref}", { ref: `heads/${branch}`, sha: made.sha, force: false });
  } catch (error) {
    if (!(error instanceof GitHubError) || error.failure.type !== "unprocessable") throw error;
    throw new GitHubError("commit", { type: "conflict", message: error.failure.message });
  }
  return made.sha;
}

/** The id of the base's tree with the changes. Making it twice makes the same. */
async function makeTree(calls: GitHubCalls, { baseOid, changes }: CommitAction, { blob }: Performance): Promise<string> {
  const base = await calls.gh("GET /repos/{owner}/{repo}/git/commits/{commit_sha}", { commit_sha: baseOid });
  const tree: { path: string; mode: TreeMode; type: "blob"; sha: string | null }[] = [];
  for (const { path, before, after } of changes) {
    if (after !== null) {
      const made = await calls.gh("POST /repos/{owner}/{repo}/git/blobs", {
        content: base64(blob(after.oid)),
        encoding: "base64",
      });
      if (made.sha !== after.oid) throw new GitHubError("commit", { type: "unexpected", reason: `${path} became ${made.sha}` });
    }
    tree.push({ path, mode: treeMode(after?.mode ?? before?.mode ?? fileMode.plain), type: "blob", sha: after?.oid ?? null });
  }
  const made = await calls.gh("POST /repos/{owner}/{repo}/git/trees", { base_tree: base.tree.sha, tree });
  return made.sha;
}

type TreeMode = "100644" | "100755" | "120000";

function treeMode(mode: number): TreeMode {
  const text = mode.toString(8);
  if (text === "100644" || text === "100755" || text === "120000") return text;
  throw new Error(`no file has the mode ${text}`);
}

/**
 * An attempt whose answer was lost may have landed, and others may have pushed since. Ours has the effect's id in its message, which
 * somebody could copy, so that it also has to stand on the base and have the very tree.
 */
async function findLanded(calls: GitHubCalls, action: CommitAction, performance: Performance): Promise<string | null> {
  const commits = await calls.gh("GET /repos/{owner}/{repo}/commits", {
    sha: action.branch,
    per_page: githubApiLimits.commitsSearchedMax,
  });
  const candidates = commits.filter(
    ({ sha, commit, parents }) =>
      (sha === performance.progress || commit.message.includes(trailerOf(performance.id))) &&
      parents.length === 1 &&
      parents[0]?.sha === action.baseOid,
  );
  if (candidates.length === 0) return null;
  const tree = await makeTree(calls, action, performance);
  return candidates.find(({ commit }) => commit.tree.sha === tree)?.sha ?? null;
}

function bodyOf({ body }: CommitAction, id: string): string {
  return `${body === "" ? "" : `${body}\n\n`}${trailerOf(id)}`;
}

function trailerOf(id: string): string {
  return `Spindle-Effect: ${id}`;
}

function base64(bytes: Uint8Array): string {
  let text = "";
  // In pieces: an argument list has a limit.
  for (let start = 0; start < bytes.length; start += 8_192) text += String.fromCharCode(...bytes.subarray(start, start + 8_192));
  return btoa(text);
}
