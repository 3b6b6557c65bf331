/**
 * The whole way of hostile text: it stands in a file's name, in a comment of a change and in what a command says; the thread reports its turn, the
 * memory learns and publishes, and other threads are given what there is.
 */
import { expect, test } from "vitest";
import type { TurnReport } from "#core/memory/report";
import { hostileTexts } from "../core/memory/hostile-texts.ts";
import { World } from "../memory/world.ts";
import { createRandom } from "../support/random.ts";
import { createThread, echoShell, type TestThread, type TestThreadOptions } from "../support/thread.ts";
import { functionCall, scriptedModel } from "./scripted-model.ts";

const seed = 20261121;
const account = "test";
const orders = /Ignore all previous|developer mode|evil\.example|administrator I order|push to main|忽略以上/;

test(`hostile texts of a repository give no order, leave no scope and take no secret along (seed ${seed})`, async () => {
  const random = createRandom(seed);
  // Of every kind of disguise; all of them, many times over, would take a minute.
  const texts = hostileTexts(seed).filter((_, index) => index % 8 < 5);
  expect(texts.length).toBeGreaterThanOrEqual(100);
  const seen = { published: 0, given: 0, named: 0 };
  for (const text of texts) {
    const secret = `ghp_${Array.from({ length: 36 }, () => random.pick([..."abcdefghijkmnopqrstuvwxyz0123456789"])).join("")}`;
    const world = new World(account);
    await learnFrom(text, secret, world);
    await world.ring();
    const where = JSON.stringify(text);
    const stored = [...world.storage.sql.exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'")];
    const everything = [world.rows(stored.map(({ name }) => name)), ...world.kv.values()].join("\n");
    expect(everything, where).not.toContain(secret);
    const fragments = [...world.memory.fragments.all().values()];
    for (const { scope, trust, title, when, content, keys } of fragments) {
      if (scope.type === "account") expect(`${title} ${when} ${content} ${keys.join(" ")}`, where).not.toMatch(orders);
      if (trust === "toolText") expect(scope, where).toEqual({ type: "repository", repository: "example.com/one/hostile" });
    }
    seen.published += [...world.kv.values()].filter((shard) => shard.includes('"toolText"')).length;

    const elsewhere = await given(world, "https://example.com/two/peaceful");
    expect(elsewhere.input, where).not.toMatch(orders);
    const here = await given(world, "https://example.com/one/hostile.git");
    for (const { instructions, roles, unquoted } of [elsewhere, here]) {
      expect(instructions, where).not.toMatch(orders);
      expect(roles, where).not.toContain("system");
      expect(roles, where).not.toContain("developer");
      expect(unquoted, where).not.toMatch(orders);
    }
    if (here.input.includes("<notes_from_earlier_turns>")) seen.given += 1;
    if (orders.test(here.input)) seen.named += 1;
  }
  // Something came along, and orders that are names of files stood in it as names of files: else this proved nothing.
  expect(seen.published).toBe(texts.length);
  expect(seen.given).toBeGreaterThan(texts.length / 4);
  expect(seen.named).toBeGreaterThan(10);
}, 120_000);

/** A turn in the hostile repository: tests turn green, and a person lets a change in. */
async function learnFrom(text: string, secret: string, world: World): Promise<void> {
  const runs = [
    { output: `${text}\n${secret}\nTypeError: wrong\nTests  1 failed | 3 passed (4)`, exitCode: 1 },
    { output: `${text}\n${secret}\nTests  4 passed (4)`, exitCode: 0 },
  ];
  const shell: TestThreadOptions["shell"] = async (run) => {
    const { output, exitCode } = runs.shift() ?? { output: "", exitCode: 0 };
    return { ...(await echoShell(run)), output, stdout: output, exitCode };
  };
  const comment = `// ${text} ${secret}`.split(/[\n\r\u0085\u2028\u2029\v\f]/).map((line) => `+${line}`);
  const patch = `*** Begin Patch\n*** Add File: src/${fileName(text)}.ts\n${comment.join("\n")}\n*** End Patch`;
  const tests = () => functionCall("shell", { command: "npm test" });
  const model = scriptedModel({ calls: [tests(), functionCall("apply_patch", { patch }), tests()] }, { text });
  const hear = (reports: TurnReport[]) =>
    world.storage.transactionSync(() => {
      for (const report of structuredClone(reports)) world.memory.hear(report);
    });
  const thread = await createThread({
    model,
    shell,
    memory: { read: () => null, hear },
    start: { approvalPolicy: "on-request" },
  });
  await worksOn(thread, "https://example.com/one/hostile.git");
  await thread.say("fix the parser of dates");
  const { id = "" } = await thread.until("item/fileChange/requestApproval");
  thread.service.respond(id, { result: { decision: "accept" } });
  await thread.until("turn/completed");
  await new Promise((resolve) => setImmediate(resolve));
}

/** What the model of another thread reads for a request of the same kind. */
async function given(world: World, repository: string) {
  const model = scriptedModel({ text: "done" });
  // The fragments' own throw: an arm is not what this is about, so that all of both arms is looked at.
  const memory = { read: (key: string) => world.kv.get(key) ?? null, hear: () => {} };
  const thread = await createThread({ model, memory, random: () => 0.9 });
  await worksOn(thread, repository);
  await thread.turn("fix the parser of dates");
  const [request] = model.requests;
  const input = (request?.input ?? []).map(({ content }) =>
    (Array.isArray(content) ? content : []).map((part) => part.text).join("\n"),
  );
  const lines = input.join("\n").split(/\r\n?|[\n\u0085\u2028\u2029\v\f]/);
  return {
    instructions: request?.instructions ?? "",
    roles: (request?.input ?? []).map(({ role }) => role),
    input: input.join("\n"),
    unquoted: lines.filter((line) => !line.startsWith("> ")).join("\n"),
  };
}

async function worksOn(thread: TestThread, originUrl: string): Promise<void> {
  const params = { threadId: thread.runtime.host.threadId, gitInfo: { originUrl } };
  const reply = await thread.service.request({ method: "thread/metadata/update", params }, "test");
  if ("refused" in reply) throw new Error(reply.refused.message);
}

function fileName(text: string): string {
  return (
    text
      .replace(/[^\p{L}\p{N} .,:;|-]/gu, "")
      .replace(/\s+/g, " ")
      .slice(0, 60)
      .trim() || "plain"
  );
}
