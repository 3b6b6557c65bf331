/** The memory's object: what it hears, publishes, shows to a person, and forgets. Threads are played by reports. */
import { env, evictAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { createHash } from "node:crypto";
import { expect, test, vi } from "vitest";
import type { TurnReport } from "#core/memory/report";
import { readManifest } from "#core/memory/shard";
import { type Snapshot, taken, wanted } from "#core/memory/snapshot";
import type { Memory } from "#memory/memory";
import { manifestKey, shardKey } from "#memory/memory-keys";
import { type Environment, memoryStub } from "../../durable-objects/environment.ts";
import worker from "../../workers/index.ts";
import { type Said, turnReport, turnUse } from "../support/turn-report.ts";
import { Client, type Wire } from "./client.ts";
import { headersFor } from "./front-door.ts";

const environment = env as unknown as Environment;
const correction = "Use the helper parseDate, never Date.parse, in this project.";

interface Told {
  account: string;
  client: Client;
  tell(said: Said): Promise<void>;
  sleep(): Promise<void>;
}

/** Each story has an account of its own, because its memory would remember the others. */
function memoryStory(title: string, tell: (told: Told) => Promise<void>): void {
  for (const way of ["awake", "evicted"] as const) {
    test(`${title} (${way})`, { timeout: 30_000 }, async () => {
      const account = `memory-${crypto.randomUUID()}`;
      const client = await Client.connect({ headers: await headersFor(account) });
      const report = (said: Said) => memoryStub(environment, account).report(account, [turnReport(said)]);
      const sleep = way === "awake" ? async () => {} : () => evictAllDurableObjects({ webSockets: "hibernate" });
      try {
        await tell({ account, client, tell: report, sleep });
        expect(await client.judged()).toEqual([]);
      } finally {
        client.close();
      }
    });
  }
}

/** What a thread would read, and in which order. */
async function read(account: string, scopes: readonly string[], held: Snapshot | null = null): Promise<Snapshot | null> {
  const text = await environment.MEMORY.get(manifestKey(account));
  const manifest = text === null ? null : readManifest(text);
  if (!manifest) return held;
  const texts = new Map<string, string>();
  for (const { hash, previousHash } of wanted(manifest, scopes, held)) {
    for (const name of [hash, previousHash]) {
      const shard = name && (await environment.MEMORY.get(shardKey(account, name)));
      if (name && shard) texts.set(name, shard);
    }
  }
  return taken(manifest, { account, scopes }, texts, held, sha256);
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function published(account: string, scope: string): Promise<Wire[]> {
  return read(account, [scope]).then((snapshot) => snapshot?.shards.get(scope)?.shard.fragments ?? []);
}

function inMemory<Result>(account: string, look: (memory: Memory, state: DurableObjectState) => Result | Promise<Result>) {
  return runInDurableObject(memoryStub(environment, account), (instance, state) =>
    look((instance as unknown as { memory: Memory }).memory, state),
  );
}

/** As if the last manifest had been written half a minute ago. */
async function later(account: string): Promise<void> {
  await runInDurableObject(memoryStub(environment, account), async (instance, state) => {
    state.storage.sql.exec("UPDATE generations SET at_ms = at_ms - 30000");
    await (instance as unknown as { alarm(): Promise<void> }).alarm();
  });
}

memoryStory(
  "a person's correction becomes a fragment, and is published within seconds",
  async ({ account, client, tell, sleep }) => {
    await tell({ correction, signals: [{ type: "declined" }] });
    await sleep();
    await vi.waitFor(async () => expect(await published(account, "account")).toHaveLength(1), { timeout: 10_000 });
    const [fragment] = await published(account, "account");
    expect(fragment).toMatchObject({ kind: "pitfall", state: "candidate", content: correction, trust: "agent" });
    const { data } = await client.request("spindle/memory/list", {});
    expect(data.map(({ id }: Wire) => id)).toEqual([fragment.id]);
    const found = await client.request("spindle/memory/search", { query: "fix how dates are parsed" });
    expect(found.data[0].fragment.id).toBe(fragment.id);
    expect(await client.request("memory/status", {})).toEqual({ v2ConsolidatedThreads: 1, v2Ready: true });
  },
);

memoryStory(
  "a decline lowers what was shown, and a higher revision takes the place of a lower one",
  async ({ client, tell, sleep }) => {
    await tell({ correction, signals: [{ type: "declined" }] });
    const id = (await client.request("spindle/memory/list", {})).data[0].id;
    const used = turnUse({ shown: [{ id, weight: 1 }] });
    const upliftOf = async () => (await client.request("spindle/memory/read", { fragmentId: id })).evidence;
    const fresh = await upliftOf();
    await tell({ turnId: "turn-b", threadId: "thread-b", used, signals: [{ type: "accepted", editedShare: 0 }] });
    const accepted = await upliftOf();
    expect(accepted.uplift.mean).toBeGreaterThan(fresh.uplift.mean);
    expect(accepted.shown).toEqual({ turns: 1, mean: 1 });
    await sleep();
    const declined = { turnId: "turn-b", threadId: "thread-b", revision: 2, used, signals: [{ type: "declined" as const }] };
    await tell(declined);
    await tell(declined);
    await tell({ turnId: "turn-b", threadId: "thread-b", used, signals: [{ type: "accepted", editedShare: 0 }] });
    const lowered = await upliftOf();
    expect(lowered.shown).toEqual({ turns: 1, mean: 0 });
    expect(lowered.uplift.mean).toBeLessThan(fresh.uplift.mean);
    const health = await client.request("spindle/memory/health", {});
    expect(health).toMatchObject({ outcomes: 1, servedShare: 1, verdict: "undecided" });
  },
);

memoryStory(
  "what is forgotten is nowhere any more, in SQL and in KV, and its turn teaches nothing again",
  async ({ account, client, tell, sleep }) => {
    await tell({ correction, signals: [{ type: "declined" }] });
    await tell({ turnId: "turn-c", correction: "Keep the log lines short and plain.", signals: [{ type: "declined" }] });
    await vi.waitFor(async () => expect(await published(account, "account")).toHaveLength(2), { timeout: 10_000 });
    const { data } = await client.request("spindle/memory/list", {});
    const id = data.find(({ content }: Wire) => content === correction).id;
    await client.request("spindle/memory/edit", { fragmentId: id, when: "Whenever dates are read" });
    await later(account);
    await vi.waitFor(
      async () => expect(JSON.stringify(await published(account, "account"))).toContain("Whenever dates are read"),
      {
        timeout: 10_000,
      },
    );
    await sleep();
    expect(await client.request("spindle/memory/forget", { fragmentId: id })).toEqual({ forgottenIds: [id] });
    expect(await everythingInKv(account)).not.toContain("parseDate");
    expect(await everythingInSql(account)).not.toContain("parseDate");
    await sleep();
    await tell({ revision: 2, correction, signals: [{ type: "declined" }] });
    expect(await everythingInSql(account)).not.toContain("parseDate");
    await later(account);
    await vi.waitFor(async () => expect(await published(account, "account")).toHaveLength(1), { timeout: 10_000 });
    expect(await everythingInKv(account)).not.toContain("parseDate");
    expect(await client.refusal("spindle/memory/read", { fragmentId: id })).toBe(`-32602 memory fragment not found: ${id}`);
  },
);

memoryStory("a reset forgets everything, a deleted thread what was its own", async ({ account, client, tell, sleep }) => {
  const changes = [{ path: "src/dates.ts", isApproved: true }];
  await tell({ changes, correction });
  await tell({ turnId: "turn-b", threadId: "thread-b", correction });
  const { data } = await client.request("spindle/memory/list", {});
  expect(data.map(({ scope }: Wire) => scope).sort()).toEqual(["account", "thread/thread-a"]);
  await sleep();
  await memoryStub(environment, account).forgetThread("thread-a");
  const left = (await client.request("spindle/memory/list", {})).data;
  expect(left.map(({ scope, provenance }: Wire) => [scope, provenance.map(({ threadId }: Wire) => threadId)])).toEqual([
    ["account", ["thread-b"]],
  ]);
  await tell({ revision: 2, changes, correction });
  expect((await client.request("spindle/memory/list", {})).data).toEqual(left);
  await sleep();
  await client.request("memory/reset");
  expect((await client.request("spindle/memory/list", {})).data).toEqual([]);
  await later(account);
  await vi.waitFor(async () => expect(await published(account, "account")).toEqual([]), { timeout: 10_000 });
  expect(await everythingInKv(account)).not.toContain("parseDate");
  expect(await everythingInSql(account)).not.toContain("parseDate");
});

memoryStory("near-duplicates become one, and undoing that puts every byte back", async ({ account, client, tell, sleep }) => {
  for (let index = 0; index < 10; index++) {
    await tell({
      turnId: `turn-${index}`,
      threadId: `thread-${index}`,
      correction:
        index < 2
          ? `${correction} ${["Always", "Please"][index]}.`
          : `Advice ${"abcdefgh"[index - 2]?.repeat(5)} about something else ${index}`,
      request: index < 2 ? "fix the parser of dates" : `do thing ${"abcdefgh"[index - 2]?.repeat(6)}`,
      signals: [{ type: "declined" }],
    });
  }
  const before = await rowsOf(account);
  await sleep();
  await inMemory(account, (memory) => memory.settings.set("outcomesSinceRun", 50));
  await later(account);
  const { data } = await client.request("spindle/memory/run/list", {});
  expect(data.map(({ by, summary, canBeUndone }: Wire) => ({ by, summary, canBeUndone }))).toEqual([
    { by: "routine", summary: "1 × merge", canBeUndone: true },
  ]);
  expect((await client.request("spindle/memory/list", { state: "tombstone" })).data).toHaveLength(2);
  await sleep();
  const { restoredIds } = await client.request("spindle/memory/run/undo", { runId: data[0].id });
  expect(restoredIds).toHaveLength(3);
  expect(await rowsOf(account)).toEqual(before);
  expect(await client.refusal("spindle/memory/run/undo", { runId: data[0].id })).toBe(
    "-32602 this run cannot be undone: it was undone already",
  );
});

memoryStory(
  "memory that does harm is switched off, says so, and begins anew when a person says so",
  async ({ account, client, tell }) => {
    await tell({ correction, signals: [{ type: "declined" }] });
    const id = (await client.request("spindle/memory/list", {})).data[0].id;
    const reports: TurnReport[] = [];
    for (let index = 0; index < 400; index++) {
      const arm = index % 2 === 0 ? "memory" : "none";
      const used = turnUse({ arm, shown: arm === "memory" ? [{ id, weight: 1 }] : [] });
      const isGood = arm === "none" ? index % 10 !== 1 : index % 10 === 0;
      const signals: TurnReport["signals"] = [isGood ? { type: "accepted", editedShare: 0 } : { type: "declined" }];
      reports.push(turnReport({ turnId: `turn-${index}`, threadId: `thread-${index}`, used, signals }));
    }
    await memoryStub(environment, account).report(account, reports);
    const health = await client.request("spindle/memory/health", {});
    expect(health).toMatchObject({ verdict: "harms", isOn: false });
    expect(health.sentence).toContain("Memory harms, and is switched off for this scope");
    expect((await client.request("spindle/memory/run/list", {})).data[0]).toMatchObject({ by: "trial", scope: "account" });
    await vi.waitFor(async () => expect((await read(account, []))?.manifest.standing.offScopes).toContain("account"), {
      timeout: 10_000,
    });
    await client.request("spindle/memory/setEnabled", { enabled: true, scope: "account" });
    expect(await client.request("spindle/memory/health", {})).toMatchObject({ verdict: "undecided", isOn: true });
    expect((await inMemory(account, (memory) => memory.standing())).epoch).toBe(1);
  },
);

memoryStory(
  "text of a tool stays in its repository, and an instruction of the machine waits for a person",
  async ({ client, tell, sleep }) => {
    const changes = [{ path: "src/dates.ts", isApproved: true }];
    await tell({ repository: "github.com/one/repository", changes });
    const { data } = await client.request("spindle/memory/list", {});
    expect(data.map(({ scope, trust }: Wire) => [scope, trust])).toEqual([["repository/github.com/one/repository", "toolText"]]);
    expect((await client.request("spindle/memory/search", { query: "fix parser dates" })).data).toEqual([]);
    const words = { title: "Plan first", when: "Always", content: "Say what you will do before you do it." };
    const { fragment } = await client.request("spindle/memory/metaprompt/propose", words);
    const rival = (await client.request("spindle/memory/metaprompt/propose", { ...words, title: "Act first" })).fragment;
    expect([fragment.kind, fragment.state]).toEqual(["metaprompt", "candidate"]);
    await sleep();
    const better = { firstFragmentId: rival.id, secondFragmentId: fragment.id, better: "second" };
    const [first, second] = (await client.request("spindle/memory/metaprompt/compare", better)).data;
    expect(second.rating.mean).toBeGreaterThan(first.rating.mean);
    expect((await client.request("spindle/memory/metaprompt/list", {})).bestIds).toEqual([]);
    await client.request("spindle/memory/metaprompt/approve", { fragmentId: fragment.id });
    expect((await client.request("spindle/memory/metaprompt/list", {})).bestIds).toEqual([fragment.id]);
  },
);

test("what three accounts proved alike is told to all, and falls when one of them forgets", { timeout: 30_000 }, async () => {
  const accounts = ["a", "b", "c"].map((name) => `sharing-${name}-${crypto.randomUUID()}`);
  const ids: string[] = [];
  for (const account of accounts) {
    const client = await Client.connect({ headers: await headersFor(account) });
    await client.request("spindle/memory/setSharing", { enabled: true });
    await memoryStub(environment, account).report(account, [turnReport({ correction, signals: [{ type: "declined" }] })]);
    ids.push((await client.request("spindle/memory/list", {})).data[0].id);
    await inMemory(account, (memory) => {
      const fragment = memory.require(ids.at(-1) ?? "");
      memory.fragments.put(new Map([[fragment.id, { ...fragment, state: "active" }]]), Date.now());
      memory.settings.set("outcomesSinceRun", 50);
    });
    await later(account);
    client.close();
  }
  const ofAll = () => inMemory("@global", (memory) => [...memory.fragments.ofScope("global").values()]);
  await vi.waitFor(async () => expect(await ofAll()).toHaveLength(1), { timeout: 10_000 });
  const [shared] = await ofAll();
  expect(shared).toMatchObject({ account: "@global", state: "candidate", content: correction, provenance: [] });
  await later("@global");
  await vi.waitFor(async () => expect(await published("@global", "global")).toHaveLength(1), { timeout: 10_000 });
  const client = await Client.connect({ headers: await headersFor(accounts[0] ?? "") });
  await client.request("spindle/memory/forget", { fragmentId: ids[0] });
  await vi.waitFor(async () => expect(await ofAll()).toEqual([]), { timeout: 10_000 });
  await vi.waitFor(async () => expect(await everythingInKv("@global")).not.toContain("parseDate"), { timeout: 10_000 });
  client.close();
});

test("the daily sweep finds every account that has a memory", async () => {
  const account = `swept-${crypto.randomUUID()}`;
  await memoryStub(environment, account).report(account, [turnReport({ correction, signals: [{ type: "declined" }] })]);
  await vi.waitFor(async () => expect(await everythingInSql("@global")).toContain(account), { timeout: 10_000 });
  await inMemory(account, (memory) => {
    const [fragment] = [...memory.fragments.all().values()];
    if (fragment) memory.fragments.put(new Map([[fragment.id, { ...fragment, state: "tombstone", stateSince: 0 }]]), Date.now());
  });
  await worker.scheduled({ cron: "", scheduledTime: Date.now(), noRetry() {} } as ScheduledController, environment);
  expect(await inMemory(account, (memory) => memory.fragments.all().size)).toBe(0);
});

async function everythingInKv(account: string): Promise<string> {
  const { keys } = await environment.MEMORY.list({ prefix: `mem/${account}/` });
  return (await Promise.all(keys.map(async ({ name }) => `${name} ${await environment.MEMORY.get(name)}`))).join("\n");
}

function everythingInSql(account: string): Promise<string> {
  return inMemory(account, (_, { storage: { sql } }) => {
    const tables = sql.exec<{ name: string }>(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
    );
    return [...tables].map(({ name }) => JSON.stringify(sql.exec(`SELECT * FROM "${name}"`).toArray())).join("\n");
  });
}

function rowsOf(account: string): Promise<unknown[]> {
  return inMemory(account, (_, { storage: { sql } }) => [
    ...sql.exec("SELECT * FROM fragments ORDER BY id"),
    ...sql.exec("SELECT * FROM sources ORDER BY fragment_id, turn_id"),
  ]);
}
