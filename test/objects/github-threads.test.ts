/** A repository's calls to threads of its account: they may come twice, after any crash, and happen once. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { expect, test } from "vitest";
import type { Effect, Outcome, ThreadCall } from "#github/effect";
import type { RepositoryObject } from "#github/repository-object";
import { callThread } from "#github/thread-call";
import { blobHash } from "#workspace/blob";
import { githubAppStub, repositoryStub, threadStub } from "../../durable-objects/environment.ts";
import { newId } from "../../durable-objects/platform.ts";
import { accountOfOwner } from "../../workers/github/account.ts";
import { Client } from "./client.ts";
import { headersFor } from "./front-door.ts";
import { environment } from "./story.ts";

const ownerId = 2_001;
const account = accountOfOwner(ownerId);
const input = [{ type: "text" as const, text: "say hello", text_elements: [] }];

const encoded = (text: string) => new TextEncoder().encode(text);
const readme = encoded("A repository.\n");
const guide = encoded("Use tabs.\n");
const guideFile = { path: "AGENTS.md", mode: 0o100644, oid: blobHash(guide), size: guide.length };
const file = { path: "README.md", mode: 0o100644, oid: blobHash(readme), size: readme.length };

function beginning(threadId: string, repositoryId: number): ThreadCall {
  const about = { repository: "acme/widgets", number: 12, title: "A\u202e title", branch: "spindle/x" };
  return {
    type: "begin",
    repositoryId,
    commitOid: "c".repeat(40),
    guidesOid: "e".repeat(40),
    text: "say hello",
    key: `delivery of ${threadId}`,
    about,
  };
}

/** GitHub, as far as a thread asks it by its repository. */
async function hold(repositoryId: number): Promise<void> {
  await runInDurableObject(repositoryStub(environment, account, repositoryId), (repository: RepositoryObject) => {
    const tree = { treeOid: "d".repeat(40), submodules: [], isTruncated: false };
    const contents = new Map([
      [file.oid, readme],
      [guideFile.oid, guide],
    ]);
    Object.assign(Object.getPrototypeOf(repository), {
      readTree: async (commitOid: string) => ({ ...tree, commitOid, files: commitOid.startsWith("e") ? [guideFile] : [file] }),
      readBlobs: async (oids: string[]) => ({ blobs: oids.map((oid) => ({ oid, bytes: contents.get(oid) })), rest: [] }),
    });
  });
}

test("a thread is started and its turn begun, however often that is asked, and the account's clients see it", async () => {
  const threadId = newId();
  await hold(7_000);
  for (let time = 0; time < 3; time++) {
    expect(await callThread(environment, { account, threadId }, beginning(threadId, 7_000))).not.toHaveProperty("refused");
  }
  const client = await Client.connect({ headers: await headersFor(`github:${ownerId}`) });
  await client.untilQuiet();
  const { data } = await client.request("thread/list", {});
  expect(data.map(({ id }: { id: string }) => id)).toContain(threadId);
  const { thread } = await client.request("thread/read", { threadId, includeTurns: true });
  expect(thread.turns).toHaveLength(1);
  expect(data.find(({ id }: { id: string }) => id === threadId)).toMatchObject({
    name: "acme/widgets#12: A title",
    gitInfo: { sha: "c".repeat(40), branch: "spindle/x" },
  });
  const { dataBase64 } = await client.request("fs/readFile", { threadId, path: "/workspace/README.md" });
  expect(atob(dataBase64)).toBe("A repository.\n");
  client.close();
  const stranger = await Client.connect({ headers: await headersFor(`github:${ownerId + 1}`) });
  expect((await stranger.request("thread/list", {})).data).toEqual([]);
  stranger.close();
});

test("a thread is forked for the account's clients, once however often that is asked, with its files and its guides", async () => {
  const threadId = newId();
  await hold(7_001);
  await callThread(environment, { account, threadId }, beginning(threadId, 7_001));
  const client = await Client.connect({ headers: await headersFor(`github:${ownerId}`) });
  const forkId = newId();
  const answerOn = { number: 1, isPullRequest: false };
  const call: ThreadCall = { type: "fork", repositoryId: 7_001, sourceId: threadId, answerOn };
  for (let time = 0; time < 2; time++)
    expect(await callThread(environment, { account, threadId: forkId }, call)).toEqual({ text: null });
  await client.untilQuiet();
  const { data } = await client.request("thread/list", {});
  expect(data.map(({ id }: { id: string }) => id)).toEqual(expect.arrayContaining([threadId, forkId]));
  const { thread, instructionSources } = await client.request("thread/resume", { threadId: forkId });
  expect(thread).toMatchObject({ forkedFromId: threadId, turns: [expect.anything()] });
  expect(instructionSources).toEqual(["/workspace/AGENTS.md"]);
  const { dataBase64 } = await client.request("fs/readFile", { threadId: forkId, path: "/workspace/README.md" });
  expect(atob(dataBase64)).toBe("A repository.\n");
  client.close();
  const nobody = { type: "fork", repositoryId: 7_001, sourceId: newId(), answerOn } as const;
  expect(await callThread(environment, { account, threadId: newId() }, nobody)).toHaveProperty("refused");
});

test("what was not copied is read through the repository's object: by a patch, after an eviction, and in a fork", async () => {
  const [threadId, repositoryId] = [newId(), 7_100];
  const contents = new Map(["alpha beta\n", "nobody has read this\n"].map((text) => [blobHash(encoded(text)), encoded(text)]));
  const [changed = "", other = ""] = contents.keys();
  const asked: string[] = [];
  // More bytes than are copied at once, so that they are listed only.
  const far = (path: string, oid: string) => ({ path, mode: 0o100644, oid, size: 2 * 1024 * 1024 });
  await runInDurableObject(repositoryStub(environment, account, repositoryId), (repository: RepositoryObject) => {
    const files = [far("deep/changed.txt", changed), far("deep/other.txt", other)];
    const tree = { commitOid: "c".repeat(40), treeOid: "d".repeat(40), files, submodules: [], isTruncated: false };
    const readBlobs = async (oids: string[]) => {
      asked.push(...oids);
      return { blobs: oids.map((oid) => ({ oid, bytes: contents.get(oid) as Uint8Array })), rest: [] };
    };
    Object.assign(Object.getPrototypeOf(repository), { readTree: async () => tree, readBlobs });
  });
  const text = 'replace "beta" with "gamma" in deep/changed.txt';
  await callThread(environment, { account, threadId }, { ...beginning(threadId, repositoryId), text } as ThreadCall);
  const client = await Client.connect({ headers: await headersFor(`github:${ownerId}`) });
  await client.resume(threadId);
  const request = await client.until("item/fileChange/requestApproval");
  expect(asked).toEqual([changed]);
  await evictDurableObject(threadStub(environment, account, threadId));
  client.answer(request, "accept");
  await client.untilTurnEnds();
  expect(await client.readFile("deep/changed.txt")).toBe("alpha gamma\n");
  const fork = await client.request("thread/fork", { threadId });
  client.threadId = fork.thread.id;
  expect(await client.readFile("deep/other.txt")).toBe("nobody has read this\n");
  expect(asked).toEqual([changed, other]);
  client.close();
});

test("what a thread refuses is an outcome, and not tried again", async () => {
  const threadId = newId();
  const request = { method: "turn/start", params: { threadId, input, clientUserMessageId: "x" } } as const;
  expect(await callThread(environment, { account, threadId }, { type: "request", request })).toEqual({
    refused: expect.objectContaining({ code: expect.any(Number) }),
  });
});

const deaths = [
  [0, "lost"],
  [0, "kept"],
] as const;

test.for(deaths)(
  "the repository's object dies at its commit %i, which is %s, and the calls happen once",
  async ([moment, what]) => {
    const repositoryId = 8_000 + 2 * moment + (what === "lost" ? 0 : 1);
    const threadId = newId();
    const stub = repositoryStub(environment, account, repositoryId);
    await runInDurableObject(githubAppStub(environment), (app) => {
      Object.assign(app, { app: { id: 4711, slug: "spindle" } });
    });
    await runInDurableObject(stub, (_, { storage }) => {
      storage.sql.exec("INSERT OR REPLACE INTO github_place VALUES (1, 99, ?, 'acme', 'widgets')", repositoryId);
    });
    await hold(repositoryId);
    const call = beginning(threadId, repositoryId);
    const effects: Effect[] = [{ key: "begin", lane: threadId, action: { type: "callThread", threadId, call } }];
    await runInDurableObject(stub, async (repository: RepositoryObject) => repository.addEffects(effects));
    let isDead = false;
    try {
      await runInDurableObject(stub, async (repository: RepositoryObject, state) => {
        const die = () => {
          isDead = true;
          state.abort("crash");
        };
        let commits = 0;
        const { transactionSync } = state.storage;
        state.storage.transactionSync = (closure) => {
          const result = transactionSync.call(state.storage, closure);
          if (commits++ === moment && what === "lost") die();
          else if (commits === moment + 1) void state.storage.sync().then(die);
          return result as never;
        };
        await repository.alarm();
      });
    } catch {
      // That it died is what was asked for.
    }
    const outcome = async (): Promise<Outcome | null> => repositoryStub(environment, account, repositoryId).outcomeOf("begin");
    for (let round = 0; round < 100 && (await outcome()) === null; round++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      await hold(repositoryId);
      await runDurableObjectAlarm(repositoryStub(environment, account, repositoryId));
    }
    expect(isDead).toBe(true);
    expect(await outcome()).toMatchObject({ type: "done", result: { type: "threadReply" } });
    await evictDurableObject(repositoryStub(environment, account, repositoryId));
    const client = await Client.connect({ headers: await headersFor(`github:${ownerId}`) });
    const { thread } = await client.request("thread/read", { threadId, includeTurns: true });
    expect(thread.turns).toHaveLength(1);
    client.close();
  },
);
