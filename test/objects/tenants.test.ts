/** A hostile tenant: bob asks for everything by alice's real ids, and must learn no more than by ids that never were. */
import { evictAllDurableObjects } from "cloudflare:test";
import { afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { type MethodName, methods } from "#protocol/methods";
import { memoryStub } from "../../durable-objects/environment.ts";
import { newBrowserKeys } from "../support/push-receiver.ts";
import { type Fill, type Naming, namedMembers, sampleParams } from "../support/sample-params.ts";
import { turnReport } from "../support/turn-report.ts";
import { Client, type Message, type Wire } from "./client.ts";
import { answerOf, ask, headersFor } from "./front-door.ts";
import { environment } from "./story.ts";

/** The members of params that name something, by what they name: alice's, and what never was. The first that fits counts. */
interface World {
  names: [member: RegExp, value: string][];
}

/** Members that look like a name and name nothing that belongs to an account; both worlds say the same there. */
const namesNothing = new Set([
  // What a model called it, such as A1: known only within the thread that is named beside it.
  "assumptionId",
  "projectId",
  "sectionId",
  "disabledPluginIds",
  "fileId",
  "appIds",
  "loginId",
  "environmentId",
  // Of a configuration, which is the account's own.
  "keyPath",
  "filePath",
]);

const secretWord = "alices-secret-word";
const methodNames = Object.keys(methods) as MethodName[];
/** `thread/start` names a thread that is to be the caller's own: the last test is about that. */
const namingMethods = methodNames.filter(
  (method) => method !== "thread/start" && namedMembers(method).some((member) => !namesNothing.has(member)),
);

let alice: Client;
let threadId: string;
let request: Message;
let real: World;
const bobs: Client[] = [];
let bobsHeaders: Record<string, string>;
let alicesFrames: number;
let alicesDevice: { endpoint: string; hash: string };
let log: ReturnType<typeof vi.spyOn>;

beforeAll(async () => {
  bobsHeaders = await headersFor("bob");
  alice = await Client.connect({ headers: await headersFor("alice") });
  threadId = await alice.startThread();
  const clientUserMessageId = crypto.randomUUID();
  await alice.turn(`say ${secretWord}`, { clientUserMessageId });
  await alice.writeFile(`${secretWord}.txt`, secretWord);
  const turnId = await alice.say(`write other.txt: ${secretWord}`);
  request = await alice.until("item/fileChange/requestApproval");
  const { queuedSubmission } = await alice.request("thread/queue/add", {
    threadId,
    clientUserMessageId: crypto.randomUUID(),
    input: [{ type: "text", text: "say queued", text_elements: [] }],
  });
  await alice.untilQuiet();
  await memoryStub(environment, "alice").report("alice", [turnReport({ threadId, turnId, correction: secretWord })]);
  const [{ id: fragmentId }] = (await alice.request("spindle/memory/list", {})).data;
  await alice.request("spindle/memory/edit", { fragmentId, title: secretWord });
  const [{ id: runId }] = (await alice.request("spindle/memory/run/list", {})).data;
  const { p256dh, auth } = newBrowserKeys();
  const endpoint = `https://fcm.googleapis.com/fcm/send/${crypto.randomUUID()}`;
  await alice.request("spindle/push/subscribe", { endpoint, keys: { p256dh, auth }, expirationTime: null, device: secretWord });
  const [{ endpointHash: hash }] = (await alice.request("spindle/push/list", {})).data;
  alicesDevice = { endpoint, hash };
  const { webhook } = await alice.request("spindle/webhook/create", {
    url: "https://hooks.example.com/",
    description: secretWord,
  });
  await alice.request("spindle/webhook/update", { webhookId: webhook.id, isEnabled: false });
  real = {
    names: [
      [/thread_?ids?$/i, threadId],
      [/turnIds?$/i, turnId],
      [/itemIds?$/i, request.params.itemId],
      [/fragmentId$/i, fragmentId],
      [/^runId$/, runId],
      [/^webhookId$/, webhook.id],
      [/^queuedSubmissionIds?$/, queuedSubmission.id],
      [/^clientUserMessageId$/, clientUserMessageId],
      [/^requestIds?$/, String(request.id)],
      // A client's own names for what lives and dies with its socket.
      [/^(process|watch|session)Id$/, crypto.randomUUID()],
      [/path$/i, `/workspace/${secretWord}.txt`],
    ],
  };
  alicesFrames = alice.frames.length;
  // From here on alice's objects sleep: should anything that bob does reach them, they wake and say so.
  await evictAllDurableObjects({ webSockets: "hibernate" });
  log = vi.spyOn(console, "log");
});

afterEach(() => {
  const clients = bobs.splice(0);
  for (const client of clients) client.close();
  if (vi.isMockFunction(console.log)) expectAliceAsleep();
  for (const client of clients) expect(client.texts.filter((text) => withoutEcho(text).includes(secretWord))).toEqual([]);
});

/** That nothing reached her objects is also why no time that bob measures can tell him anything. */
function expectAliceAsleep(): void {
  const woken = log.mock.calls.flat().filter((line: unknown) => String(line).includes("Woke"));
  expect(woken.filter((line: unknown) => /threadWoke/.test(String(line)) && String(line).includes(threadId))).toEqual([]);
  expect(alice.frames.slice(alicesFrames)).toEqual([]);
}

async function bob(path = "/"): Promise<Client> {
  const client = await Client.connect({ headers: bobsHeaders, path });
  bobs.push(client);
  return client;
}

/** Bob's own thread, and his socket there. */
async function bobAtHome(): Promise<{ shared: Client; direct: Client }> {
  const shared = await bob();
  const direct = await bob(`/threads/${await shared.startThread()}`);
  return { shared, direct };
}

function neverWas(): World {
  return {
    names: real.names.map(([member, value]) => [
      member,
      value.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, () => crypto.randomUUID()).replace(secretWord, "never"),
    ]),
  };
}

/** Where a member's meaning is not known by name, what alice heard under that name is hers. */
function naming(world: World): Naming {
  return (member) => {
    if (namesNothing.has(member)) return null;
    const known = world.names.find(([pattern]) => pattern.test(member));
    if (known) return known[1];
    const hers = alice.texts.map((text) => memberIn(JSON.parse(text), member)).find((value) => value !== null);
    if (hers) return world === real ? hers : crypto.randomUUID();
    throw new Error(
      `what does the member ${member} name? Give test/objects/tenants.test.ts alice's one in \`names\`, or say in \`namesNothing\` that it is nobody's`,
    );
  };
}

function memberIn(within: Wire, member: string): string | null {
  if (typeof within !== "object" || within === null) return null;
  if (typeof within[member] === "string") return within[member];
  for (const part of Object.values(within)) {
    const found = memberIn(part, member);
    if (found) return found;
  }
  return null;
}

/** An answer without what bob himself said in his question. */
function masked({ error, result }: Message, world: World): string {
  let text = JSON.stringify({ error, result });
  for (const [member, value] of world.names) text = text.replaceAll(value, `<${member.source}>`);
  return text;
}

/** Bob may hear his own questions. */
function withoutEcho(text: string): string {
  return text.replaceAll(`/workspace/${secretWord}.txt`, "");
}

test("there is something to ask for", () => {
  expect(namingMethods.length).toBeGreaterThan(25);
});

describe.each<Fill>(["required", "everything"])("with %s in the params", (fill) => {
  test.for(namingMethods)("%s finds nothing of another account, at any door", async (method) => {
    const { shared, direct } = await bobAtHome();
    const stranger = await bob();
    for (const client of [stranger, shared, direct]) {
      const never = neverWas();
      const byReal = await client.ask(method, sampleParams(method, naming(real), fill));
      const byNever = await client.ask(method, sampleParams(method, naming(never), fill));
      expect(masked(byReal, real)).toBe(masked(byNever, never));
    }
  });
});

const withinThread = namingMethods.filter((method) => {
  const members = namedMembers(method).filter((member) => !namesNothing.has(member));
  return members.includes("threadId") && members.length > 1;
});

test.for(withinThread)("%s in one's own thread finds nothing by another's turn, item, message or file", async (method) => {
  /** Two threads that are alike, because a call may change one. */
  const answerIn = async (world: World): Promise<string> => {
    const client = await bob();
    const own = await client.startThread();
    await client.turn("say hi");
    const name = naming(world);
    const params = sampleParams(method, (member) => (member === "threadId" ? own : name(member)), "everything");
    const answer = masked(await client.ask(method, params), world);
    // What is bob's own differs from thread to thread: ids, times and durations.
    return answer.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "<id>").replaceAll(/:\d+\b/g, ":<number>");
  };
  expect(await answerIn(real)).toBe(await answerIn(neverWas()));
});

test("whatever spans threads tells nothing of another account's", async () => {
  const client = await bob();
  await client.startThread();
  for (const method of methodNames) {
    if (namingMethods.includes(method) && !/\/(list|search)$|List$/.test(method)) continue;
    await client.ask(
      method,
      sampleParams(method, () => "x", "required"),
    );
  }
  await client.untilQuiet();
  await client.request("thread/list", { limit: 500 });
  await client.request("thread/loaded/list", {});
  expect((await client.request("thread/list", { searchTerm: secretWord })).data).toEqual([]);
  const values = real.names.map(([, value]) => value);
  for (const text of client.texts) for (const value of values) expect(text).not.toContain(value);
});

test("a thread's own door is as if it were not there, with and without an upgrade", async () => {
  const never = crypto.randomUUID();
  for (const Upgrade of ["websocket", "none"]) {
    const headers = { ...bobsHeaders, Upgrade };
    const [hers, nobodys] = [await ask(`/threads/${threadId}`, { headers }), await ask(`/threads/${never}`, { headers })];
    expect([...hers.headers]).toEqual([...nobodys.headers]);
    expect(await answerOf(hers)).toEqual([404, "no such thread"]);
    expect(await answerOf(nobodys)).toEqual([404, "no such thread"]);
  }
});

test("an answer to another's approval changes nothing, and is met with the same silence as one to none", async () => {
  const { shared, direct } = await bobAtHome();
  await Promise.all([shared.untilQuiet(), direct.untilQuiet()]);
  for (const client of [shared, direct]) {
    const heard = client.frames.length;
    for (const id of [request.id, String(request.id).replaceAll(threadId, crypto.randomUUID())]) {
      for (const decision of ["accept", "acceptForSession", "decline", "cancel"]) {
        client.sendText(JSON.stringify({ id, result: { decision } }));
      }
      client.sendText(JSON.stringify({ id, error: { code: -32000, message: "no" } }));
    }
    await client.untilQuiet();
    expect(client.frames.slice(heard)).toEqual([]);
  }
});

test("her devices are not bob's to list, to take back or to ring, by their addresses or by their hashes", async () => {
  const client = await bob();
  expect((await client.request("spindle/push/list", {})).data).toEqual([]);
  for (const endpoint of [alicesDevice.endpoint, alicesDevice.hash])
    expect(await client.request("spindle/push/unsubscribe", { endpoint })).toEqual({ wasSubscribed: false });
});

test("alice has slept through all of it, and finds everything as she left it", async () => {
  expectAliceAsleep();
  log.mockRestore();
  const { data } = await alice.request("thread/list", {});
  expect(data.map(({ id }: Wire) => id)).toEqual([threadId]);
  expect(await alice.files()).toEqual([`${secretWord}.txt`]);
  expect((await alice.request("thread/queue/list", { threadId })).data).toHaveLength(1);
  expect((await alice.request("spindle/memory/list", {})).data).toMatchObject([{ title: secretWord }]);
  expect((await alice.request("spindle/push/list", {})).data).toMatchObject([
    { endpointHash: alicesDevice.hash, lastFailure: null },
  ]);
  // Before anything happens in her threads: no push service is there to be rung.
  await alice.request("spindle/push/unsubscribe", { endpoint: alicesDevice.endpoint });
  expect((await alice.request("thread/read", { threadId })).thread).toMatchObject({ name: null });
  alice.answer(request, "accept");
  expect((await alice.untilTurnEnds()).status).toBe("completed");
  expect(await alice.readFile("other.txt")).toBe(`${secretWord}\n`);
  alice.close();
});

test("a thread that is begun under the id of another account's is one's own, and hers stays hers", async () => {
  const carol = await Client.connect({ headers: await headersFor("carol") });
  const dan = await Client.connect({ headers: await headersFor("dan") });
  const id = await carol.startThread();
  await carol.turn("say what carol said");
  const { thread } = await dan.request("thread/start", { threadId: id });
  expect(thread.id).toBe(id);
  const read = async (client: Client) =>
    JSON.stringify(await client.request("thread/read", { threadId: id, includeTurns: true }));
  expect(await read(dan)).not.toContain("what carol said");
  await dan.request("thread/delete", { threadId: id });
  expect(await read(carol)).toContain("what carol said");
  expect(dan.texts.filter((text) => text.includes("what carol said"))).toEqual([]);
  carol.close();
  dan.close();
});
