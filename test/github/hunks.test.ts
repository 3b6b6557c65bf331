/** Some hunks of a diff, approved at GitHub: a real thread lands exactly those, and its commit is the tree that real git builds of them. */
import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { ThreadCall } from "#github/effect";
import type { IssueFacts, Person } from "#github/event";
import { ofEvent } from "#github/follow/of-event";
import { ofFrames } from "#github/follow/of-frames";
import { ofOutcome } from "#github/follow/of-outcome";
import { defaultPolicy } from "#github/follow/policy";
import { readBlobs, readTree } from "#github/snapshot-source";
import type { WireError } from "#protocol/errors";
import { askedProposal } from "#thread/asked-proposal";
import { enterRepository } from "#thread/repository-entry";
import { functionCall, scriptedModel } from "../loop/scripted-model.ts";
import { openWorld, privateKey, type World } from "../support/github/repository.ts";
import { app, installationId, openStage, people, repositoryName, type Stage } from "../support/github/stage.ts";
import { createThread, type TestThread } from "../support/thread.ts";

const stages: Stage[] = [];
afterEach(async () => {
  for (const stage of stages.splice(0)) {
    expect(stage.problems).toEqual([]);
    await stage.close();
  }
});

const home = "/repos/acme/widgets";
const lines = Array.from({ length: 60 }, (_, line) => `line ${line}\n`);
const edited = (...numbers: number[]) => lines.map((line, index) => (numbers.includes(index) ? `new ${line}` : line)).join("");

/** far.txt has three hunks; made.txt is the fourth, gone.txt would be none. */
const command = "sed -i -E 's/^line (5|25|45)$/new line \\1/' far.txt; printf 'made\\n' > made.txt";
const secondCommand = "printf 'more\\n' >> far.txt";

class Scene {
  readonly stage: Stage;
  readonly world: World;
  readonly thread: TestThread;
  readonly issue: number;
  readonly model: ReturnType<typeof scriptedModel>;
  readonly calls: ThreadCall[] = [];
  private threadId = "";
  private told = 0;
  private readonly persons = new Map<string, Person>();

  private constructor(made: Pick<Scene, "stage" | "thread" | "issue" | "model">, approvalsRequired: number) {
    Object.assign(this, made);
    this.stage = made.stage;
    this.thread = made.thread;
    this.issue = made.issue;
    this.model = made.model;
    this.world = openWorld(made.stage, {
      policy: { ...defaultPolicy, permission: { ...defaultPolicy.permission, approvalsRequired } },
      consequences: { ofEvent, ofFrames, ofOutcome },
      thread: {
        callThread: (threadId, call) => this.call(threadId, call),
        readProposal: async (_, requestId) => askedProposal(this.thread.runtime, requestId),
      },
    });
  }

  static async open({
    approvalsRequired = 1,
    diesAtCommit = () => false,
  }: {
    approvalsRequired?: number;
    diesAtCommit?: (moment: "before" | "after") => boolean;
  } = {}): Promise<Scene> {
    const stage = await openStage({ privateKey });
    stages.push(stage);
    const content = { message: "far", content: btoa(lines.join("")), branch: "main" };
    expect((await stage.as(people.owner, "PUT", `${home}/contents/far.txt`, content)).ok).toBe(true);
    const made = await stage.as(people.writer, "POST", `${home}/issues`, { title: "An issue", body: "" });
    const { number: issue } = (await made.json()) as { number: number };
    const model = scriptedModel(
      { calls: [functionCall("shell", { command })] },
      { calls: [functionCall("shell", { command: secondCommand })] },
      { text: "done" },
    );
    const thread = await createThread({ model, diesAtCommit, start: { approvalPolicy: "on-request" } });
    const scene = new Scene({ stage, thread, issue, model }, approvalsRequired);
    await scene.comment(people.writer, "/spindle run make it new");
    return scene;
  }

  private async call(threadId: string, call: ThreadCall): Promise<{ text: null } | { refused: WireError }> {
    this.calls.push(call);
    this.threadId = threadId;
    const { service, runtime } = this.thread;
    if (call.type === "respond") {
      const refused = service.respond(call.requestId, { result: call.result });
      return refused ? { refused } : { text: null };
    }
    if (call.type === "request") {
      const reply = await service.request(call.request, "test");
      return "refused" in reply ? reply : { text: null };
    }
    if (call.type === "fork") throw new Error("nobody forks here");
    const source = {
      readTree: (oid: string) => this.world.repository.withJob((job) => readTree(job.calls({ contents: "read" }), oid)),
      readBlobs: (oids: string[]) => this.world.repository.withJob((job) => readBlobs(job.calls({ contents: "read" }), oids)),
    };
    await enterRepository(runtime, source, {
      ...call,
      name: call.about.title,
      gitInfo: { sha: call.commitOid, branch: call.about.branch, originUrl: null },
    });
    await this.thread.say(call.text, { clientUserMessageId: call.key });
    return { text: null };
  }

  /** Until GitHub, the repository and the thread have nothing more to say. */
  async settle(): Promise<void> {
    for (;;) {
      await this.world.settle();
      await new Promise((resolve) => setTimeout(resolve, 30));
      const frames = this.thread.frames().slice(this.told);
      if (frames.length === 0) return;
      const after = this.told;
      this.told += frames.length;
      const wire = frames.map(({ seq, ...frame }) => ({ seq, method: frame.method, text: JSON.stringify(frame) }));
      await this.world.repository.deliver({ threadId: this.threadId, after, frames: wire });
    }
  }

  async comment(login: string, body: string, { times = 1 } = {}): Promise<void> {
    const response = await this.stage.as(login, "POST", `${home}/issues/${this.issue}/comments`, { body });
    const { id, created_at: createdAt } = (await response.json()) as { id: number; created_at: string };
    const author = await this.person(login);
    const comment = { id, body, author, viaAppId: null, url: "", createdAt, updatedAt: createdAt };
    const { owner, repo: name } = repositoryName;
    const repository = { id: this.stage.repositoryId, owner, name, defaultBranch: "main", isPrivate: false };
    const facts: IssueFacts = {
      number: this.issue,
      title: "An issue",
      body: "",
      author,
      isOpen: true,
      isPullRequest: false,
      createdAt,
      updatedAt: createdAt,
    };
    const event = {
      type: "commentCreated",
      installationId,
      ownerId: 1,
      repository,
      sender: author,
      issue: facts,
      comment,
    } as const;
    for (let time = 0; time < times; time++) this.world.repository.receive(randomUUID(), event);
    await this.settle();
  }

  private async person(login: string): Promise<Person> {
    const known = this.persons.get(login);
    if (known) return known;
    const { id, type } = (await (await this.stage.as(people.owner, "GET", `/users/${login}`)).json()) as Person;
    this.persons.set(login, { id, login, type });
    return { id, login, type };
  }

  async read<Found>(path: string): Promise<Found> {
    return (await (await this.stage.as(people.owner, "GET", `${home}${path}`)).json()) as Found;
  }

  /** Our comments, the sticky one first. */
  async ours(): Promise<string[]> {
    const comments = await this.read<{ body: string; user: { login: string } }[]>(`/issues/${this.issue}/comments?per_page=100`);
    return comments
      .filter(({ user }) => user.login === `${app.slug}[bot]`)
      .map(({ body }) => body.replace(/<!--.*?-->/g, "").trim());
  }

  async digits(): Promise<string> {
    const [, digits = ""] = /\/spindle approve ([0-9a-f]{16})/.exec((await this.ours()).join("\n")) ?? [];
    expect(digits).not.toBe("");
    return digits;
  }

  async commits(ref: string): Promise<{ sha: string; commit: { message: string; tree: { sha: string } } }[]> {
    return this.read(`/commits?sha=${ref}`);
  }

  /** The commits of our branch, the newest first; none where it is not there. */
  async landed(): Promise<Awaited<ReturnType<Scene["commits"]>>> {
    const [found, ...others] = await this.read<{ ref: string }[]>("/git/matching-refs/heads/spindle/");
    expect(others).toEqual([]);
    return found ? this.commits(found.ref.replace("refs/heads/", "")) : [];
  }

  decisions(): unknown[] {
    return this.calls.flatMap((call) => (call.type === "respond" ? [call.result] : []));
  }

  /** The model is done with what it was asked, whatever came of it. */
  outputs(): string {
    return this.model.requests.map(({ input }) => JSON.stringify(input)).join("\n");
  }
}

/** The tree that git builds of the whole diff's own hunks of these numbers, on the files of the base. */
function treeByGit(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "spindle-git-"));
  try {
    const git = (...args: string[]) => execFileSync("git", args, { cwd: folder, encoding: "utf8" }).trim();
    git("init", "-q");
    for (const [path, text] of Object.entries(files)) writeFileSync(join(folder, path), text);
    git("add", "-A");
    return git("write-tree");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test("hunks that are approved are committed under their own hash, told to everybody, and the next diff stands on that commit", async () => {
  const scene = await Scene.open();
  const digits = await scene.digits();
  const readme = atob((await scene.read<{ content: string }>("/contents/README.md")).content.replaceAll("\n", ""));
  await scene.comment(people.writer, `/spindle approve ${digits} hunks=1,3`, { times: 2 });
  expect(scene.decisions()).toEqual([
    { decision: "accept", hunks: [1, 3], proposalHash: expect.stringMatching(/^[0-9a-f]{64}$/) },
  ]);
  const next = await scene.digits();
  expect(next).not.toBe(digits);
  const [landed, base] = await scene.landed();
  expect(landed?.commit.tree.sha).toBe(treeByGit({ "README.md": readme, "far.txt": edited(5, 45) }));
  expect(base?.sha).toBe((await scene.commits("main"))[0]?.sha);
  const [, hash = "", of = ""] =
    /Diff ([0-9a-f]{64})\nHunks 1, 3 of diff ([0-9a-f]{64})\n/.exec(landed?.commit.message ?? "") ?? [];
  expect(of.startsWith(digits)).toBe(true);
  expect(landed?.commit.message).toContain("Approved by wanda");
  // The model goes on knowing what is there and what is not, and what it proposes then is bound to the new commit.
  expect(scene.outputs()).toContain("only 1, 3 are in the workspace");
  expect(scene.outputs()).toContain("hunk 4: made.txt, the new file");
  expect((await scene.ours())[0]).toContain(`Made on commit ${landed?.sha.slice(0, 12)}`);
  // Its hash is of what has landed, and approves nothing any more.
  await scene.comment(people.writer, `/spindle approve ${hash.slice(0, 16)}`);
  expect(scene.decisions()).toHaveLength(1);
  await scene.comment(people.writer, "/spindle decline");
  expect(scene.decisions()).toHaveLength(2);
  const runs = await scene.read<{ check_runs: { external_id: string; output: { summary: string } }[] }>(
    `/commits/${base?.sha}/check-runs?filter=all`,
  );
  const run = runs.check_runs.find(({ external_id: id }) => id?.startsWith(of));
  expect(run?.output.summary).toContain(`Only hunks 1, 3 of \`${digits}\`, as \`${hash.slice(0, 16)}\``);
});

test("hunks that are not there, and paths outside of them, are answered by name, and the diff still waits", async () => {
  const scene = await Scene.open();
  const digits = await scene.digits();
  const said = async (words: string) => {
    await scene.comment(people.writer, words);
    return (await scene.ours()).at(-1);
  };
  expect(await said(`/spindle approve ${digits} hunks=1,5`)).toContain("This diff has hunks 1 to 4, and no 5.");
  expect(await said(`/spindle approve ${digits} hunks=1 including=made.txt`)).toContain("That diff does not change");
  expect(await said(`/spindle approve ${digits} hunks=0`)).toContain("Hunks are named like");
  expect(scene.decisions()).toEqual([]);
  await scene.comment(people.stranger, `/spindle approve ${digits} hunks=1`);
  expect(scene.decisions()).toEqual([]);
  // All of them by number are all of it.
  await scene.comment(people.writer, `/spindle approve ${digits} hunks=1-4`);
  expect(scene.decisions()).toEqual([{ decision: "accept" }]);
});

test("where two have to say yes, a yes to some hunks is none to the whole, nor to others", async () => {
  const scene = await Scene.open({ approvalsRequired: 2 });
  const digits = await scene.digits();
  await scene.comment(people.writer, `/spindle approve ${digits} hunks=2`);
  expect((await scene.ours())[0]).toMatch(
    new RegExp(`wanda said yes to hunk 2 of \`${digits}\` and to no more: to \`[0-9a-f]{16}\``),
  );
  await scene.comment(people.owner, `/spindle approve ${digits}`);
  await scene.comment(people.owner, `/spindle approve ${digits} hunks=2,3`);
  expect(scene.decisions()).toEqual([]);
  await scene.comment(people.owner, `/spindle approve ${digits} hunks=2`);
  expect(scene.decisions()).toMatchObject([{ hunks: [2] }]);
  await scene.comment(people.writer, "/spindle decline");
  const [landed] = await scene.landed();
  expect(landed?.commit.message).toMatch(/Hunk 2 of diff [0-9a-f]{64}\nApproved by wanda and olga/);
});

for (const [what, elsewhere, words] of [
  ["whole, when hunks of it were approved", { decision: "accept" }, " hunks=1"],
  ["in part, when all of it was approved", { decision: "accept", hunks: [2] }, ""],
  ["in other hunks than those that were approved", { decision: "accept", hunks: [1, 2] }, " hunks=1"],
] as const) {
  test(`what another client accepted ${what}, a moment before the yes at GitHub reached the thread, is not committed`, async () => {
    const scene = await Scene.open();
    const digits = await scene.digits();
    const [request] = scene.thread.runtime.current.requests;
    const state = scene.thread.runtime.current.work?.calls[0]?.state;
    const proposalHash = state?.type === "changesAsked" ? state.proposed.hash : "";
    const respond = scene.thread.service.respond.bind(scene.thread.service);
    scene.thread.service.respond = (requestId, reply) => {
      const result = "hunks" in elsewhere ? { ...elsewhere, proposalHash } : elsewhere;
      expect(respond(request?.id ?? "", { result })).toBeNull();
      return respond(requestId, reply);
    };
    await scene.comment(people.writer, `/spindle approve ${digits}${words}`);
    expect(scene.decisions()).toHaveLength(1);
    expect(await scene.landed()).toEqual([]);
    expect(scene.outputs()).toMatch("hunks" in elsewhere ? /accepted in part/ : /The change was accepted and is/);
  });
}

test("a thread that cannot take the hunks leaves the diff waiting, and the person hears why", async () => {
  const scene = await Scene.open();
  const digits = await scene.digits();
  const { service } = scene.thread;
  const respond = service.respond.bind(service);
  service.respond = () => ({ code: -32600, message: "these hunks cannot be accepted: too large" });
  await scene.comment(people.writer, `/spindle approve ${digits} hunks=1`);
  expect((await scene.ours()).at(-1)).toContain("these hunks cannot be accepted\\: too large");
  expect(await scene.digits()).toBe(digits);
  service.respond = respond;
  await scene.comment(people.writer, `/spindle approve ${digits} hunks=2`);
  expect((await scene.landed())[0]?.commit.message).toContain("Hunk 2 of diff");
});

test.for(["before", "after"] as const)(
  "a thread that dies %s any of its commits, and a repository that forgets, commit those hunks once",
  { timeout: 60_000 },
  async (when) => {
    let deaths = 0;
    for (let moment = 1, hasDied = true; hasDied; moment++) {
      let left = Number.POSITIVE_INFINITY;
      const scene = await Scene.open({ diesAtCommit: (at) => at === when && --left === 0 });
      const digits = await scene.digits();
      left = moment;
      await scene.comment(people.writer, `/spindle approve ${digits} hunks=2,4`);
      scene.world.wake();
      await scene.settle();
      hasDied = left <= 0;
      if (hasDied) deaths += 1;
      const where = `died ${when} commit ${moment}`;
      const [landed, ...others] = await scene.landed();
      expect(landed?.commit.message, where).toContain("Hunks 2, 4 of diff");
      const readme = atob((await scene.read<{ content: string }>("/contents/README.md")).content.replaceAll("\n", ""));
      const files = { "README.md": readme, "far.txt": edited(25), "made.txt": "made\n" };
      expect(landed?.commit.tree.sha, where).toBe(treeByGit(files));
      expect(others, where).toHaveLength((await scene.commits("main")).length);
      expect(scene.thread.runtime.workspace.version("made.txt"), where).not.toBeNull();
    }
    expect(deaths).toBeGreaterThan(3);
  },
);
