import { expect } from "vitest";
import type { Client, Message, Wire } from "./client.ts";
import { inThread, story } from "./story.ts";

const asksForChanges = "item/fileChange/requestApproval";
const asksForCommand = "item/commandExecution/requestApproval";

story("a change of files lands when somebody accepts it, and not before", async ({ client, sleep }) => {
  await client.startThread();
  await client.say("write notes.txt: alpha");
  const request = await client.until(asksForChanges);
  await sleep();
  await expect(client.readFile("notes.txt")).rejects.toThrow("No such file or directory (os error 2)");
  await sleep();
  client.answer(request, "accept");
  const { params } = await client.until("turn/completed");
  expect(params.turn.status).toBe("completed");
  expect(await client.readFile("notes.txt")).toBe("alpha\n");
});

story("what is asked is bound to a hash and shown as one patch", async ({ client, sleep }) => {
  await client.startThread();
  await client.writeFile("old.txt", "one\ntwo\n");
  await client.say('replace "two" with "2" in old.txt');
  const request = await client.until(asksForChanges);
  await sleep();
  const item = itemOf(client, request);
  expect(item).toMatchObject({
    type: "fileChange",
    status: "inProgress",
    changes: [
      {
        path: "/workspace/old.txt",
        kind: { type: "update", move_path: null },
        diff: expect.stringContaining("@@ -1,2 +1,2 @@\n one\n-two\n+2\n"),
      },
    ],
    proposal: {
      hash: expect.stringMatching(/^[0-9a-f]{64}$/),
      diff: expect.stringMatching(
        /^diff --git a\/old.txt b\/old.txt\nindex [0-9a-f]{40}\.\.[0-9a-f]{40} 100644\n--- a\/old.txt\n/,
      ),
    },
  });
  expect(request.params).toEqual({
    threadId: client.threadId,
    turnId: expect.any(String),
    itemId: item.id,
    startedAtMs: expect.any(Number),
    reason: null,
    grantRoot: null,
  });
  client.answer(request, "accept");
  await client.untilTurnEnds();
  expect(await client.readFile("old.txt")).toBe("one\n2\n");
});

story(
  "an acceptance for the session lets later changes of the same files pass unasked, and of no others",
  async ({ client, sleep }) => {
    await client.startThread();
    await client.say("run echo a > a.txt; echo b > b.txt");
    client.answer(await client.until(asksForChanges), "acceptForSession");
    await client.untilTurnEnds();
    await sleep();
    await client.turn("write a.txt: again");
    expect(await client.readFile("a.txt")).toBe("again\n");
    expect(asked(client)).toHaveLength(1);
    await client.say("run echo c > b.txt; echo c > c.txt");
    client.answer(await client.until(asksForChanges), "decline");
    await client.untilTurnEnds();
    expect(await client.files()).toEqual(["a.txt", "b.txt"]);
    expect(asked(client)).toHaveLength(2);
  },
);

story("a declined change leaves nothing, the model hears of it, and the turn goes on", async ({ client, sleep }) => {
  await client.startThread();
  await client.say("write a.txt: a\nwrite b.txt: b");
  client.answer(await client.until(asksForChanges), "decline");
  const second = await client.until(asksForChanges);
  await sleep();
  client.answer(second, "decline");
  const turn = await client.untilTurnEnds();
  expect([turn.status, turn.items[0].text]).toEqual(["completed", "The change was declined."]);
  expect(statuses(client, "fileChange")).toEqual(["declined", "declined"]);
  expect(await client.files()).toEqual([]);
});

story("a cancelled change ends the turn, with all that it still had to do", async ({ client, sleep }) => {
  await client.startThread();
  await client.say("write a.txt: a\nwrite b.txt: b\nsay never");
  const request = await client.until(asksForChanges);
  await sleep();
  client.answer(request, "cancel");
  const turn = await client.untilTurnEnds();
  expect(turn).toMatchObject({ status: "interrupted", items: [], itemsView: "notLoaded", error: null });
  expect(statuses(client, "fileChange")).toEqual(["declined"]);
  expect(await client.files()).toEqual([]);
  expect(asked(client)).toHaveLength(1);
  expect((await client.turn("say again")).items[0].text).toBe("again");
});

const unreadable: Record<string, (id: unknown) => object> = {
  "an error": (id) => ({ id, error: { code: -32601, message: "not supported" } }),
  "a result of another shape": (id) => ({ id, result: { foo: 1 } }),
  "a decision that does not exist": (id) => ({ id, result: { decision: "maybe" } }),
};
for (const [what, reply] of Object.entries(unreadable)) {
  story(`${what} for an answer fails the item and the turn goes on`, async ({ client, sleep }) => {
    await client.startThread({ approvalPolicy: "untrusted" });
    await client.say("run touch x.txt\nwrite a.txt: a\nsay done");
    const command = await client.until(asksForCommand);
    await sleep();
    client.sendText(JSON.stringify(reply(command.id)));
    const changes = await client.until(asksForChanges);
    await sleep();
    client.sendText(JSON.stringify(reply(changes.id)));
    const turn = await client.untilTurnEnds();
    expect([turn.status, turn.items[0].text]).toEqual(["completed", "done"]);
    expect(statuses(client, "commandExecution")).toEqual(["failed"]);
    expect(statuses(client, "fileChange")).toEqual(["failed"]);
    expect(await client.files()).toEqual([]);
  });
}

story("of two clients the first answer wins, both are told, and a late answer is ignored", async ({ client, connect, sleep }) => {
  await client.startThread();
  const other = await connect({ replay: false });
  await other.resume(client.threadId);
  await client.say("write a.txt: a\nsay done");
  const request = await client.until(asksForChanges);
  const sameRequest = await other.until(asksForChanges);
  expect(sameRequest.id).toBe(request.id);
  expect(sameRequest.params).toEqual(request.params);
  await sleep();
  other.answer(sameRequest, "decline");
  const resolved = await client.until("serverRequest/resolved");
  client.answer(request, "accept");
  expect(resolved.params).toEqual({ threadId: client.threadId, requestId: request.id });
  expect((await other.until("serverRequest/resolved")).params).toEqual(resolved.params);
  await Promise.all([client.untilTurnEnds(), other.untilTurnEnds()]);
  await client.untilQuiet();
  expect(statuses(client, "fileChange")).toEqual(["declined"]);
  expect(await client.files()).toEqual([]);
  expect(client.methodsHeard().filter((method) => method === "serverRequest/resolved")).toHaveLength(1);
});

story("under `untrusted` a plain read runs unasked, and anything else asks until it is allowed", async ({ client, sleep }) => {
  await client.startThread({ approvalPolicy: "untrusted" });
  await client.turn("run ls -la");
  expect(asked(client)).toEqual([]);
  await client.say("run true && (echo x)\nrun true && (echo x)\nrun true && (echo y)");
  const request = await client.until(asksForCommand);
  expect(request.params).toMatchObject({
    kind: "command",
    command: "/bin/bash -lc 'true && (echo x)'",
    cwd: "/workspace",
    commandActions: [{ type: "unknown", command: "true && (echo x)" }],
    availableDecisions: ["accept", "acceptForSession", "decline", "cancel"],
  });
  await sleep();
  client.answer(request, "acceptForSession");
  const other = await client.until(asksForCommand);
  expect(other.params.command).toBe("/bin/bash -lc 'true && (echo y)'");
  await sleep();
  client.answer(other, "decline");
  await client.untilTurnEnds();
  expect(statuses(client, "commandExecution")).toEqual(["completed", "completed", "completed", "declined"]);
  await client.turn("run true && (echo x)");
  expect(asked(client)).toEqual([asksForCommand, asksForCommand]);
});

story("an amendment of the policy counts as an acceptance for the session", async ({ client }) => {
  await client.startThread({ approvalPolicy: "untrusted" });
  await client.say("run (echo x)\nrun (echo x)");
  const request = await client.until(asksForCommand);
  client.answer(request, { acceptWithExecpolicyAmendment: { execpolicy_amendment: ["echo"] } });
  await client.untilTurnEnds();
  expect(asked(client)).toEqual([asksForCommand]);
});

story("an accepted command that changes files asks for the changes as well", async ({ client, sleep }) => {
  await client.startThread({ approvalPolicy: "untrusted" });
  await client.say("run touch x.txt");
  const command = await client.until(asksForCommand);
  await sleep();
  client.answer(command, "accept");
  const changes = await client.until(asksForChanges);
  await sleep();
  expect(await client.files()).toEqual([]);
  client.answer(changes, "accept");
  await client.untilTurnEnds();
  expect(await client.files()).toEqual(["x.txt"]);
});

story("under `never` nobody is asked", async ({ client, sleep }) => {
  await client.startThread({ approvalPolicy: "never" });
  await client.turn("run rm -rf / ; touch x.txt\nwrite y.txt: y");
  await sleep();
  expect(await client.files()).toEqual(["x.txt", "y.txt"]);
  expect(asked(client)).toEqual([]);
  expect(statuses(client, "fileChange")).toEqual(["completed", "completed"]);
});

story("what waits is asked again under the same id, days later and of somebody else", async ({ client, connect, sleep }) => {
  const threadId = await client.startThread();
  await client.say("write a.txt: a\nsay done");
  const request = await client.until(asksForChanges);
  client.close();
  await sleep();
  for (const replay of [false, true]) {
    const other = await connect({ replay });
    const { result } = await other.resume(threadId);
    expect(result.thread.status).toEqual({ type: "active", activeFlags: ["waitingOnApproval"] });
    const again = await other.until(asksForChanges);
    expect(again.params).toEqual(request.params);
    expect(again.id).toBe(request.id);
    expect(again.seq).toBe(replay ? request.seq : undefined);
    const before = other.frames.slice(2, other.frames.indexOf(again));
    expect(before.map(({ method, params }) => [method, params.item?.id])).toEqual([
      ["thread/tokenUsage/updated", undefined],
      ["item/started", request.params.itemId],
    ]);
    await sleep();
    if (!replay) continue;
    other.answer(again, "accept");
    expect((await other.untilTurnEnds()).items[0].text).toBe("done");
    expect(await other.readFile("a.txt")).toBe("a\n");
  }
});

story("what the replay brings anyway is not asked twice", async ({ client, connect, sleep }) => {
  const threadId = await client.startThread();
  await client.say("write a.txt: a");
  const request = await client.until(asksForChanges);
  await sleep();
  const other = await connect();
  await other.resume(threadId, { afterSeq: 1 });
  await other.until(asksForChanges);
  await other.untilQuiet();
  expect(asked(other)).toHaveLength(1);
  const third = await connect();
  await third.resume(threadId, { afterSeq: request.seq });
  await third.until(asksForChanges);
  await third.untilQuiet();
  expect(asked(third)).toHaveLength(1);
});

story("a change that was made on files which changed since does not land, and the model hears why", async ({ client, sleep }) => {
  await client.startThread();
  await client.writeFile("a.txt", "one\n");
  await client.say('replace "one" with "two" in a.txt\nsay done');
  const request = await client.until(asksForChanges);
  await sleep();
  await client.writeFile("a.txt", "mine\n");
  await sleep();
  client.answer(request, "accept");
  const turn = await client.untilTurnEnds();
  expect(turn.status).toBe("completed");
  expect(statuses(client, "fileChange")).toEqual(["failed"]);
  expect(await client.readFile("a.txt")).toBe("mine\n");
  expect(client.methodsHeard()).not.toContain("turn/diff/updated");
  const told = await inThread(client.threadId, ({ log }) => log.modelInput().filter(({ type }) => type.endsWith("_output")));
  expect(told.at(-1)).toMatchObject({
    type: "apply_patch_call_output",
    status: "failed",
    output:
      "The change was accepted but did not land: the workspace changed since this was proposed: a.txt. Look again and propose it anew.",
  });
});

story("what a person wrote elsewhere does not stop a change", async ({ client, sleep }) => {
  await client.startThread();
  await client.say("write a.txt: a");
  const request = await client.until(asksForChanges);
  await client.writeFile("b.txt", "b");
  await sleep();
  client.answer(request, "accept");
  await client.untilTurnEnds();
  expect(await client.files()).toEqual(["a.txt", "b.txt"]);
});

story("twenty files changed by one command are one proposal", async ({ client, sleep }) => {
  await client.startThread();
  await client.say("run for i in $(seq 1 20); do echo $i > f$i.txt; done; echo made");
  const request = await client.until(asksForChanges);
  const item = itemOf(client, request);
  expect(item.changes).toHaveLength(20);
  expect(item.proposal.diff.match(/^diff --git/gm)).toHaveLength(20);
  await sleep();
  expect(await client.files()).toEqual([]);
  client.answer(request, "accept");
  await client.untilTurnEnds();
  expect(await client.files()).toHaveLength(20);
  expect(asked(client)).toEqual([asksForChanges]);
  expect(client.frames.find(({ params }) => params?.item?.aggregatedOutput)?.params.item.aggregatedOutput).toBe("made\n");
});

story("what a command changed is gone when it is declined", async ({ client, sleep }) => {
  await client.startThread();
  await client.writeFile("keep.txt", "keep\n");
  await client.say("run rm keep.txt; mkdir d; echo x > d/x.txt; chmod +x d/x.txt\nrun cat keep.txt; ls d");
  const request = await client.until(asksForChanges);
  expect(itemOf(client, request).changes.map(({ path, kind }: Wire) => `${kind.type} ${path}`)).toEqual([
    "add /workspace/d/x.txt",
    "delete /workspace/keep.txt",
  ]);
  await sleep();
  client.answer(request, "decline");
  await client.untilTurnEnds();
  expect(await client.readFile("keep.txt")).toBe("keep\n");
  const outputs = completed(client, "commandExecution").map(({ aggregatedOutput }) => aggregatedOutput);
  expect(outputs[1]).toMatch(/^keep\nls: .*No such file or directory\n$/s);
});

story("the flags say that somebody is waited for, and only then", async ({ client, connect, sleep }) => {
  const threadId = await client.startThread();
  const other = await connect();
  const seen = async () => (await other.request("thread/read", { threadId })).thread.status;
  const listed = async () => (await other.request("thread/list", {})).data.find(({ id }: Wire) => id === threadId)?.status;
  await client.say("write a.txt: a");
  const request = await client.until(asksForChanges);
  await sleep();
  const waiting = { type: "active", activeFlags: ["waitingOnApproval"] };
  expect(await seen()).toEqual(waiting);
  await expect.poll(listed).toEqual(waiting);
  client.answer(request, "accept");
  await client.untilTurnEnds();
  expect(await seen()).toEqual({ type: "idle" });
  await expect.poll(listed).toEqual({ type: "idle" });
  const told = client.frames.flatMap(({ method, params }) =>
    method === "thread/status/changed" ? [[params.status.type, ...(params.status.activeFlags ?? [])].join(" ")] : [],
  );
  expect(told).toEqual(["active", "active waitingOnApproval", "active", "idle"]);
});

story("a turn's diff is of everything that landed in it", async ({ client, sleep }) => {
  await client.startThread();
  await client.writeFile("a.txt", "one\n");
  await client.say('run echo two >> a.txt; echo b > b.txt\nreplace "two" with "2" in a.txt\ndelete b.txt');
  for (let changes = 0; changes < 3; changes++) {
    const request = await client.until(asksForChanges);
    await sleep();
    client.answer(request, "accept");
  }
  await client.untilTurnEnds();
  const diffs: string[] = client.frames.flatMap(({ method, params }) => (method === "turn/diff/updated" ? [params.diff] : []));
  const bodies = diffs.map((diff) => diff.split("\n").filter((line) => /^([-+ ][^-+]|diff)/.test(line)));
  expect(bodies).toEqual([
    ["diff --git a/a.txt b/a.txt", " one", "+two", "diff --git a/b.txt b/b.txt", "+b"],
    ["diff --git a/a.txt b/a.txt", " one", "+2", "diff --git a/b.txt b/b.txt", "+b"],
    ["diff --git a/a.txt b/a.txt", " one", "+2"],
  ]);
});

story("a patch that does not fit is told to the model and asks nobody", async ({ client }) => {
  await client.startThread();
  const turn = await client.turn("delete no-such-file.txt");
  expect(turn.status).toBe("completed");
  expect(statuses(client, "fileChange")).toEqual(["failed"]);
  expect(asked(client)).toEqual([]);
});

function asked(client: Client): string[] {
  return client.methodsHeard().filter((method) => method.endsWith("/requestApproval"));
}

function itemOf(client: Client, request: Message): Wire {
  return client.frames.find(({ method, params }) => method === "item/started" && params.item.id === request.params.itemId)?.params
    .item;
}

function completed(client: Client, type: string): Wire[] {
  return client.frames.flatMap(({ method, params }) =>
    method === "item/completed" && params.item.type === type ? [params.item] : [],
  );
}

function statuses(client: Client, type: string): string[] {
  return completed(client, type).map(({ status }) => status);
}
