/** The whole way of a lesson, on the real objects and KV: a thread is corrected, another is given it, cites it, is declined; and it is forgotten. */
import { evictAllDurableObjects, runInDurableObject } from "cloudflare:test";
import { expect, test, vi } from "vitest";
import { manifestKey, shardKey } from "#memory/memory-keys";
import type { ThreadRuntime } from "#thread/runtime";
import { memoryStub, threadStub } from "../../durable-objects/environment.ts";
import { Client, type Message, type Wire } from "./client.ts";
import { headersFor } from "./front-door.ts";
import { environment } from "./story.ts";

const asksChanges = "item/fileChange/requestApproval";
const request = (text: string) => `say fix the parser of dates\nwrite src/dates.ts: ${text}`;
/** A word that nothing else in this world holds. */
const word = "kumquatHelper";

for (const way of ["awake", "evicted"] as const) {
  test(`a correction becomes a note, is cited, is lowered by a decline, and is forgotten everywhere (${way})`, {
    timeout: 60_000,
  }, async () => {
    const account = `recall-${crypto.randomUUID()}`;
    const client = await Client.connect({ headers: await headersFor(account) });
    const sleep = way === "awake" ? async () => {} : () => evictAllDurableObjects({ webSockets: "hibernate" });

    // Thread A is declined, corrected, and succeeds.
    const threadA = await client.startThread();
    await turnAnswered(client, request("Date.parse"), "decline");
    const corrected = `say Use ${word} for dates and never Date.parse in this project\n${request("better")}`;
    expect((await turnAnswered(client, corrected, "accept")).status).toBe("completed");
    expect(await client.readFile("src/dates.ts")).toBe("better\n");
    await sleep();
    const fragment = await vi.waitFor(
      async () => {
        const { data } = await client.request("spindle/memory/list", {});
        const found = data.find(({ content, scope }: Wire) => content.includes(word) && scope === "account");
        expect(found).toMatchObject({ kind: "pitfall", state: "candidate" });
        return found;
      },
      { timeout: 10_000 },
    );
    expect(fragment.title).toMatch(/^A person corrected: /);
    await vi.waitFor(async () => expect(await inKv(account)).toContain(word), { timeout: 10_000 });
    await sleep();

    // Half of all threads go without, whatever fits: it takes some to get one of each arm.
    const { threadB, arms } = await threadThatIsGiven(client, account);
    expect(arms.at(-1)).toBe("memory");
    const before = (await client.request("spindle/memory/read", { fragmentId: fragment.id })).evidence;
    expect(before.shown.turns).toBe(0);
    await diceFor(account, threadB);
    const declined = await turnAnswered(client, `notes\n${request("Date.parse")}`, "decline");
    expect(usedIn(client, declined.id)).toMatchObject({ arm: "memory", fragments: [{ id: fragment.id, kind: "pitfall" }] });
    const said = saidIn(client, declined.id);
    const [citing] = said.filter(({ memoryCitation }: Wire) => memoryCitation !== null);
    expect(citing).toMatchObject({ text: "I was given note 1 (pitfall).", memoryCitation: { threadIds: [threadA] } });
    expect(citing.memoryCitation.entries).toEqual([
      { path: `spindle/memory/${fragment.id}`, lineStart: 1, lineEnd: 1, note: "note 1 (pitfall)" },
    ]);
    const { summary } = await client.request("thread/memory/read", { threadId: threadB });
    expect(summary).toContain(word);
    await sleep();

    // Its decline lowers what is believed of the note.
    await vi.waitFor(
      async () => {
        const { evidence } = await client.request("spindle/memory/read", { fragmentId: fragment.id });
        expect(evidence.shown).toEqual({ turns: 1, mean: 0 });
        expect(evidence.uplift.mean).toBeLessThan(before.uplift.mean);
      },
      { timeout: 10_000 },
    );

    // And after a person has had every fragment that says it forgotten, nothing of it is found anywhere, but in what that person said in thread A.
    expect(await inThreadSql(account, threadB)).toContain(word);
    const { data: known } = await client.request("spindle/memory/list", {});
    const telling = known.filter((one: Wire) => JSON.stringify(one).includes(word)).map(({ id }: Wire) => id);
    expect(telling).toContain(fragment.id);
    for (const fragmentId of telling) await client.request("spindle/memory/forget", { fragmentId });
    await sleep();
    await vi.waitFor(async () => expect(await inThreadSql(account, threadB)).not.toContain(word), { timeout: 10_000 });
    expect(await inKv(account)).not.toContain(word);
    expect(await inSql(account)).not.toContain(word);
    expect(await inThreadSql(account, threadA)).not.toContain("A person corrected");
    expect(await inThreadSql(account, threadA)).toContain(word);
    expect(JSON.stringify(await client.request("thread/memory/read", { threadId: threadB }))).not.toContain(word);
    await diceFor(account, threadB);
    const later = await turnAnswered(client, `notes\n${request("Date.parse")}`, "decline");
    expect(saidIn(client, later.id)[0].text).toBe("I was given no notes.");
    expect(await inThreadSql(account, threadB)).not.toContain(word);
    expect(await client.judged()).toEqual([]);
    client.close();
  });
}

/** Starts threads until one is in the memory's arm. Those of the other arm have to be given nothing. */
async function threadThatIsGiven(client: Client, account: string): Promise<{ threadB: string; arms: string[] }> {
  const arms: string[] = [];
  for (;;) {
    const threadB = await client.startThread();
    await diceFor(account, threadB);
    const { id } = await client.turn("say good morning\nnotes");
    const used = await vi.waitFor(() => usedIn(client, id), { timeout: 5_000 });
    arms.push(used.arm);
    if (used.arm === "memory") return { threadB, arms };
    expect(used.fragments).toEqual([]);
    expect(saidIn(client, id).at(-1).text).toBe("I was given no notes.");
    expect(arms.length, "every thread is held out").toBeLessThan(40);
  }
}

async function turnAnswered(client: Client, text: string, decision: "accept" | "decline"): Promise<Wire> {
  const id = await client.say(text);
  const asked = await client.untilThat(({ method, params }: Message) => method === asksChanges && params.turnId === id);
  client.answer(asked, decision);
  const ended = await client.untilThat(({ method, params }) => method === "turn/completed" && params.turn.id === id);
  return ended.params.turn;
}

function usedIn(client: Client, turnId: string): Wire {
  const frame = client.frames.find(({ method, params }) => method === "spindle/memory/used" && params.turnId === turnId);
  if (!frame) throw new Error("the turn did not ask the memory");
  return frame.params;
}

function saidIn(client: Client, turnId: string): Wire[] {
  return client.frames
    .filter(({ method, params }) => method === "item/completed" && params.turnId === turnId)
    .flatMap(({ params }) => (params.item.type === "agentMessage" ? [params.item] : []));
}

/** A throw under which whatever fits is shown: the arm is left to chance, what is chosen in it is not what this story is about. */
function diceFor(account: string, threadId: string): Promise<void> {
  return runInDurableObject(threadStub(environment, account, threadId), (instance) => {
    const { runtime } = instance as unknown as { runtime: ThreadRuntime };
    runtime.host.random = () => 0.9;
  });
}

async function inKv(account: string): Promise<string> {
  const texts = [await environment.MEMORY.get(manifestKey(account))];
  const { keys } = await environment.MEMORY.list({ prefix: shardKey(account, "") });
  for (const { name } of keys) texts.push(await environment.MEMORY.get(name));
  return texts.join("\n");
}

function inSql(account: string): Promise<string> {
  return runInDurableObject(memoryStub(environment, account), (_, { storage }) => everythingIn(storage.sql));
}

function inThreadSql(account: string, threadId: string): Promise<string> {
  return runInDurableObject(threadStub(environment, account, threadId), (_, { storage }) => everythingIn(storage.sql));
}

function everythingIn(sql: SqlStorage): string {
  const tables = sql.exec<{ name: string }>(
    "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
  );
  return [...tables].map(({ name }) => JSON.stringify(sql.exec(`SELECT * FROM "${name}"`).toArray())).join("\n");
}
