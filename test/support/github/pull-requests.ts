/** What people do with pull requests at the emulator, and what GitHub's webhooks say of it and the emulator's leave out. */
import { withHead } from "./missing-pulls.ts";
import { people, repositoryName, type Stage } from "./stage.ts";

const base = `${repositoryName.owner}/${repositoryName.repo}`;

export interface Commit {
  /** Example: `acme/widgets` */
  repository?: string;
  login?: string;
  branch: string;
  /** Null: the file goes. */
  files: Record<string, string | null>;
}

/** One commit upon the branch, which begins at `main` where it is not there. Its id. */
export async function push(stage: Stage, { repository = base, login = people.writer, branch, files }: Commit): Promise<string> {
  const git = gitOf(stage, { repository, login });
  const head = await git<{ object?: { sha: string } }>("GET", `ref/heads/${branch}`);
  const parent = head.object?.sha ?? (await git<{ object: { sha: string } }>("GET", "ref/heads/main")).object.sha;
  const oid = await commit(git, { parent, files });
  if (head.object) await git("PATCH", `refs/heads/${branch}`, { sha: oid });
  else await git("POST", "refs", { ref: `refs/heads/${branch}`, sha: oid });
  return oid;
}

/** A pull request of a branch of the repository itself. */
export async function openPull(stage: Stage, { branch, files }: Pick<Commit, "branch" | "files">): Promise<number> {
  await push(stage, { branch, files });
  return newPull(stage, branch);
}

async function newPull(stage: Stage, head: string): Promise<number> {
  const made = await stage.as(people.writer, "POST", `/repos/${base}/pulls`, { title: "A change", head, base: "main", body: "" });
  if (!made.ok) throw new Error(`${made.status} ${await made.text()}`);
  return ((await made.json()) as { number: number }).number;
}

/** A pull request of somebody's fork, who may not write here. A fork's commits can be read in what it was forked from. */
export async function openForkPull(
  stage: Stage,
  { branch, files }: Pick<Commit, "branch" | "files">,
): Promise<{ number: number; oid: string }> {
  const fork = `${people.stranger}/${repositoryName.repo}`;
  await stage.as(people.stranger, "POST", `/repos/${base}/forks`, {});
  const own = gitOf(stage, { repository: base, login: people.writer });
  const theirs = gitOf(stage, { repository: fork, login: people.stranger });
  const { object } = await own<{ object: { sha: string } }>("GET", "ref/heads/main");
  await copy({ from: own, to: theirs }, object.sha);
  const oid = await commit(theirs, { parent: object.sha, files });
  await theirs("POST", "refs", { ref: `refs/heads/${branch}`, sha: oid });
  await copy({ from: theirs, to: own }, oid);
  return { number: await newPull(stage, `${people.stranger}:${branch}`), oid };
}

/** Somebody pushes to the fork. */
export async function pushToFork(stage: Stage, { branch, files }: Pick<Commit, "branch" | "files">): Promise<string> {
  const oid = await push(stage, {
    repository: `${people.stranger}/${repositoryName.repo}`,
    login: people.stranger,
    branch,
    files,
  });
  const theirs = gitOf(stage, { repository: `${people.stranger}/${repositoryName.repo}`, login: people.stranger });
  await copy({ from: theirs, to: gitOf(stage, { repository: base, login: people.writer }) }, oid);
  return oid;
}

type Git = <Found>(method: string, path: string, body?: object) => Promise<Found>;

function gitOf(stage: Stage, { repository, login }: { repository: string; login: string }): Git {
  return async (method, path, body) => {
    const answer = await stage.as(login, method, `/repos/${repository}/git/${path}`, body);
    if (!answer.ok && answer.status !== 404) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as never;
  };
}

async function commit(git: Git, { parent, files }: { parent: string; files: Commit["files"] }): Promise<string> {
  const before = await git<{ tree: { sha: string } }>("GET", `commits/${parent}`);
  const tree: object[] = [];
  for (const [path, text] of Object.entries(files)) {
    const blob = text === null ? null : await git<{ sha: string }>("POST", "blobs", { content: text, encoding: "utf-8" });
    tree.push({ path, mode: "100644", type: "blob", sha: blob?.sha ?? null });
  }
  const made = await git<{ sha: string }>("POST", "trees", { base_tree: before.tree.sha, tree });
  return (await git<{ sha: string }>("POST", "commits", { message: "By a person", tree: made.sha, parents: [parent] })).sha;
}

/** A commit and all it holds, with the ids they have. */
async function copy({ from, to }: { from: Git; to: Git }, oid: string): Promise<void> {
  if ((await to<{ sha?: string }>("GET", `commits/${oid}`)).sha === oid) return;
  const { tree, parents, message, author, committer } = await from<{
    tree: { sha: string };
    parents: { sha: string }[];
    message: string;
    author: object;
    committer: object;
  }>("GET", `commits/${oid}`);
  for (const { sha } of parents) await copy({ from, to }, sha);
  const listing = await from<{ tree: { path: string; mode: string; type: string; sha: string }[] }>(
    "GET",
    `trees/${tree.sha}?recursive=1`,
  );
  const files = listing.tree.filter(({ type }) => type === "blob");
  for (const { sha } of files) {
    const { content } = await from<{ content: string }>("GET", `blobs/${sha}`);
    await to("POST", "blobs", { content, encoding: "base64" });
  }
  const entries = files.map(({ path, mode, type, sha }) => ({ path, mode, type, sha }));
  const made = await to<{ sha: string }>("POST", "trees", { tree: entries });
  const copied = await to<{ sha: string }>("POST", "commits", {
    message,
    author,
    committer,
    tree: made.sha,
    parents: parents.map(({ sha }) => sha),
  });
  if (copied.sha !== oid) throw new Error(`${oid} became ${copied.sha}`);
}

export interface Told {
  event: string;
  body: string;
}

interface PullPayload {
  number: number;
  state: string;
  head: { ref: string; sha: string; repo: { id: number; full_name: string } };
  base: { ref: string; sha: string; repo: { id: number; full_name: string } };
}

/**
 * A webhook of the emulator as GitHub writes it; a push to a pull request's branch is told of a second time, as its own event. The
 * emulator counts requests, so that only what is needed is asked.
 */
export async function asGitHubTells(stage: Stage, { event, body }: Told): Promise<Told[]> {
  const payload = JSON.parse(body) as { issue?: { number: number }; pull_request?: PullPayload; ref?: string; after?: string };
  if (event === "issue_comment") {
    const pull = await stage.as(people.writer, "GET", `/repos/${base}/pulls/${payload.issue?.number}`);
    const issue = { ...payload.issue, ...(pull.ok ? { pull_request: {} } : {}) };
    return [{ event, body: JSON.stringify({ ...payload, issue }) }];
  }
  if (payload.pull_request) {
    const pull_request = await withHead({ emulatorUrl: stage.url }, payload.pull_request);
    return [{ event, body: JSON.stringify({ ...payload, pull_request }) }];
  }
  if (event !== "push") return [{ event, body }];
  const moved = (await pullsOf(stage)).filter(({ head, state }) => state === "open" && isBranch(head, payload.ref ?? ""));
  const told = moved.map((pull) => synchronized(payload, { ...pull, head: { ...pull.head, sha: payload.after ?? "" } }));
  return [{ event, body }, ...told];
}

/** What GitHub tells of a push to a fork, of which the emulator tells nothing. `like`: another webhook of the repository. */
export async function forkWasPushed(stage: Stage, number: number, like: string): Promise<Told[]> {
  const pulls = await pullsOf(stage);
  const moved = pulls.filter((pull) => pull.number === number).map((pull) => withHead({ emulatorUrl: stage.url }, pull));
  return (await Promise.all(moved)).map((pull) => synchronized(JSON.parse(like) as object, pull));
}

function isBranch({ ref, repo }: PullPayload["head"], pushed: string): boolean {
  return repo.full_name === base && pushed === `refs/heads/${ref}`;
}

function synchronized(payload: object, pull_request: PullPayload): Told {
  const { repository, sender, installation } = payload as Record<string, unknown>;
  const body = { action: "synchronize", number: pull_request.number, pull_request, repository, sender, installation };
  return { event: "pull_request", body: JSON.stringify(body) };
}

async function pullsOf(stage: Stage): Promise<PullPayload[]> {
  const found = await stage.as(people.writer, "GET", `/repos/${base}/pulls?state=all&per_page=100`);
  if (!found.ok) throw new Error(`${found.status} ${await found.text()}`);
  return (await found.json()) as PullPayload[];
}
