import { expect } from "vitest";
import { limits } from "#core/limits";
import type { Client, Wire } from "./client.ts";
import { inThread, story } from "./story.ts";

const probing = `assume A1 p=0.52 kind=code_fact: a.txt says "yes"]
action patch cost=0.10 gain[A1]=0.9 gain[!A1]=-0.1: say patched
action guard cost=0.05 gain=0.35: write b.txt: b
probe Q on=A1 se=0.99 sp=0.99 cost=0.03: grep -q yes a.txt
decide`;

async function exported(client: Client, params: Record<string, unknown> = {}): Promise<Wire[]> {
  const entries: Wire[] = [];
  for (let cursor: string | null = null, page = 0; page === 0 || cursor !== null; page++) {
    const { data, nextCursor } = await client.request("spindle/thread/export", { threadId: client.threadId, cursor, ...params });
    expect(data.length > 0 || page === 0).toBe(true);
    entries.push(...data);
    cursor = nextCursor;
  }
  return entries;
}

/** A turn that looks, changes its mind, proposes, is allowed to; and one that is declined and taken back. */
async function history(client: Client): Promise<{ kept: string; taken: string }> {
  await client.startThread();
  await client.writeFile("a.txt", "no\n");
  const kept = await client.say(probing, { decisionMode: "steer" });
  client.answer(await client.until("item/fileChange/requestApproval"), "accept");
  await client.untilTurnEnds();
  const taken = await client.say("write c.txt: c");
  client.answer(await client.until("item/fileChange/requestApproval"), "decline");
  await client.untilTurnEnds();
  await client.request("thread/revert", { threadId: client.threadId, beforeTurnId: taken });
  await client.untilQuiet();
  return { kept, taken };
}

story("an export tells what was done, why, who allowed it, and what was taken back", async ({ client, sleep }) => {
  const { kept, taken } = await history(client);
  await sleep();
  const entries = await exported(client);
  expect(entries.map(({ type, turnId }) => `${type}${turnId === taken ? " (taken back)" : ""}`)).toEqual([
    ...["turnStarted", "item", "decisionTree", "item", "item", "decisionTree", "item"],
    ...["asked", "answered", "item", "item", "decisionTree", "turnCompleted"],
    ...["turnStarted", "item", "asked"].map((type) => `${type} (taken back)`),
    "answered",
    ...["item", "item", "turnCompleted"].map((type) => `${type} (taken back)`),
    "reverted",
  ]);
  expect(entries.map(({ seq }) => seq)).toEqual(entries.map(({ seq }) => seq).toSorted((one, other) => one - other));
  const turnOf = entries.findIndex(({ turnId }) => turnId === taken);
  expect(entries.map(({ isReverted }) => isReverted)).toEqual(entries.map(({ type }, at) => at >= turnOf && type !== "reverted"));
  const [asked, declined] = entries.filter(({ type }) => type === "asked");
  const change = entries.find(({ item }) => item?.type === "fileChange");
  expect(asked).toMatchObject({
    method: "item/fileChange/requestApproval",
    itemId: change.item.id,
    hash: change.item.proposal.hash,
  });
  expect(declined.hash).not.toBe(asked.hash);
  expect(entries.filter(({ type }) => type === "answered")).toMatchObject([
    { requestId: asked.requestId, answer: { decision: "accept" } },
    { requestId: declined.requestId, answer: { decision: "decline" } },
  ]);
  expect(entries.at(-1)).toMatchObject({ type: "reverted", beforeTurnId: taken });
  const trees = entries.filter(({ type }) => type === "decisionTree");
  expect(trees.map(({ revision, cause, flip, resolutions }) => [revision, cause, flip, resolutions])).toEqual([
    [1, "declared", null, []],
    [2, "observed", { from: "patch", to: "guard" }, []],
    [3, "resolved", null, [{ assumptionId: "A1", isTrue: false, by: ["tools"] }]],
  ]);
  for (const { turnId, revision, tree, because, mermaid } of trees) {
    expect([turnId, because]).toEqual([kept, tree.chosen.because]);
    expect([mermaid.startsWith("flowchart TD\n"), mermaid.includes('says "yes"]')]).toEqual([true, false]);
    expect(tree.revision).toBe(revision);
  }
  expect(entries.find(({ type }) => type === "turnCompleted")).toMatchObject({
    outcome: { actionId: "guard", verdicts: [{ isAccepted: true, proposal: { hash: asked.hash } }], tests: null },
  });
});

story(
  "however it is paged, it is the same; a page that begins in the middle of a turn has whole trees",
  async ({ client, sleep }) => {
    await history(client);
    const whole = await exported(client);
    await sleep();
    for (const limit of [1, 2, 3, 500]) expect(await exported(client, { limit })).toEqual(whole);
    expect(await client.refusal("spindle/thread/export", { threadId: client.threadId, cursor: "x" })).toContain("invalid cursor");
    // Whoever asks again later goes on where they were.
    const cursor = String(whole.at(-1)?.seq);
    await client.turn("say more");
    const more = await exported(client, { limit: 500 });
    const { data } = await client.request("spindle/thread/export", { threadId: client.threadId, cursor });
    expect([...whole, ...data]).toEqual(more);
  },
);

story("a page is bounded by its size as well, and no entry is cut", async ({ client, sleep }) => {
  const threadId = await client.startThread();
  const letters = Math.floor(limits.exportPageCharactersMax / 4);
  for (const letter of ["a", "b", "c", "d", "e", "f"]) await client.turn(`say ${letter.repeat(letters)}`);
  await sleep();
  const sizes: number[] = [];
  for (let cursor: string | null = null, page = 0; page === 0 || cursor !== null; page++) {
    const { data, nextCursor } = await client.request("spindle/thread/export", { threadId, cursor, limit: 500 });
    sizes.push(JSON.stringify(data).length);
    cursor = nextCursor;
  }
  expect(sizes.length).toBeGreaterThan(2);
  expect(Math.max(...sizes)).toBeLessThan(limits.exportPageCharactersMax + 2 * letters);
});

story("as Markdown it reads in order, with its trees drawn, and holds what an item says", async ({ client, sleep }) => {
  await history(client);
  await sleep();
  let text = "";
  for (let cursor: string | null = null, page = 0; page === 0 || cursor !== null; page++) {
    const answer = await client.request("spindle/thread/export", {
      threadId: client.threadId,
      cursor,
      limit: 4,
      format: "markdown",
    });
    expect(answer.data).toEqual([]);
    text += answer.markdown;
    cursor = answer.nextCursor;
  }
  expect(text.match(/^```mermaid\nflowchart TD$/gm)).toHaveLength(3);
  expect(text.match(/^# /gm)).toHaveLength(1);
  const places = [
    "# assume A1",
    "revision 1 (declared, steer, declaration)",
    "revision 2 (observed",
    "known: A1 is false, by tools",
    "### Turn completed",
    "taken back later",
    "### Taken back",
  ];
  expect(places.map((place) => text.indexOf(place))).toEqual(
    places.map((place) => text.indexOf(place)).toSorted((one, other) => one - other),
  );
  expect(text.indexOf("# assume A1")).toBe(0);
});

story("a fork's export tells what it began with", async ({ client, sleep }) => {
  const { kept } = await history(client);
  const { thread } = await client.request("thread/fork", { threadId: client.threadId });
  await sleep();
  const { data } = await client.request("spindle/thread/export", { threadId: thread.id, limit: 500 });
  const own = await exported(client);
  const trees = (entries: Wire[]) =>
    entries.filter(({ type }) => type === "decisionTree").map(({ tree, mermaid }) => ({ tree, mermaid }));
  expect(trees(data)).toEqual(trees(own));
  expect(data.filter(({ type }: Wire) => type === "turnStarted").map(({ turnId }: Wire) => turnId)).toEqual([kept]);
  expect(await inThread(thread.id, ({ current }) => current.decision?.deliberation.assumptions[0]?.resolved)).toBe(false);
});
