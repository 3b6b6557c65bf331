import { expect, test } from "vitest";
import { Client, type Wire } from "./client.ts";
import { crash, inThread, ring, story } from "./story.ts";

const asksForChanges = "item/fileChange/requestApproval";

/** Says yes to whatever is asked and not resolved, once each. */
function agree(client: Client, answered: Set<unknown>): void {
  const asked = client.frames.filter(({ id, method }) => method?.endsWith("/requestApproval") && !answered.has(id));
  for (const frame of asked) {
    answered.add(frame.id);
    if (!client.frames.some(({ params }) => params?.requestId === frame.id)) client.answer(frame, "accept");
  }
}

async function endOfTurn(client: Client, answered: Set<unknown>): Promise<Wire> {
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; await new Promise((resolve) => setTimeout(resolve, 10))) {
    agree(client, answered);
    const end = client.frames.find(({ method }) => method === "turn/completed");
    if (end) return end.params.turn;
  }
  throw new Error(`the turn does not end: ${client.methodsHeard().slice(-5)}`);
}

/** With pauses, so that what was written has reached the disk and the client before the next moment comes. */
const script = "think a bit\ncount 3\nrun sleep 0.05; echo once >> log.txt\nrun cat log.txt\ncount 2\nwrite b.txt: b\nsay done";

/**
 * Dies with its n-th commit from now: at once, so that what was just written is lost with it, or as soon as that is durable, so that
 * what follows is lost. Says when it died.
 */
async function crashAt(threadId: string, commits: number, what: "lost" | "kept"): Promise<{ isDead: boolean }> {
  const fate = { isDead: false };
  await inThread(threadId, async (runtime, state) => {
    // Nothing shall wake it a moment after its death but the client: a report to the metrics would.
    await runtime.metrics.flush();
    runtime.metrics.dueAtMs = () => null;
    await state.storage.deleteAlarm();
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

/** Whatever the moment: the turn ends once, what began ends once, and what was approved is there once or the model was told of it. */
async function survive(
  moment: number,
  what: "lost" | "kept",
): Promise<{ lived: boolean; heardLast?: string; uncertain: boolean }> {
  const client = await Client.connect();
  const threadId = await client.startThread();
  const answered = new Set<unknown>();
  const fate = await crashAt(threadId, moment, what);
  client.say(script, { clientUserMessageId: "m1" }).catch(() => "it died before it answered");
  while (!fate.isDead && !client.methodsHeard().includes("turn/completed")) {
    agree(client, answered);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await client.untilQuiet(5);
  const back = client.threadFrames();
  const heardLast = back.at(-1)?.method;
  const where = `died at ${moment}, ${what}, heard until ${heardLast}`;

  const next = await Client.connect();
  await next.resume(threadId, { afterSeq: back.at(-1)?.seq });
  // Who got no answer says it again.
  await next.say(script, { clientUserMessageId: "m1" });
  if (heardLast !== "turn/completed") await endOfTurn(next, new Set());
  await next.untilQuiet(20);
  client.close();
  const log = [...back, ...next.threadFrames()].filter(
    ({ seq }, index, all) => all.findIndex((one) => one.seq === seq) === index,
  );
  expect(
    log.map(({ seq }) => seq),
    where,
  ).toEqual(log.map((_, index) => index + 1));
  const ids = (method: string) =>
    log.flatMap((frame) => (frame.method === method ? [frame.params.item?.id ?? frame.params.turn.id] : []));
  expect(ids("turn/completed"), where).toEqual(ids("turn/started"));
  expect(ids("turn/completed"), where).toHaveLength(1);
  expect(ids("item/completed").toSorted(), where).toEqual(ids("item/started").toSorted());
  const end = log.find(({ method }) => method === "turn/completed")?.params.turn;
  expect([end.status, end.items[0]?.text], where).toEqual(["completed", "done"]);
  expect(await next.readFile("b.txt"), where).toBe("b\n");
  const told = await inThread(threadId, (runtime) => JSON.stringify(runtime.log.modelInput()));
  const uncertain = told.includes("may or may not have happened");
  if (uncertain) expect(await next.files(), where).toEqual(["b.txt"]);
  else expect(await next.readFile("log.txt"), where).toBe("once\n");
  expect(await next.judged(), where).toEqual([]);
  next.close();
  return { lived: !fate.isDead, ...(heardLast ? { heardLast } : {}), uncertain };
}

test.for(["lost", "kept"] as const)(
  "an object that dies at any moment of a turn, its last commit %s, ends the turn exactly once",
  {
    timeout: 60_000,
  },
  async (what) => {
    const fates: Awaited<ReturnType<typeof survive>>[] = [];
    // Several at once: they mostly wait.
    for (let moment = 1; !fates.some(({ lived }) => lived); moment += 10) {
      fates.push(...(await Promise.all(Array.from({ length: 10 }, (_, index) => survive(moment + index, what)))));
    }
    expect(fates.filter(({ uncertain }) => uncertain).length).toBeGreaterThan(0);
    expect(fates.length).toBeGreaterThan(20);
    const heard = ["item/agentMessage/delta", "item/started", asksForChanges, "turn/completed"];
    expect(fates.map(({ heardLast }) => heardLast)).toEqual(expect.arrayContaining(heard));
  },
);

story(
  "a command that ran when the object died is not run again, and the model hears that nobody knows",
  async ({ client, sleep }) => {
    const threadId = await client.startThread();
    await client.say("run sleep 20; touch x.txt\nsay I looked");
    await client.untilThat(({ method, params }) => method === "item/started" && params.item.type === "commandExecution");
    await crash(threadId);
    await sleep();
    await client.resume(threadId, { afterSeq: client.fold()?.seq });
    const { params } = await client.untilThat(
      ({ method, params: told }) => method === "item/completed" && told.item.type === "commandExecution",
    );
    expect(params.item.status).toBe("failed");
    expect((await client.untilTurnEnds()).items[0].text).toBe("I looked");
    const output = await inThread(threadId, ({ log }) => log.modelInput().find(({ type }) => type === "shell_call_output"));
    expect(JSON.stringify(output)).toContain("it may or may not have happened");
    expect(await client.files()).toEqual([]);
    expect(client.methodsHeard().filter((method) => method === "turn/completed")).toHaveLength(1);
  },
);

story("a command that only looks runs again after the object died", async ({ client }) => {
  const threadId = await client.startThread();
  await client.writeFile("a.txt", "alpha\n");
  await inThread(threadId, ({ host }) => {
    host.shell = () => new Promise(() => {});
  });
  await client.say("run cat a.txt");
  await client.untilThat(({ method, params }) => method === "item/started" && params.item.type === "commandExecution");
  await crash(threadId);
  await client.resume(threadId, { afterSeq: client.fold()?.seq });
  const { params } = await client.untilThat(
    ({ method, params: told }) => method === "item/completed" && told.item.type === "commandExecution",
  );
  expect(params.item).toMatchObject({ status: "completed", aggregatedOutput: "alpha\n" });
  expect((await client.untilTurnEnds()).status).toBe("completed");
});

story("an approval outlives the object's death, under the same id", async ({ client, connect, sleep }) => {
  const threadId = await client.startThread();
  await client.say("write a.txt: a");
  const request = await client.until(asksForChanges);
  await crash(threadId);
  await sleep();
  await crash(threadId);
  const other = await connect();
  await other.resume(threadId);
  expect((await other.until(asksForChanges)).id).toBe(request.id);
  // The client that never noticed answers.
  client.answer(request, "accept");
  expect((await client.untilTurnEnds()).status).toBe("completed");
  expect(await client.readFile("a.txt")).toBe("a\n");
  await other.until("serverRequest/resolved");
});

story("a client that stayed hears the rest of the turn once the object is awake again", async ({ client, connect }) => {
  const threadId = await client.startThread();
  await client.say("say one\ncount 10\nsay two");
  await client.until("item/agentMessage/delta");
  await crash(threadId);
  const other = await connect();
  await other.request("thread/read", { threadId });
  expect((await client.untilTurnEnds()).items[0].text).toBe("two");
  const log = client.threadFrames();
  expect(log.map(({ seq }) => seq)).toEqual(log.map((_, index) => index + 1));
});

story("a message that is sent again, before and after a death, begins one turn only", async ({ client, connect, sleep }) => {
  const threadId = await client.startThread();
  const first = await client.say("count 10", { clientUserMessageId: "m1" });
  expect(await client.say("count 10", { clientUserMessageId: "m1" })).toBe(first);
  await crash(threadId);
  const other = await connect();
  await other.resume(threadId);
  expect(await other.say("count 10", { clientUserMessageId: "m1" })).toBe(first);
  await client.untilTurnEnds();
  await sleep();
  expect(await other.say("count 10", { clientUserMessageId: "m1" })).toBe(first);
  await other.untilQuiet();
  const { data } = await other.request("thread/turns/list", { threadId });
  expect(data.map(({ id, status }: Wire) => [id, status])).toEqual([[first, "completed"]]);
  const { data: items } = await other.request("thread/items/list", { threadId });
  expect(items.filter(({ item }: Wire) => item.type === "userMessage")).toHaveLength(1);
});

story("the alarm takes a turn up again without any client", async ({ client, connect, sleep }) => {
  const threadId = await client.startThread();
  await client.say("say one\ncount 5\nrun echo two\nsay three");
  await client.until("item/agentMessage/delta");
  client.close();
  await crash(threadId);
  expect(await ring(threadId)).toBe(true);
  const other = await connect();
  const ended = async () => (await other.request("thread/turns/list", { threadId })).data[0];
  await expect.poll(ended, { timeout: 5_000 }).toMatchObject({ status: "completed" });
  await sleep();
  expect((await ended()).items.map(({ text }: Wire) => text)).toEqual([undefined, "three"]);
});
