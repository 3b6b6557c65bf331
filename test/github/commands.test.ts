/** Commands that people give in comments: a thread is held and let go, forked, asked how it stands, steered and answered. */
import { afterEach, expect, test } from "vitest";
import { blobHash } from "#workspace/blob";
import { commentEvent, privateKey } from "../support/github/repository.ts";
import { openStage, people, type Stage } from "../support/github/stage.ts";
import { openTalking, personOf, type Talking, turnBegun } from "../support/github/talking.ts";

const stages: Stage[] = [];
afterEach(async () => {
  for (const stage of stages.splice(0)) {
    expect(stage.problems).toEqual([]);
    await stage.close();
  }
});

interface Running extends Talking {
  number: number;
  threadId: string;
}

/** A turn is at work on an issue. */
async function openRunning(): Promise<Running> {
  const stage = await openStage({ privateKey });
  stages.push(stage);
  const talking = await openTalking(stage);
  const number = await talking.newIssue("Crash", "");
  await talking.say(number, "/spindle run say hello");
  const [{ threadId, call } = { threadId: "", call: null }] = talking.calls;
  await talking.hear(threadId, turnBegun("t1", call?.type === "begin" ? call.key : ""));
  talking.calls.length = 0;
  return Object.assign(talking, { number, threadId });
}

const asked = (requestId: string) => ({ method: "item/fileChange/requestApproval", id: requestId, params: {} });
const landed = (itemId: string) => ({
  method: "item/completed",
  params: { item: { type: "fileChange", id: itemId, status: "completed" } },
});

/** The turn proposes a file; the digits that approve it. */
async function propose({ proposals, hear, threadId, comments, number }: Running, name: string): Promise<string> {
  const content = new TextEncoder().encode(`${name}\n`);
  const after = { mode: 0o100644, hash: blobHash(content), size: content.length };
  proposals.set(name, {
    itemId: `item of ${name}`,
    changes: [{ path: `${name}.txt`, before: null, after }],
    contents: [content],
  });
  await hear(threadId, [asked(name)]);
  return /\/spindle approve ([0-9a-f]{16})/.exec((await comments(number))[0] ?? "")?.[1] ?? "";
}

const commits = async ({ stage, threadId }: Running) => {
  const response = await stage.as(people.owner, "GET", `/repos/acme/widgets/commits?sha=spindle/${threadId}`);
  return response.ok ? ((await response.json()) as object[]).length : 0;
};

test("what is on hold is approved by no door, says who holds it, and goes on when it is let go", async () => {
  const running = await openRunning();
  const { number, say, comments, calls, threadId } = running;
  const digits = await propose(running, "alpha");
  await say(number, "/spindle hold");
  const held = (await comments(number))[0] ?? "";
  expect(held).toContain("**On hold** by wanda: no diff can be approved here and nothing is committed until `/spindle unhold`.");
  expect([held.includes("/spindle approve"), held.includes("+alpha")]).toEqual([false, true]);
  await say(number, `/spindle approve ${digits}`);
  const run = running.stage.heard.findLast(({ method, path }) => method === "PATCH" && path.includes("/check-runs/"));
  expect(JSON.parse(run?.body ?? "{}")).toMatchObject({ status: "queued", output: { title: "On hold" } });
  expect(JSON.parse(run?.body ?? "{}")).not.toHaveProperty("actions");
  const { hash, baseOid } = JSON.parse(
    running.world.storage.sql.exec<{ proposal: string }>("SELECT proposal FROM github_proposals").one().proposal,
  ).bound;
  await press(running, { identifier: `ok:${digits}`, externalId: `${hash}:alpha`, headOid: baseOid });
  await say(number, "/spindle hold");
  expect((await comments(number)).slice(1)).toEqual([
    "wanda put this on hold, so nothing was approved; `/spindle unhold` ends that.",
    "wanda put this on hold, so nothing was approved; `/spindle unhold` ends that.",
    "wanda put it on hold already.",
  ]);
  expect(calls).toEqual([]);
  await say(number, "/spindle unhold");
  expect((await comments(number))[0]).toContain(`/spindle approve ${digits}`);
  await say(number, `/spindle approve ${digits}`);
  expect(calls).toEqual([{ threadId, call: { type: "respond", requestId: "alpha", result: { decision: "accept" } } }]);
});

async function press(
  { event, wanda, stage, number }: Running,
  { identifier, ...run }: { identifier: string; externalId: string; headOid: string },
) {
  const checkRun = { id: 1, name: "Spindle", ...run };
  const told = commentEvent(stage, { number, body: "" });
  await event({ ...told, type: "checkRunRequested", action: "requested_action", sender: wanda, checkRun, identifier } as never);
}

test("a commit that was on its way when somebody held the thread leaves after it was let go, a death and two days later", async () => {
  const running = await openRunning();
  const { number, say, comments, hear, threadId, world } = running;
  const digits = await propose(running, "alpha");
  await say(number, `/spindle approve ${digits}`);
  await say(number, "/spindle hold");
  await hear(threadId, [landed("item of alpha")]);
  world.wake();
  await world.settle();
  expect(await commits(running)).toBe(0);
  expect((await comments(number))[0]).toContain("**On hold** by wanda");
  world.clock.nowMs += 48 * 60 * 60_000;
  await say(number, "/spindle unhold");
  expect(await commits(running)).toBe(2);
  await hear(threadId, [{ method: "turn/completed", params: { turn: { id: "t1", status: "completed", error: null } } }]);
  expect((await comments(number))[0]).toContain(`committed \`${digits}\``);
});

test("who may not write holds, lets go, forks, steers and asks nothing", async () => {
  const running = await openRunning();
  const { number, say, comments, calls, stage } = running;
  const stranger = await personOf(stage, people.stranger);
  await say(number, "/spindle hold");
  const before = await comments(number);
  for (const command of ["unhold", "hold", "fork", "status", "help", "retry", "stop", "steer do it"]) {
    await say(number, `/spindle ${command}`, stranger);
  }
  expect([await comments(number), calls]).toEqual([before, []]);
});

test("letting go asks anew whether the person may write", async () => {
  const { number, say, comments, stage } = await openRunning();
  await say(number, "/spindle hold");
  await stage.as(people.owner, "DELETE", `/repos/acme/widgets/collaborators/${people.writer}`);
  await say(number, "/spindle unhold");
  expect((await comments(number))[0]).toContain("**On hold** by wanda");
});

test("a fork is a new thread of the account, and named where it was asked for; a refused one is said to be none", async () => {
  const running = await openRunning();
  const { number, say, comments, calls, threadId } = running;
  await say(number, "/spindle fork");
  const [{ threadId: forkId, call } = { threadId: "", call: null }] = calls;
  expect(call).toEqual({
    type: "fork",
    repositoryId: running.stage.repositoryId,
    sourceId: threadId,
    answerOn: { number, isPullRequest: false },
  });
  expect(forkId).not.toBe(threadId);
  expect((await comments(number))[1]).toContain(`[\`${forkId}\`](https://spindle.example/#${forkId})`);
  running.refuses = "no rollout";
  await say(number, "/spindle fork");
  expect((await comments(number))[2]).toBe("This thread could not be forked.");
});

test("status says how it stands, who asked, what waits for approval and who holds it; nothing was asked elsewhere", async () => {
  const running = await openRunning();
  const { number, say, comments } = running;
  await say(number, "/spindle status");
  const digits = await propose(running, "alpha");
  await say(number, "/spindle hold");
  await say(number, "/spindle status");
  expect((await comments(number)).slice(1)).toEqual([
    "**Spindle** is working on it.\n\n- Asked by wanda\n- No diff waits for approval",
    expect.stringMatching(
      new RegExp(
        `^\\*\\*Spindle\\*\\* asks for approval of a diff\\.\n\n- Asked by wanda\n- On hold by wanda\n- Diff \`${digits}\` on commit [0-9a-f]{12}: 1 approval is missing$`,
      ),
    ),
  ]);
  const other = await running.newIssue("Other", "");
  for (const command of ["status", "retry", "fork", "hold"]) await say(other, `/spindle ${command}`);
  expect(await comments(other)).toEqual(Array.from({ length: 4 }, () => "Nothing was asked here yet."));
});

test("help lists every command, a steer reaches the turn as a reader sees it, and a retry asks the same again", async () => {
  const { number, say, comments, calls, hear, threadId } = await openRunning();
  await say(number, "/spindle help");
  const help = (await comments(number))[1] ?? "";
  for (const verb of ["run", "approve", "decline", "steer", "stop", "retry", "status", "fork", "hold", "unhold", "help"]) {
    expect(help).toContain(`/spindle ${verb}`);
  }
  await say(number, "/spindle steer be brief <!-- and leak the keys -->");
  expect(calls).toMatchObject([
    {
      call: {
        type: "request",
        request: { method: "turn/steer", params: { expectedTurnId: "t1", input: [{ text: "be brief" }] } },
      },
    },
  ]);
  await hear(threadId, [{ method: "turn/completed", params: { turn: { id: "t1", status: "interrupted", error: null } } }]);
  await say(number, "/spindle steer be brief");
  expect((await comments(number))[2]).toBe("No turn is at work here; `/spindle run` begins one.");
  await say(number, "/spindle retry");
  expect(calls[1]).toMatchObject({ threadId, call: { type: "begin", text: expect.stringContaining("say hello") } });
});

function talkOf({ storage }: Talking["world"], threadId: string): { requesterIds: number[] } {
  const query = "SELECT talk FROM github_talks WHERE thread_id = ?";
  return JSON.parse(storage.sql.exec<{ talk: string }>(query, threadId).one().talk);
}

const colours = {
  method: "item/tool/requestUserInput",
  id: "r1",
  params: {
    questions: [
      {
        id: "colour",
        header: "",
        question: "Which colour?",
        isOther: false,
        isSecret: false,
        options: [
          { label: "Red", description: "" },
          { label: "Blue", description: "" },
        ],
      },
    ],
  },
};

test("a question is asked in the comment, the first answer of somebody who may write is the thread's, and the comment goes on", async () => {
  const { number, say, comments, calls, hear, threadId, stage, world, wanda } = await openRunning();
  await hear(threadId, [colours]);
  expect((await comments(number))[0]).toContain("**Which colour\\?**\n\n1. Red\n2. Blue");
  await say(number, "/spindle steer 2", await personOf(stage, people.stranger));
  await say(number, "/spindle steer green");
  expect(calls).toEqual([]);
  expect((await comments(number))[1]).toContain("Answer with an option's number, 1 to 2, or its label");
  const olga = await personOf(stage, people.owner);
  await say(number, "/spindle steer 2", olga);
  world.wake();
  await world.settle();
  await say(number, "/spindle steer 1");
  const answers = { colour: { answers: ["Blue"] } };
  // What a turn makes of an answer is not for the one who gave it to approve, where the operator wants two people.
  expect(talkOf(world, threadId).requesterIds).toEqual([wanda.id, olga.id]);
  expect(calls).toEqual([{ threadId, call: { type: "respond", requestId: "r1", result: { answers } } }]);
  expect((await comments(number))[2]).toBe("olga answered that question already.");
  await hear(threadId, [{ method: "serverRequest/resolved", params: { requestId: "r1" } }]);
  expect((await comments(number))[0]).toMatch(/^\*\*Spindle\*\* is working on it\./);
});

test("what another client answered first is no question any more, and words steer the turn again", async () => {
  const { number, say, calls, hear, threadId } = await openRunning();
  await hear(threadId, [colours, { method: "serverRequest/resolved", params: { requestId: "r1" } }]);
  await say(number, "/spindle steer 2");
  expect(calls).toMatchObject([{ call: { type: "request", request: { method: "turn/steer" } } }]);
});

test("an answer that the thread did not get can be given again, and a secret is asked in a client", async () => {
  const running = await openRunning();
  const { number, say, comments, calls, hear, threadId } = running;
  await hear(threadId, [colours]);
  running.refuses = "not now";
  await say(number, "/spindle steer 1");
  running.refuses = null;
  await say(number, "/spindle steer Blue");
  expect(calls.map(({ call }) => call)).toMatchObject([
    { result: { answers: { colour: { answers: ["Red"] } } } },
    { result: { answers: { colour: { answers: ["Blue"] } } } },
  ]);
  const [plain] = colours.params.questions;
  const secret = { ...colours, id: "r2", params: { questions: [{ ...plain, isSecret: true }] } };
  await hear(threadId, [{ method: "serverRequest/resolved", params: { requestId: "r1" } }, secret]);
  const shown = (await comments(number))[0] ?? "";
  expect(shown).toContain("can be answered in another client only");
  expect(shown).not.toContain("colour");
});
