import { expect } from "vitest";
import { directoryStub } from "../../durable-objects/environment.ts";
import type { Client, Wire } from "./client.ts";
import { environment, inThread, later, ring, story } from "./story.ts";

const unknown = "00000000-0000-7000-8000-000000000000";

story("a thread begins with the settings it was asked for", async ({ client, sleep }) => {
  const before = Math.floor(Date.now() / 1000);
  const result = await client.request("thread/start", {
    model: "rehearsal",
    cwd: "/home/me/project/",
    approvalPolicy: "untrusted",
    developerInstructions: "Be kind.",
    threadSource: "user",
  });
  const { thread, threadSettings, ...opened } = result;
  const seconds = thread.createdAt;
  expect(seconds).toBeGreaterThanOrEqual(before);
  expect(thread).toEqual({
    id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/),
    environments: null,
    extra: null,
    sessionId: thread.id,
    forkedFromId: null,
    attachedToThreadId: null,
    parentThreadId: null,
    preview: "",
    ephemeral: false,
    section: null,
    sectionEnteredAt: null,
    projectId: null,
    historyMode: "paginated",
    modelProvider: "spindle",
    model: "rehearsal",
    reasoningEffort: null,
    createdAt: seconds,
    updatedAt: seconds,
    recencyAt: seconds,
    status: { type: "idle" },
    path: null,
    cwd: "/home/me/project",
    cliVersion: "0.169.0",
    originator: "story",
    source: "vscode",
    canAcceptDirectInput: true,
    threadSource: "user",
    agentNickname: null,
    agentRole: null,
    gitInfo: null,
    name: null,
    daybreakEnabled: null,
    turns: [],
  });
  expect(threadSettings).toMatchObject({ approvalPolicy: "untrusted", cwd: "/home/me/project", decisionMode: "observe" });
  expect(opened).toEqual({
    model: "rehearsal",
    modelProvider: "spindle",
    serviceTier: null,
    disabledPluginIds: [],
    cwd: "/home/me/project",
    runtimeWorkspaceRoots: ["/home/me/project"],
    instructionSources: [],
    approvalPolicy: "untrusted",
    approvalsReviewer: "user",
    sandbox: { type: "readOnly", networkAccess: false },
    activePermissionProfile: null,
    reasoningEffort: null,
    multiAgentMode: "explicitRequestOnly",
  });
  expect((await client.until("thread/started")).params.thread).toEqual(thread);
  await sleep();
  expect(await client.request("thread/read", { threadId: thread.id })).toEqual({
    thread,
    readState: { firstUnread: null, revision: `initial:${thread.id}` },
  });
  const resumed = await client.request("thread/resume", { threadId: thread.id });
  expect(resumed).toEqual({
    ...result,
    collaborationMode: null,
    initialTurnsPage: null,
    turnsBackwardsCursor: null,
    itemsBackwardsCursor: null,
  });
});

story("a thread whose client named it begins once, however often it is asked for", async ({ client, connect, sleep }) => {
  const threadId = crypto.randomUUID();
  const first = await client.request("thread/start", { threadId: threadId.toUpperCase(), cwd: "/first" });
  expect(first.thread.id).toBe(threadId);
  client.threadId = threadId;
  await client.say("say once");
  await client.untilTurnEnds();
  await sleep();
  const other = await connect();
  const again = await other.ask("thread/start", { threadId, cwd: "/second" });
  expect([again.result.thread.id, again.result.cwd]).toEqual([threadId, "/first"]);
  await other.untilThat(({ method, seq }) => method === "turn/completed" && seq === again.seq);
  expect(other.threadFrames().map(({ seq }) => seq)).toEqual(client.threadFrames().map(({ seq }) => seq));
  await client.request("thread/archive", { threadId });
  expect((await other.ask("thread/start", { threadId })).error?.message).toContain("is archived");
  await client.request("thread/delete", { threadId });
  expect((await other.ask("thread/start", { threadId })).error?.message).toContain("no rollout found");
  expect((await other.ask("thread/start", { threadId: "mine" })).error?.message).toContain("invalid thread id");
});

story("a thread of the terminal client counts as one of the command line", async ({ client, connect }) => {
  const terminal = await connect({ name: "codex-tui" });
  const threadId = await terminal.startThread();
  expect(await threadOf(client, threadId)).toMatchObject({ source: "cli", originator: "codex-tui" });
});

story("a thread is read with its turns, and resumed with a page of them", async ({ client, connect, sleep }) => {
  const threadId = await client.startThread();
  const first = await client.turn("say one");
  const second = await client.turn("think\nsay two\nsay three");
  await sleep();
  const other = await connect();
  const { thread } = await other.request("thread/read", { threadId, includeTurns: true });
  expect(thread.preview).toBe("say one");
  expect(thread.turns.map(({ id, itemsView, items }: Wire) => [id, itemsView, items.map(({ type }: Wire) => type)])).toEqual([
    [first.id, "full", ["userMessage", "agentMessage"]],
    [second.id, "full", ["userMessage", "agentMessage", "agentMessage", "agentMessage"]],
  ]);
  expect((await other.request("thread/read", { threadId })).thread.turns).toEqual([]);
  const resumed = await other.request("thread/resume", {
    threadId,
    excludeTurns: true,
    initialTurnsPage: { limit: 1, sortDirection: "desc", itemsView: "summary" },
  });
  expect(resumed.thread.turns).toEqual([]);
  expect(resumed.initialTurnsPage.data.map(({ id, items }: Wire) => [id, items.map(({ text }: Wire) => text)])).toEqual([
    [second.id, [undefined, "three"]],
  ]);
  expect(resumed.initialTurnsPage.nextCursor).toEqual(expect.any(String));
  const { thread: whole } = await other.request("thread/resume", { threadId });
  expect(whole.turns).toEqual(thread.turns);
});

story("a thread is listed once somebody has spoken in it", async ({ client, sleep }) => {
  const threadId = await client.startThread({ cwd: uniqueFolder() });
  const { cwd } = await threadOf(client, threadId);
  expect(await listed(client, { cwd })).toEqual([]);
  await client.turn("say hi");
  await sleep();
  await expect.poll(() => listed(client, { cwd })).toEqual([threadId]);
  await expect.poll(async () => (await client.request("thread/list", { cwd })).data[0]).toEqual(await threadOf(client, threadId));
});

story("lists are sorted and paged both ways", async ({ client, sleep }) => {
  const cwd = uniqueFolder();
  const ids: string[] = [];
  for (const word of ["one", "two", "three", "four", "five"]) {
    ids.push(await client.startThread({ cwd }));
    await client.turn(`say ${word}`);
  }
  await sleep();
  await expect.poll(() => listed(client, { cwd })).toEqual(ids.toReversed());
  expect(await listed(client, { cwd, sortDirection: "asc" })).toEqual(ids);
  expect(await listed(client, { cwd, limit: 0 })).toEqual(ids.slice(-1));
  expect(await listed(client, { cwd, limit: 100_000 })).toHaveLength(5);
  for (const sortKey of ["created_at", "updated_at", "recency_at"]) {
    const pages: string[][] = [];
    let cursor: string | null = null;
    let backwards: string | null = null;
    do {
      const page: Wire = await client.request("thread/list", { cwd, sortKey, limit: 2, cursor });
      pages.push(page.data.map(({ id }: Wire) => id));
      cursor = page.nextCursor;
      backwards = page.backwardsCursor;
    } while (cursor);
    expect(pages.map((page) => page.length)).toEqual([2, 2, 1]);
    expect(new Set(pages.flat())).toEqual(new Set(ids));
    // From the last page back to the first.
    const back: Wire = await client.request("thread/list", { cwd, sortKey, sortDirection: "asc", cursor: backwards });
    expect(back.data.map(({ id }: Wire) => id)).toEqual(pages.flat().toReversed());
  }
  expect(await client.refusal("thread/list", { cursor: "garbage" })).toBe("-32600 invalid cursor: garbage");
});

story("lists are filtered by words, kind, folder and what is excluded", async ({ client, sleep }) => {
  const cwd = uniqueFolder();
  const elsewhere = uniqueFolder();
  const apples = await client.startThread({ cwd });
  await client.turn("say Apples & pears");
  const plums = await client.startThread({ cwd: elsewhere });
  await client.turn("say plums");
  await client.request("thread/name/set", { threadId: plums, name: "Fruit of the day" });
  await sleep();
  const both = { cwd: [cwd, elsewhere] };
  await expect.poll(() => listed(client, both)).toEqual([plums, apples]);
  expect(await listed(client, { ...both, searchTerm: "aPPles" })).toEqual([apples]);
  expect(await listed(client, { ...both, searchTerm: "of the DAY" })).toEqual([plums]);
  expect(await listed(client, { ...both, searchTerm: "%" })).toEqual([]);
  expect(await listed(client, { ...both, searchTerm: "x".repeat(1_000) })).toEqual([]);
  expect(await listed(client, { cwd: elsewhere })).toEqual([plums]);
  expect(await listed(client, { ...both, sourceKinds: ["vscode"] })).toEqual([plums, apples]);
  expect(await listed(client, { ...both, sourceKinds: ["exec", "appServer"] })).toEqual([]);
  expect(await listed(client, { ...both, modelProviders: ["spindle"] })).toEqual([plums, apples]);
  expect(await listed(client, { ...both, modelProviders: ["openai"] })).toEqual([]);
  expect(await listed(client, { ...both, originators: ["story"] })).toEqual([plums, apples]);
  expect(await listed(client, { ...both, excludedThreadIds: [plums] })).toEqual([apples]);
  expect(await listed(client, { ...both, parentThreadId: unknown })).toEqual([]);
});

story("a name is trimmed, told to whoever follows, and may not be empty", async ({ client, connect, sleep }) => {
  const threadId = await client.startThread({ cwd: uniqueFolder() });
  await client.turn("say hi");
  const other = await connect();
  await other.resume(threadId);
  await sleep();
  expect(await client.request("thread/name/set", { threadId, name: "  My thread " })).toEqual({});
  expect((await other.until("thread/name/updated")).params).toEqual({ threadId, threadName: "My thread" });
  const thread = await threadOf(client, threadId);
  expect(thread.name).toBe("My thread");
  // Whoever asks after the answer sees it.
  const { data } = await client.request("thread/list", { cwd: thread.cwd });
  expect(data[0].name).toBe("My thread");
  for (const name of ["", "   "]) {
    expect(await client.refusal("thread/name/set", { threadId, name })).toBe("-32600 thread name must not be empty");
  }
});

story("an archived thread is put away until it is brought back", async ({ client, connect, sleep }) => {
  const threadId = await client.startThread({ cwd: uniqueFolder() });
  const { cwd } = await threadOf(client, threadId);
  await client.turn("say hi");
  await client.request("thread/archive", { threadId });
  await client.until("thread/archived");
  await sleep();
  expect(await listed(client, { cwd })).toEqual([]);
  expect(await listed(client, { cwd, archived: true })).toEqual([threadId]);
  expect((await client.request("thread/loaded/list", {})).data).not.toContain(threadId);
  const other = await connect();
  expect((await other.resume(threadId)).error?.message).toBe(
    `session ${threadId} is archived. Run \`codex unarchive ${threadId}\` to unarchive it first.`,
  );
  const input = [{ type: "text", text: "say x", text_elements: [] }];
  expect(await client.refusal("turn/start", { threadId, input })).toBe(`-32600 thread not found: ${threadId}`);
  expect((await client.request("thread/read", { threadId })).thread.preview).toBe("say hi");
  const { thread } = await other.request("thread/unarchive", { threadId });
  expect(thread.id).toBe(threadId);
  await client.until("thread/unarchived");
  expect(await other.refusal("thread/unarchive", { threadId })).toBe(
    `-32600 no archived rollout found for thread id ${threadId}`,
  );
  await sleep();
  expect(await listed(client, { cwd })).toEqual([threadId]);
  await other.resume(threadId);
  expect((await other.turn("say back")).items[0].text).toBe("back");
});

story("archiving a thread ends the turn that runs in it", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  await client.say("write a.txt: a");
  await client.until("item/fileChange/requestApproval");
  await sleep();
  await client.request("thread/archive", { threadId });
  expect((await client.untilTurnEnds()).status).toBe("interrupted");
  await client.until("thread/archived");
});

story("a deleted thread leaves nothing", async ({ client, connect, sleep }) => {
  const threadId = await client.startThread({ cwd: uniqueFolder() });
  const { cwd } = await threadOf(client, threadId);
  await client.request("fs/writeFile", { threadId, path: `${cwd}/a.txt`, dataBase64: "YQ==" });
  await client.turn("say hi");
  await client.say("count 200");
  await client.until("item/agentMessage/delta");
  const other = await connect();
  await other.resume(threadId);
  await other.request("thread/delete", { threadId });
  expect((await client.untilTurnEnds()).status).toBe("interrupted");
  expect((await client.until("thread/deleted")).params).toEqual({ threadId });
  await other.until("thread/deleted");
  await sleep();
  expect(await listed(client, { cwd })).toEqual([]);
  const gone = async () => {
    const fresh = await connect();
    expect((await fresh.resume(threadId)).error?.message).toBe(`no rollout found for thread id ${threadId}`);
    expect(await fresh.refusal("thread/read", { threadId })).toBe(`-32600 thread not loaded: ${threadId}`);
    expect(await fresh.refusal("thread/delete", { threadId })).toBe(`-32600 no rollout found for thread id ${threadId}`);
    expect(await fresh.refusal("fs/readFile", { threadId, path: `${cwd}/a.txt` })).toBe(`-32600 thread not found: ${threadId}`);
  };
  await gone();
  await later(threadId, 6_000);
  expect(await ring(threadId)).toBe(true);
  const tables = await inThread(threadId, (_, { storage }) =>
    storage.sql.exec("SELECT name FROM sqlite_master WHERE name NOT LIKE '\\_cf\\_%' ESCAPE '\\'").toArray(),
  );
  expect(tables).toEqual([]);
  await sleep();
  await gone();
  expect(await listed(client, { cwd })).toEqual([]);
});

story("threads that are there for whoever calls are loaded", async ({ client, sleep }) => {
  const one = await client.startThread();
  await client.turn("say hi");
  const two = await client.startThread();
  await client.turn("say hi");
  const silent = await client.startThread();
  await sleep();
  await expect
    .poll(async () => (await client.request("thread/loaded/list", {})).data)
    .toEqual(expect.arrayContaining([one, two, silent]));
  await client.request("thread/delete", { threadId: silent });
  expect((await client.request("thread/loaded/list", {})).data).not.toContain(silent);
  const first = await client.request("thread/loaded/list", { limit: 1 });
  expect(first.data).toHaveLength(1);
  const second = await client.request("thread/loaded/list", { limit: 1, cursor: first.nextCursor });
  expect(second.data[0] > first.data[0]).toBe(true);
});

story("who unsubscribes hears no more, and may ask as often as it likes", async ({ client, connect, sleep }) => {
  const threadId = await client.startThread();
  await client.turn("say hi");
  const other = await connect();
  expect(await other.request("thread/unsubscribe", { threadId: unknown })).toEqual({ status: "notLoaded" });
  expect(await other.request("thread/unsubscribe", { threadId })).toEqual({ status: "notSubscribed" });
  await other.resume(threadId);
  expect(await other.request("thread/unsubscribe", { threadId })).toEqual({ status: "unsubscribed" });
  expect(await other.request("thread/unsubscribe", { threadId })).toEqual({ status: "notSubscribed" });
  const heard = other.methodsHeard().length;
  await sleep();
  await client.turn("say more");
  await other.untilQuiet();
  // What the account is told of all its threads is all it hears.
  expect(new Set(other.methodsHeard().slice(heard))).toEqual(new Set(["thread/status/changed", "thread/readState/changed"]));
});

story("turns are paged both ways", async ({ client, connect, sleep }) => {
  const threadId = await client.startThread();
  const ids: string[] = [];
  for (const word of ["one", "two", "three"]) ids.push((await client.turn(`think\nsay ${word}`)).id);
  await sleep();
  const page = async (params: object) => {
    const { data, ...cursors } = await client.request("thread/turns/list", { threadId, ...params });
    return { ids: data.map(({ id }: Wire) => id), data, ...cursors };
  };
  const newest = await page({});
  expect(newest.ids).toEqual(ids.toReversed());
  expect(newest.nextCursor).toBeNull();
  expect(newest.data.map(({ itemsView, items }: Wire) => [itemsView, items.length])).toEqual(ids.map(() => ["summary", 2]));
  expect((await page({ sortDirection: "asc" })).ids).toEqual(ids);
  expect((await page({ itemsView: "notLoaded" })).data[0].items).toEqual([]);
  expect((await page({ itemsView: "full", limit: 1 })).data[0].items.length).toBeGreaterThan(2);
  const one = await page({ limit: 1 });
  const two = await page({ limit: 1, cursor: one.nextCursor });
  const three = await page({ limit: 1, cursor: two.nextCursor });
  expect([one.ids, two.ids, three.ids, three.nextCursor]).toEqual([[ids[2]], [ids[1]], [ids[0]], null]);
  expect((await page({ sortDirection: "asc", cursor: two.backwardsCursor })).ids).toEqual([ids[1], ids[2]]);
  const other = await connect();
  const { result } = await other.resume(threadId);
  expect((await page({ cursor: result.turnsBackwardsCursor })).ids).toEqual(ids.toReversed());
  const fourth = (await client.turn("say four")).id;
  expect((await page({ sortDirection: "asc", cursor: result.turnsBackwardsCursor })).ids).toEqual([ids[2], fourth]);
  expect(await client.refusal("thread/turns/list", { threadId, cursor: "garbage" })).toBe("-32600 invalid cursor: garbage");
  expect(await client.refusal("thread/turns/list", { threadId, cursor: result.itemsBackwardsCursor })).toMatch(
    /^-32600 invalid cursor: /,
  );
});

story("items are paged both ways, of one turn or of all", async ({ client, connect, sleep }) => {
  const threadId = await client.startThread({ approvalPolicy: "never" });
  const { id: first } = await client.turn("say one\nrun echo two\nwrite a.txt: a\nsay three");
  const { id: second } = await client.turn("say four");
  await sleep();
  const page = async (params: object) => {
    const { data, ...cursors } = await client.request("thread/items/list", { threadId, ...params });
    return { ids: data.map(({ item }: Wire) => item.id), data, ...cursors };
  };
  const all = await page({});
  expect(all.data.map(({ item, turnId }: Wire) => [turnId === first ? 1 : 2, item.type])).toEqual([
    [1, "userMessage"],
    [1, "agentMessage"],
    [1, "commandExecution"],
    [1, "fileChange"],
    [1, "agentMessage"],
    [2, "userMessage"],
    [2, "agentMessage"],
  ]);
  for (const entry of all.data) {
    expect(entry).toMatchObject({ startedAtMs: entry.item.startedAtMs, completedAtMs: entry.item.completedAtMs });
    expect(entry.completedAtMs).toBeGreaterThanOrEqual(entry.startedAtMs);
  }
  expect((await page({ turnId: second })).ids).toEqual(all.ids.slice(5));
  expect((await page({ turnId: unknown })).ids).toEqual([]);
  expect((await page({ sortDirection: "desc" })).ids).toEqual(all.ids.toReversed());
  const pages: string[][] = [];
  for (let cursor: string | null = null, more = true; more; more = cursor !== null) {
    const next: Wire = await page({ limit: 3, cursor });
    pages.push(next.ids);
    cursor = next.nextCursor;
  }
  expect(pages).toEqual([all.ids.slice(0, 3), all.ids.slice(3, 6), all.ids.slice(6)]);
  expect((await page({ cursor: { type: "item", itemId: all.ids[2] } })).ids).toEqual(all.ids.slice(3));
  const other = await connect();
  const { result } = await other.resume(threadId);
  const backwards = await page({ sortDirection: "desc", limit: 2, cursor: result.itemsBackwardsCursor });
  expect(backwards.ids).toEqual([all.ids[6], all.ids[5]]);
  expect((await page({ sortDirection: "desc", cursor: backwards.nextCursor })).ids).toEqual(all.ids.slice(0, 5).toReversed());
  expect(await client.refusal("thread/items/list", { threadId, cursor: "garbage" })).toBe("-32600 invalid cursor: garbage");
  expect(await client.refusal("thread/items/list", { threadId, cursor: { type: "item", itemId: "no-such" } })).toBe(
    "-32600 invalid cursor: no-such",
  );
});

story(
  "an ephemeral thread is listed nowhere and forgotten a minute after its last client left",
  async ({ client, connect, sleep }) => {
    const cwd = uniqueFolder();
    const threadId = await client.startThread({ cwd, ephemeral: true });
    await client.turn("say hi");
    expect((await threadOf(client, threadId)).ephemeral).toBe(true);
    expect(await listed(client, { cwd })).toEqual([]);
    expect((await client.request("thread/loaded/list", {})).data).not.toContain(threadId);
    await sleep();
    await later(threadId, 120_000);
    await ring(threadId);
    await sleep();
    expect((await threadOf(client, threadId)).id, "it stays while somebody follows it").toBe(threadId);
    await client.request("thread/unsubscribe", { threadId });
    await later(threadId, 30_000);
    await ring(threadId);
    expect((await threadOf(client, threadId)).id, "it stays for those on their way back").toBe(threadId);
    await later(threadId, 200_000);
    expect(await ring(threadId)).toBe(true);
    await sleep();
    const other = await connect();
    expect((await other.resume(threadId)).error?.message).toBe(`no rollout found for thread id ${threadId}`);
  },
);

story("what the Directory missed it hears later, from the alarm", async ({ client, sleep }) => {
  const cwd = uniqueFolder();
  const threadId = await client.startThread({ cwd });
  await inThread(threadId, ({ host }) => {
    host.tellDirectory = () => Promise.reject(new Error("no way through"));
  });
  await client.turn("say hi");
  await client.request("thread/name/set", { threadId, name: "Kept" });
  expect(await listed(client, { cwd })).toEqual([]);
  await sleep();
  // Awake, the way is open again; evicted, it is a new object with a way of its own.
  await inThread(threadId, ({ host }) => {
    host.tellDirectory = (summary) => directoryStub(environment, "local").update(summary);
  });
  expect(await ring(threadId)).toBe(true);
  await expect.poll(() => listed(client, { cwd })).toEqual([threadId]);
  const { data } = await client.request("thread/list", { cwd });
  expect([data[0].name, data[0].status]).toEqual(["Kept", { type: "idle" }]);
});

let folders = 0;

/** Lists of one story must not show the threads of another: the account is the same. */
function uniqueFolder(): string {
  folders += 1;
  return `/workspace-${folders}-${Date.now()}`;
}

async function listed(client: Client, params: object): Promise<string[]> {
  return (await client.request("thread/list", params)).data.map(({ id }: Wire) => id);
}

async function threadOf(client: Client, threadId: string): Promise<Wire> {
  return (await client.request("thread/read", { threadId })).thread;
}
