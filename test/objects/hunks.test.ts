/** Some hunks of a diff, accepted over the wire: exactly those land, whatever else is answered, and whenever the object dies. */
import { expect, test } from "vitest";
import { Client, type Message, type Wire } from "./client.ts";
import { filesOf, inThread, story } from "./story.ts";

const asksForChanges = "item/fileChange/requestApproval";
const lines = (edited: number[] = []) =>
  Array.from({ length: 40 }, (_, line) => `${edited.includes(line) ? "new" : "old"} ${line % 10 === 0 ? "x" : line}\n`).join("");

/** A proposal of four hunks in far.txt and one new file. */
async function propose(client: Client): Promise<{ request: Message; hash: string }> {
  await client.startThread();
  await client.writeFile("far.txt", lines());
  await client.say("run sed -i 's/old x/new x/' far.txt; echo made > made.txt; echo ran\nsay done");
  const request = await client.until(asksForChanges);
  return { request, hash: itemOf(client, request).proposal.hash };
}

story(
  "hunks that were named land, no others, and everybody is shown what landed under its own hash",
  async ({ client, sleep }) => {
    const { request, hash } = await propose(client);
    await sleep();
    answer(client, request, { hunks: [4, 1], proposalHash: hash });
    expect((await client.untilTurnEnds()).items[0].text).toBe("done");
    expect(await filesOf(client.threadId)).toEqual({ "far.txt": lines([0, 30]) });
    const item = completedChange(client);
    expect(item.status).toBe("completed");
    expect(item.proposal.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(item.proposal.hash).not.toBe(hash);
    expect(item.changes.map(({ path }: Wire) => path)).toEqual(["/workspace/far.txt"]);
    expect(item.proposal.diff.match(/^\+new x$/gm)).toHaveLength(2);
    const diffs = client.frames.flatMap(({ method, params }) => (method === "turn/diff/updated" ? [params.diff] : []));
    expect(diffs).toEqual([item.proposal.diff]);
    expect(await told(client)).toContain(
      [
        "The change was accepted in part. Of its 5 hunks only 1, 4 are in the workspace.",
        "Not accepted and not written:",
        "- hunk 2: far.txt, @@ -8,7 +8,7 @@",
        "- hunk 3: far.txt, @@ -18,7 +18,7 @@",
        "- hunk 5: made.txt, the new file",
        "Look at the files again before you go on.",
      ].join("\n"),
    );
    // An audit sees what was asked, what was answered and what that was.
    const { data } = await client.request("spindle/thread/export", { threadId: client.threadId });
    const entries = (type: string) => data.filter((entry: Wire) => entry.type === type);
    expect(entries("asked").map((entry: Wire) => entry.hash)).toEqual([hash]);
    expect(entries("answered").map((entry: Wire) => entry.answer)).toEqual([
      { decision: "accept", hunks: [1, 4], partHash: item.proposal.hash },
    ]);
    // Whoever comes later, and a fork, has the same.
    await sleep();
    expect(
      client
        .fold()
        ?.turns.at(-1)
        ?.items.find(({ type }) => type === "fileChange"),
    ).toMatchObject({ proposal: item.proposal });
    const { thread } = await client.request("thread/fork", { threadId: client.threadId });
    expect(await filesOf(thread.id)).toEqual({ "far.txt": lines([0, 30]) });
  },
);

story("hunks of a patch land the same way, and what was accepted is taken back like any turn", async ({ client, sleep }) => {
  await client.startThread();
  await client.writeFile("far.txt", lines());
  await client.turn("say hello");
  await client.say('replace "old x" with "new x" in far.txt\nsay done');
  const request = await client.until(asksForChanges);
  await sleep();
  answer(client, request, { hunks: [2], proposalHash: itemOf(client, request).proposal.hash });
  const turn = await client.untilTurnEnds();
  expect(await filesOf(client.threadId)).toEqual({ "far.txt": lines([10]) });
  expect(await told(client)).toContain("only 2 is in the workspace");
  await sleep();
  await client.request("thread/revert", { threadId: client.threadId, beforeTurnId: turn.id });
  expect(await filesOf(client.threadId)).toEqual({ "far.txt": lines() });
});

story("all hunks are a plain yes", async ({ client }) => {
  const { request, hash } = await propose(client);
  answer(client, request, { hunks: [1, 2, 3, 4, 5, 5], proposalHash: hash });
  await client.untilTurnEnds();
  expect(completedChange(client).proposal.hash).toBe(hash);
  expect(await told(client)).toContain("The change was accepted and is in the workspace.");
});

const mistakes: [string, (hash: string) => object, string][] = [
  ["no hunk", (proposalHash) => ({ decision: "accept", hunks: [], proposalHash }), "hunks of a diff are accepted by"],
  [
    "a hunk that is not there",
    (proposalHash) => ({ decision: "accept", hunks: [1, 6], proposalHash }),
    "these hunks cannot be accepted: This diff has hunks 1 to 5, and no 6.",
  ],
  ["hunk 0", (proposalHash) => ({ decision: "accept", hunks: [0], proposalHash }), "hunks of a diff are accepted by"],
  ["no number", (proposalHash) => ({ decision: "accept", hunks: ["1"], proposalHash }), "hunks of a diff are accepted by"],
  [
    "too many",
    (proposalHash) => ({ decision: "accept", hunks: Array.from({ length: 501 }, () => 1), proposalHash }),
    "hunks of a diff are accepted by",
  ],
  ["hunks of no diff", () => ({ decision: "accept", hunks: [1] }), "hunks of a diff are accepted by"],
  ["a hash without hunks", (proposalHash) => ({ decision: "accept", proposalHash }), "hunks of a diff are accepted by"],
  [
    "the beginning of a hash",
    (hash) => ({ decision: "accept", hunks: [1], proposalHash: hash.slice(0, 16) }),
    "proposalHash names other changes",
  ],
  [
    "another hash",
    (hash) => ({ decision: "accept", hunks: [1], proposalHash: hash.split("").reverse().join("") }),
    "proposalHash names other changes",
  ],
  [
    "hunks for ever",
    (proposalHash) => ({ decision: "acceptForSession", hunks: [1], proposalHash }),
    "hunks of a diff are accepted by",
  ],
  ["a no to hunks", (proposalHash) => ({ decision: "decline", hunks: [1], proposalHash }), "hunks of a diff are accepted by"],
  [
    "more than that",
    (proposalHash) => ({ decision: "accept", hunks: [1], proposalHash, force: true }),
    "hunks of a diff are accepted by",
  ],
];

story("an answer that cannot be meant is refused by name to whoever gave it, and changes nothing", async (told) => {
  const { client, connect, sleep } = told;
  const { request, hash } = await propose(client);
  const other = await connect();
  await other.resume(client.threadId, { afterSeq: request.seq });
  const before = await inThread(client.threadId, ({ current }) => current.seq);
  for (const [what, result, why] of mistakes) {
    await sleep();
    client.sendText(JSON.stringify({ id: request.id, result: result(hash) }));
    const refused = await client.until("spindle/approval/refused");
    expect(refused.params, what).toEqual({
      threadId: client.threadId,
      requestId: request.id,
      error: { code: expect.any(Number), message: expect.stringContaining(why) },
    });
  }
  expect(await inThread(client.threadId, ({ current }) => [current.seq, current.requests.length])).toEqual([before, 1]);
  expect(other.methodsHeard()).not.toContain("spindle/approval/refused");
  await sleep();
  answer(client, request, { hunks: [5], proposalHash: hash });
  await client.untilTurnEnds();
  expect(await filesOf(client.threadId)).toEqual({ "far.txt": lines(), "made.txt": "made\n" });
  // Too late is no mistake.
  answer(client, request, { hunks: [99], proposalHash: hash });
  await client.untilQuiet();
  expect(client.methodsHeard().filter((method) => method === "spindle/approval/refused")).toHaveLength(mistakes.length);
});

story("a command is not accepted by hunks", async ({ client, sleep }) => {
  await client.startThread({ approvalPolicy: "untrusted" });
  await client.say("run touch x.txt");
  const request = await client.until("item/commandExecution/requestApproval");
  await sleep();
  client.sendText(JSON.stringify({ id: request.id, result: { decision: "accept", hunks: [1], proposalHash: "0".repeat(64) } }));
  const { params } = await client.until("spindle/approval/refused");
  expect(params.error.message).toBe("only changes of files are accepted by hunks");
  client.answer(request, "decline");
  await client.untilTurnEnds();
  expect(await client.files()).toEqual([]);
});

story("hunks of files that changed since do not land, and the model hears why", async ({ client, sleep }) => {
  const { request, hash } = await propose(client);
  await client.writeFile("far.txt", "mine\n");
  await sleep();
  answer(client, request, { hunks: [1], proposalHash: hash });
  await client.untilTurnEnds();
  expect(completedChange(client)).toMatchObject({ status: "failed", proposal: { hash } });
  expect(await filesOf(client.threadId)).toEqual({ "far.txt": "mine\n" });
  expect(await told(client)).toContain("The change was accepted but did not land");
});

test.for(["lost", "kept"] as const)(
  "an object that dies at any moment after the answer, its last commit %s, lands those hunks once",
  { timeout: 60_000 },
  async (what) => {
    let deaths = 0;
    for (let moment = 1, isDead = true; isDead; moment++) {
      const client = await Client.connect();
      const { request, hash } = await propose(client);
      const fate = await dieAt(client.threadId, moment, what);
      answer(client, request, { hunks: [1, 5], proposalHash: hash });
      const ended = () => client.methodsHeard().includes("turn/completed");
      while (!fate.isDead && !ended()) await new Promise((resolve) => setTimeout(resolve, 5));
      await client.untilQuiet(5);
      const next = await Client.connect();
      await next.resume(client.threadId, { afterSeq: 0 });
      await next.untilQuiet(20);
      // Who heard no answer says it again.
      answer(next, request, { hunks: [1, 5], proposalHash: hash });
      await next.untilTurnEnds();
      const where = `died at ${moment}, ${what}`;
      expect(await filesOf(client.threadId), where).toEqual({ "far.txt": lines([0]), "made.txt": "made\n" });
      const items = next.frames.filter(({ method, params }) => method === "item/completed" && params.item.type === "fileChange");
      expect(items, where).toHaveLength(1);
      expect(items[0]?.params.item.proposal.hash, where).not.toBe(hash);
      const outputs = await inThread(client.threadId, ({ log }) => JSON.stringify(log.modelInput()).split("accepted in part"));
      expect(outputs, where).toHaveLength(2);
      expect(await next.judged(), where).toEqual([]);
      ({ isDead } = fate);
      if (isDead) deaths += 1;
      client.close();
      next.close();
    }
    expect(deaths).toBeGreaterThan(3);
  },
);

/** Dies with its n-th commit from now: at once, or as soon as that is durable. */
async function dieAt(threadId: string, commits: number, what: "lost" | "kept"): Promise<{ isDead: boolean }> {
  const fate = { isDead: false };
  await inThread(threadId, (runtime, state) => {
    const commit = runtime.commit.bind(runtime);
    let count = 0;
    const die = () => {
      fate.isDead = true;
      state.abort("crash");
    };
    runtime.commit = (drafts, also) => {
      commit(drafts, also);
      count += drafts.length > 0 ? 1 : 0;
      if (count !== commits) return;
      if (what === "lost") die();
      else void state.storage.sync().then(die);
    };
  });
  return fate;
}

function answer(client: Client, request: Message, part: { hunks: number[]; proposalHash: string }): void {
  client.reply(request, { decision: "accept", ...part });
}

async function told(client: Client): Promise<string> {
  const items = await inThread(client.threadId, ({ log }) => log.modelInput());
  return items
    .flatMap((item) => (item.type.endsWith("_output") ? [JSON.stringify(item)] : []))
    .join("\n")
    .replaceAll("\\n", "\n");
}

function itemOf(client: Client, request: Message): Wire {
  return client.frames.find(({ method, params }) => method === "item/started" && params.item.id === request.params.itemId)?.params
    .item;
}

function completedChange(client: Client): Wire {
  return client.frames.find(({ method, params }) => method === "item/completed" && params.item.type === "fileChange")?.params
    .item;
}
