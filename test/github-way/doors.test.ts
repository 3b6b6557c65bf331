/** Who may not write starts, steers, decides and is told nothing, by whatever door; and where GitHub does not say who may, nobody may. */
import { expect, test } from "vitest";
import { app, people } from "../support/github/stage.ts";
import type { Flow, Payload, User } from "./flow.ts";
import { open } from "./scenes.ts";
import { commentsIn, digitsIn, endOf } from "./story.ts";

const isAll = process.env.GITHUB_CHECK === "all";

/** A word of the repository that nobody outside may read. */
const privateWord = "Quetzalcoatlus";

interface Person {
  name: string;
  login: string;
  /** What GitHub says of who did it. */
  edit?: (payload: Payload) => void;
  /** What GitHub says when it is asked who may. */
  answer?: { status: number; body?: object } | "hang" | "cut";
  /** By a decision of ours it may ask for a turn, and approve nothing. */
  mayAsk?: true;
  /** Known by the comment alone. */
  isByComment?: true;
  /** It takes ten attempts to give up: not at every door where not everything is asked for. */
  isSlow?: true;
}

const writerIs = (permission: string, role_name: string, id: number) => ({
  status: 200,
  body: { permission, role_name, user: { id, login: people.writer } },
});

function peopleWhoMayNot(writer: User): Person[] {
  const { writer: login, stranger } = people;
  const as =
    (sender: User | null, viaAppId: number | null = null) =>
    (payload: Payload) => {
      payload.sender = sender;
      if (payload.comment)
        Object.assign(payload.comment, { user: sender, performed_via_github_app: viaAppId && { id: viaAppId } });
    };
  return [
    { name: "a stranger", login: stranger },
    { name: "somebody who reads", login, answer: writerIs("read", "read", writer.id) },
    { name: "somebody who sorts issues", login, answer: writerIs("read", "triage", writer.id) },
    { name: "somebody whose two fields disagree", login, answer: writerIs("write", "read", writer.id) },
    { name: "nobody: the account was deleted", login, edit: as(null) },
    { name: "Spindle itself", login, edit: as({ id: 6, login: `${app.slug}[bot]`, type: "Bot" }, app.id) },
    { name: "Spindle with a person's name", login, edit: as(writer, app.id), isByComment: true },
    { name: "another bot", login, edit: as({ id: 49_699_333, login: "dependabot[bot]", type: "Bot" }) },
    { name: "a bot that says it is a person", login, edit: as({ id: 49_699_333, login: "helper[bot]", type: "User" }) },
    { name: "an organization", login, edit: as({ id: 9, login: "acme", type: "Organization" }) },
    { name: "another App for a person", login, edit: as(writer, 999), mayAsk: true, isByComment: true },
    { name: "a person whom GitHub does not know", login, answer: { status: 404 } },
    { name: "a person for whom GitHub is forbidden", login, answer: { status: 403 } },
    { name: "a person while GitHub fails", login, answer: { status: 502 }, isSlow: true },
    { name: "a person while GitHub is silent", login, answer: "hang", isSlow: true },
    { name: "a person while the connection is cut", login, answer: "cut", isSlow: true },
    { name: "a person while GitHub says nonsense", login, answer: { status: 200, body: { permission: ["admin"], user: "x" } } },
    { name: "a person of whom GitHub says nothing", login, answer: { status: 200, body: {} } },
    { name: "a person whose name another has", login, answer: writerIs("admin", "admin", writer.id + 1_000) },
    { name: "a person who was renamed, by the old name", login, edit: as({ ...writer, login: stranger }) },
    { name: "a person under a writer's name", login, edit: as({ ...writer, id: writer.id + 1_000 }) },
  ];
}

interface Scene {
  flow: Flow;
  issue: number;
  /** Of the diff that waits; "" where none does. */
  digits: string;
}

type Act = (scene: Scene, login: string, edit?: (payload: Payload) => void) => Promise<void>;
const saying =
  (words: (scene: Scene) => string): Act =>
  ({ flow, issue, ...scene }, login, edit) =>
    flow.say(login, issue, words({ flow, issue, ...scene }), edit);
const pressing =
  (verb: "ok" | "no"): Act =>
  async ({ flow }, login, edit) => {
    const [run] = await flow.checkRuns();
    if (run) await flow.press(login, run, `${verb}:${run.external_id.slice(0, 16)}`, edit);
  };

/** Each door with the scene that it opens on. `asks`: it begins or steers a turn, and decides nothing. `isWordless`: there is no comment. */
const doors: { name: string; on: "nothing" | "a diff" | "an end"; asks?: true; isWordless?: true; act: Act }[] = [
  { name: "a mention", on: "nothing", asks: true, act: saying(() => `@${app.slug} say hello`) },
  { name: "run", on: "nothing", asks: true, act: saying(() => "/spindle run say hello") },
  { name: "a comment on a line", on: "nothing", asks: true, act: onALine(`@${app.slug} say hello`) },
  { name: "a label", on: "nothing", asks: true, isWordless: true, act: changing("labeled", { label: { name: "spindle" } }) },
  {
    name: "an assignment",
    on: "nothing",
    asks: true,
    isWordless: true,
    act: changing("assigned", { assignee: { id: 6, login: `${app.slug}[bot]`, type: "Bot" } }),
  },
  { name: "opening words", on: "nothing", asks: true, isWordless: true, act: changing("opened", {}, `@${app.slug} say hello`) },
  { name: "hold", on: "nothing", asks: true, act: saying(() => "/spindle hold") },
  { name: "status", on: "a diff", asks: true, act: saying(() => "/spindle status") },
  { name: "help", on: "a diff", asks: true, act: saying(() => "/spindle help") },
  { name: "a mistake", on: "a diff", asks: true, act: saying(() => "/spindle aprove") },
  { name: "a mention while a turn works", on: "a diff", asks: true, act: saying(() => `@${app.slug} say more`) },
  { name: "steer", on: "a diff", asks: true, act: saying(() => "/spindle steer say more") },
  { name: "retry", on: "an end", asks: true, act: saying(() => "/spindle retry") },
  { name: "approve", on: "a diff", act: saying(({ digits }) => `/spindle approve ${digits}`) },
  { name: "approve some hunks", on: "a diff", act: saying(({ digits }) => `/spindle approve ${digits} hunks=1`) },
  { name: "approve on a line", on: "a diff", act: onALine(({ digits }) => `/spindle approve ${digits}`) },
  { name: "the button that approves", on: "a diff", isWordless: true, act: pressing("ok") },
  { name: "the button that declines", on: "a diff", isWordless: true, act: pressing("no") },
  { name: "decline", on: "a diff", act: saying(() => "/spindle decline no") },
  { name: "stop", on: "a diff", asks: true, act: saying(() => "/spindle stop") },
];

/** A comment on a line of a pull request, which is the conversation of the scene. */
function onALine(words: string | ((scene: Scene) => string)): Act {
  let comments = 10_000;
  return async (scene, login, edit) => {
    const { flow, issue } = scene;
    const conversation = await flow.read<object>(`/issues/${issue}`);
    const repo = await flow.read<object>("");
    const side = { ref: "main", sha: "a".repeat(40), repo };
    const user = (await (await flow.stage.as(login, "GET", `/users/${login}`)).json()) as User;
    const at = new Date().toISOString();
    const body = typeof words === "string" ? words : words(scene);
    const comment = {
      id: ++comments,
      body,
      user,
      path: "README.md",
      line: 1,
      side: "RIGHT",
      diff_hunk: "@@ -1 +1 @@",
      commit_id: side.sha,
    };
    const dated = { ...comment, html_url: "", created_at: at, updated_at: at };
    const pull_request = { ...conversation, draft: false, head: side, base: side };
    await flow.happen(login, "pull_request_review_comment", { action: "created", pull_request, comment: dated }, edit);
  };
}

/** Something that happens to the issue itself, each time at another moment. */
function changing(action: string, more: object, body?: string): Act {
  let moments = Date.now();
  return async ({ flow, issue }, login, edit) => {
    moments += 1_000;
    const found = await flow.read<object>(`/issues/${issue}`);
    const changed = { ...found, ...(body === undefined ? {} : { body }), updated_at: new Date(moments).toISOString() };
    await flow.happen(login, "issues", { action, issue: changed, ...more }, edit);
  };
}

async function sceneOn(what: (typeof doors)[number]["on"]): Promise<Scene> {
  const flow = await open();
  const issue = await flow.openIssue(people.writer, { title: "An issue", body: privateWord });
  if (what !== "nothing") {
    const request = what === "a diff" ? `write docs/a.txt: ${privateWord}` : `say ${privateWord}`;
    await flow.say(people.writer, issue, `@${app.slug}\n${request}`);
    await flow.settle();
  }
  // A permission that was told a minute ago is not what this is about.
  flow.clock.nowMs += 61_000;
  return { flow, issue, digits: (await digitsIn(flow, issue)) ?? "" };
}

/** Everything that a door could change, but for a reaction that says no. */
async function standing({ flow, issue }: Scene) {
  const { repository, threads } = flow.rows();
  const end = await endOf(flow, issue);
  return {
    asked: flow.asked.length,
    frames: [...threads.values()].map(({ sql }) => sql.exec<{ seq: number }>("SELECT max(seq) AS seq FROM frames").one().seq),
    talks: [...repository.sql.exec("SELECT * FROM github_talks")],
    proposals: [...repository.sql.exec("SELECT * FROM github_proposals")],
    end: { ...end, reactions: end.reactions.filter((reaction) => !reaction.endsWith(" -1")) },
  };
}

test.for(["nothing", "a diff", "an end"] as const)(
  "where %s is there, who may not opens no door",
  { timeout: 120_000 },
  async (on) => {
    const scene = await sceneOn(on);
    const { flow, issue } = scene;
    const writer = (await (await flow.stage.as(people.writer, "GET", `/users/${people.writer}`)).json()) as User;
    if (on === "a diff") expect(scene.digits).toHaveLength(16);
    for (const door of doors.filter((one) => one.on === on)) {
      let before = await standing(scene);
      for (const { name, login, edit, answer, mayAsk, isSlow, isByComment } of peopleWhoMayNot(writer)) {
        if ((mayAsk && door.asks) || (isSlow && !isAll && door.name !== "approve")) continue;
        if (isByComment && door.isWordless) continue;
        const where = `${name}: ${door.name}`;
        const heard = flow.stage.heard.length;
        if (answer) {
          const isLasting = typeof answer === "object" && answer.status < 500;
          const times = isLasting ? 1 : 10;
          const matches = ({ path }: { path: string }) => path.endsWith("/permission");
          flow.stage.faults.push({ matches, when: "before", answer, times });
        }
        await door.act(scene, login, edit);
        await flow.settle();
        flow.stage.faults.length = 0;
        const after = await standing(scene);
        // An App that speaks for a person is told why it may not approve; all others get no words.
        const answers = after.end.comments.slice(before.end.comments.length);
        expect(answers.length, where).toBe(mayAsk ? answers.length : 0);
        expect({ ...after, end: { ...after.end, comments: before.end.comments } }, where).toEqual(before);
        const sent = flow.stage.heard.slice(heard).map(({ body }) => body ?? "");
        expect(
          sent.filter((body) => body.includes(privateWord)),
          where,
        ).toEqual([]);
        // The same click within ten minutes is one.
        flow.clock.nowMs += 11 * 60_000;
        before = after;
      }
    }
    expect((await commentsIn(flow, issue)).length).toBeGreaterThan(0);
  },
);

test.for(doors.map((door) => [door.name, door] as const))("who may write opens %s", async ([, door]) => {
  const scene = await sceneOn(door.on);
  const before = await standing(scene);
  await door.act(scene, people.writer);
  await scene.flow.settle();
  expect(await standing(scene)).not.toEqual(before);
});
