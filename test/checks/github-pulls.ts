/** Pull requests, of the repository itself and of forks: what `npm run check:github` plays with them. */

import { forkWasPushed, openForkPull, openPull, push, pushToFork, type Told } from "../support/github/pull-requests.ts";
import { app, installationId, people, type Stage } from "../support/github/stage.ts";
import type { MiniflareServer } from "./miniflare-server.ts";

export interface Tree {
  oid: string;
  parents: string[];
  tree: string;
  entries: { path: string; mode: string; type: string; sha: string }[];
}

export interface Play {
  stage: Stage;
  server: MiniflareServer;
  step(title: string, work: () => Promise<void>): Promise<void>;
  equal(found: unknown, wanted: unknown): void;
  eventually<Found>(what: string, look: () => Promise<Found | null>): Promise<Found>;
  /** GitHub's answer to a person who may read. */
  read<Found>(path: string): Promise<Found>;
  say(login: string, issue: number, body: string): Promise<void>;
  answersIn(issue: number): Promise<string[]>;
  untilAsked(issue: number, except?: string): Promise<string>;
  treeOf(ref: string): Promise<Tree>;
  requireLanded(branch: string, landed: { base: Tree; files: Record<string, string> }): Promise<void>;
  /** As GitHub's webhook. */
  tell(told: Told): Promise<void>;
  /** Runs after each request of the Worker, before its answer; null: nothing does. */
  afterRequest(work: (() => Promise<void>) | null): void;
}

/** The owner asks: nobody may have more than some turns an hour, and the writer has theirs elsewhere. */
export async function playPulls(play: Play): Promise<void> {
  const { stage, step, equal, eventually, say, answersIn, untilAsked, treeOf, requireLanded } = play;
  /** The one comment that is kept current, as soon as it says this. */
  const untilShown = (issue: number, words: string) =>
    eventually(`"${words}" in #${issue}`, async () => {
      const [shown = ""] = await answersIn(issue);
      return shown.includes(words) ? shown : null;
    });
  /** What is said once, beside that comment. */
  const untilAnswered = (issue: number, words: string) =>
    eventually(`the answer "${words}" in #${issue}`, async () => {
      const [, ...answers] = await answersIn(issue);
      return answers.some((answer) => answer.includes(words)) ? true : null;
    });
  const asked = async (branch: string, order: string) => {
    const number = await openPull(stage, { branch, files: { [`${branch}.txt`]: "one\ntwo\nthree\n" } });
    await say(people.owner, number, `@${app.slug}\n${order}`);
    return { number, digits: await untilAsked(number), before: await treeOf(branch) };
  };

  await step("a pull request: a mention, a diff, a yes, a commit on its own branch", async () => {
    const { number, digits, before } = await asked("own", "write docs/own.txt: alpha\\n");
    await say(people.owner, number, `/spindle approve ${digits}`);
    await untilShown(number, "committed `");
    await requireLanded("own", { base: before, files: { "docs/own.txt": "alpha\n" } });
    equal((await answersIn(number)).length, 1);
  });

  await step("two diffs of one turn land one upon the other, and our own push makes nothing stale", async () => {
    const { number, digits, before } = await asked("twice", "write docs/t1.txt: one\\n\nwrite docs/t2.txt: two\\n");
    await say(people.owner, number, `/spindle approve ${digits}`);
    const next = await untilAsked(number, digits);
    await requireLanded("twice", { base: before, files: { "docs/t1.txt": "one\n" } });
    const between = await treeOf("twice");
    await say(people.owner, number, `/spindle approve ${next}`);
    await untilShown(number, "committed `");
    await requireLanded("twice", { base: between, files: { "docs/t2.txt": "two\n" } });
  });

  await step("a comment on a line of a diff begins a turn, and a button of the check run approves", async () => {
    const number = await openPull(stage, { branch: "lines", files: { "lines.txt": "one\ntwo\n" } });
    const comment = { body: `@${app.slug}\nwrite docs/l.txt: l\\n`, path: "lines.txt", line: 2, side: "RIGHT" };
    await stage.as(people.writer, "POST", `/repos/acme/widgets/pulls/${number}/comments`, comment);
    const digits = await untilAsked(number);
    const before = await treeOf("lines");
    await press("ok", digits);
    await untilShown(number, "committed `");
    await requireLanded("lines", { base: before, files: { "docs/l.txt": "l\n" } });
  });

  await step("the other button declines", async () => {
    const { number, digits, before } = await asked("no", "write docs/no.txt: n");
    await press("no", digits);
    await untilShown(number, "wanda declined");
    equal((await treeOf("no")).oid, before.oid);
  });

  await step(
    "somebody pushes: the diff is stale at once, a yes makes it anew, the old one is refused, the new one lands",
    async () => {
      const { number, digits } = await asked("moved", "write docs/m.txt: m\\n");
      await push(stage, { branch: "moved", files: { "moved.txt": "other\n" } });
      await untilShown(number, `committed nothing of \`${digits}\`: the branch moved`);
      const moved = await treeOf("moved");
      await say(people.owner, number, `/spindle approve ${digits}`);
      const next = await untilAsked(number, digits);
      await untilShown(number, `asks anew: \`${digits}\` is stale`);
      await say(people.owner, number, `/spindle approve ${digits}`);
      await untilAnswered(number, "no longer the branch's last one, so nothing was committed");
      equal((await treeOf("moved")).oid, moved.oid);
      await say(people.owner, number, `/spindle approve ${next}`);
      await untilShown(number, "committed `");
      await requireLanded("moved", { base: moved, files: { "docs/m.txt": "m\n" } });
    },
  );

  await step("somebody pushes, and `retry` makes the diff anew", async () => {
    const { number, digits } = await asked("again", "write docs/r.txt: r");
    await push(stage, { branch: "again", files: { "again.txt": "other\n" } });
    await untilShown(number, "the branch moved after it was made");
    await say(people.owner, number, "/spindle retry");
    const next = await untilAsked(number, digits);
    await say(people.owner, number, `/spindle approve ${next}`);
    await untilShown(number, "committed `");
  });

  await step("a push between the look at the branch and the commit: nothing is committed, and that is said", async () => {
    const { number, digits } = await asked("race", "write docs/race.txt: r");
    let moved = "";
    play.afterRequest(async () => {
      // The last thing that is looked at before the thread is told.
      if (!/\/git\/trees\/\w+\?recursive/.test(stage.heard.at(-1)?.path ?? "")) return;
      play.afterRequest(null);
      moved = await push(stage, { branch: "race", files: { "race.txt": "quicker\n" } });
    });
    await say(people.owner, number, `/spindle approve ${digits}`);
    await untilShown(number, `committed nothing of \`${digits}\``);
    equal((await treeOf("race")).oid, moved);
  });

  await step("a workflow is never committed, and what instructs agents only when it is named", async () => {
    const { number, digits, before } = await asked("paths", "write .github/workflows/x.yml: on");
    await say(people.owner, number, `/spindle approve ${digits}`);
    await untilAnswered(number, "Spindle does not commit it");
    await say(people.owner, number, "/spindle decline");
    await untilShown(number, "olga declined");
    await say(people.owner, number, `@${app.slug}\nwrite AGENTS.md: be kind\\n`);
    const named = await untilAsked(number, digits);
    await say(people.owner, number, `/spindle approve ${named}`);
    await untilAnswered(number, "an approval names it");
    equal((await treeOf("paths")).oid, before.oid);
    await say(people.owner, number, `/spindle approve ${named} including=AGENTS.md`);
    await untilShown(number, "committed `");
    await requireLanded("paths", { base: before, files: { "AGENTS.md": "be kind\n" } });
  });

  await step("closed, nothing can be approved; opened again, it can", async () => {
    const { number, digits, before } = await asked("shut", "write docs/s.txt: s\\n");
    const pull = `/repos/acme/widgets/pulls/${number}`;
    await stage.as(people.writer, "PATCH", pull, { state: "closed" });
    await untilShown(number, "cannot be approved unless it is opened again");
    await say(people.owner, number, `/spindle approve ${digits}`);
    await untilAnswered(number, "This pull request is closed.");
    await stage.as(people.writer, "PATCH", pull, { state: "open" });
    await untilShown(number, `/spindle approve ${digits}`);
    await say(people.owner, number, `/spindle approve ${digits}`);
    await untilShown(number, "committed `");
    await requireLanded("shut", { base: before, files: { "docs/s.txt": "s\n" } });
  });

  await step("a fork: a diff on lines that it shows becomes suggestions, once, whenever the server dies", async () => {
    const files = { "README.md": "# widgets\n\none\ntwo\n" };
    const { number, oid } = await openForkPull(stage, { branch: "small", files });
    await say(people.owner, number, `@${app.slug}\nwrite README.md: # widgets\\n\\none\\n2\\n`);
    const digits = await untilAsked(number);
    if (!(await answersIn(number)).join().includes("comes from a fork")) throw new Error("nothing is said of the fork");
    let killing: Promise<void> | null = null;
    play.afterRequest(async () => {
      const { method, path } = stage.heard.at(-1) ?? {};
      if (method !== "POST" || !path?.endsWith("/reviews")) return;
      play.afterRequest(null);
      killing = play.server.restart();
      await killing;
    });
    await say(people.owner, number, `/spindle approve ${digits}`);
    await untilShown(number, `offered \`${digits}\` as suggestions`);
    if (killing === null) throw new Error("nobody was killed");
    const reviews = stage.missing.reviews.filter((review) => review.number === number);
    equal(
      reviews.map(({ commitId, comments }) => ({ commitId, comments })),
      [{ commitId: oid, comments: [{ path: "README.md", line: 4, side: "RIGHT", body: "```suggestion\n2\n```" }] }],
    );
  });

  await step("a fork: what cannot be suggested lands on a branch of ours, upon the fork's commit, as a draft", async () => {
    const { number, oid } = await openForkPull(stage, { branch: "large", files: { "large.txt": "large\n" } });
    await say(people.owner, number, `@${app.slug}\nwrite docs/f.txt: f`);
    const digits = await untilAsked(number);
    await say(people.owner, number, `/spindle approve ${digits}`);
    const shown = await untilShown(number, "committed `");
    const [, branch = ""] = /to `(spindle\/[^`]+)`/.exec(shown) ?? [];
    equal((await treeOf(branch)).parents, [oid]);
    equal(
      (await treeOf(branch)).entries.some(({ path }) => path === "large.txt"),
      true,
    );
    const draft = await eventually("the draft", async () => {
      const pulls = await play.read<{ head: { ref: string }; base: { ref: string }; draft: boolean; body: string }[]>("/pulls");
      return pulls.find(({ head }) => head.ref === branch) ?? null;
    });
    equal([draft.draft, draft.base.ref, draft.body.includes(`#${number}, which comes from a fork`)], [true, "main", true]);
  });

  await step(
    "a fork that is pushed to makes its diff stale, and one with workflows of its own gets no branch of ours",
    async () => {
      const files = { ".github/workflows/evil.yml": "on: push\n" };
      const { number } = await openForkPull(stage, { branch: "evil", files });
      await say(people.owner, number, `@${app.slug}\nwrite docs/e.txt: e`);
      const digits = await untilAsked(number);
      await pushToFork(stage, { branch: "evil", files: { "more.txt": "more\n" } });
      const like = JSON.stringify(await webhook({}));
      for (const told of await forkWasPushed(stage, number, like)) await play.tell(told);
      await untilShown(number, `committed nothing of \`${digits}\``);
      await say(people.owner, number, "/spindle retry");
      const next = await untilAsked(number, digits);
      await say(people.owner, number, `/spindle approve ${next}`);
      await untilAnswered(number, "The fork changes the workflow");
      const branches = await play.read<{ name: string }[]>("/branches?per_page=100");
      equal(branches.filter(({ name }) => name === "evil").length, 0);
    },
  );

  async function webhook(what: object): Promise<object> {
    const repository = await play.read<object>("");
    const sender = await (await stage.as(people.writer, "GET", "/user")).json();
    return { ...what, repository, sender, installation: { id: installationId } };
  }

  /** What GitHub tells when somebody presses a button of the check run that stands for this diff. */
  async function press(mark: "ok" | "no", digits: string): Promise<void> {
    const created = await eventually(`the check run of ${digits}`, async () => {
      const made = stage.heard.findLast(
        ({ method, path, body }) => method === "POST" && path.endsWith("/check-runs") && body?.includes(`ok:${digits}`),
      );
      return made ? (JSON.parse(made.body ?? "{}") as { head_sha: string; external_id: string }) : null;
    });
    const { head_sha, external_id } = created;
    const { check_runs } = await play.read<{ check_runs: { id: number; external_id: string }[] }>(
      `/commits/${head_sha}/check-runs`,
    );
    const id = check_runs.find((run) => run.external_id === external_id)?.id ?? 0;
    const check_run = { id, name: "Spindle", head_sha, external_id, app: { id: app.id } };
    const body = await webhook({ action: "requested_action", check_run, requested_action: { identifier: `${mark}:${digits}` } });
    await play.tell({ event: "check_run", body: JSON.stringify(body) });
  }
}
