/**
 * The Worker and GitHub, both ways: an emulator's webhooks come to the Worker on Miniflare, and everything that leaves the Worker goes through
 * the gate that knows GitHub's own description. Deliveries come twice and not at all; the server is killed with SIGKILL between any two
 * requests. `npm run check:github`, which then runs every fault and every death of `test/github`.
 */
import { execFileSync, spawn } from "node:child_process";
import { createHmac, randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server as HttpServer, type IncomingMessage } from "node:http";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { blobHash } from "#workspace/blob";
import { asGitHubTells } from "../support/github/pull-requests.ts";
import { privateKey } from "../support/github/repository.ts";
import { app, openStage, people, type Stage } from "../support/github/stage.ts";
import { playPulls, type Tree } from "./github-pulls.ts";
import { bundleWorker, type MiniflareServer, startMiniflare } from "./miniflare-server.ts";
import { projectRoot } from "./server.ts";

const secret = randomUUID();
const apiHost = "api.github.test";
/** Requests of the story before it is over: token, branch, look, commit, token, pull request. */
const requestsOfStory = 6;
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
  for (const deadlineMs = Date.now() + 45_000; Date.now() < deadlineMs; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const found = await look();
    if (found !== null) return found;
  }
  throw new Error(`${what} does not come to pass`);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

async function listen(server: HttpServer): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no port");
  return address.port;
}

/** What GitHub does around a delivery and the emulator does not: a GUID, the App's number, and a list of what did not arrive. */
class Hook {
  server: MiniflareServer | null = null;
  stage: Stage | null = null;
  /** GitHub's network is down for as long as this holds. */
  isDown = false;
  private readonly sent: { id: number; guid: string; event: string; body: string }[] = [];

  async take(event: string, body: string): Promise<void> {
    const delivery = { id: this.sent.length + 1, guid: randomUUID(), event, body };
    this.sent.push(delivery);
    await this.deliver(delivery);
  }

  async again(id: number): Promise<void> {
    const delivery = this.sent.find((one) => one.id === id);
    if (delivery) await this.deliver(delivery);
  }

  /** All that were sent, once more: under their own GUIDs, or as another hook of the same repository would. */
  async allAgain({ guid }: { guid: "same" | "another" }): Promise<void> {
    for (const delivery of [...this.sent].reverse())
      await this.deliver({ ...delivery, ...(guid === "another" ? { guid: randomUUID() } : {}) });
  }

  private async deliver({ id, guid, event, body }: Hook["sent"][number]): Promise<void> {
    const status_code = this.isDown ? 502 : await this.post(guid, event, body);
    this.stage?.missing.deliveries.unshift({ id, guid, event, status_code, delivered_at: new Date().toISOString() });
  }

  private async post(guid: string, event: string, body: string): Promise<number> {
    const headers = {
      "content-type": "application/json",
      "x-github-event": event,
      "x-github-delivery": guid,
      "x-github-hook-installation-target-type": "integration",
      "x-github-hook-installation-target-id": String(app.id),
      "x-hub-signature-256": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
    };
    const response = await fetch(`${this.server?.url}/github/webhook`, { method: "POST", headers, body }).catch(() => null);
    return response?.status ?? 502;
  }
}

const hook = new Hook();
const relay = createServer(async (request, response) => {
  const body = await bodyOf(request);
  response.end();
  const event = String(request.headers["x-github-event"]);
  for (const told of await asGitHubTells(stage, { event, body })) await hook.take(told.event, told.body);
});
const relayPort = await listen(relay);
const stage = await openStage({ privateKey, webhook: { url: `http://127.0.0.1:${relayPort}/`, secret } });
hook.stage = stage;

/** What leaves the Worker. `afterRequest` may kill the server between a request and its answer. */
let afterRequest: (() => Promise<void>) | null = null;
const gate = createServer(async (request, response) => {
  const body = await bodyOf(request);
  const host = request.headers["x-forwarded-host"];
  if (host !== apiHost) stage.problems.push(`a request left for ${host}`);
  const again = /^\/app\/hook\/deliveries\/(\d+)\/attempts$/.exec(request.url ?? "");
  if (again) void hook.again(Number(again[1]));
  const answer = await stage.fetch(`https://${apiHost}${request.url}`, {
    method: request.method ?? "GET",
    headers: { authorization: request.headers.authorization ?? "" },
    body: body === "" ? null : body,
  });
  const text = await answer.text();
  await afterRequest?.();
  response.writeHead(answer.status, { "content-type": "application/json" });
  response.end(text);
});
const gatePort = await listen(gate);

const repository = "/repos/acme/widgets";
const bundle = await bundleWorker("test/objects/github-stage-worker.ts");
const server = await startMiniflare({
  bundle,
  outbound: `127.0.0.1:${gatePort}`,
  env: {
    GITHUB_APP_ID: String(app.id),
    GITHUB_APP_PRIVATE_KEY: privateKey,
    GITHUB_WEBHOOK_SECRET: secret,
    GITHUB_API_URL: `https://${apiHost}`,
  },
});
hook.server = server;

async function read<Found>(path: string): Promise<Found> {
  return (await (await stage.as(people.writer, "GET", `${repository}${path}`)).json()) as Found;
}

async function newIssue(): Promise<number> {
  const made = await stage.as(people.writer, "POST", `${repository}/issues`, { title: "An issue", body: "" });
  return ((await made.json()) as { number: number }).number;
}

async function say(login: string, issue: number, body: string): Promise<void> {
  const response = await stage.as(login, "POST", `${repository}/issues/${issue}/comments`, { body });
  if (!response.ok) throw new Error(`${login} cannot comment: ${response.status}`);
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
  { base, files }: { base: string | Tree; files: Record<string, string> },
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
    const oid = git(["hash-object", "-w", "--stdin"], text);
    git(["update-index", "--add", "--cacheinfo", `100644,${oid},${path}`]);
  }
  equal(after.tree, git(["write-tree", "--missing-ok"]));
  rmSync(folder, { recursive: true, force: true });
}

/** Returns when the Worker has asked nothing for a second, its tokens revoked too. */
async function quiet(): Promise<void> {
  for (let heard = -1; heard !== stage.heard.length; ) {
    heard = stage.heard.length;
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}

let account = "";
async function asThread(order: object): Promise<unknown> {
  const response = await fetch(`${server.url}/stage/effects`, {
    method: "POST",
    body: JSON.stringify({ account, repositoryId: stage.repositoryId, ...order }),
  });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  const text = await response.text();
  return text === "" ? null : JSON.parse(text);
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
    equal((await pulls()).length, 1);
  });

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
      afterRequest = work;
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

  await step("a branch, a commit and a draft pull request land as one story", async () => {
    await landStory("calm");
  });

  for (let kill = 0; kill < requestsOfStory; kill++) {
    await step(`SIGKILL after request ${kill} of that story, and it ends as if it had run once`, async () => {
      let count = 0;
      let killing: Promise<void> | null = null;
      afterRequest = async () => {
        if (count++ !== kill) return;
        afterRequest = null;
        killing = server.restart();
        await killing;
      };
      try {
        await landStory(`kill-${kill}`);
        if (killing === null) throw new Error("nobody was killed");
      } finally {
        afterRequest = null;
        await killing;
      }
    });
  }

  await step(
    "everything that left the Worker was what GitHub allows, tokens were revoked, and no line of the log has a secret",
    async () => {
      equal(stage.problems, []);
      const living = [...stage.missing.minted].filter((token) => !stage.missing.revoked.has(token));
      // A killed server revokes nothing; its tokens end by themselves.
      if (living.length > requestsOfStory * 2) throw new Error(`${living.length} tokens live`);
      const leaked = ["ghs_", "PRIVATE KEY", secret].filter((word) => server.logs().includes(word));
      equal(leaked, []);
    },
  );
} finally {
  await server.close();
  await stage.close();
  relay.close();
  gate.close();
  rmSync(bundle, { recursive: true, force: true });
}

await step("every fault of every request, and a death at every moment", async () => {
  const vitest = join(dirname(createRequire(import.meta.url).resolve("vitest/package.json")), "vitest.mjs");
  const child = spawn(process.execPath, [vitest, "run", "--project", "node", "test/github"], {
    cwd: projectRoot,
    stdio: "inherit",
    env: { ...process.env, GITHUB_CHECK: "all" },
  });
  equal(await new Promise((resolve) => child.once("close", resolve)), 0);
});
console.log(`${results.passed} passed, ${results.failed} failed`);
process.exit(results.failed === 0 ? 0 : 1);

/** What a thread wants to happen once it was said yes to. */
async function landStory(name: string): Promise<void> {
  const main = await read<{ object: { sha: string } }>("/git/ref/heads/main");
  const baseOid = main.object.sha;
  const content = Buffer.from(`${name}\n`);
  const branch = `spindle/${name}`;
  const change = { path: `notes/${name}.txt`, before: null, after: { mode: 0o100644, oid: blobHash(content) } };
  const actions = [
    { type: "createBranch", branch, oid: baseOid },
    { type: "commit", branch, baseOid, headline: `Add ${name}`, body: "", changes: [change] },
    { type: "openPullRequest", head: branch, base: "main", title: name, body: "" },
  ];
  const effects = actions.map((action, index) => ({ key: `${name}/${index}`, lane: name, action }));
  await asThread({ effects, contents: [content.toString("base64")] }).catch(() => null);
  await eventually("the pull request", async () => {
    const outcome = (await asThread({ key: `${name}/2` }).catch(() => null)) as { type: string } | null;
    if (outcome?.type === "failed") throw new Error(JSON.stringify(outcome));
    return outcome;
  });
  const commits = await read<{ commit: { message: string } }[]>(`/commits?sha=${branch}`);
  equal(
    commits.map(({ commit }) => commit.message.split("\n")[0]),
    [`Add ${name}`, "Initial commit"],
  );
  const pulls = await read<{ title: string; draft: boolean }[]>("/pulls?state=all&per_page=100");
  equal(
    pulls.filter(({ title }) => title === name).map(({ draft }) => draft),
    [true],
  );
}
