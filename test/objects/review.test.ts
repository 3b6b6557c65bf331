import { expect } from "vitest";
import type { Client, Wire } from "./client.ts";
import { outline, told } from "./compare.ts";
import { crash, inThread, story } from "./story.ts";

function review(client: Client, target: object, more: object = {}): Promise<Wire> {
  return client.request("review/start", { threadId: client.threadId, target, ...more });
}

/** The last thing that the model was told as a user, of the thread's input so far. */
function prompt(client: Client): Promise<string> {
  return inThread(client.threadId, (runtime) => {
    const message = runtime.log.modelInput().findLast(({ role }) => role === "user");
    const content = (message?.content ?? []) as { text: string }[];
    return content[0]?.text ?? "";
  });
}

function reviewItems(client: Client): string[] {
  const isEnd = ({ method, params }: Wire) => method === "item/completed" && params.item.type.endsWith("ReviewMode");
  return client.frames.filter(isEnd).map(({ params }) => `${params.item.type}: ${params.item.review}`);
}

async function changed(client: Client, sentence: string): Promise<void> {
  await client.say(sentence);
  client.answer(await client.until("item/fileChange/requestApproval"), "accept");
  await client.untilTurnEnds();
}

// The real server tells of the review before it tells of its turn, and the message after its exit; here an item has a turn that began,
// and a message ends when it was said.
story(
  "a review by instructions is a turn between two items, and its last message is the review",
  async ({ client, sleep }) => {
    await client.startThread({ cwd: "/workspace" });
    await client.until("thread/started");
    await sleep();
    const answer = await review(client, { type: "custom", instructions: "say Looks good." });
    const { turn } = answer;
    expect(answer).toEqual({
      turn: {
        id: turn.id,
        rootTurnId: null,
        items: [
          {
            type: "userMessage",
            id: turn.id,
            clientId: null,
            content: [{ type: "text", text: "say Looks good.", text_elements: [] }],
            startedAtMs: null,
            completedAtMs: null,
          },
        ],
        itemsView: "notLoaded",
        status: "inProgress",
        error: null,
        startedAt: null,
        completedAt: null,
        durationMs: null,
      },
      reviewThreadId: client.threadId,
    });
    expect((await client.untilTurnEnds()).id).toBe(turn.id);
    await sleep();
    expect(outline(told(client.frames.slice(2))).slice(2)).toEqual([
      "thread/status/changed active",
      "turn/started",
      "item/started enteredReviewMode",
      "item/completed enteredReviewMode",
      "item/started userMessage",
      "item/completed userMessage",
      "item/started agentMessage",
      "item/agentMessage/delta",
      "item/completed agentMessage",
      "thread/tokenUsage/updated",
      "item/started exitedReviewMode",
      "item/completed exitedReviewMode",
      "thread/readState/changed",
      "thread/status/changed idle",
      "turn/completed completed",
    ]);
    expect(reviewItems(client)).toEqual(["enteredReviewMode: say Looks good.", "exitedReviewMode: Looks good."]);
  },
  { replay: false },
);

story("a review of the changes is asked about all that landed in the thread, as it stands now", async ({ client, sleep }) => {
  await client.startThread();
  await changed(client, "write notes.txt: alpha");
  await changed(client, "write gone.txt: gone");
  await changed(client, 'replace "alpha" with "beta" in notes.txt');
  await changed(client, "delete gone.txt");
  await client.request("thread/shellCommand", { threadId: client.threadId, command: "echo mine > mine.txt" });
  await client.untilTurnEnds();
  await sleep();
  await review(client, { type: "uncommittedChanges" }, { delivery: "inline" });
  await client.untilTurnEnds();
  await sleep();
  const text = await prompt(client);
  expect(text).toMatch(/^Review the changes that were made in this thread\./);
  expect(text.slice(text.indexOf("```diff"))).toMatch(
    /^```diff\ndiff --git a\/mine.txt b\/mine.txt\nnew file[^`]*\+mine\ndiff --git a\/notes.txt b\/notes.txt\nnew file[^`]*\+beta\n```$/,
  );
  expect(reviewItems(client)[0]).toBe("enteredReviewMode: current changes");
});

story("a branch or a commit is named, and the agent is told that there is no git history", async ({ client, sleep }) => {
  await client.startThread();
  await sleep();
  await review(client, { type: "baseBranch", branch: "main" });
  await client.untilTurnEnds();
  expect(await prompt(client)).toContain("Asked for was changes against 'main'. The workspace keeps no git history");
  expect(await prompt(client)).toContain("Nothing has been changed in this thread.");
  await review(client, { type: "commit", sha: "0123456789abcdef", title: "Fix it" });
  await client.untilTurnEnds();
  expect(reviewItems(client).filter((line) => line.startsWith("entered"))).toEqual([
    "enteredReviewMode: changes against 'main'",
    "enteredReviewMode: commit 0123456: Fix it",
  ]);
});

story("a review that is interrupted, that fails, or whose object dies, is left in its turn", async ({ client, sleep }) => {
  const threadId = await client.startThread({ approvalPolicy: "untrusted" });
  const { turn } = await review(client, { type: "custom", instructions: "run touch a\nsay fine" });
  await client.until("item/commandExecution/requestApproval");
  await sleep();
  await client.request("turn/interrupt", { threadId, turnId: turn.id });
  expect((await client.untilTurnEnds()).status).toBe("interrupted");
  await review(client, { type: "custom", instructions: "fail 400" });
  expect((await client.untilTurnEnds()).status).toBe("failed");
  await review(client, { type: "custom", instructions: "run touch a\nsay fine" });
  const request = await client.until("item/commandExecution/requestApproval");
  await crash(threadId);
  client.answer(request, "decline");
  expect((await client.untilTurnEnds()).status).toBe("completed");
  // An ordinary turn is none.
  await client.turn("say on");
  expect(reviewItems(client).filter((line) => line.startsWith("exited"))).toEqual([
    "exitedReviewMode: Review was interrupted. Please re-run /review and wait for it to complete.",
    "exitedReviewMode: Reviewer failed to output a response.",
    "exitedReviewMode: fine",
  ]);
});

story("a review that cannot be is refused by name", async ({ client, sleep }) => {
  const threadId = await client.startThread({ approvalPolicy: "untrusted" });
  await sleep();
  const custom = { type: "custom", instructions: "say x" };
  const refused = (params: object) => client.refusal("review/start", { threadId, target: custom, ...params });
  expect(await refused({ delivery: "detached" })).toBe("-32600 Invalid request: unknown variant `detached`, expected `inline`");
  expect(await refused({ target: { type: "custom", instructions: " " } })).toBe(
    "-32600 Invalid request: instructions must not be empty",
  );
  expect(await refused({ target: { type: "baseBranch", branch: "" } })).toBe("-32600 Invalid request: branch must not be empty");
  await client.say("run touch a\nsay done");
  await client.until("item/commandExecution/requestApproval");
  await sleep();
  expect(await refused({})).toBe("-32600 review/start is unavailable while a turn is running");
  await client.request("thread/archive", { threadId });
  expect(await refused({})).toBe(`-32600 thread not found: ${threadId}`);
});
