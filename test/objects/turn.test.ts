import { expect } from "vitest";
import textTurn from "../fixtures/codex-0.169.0/transcripts/01-init-start-text-turn.jsonl?raw";
import commandAccepted from "../fixtures/codex-0.169.0/transcripts/02-shell-approval-accept.jsonl?raw";
import commandDeclined from "../fixtures/codex-0.169.0/transcripts/03-shell-approval-decline.jsonl?raw";
import commandCancelled from "../fixtures/codex-0.169.0/transcripts/04-shell-approval-cancel.jsonl?raw";
import patchAccepted from "../fixtures/codex-0.169.0/transcripts/07-patch-approval-accept.jsonl?raw";
import patchDeclined from "../fixtures/codex-0.169.0/transcripts/08-patch-approval-decline.jsonl?raw";
import interrupted from "../fixtures/codex-0.169.0/transcripts/09-interrupt.jsonl?raw";
import interruptedWhileAsked from "../fixtures/codex-0.169.0/transcripts/10-interrupt-during-approval.jsonl?raw";
import type { Client, Message, Wire } from "./client.ts";
import { differences, outline, recorded, told } from "./compare.ts";
import { hurry, story } from "./story.ts";

const plain = { replay: false };

/** Where we differ from the real server in every session, and mean to. */
const alwaysDifferent = [
  'answer.result.model: "MODEL" → "rehearsal"',
  'answer.result.modelProvider: "stub" → "spindle"',
  'answer.result.thread.environments: [{"environmentId":"local","cwd":"/workspace","runtimeWorkspaceRoots":["/workspace"]}] → null',
  'answer.result.thread.model: "MODEL" → "rehearsal"',
  'answer.result.thread.modelProvider: "stub" → "spindle"',
  'answer.result.thread.originator: "probe" → "story"',
  'answer.result.thread.path: "PATH" → null',
  // A member of our own, as the answer to who opens a thread tells it.
  "answer.result.threadSettings: nothing → SETTINGS",
  'thread/started.params.thread.environments: [{"environmentId":"local","cwd":"/workspace","runtimeWorkspaceRoots":["/workspace"]}] → null',
  'thread/started.params.thread.model: "MODEL" → "rehearsal"',
  'thread/started.params.thread.modelProvider: "stub" → "spindle"',
  'thread/started.params.thread.originator: "probe" → "story"',
  'thread/started.params.thread.path: "PATH" → null',
];
/** Nobody knows how much the rehearsal's window holds. */
const windowUnknown = "thread/tokenUsage/updated.params.tokenUsage.modelContextWindow: 258400 → null";
/** Ids of server requests name their thread, so that an answer finds it. */
const resolvedId = 'serverRequest/resolved.params.requestId: "<number id>" → "<string id>"';
const commandRequest = [
  'item/commandExecution/requestApproval.id: "<number id>" → "<string id>"',
  'item/commandExecution/requestApproval.params.environmentId: "local" → null',
  'item/commandExecution/requestApproval.params.reason: "Stub needs to run this outside the sandbox" → null',
  // An amendment of an execution policy would outlive the thread; `acceptForSession` says what we can keep.
  'item/commandExecution/requestApproval.params.availableDecisions: DECISIONS → ["accept","acceptForSession","decline","cancel"]',
  "item/commandExecution/requestApproval.params.proposedExecpolicyAmendment: AMENDMENT → null",
];

function compared(theirs: readonly Message[], ours: readonly Message[]): string[] {
  return differences(theirs, ours).map((line) =>
    line
      .replace(/(\.model: )"gpt[^"]*"/, '$1"MODEL"')
      .replace(/(thread\.path: )"[^"]*"/, '$1"PATH"')
      .replace(/(result\.threadSettings: nothing → )\{.*\}/, "$1SETTINGS")
      .replace(/(availableDecisions: ).* →/, "$1DECISIONS →")
      .replace(/(proposedExecpolicyAmendment: ).* →/, "$1AMENDMENT →"),
  );
}

/** The real server counts tokens after the tools have run, we as soon as the model has spoken: calls stand in the log before they run. */
function withoutUsageBeforeTools(messages: readonly Message[]): Message[] {
  const last = messages.findLastIndex(({ method }) => method === "thread/tokenUsage/updated");
  return messages.filter(({ method }, index) => method !== "thread/tokenUsage/updated" || index === last);
}

/** All that the server said, without the handshake's answer. */
function heardBy(client: Client): Message[] {
  return told(client.frames.slice(1));
}

story(
  "a turn of text is told in the order and the shape of the real server",
  async ({ client, sleep }) => {
    await client.startThread({ cwd: "/workspace" });
    await client.until("thread/started");
    await sleep();
    await client.turn("say Hello from the stub (tools run: 0).");
    const [theirs, ours] = [told(recorded(textTurn)), heardBy(client)];
    expect(outline(ours)).toEqual(outline(theirs));
    expect(compared(theirs, ours)).toEqual([...alwaysDifferent, windowUnknown].sort());
  },
  plain,
);

story(
  "an accepted command is told in the order and the shape of the real server",
  async ({ client, sleep }) => {
    await client.startThread({ cwd: "/workspace", approvalPolicy: "untrusted" });
    await client.until("thread/started");
    await client.say("run (echo hello)\nsay Hello from the stub (tools run: 1).");
    const request = await client.until("item/commandExecution/requestApproval");
    await sleep();
    client.answer(request, "accept");
    await client.untilTurnEnds();
    const [theirs, ours] = [recorded(commandAccepted), client.frames.slice(1)].map((frames) =>
      withoutUsageBeforeTools(told(frames)),
    );
    expect(outline(ours ?? [])).toEqual(outline(theirs ?? []));
    expect(compared(theirs ?? [], ours ?? [])).toEqual(
      [
        ...alwaysDifferent,
        windowUnknown,
        resolvedId,
        ...commandRequest,
        'answer.result.approvalPolicy: "on-request" → "untrusted"',
        // It ran in no process that could be named.
        'item/completed.params.item.processId: "<string id>" → null',
        'item/completed.params.item.source: "unifiedExecStartup" → "agent"',
      ].sort(),
    );
  },
  plain,
);

const commandRefusals = [
  { title: "declined", answer: "decline", transcript: commandDeclined },
  { title: "cancelled", answer: "cancel", transcript: commandCancelled },
];
for (const { title, answer, transcript } of commandRefusals) {
  story(
    `a ${title} command is told in the order and the shape of the real server`,
    async ({ client, sleep }) => {
      await client.startThread({ cwd: "/workspace", approvalPolicy: "untrusted" });
      await client.until("thread/started");
      await client.say("run rm -rf /nonexistent\nsay Hello from the stub (tools run: 1).");
      const request = await client.until("item/commandExecution/requestApproval");
      await sleep();
      client.answer(request, answer);
      await client.untilTurnEnds();
      const [theirs, ours] = [recorded(transcript), client.frames.slice(1)].map((frames) =>
        withoutUsageBeforeTools(told(frames)),
      );
      const isUsage = ({ method }: Message) => method === "thread/tokenUsage/updated";
      // After a cancel the only usage is the one before the tool, and stands elsewhere.
      const [expected, found] = [theirs ?? [], ours ?? []].map((frames) =>
        answer === "cancel" ? frames.filter((frame) => !isUsage(frame)) : frames,
      );
      expect(outline(found ?? [])).toEqual(outline(expected ?? []));
      expect(compared(expected ?? [], found ?? [])).toEqual(
        [
          ...alwaysDifferent,
          ...(answer === "cancel" ? [] : [windowUnknown]),
          resolvedId,
          ...commandRequest,
          'answer.result.approvalPolicy: "on-request" → "untrusted"',
        ].sort(),
      );
    },
    plain,
  );
}

const patches = [
  { title: "accepted", answer: "accept", transcript: patchAccepted },
  { title: "declined", answer: "decline", transcript: patchDeclined },
];
for (const { title, answer, transcript } of patches) {
  story(
    `a patch that is ${title} is told in the order and the shape of the real server`,
    async ({ client, sleep }) => {
      const path = answer === "accept" ? "hello.txt" : "hello2.txt";
      await client.startThread({ cwd: "/workspace" });
      await client.until("thread/started");
      await client.say(`write ${path}: hello from the stub\\nline 2\nsay Hello from the stub (tools run: 1).`);
      const request = await client.until("item/fileChange/requestApproval");
      await sleep();
      client.answer(request, answer);
      await client.untilTurnEnds();
      const [theirs = [], ours = []] = [recorded(transcript), client.frames.slice(1)].map((frames) =>
        withoutUsageBeforeTools(told(frames)),
      );
      expect(outline(ours)).toEqual(outline(theirs));
      const proposal = ours.find(({ method, params }) => method === "item/started" && params.item.type === "fileChange")?.params
        .item.proposal;
      expect(proposal).toEqual({ hash: expect.stringMatching(/^[0-9a-f]{64}$/), diff: expect.stringContaining(`b/${path}`) });
      const shown = JSON.stringify({ ...proposal, hash: "<hash>" });
      expect(compared(theirs, ours)).toEqual(
        [
          ...alwaysDifferent,
          windowUnknown,
          resolvedId,
          'item/fileChange/requestApproval.id: "<number id>" → "<string id>"',
          `item/completed.params.item.proposal: nothing → ${shown}`,
          `item/started.params.item.proposal: nothing → ${shown}`,
        ].sort(),
      );
    },
    plain,
  );
}

story("an interrupt that names no turn stops whatever runs, and is content when nothing does", async ({ client, sleep }) => {
  await client.startThread();
  const { threadId } = client;
  await sleep();
  expect(await client.request("turn/interrupt", { threadId, turnId: "" })).toEqual({});
  await client.say("count 200");
  await client.until("item/agentMessage/delta");
  expect(await client.request("turn/interrupt", { threadId, turnId: "" })).toEqual({});
  expect((await client.untilTurnEnds()).status).toBe("interrupted");
});

story(
  "an interrupted message is told in the order and the shape of the real server",
  async ({ client, sleep }) => {
    await client.startThread({ cwd: "/workspace" });
    await client.until("thread/started");
    const turnId = await client.say("count 200");
    await client.until("item/agentMessage/delta");
    await client.request("turn/interrupt", { threadId: client.threadId, turnId });
    await client.untilTurnEnds();
    await sleep();
    expect(await client.refusal("turn/interrupt", { threadId: client.threadId, turnId })).toBe(
      "-32600 no active turn to interrupt",
    );
    // The real server leaves a cut message open for ever; ours is completed as it stands.
    const isOurs = ({ method, params }: Message) => method === "item/completed" && params.item.type === "agentMessage";
    const ours = told(client.frames.slice(1));
    const completed = ours.find(isOurs);
    expect(completed?.params.item.text).toMatch(/^1( \d+)*$/);
    const [theirs, withoutOurs] = [recorded(interrupted), ours.filter((frame) => !isOurs(frame))].map((frames) =>
      told(frames).filter(({ method }) => method !== "item/agentMessage/delta"),
    );
    expect(outline(withoutOurs ?? [])).toEqual(outline(theirs ?? []));
    expect(compared(theirs ?? [], withoutOurs ?? [])).toEqual([...alwaysDifferent].sort());
  },
  plain,
);

story(
  "an interruption of a turn that waits for somebody ends the turn first and resolves the question then",
  async ({ client, sleep }) => {
    await client.startThread({ cwd: "/workspace", approvalPolicy: "untrusted" });
    await client.until("thread/started");
    const turnId = await client.say("run touch /srv/x");
    const request = await client.until("item/commandExecution/requestApproval");
    await sleep();
    await client.request("turn/interrupt", { threadId: client.threadId, turnId });
    await client.until("serverRequest/resolved");
    const isOurs = ({ method, params }: Message) => method === "item/completed" && params.item.type === "commandExecution";
    const isUsage = ({ method }: Message) => method === "thread/tokenUsage/updated";
    const [theirs = [], ours = []] = [recorded(interruptedWhileAsked), client.frames.slice(1)].map((frames) =>
      told(frames).filter((frame) => !isOurs(frame) && !isUsage(frame)),
    );
    expect(outline(ours)).toEqual(outline(theirs));
    expect(compared(theirs, ours)).toEqual(
      [...alwaysDifferent, resolvedId, ...commandRequest, 'answer.result.approvalPolicy: "on-request" → "untrusted"'].sort(),
    );
    expect(client.frames.find(isOurs)?.params.item.status).toBe("failed");
    // Who answers now answers nothing.
    client.answer(request, "accept");
    expect((await client.turn("say still here")).status).toBe("completed");
    expect(client.methodsHeard().filter((method) => method === "item/commandExecution/outputDelta")).toEqual([]);
  },
  plain,
);

story("several instructions in one prompt are several steps of one turn", async ({ client, sleep }) => {
  await client.startThread({ approvalPolicy: "never" });
  const turn = await client.turn("say one\nrun echo two\nwrite three.txt: 3\nsay four");
  await sleep();
  const { data } = await client.request("thread/items/list", { threadId: client.threadId, turnId: turn.id });
  const items = data.map(({ item }: Wire) => [item.type, item.text ?? item.aggregatedOutput ?? item.status ?? ""]);
  expect(items).toEqual([
    ["userMessage", ""],
    ["agentMessage", "one"],
    ["commandExecution", "two\n"],
    ["fileChange", "completed"],
    ["agentMessage", "four"],
  ]);
  expect(turn.items.map(({ text }: Wire) => text)).toEqual(["four"]);
  expect(client.methodsHeard().filter((method) => method === "turn/started")).toHaveLength(1);
  expect(client.methodsHeard().filter((method) => method === "thread/tokenUsage/updated")).toHaveLength(3);
  expect(await client.readFile("three.txt")).toBe("3\n");
});

story("a thought is shown as reasoning, and what is encrypted stays inside", async ({ client, sleep }) => {
  await client.startThread();
  const turn = await client.turn("think hard about it\nsay done");
  // What the stories before this one taught the account's memory may be told of first.
  const heard = told(client.frames).filter(
    ({ method, params }) => params?.turnId === turn.id && params.item?.type !== "userMessage" && method !== "spindle/memory/used",
  );
  expect(outline(heard)).toEqual([
    "item/started reasoning",
    "item/reasoning/summaryPartAdded",
    "item/reasoning/summaryTextDelta",
    "item/completed reasoning",
    "item/started agentMessage",
    "item/agentMessage/delta",
    "item/completed agentMessage",
    "thread/tokenUsage/updated",
  ]);
  expect(heard[3]?.params.item.summary).toEqual(["hard about it"]);
  await sleep();
  const { thread } = await client.request("thread/read", { threadId: client.threadId, includeTurns: true });
  expect(thread.turns[0].items[1].summary).toEqual(["hard about it"]);
  await client.turn("say again");
  expect(JSON.stringify(client.frames)).not.toContain("encrypted");
});

story("tokens are counted for each answer of the model and added up over the thread", async ({ client, sleep }) => {
  await client.startThread();
  await client.turn("think a\nsay one");
  await sleep();
  await client.turn("say two");
  const [first, second] = client.frames.flatMap(({ method, params }) =>
    method === "thread/tokenUsage/updated" ? [params.tokenUsage] : [],
  );
  expect(first.total).toEqual(first.last);
  expect(first.last.reasoningOutputTokens).toBeGreaterThan(0);
  for (const kind of Object.keys(first.total)) expect(second.total[kind]).toBe(first.total[kind] + second.last[kind]);
  expect(second.last.totalTokens).toBe(second.last.inputTokens + second.last.outputTokens);
});

/** How each failure of the model ends the turn, in the words of the real server (transcript 16). */
const failures: Record<string, Wire> = {
  "fail 500": {
    message: "We’re currently experiencing high demand, which may cause temporary errors.",
    codexErrorInfo: "internalServerError",
  },
  "fail 401": {
    message:
      "unexpected status 401 Unauthorized: the message asked for a failure with status 401, url: http://rehearsal.invalid/v1/responses",
    codexErrorInfo: { httpConnectionFailed: { httpStatusCode: 401 } },
  },
  "fail 429": {
    message: "exceeded retry limit, last status: 429 Too Many Requests",
    codexErrorInfo: { responseTooManyFailedAttempts: { httpStatusCode: 429 } },
  },
  "fail cut": {
    message: expect.stringMatching(/^stream disconnected before completion: /),
    codexErrorInfo: "other",
  },
};
for (const [instruction, failure] of Object.entries(failures)) {
  story(`\`${instruction}\` is tried again, then ends the turn as failed, and the next turn works`, async ({ client, sleep }) => {
    await client.startThread();
    await hurry(client.threadId);
    const turn = await client.turn(instruction);
    const error = { additionalDetails: null, misalignment: null, ...failure };
    expect(turn).toMatchObject({ status: "failed", error, items: [], itemsView: "notLoaded" });
    const errors = client.frames.flatMap(({ method, params }) => (method === "error" ? [params] : []));
    // The real server names the status of a 500 at no time (transcript 16), and tries a refused credential once more only.
    const httpStatusCode = { "fail 401": 401, "fail 429": 429 }[instruction] ?? null;
    const most = instruction === "fail 401" ? 1 : 5;
    const attempts = Array.from({ length: most }, (_, index) => ({
      error: {
        message: `Reconnecting... ${index + 1}/${most}`,
        codexErrorInfo: { responseStreamDisconnected: { httpStatusCode } },
        additionalDetails: failure.message,
        misalignment: null,
      },
      willRetry: true,
      threadId: client.threadId,
      turnId: turn.id,
    }));
    expect(errors).toEqual([...attempts, { error, willRetry: false, threadId: client.threadId, turnId: turn.id }]);
    expect(outline(told(client.frames)).slice(-4)).toEqual([
      "thread/status/changed systemError",
      "error",
      "thread/readState/changed",
      "turn/completed failed",
    ]);
    const begun = client.frames.flatMap(({ method, params }) => (method === "item/started" ? [params.item.id] : []));
    const ended = client.frames.flatMap(({ method, params }) => (method === "item/completed" ? [params.item.id] : []));
    expect(ended).toEqual(begun);
    await sleep();
    const { thread } = await client.request("thread/read", { threadId: client.threadId });
    expect(thread.status).toEqual({ type: "systemError" });
    expect((await client.turn("say all is well")).items[0].text).toBe("all is well");
  });
}

story("the pause before a retry can be steered away and interrupted", async ({ client }) => {
  await client.startThread();
  const turnId = await client.say("fail 500");
  await client.until("error");
  await client.until("error");
  await client.request("turn/interrupt", { threadId: client.threadId, turnId });
  expect((await client.untilTurnEnds()).status).toBe("interrupted");
  await client.untilQuiet();
  expect(client.methodsHeard().at(-1)).toBe("turn/completed");
  expect((await client.turn("say on we go")).items[0].text).toBe("on we go");
});

story("a message to a running turn cuts the model short and is heard in the same turn", async ({ client, connect, sleep }) => {
  await client.startThread();
  const turnId = await client.say("count 200");
  await client.until("item/agentMessage/delta");
  const other = await connect();
  await other.resume(client.threadId);
  const input = (text: string) => [{ type: "text", text, text_elements: [] }];
  const { threadId } = client;
  expect(await client.refusal("turn/steer", { threadId, expectedTurnId: "nope", input: input("x") })).toBe(
    `-32600 expected active turn id \`nope\` but found \`${turnId}\``,
  );
  expect(await client.refusal("turn/steer", { threadId, input: input("x") })).toBe(
    "-32600 Invalid request: missing field `expectedTurnId`",
  );
  const steered = { threadId, expectedTurnId: turnId, input: input("count 100"), clientUserMessageId: "cm1" };
  expect(await client.request("turn/steer", steered)).toEqual({ turnId });
  expect(await client.request("turn/steer", steered), "a retry says nothing twice").toEqual({ turnId });
  const again = await other.request("turn/start", { threadId, input: input("say enough") });
  expect(again.turn).toEqual({
    id: turnId,
    rootTurnId: turnId,
    items: [],
    itemsView: "notLoaded",
    status: "inProgress",
    error: null,
    startedAt: null,
    completedAt: null,
    durationMs: null,
  });
  const turn = await client.untilTurnEnds();
  expect([turn.id, turn.status, turn.items[0].text]).toEqual([turnId, "completed", "enough"]);
  const messages = client.frames.flatMap(({ method, params }) =>
    method === "item/completed" && params.item.type === "userMessage"
      ? [[params.item.clientId, params.item.content[0].text]]
      : [],
  );
  expect(messages).toEqual([
    [null, "count 200"],
    ["cm1", "count 100"],
    [null, "say enough"],
  ]);
  expect(client.methodsHeard().filter((method) => method === "turn/completed")).toHaveLength(1);
  await sleep();
  expect(await client.refusal("turn/steer", { ...steered, clientUserMessageId: null })).toBe("-32600 no active turn to steer");
});

story("a message to a turn that waits for an approval is heard after the answer", async ({ client, sleep }) => {
  await client.startThread();
  const turnId = await client.say("write a.txt: a");
  const request = await client.until("item/fileChange/requestApproval");
  await sleep();
  expect(await client.say("say and then this")).toBe(turnId);
  await sleep();
  client.answer(request, "accept");
  const turn = await client.untilTurnEnds();
  expect([turn.status, turn.items[0].text]).toEqual(["completed", "and then this"]);
  expect(await client.readFile("a.txt")).toBe("a\n");
});

story("a turn's own settings hold for it and for those that follow", async ({ client, sleep }) => {
  await client.startThread();
  await client.turn("write a.txt: a", { approvalPolicy: "never" });
  await sleep();
  await client.turn("write b.txt: b");
  expect(await client.files()).toEqual(["a.txt", "b.txt"]);
});

story("a turn that has to answer in a shape gets no tools", async ({ client }) => {
  await client.startThread();
  const outputSchema = { type: "object", properties: { title: { type: "string" } }, required: ["title"] };
  const turn = await client.turn("write a.txt: a", { outputSchema });
  expect(Object.keys(JSON.parse(turn.items[0].text))).toEqual(["title"]);
});

story("a command that runs can be interrupted", async ({ client, sleep }) => {
  await client.startThread();
  const turnId = await client.say("run sleep 20; touch x.txt\nsay never");
  await client.untilThat(({ method, params }) => method === "item/started" && params.item.type === "commandExecution");
  await client.request("turn/interrupt", { threadId: client.threadId, turnId });
  expect((await client.untilTurnEnds()).status).toBe("interrupted");
  const { params } = client.frames.findLast(({ method }) => method === "item/completed") ?? {};
  expect(params.item).toMatchObject({ type: "commandExecution", status: "failed" });
  await sleep();
  expect((await client.turn("run ls; echo after")).status).toBe("completed");
  expect(await client.files()).toEqual([]);
});

story("who resumes what it follows already hears everything once", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  await client.turn("say one");
  await client.resume(threadId);
  await client.resume(threadId, { afterSeq: client.fold()?.seq });
  await sleep();
  await client.turn("say two");
  await client.untilQuiet();
  const log = client.threadFrames();
  expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
});
