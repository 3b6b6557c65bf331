/** What a repository forgets, and that nothing happens a second time because it was forgotten. */
import { afterEach, expect, test } from "vitest";
import { githubApiLimits } from "#core/limits";
import type { Effect } from "#github/effect";
import { defaultPolicy } from "#github/follow/policy";
import { Ledger } from "#github/ledger";
import { commentEvent, deliver, openWorld, privateKey, silence, type World } from "../support/github/repository.ts";
import { openStage, people, type Stage } from "../support/github/stage.ts";

const stages: Stage[] = [];
afterEach(async () => {
  for (const stage of stages.splice(0)) {
    expect(stage.problems).toEqual([]);
    await stage.close();
  }
});

const day = 24 * 60 * 60_000;

/** Every delivery has an answer, and the thread's one comment is wanted by each. */
async function openAnswering(): Promise<{ stage: Stage; world: World; number: number; comments(): Promise<number> }> {
  const stage = await openStage({ privateKey });
  stages.push(stage);
  const made = await stage.as(people.writer, "POST", "/repos/acme/widgets/issues", { title: "An issue", body: "" });
  const { number } = (await made.json()) as { number: number };
  const on = { number, isPullRequest: false };
  const effectsOf = (deliveryId: string): Effect[] => [
    { key: `${deliveryId}/answer`, lane: "answers", action: { type: "createComment", on, body: "an answer" } },
    { key: "comment/thread", lane: "comment", action: { type: "createComment", on, body: "the comment" } },
  ];
  const world = openWorld(stage, {
    consequences: {
      ...silence,
      ofEvent: async (_, { deliveryId }) => {
        return () => effectsOf(deliveryId);
      },
    },
  });
  const comments = async () => {
    const response = await stage.as(people.writer, "GET", `/repos/acme/widgets/issues/${number}/comments`);
    return ((await response.json()) as object[]).length;
  };
  return { stage, world, number, comments };
}

const keysOf = ({ storage }: World) =>
  storage.sql
    .exec<{ key: string }>("SELECT key FROM github_effects ORDER BY seq")
    .toArray()
    .map(({ key }) => key);

test("a delivery that comes again after it was forgotten does nothing a second time", async () => {
  const { stage, world, number, comments } = await openAnswering();
  const deliveryId = deliver(world, commentEvent(stage, { number, body: "" }));
  await world.settle();
  expect(await comments()).toBe(2);
  world.clock.nowMs += githubApiLimits.deliveryRetentionMs + day;
  // Something else happens, and what may be forgotten is.
  deliver(world, commentEvent(stage, { number, body: "", id: 2 }));
  await world.settle();
  expect(world.repository.receive(deliveryId, commentEvent(stage, { number, body: "" }))).toBe("new");
  await world.settle();
  expect(await comments()).toBe(3);
});

test("effects of a delivery are forgotten in the end; those of a thread are not, so that it has one comment for ever", async () => {
  const { stage, world, number, comments } = await openAnswering();
  const first = deliver(world, commentEvent(stage, { number, body: "", id: 1 }));
  await world.settle();
  world.clock.nowMs += githubApiLimits.effectRetentionMs + day;
  const second = deliver(world, commentEvent(stage, { number, body: "", id: 2 }));
  await world.settle();
  expect(await comments()).toBe(3);
  expect(keysOf(world)).toEqual(["comment/thread", `${second}/answer`]);
  expect(keysOf(world)).not.toContain(`${first}/answer`);
});

test("a proposal that is forgotten takes its effects and approvals along, and no other's", async () => {
  const { stage, world, number } = await openAnswering();
  deliver(world, commentEvent(stage, { number, body: "" }));
  await world.settle();
  const ledger = new Ledger(world.storage.sql, () => defaultPolicy);
  const on = { number, isPullRequest: false };
  for (const requestId of ["old", "older"]) {
    ledger.putProposal({
      requestId,
      threadId: "thread",
      itemId: requestId,
      turnId: "turn",
      changes: [],
      bound: { hash: requestId, baseOid: "" },
      suggestions: null,
      shownInDraftAt: null,
      state: { type: "stale" },
    });
    ledger.approvals.add({
      requestId,
      hunks: null,
      hash: requestId,
      by: { id: 7, login: "wanda", type: "User" },
      role: "write",
      door: { type: "checkRun", id: 1 },
      deliveryId: "one",
      wordsOid: null,
      atMs: 0,
    });
    world.repository.add([
      { key: `check/${requestId}`, lane: requestId, action: { type: "createComment", on, body: requestId } },
    ]);
  }
  world.storage.sql.exec("UPDATE github_proposals SET seq = ? WHERE request_id = 'old'", githubApiLimits.proposalsMax + 2);
  await world.settle();
  expect(ledger.proposal("older")).toBeNull();
  expect(keysOf(world)).toContain("check/old");
  expect(keysOf(world)).not.toContain("check/older");
  expect(["old", "older"].map((requestId) => ledger.approvals.standing(requestId).length)).toEqual([1, 0]);
});

test("contents that no proposal needs any more go with the next work, whether or not anything was committed", async () => {
  const { stage, world, number } = await openAnswering();
  const ledger = new Ledger(world.storage.sql, () => defaultPolicy);
  const bytes = new TextEncoder().encode("alpha\n");
  ledger.putContents([bytes]);
  const { hash } = world.storage.sql.exec<{ hash: string }>("SELECT hash FROM blobs").one();
  const open = {
    requestId: "one",
    threadId: "thread",
    itemId: "one",
    turnId: "turn",
    changes: [{ path: "a", before: null, after: { hash, mode: 0o100644, size: 6 } }],
    bound: null,
    suggestions: null,
    shownInDraftAt: null,
    state: { type: "open" },
  } as const;
  ledger.putProposal({ ...open, changes: [...open.changes] });
  deliver(world, commentEvent(stage, { number, body: "", id: 1 }));
  await world.settle();
  expect(ledger.content(hash)).toEqual(bytes);
  ledger.putProposal({ ...open, changes: [...open.changes], state: { type: "declined", by: null, reason: null } });
  deliver(world, commentEvent(stage, { number, body: "", id: 2 }));
  await world.settle();
  expect(() => ledger.content(hash)).toThrow("missing");
});
