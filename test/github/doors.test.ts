/** The doors of a diff: its thread's own draft pull request, reviews there, and as many people as the operator wants. The thread is a script. */
import { randomUUID } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import type { FrameMethod } from "#core/frame";
import type { ThreadCall } from "#github/effect";
import type { IssueFacts, Person, PullRequestFacts, RepositoryEvent } from "#github/event";
import { ofEvent } from "#github/follow/of-event";
import { ofFrames } from "#github/follow/of-frames";
import { ofOutcome } from "#github/follow/of-outcome";
import { defaultPolicy, type Policy } from "#github/follow/policy";
import type { Talk } from "#github/ledger";
import type { AskedProposal } from "#thread/asked-proposal";
import type { WireFrame } from "#thread/log";
import { blobHash } from "#workspace/blob";
import { openWorld, privateKey, type World } from "../support/github/repository.ts";
import { app, installationId, openStage, people, repositoryName, type Stage } from "../support/github/stage.ts";

const stages: Stage[] = [];
afterEach(async () => {
  for (const stage of stages.splice(0)) {
    expect(stage.problems).toEqual([]);
    await stage.close();
  }
});

const home = "/repos/acme/widgets";

interface ReviewAnswer {
  id: number;
  state: string;
  commit_id: string;
  submitted_at: string;
}

/** An issue, its thread as a script that does what the repository asks of it, and what people do at GitHub. */
class Scene {
  readonly calls: ThreadCall[] = [];
  private readonly asked = new Map<string, AskedProposal>();
  private readonly frames: WireFrame[] = [];
  private told = 0;
  private threadId = "";
  private readonly persons = new Map<string, Person>();

  static async open(policy: Partial<Policy["permission"]> = {}): Promise<Scene> {
    const stage = await openStage({ privateKey });
    stages.push(stage);
    const made = await stage.as(people.writer, "POST", `${home}/issues`, { title: "An issue", body: "" });
    const { number } = (await made.json()) as { number: number };
    return new Scene(stage, number, { ...defaultPolicy, permission: { ...defaultPolicy.permission, ...policy } });
  }

  readonly stage: Stage;
  readonly issue: number;
  readonly world: World;

  private constructor(stage: Stage, issue: number, policy: Policy) {
    this.stage = stage;
    this.issue = issue;
    this.world = openWorld(stage, {
      policy,
      consequences: { ofEvent, ofFrames, ofOutcome },
      thread: {
        callThread: async (threadId, call) => this.called(threadId, call),
        readProposal: async (_, requestId) => this.asked.get(requestId) ?? null,
      },
    });
  }

  /** Until neither GitHub nor the thread has anything to say. */
  async settle(): Promise<void> {
    for (;;) {
      await this.world.settle();
      if (this.told === this.frames.length) return;
      const frames = this.frames.slice(this.told);
      await this.world.repository.deliver({ threadId: this.threadId, after: this.told, frames });
      this.told = this.frames.length;
    }
  }

  private called(threadId: string, call: ThreadCall): { text: null } {
    this.calls.push(call);
    this.threadId = threadId;
    const turn = { id: `turn-${this.calls.length}`, status: "completed", error: null };
    if (call.type === "begin") {
      this.say("turn/started", { turn });
      this.say("item/completed", { item: { type: "userMessage", clientId: call.key } });
    }
    if (call.type === "respond") {
      const { decision } = call.result as { decision: string };
      this.say("serverRequest/resolved", { requestId: call.requestId });
      const status = decision === "accept" ? "completed" : "declined";
      this.say("item/completed", { item: { type: "fileChange", id: this.asked.get(call.requestId)?.itemId, status } });
    }
    return { text: null };
  }

  private say(method: FrameMethod, params: object, id?: string): void {
    this.frames.push({ seq: this.frames.length + 1, method, text: JSON.stringify({ method, params, ...(id ? { id } : {}) }) });
  }

  /** The model wants a new file; gives the digits of the diff as the comment shows them. */
  async propose(path: string): Promise<string> {
    const bytes = new TextEncoder().encode(`${path}\n`);
    const after = { mode: 0o100644, hash: blobHash(bytes), size: bytes.length };
    const requestId = `request-${this.asked.size}`;
    this.asked.set(requestId, { itemId: `item-${this.asked.size}`, changes: [{ path, before: null, after }], contents: [bytes] });
    this.say("item/fileChange/requestApproval", {}, requestId);
    await this.settle();
    const [, digits = ""] = /\/spindle approve ([0-9a-f]{16})/.exec((await this.ours(this.issue)).join("\n")) ?? [];
    expect(digits).not.toBe("");
    return digits;
  }

  async finish(): Promise<void> {
    this.say("turn/completed", { turn: { status: "completed", error: null } });
    await this.settle();
  }

  async read<Found>(path: string): Promise<Found> {
    return (await (await this.stage.as(people.owner, "GET", `${home}${path}`)).json()) as Found;
  }

  /** Our comments there, without their markers. */
  async ours(number: number): Promise<string[]> {
    const comments = await this.read<{ body: string; user: { login: string } }[]>(`/issues/${number}/comments?per_page=100`);
    return comments
      .filter(({ user }) => user.login === `${app.slug}[bot]`)
      .map(({ body }) => body.replace(/<!--.*?-->/g, "").trim());
  }

  async person(login: string): Promise<Person> {
    const known = this.persons.get(login);
    if (known) return known;
    const { id, type } = (await (await this.stage.as(people.owner, "GET", `/users/${login}`)).json()) as Person;
    this.persons.set(login, { id, login, type });
    return { id, login, type };
  }

  private async common(login: string) {
    const { owner, repo: name } = repositoryName;
    const repository = { id: this.stage.repositoryId, owner, name, defaultBranch: "main", isPrivate: false };
    return { installationId, ownerId: 1, repository, sender: await this.person(login) };
  }

  private facts(number: number, author: Person): IssueFacts {
    const at = new Date().toISOString();
    const isPullRequest = number !== this.issue;
    return { number, title: `About ${number}`, body: "", author, isOpen: true, isPullRequest, createdAt: at, updatedAt: at };
  }

  async tell(event: RepositoryEvent): Promise<void> {
    this.world.repository.receive(randomUUID(), event);
    await this.settle();
  }

  async comment(login: string, body: string, number = this.issue): Promise<void> {
    const response = await this.stage.as(login, "POST", `${home}/issues/${number}/comments`, { body });
    const { id, created_at: createdAt } = (await response.json()) as { id: number; created_at: string };
    const author = await this.person(login);
    const comment = { id, body, author, viaAppId: null, url: "", createdAt, updatedAt: createdAt };
    await this.tell({ type: "commentCreated", ...(await this.common(login)), issue: this.facts(number, author), comment });
  }

  async mentionIn(number: number, author: Person): Promise<RepositoryEvent> {
    const at = new Date().toISOString();
    const comment = { id: 999, body: `@${app.slug} hello`, author, viaAppId: null, url: "", createdAt: at, updatedAt: at };
    return { type: "commentCreated", ...(await this.common(author.login)), issue: this.facts(number, author), comment };
  }

  async press(login: string, identifier: string): Promise<void> {
    const main = await this.headOf("main");
    const { check_runs: runs } = await this.read<{ check_runs: { id: number; name: string; external_id: string }[] }>(
      `/commits/${main}/check-runs?filter=all`,
    );
    const { id, name, external_id: externalId } = runs.at(-1) ?? { id: 0, name: "", external_id: "" };
    const checkRun = { id, name, headOid: main, externalId };
    const action = "requested_action" as const;
    await this.tell({ type: "checkRunRequested", ...(await this.common(login)), action, checkRun, identifier });
  }

  async push(login: string, branch: string): Promise<void> {
    const contents = { message: "mine", content: btoa("x"), branch };
    expect((await this.stage.as(login, "PUT", `${home}/contents/mine.txt`, contents)).ok).toBe(true);
  }

  async headOf(branch: string): Promise<string> {
    return (await this.read<{ object: { sha: string } }>(`/git/ref/heads/${branch}`)).object.sha;
  }

  async messagesOf(branch: string): Promise<string[]> {
    return (await this.read<{ commit: { message: string } }[]>(`/commits?sha=${branch}`)).map(({ commit }) => commit.message);
  }

  async draft(): Promise<{ number: number; branch: string; draft: boolean }> {
    const [pull, ...others] = await this.read<{ number: number; draft: boolean; head: { ref: string } }[]>("/pulls?state=all");
    expect(others).toEqual([]);
    if (!pull) throw new Error("no draft pull request is there");
    return { number: pull.number, branch: pull.head.ref, draft: pull.draft };
  }

  /** At GitHub only; `tellReview` has the Worker hear of it. */
  async review(login: string, event: string, { body = "", commitOid }: { body?: string; commitOid?: string } = {}) {
    const { number, branch } = await this.draft();
    const content = { event, body, commit_id: commitOid ?? (await this.headOf(branch)) };
    const response = await this.stage.as(login, "POST", `${home}/pulls/${number}/reviews`, content);
    expect(response.status).toBe(201);
    const review = (await response.json()) as ReviewAnswer;
    return { login, number, branch, body, review };
  }

  async tellReview(
    { login, number, branch, body, review }: Awaited<ReturnType<Scene["review"]>>,
    type: "reviewSubmitted" | "reviewDismissed" = "reviewSubmitted",
  ): Promise<void> {
    const author = await this.person(login);
    const pullRequest: PullRequestFacts = {
      ...this.facts(number, author),
      isDraft: true,
      head: { ref: branch, oid: review.commit_id, repositoryId: this.stage.repositoryId },
      base: { ref: "main", oid: await this.headOf("main") },
    };
    const { id, commit_id: commitOid, submitted_at: submittedAt } = review;
    const facts = { id, state: review.state.toLowerCase(), commitOid, body, author, submittedAt };
    await this.tell({ type, ...(await this.common(login)), pullRequest, review: facts });
  }

  async dismiss({ number, review }: { number: number; review: ReviewAnswer }): Promise<void> {
    const message = { message: "no" };
    const response = await this.stage.as(people.owner, "PUT", `${home}/pulls/${number}/reviews/${review.id}/dismissals`, message);
    expect(response.status).toBe(200);
  }

  /** What the repository told the thread about diffs. */
  decisions(): unknown[] {
    return this.calls.flatMap((call) => (call.type === "respond" ? [call.result] : []));
  }

  talk(): Talk {
    return JSON.parse(this.world.storage.sql.exec<{ talk: string }>("SELECT talk FROM github_talks").one().talk) as Talk;
  }

  rows(): { login: string; door: string; takenBack: string | null }[] {
    const rows = this.world.storage.sql.exec<{ approval: string; taken_back: string | null }>("SELECT * FROM github_approvals");
    return rows.toArray().map(({ approval, taken_back: takenBack }) => {
      const { by, door } = JSON.parse(approval) as { by: Person; door: { type: string } };
      return { login: by.login, door: door.type, takenBack };
    });
  }
}

/** Until the draft pull request of the first diff is there. */
async function openDraft(policy: Partial<Policy["permission"]> = {}): Promise<Scene> {
  const scene = await Scene.open(policy);
  await scene.comment(people.writer, "/spindle run");
  const digits = await scene.propose("a.txt");
  for (const login of [people.owner, people.writer].slice(0, policy.approvalsRequired ?? 1)) {
    await scene.comment(login, `/spindle approve ${digits}`);
  }
  return scene;
}

const accepted = { decision: "accept" };

test("a draft pull request belongs to its thread: one comment in each place, both current, and what is said there is heard", async () => {
  const scene = await openDraft();
  const { number, branch } = await scene.draft();
  const [inIssue = "", ...more] = await scene.ours(scene.issue);
  const [inDraft = "", ...others] = await scene.ours(number);
  expect([more, others]).toEqual([[], []]);
  expect(inIssue).toContain(`Draft pull request #${number}.`);
  expect(inDraft).toContain(`Asked for in #${scene.issue}.`);
  await scene.finish();

  await scene.comment(people.writer, "@spindle and another", number);
  expect(scene.calls.filter(({ type }) => type === "begin")).toHaveLength(2);
  expect(scene.talk()).toMatchObject({ on: { number: scene.issue }, branch, draftTo: "main" });
  const digits = await scene.propose("b.txt");
  for (const place of [scene.issue, number]) {
    const [shown = "", ...rest] = await scene.ours(place);
    expect(shown).toContain(`/spindle approve ${digits}`);
    expect(shown.includes("A review that is submitted from now on")).toBe(place === number);
    expect(rest).toEqual([]);
  }
  await scene.comment(people.writer, "/spindle approve 0123456789ab", number);
  expect(await scene.ours(scene.issue)).toHaveLength(1);
  expect((await scene.ours(number)).at(-1)).toContain("No diff of this thread has that hash.");
  await scene.comment(people.writer, `/spindle approve ${digits}`, number);
  expect((await scene.messagesOf(branch)).map((message) => message.split("\n")[0])).toEqual([
    `Spindle: About ${scene.issue}`,
    `Spindle: About ${scene.issue}`,
    "Initial commit",
  ]);
  await scene.finish();
  for (const place of [scene.issue, number]) expect((await scene.ours(place))[0]).toContain(`committed \`${digits}\``);
  expect((await scene.ours(number))[0]).toContain(`Asked for in #${scene.issue}.`);
  // Still one pull request.
  await scene.draft();
});

test("a pull request in which a thread was begun before it was known whose draft it is keeps that thread", async () => {
  const scene = await Scene.open();
  await scene.comment(people.writer, "/spindle run");
  const digits = await scene.propose("a.txt");
  const author = await scene.person(people.writer);
  const mention = await scene.mentionIn(scene.issue + 1, author);
  scene.stage.faults.push({
    // GitHub opens it, the answer is lost, and somebody is there before it is asked for again.
    matches: ({ method, path }) => {
      const isOpening = method === "POST" && path.endsWith("/pulls");
      if (isOpening) scene.world.repository.receive(randomUUID(), mention);
      return isOpening;
    },
    when: "after",
    answer: "cut",
  });
  await scene.comment(people.writer, `/spindle approve ${digits}`);
  expect((await scene.draft()).number).toBe(scene.issue + 1);
  expect(scene.calls.filter(({ type }) => type === "begin")).toHaveLength(2);
  expect((await scene.ours(scene.issue))[0]).not.toContain("Draft pull request");
  expect(await scene.ours(scene.issue + 1)).toHaveLength(1);
});

test("an approving review of the last commit says yes to the one diff that waits, a requesting one says no", async () => {
  const scene = await openDraft();
  const { number, branch } = await scene.draft();
  const digits = await scene.propose("b.txt");
  await scene.tellReview(await scene.review(people.owner, "APPROVE"));
  await scene.finish();
  expect((await scene.ours(number))[0]).toContain(`committed \`${digits}\``);
  expect((await scene.ours(number))[0]).toContain("approved by olga");
  expect(await scene.messagesOf(branch)).toHaveLength(3);
  expect(scene.rows().at(-1)).toEqual({ login: "olga", door: "review", takenBack: null });
  await scene.comment(people.writer, "/spindle run");
  await scene.propose("c.txt");
  await scene.tellReview(await scene.review(people.owner, "REQUEST_CHANGES", { body: "not like this" }));
  await scene.finish();
  expect((await scene.ours(number))[0]).toMatch(/committed nothing: olga declined `[0-9a-f]+`: not like this/);
  expect(scene.decisions()).toEqual([accepted, accepted, { decision: "decline" }]);
});

test("a review that was submitted before the diff was shown, of another commit, dismissed since, or not by a writer is no yes", async () => {
  const scene = await openDraft();
  const { number, branch } = await scene.draft();
  const early = await scene.review(people.owner, "APPROVE");
  const main = await scene.headOf("main");
  await scene.propose("b.txt");
  await scene.tellReview(early);
  expect((await scene.ours(number)).at(-1)).toContain("before the diff could be read here");
  await scene.tellReview(await scene.review(people.owner, "APPROVE", { commitOid: main }));
  expect((await scene.ours(number)).at(-1)).toContain("a commit that is no longer the last");
  const dismissed = await scene.review(people.owner, "APPROVE");
  await scene.dismiss(dismissed);
  await scene.tellReview(dismissed);
  // Somebody else's name on a review.
  await scene.tellReview({ ...(await scene.review(people.owner, "APPROVE")), login: people.writer });
  const lost = await scene.review(people.writer, "APPROVE");
  await scene.stage.as(people.owner, "DELETE", `${home}/collaborators/${people.writer}`);
  const before = (await scene.ours(number)).length;
  await scene.tellReview(lost);
  expect(await scene.ours(number)).toHaveLength(before);
  expect(scene.decisions()).toEqual([accepted]);
  expect(await scene.messagesOf(branch)).toHaveLength(2);
});

test("words in a review are a command like any other, and a yes in it needs the branch's last commit", async () => {
  const scene = await openDraft();
  const { number } = await scene.draft();
  const main = await scene.headOf("main");
  const digits = await scene.propose("b.txt");
  const body = `/spindle approve ${digits}`;
  // An approving review with a mistake in its words approves nothing.
  await scene.tellReview(await scene.review(people.owner, "APPROVE", { body: "/spindle aprove" }));
  await scene.tellReview(await scene.review(people.owner, "COMMENT", { body, commitOid: main }));
  expect((await scene.ours(number)).at(-1)).toContain("a commit that is no longer the last");
  expect(scene.decisions()).toEqual([accepted]);
  await scene.tellReview(await scene.review(people.owner, "COMMENT", { body }));
  expect(scene.decisions()).toEqual([accepted, accepted]);
});

test("two different people: one yes is shown and commits nothing, the same again neither, the second commits and both are named", async () => {
  const scene = await openDraft({ approvalsRequired: 2 });
  const { number, branch } = await scene.draft();
  const digits = await scene.propose("b.txt");
  expect((await scene.ours(number))[0]).toContain("2 people have to approve.");
  await scene.comment(people.writer, `/spindle approve ${digits}`);
  await scene.comment(people.writer, `/spindle approve ${digits}`, number);
  for (const place of [scene.issue, number]) {
    expect((await scene.ours(place))[0]).toContain("wanda said yes; 1 more person has to approve.");
  }
  const thumbs = scene.stage.missing.reactions.filter(({ content }) => content === "+1");
  // Two for the first diff.
  expect(thumbs).toHaveLength(4);
  expect(scene.decisions()).toEqual([accepted]);
  await scene.tellReview(await scene.review(people.owner, "APPROVE"));
  expect(scene.decisions()).toEqual([accepted, accepted]);
  const [message = ""] = await scene.messagesOf(branch);
  expect(message).toContain("Approved by wanda and olga");
  await scene.finish();
  expect((await scene.ours(number))[0]).toContain("approved by wanda and olga.");
  expect(scene.rows().slice(2)).toEqual([
    { login: "wanda", door: "comment", takenBack: null },
    { login: "olga", door: "review", takenBack: null },
  ]);
});

test("a yes that is taken back, or whose person may not approve any more, does not count; one of a declined diff neither", async () => {
  const scene = await openDraft({ approvalsRequired: 2 });
  const { number } = await scene.draft();
  const digits = await scene.propose("b.txt");
  const review = await scene.review(people.owner, "APPROVE");
  await scene.tellReview(review);
  expect((await scene.ours(number))[0]).toContain("olga said yes");
  await scene.dismiss(review);
  await scene.tellReview(review, "reviewDismissed");
  expect((await scene.ours(number))[0]).toContain("2 people have to approve.");
  await scene.comment(people.writer, `/spindle approve ${digits}`);
  expect(scene.decisions()).toEqual([accepted]);
  await scene.stage.as(people.owner, "DELETE", `${home}/collaborators/${people.writer}`);
  await scene.comment(people.owner, `/spindle approve ${digits}`);
  expect((await scene.ours(number))[0]).toContain("olga said yes; 1 more person has to approve.");
  expect(scene.rows().slice(2)).toEqual([
    { login: "olga", door: "review", takenBack: "the review was dismissed" },
    { login: "wanda", door: "comment", takenBack: "may not approve any more" },
    { login: "olga", door: "comment", takenBack: null },
  ]);
  await scene.comment(people.owner, "/spindle decline");
  await scene.stage.as(people.owner, "PUT", `${home}/collaborators/${people.writer}`, { permission: "push" });
  // The same diff on the same commit has the same hash, and not the same yeses.
  expect(await scene.propose("b.txt")).toBe(digits);
  expect((await scene.ours(number))[0]).toContain("2 people have to approve.");
});

test("a yes that comes after a push commits nothing, the turn is asked anew, and who said yes has not asked for it", async () => {
  const scene = await openDraft({ approvalsRequired: 2, mayApproveOwn: true });
  const { number, branch } = await scene.draft();
  const digits = await scene.propose("b.txt");
  await scene.push(people.writer, branch);
  await scene.comment(people.owner, `/spindle approve ${digits}`, number);
  expect((await scene.ours(number)).at(-1)).toContain("The branch moved");
  expect(scene.decisions()).toEqual([accepted]);
  expect(scene.talk().requesterIds).toEqual([(await scene.person(people.writer)).id]);
  expect(await scene.messagesOf(branch)).toHaveLength(3);
});

test("who asked may not approve where the operator says so, by no door; a list names who may", async () => {
  const scene = await Scene.open({ mayApproveOwn: false });
  const stranger = await scene.person(people.stranger);
  await scene.comment(people.writer, "/spindle run");
  const digits = await scene.propose("a.txt");
  await scene.comment(people.writer, `/spindle approve ${digits}`);
  expect((await scene.ours(scene.issue)).at(-1)).toContain("Who asked for a change may not approve it");
  await scene.press(people.writer, `ok:${digits}`);
  expect(scene.decisions()).toEqual([]);
  await scene.press(people.owner, `ok:${digits}`);
  expect(scene.decisions()).toEqual([accepted]);
  expect(scene.rows()).toEqual([{ login: "olga", door: "checkRun", takenBack: null }]);

  const listed = await Scene.open({ approverIdsAllowed: [stranger.id] });
  await listed.comment(people.writer, "/spindle run");
  await listed.comment(people.owner, `/spindle approve ${await listed.propose("a.txt")}`);
  expect((await listed.ours(listed.issue)).at(-1)).toContain("The operator's list does not name you");
  expect(listed.decisions()).toEqual([]);
});

test("an approving review with nothing open marks the draft ready, where the branch holds approved diffs and nothing else", async () => {
  const scene = await openDraft();
  const { number } = await scene.draft();
  await scene.tellReview(await scene.review(people.owner, "APPROVE"));
  expect((await scene.draft()).draft).toBe(true);
  await scene.finish();
  await scene.tellReview(await scene.review(people.owner, "APPROVE", { commitOid: await scene.headOf("main") }));
  expect((await scene.draft()).draft).toBe(true);
  const approving = await scene.review(people.owner, "APPROVE");
  await scene.tellReview(approving);
  expect((await scene.draft()).draft).toBe(false);
  expect((await scene.ours(scene.issue))[0]).toContain(`\nPull request #${number}.`);

  const pushed = await openDraft();
  await pushed.finish();
  await pushed.push(people.writer, (await pushed.draft()).branch);
  await pushed.tellReview(await pushed.review(people.owner, "APPROVE"));
  expect((await pushed.draft()).draft).toBe(true);
});
