/** What the emulator does not have, made of what it has or of a small memory, as GitHub's documentation describes it. */
import { answerPulls, type Review } from "./missing-pulls.ts";
import type { Asked } from "./schema-gate.ts";
import { people, repositoryName } from "./stage.ts";

export interface DeliveryAttempt {
  id: number;
  guid: string;
  delivered_at: string;
  status_code: number;
  event: string;
}

export interface Missing {
  emulatorUrl: string;
  revoked: Set<string>;
  minted: Set<string>;
  reactions: { target: string; content: string }[];
  reviews: Review[];
  deliveries: DeliveryAttempt[];
  /** The ids of deliveries that were asked for again. */
  askedAgain: number[];
}

export function newMissing(emulatorUrl: string): Missing {
  return { emulatorUrl, revoked: new Set(), minted: new Set(), reactions: [], reviews: [], deliveries: [], askedAgain: [] };
}

/** Null when the emulator shall answer. */
export async function answerMissing(missing: Missing, asked: Asked, headers: Headers): Promise<Response | null> {
  const { pathname } = new URL(asked.path, "https://github.test");
  const token = (headers.get("authorization") ?? "").replace(/^Bearer /, "");
  if (token === "" || missing.revoked.has(token)) return json(401, { message: "Bad credentials" });
  if (asked.method === "DELETE" && pathname === "/installation/token") {
    missing.revoked.add(token);
    return new Response(null, { status: 204 });
  }
  if (/\/access_tokens$/.test(pathname)) return mint(missing, asked, headers);
  if (/\/reactions$/.test(pathname)) return react(missing, pathname, asked.body);
  if (pathname === "/app/hook/deliveries") return json(200, missing.deliveries.map(described));
  const again = /^\/app\/hook\/deliveries\/(\d+)\/attempts$/.exec(pathname);
  if (again) {
    missing.askedAgain.push(Number(again[1]));
    return json(202, {});
  }
  if (/\/collaborators\/[^/]+\/permission$/.test(pathname)) return permission(missing, asked, headers);
  if (pathname === "/graphql") {
    return asked.body?.includes("markPullRequestReadyForReview")
      ? markReady(missing, asked.body, token)
      : createCommit(missing, asked.body, token);
  }
  if (asked.method === "GET" && /\/pulls\/\d+$/.test(pathname)) return pullRequest(missing, pathname, headers);
  if (asked.method === "POST" && /\/git\/trees$/.test(pathname)) {
    const repository = pathname.replace(/^\/repos\/|\/git\/trees$/g, "");
    return json(201, await makeTree(gitOf(missing, repository, token), JSON.parse(asked.body ?? "{}") as object));
  }
  return answerPulls({ ...missing, authorization: headers.get("authorization") ?? "" }, asked);
}

/** The coarse field knows four words; the emulator says there what teams are given. */
async function permission({ emulatorUrl }: Missing, { path }: Asked, headers: Headers): Promise<Response> {
  const response = await fetch(`${emulatorUrl}${path}`, { headers: { authorization: headers.get("authorization") ?? "" } });
  if (!response.ok) return response;
  const answer = (await response.json()) as { permission: string };
  const words: Record<string, string> = { push: "write", maintain: "write", pull: "read", triage: "read" };
  return json(200, { ...answer, permission: words[answer.permission] ?? answer.permission });
}

/** Where its branch stands now; the emulator says where it stood when the pull request was opened. */
async function pullRequest({ emulatorUrl }: Missing, path: string, headers: Headers): Promise<Response> {
  const authorization = headers.get("authorization") ?? "";
  const response = await fetch(`${emulatorUrl}${path}`, { headers: { authorization } });
  if (!response.ok) return response;
  const pull = (await response.json()) as { head: { ref: string; sha: string; repo: { full_name: string } | null } };
  if (pull.head.repo === null) return json(200, pull);
  // What a pull request says is asked with no right to read contents.
  const git = gitOf({ emulatorUrl }, pull.head.repo.full_name, `token-of-${people.owner}`);
  const { object } = await git<{ object: { sha: string } }>("GET", `ref/heads/${pull.head.ref}`);
  return json(200, { ...pull, head: { ...pull.head, sha: object.sha } });
}

/** `markPullRequestReadyForReview` over the emulator's REST, which takes `draft` where GitHub does not. */
async function markReady({ emulatorUrl }: Missing, body: string, token: string): Promise<Response> {
  const { pullRequestId } = (JSON.parse(body) as { variables: { input: { pullRequestId: string } } }).variables.input;
  const pulls = `${emulatorUrl}/repos/${repositoryName.owner}/${repositoryName.repo}/pulls`;
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const all = (await (await fetch(`${pulls}?state=all&per_page=100`, { headers })).json()) as {
    number: number;
    node_id: string;
  }[];
  const pull = all.find(({ node_id }) => node_id === pullRequestId);
  if (!pull) return json(200, { data: null, errors: [{ type: "NOT_FOUND", message: "no such node" }] });
  const changed = await fetch(`${pulls}/${pull.number}`, { method: "PATCH", headers, body: JSON.stringify({ draft: false }) });
  if (!changed.ok) throw new Error(`${changed.status} ${await changed.text()}`);
  return json(200, { data: { markPullRequestReadyForReview: { pullRequest: { isDraft: false } } } });
}

/** Only to know afterwards which tokens there were. */
async function mint(missing: Missing, asked: Asked, headers: Headers): Promise<Response> {
  const response = await fetch(`${missing.emulatorUrl}${asked.path}`, {
    method: "POST",
    headers: { authorization: headers.get("authorization") ?? "", "content-type": "application/json" },
    body: asked.body,
  });
  const text = await response.text();
  if (response.ok) missing.minted.add((JSON.parse(text) as { token: string }).token);
  return new Response(text, { status: response.status });
}

/** The same reaction of the same user is one: 200 the second time. */
function react(missing: Missing, target: string, body: string | null): Response {
  const { content } = JSON.parse(body ?? "{}") as { content: string };
  const isKnown = missing.reactions.some((one) => one.target === target && one.content === content);
  if (!isKnown) missing.reactions.push({ target, content });
  return json(isKnown ? 200 : 201, {
    id: missing.reactions.length,
    node_id: "",
    user: null,
    content,
    created_at: "2026-01-01T00:00:00Z",
  });
}

function described(attempt: DeliveryAttempt): object {
  return {
    ...attempt,
    redelivery: false,
    duration: 0.1,
    status: attempt.status_code < 300 ? "OK" : "failed",
    action: null,
    installation_id: null,
    repository_id: null,
  };
}

interface CreateCommitInput {
  branch: { repositoryNameWithOwner: string; branchName: string };
  expectedHeadOid: string;
  message: { headline: string; body?: string };
  fileChanges: { additions: { path: string; contents: string }[]; deletions: { path: string }[] };
}

/** `createCommitOnBranch` over the emulator's Git Data API: the comparison, the tree and the move are the emulator's. */
async function createCommit({ emulatorUrl }: Missing, body: string | null, token: string): Promise<Response> {
  const { variables } = JSON.parse(body ?? "{}") as { variables: { input: CreateCommitInput } };
  const { branch, expectedHeadOid, message, fileChanges } = variables.input;
  const git = gitOf({ emulatorUrl }, branch.repositoryNameWithOwner, token);
  const head = await git<{ object: { sha: string } }>("GET", `ref/heads/${branch.branchName}`);
  if (head.object.sha !== expectedHeadOid) {
    const text = `Expected branch to point to "${expectedHeadOid}" but it points to "${head.object.sha}".`;
    return json(200, { data: { createCommitOnBranch: null }, errors: [{ type: "STALE_DATA", message: text }] });
  }
  const base = await git<{ tree: { sha: string } }>("GET", `commits/${expectedHeadOid}`);
  const tree: object[] = [];
  for (const { path, contents } of fileChanges.additions) {
    const blob = await git<{ sha: string }>("POST", "blobs", { content: contents, encoding: "base64" });
    tree.push({ path, mode: "100644", type: "blob", sha: blob.sha });
  }
  for (const { path } of fileChanges.deletions) tree.push({ path, mode: "100644", type: "blob", sha: null });
  const made = await makeTree(git, { base_tree: base.tree.sha, tree });
  const text = message.body ? `${message.headline}\n\n${message.body}` : message.headline;
  const commit = await git<{ sha: string }>("POST", "commits", { message: text, tree: made.sha, parents: [expectedHeadOid] });
  await git("PATCH", `refs/heads/${branch.branchName}`, { sha: commit.sha, force: false });
  return json(200, { data: { createCommitOnBranch: { commit: { oid: commit.sha } } } });
}

type Git = <Result>(method: string, path: string, content?: object) => Promise<Result>;

/** The emulator's Git Data API of one repository. */
function gitOf({ emulatorUrl }: Pick<Missing, "emulatorUrl">, repository: string, token: string): Git {
  return async (method, path, content) => {
    const response = await fetch(`${emulatorUrl}/repos/${repository}/git/${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      body: content === undefined ? null : JSON.stringify(content),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as never;
  };
}

const emptyTree = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/** A folder whose last file goes, goes too, as in every index of git; the emulator would keep it. */
async function makeTree(git: Git, content: object): Promise<{ sha: string }> {
  for (let made = await git<{ sha: string }>("POST", "trees", content); ; ) {
    const { tree } = await git<{ tree: { path: string; sha: string }[] }>("GET", `trees/${made.sha}?recursive=1`);
    const empty = tree.filter(({ sha }) => sha === emptyTree);
    if (empty.length === 0) return made;
    const gone = empty.map(({ path }) => ({ path, mode: "040000", type: "tree", sha: null }));
    made = await git("POST", "trees", { base_tree: made.sha, tree: gone });
  }
}

function json(status: number, body: object): Response {
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
}
