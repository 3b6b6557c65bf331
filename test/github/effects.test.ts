/** Every effect at GitHub happens once, whatever GitHub answers and whenever the object dies. */
import { afterEach, describe, expect, test } from "vitest";
import type { Effect } from "#github/effect";
import { blobHash } from "#workspace/blob";
import { commentEvent, consequencesOf, deliver, openWorld, privateKey, type World } from "../support/github/repository.ts";
import { type Fault, openStage, people, type Stage } from "../support/github/stage.ts";

const stages: Stage[] = [];
afterEach(async () => {
  for (const stage of stages.splice(0)) {
    expect(stage.problems).toEqual([]);
    await stage.close();
  }
});

interface Scene {
  stage: Stage;
  issue: { number: number; isPullRequest: boolean };
  baseOid: string;
  contents: Uint8Array[];
  effects: Effect[];
}

const bytes = (text: string) => new TextEncoder().encode(text);

/** One of everything that is done at GitHub, in the order in which an issue becomes a pull request. */
async function openScene(): Promise<Scene> {
  const stage = await openStage({ privateKey });
  stages.push(stage);
  const made = await stage.as(people.writer, "POST", "/repos/acme/widgets/issues", { title: "An issue", body: "a body" });
  const { number } = (await made.json()) as { number: number };
  const ref = await stage.as(people.writer, "GET", "/repos/acme/widgets/git/ref/heads/main");
  const baseOid = ((await ref.json()) as { object: { sha: string } }).object.sha;
  const issue = { number, isPullRequest: false };
  const [note, script] = [bytes("alpha\n"), bytes("#!/bin/sh\necho hi\n")];
  const effects: Effect["action"][] = [
    { type: "addReaction", to: { type: "issue", on: issue }, content: "eyes" },
    { type: "createComment", on: issue, body: "working" },
    { type: "createBranch", branch: "spindle/one", oid: baseOid },
    {
      type: "commit",
      branch: "spindle/one",
      baseOid,
      headline: "Add a note",
      body: "Approved by wanda.",
      changes: [{ path: "docs/note.txt", before: null, after: { mode: 0o100644, oid: blobHash(note) } }],
    },
    {
      type: "createCheckRun",
      name: "spindle",
      headOid: baseOid,
      externalId: "proposal-1",
      state: { status: "in_progress", title: "At work", summary: "s" },
    },
    { type: "openPullRequest", head: "spindle/one", base: "main", title: "A note", body: "of alpha" },
    { type: "createBranch", branch: "spindle/two", oid: baseOid },
    {
      type: "commit",
      branch: "spindle/two",
      baseOid,
      headline: "Add a script",
      body: "",
      changes: [{ path: "run.sh", before: null, after: { mode: 0o100755, oid: blobHash(script) } }],
    },
    {
      type: "updateCheckRun",
      of: "effect-4",
      state: { status: "completed", conclusion: "success", title: "Done", summary: "s" },
    },
    { type: "editComment", of: "effect-1", on: issue, body: "done" },
  ];
  return {
    stage,
    issue,
    baseOid,
    contents: [note, script],
    effects: effects.map((action, index) => ({ key: `effect-${index}`, lane: `#${number}`, action })),
  };
}

/** What a stranger could at most guess: the ids that this world gives. */
const idsToCome = Array.from({ length: 20 }, (_, index) => `0199aaaa-0000-7000-8000-${String(index).padStart(12, "0")}`);

/** The repository learns of itself from a webhook, and gets the contents as a thread would give them. */
function begin(scene: Scene, fetch?: typeof globalThis.fetch): World {
  const world = openWorld(scene.stage, { consequences: consequencesOf(scene.effects), ...(fetch ? { fetch } : {}) });
  world.repository.add([], scene.contents);
  deliver(world, commentEvent(scene.stage, { number: scene.issue.number, body: "/spindle run" }));
  return world;
}

/** How GitHub stands, without what differs from run to run. */
async function endOf({ stage, issue }: Scene): Promise<unknown> {
  const read = async <Found>(path: string) =>
    (await (await stage.as(people.writer, "GET", `/repos/acme/widgets${path}`)).json()) as Found;
  const comments = await read<{ body: string; user: { login: string } }[]>(`/issues/${issue.number}/comments`);
  const commits = async (branch: string) =>
    (await read<{ commit: { message: string; tree: { sha: string } } }[]>(`/commits?sha=${branch}`)).map(({ commit }) => [
      commit.message.replace(/[0-9a-f-]{36}/, "<id>"),
      commit.tree.sha,
    ]);
  const pulls = await read<{ title: string; draft: boolean; head: { ref: string } }[]>("/pulls?state=all");
  const main = await read<{ object: { sha: string } }>("/git/ref/heads/main");
  const runs = await read<{ check_runs: { name: string; external_id: string; conclusion: string }[] }>(
    `/commits/${main.object.sha}/check-runs?filter=all`,
  );
  return {
    comments: comments.map(({ body, user }) => [user.login, body.replace(/[0-9a-f-]{36}/, "<id>")]),
    reactions: stage.missing.reactions,
    one: await commits("spindle/one"),
    two: await commits("spindle/two"),
    pulls: pulls.map(({ title, draft, head }) => [title, draft, head.ref]),
    runs: runs.check_runs.map(({ name, external_id, conclusion }) => [name, external_id, conclusion]),
  };
}

const expectedEnd = {
  comments: [["spindle[bot]", "done\n\n<!-- spindle:effect=<id> -->"]],
  reactions: [{ target: "/repos/acme/widgets/issues/1/reactions", content: "eyes" }],
  one: [
    ["Add a note\n\nApproved by wanda.\n\nSpindle-Effect: <id>", expect.any(String)],
    ["Initial commit", expect.any(String)],
  ],
  two: [
    ["Add a script\n\nSpindle-Effect: <id>", expect.any(String)],
    ["Initial commit", expect.any(String)],
  ],
  pulls: [["A note", true, "spindle/one"]],
  runs: [["spindle", "proposal-1", "success"]],
};

test("a run without trouble does everything once, with tokens of this repository that are all revoked", async () => {
  const scene = await openScene();
  const world = begin(scene);
  await world.settle();
  expect(await endOf(scene)).toEqual(expectedEnd);
  const { heard, missing, repositoryId } = scene.stage;
  const mints = heard.filter(({ path }) => path.endsWith("/access_tokens")).map(({ body }) => JSON.parse(body ?? ""));
  expect(mints.length).toBeGreaterThan(0);
  for (const mint of mints) {
    expect(mint.repository_ids).toEqual([repositoryId]);
    expect(Object.keys(mint.permissions)).toHaveLength(1);
  }
  expect(missing.revoked).toEqual(missing.minted);
  const rows = JSON.stringify([
    ...world.storage.sql.exec("SELECT * FROM github_effects"),
    ...world.storage.sql.exec("SELECT * FROM github_deliveries"),
    world.reports,
  ]);
  expect(rows).not.toMatch(/ghs_|PRIVATE KEY|eyJ/);
  expect([...world.storage.sql.exec("SELECT hash FROM blobs")]).toEqual([]);
});

/** Requests of a run without trouble, tokens and reads too: the moments at which everything can go wrong. */
const requestsOfRun = 25;

describe("the object dies", () => {
  test("the number of moments is the number of requests of a run", async () => {
    const scene = await openScene();
    const world = begin(scene);
    await world.settle();
    expect(scene.stage.heard.length).toBe(requestsOfRun);
  });

  const moments = Array.from({ length: requestsOfRun }, (_, moment) => moment);
  const chosen = process.env.GITHUB_CHECK === "all" ? moments : moments.filter((moment) => moment % 4 === 3);
  test.for(chosen.flatMap((moment) => [[moment, "before"] as const, [moment, "after"] as const]))(
    "at request %i, %s GitHub hears of it, and the end is as if it had run once",
    async ([moment, when]) => {
      const scene = await openScene();
      let count = 0;
      let died = () => {};
      const death = new Promise<void>((resolve) => {
        died = resolve;
      });
      const never = new Promise<never>(() => {});
      const world = begin(scene, async (input, init) => {
        const isMoment = count++ === moment;
        if (!isMoment) return scene.stage.fetch(input, init);
        if (when === "after") await scene.stage.fetch(input, init);
        died();
        return never;
      });
      await Promise.race([death, world.settle()]);
      expect(count).toBe(moment + 1);
      world.wake();
      await world.settle();
      expect(await endOf(scene)).toEqual(expectedEnd);
    },
  );
});

const secondary = {
  status: 403,
  headers: { "retry-after": "7" },
  body: { message: "You have exceeded a secondary rate limit." },
};

/** What passes by itself, and what GitHub then has heard: nothing, or everything but for the answer. */
const passing: [name: string, fault: Pick<Fault, "when" | "answer" | "times">][] = [
  ["401, because the token has expired", { when: "before", answer: { status: 401 } }],
  ["403 with Retry-After", { when: "before", answer: secondary }],
  [
    "429 until the reset",
    { when: "before", answer: { status: 429, headers: { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1" } } },
  ],
  ["502 before", { when: "before", answer: { status: 502 } }],
  ["502 after", { when: "after", answer: { status: 502 } }],
  ["a cut before", { when: "before", answer: "cut" }],
  ["a cut after", { when: "after", answer: "cut" }],
  ["a hang before", { when: "before", answer: "hang" }],
  ["a hang after", { when: "after", answer: "hang" }],
];

/** The requests by which something happens. */
const writes: [name: string, pattern: RegExp][] = [
  ["token", /^POST .*access_tokens$/],
  ["reaction", /^POST .*reactions$/],
  ["comment", /^POST .*issues\/1\/comments$/],
  ["edit", /^PATCH .*issues\/comments\/\d+$/],
  ["branch", /^POST .*git\/refs$/],
  ["GraphQL commit", /^POST \/graphql$/],
  ["blob", /^POST .*git\/blobs$/],
  ["tree", /^POST .*git\/trees$/],
  ["commit", /^POST .*git\/commits$/],
  ["move of a branch", /^PATCH .*git\/refs\/heads\//],
  ["pull request", /^POST .*pulls$/],
  ["check run", /^POST .*check-runs$/],
  ["update of a check run", /^PATCH .*check-runs\/\d+$/],
];

describe("what passes by itself", () => {
  const all = writes.flatMap((write) => passing.map((fault) => [write, fault] as const));
  const chosen =
    process.env.GITHUB_CHECK === "all" ? all : all.filter(([[write], [fault]]) => write === "comment" || fault === "a cut after");
  test.for(chosen.map(([[write, pattern], [name, fault]]) => [write, name, pattern, fault] as const))(
    "trouble with a %s, and it happens once: %s",
    async ([, , pattern, fault]) => {
      const scene = await openScene();
      const matches: Fault["matches"] = ({ method, path }) => pattern.test(`${method} ${path}`);
      scene.stage.faults.push({ ...fault, matches });
      const world = begin(scene);
      await world.settle();
      expect(scene.stage.faults).toEqual([]);
      expect(await endOf(scene)).toEqual(expectedEnd);
    },
  );
});

test("a secondary limit is obeyed: nothing is asked for as long as GitHub says", async () => {
  const scene = await openScene();
  const action = { type: "addReaction", to: { type: "issue", on: scene.issue }, content: "rocket" } as const;
  scene.effects.push({ key: "of another lane", lane: "another", action });
  const world = begin(scene);
  scene.stage.faults.push({ matches: ({ path }) => path.endsWith("/comments"), when: "before", answer: secondary });
  await world.repository.pump();
  const heard = scene.stage.heard.length;
  world.clock.nowMs += 6_900;
  await world.repository.pump();
  expect(scene.stage.heard.length).toBe(heard);
  expect(world.repository.outcomeOf("of another lane")).toBeNull();
  world.clock.nowMs += 200;
  await world.repository.pump();
  expect(scene.stage.heard.length).toBeGreaterThan(heard);
});

test.for([403, 404, 409, 422])("a %i for a comment is the end of it and of its edits, and of nothing else", async (status) => {
  const scene = await openScene();
  scene.stage.faults.push({
    matches: ({ method, path }) => method === "POST" && path.endsWith("/1/comments"),
    when: "before",
    answer: { status },
  });
  const world = begin(scene);
  await world.settle();
  expect(await endOf(scene)).toEqual({ ...expectedEnd, comments: [] });
  const type = { 403: "forbidden", 404: "notFound", 409: "conflict", 422: "unprocessable" }[status];
  expect(world.repository.outcomeOf("effect-1")).toMatchObject({ type: "failed", failure: { type } });
  expect(world.repository.outcomeOf("effect-9")).toEqual({ type: "failed", failure: { type: "withoutBase", key: "effect-1" } });
});

test("what never gets better is given up, said so, and the others of its lane go on", async () => {
  const scene = await openScene();
  const matches: Fault["matches"] = ({ method, path }) => method === "POST" && path.endsWith("/1/comments");
  scene.stage.faults.push({ matches, when: "before", answer: { status: 500 }, times: 1_000 });
  const world = begin(scene);
  await world.settle();
  expect(await endOf(scene)).toEqual({ ...expectedEnd, comments: [] });
  expect(world.repository.outcomeOf("effect-1")).toMatchObject({ type: "failed", failure: { type: "exhausted" } });
  expect(world.reports.filter(({ event }) => event === "effectGivenUp").map(({ details }) => details.key)).toEqual([
    "effect-1",
    "effect-9",
  ]);
});

test.for([3, 7])("a branch that moved is a stale base: effect-%i lands nothing", async (index) => {
  const scene = await openScene();
  const branch = index === 3 ? "spindle/one" : "spindle/two";
  const world = begin(scene, async (input, init) => {
    const response = await scene.stage.fetch(input, init);
    const isCreated = String(input).endsWith("/git/refs") && String(init?.body).includes(branch);
    if (isCreated) {
      const put = { message: "pushed by a person", content: btoa("theirs"), branch };
      expect((await scene.stage.as(people.writer, "PUT", "/repos/acme/widgets/contents/theirs.txt", put)).status).toBe(201);
    }
    return response;
  });
  await world.settle();
  expect(world.repository.outcomeOf(`effect-${index}`)).toMatchObject({ type: "failed", failure: { type: "conflict" } });
  const end = (await endOf(scene)) as Record<"one" | "two", [string][]>;
  const messages = (index === 3 ? end.one : end.two).map(([message]) => message);
  expect(messages).toEqual(["pushed by a person", "Initial commit"]);
});

test("others pushed on top of a commit whose answer was lost: it is found below theirs", async () => {
  for (const lost of [/^POST \/graphql$/, /^PATCH .*git\/refs\/heads\//]) {
    const scene = await openScene();
    const branch = lost.source.includes("graphql") ? "spindle/one" : "spindle/two";
    scene.stage.faults.push({
      matches: ({ method, path }) => lost.test(`${method} ${path}`),
      when: "after",
      answer: { status: 502 },
    });
    let isPushed = false;
    const world = begin(scene, async (input, init) => {
      const response = await scene.stage.fetch(input, init);
      if (response.status === 502 && !isPushed) {
        isPushed = true;
        const put = { message: "on top", content: btoa("theirs"), branch };
        expect((await scene.stage.as(people.writer, "PUT", "/repos/acme/widgets/contents/theirs.txt", put)).status).toBe(201);
      }
      return response;
    });
    await world.settle();
    const key = branch === "spindle/one" ? "effect-3" : "effect-7";
    expect(world.repository.outcomeOf(key)).toMatchObject({ type: "done", result: { type: "commit" } });
    const end = (await endOf(scene)) as Record<"one" | "two", [string][]>;
    expect((branch === "spindle/one" ? end.one : end.two).map(([message]) => message.split("\n")[0])).toEqual([
      "on top",
      branch === "spindle/one" ? "Add a note" : "Add a script",
      "Initial commit",
    ]);
  }
});

test("somebody who pushes a commit with our mark and other files is not taken for us", async () => {
  const scene = await openScene();
  scene.stage.faults.push({ matches: ({ path }) => path === "/graphql", when: "before", answer: { status: 502 } });
  const trailers = idsToCome.map((id) => `Spindle-Effect: ${id}`);
  const world = begin(scene, async (input, init) => {
    const response = await scene.stage.fetch(input, init);
    if (response.status === 502) {
      const put = { message: `Add a note\n\n${trailers.join("\n")}`, content: btoa("evil"), branch: "spindle/one" };
      expect((await scene.stage.as(people.writer, "PUT", "/repos/acme/widgets/contents/docs/note.txt", put)).status).toBe(201);
    }
    return response;
  });
  await world.settle();
  expect(world.repository.outcomeOf("effect-3")).toMatchObject({ type: "failed", failure: { type: "conflict" } });
});

test("a stranger who copies our marker into a comment of theirs is not taken for us", async () => {
  const scene = await openScene();
  scene.stage.faults.push({
    matches: ({ method, path }) => method === "POST" && path.endsWith("/1/comments"),
    when: "before",
    answer: { status: 502 },
  });
  const world = begin(scene);
  const markers = idsToCome.map((id) => `<!-- spindle:effect=${id} -->`);
  await scene.stage.as(people.stranger, "POST", `/repos/acme/widgets/issues/${scene.issue.number}/comments`, {
    body: markers.join("\n"),
  });
  await world.settle();
  const { comments } = (await endOf(scene)) as { comments: [string][] };
  expect(comments.map(([login]) => login)).toEqual([people.stranger, "spindle[bot]"]);
});

test("edits are five seconds apart, and the last one counts", async () => {
  const scene = await openScene();
  const [, comment] = scene.effects;
  scene.effects = comment ? [comment] : [];
  const world = begin(scene);
  await world.settle();
  const edit = (body: string): Effect => ({
    key: "edit",
    lane: "#1",
    action: { type: "editComment", of: "effect-1", on: scene.issue, body },
  });
  const shown = async () => {
    const response = await scene.stage.as(people.writer, "GET", `/repos/acme/widgets/issues/${scene.issue.number}/comments`);
    return ((await response.json()) as { body: string }[]).map(({ body }) => body.split("\n")[0]);
  };
  const edits = () => scene.stage.heard.filter(({ method }) => method === "PATCH").length;
  for (const body of ["one", "two", "three"]) world.repository.add([edit(body)]);
  await world.repository.pump();
  expect(edits()).toBe(1);
  for (const body of ["four", "five"]) world.repository.add([edit(body)]);
  const before = world.clock.nowMs;
  await world.repository.pump();
  expect(edits()).toBe(1);
  await world.settle();
  expect(edits()).toBe(2);
  expect(world.clock.nowMs - before).toBeGreaterThanOrEqual(5_000);
  expect(await shown()).toEqual(["five"]);
});

test("an edit that is replaced while it is on its way is followed by the one that replaces it", async () => {
  const scene = await openScene();
  const [, comment] = scene.effects;
  const edit = (body: string): Effect => ({
    key: "edit",
    lane: "#1",
    action: { type: "editComment", of: "effect-1", on: scene.issue, body },
  });
  scene.effects = comment ? [comment, edit("first")] : [];
  const bodies: string[] = [];
  const world = begin(scene, async (input, init) => {
    if (init?.method === "PATCH" && bodies.push(String(init.body)) === 1) world.repository.add([edit("second")]);
    return scene.stage.fetch(input, init);
  });
  await world.settle();
  expect(bodies.map((body) => (JSON.parse(body) as { body: string }).body.split("\n")[0])).toEqual(["first", "second"]);
});

test("a stopped installation does nothing any more, and begins nothing", async () => {
  const scene = await openScene();
  const world = begin(scene);
  world.stopped.add(99);
  world.repository.add([{ key: "late", lane: "x", action: { type: "createComment", on: scene.issue, body: "late" } }]);
  await world.settle();
  expect(scene.stage.heard).toEqual([]);
  expect(world.repository.outcomeOf("late")).toEqual({ type: "failed", failure: { type: "stopped" } });
  expect([...world.storage.sql.exec("SELECT state FROM github_deliveries")]).toEqual([{ state: "stopped" }]);
});
