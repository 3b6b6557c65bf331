/**
 * The Worker and GitHub, both ways: an emulator's webhooks come to the Worker on Miniflare, and everything that leaves the Worker goes through
 * the gate that knows GitHub's own description. Deliveries come twice and not at all; the server is killed with SIGKILL between any two
 * requests. `npm run check:github`, which then runs every fault and every death of `test/github`.
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { githubApiLimits } from "#core/limits";
import { app, installationId, people } from "../support/github/stage.ts";
import { openStagedWorker } from "../support/github/staged-worker.ts";
import { createRandom } from "../support/random.ts";
import { playPulls, type Tree } from "./github-pulls.ts";
import { projectRoot } from "./server.ts";

/** A killed server revokes nothing: so many tokens end by themselves, a handful for each death. */
const tokensLostMax = 400;
/** Ways that one server is asked for: `githubTextLimits.personTurnsPerHour` is 20. */
const waysOfServer = 15;
const results = { passed: 0, failed: 0 };

async function step(title: string, work: () => Promise<void>): Promise<void> {
  try {
    await work();
    results.passed += 1;
    console.log(`ok   ${title}`);
  } catch (error) {
    results.failed += 1;
    console.log(`FAIL ${title}\n     ${error instanceof Error ? error.message : String(error)}`);
  }
}

function equal(found: unknown, wanted: unknown): void {
  const [one, other] = [JSON.stringify(found), JSON.stringify(wanted)];
  if (one !== other) throw new Error(`${one}\n     instead of ${other}`);
}

async function eventually<Found>(what: string, look: () => Promise<Found | null>): Promise<Found> {
  for (
    const deadlineMs = Date.now() + 45_000;
    Date.now() < deadlineMs;
    await new Promise((resolve) => setTimeout(resolve, 200))
  ) {
    const found = await look();
    if (found !== null) return found;
  }
  throw new Error(`${what} does not come to pass`);
}

const staged = await openStagedWorker({
  entry: "test/objects/github-stage-worker.ts",
  // Everything else of the repository comes when it is read.
  env: {
    GITHUB_COPIED_FILES_MAX: "1",
    SPINDLE_URL: "https://spindle.test",
    // Two people ask for more here than anybody would in an hour.
    GITHUB_POLICY: JSON.stringify({ budgets: { person: { turnsPerHour: 1_000 }, repository: { turnsPerHour: 1_000 } } }),
  },
});
const { stage, hook } = staged;
let { server } = staged;
const pastLogs: string[] = [];
const repository = "/repos/acme/widgets";

async function read<Found>(path: string): Promise<Found> {
  const response = await stage.as(people.owner, "GET", `${repository}${path}`);
  if (!response.ok) throw new Error(`GET ${path}: ${response.status} ${await response.text()}`);
  return (await response.json()) as Found;
}

async function newIssue(body = ""): Promise<number> {
  const made = await stage.as(people.writer, "POST", `${repository}/issues`, { title: "An issue", body });
  return ((await made.json()) as { number: number }).number;
}

async function say(login: string, issue: number, body: string): Promise<void> {
  const response = await stage.as(login, "POST", `${repository}/issues/${issue}/comments`, { body });
  if (!response.ok) throw new Error(`${login} cannot comment: ${response.status}`);
}

/** A webhook of an issue's change, which the emulator does not send as GitHub does. */
async function change(
  issue: number,
  told: { action: string; label?: object; assignee?: object },
  login = people.writer as string,
) {
  const payload = { ...(await commonly(login)), issue: await read(`/issues/${issue}`), ...told };
  await hook.take("issues", JSON.stringify(payload));
}

/** Somebody asks for the check run of a diff again. */
async function rerequest(digits: string): Promise<void> {
  const main = await read<{ object: { sha: string } }>("/git/ref/heads/main");
  const { check_runs } = await read<{ check_runs: { external_id: string; id: number; name: string; head_sha: string }[] }>(
    `/commits/${main.object.sha}/check-runs?per_page=100`,
  );
  const run = check_runs.find(({ external_id }) => external_id.startsWith(digits));
  const payload = { ...(await commonly(people.writer)), action: "rerequested", check_run: { ...run, app: { id: app.id } } };
  await hook.take("check_run", JSON.stringify(payload));
}

/** What every webhook of the repository says. */
async function commonly(login: string): Promise<object> {
  const sender = await (await stage.as(people.owner, "GET", `/users/${login}`)).json();
  return { installation: { id: installationId }, repository: await read(""), sender };
}

/** Of the branch's last commit. The emulator tells it by webhook. */
async function review(login: string, { number, branch }: { number: number; branch: string }, event: string): Promise<void> {
  const { object } = await read<{ object: { sha: string } }>(`/git/ref/heads/${branch}`);
  const response = await stage.as(login, "POST", `${repository}/pulls/${number}/reviews`, { event, commit_id: object.sha });
  if (!response.ok) throw new Error(`${login} cannot review: ${response.status}`);
}

/** Our comments of an issue: what a person reads of them. */
async function answersIn(issue: number): Promise<string[]> {
  const comments = await read<{ body: string; user: { login: string } }[]>(`/issues/${issue}/comments?per_page=100`);
  const ours = comments.filter(({ user }) => user.login === `${app.slug}[bot]`);
  return ours.map(({ body }) => body.replace(/<!--.*?-->/g, "").trim());
}

/** Our only comment of an issue, as soon as it says this. */
const untilSaid = (issue: number, words: string) =>
  eventually(`"${words}" in #${issue}`, async () => {
    const [answer = "", ...others] = await answersIn(issue);
    if (others.length > 0 && answer.includes(words)) throw new Error(`more than one comment: ${JSON.stringify(others)}`);
    return answer.includes(words) ? answer : null;
  });
/** One of our comments of an issue, as soon as it says this. */
const untilToldIn = (issue: number, words: string) =>
  eventually(`"${words}" in #${issue}`, async () => (await answersIn(issue)).find((answer) => answer.includes(words)) ?? null);
const untilDone = (issue: number) => untilSaid(issue, "is done; nothing is to be committed.");

/** The digits that an approval names, out of the comment that asks for one. */
async function untilAsked(issue: number, except = ""): Promise<string> {
  return eventually(`the diff in #${issue}`, async () => {
    const text = (await answersIn(issue)).join("\n");
    const [, digits = ""] = /\/spindle approve ([0-9a-f]{16})/.exec(text) ?? [];
    return digits === "" || digits === except ? null : digits;
  });
}

const pulls = () =>
  read<{ number: number; draft: boolean; head: { ref: string; sha: string }; base: { ref: string } }[]>(
    "/pulls?state=all&per_page=100",
  );

async function treeOf(ref: string): Promise<Tree> {
  const head = await read<{ object: { sha: string } }>(`/git/ref/heads/${ref}`);
  const commit = await read<{ tree: { sha: string }; parents: { sha: string }[] }>(`/git/commits/${head.object.sha}`);
  const { tree } = await read<{ tree: Tree["entries"] }>(`/git/trees/${commit.tree.sha}?recursive=1`);
  return { oid: head.object.sha, parents: commit.parents.map(({ sha }) => sha), tree: commit.tree.sha, entries: tree };
}

/** One commit upon `base`, whose tree is the one that git itself makes of the base's files and these. */
async function requireLanded(
  branch: string,
  { base, files }: { base: string | Tree; files: Record<string, string | null> },
): Promise<void> {
  const before = typeof base === "string" ? await treeOf(base) : base;
  const after = await treeOf(branch);
  equal(after.parents, [before.oid]);
  const folder = mkdtempSync(join(tmpdir(), "spindle-git-"));
  const git = (args: string[], input = "") => execFileSync("git", args, { cwd: folder, input, encoding: "utf8" }).trim();
  git(["init", "--quiet"]);
  for (const { path, mode, sha, type } of before.entries) {
    if (type === "blob") git(["update-index", "--add", "--cacheinfo", `${mode},${sha},${path}`]);
  }
  for (const [path, text] of Object.entries(files)) {
    if (text === null) {
      git(["update-index", "--force-remove", path]);
      continue;
    }
    const oid = git(["hash-object", "-w", "--stdin"], text);
    git(["update-index", "--add", "--cacheinfo", `100644,${oid},${path}`]);
  }
  equal(after.tree, git(["write-tree", "--missing-ok"]));
  rmSync(folder, { recursive: true, force: true });
}

/** Returns when the Worker has asked nothing for longer than an edit waits for its turn, its tokens revoked too. */
async function quiet(): Promise<void> {
  for (let heard = -1; heard !== stage.heard.length; ) {
    heard = stage.heard.length;
    await new Promise((resolve) => setTimeout(resolve, githubApiLimits.editIntervalMs + 1_000));
  }
}

/** Another server without a past: a person may have no more than so many turns an hour. */
async function fresh(): Promise<void> {
  pastLogs.push(server.logs());
  await server.close();
  server = await staged.startAnother();
  hook.server = server;
}

interface CheckRun {
  external_id: string;
  details_url: string;
  status: string;
  conclusion: string | null;
}

const runsOn = async (oid: string) => (await read<{ check_runs: CheckRun[] }>(`/commits/${oid}/check-runs`)).check_runs;

/** As somebody who may, past the Worker. */
async function pushToMain(files: Record<string, string>): Promise<void> {
  const git = async (method: string, path: string, body: object): Promise<string> => {
    const response = await stage.as(people.owner, method, `${repository}/git/${path}`, body);
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${await response.text()}`);
    return ((await response.json()) as { sha: string }).sha;
  };
  const base = await treeOf("main");
  const entries: object[] = [];
  for (const [path, content] of Object.entries(files)) {
    const sha = await git("POST", "blobs", { content, encoding: "utf-8" });
    entries.push({ path, mode: "100644", type: "blob", sha });
  }
  const tree = await git("POST", "trees", { base_tree: base.tree, tree: entries });
  const commit = await git("POST", "commits", { message: "Add files", tree, parents: [base.oid] });
  await git("PATCH", "refs/heads/main", { sha: commit, force: false });
}

let account = "";
async function restart(): Promise<void> {
  await server.restart();
  const order = { account, repositoryId: stage.repositoryId };
  const response = await fetch(`${server.url}/stage/wake`, { method: "POST", body: JSON.stringify(order) });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
}

try {
  const { owner } = await read<{ owner: { id: number } }>("");
  account = encodeURIComponent(`github:${owner.id}`);

  await step("a mention of somebody who may write is seen, and one comment says what came of it", async () => {
    const issue = await newIssue();
    await say(people.writer, issue, "@spindle\nsay hello");
    if (!(await untilDone(issue)).includes("hello")) throw new Error(JSON.stringify(await answersIn(issue)));
    equal(
      stage.missing.reactions.map(({ content }) => content),
      ["eyes"],
    );
  });

  await step("a stranger's comment, and our own, have no answer", async () => {
    const issue = await newIssue();
    await say(people.stranger, issue, "/spindle run say hello");
    const other = await newIssue();
    await say(people.writer, other, "/spindle run say hello");
    await untilDone(other);
    equal(await answersIn(issue), []);
  });

  await step(
    "an issue: a diff, a stranger's yes that is none, a yes, a commit on a branch of ours, a draft pull request",
    async () => {
      const issue = await newIssue();
      await say(people.writer, issue, "/spindle run\nwrite docs/a.txt: alpha\\n\nsay it is written");
      const digits = await untilAsked(issue);
      await say(people.stranger, issue, `/spindle approve ${digits}`);
      await say(people.writer, issue, `/spindle approve ${digits}`);
      const shown = await untilSaid(issue, "committed `");
      const [, branch = ""] = /to `(spindle\/[^`]+)`/.exec(shown) ?? [];
      await requireLanded(branch, { base: "main", files: { "docs/a.txt": "alpha\n" } });
      const pull = await eventually(
        "the pull request",
        async () => (await pulls()).find(({ head }) => head.ref === branch) ?? null,
      );
      equal([pull.draft, pull.base.ref], [true, "main"]);
    },
  );

  await step("in its draft a thread is heard too: a mention, a review that says yes, and one that marks it ready", async () => {
    const issue = await newIssue();
    await say(people.writer, issue, "/spindle run\nwrite docs/d.txt: delta\\n");
    await say(people.writer, issue, `/spindle approve ${await untilAsked(issue)}`);
    const [, branch = ""] = /to `(spindle\/[^`]+)`/.exec(await untilSaid(issue, "committed `")) ?? [];
    const [, linked = ""] = /Draft pull request #(\d+)\./.exec(await untilSaid(issue, "Draft pull request #")) ?? [];
    const number = Number(linked);
    equal((await pulls()).find((pull) => pull.number === number)?.head.ref, branch);
    const before = await treeOf(branch);
    await say(people.writer, number, "@spindle\nwrite docs/e.txt: epsilon\\n");
    const digits = await untilAsked(number);
    await review(people.owner, { number, branch }, "APPROVE");
    for (const place of [issue, number]) await untilSaid(place, `committed \`${digits}\``);
    await requireLanded(branch, { base: before, files: { "docs/e.txt": "epsilon\n" } });
    await review(people.owner, { number, branch }, "APPROVE");
    await eventually("that it is ready", async () =>
      (await pulls()).some((pull) => pull.number === number && !pull.draft) ? true : null,
    );
    await untilSaid(issue, `Pull request #${number}.`);
  });

  await step("a no commits nothing and says whose it was, and a stop ends the turn", async () => {
    const issue = await newIssue();
    await say(people.writer, issue, "/spindle run\nwrite docs/b.txt: beta");
    await untilAsked(issue);
    await say(people.writer, issue, "/spindle decline not now");
    await untilSaid(issue, "committed nothing: wanda declined");
    const other = await newIssue();
    await say(people.writer, other, "/spindle run\nwrite docs/c.txt: gamma");
    await untilAsked(other);
    await say(people.stranger, other, "/spindle stop");
    await say(people.writer, other, "/spindle stop");
    await untilSaid(other, "was stopped.");
    equal((await pulls()).length, 2);
  });

  await step("a label, an assignment and opening words begin turns; a stranger's, and another label, begin none", async () => {
    const bodies = { label: "", assignment: "", other: "", opened: "It crashes.\n\n@spindle\nsay hello" };
    const issues = Object.fromEntries(
      await Promise.all(Object.entries(bodies).map(async ([name, body]) => [name, await newIssue(body)] as const)),
    ) as Record<keyof typeof bodies, number>;
    await change(issues.label, { action: "labeled", label: { name: "spindle" } });
    await change(issues.assignment, { action: "assigned", assignee: { id: 900, login: `${app.slug}[bot]`, type: "Bot" } });
    await change(issues.other, { action: "labeled", label: { name: "bug" } });
    await change(issues.other, { action: "labeled", label: { name: "spindle" } }, people.stranger);
    for (const name of ["label", "assignment", "opened"] as const) await untilDone(issues[name]);
    equal(await answersIn(issues.other), []);
  });

  await step("status and help tell, a steer is heard by the turn, and a retry asks again", async () => {
    const issue = await newIssue();
    await say(people.writer, issue, "/spindle run\nwrite docs/d.txt: delta\nsay written");
    const digits = await untilAsked(issue);
    await say(people.writer, issue, "/spindle status");
    await say(people.writer, issue, "/spindle help");
    const told = await eventually("two answers", async () => {
      const found = await answersIn(issue);
      return found.length === 3 ? found.join("\n") : null;
    });
    for (const words of ["- Asked by wanda", `- Diff \`${digits}\``, "/spindle unhold"]) {
      if (!told.includes(words)) throw new Error(`no ${words} in ${told}`);
    }
    await say(people.writer, issue, "/spindle steer say I was steered");
    await say(people.writer, issue, "/spindle decline");
    await untilToldIn(issue, "I was steered");
    await untilToldIn(issue, "committed nothing: wanda declined");
    await say(people.writer, issue, "/spindle retry");
    await untilAsked(issue);
    await say(people.writer, issue, "/spindle stop");
    await untilToldIn(issue, "was stopped.");
  });

  await step("a check run that is asked for again is a retry", async () => {
    const issue = await newIssue();
    await say(people.writer, issue, "/spindle run\nwrite docs/e.txt: epsilon");
    const digits = await untilAsked(issue);
    await say(people.writer, issue, "/spindle decline");
    await untilSaid(issue, "committed nothing");
    await rerequest(digits);
    equal(await untilAsked(issue), digits);
    await say(people.writer, issue, "/spindle stop");
    await untilSaid(issue, "was stopped.");
  });

  await step("what is on hold is approved by nobody and lands after it was let go, through a SIGKILL", async () => {
    const issue = await newIssue();
    await say(people.writer, issue, "/spindle run\nwrite docs/f.txt: zeta\\n");
    const digits = await untilAsked(issue);
    await say(people.writer, issue, "/spindle hold");
    await untilSaid(issue, "On hold");
    await server.restart();
    await say(people.writer, issue, `/spindle approve ${digits}`);
    await untilToldIn(issue, "put this on hold, so nothing was approved");
    await say(people.stranger, issue, "/spindle unhold");
    await say(people.writer, issue, "/spindle unhold");
    await untilToldIn(issue, `/spindle approve ${digits}`);
    await say(people.writer, issue, `/spindle approve ${digits}`);
    const shown = await untilToldIn(issue, "committed `");
    const [, branch = ""] = /to `(spindle\/[^`]+)`/.exec(shown) ?? [];
    await requireLanded(branch, { base: "main", files: { "docs/f.txt": "zeta\n" } });
  });

  await step("a fork is named where it was asked for", async () => {
    const issue = await newIssue();
    await say(people.writer, issue, "/spindle run say hello");
    await untilDone(issue);
    await say(people.writer, issue, "/spindle fork");
    await untilToldIn(issue, "Forked as thread ");
  });

  await step("a question is asked in the comment and answered by its number; the turn goes on", async () => {
    const issue = await newIssue();
    await say(people.writer, issue, "/spindle run\nask Which colour: Red | Blue\nsay goodbye");
    const shown = await untilSaid(issue, "/spindle steer 1");
    if (!/^1\. Red.*\n2\. Blue/m.test(shown)) throw new Error(shown);
    await say(people.stranger, issue, "/spindle steer 1");
    await say(people.writer, issue, "/spindle steer 2");
    await untilSaid(issue, "goodbye");
  });

  await step("hunk approval: a yes to some hunks commits exactly those, under a hash of their own", async () => {
    const issue = await newIssue();
    const text = (...edited: number[]) =>
      Array.from({ length: 30 }, (_, line) => (line % 10 === 0 ? (edited.includes(line) ? "new" : "old") : `line ${line}`)).join(
        "\n",
      );
    const written = `write docs/far.txt: ${text().replaceAll("\n", "\\n")}\\n`;
    await say(people.writer, issue, `/spindle run\n${written}\nreplace "old" with "new" in docs/far.txt\nsay done`);
    const first = await untilAsked(issue);
    await say(people.writer, issue, `/spindle approve ${first}`);
    const digits = await untilAsked(issue, first);
    const [pull] = (await pulls()).toSorted((one, other) => other.number - one.number);
    const branch = pull?.head.ref ?? "";
    const before = await treeOf(branch);
    await requireLanded(branch, { base: "main", files: { "docs/far.txt": `${text()}\n` } });
    await say(people.writer, issue, `/spindle approve ${digits} hunks=1,3-4`);
    await eventually("the answer to hunks that are not there", async () => {
      return (await answersIn(issue)).some((answer) => answer.includes("This diff has hunks 1 to 3, and no 4.")) || null;
    });
    equal((await treeOf(branch)).oid, before.oid);
    await say(people.stranger, issue, `/spindle approve ${digits} hunks=1`);
    await say(people.writer, issue, `/spindle approve ${digits} hunks=1,3`);
    const shown = await eventually("the commit of hunks", async () => {
      const [comment = ""] = await answersIn(issue);
      return /committed `([0-9a-f]{16})` \(hunks 1, 3 of `([0-9a-f]{16})`\)/.exec(comment);
    });
    equal([shown[2], shown[1] === digits], [digits, false]);
    await requireLanded(branch, { base: before, files: { "docs/far.txt": `${text(0, 20)}\n` } });
    await eventually("the check run of those hunks", async () => {
      const { check_runs: runs } = await read<{ check_runs: { external_id: string; output: { summary: string } }[] }>(
        `/commits/${before.oid}/check-runs?filter=all`,
      );
      const run = runs.find(({ external_id: id }) => id.startsWith(digits));
      return run?.output.summary.includes(`Only hunks 1, 3 of \`${digits}\`, as \`${shown[1]}\``) || null;
    });
  });
  await step(
    "a large repository: what was not copied is read when it is wanted, changed, removed, and lands as git builds it",
    async () => {
      const far = Object.fromEntries(
        ["one", "two", "three"].map((name) => [`src/far/${name}.txt`, `the first of ${name}\nthe last\n`]),
      );
      await pushToMain(far);
      const main = await treeOf("main");
      const oidOf = (name: string) => main.entries.find(({ path }) => path === `src/far/${name}.txt`)?.sha ?? "";
      const readsOf = (name: string) => stage.heard.filter(({ path }) => path.endsWith(`/git/blobs/${oidOf(name)}`)).length;
      const issue = await newIssue();
      await say(
        people.writer,
        issue,
        '/spindle run\nreplace "first" with "very first" in src/far/one.txt\ndelete src/far/two.txt',
      );
      const digits = await untilAsked(issue);
      equal(["one", "two", "three"].map(readsOf), [1, 0, 0]);
      const shown = await untilSaid(issue, "[Open the thread](https://spindle.test/#");
      const [, threadId = ""] = /spindle\.test\/#([0-9a-f-]{36})\)/.exec(shown) ?? [];
      await say(people.writer, issue, `/spindle approve ${digits}`);
      const second = await untilAsked(issue, digits);
      const branch = `spindle/${threadId}`;
      const half = { "src/far/one.txt": "the very first of one\nthe last\n" };
      await requireLanded(branch, { base: main, files: half });
      const before = await treeOf(branch);
      await say(people.writer, issue, `/spindle approve ${second}`);
      await eventually("the second commit", async () => ((await treeOf(branch)).oid === before.oid ? null : true));
      await requireLanded(branch, { base: before, files: { "src/far/two.txt": null } });
      equal(["one", "two", "three"].map(readsOf), [1, 1, 0]);
      // Main's own commit has the diff's run only; the branch has one of the turn, which goes on with it.
      const head = await treeOf(branch);
      const runs = await eventually("the check run of the turn", async () => {
        const found = await runsOn(head.oid);
        return found.some(({ conclusion }) => conclusion === "success") ? found : null;
      });
      equal(
        runs.map(({ external_id, details_url }) => [external_id.split("/")[0], details_url]),
        [[threadId, `https://spindle.test/#${threadId}`]],
      );
      equal(
        (await runsOn(main.oid)).filter(({ external_id }) => external_id.startsWith(threadId)),
        [],
      );
    },
  );

  await playPulls({
    stage,
    server,
    step,
    equal,
    eventually,
    read,
    say,
    answersIn,
    untilAsked,
    treeOf,
    requireLanded,
    tell: ({ event, body }) => hook.take(event, body),
    afterRequest: (work) => {
      staged.afterRequest = work;
    },
  });

  await step("every delivery once more, in reverse, under its GUID and under another, changes nothing", async () => {
    await quiet();
    const heard = stage.heard.length;
    await hook.allAgain({ guid: "same" });
    await hook.allAgain({ guid: "another" });
    await quiet();
    equal(stage.heard.length, heard);
  });

  await step("what did not arrive is asked for again, and answered once", async () => {
    const issue = await newIssue();
    await new Promise((resolve) => setTimeout(resolve, 200));
    hook.isDown = true;
    await say(people.writer, issue, "/spindle run say hello");
    await eventually("the failed delivery", async () => (stage.missing.deliveries[0]?.status_code === 502 ? true : null));
    hook.isDown = false;
    await fetch(`${server.url}/stage/catch-up`, { method: "POST" });
    await untilDone(issue);
  });

  let calm: { end: string[]; requests: number } | null = null;
  await step("the whole way from a mention to a draft pull request, and how GitHub stands afterwards", async () => {
    const heard = stage.heard.length;
    const end = await wholeWay("calm");
    calm = { end, requests: stage.heard.length - heard };
  });

  for (const [index, moment] of killMoments(calm).entries()) {
    if (index % waysOfServer === 0) await fresh();
    await step(`SIGKILL ${moment.name} of that way, and it ends as if it had run once`, async () => {
      let count = 0;
      let killing: Promise<void> | null = null;
      const kill = async () => {
        killing ??= restart();
        await killing;
      };
      staged.afterRequest = async () => {
        if (count++ !== moment.at) return;
        if (moment.laterMs === 0) await kill();
        else setTimeout(() => void kill(), moment.laterMs);
      };
      try {
        const end = await wholeWay(moment.name);
        // A way may ask a little less than the calm one: tokens of one job serve more or less.
        if (killing === null && moment.at < 0.8 * (calm?.requests ?? 0)) throw new Error("nobody was killed");
        equal(end, calm?.end);
      } finally {
        staged.afterRequest = null;
        await killing;
      }
    });
  }

  await step("where the operator wants two people, one yes is shown and the other one commits", async () => {
    await quiet();
    const policy = { approvalsRequired: 2, mayApproveOwn: false };
    const strict = await staged.startAnother({ GITHUB_POLICY: JSON.stringify(policy) });
    hook.server = strict;
    try {
      await stage.as(people.owner, "PUT", `${repository}/collaborators/${people.stranger}`, { permission: "push" });
      const issue = await newIssue();
      await say(people.stranger, issue, "/spindle run\nwrite docs/f.txt: zeta\\n");
      const digits = await untilAsked(issue);
      await say(people.writer, issue, `/spindle approve ${digits}`);
      await untilSaid(issue, "wanda said yes; 1 more person has to approve.");
      await say(people.owner, issue, `/spindle approve ${digits}`);
      const shown = await untilSaid(issue, "approved by wanda and olga.");
      const [, branch = ""] = /to `(spindle\/[^`]+)`/.exec(shown) ?? [];
      await requireLanded(branch, { base: "main", files: { "docs/f.txt": "zeta\n" } });
      await quiet();
      // Whoever asked has no yes, which is said in a comment of its own.
      const other = await newIssue();
      await say(people.stranger, other, "/spindle run\nwrite docs/g.txt: eta");
      await say(people.stranger, other, `/spindle approve ${await untilAsked(other)}`);
      await eventually("the refusal", async () =>
        (await answersIn(other)).some((text) => text.includes("Who asked for a change may not approve it")) ? true : null,
      );
      await quiet();
    } finally {
      hook.server = server;
      await strict.close();
    }
  });

  await step(
    "everything that left the Worker was what GitHub allows, tokens were revoked, and no line of the log has a secret",
    async () => {
      equal(stage.problems, []);
      const living = [...stage.missing.minted].filter((token) => !stage.missing.revoked.has(token));
      if (living.length > tokensLostMax) throw new Error(`${living.length} tokens live`);
      const leaked = ["ghs_", "PRIVATE KEY", staged.secret].filter((word) =>
        [...pastLogs, server.logs()].some((logs) => logs.includes(word)),
      );
      equal(leaked, []);
    },
  );
} finally {
  await staged.close();
}

async function runs(file: string, parameters: string[], environment: Record<string, string> = {}): Promise<void> {
  const child = spawn(process.execPath, [file, ...parameters], {
    cwd: projectRoot,
    stdio: "inherit",
    env: { ...process.env, ...environment },
  });
  equal(await new Promise((resolve) => child.once("close", resolve)), 0);
}

await step("what `npm run github:local` says to type is answered, and committed", async () => {
  await runs("test/support/github/local.ts", ["--once"]);
});

await step("every fault of every request, and a death at every moment", async () => {
  const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
  await runs(vitest, ["run", "--project", "node", "test/github"], { GITHUB_CHECK: "all" });
});
console.log(`${results.passed} passed, ${results.failed} failed`);
process.exit(results.failed === 0 ? 0 : 1);

interface KillMoment {
  name: string;
  /** After the request of that number, and so much later. */
  at: number;
  laterMs: number;
}

/** After each request of the calm way, its answer unheard; and at random moments between them. */
function killMoments(calm: { requests: number } | null): KillMoment[] {
  const requests = calm?.requests ?? 0;
  const random = createRandom(20261121);
  return [
    ...Array.from({ length: requests }, (_, at) => ({ name: `after request ${at}`, at, laterMs: 0 })),
    ...Array.from({ length: 6 }, (_, index) => {
      const [at, laterMs] = [random.below(requests), 1 + random.below(60)];
      return { name: `${laterMs} ms after request ${at} (${index})`, at, laterMs };
    }),
  ];
}

/** A mention, a yes, a commit, a draft pull request: as people see them, without ids. */
async function wholeWay(name: string): Promise<string[]> {
  const issue = await newIssue();
  const heard = stage.missing.reactions.length;
  const known = (await checkRuns()).map(({ id }) => id);
  await say(people.writer, issue, `@${app.slug}\nwrite notes/way.txt: alpha\\n\nsay it is written`);
  await say(people.writer, issue, `/spindle approve ${await untilAsked(issue)}`);
  const shown = await untilSaid(issue, "committed `");
  const [, branch = ""] = /to `(spindle\/[^`]+)`/.exec(shown) ?? [];
  const ofBranch = async () => (await pulls()).filter(({ head }) => head.ref === branch);
  await eventually(`the pull request of ${name}`, async () => ((await ofBranch()).length > 0 ? true : null));
  const newRuns = async () => (await checkRuns()).filter(({ id }) => !known.includes(id));
  await eventually(`the check run of ${name}`, async () =>
    (await newRuns()).some(({ conclusion }) => conclusion === "success") ? true : null,
  );
  await quiet();
  const commits = await read<{ commit: { message: string; tree: { sha: string } } }[]>(`/commits?sha=${branch}`);
  const said = [
    ...(await answersIn(issue)),
    ...stage.missing.reactions.slice(heard).map(({ content }) => content),
    ...commits.map(({ commit }) => commit.message),
    ...(await ofBranch()).map(({ draft, base }) => `draft ${draft} on ${base.ref}`),
    ...(await newRuns()).map(({ conclusion }) => conclusion),
  ].map((text) =>
    text
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, "<id>")
      .replace(/\b[0-9a-f]{12,64}\b/g, "<hash>")
      .replace(/#\d+/g, "#<n>"),
  );
  // The tree is the same each time, to the letter.
  return [...said, ...commits.map(({ commit }) => commit.tree.sha)];
}

async function checkRuns(): Promise<{ id: number; conclusion: string }[]> {
  const { object } = await read<{ object: { sha: string } }>("/git/ref/heads/main");
  const path = `/commits/${object.sha}/check-runs?filter=all&per_page=100`;
  return (await read<{ check_runs: { id: number; conclusion: string }[] }>(path)).check_runs;
}
