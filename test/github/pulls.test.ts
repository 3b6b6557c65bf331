/** Pull requests: what may be approved of a diff when the branch, the pull request, or whose it is have changed. */
import { randomUUID } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import { shownLinesOf } from "#core/github/shown-lines";
import { githubTextLimits } from "#core/limits";
import type { ThreadCall } from "#github/effect";
import type { Person, RepositoryEvent } from "#github/event";
import { ofEvent } from "#github/follow/of-event";
import { ofFrames } from "#github/follow/of-frames";
import { ofOutcome } from "#github/follow/of-outcome";
import type { AskedProposal } from "#thread/asked-proposal";
import { blobHash } from "#workspace/blob";
import { changesHash } from "#workspace/proposal";
import { openForkPull, openPull, push, pushToFork } from "../support/github/pull-requests.ts";
import { commentEvent, deliver, openWorld, privateKey, type World } from "../support/github/repository.ts";
import { openStage, people, type Stage } from "../support/github/stage.ts";

const stages: Stage[] = [];
afterEach(async () => {
  for (const stage of stages.splice(0)) {
    expect(stage.problems).toEqual([]);
    await stage.close();
  }
});

/** A repository whose threads are told what they say by the test. */
interface Scene {
  stage: Stage;
  world: World;
  writer: Person;
  calls: { threadId: string; call: ThreadCall }[];
  asked: Map<string, AskedProposal>;
}

async function openScene(): Promise<Scene> {
  const stage = await openStage({ privateKey });
  stages.push(stage);
  const { id } = (await (await stage.as(people.owner, "GET", `/users/${people.writer}`)).json()) as { id: number };
  const calls: Scene["calls"] = [];
  const asked: Scene["asked"] = new Map();
  const world = openWorld(stage, {
    consequences: { ofEvent, ofFrames, ofOutcome },
    thread: {
      callThread: async (threadId, call) => {
        calls.push({ threadId, call });
        return { text: null };
      },
      readProposal: async (_, requestId) => asked.get(requestId) ?? null,
    },
  });
  return { stage, world, calls, asked, writer: { id, login: people.writer, type: "User" } };
}

let said = 0;

async function happens(scene: Scene, event: RepositoryEvent): Promise<void> {
  deliver(scene.world, event);
  await scene.world.settle();
}

function comment(
  scene: Scene,
  number: number,
  body: string,
  isPullRequest = true,
): Extract<RepositoryEvent, { type: "commentCreated" }> {
  const event = commentEvent(scene.stage, { number, body, id: ++said });
  if (event.type !== "commentCreated") throw new Error("a comment");
  const at = new Date(Date.parse("2026-11-01T10:00:00Z") + said * 1_000).toISOString();
  return {
    ...event,
    sender: scene.writer,
    issue: { ...event.issue, isPullRequest, updatedAt: at },
    comment: { ...event.comment, author: scene.writer },
  };
}

const say = (scene: Scene, number: number, body: string, isPullRequest = true) =>
  happens(scene, comment(scene, number, body, isPullRequest));

/** What a webhook says of a pull request or issue that changed. */
function changed(
  scene: Scene,
  number: number,
  action: "synchronize" | "closed" | "reopened",
  isPullRequest = true,
): RepositoryEvent {
  const { issue, comment: _, type: __, ...common } = comment(scene, number, "", isPullRequest);
  const facts = { ...issue, isOpen: action !== "closed" };
  const head = { ref: "", oid: randomUUID(), repositoryId: null };
  if (action === "synchronize" || isPullRequest) {
    const pullRequest = { ...facts, isDraft: false, head, base: { ref: "main", oid: "" } };
    return { ...common, type: "pullRequestChanged", action, pullRequest, label: "", assignee: null };
  }
  return { ...common, type: "issueChanged", action, issue: facts, label: "", assignee: null };
}

async function button(scene: Scene, mark: "ok" | "no"): Promise<RepositoryEvent> {
  const { issue: _, comment: __, type: ___, ...common } = comment(scene, 0, "");
  const made = scene.stage.heard.findLast(({ method, path }) => method === "POST" && path.endsWith("/check-runs"));
  const { head_sha: headOid, external_id: externalId } = JSON.parse(made?.body ?? "{}") as {
    head_sha: string;
    external_id: string;
  };
  const checkRun = { id: ++said, name: "Spindle", headOid, externalId };
  const identifier = `${mark}:${externalId.slice(0, 16)}`;
  return { ...common, type: "checkRunRequested", action: "requested_action", checkRun, identifier };
}

interface Turn {
  threadId: string;
  id: string;
  seq: number;
}

/** The thread says that the turn that was asked for last has begun. */
async function begun(scene: Scene): Promise<Turn> {
  const last = begins(scene).at(-1);
  if (!last) throw new Error("nobody asked for a turn");
  const turn = { threadId: last.threadId, id: randomUUID(), seq: (seqs.get(scene)?.get(last.threadId) ?? 0) as number };
  await tell(scene, turn, [
    { method: "turn/started", params: { turn: { id: turn.id } } },
    { method: "item/completed", params: { item: { type: "userMessage", clientId: last.call.key } } },
  ]);
  return turn;
}

function begins({ calls }: Scene) {
  return calls.flatMap(({ threadId, call }) => (call.type === "begin" ? [{ threadId, call }] : []));
}

const answered = ({ calls }: Scene) => calls.flatMap(({ call }) => (call.type === "respond" ? [call.result] : []));

const seqs = new WeakMap<Scene, Map<string, number>>();

async function tell(scene: Scene, turn: Turn, frames: object[]): Promise<void> {
  const known = seqs.get(scene) ?? new Map<string, number>();
  seqs.set(scene, known);
  const after = known.get(turn.threadId) ?? 0;
  const numbered = frames.map((frame, index) => ({ seq: after + index + 1, text: JSON.stringify(frame) }));
  known.set(turn.threadId, after + frames.length);
  await scene.world.repository.deliver({ threadId: turn.threadId, after, frames: numbered } as never);
  await scene.world.settle();
}

/** A diff that waits for a yes. */
async function propose(scene: Scene, turn: Turn, files: Record<string, [before: string | null, after: string]>): Promise<string> {
  const requestId = randomUUID();
  const bytes = (text: string) => new TextEncoder().encode(text);
  const side = (text: string | null) =>
    text === null ? null : { hash: blobHash(bytes(text)), mode: 0o100644, size: bytes(text).length };
  scene.asked.set(requestId, {
    itemId: `item of ${requestId}`,
    changes: Object.entries(files).map(([path, [before, after]]) => ({
      path,
      before: side(before),
      after: side(after),
    })) as never,
    contents: Object.values(files).flatMap(([before, after]) => [...(before === null ? [] : [bytes(before)]), bytes(after)]),
  });
  await tell(scene, turn, [{ method: "item/fileChange/requestApproval", id: requestId, params: {} }]);
  return requestId;
}

/** `hash`: the workspace's, of what has landed; what was asked for where it is not said. */
const landed = (requestId: string, hash?: string) => {
  const proposal = hash === undefined ? {} : { proposal: { hash } };
  const item = { type: "fileChange", id: `item of ${requestId}`, status: "completed", ...proposal };
  return [
    { method: "serverRequest/resolved", params: { requestId } },
    { method: "item/completed", params: { item } },
  ];
};

const ended = (status: string) => ({ method: "turn/completed", params: { turn: { status, error: null } } });

async function answersIn({ stage }: Scene, number: number): Promise<string[]> {
  const found = await stage.as(people.writer, "GET", `/repos/acme/widgets/issues/${number}/comments?per_page=100`);
  return ((await found.json()) as { body: string }[]).map(({ body }) => body);
}

const shownIn = async (scene: Scene, number: number) => (await answersIn(scene, number))[0] ?? "";

async function digitsIn(scene: Scene, number: number): Promise<string> {
  return /\/spindle approve ([0-9a-f]{16})/.exec(await shownIn(scene, number))?.[1] ?? "";
}

async function headOf({ stage }: Scene, branch: string): Promise<string> {
  const found = await stage.as(people.writer, "GET", `/repos/acme/widgets/git/ref/heads/${branch}`);
  return ((await found.json()) as { object: { sha: string } }).object.sha;
}

/** A pull request of ours with a diff that waits. */
async function openAsked(scene: Scene, files: Record<string, [string | null, string]> = { "new.txt": [null, "new\n"] }) {
  const number = await openPull(scene.stage, { branch: "topic", files: { "topic.txt": "one\n" } });
  await say(scene, number, "@spindle do it");
  const turn = await begun(scene);
  const requestId = await propose(scene, turn, files);
  return { number, turn, requestId, digits: await digitsIn(scene, number), head: await headOf(scene, "topic") };
}

test("a comment on a line is a request, and its file, line and hunk are what it is about", async () => {
  const scene = await openScene();
  const number = await openPull(scene.stage, { branch: "topic", files: { "topic.txt": "one\n" } });
  const { issue, comment: made, ...common } = comment(scene, number, "@spindle why two?");
  const place = { path: "topic.txt", line: 7, side: "RIGHT", diffHunk: "@@ -1 +1 @@\n-zero\n+one", commitOid: "c".repeat(40) };
  const pullRequest = {
    ...issue,
    isDraft: false,
    head: { ref: "topic", oid: "", repositoryId: scene.stage.repositoryId },
    base: { ref: "main", oid: "" },
  };
  await happens(scene, { ...common, type: "reviewCommentCreated", pullRequest, comment: { ...made, ...place } });
  const [{ call }] = begins(scene) as [ReturnType<typeof begins>[number]];
  expect(call.commitOid).toBe(await headOf(scene, "topic"));
  for (const words of ["why two?", "File: topic.txt, line 7", "-zero", "+one"]) expect(call.text).toContain(words);
  expect(scene.stage.missing.reactions).toEqual([
    { target: `/repos/acme/widgets/pulls/comments/${made.id}/reactions`, content: "eyes" },
  ]);
});

test("what another client accepts is committed nowhere, and said so; what comes upon it cannot be approved", async () => {
  const scene = await openScene();
  const { number, turn, requestId, digits, head } = await openAsked(scene);
  await tell(scene, turn, landed(requestId));
  expect(scene.stage.heard.some(({ method, body }) => method === "PATCH" && body?.includes("Accepted in another client"))).toBe(
    true,
  );
  await propose(scene, turn, { "more.txt": [null, "more\n"] });
  expect(await digitsIn(scene, number)).toBe("");
  await say(scene, number, `/spindle approve ${digits}`);
  expect((await answersIn(scene, number)).join()).toContain("That diff has been decided already.");
  expect(await headOf(scene, "topic")).toBe(head);
  const other = await openScene();
  const alone = await openAsked(other);
  await tell(other, alone.turn, [...landed(alone.requestId), ended("completed")]);
  expect(await shownIn(other, alone.number)).toContain("it was accepted in another client, which commits nothing at GitHub");
});

test("a push of which no webhook has told yet: a yes finds it, and the turn is asked anew", async () => {
  const scene = await openScene();
  const { number, digits } = await openAsked(scene);
  const moved = await push(scene.stage, { branch: "topic", files: { "topic.txt": "other\n" } });
  await say(scene, number, `/spindle approve ${digits}`);
  expect(answered(scene)).toEqual([]);
  expect(begins(scene).map(({ call }) => call.commitOid)).toEqual([expect.any(String), moved]);
  expect((await answersIn(scene, number)).join()).toContain("It is being made anew");
  // Once, whatever is said before the first turn has ended.
  await say(scene, number, `/spindle approve ${digits}`);
  expect(begins(scene)).toHaveLength(2);
});

test("a button that was pressed after a push makes the diff anew, as a comment does", async () => {
  const scene = await openScene();
  await openAsked(scene);
  await push(scene.stage, { branch: "topic", files: { "topic.txt": "other\n" } });
  await happens(scene, await button(scene, "ok"));
  expect(answered(scene)).toEqual([]);
  expect(begins(scene)).toHaveLength(2);
});

test("a push that is taken back leaves the diff as good as it was", async () => {
  const scene = await openScene();
  const { number, digits, head } = await openAsked(scene);
  await push(scene.stage, { branch: "topic", files: { "topic.txt": "other\n" } });
  await happens(scene, changed(scene, number, "synchronize"));
  expect(await shownIn(scene, number)).toContain("the branch moved after it was made");
  const force = { sha: head, force: true };
  await scene.stage.as(people.writer, "PATCH", "/repos/acme/widgets/git/refs/heads/topic", force);
  await happens(scene, changed(scene, number, "synchronize"));
  await say(scene, number, `/spindle approve ${digits}`);
  expect(answered(scene)).toEqual([{ decision: "accept" }]);
});

test("a stale diff can be declined, and a stale one of a turn that ended cannot be made anew", async () => {
  const scene = await openScene();
  const { number, turn, digits } = await openAsked(scene);
  await push(scene.stage, { branch: "topic", files: { "topic.txt": "other\n" } });
  await happens(scene, changed(scene, number, "synchronize"));
  const requests = scene.calls.length;
  await tell(scene, turn, [
    { method: "serverRequest/resolved", params: { requestId: [...scene.asked.keys()][0] } },
    ended("interrupted"),
  ]);
  await say(scene, number, `/spindle approve ${digits}`);
  expect(scene.calls).toHaveLength(requests);
  expect((await answersIn(scene, number)).join()).toContain("no longer the branch's last one, so nothing was committed");
  const other = await openScene();
  const second = await openAsked(other);
  await push(other.stage, { branch: "topic", files: { "topic.txt": "other\n" } });
  await happens(other, changed(other, second.number, "synchronize"));
  await say(other, second.number, "/spindle decline no");
  expect(answered(other)).toEqual([{ decision: "decline" }]);
});

test("our own push makes nothing of ours stale, told of before or after its answer", async () => {
  const scene = await openScene();
  const { number, turn, requestId, digits, head } = await openAsked(scene);
  await say(scene, number, `/spindle approve ${digits}`);
  // GitHub commits, and the answer is lost; its webhook is quicker than the next attempt.
  scene.stage.faults.push({ matches: ({ path }) => path === "/graphql", when: "after", answer: "cut" });
  await tell(scene, turn, landed(requestId)).catch(() => {});
  await happens(scene, changed(scene, number, "synchronize"));
  const next = await propose(scene, turn, { "more.txt": [null, "more\n"] });
  await happens(scene, changed(scene, number, "synchronize"));
  const commit = await headOf(scene, "topic");
  expect(commit).not.toBe(head);
  await say(scene, number, `/spindle approve ${await digitsIn(scene, number)}`);
  await tell(scene, turn, landed(next));
  const found = await scene.stage.as(people.writer, "GET", `/repos/acme/widgets/git/commits/${await headOf(scene, "topic")}`);
  expect(((await found.json()) as { parents: { sha: string }[] }).parents.map(({ sha }) => sha)).toEqual([commit]);
});

test("GitHub's own comparison refuses what moved in the last moment, and nothing that comes upon it can be approved", async () => {
  const scene = await openScene();
  const { number, turn, requestId, digits, head } = await openAsked(scene);
  const errors = [{ type: "STALE_DATA", message: "Expected branch to point to another commit." }];
  const answer = { status: 200, body: { data: { createCommitOnBranch: null }, errors } };
  scene.stage.faults.push({ matches: ({ path }) => path === "/graphql", when: "before", answer });
  await say(scene, number, `/spindle approve ${digits}`);
  await tell(scene, turn, landed(requestId));
  await tell(scene, turn, [ended("completed")]);
  expect(await headOf(scene, "topic")).toBe(head);
  expect(await shownIn(scene, number)).toContain(`committed nothing of \`${digits}\``);
});

test("a repository of which GitHub lists only a part has nothing approved", async () => {
  const scene = await openScene();
  const { number, digits } = await openAsked(scene);
  const tree = { sha: "d".repeat(40), url: "", truncated: true, tree: [] };
  scene.stage.faults.push({
    matches: ({ path }) => path.includes("/git/trees/"),
    when: "after",
    answer: { status: 200, body: tree },
  });
  await say(scene, number, `/spindle approve ${digits}`);
  expect((await answersIn(scene, number)).join()).toContain("more files than GitHub lists");
  expect(answered(scene)).toEqual([]);
});

test("who has used up their turns begins none, and makes no stale diff anew", async () => {
  const scene = await openScene();
  const { number, digits } = await openAsked(scene);
  for (let turn = 0; turn < githubTextLimits.personTurnsPerHour; turn++) {
    scene.world.repository.noteUse({ turnId: `${turn}`, personId: scene.writer.id, atMs: scene.world.clock.nowMs, tokens: 1 });
  }
  await push(scene.stage, { branch: "topic", files: { "topic.txt": "other\n" } });
  await say(scene, number, `/spindle approve ${digits}`);
  await say(scene, number, "@spindle and more");
  expect(begins(scene)).toHaveLength(1);
  expect(scene.calls.every(({ call }) => call.type !== "request")).toBe(true);
});

test("closed and opened again, in whichever order that is told: the latest counts", async () => {
  const scene = await openScene();
  const { number, digits } = await openAsked(scene);
  const [closed, reopened] = [changed(scene, number, "closed"), changed(scene, number, "reopened")];
  await happens(scene, reopened);
  await happens(scene, closed);
  expect(await digitsIn(scene, number)).toBe(digits);
  await happens(scene, changed(scene, number, "closed"));
  expect(await shownIn(scene, number)).toContain("cannot be approved unless it is opened again");
});

test("a closed issue has nothing approved and no turn begun; the first diff of an issue does not mind where the default branch goes", async () => {
  const scene = await openScene();
  const made = await scene.stage.as(people.writer, "POST", "/repos/acme/widgets/issues", { title: "An issue", body: "" });
  const { number } = (await made.json()) as { number: number };
  await say(scene, number, "@spindle do it", false);
  const turn = await begun(scene);
  const requestId = await propose(scene, turn, { "new.txt": [null, "new\n"] });
  const digits = await digitsIn(scene, number);
  await happens(scene, changed(scene, number, "closed", false));
  expect(await shownIn(scene, number)).toContain("cannot be approved unless it is opened again");
  await happens(scene, await button(scene, "ok"));
  expect(answered(scene)).toEqual([]);
  const other = await scene.stage.as(people.writer, "POST", "/repos/acme/widgets/issues", { title: "Another", body: "" });
  const another = ((await other.json()) as { number: number }).number;
  const late = comment(scene, another, "@spindle do it", false);
  await happens(scene, { ...late, issue: { ...late.issue, isOpen: false } });
  expect(begins(scene)).toHaveLength(1);
  expect((await answersIn(scene, another)).join()).toContain("This issue is closed.");
  await happens(scene, changed(scene, number, "reopened", false));
  const base = await headOf(scene, "main");
  await push(scene.stage, { branch: "main", files: { "other.txt": "other\n" } });
  await say(scene, number, `/spindle approve ${digits}`, false);
  await tell(scene, turn, landed(requestId));
  const branch = /to `(spindle\/[^`]+)`/.exec(await shownIn(scene, number))?.[1] ?? (await shownIn(scene, number));
  const commit = await headOf(scene, `spindle/${turn.threadId}`);
  const found = await scene.stage.as(people.writer, "GET", `/repos/acme/widgets/git/commits/${commit}`);
  expect(((await found.json()) as { parents: { sha: string }[] }).parents.map(({ sha }) => sha)).toEqual([base]);
  expect(branch).not.toBe("");
});

test("a branch of an issue's name that somebody made elsewhere is not written to", async () => {
  const scene = await openScene();
  const made = await scene.stage.as(people.writer, "POST", "/repos/acme/widgets/issues", { title: "An issue", body: "" });
  const { number } = (await made.json()) as { number: number };
  await say(scene, number, "@spindle do it", false);
  const turn = await begun(scene);
  await propose(scene, turn, { "new.txt": [null, "new\n"] });
  const theirs = await push(scene.stage, { branch: `spindle/${turn.threadId}`, files: { "theirs.txt": "theirs\n" } });
  await say(scene, number, `/spindle approve ${await digitsIn(scene, number)}`, false);
  expect(answered(scene)).toEqual([]);
  expect(begins(scene).at(-1)?.call.commitOid).toBe(theirs);
});

const readme = { "README.md": "# widgets\n\none\ntwo\n" };

async function openForkAsked(
  scene: Scene,
  change: Record<string, [string | null, string]>,
  files: Record<string, string> = readme,
) {
  const { number, oid } = await openForkPull(scene.stage, { branch: "theirs", files });
  await say(scene, number, "@spindle do it");
  const turn = await begun(scene);
  const requestId = await propose(scene, turn, change);
  return { number, oid, turn, requestId, digits: await digitsIn(scene, number) };
}

const small = { "README.md": ["# widgets\n\none\ntwo\n", "# widgets\n\none\n2\n"] } as Record<string, [string, string]>;

test("a fork's turn works on the fork's commit, and what is approved is suggested there; the workspace is no commit then", async () => {
  const scene = await openScene();
  const { number, oid, turn, requestId, digits } = await openForkAsked(scene, small);
  expect(begins(scene).map(({ call }) => call.commitOid)).toEqual([oid]);
  expect(await shownIn(scene, number)).toContain("This pull request comes from a fork.");
  await say(scene, number, `/spindle approve ${digits}`);
  expect(scene.stage.missing.reviews).toEqual([]);
  await tell(scene, turn, landed(requestId));
  expect(scene.stage.missing.reviews).toMatchObject([
    { commitId: oid, comments: [{ path: "README.md", line: 4, body: "```suggestion\n2\n```" }] },
  ]);
  expect(scene.stage.heard.filter(({ path }) => path === "/graphql" || path.endsWith("/git/refs"))).toEqual([]);
  await propose(scene, turn, { "more.txt": [null, "more\n"] });
  expect(await digitsIn(scene, number)).toBe("");
});

test.for(["cut", "hang", { status: 502 }] as const)(
  "suggestions are posted once, whatever becomes of the answer: %o",
  async (answer) => {
    const scene = await openScene();
    const { number, turn, requestId, digits } = await openForkAsked(scene, small);
    await say(scene, number, `/spindle approve ${digits}`);
    const matches = ({ method, path }: { method: string; path: string }) => method === "POST" && path.endsWith("/reviews");
    scene.stage.faults.push({ matches, when: "after", answer });
    await tell(scene, turn, landed(requestId));
    await tell(scene, turn, [ended("completed")]);
    expect(scene.stage.missing.reviews).toHaveLength(1);
    expect(await shownIn(scene, number)).toContain(`offered \`${digits}\` as suggestions`);
  },
);

test("suggestions that GitHub refuses, or whose commit is no longer the last, are not posted, and that is said", async () => {
  const scene = await openScene();
  const { number, turn, requestId, digits } = await openForkAsked(scene, small);
  await say(scene, number, `/spindle approve ${digits}`);
  const matches = ({ method, path }: { method: string; path: string }) => method === "POST" && path.endsWith("/reviews");
  scene.stage.faults.push({ matches, when: "before", answer: { status: 422 } });
  await tell(scene, turn, landed(requestId));
  await tell(scene, turn, [ended("completed")]);
  expect(await shownIn(scene, number)).toContain("GitHub did not take the suggestions");
  const other = await openScene();
  const late = await openForkAsked(other, small);
  await say(other, late.number, `/spindle approve ${late.digits}`);
  await pushToFork(other.stage, { branch: "theirs", files: { "more.txt": "more\n" } });
  await tell(other, late.turn, landed(late.requestId));
  await tell(other, late.turn, [ended("completed")]);
  expect(other.stage.missing.reviews).toEqual([]);
  expect(await shownIn(other, late.number)).toContain(`committed nothing of \`${late.digits}\``);
});

test("a fork whose commits cannot be read from here is refused", async () => {
  const scene = await openScene();
  const { number } = await openForkPull(scene.stage, { branch: "theirs", files: readme });
  scene.stage.faults.push({ matches: ({ path }) => path.includes("/git/commits/"), when: "before", answer: { status: 404 } });
  await say(scene, number, "@spindle do it");
  expect(begins(scene)).toEqual([]);
  expect((await answersIn(scene, number)).join()).toContain("cannot be read from this repository");
});

test("some hunks of a fork's diff are suggested, and no more of it", async () => {
  const lines = (edited: string[]) => Array.from({ length: 30 }, (_, line) => edited[line] ?? `line ${line}`).join("\n");
  const [before, all, first] = [lines([]), lines(["one", ...Array(28), "last"]), lines(["one"])].map((text) => `${text}\n`);
  const scene = await openScene();
  const files = { "long.txt": before ?? "" };
  const { number, turn, requestId, digits } = await openForkAsked(scene, { "long.txt": [before ?? "", all ?? ""] }, files);
  await say(scene, number, `/spindle approve ${digits} hunks=1`);
  const [said] = answered(scene) as { hunks: number[] }[];
  expect(said?.hunks).toEqual([1]);
  const [change] = scene.asked.get(requestId)?.changes ?? [];
  const bytes = new TextEncoder().encode(first);
  const after = { mode: 0o100644, hash: blobHash(bytes), size: bytes.length };
  await tell(scene, turn, landed(requestId, changesHash(change ? [{ ...change, after }] : [])));
  expect(scene.stage.missing.reviews).toMatchObject([
    { comments: [{ path: "long.txt", line: 1, body: "```suggestion\none\n```" }] },
  ]);
  await tell(scene, turn, [ended("completed")]);
  expect(await shownIn(scene, number)).toContain(`(hunk 1 of \`${digits}\`) as suggestions`);
});

test("a fork that changes workflows gets suggestions, and no branch on which those would run", async () => {
  const files = { ...readme, ".github/workflows/evil.yml": "on: push\n" };
  const scene = await openScene();
  const { number, digits } = await openForkAsked(scene, { "new.txt": [null, "new\n"] }, files);
  await say(scene, number, `/spindle approve ${digits}`);
  expect(answered(scene)).toEqual([]);
  expect((await answersIn(scene, number)).join()).toContain("The fork changes the workflow `.github/workflows/evil.yml`");
  const other = await openScene();
  const harmless = await openForkAsked(other, small, files);
  await say(other, harmless.number, `/spindle approve ${harmless.digits}`);
  expect(answered(other)).toEqual([{ decision: "accept" }]);
});

test("the next diff of a fork lands upon our branch, and a fork that goes on does not make it stale", async () => {
  const scene = await openScene();
  const { number, oid, turn, requestId, digits } = await openForkAsked(scene, { "new.txt": [null, "new\n"] });
  await say(scene, number, `/spindle approve ${digits}`);
  await tell(scene, turn, landed(requestId));
  const branch = `spindle/${turn.threadId}`;
  const first = await headOf(scene, branch);
  const next = await propose(scene, turn, small);
  await pushToFork(scene.stage, { branch: "theirs", files: { "more.txt": "more\n" } });
  await happens(scene, changed(scene, number, "synchronize"));
  await say(scene, number, `/spindle approve ${await digitsIn(scene, number)}`);
  await tell(scene, turn, landed(next));
  const commits = await scene.stage.as(people.writer, "GET", `/repos/acme/widgets/commits?sha=${branch}`);
  expect(((await commits.json()) as { sha: string }[]).map(({ sha }) => sha).slice(1, 3)).toEqual([first, oid]);
  expect(scene.stage.missing.reviews).toEqual([]);
});

test("the lines that a patch shows are those of its new side", () => {
  const shown = shownLinesOf([
    {
      filename: "a",
      patch: "@@ -1,3 +1,4 @@ heading\n one\n+@@ -9,9 +9,9 @@\n two\n three\n@@ -20 +21 @@\n-x\n+y\n@@ -30,2 +31,0 @@\n-p\n-q",
    },
    { filename: "binary" },
  ]);
  expect(shown("a")).toEqual([
    { from: 1, to: 4 },
    { from: 21, to: 21 },
  ]);
  expect([shown("binary"), shown("none")]).toEqual([[], []]);
});
