/** What follows from what is said at GitHub, by a thread, and by GitHub's answers: decided once, and shown as it stands. */
import { expect, test } from "vitest";
import { githubApiLimits } from "#core/limits";
import { beginTurn } from "#github/follow/begin";
import { approve, decline } from "#github/follow/decide";
import { ofFrames } from "#github/follow/of-frames";
import { ofOutcome } from "#github/follow/of-outcome";
import { showTalk } from "#github/follow/show";
import type { AskedProposal } from "#thread/asked-proposal";
import {
  askedFor,
  baseOid,
  type FollowWorld,
  frame,
  openFollow,
  openHash,
  said,
  stateOf,
  threadId,
  wanda,
} from "../support/github/follow.ts";

/** Somebody asks, the thread begins. */
async function begun(): Promise<FollowWorld> {
  const world = openFollow();
  world.follow(await beginTurn(said("ask"), { by: wanda, request: "do it" }, world.reads));
  await hear(world, [started(1), userMessage(2, "ask")]);
  return world;
}

const started = (seq: number, id = "turn") => frame(seq, "turn/started", { turn: { id } });
const userMessage = (seq: number, clientId: string) => frame(seq, "item/completed", { item: { type: "userMessage", clientId } });
const requested = (seq: number, id: string) => frame(seq, "item/fileChange/requestApproval", {}, id);
const settled = (seq: number, id: string, status: string) =>
  frame(seq, "item/completed", { item: { type: "fileChange", id, status } });
const completed = (seq: number, status = "completed") => frame(seq, "turn/completed", { turn: { status, error: null } });

async function hear(world: FollowWorld, frames: ReturnType<typeof frame>[], asked: Record<string, AskedProposal> = {}) {
  return world.follow(await ofFrames(threadId, frames, { readProposal: async (_, id) => asked[id] ?? null }));
}

/** And proposes a diff. */
async function proposed(): Promise<FollowWorld> {
  const world = await begun();
  await hear(world, [requested(3, "one")], { one: askedFor("item") });
  return world;
}

const yes = (world: FollowWorld, deliveryId: string, given: { hash?: string; including?: string[] } = {}) =>
  approve(
    said(deliveryId),
    {
      by: wanda,
      role: "write",
      door: { type: "comment", id: 1, commitOid: null },
      hash: given.hash ?? openHash(world),
      hunks: null,
      including: given.including ?? [],
    },
    world.reads,
  );

/** And somebody approves it, the thread lands it. */
async function committing(): Promise<FollowWorld> {
  const world = await proposed();
  world.follow(await yes(world, "yes"));
  await hear(world, [settled(4, "item", "completed")]);
  return world;
}

function outcome(world: FollowWorld, key: string, given: Parameters<typeof ofOutcome>[1]): string[] {
  const effect = world.wanted().find((one) => one.key === key);
  if (effect === undefined) throw new Error(`no effect ${key}`);
  return world.follow((ledger) => ofOutcome(effect, given, ledger));
}

const landed = { type: "done", result: { type: "commit", oid: "c".repeat(40) } } as const;

test("a turn begins with a reaction and the one comment, and only then the repository enters", async () => {
  const world = openFollow();
  expect(world.follow(await beginTurn(said("ask"), { by: wanda, request: "do it" }, world.reads))).toEqual([
    "ask/react: addReaction",
    `comment/${threadId}: createComment`,
    "ask/begin: callThread",
  ]);
  expect(world.ledger.talk(threadId)).toMatchObject({
    branch: `spindle/${threadId}`,
    draftTo: "main",
    baseOid,
    requesterIds: [7],
  });
});

test("who asks while a turn runs steers it, and is one of those who asked", async () => {
  const world = await begun();
  const other = { id: 8, login: "otto", type: "User" };
  expect(world.follow(await beginTurn(said("more"), { by: other, request: "and that" }, world.reads))).toEqual([
    "more/react: addReaction",
    "more/steer: callThread",
  ]);
  expect(world.ledger.talk(threadId)?.requesterIds).toEqual([7, 8]);
  await hear(world, [completed(3)]);
  expect(world.follow(await beginTurn(said("again"), { by: wanda, request: "" }, world.reads))).toContain(
    "again/begin: callThread",
  );
  expect(world.ledger.talk(threadId)?.requesterIds).toEqual([7, 8]);
});

test("nothing begins where the budget is used up, and the person is told", async () => {
  const world = openFollow();
  const uses = Array.from({ length: 1_000 }, (_, at) => ({
    turnId: String(at),
    personId: 7,
    atMs: world.reads.nowMs - 1,
    tokens: 0,
  }));
  const keys = world.follow(await beginTurn(said("ask"), { by: wanda, request: "" }, { ...world.reads, uses: () => uses }));
  expect(keys).toEqual(["ask/react: addReaction", "ask/answer: createComment"]);
  expect(world.ledger.talk(threadId)).toBeNull();
});

test("a diff is shown with its hash and a check run, and the same frames again change nothing", async () => {
  const world = await begun();
  const asked = { one: askedFor("item") };
  expect(await hear(world, [requested(3, "one")], asked)).toEqual([
    "check/one: createCheckRun",
    `comment/${threadId}/edit: editComment`,
  ]);
  expect(stateOf(world, "one")).toEqual({ type: "open" });
  expect(await hear(world, [requested(3, "one")], asked)).toEqual([]);
  // Streamed text is no change worth a row.
  const before = JSON.stringify(world.ledger.talk(threadId));
  expect(await hear(world, [frame(4, "item/agentMessage/delta", { delta: "x" })])).toEqual([]);
  expect(JSON.stringify(world.ledger.talk(threadId))).toBe(before);
});

test("a yes reaches the thread, and is no commit before the thread has landed the diff", async () => {
  const world = await proposed();
  const keys = world.follow(await yes(world, "yes"));
  expect(keys[0]).toBe("yes/respond: callThread");
  expect(stateOf(world, "one")).toEqual({ type: "approved", by: wanda });
  expect(world.wanted().some(({ action }) => action.type === "commit")).toBe(false);
  expect(await hear(world, [settled(4, "item", "completed")])).toEqual([
    "check/one/edit: updateCheckRun",
    "branch/one: createBranch",
    "commit/one: commit",
  ]);
  expect(await hear(world, [settled(4, "item", "completed")])).toEqual([]);
  expect(stateOf(world, "one")).toMatchObject({ type: "committing" });
  const commit = world.wanted().find(({ key }) => key === "commit/one");
  expect(commit?.action).toMatchObject({ baseOid, branch: `spindle/${threadId}`, changes: [{ path: "docs/note.txt" }] });
});

test("two yeses at once are one: whoever comes second is told so", async () => {
  const world = await proposed();
  const [first, second] = [await yes(world, "yes"), await yes(world, "late")];
  world.follow(first);
  expect(world.follow(second)).toEqual(["late/react: addReaction", "late/answer: createComment"]);
  expect(world.answers()).toEqual([expect.stringContaining("has been decided already")]);
  world.follow(await yes(world, "later", { hash: world.ledger.proposal("one")?.bound?.hash ?? "" }));
  expect(world.answers()).toHaveLength(2);
});

test.for<[string, (world: FollowWorld) => Promise<unknown>, string]>([
  ["another hash", (world) => yes(world, "no", { hash: "0".repeat(64) }), "No diff of this thread has that hash"],
  ["too few digits", (world) => yes(world, "no", { hash: openHash(world).slice(0, 11) }), "at least 12 digits"],
  ["a path that it does not change", (world) => yes(world, "no", { including: ["other"] }), "does not change"],
  [
    "a commit that holds another content than the diff was made on",
    async (world) => {
      world.files.push({ path: "docs/note.txt", mode: "100644", type: "blob", sha: "d".repeat(40), size: 1 });
      return yes(world, "no");
    },
    "not in the commit what the diff was made on",
  ],
])("%s approves nothing, and why is said", async ([, refuse, answer]) => {
  const world = await proposed();
  world.follow((await refuse(world)) as Awaited<ReturnType<typeof approve>>);
  expect(world.answers()).toEqual([expect.stringContaining(answer)]);
  expect(stateOf(world, "one")).toEqual({ type: "open" });
});

test("workflows are committed by nobody's yes", async () => {
  const world = await begun();
  await hear(world, [requested(3, "one")], { one: askedFor("item", ".github/workflows/ci.yml") });
  world.follow(await yes(world, "yes", { including: [".github/workflows/ci.yml"] }));
  expect(stateOf(world, "one")).toEqual({ type: "open" });
  expect(world.answers()).toEqual([expect.stringContaining("Spindle does not commit it")]);
});

test("the default branch may go on until our branch is there; from then on what moved makes the diff stale, and it is asked anew", async () => {
  const world = await proposed();
  world.branches.set("main", "e".repeat(40));
  expect(world.follow(await yes(world, "yes"))[0]).toBe("yes/respond: callThread");
  await hear(world, [settled(4, "item", "completed")]);
  outcome(world, "commit/one", landed);
  world.branches.set(`spindle/${threadId}`, "f".repeat(40));
  await hear(world, [requested(5, "two")], { two: askedFor("second") });
  const stale = openHash(world);
  const keys = world.follow(await yes(world, "yes 2"));
  expect(keys).toEqual(expect.arrayContaining(["yes 2/interrupt: callThread", "yes 2/begin: callThread"]));
  expect(stateOf(world, "two")).toEqual({ type: "stale" });
  expect(world.ledger.talk(threadId)).toMatchObject({ staleHash: stale, baseOid: "f".repeat(40) });
});

test("a no is written down with its reason, and where nothing waits it is said", async () => {
  const world = await proposed();
  const no = (deliveryId: string) =>
    world.follow(decline(said(deliveryId), { by: wanda, hash: null, reason: "not now" }, world.reads));
  expect(no("no")).toEqual(expect.arrayContaining(["no/respond: callThread", "check/one/edit: updateCheckRun"]));
  expect(stateOf(world, "one")).toEqual({ type: "declined", by: wanda, reason: "not now" });
  no("no 2");
  expect(world.answers()).toEqual(["No diff waits for a decision here."]);
});

test("what lands by another client's yes is committed nowhere, and nothing on top of it can be", async () => {
  const world = await proposed();
  await hear(world, [settled(4, "item", "completed")]);
  expect(world.wanted().some(({ action }) => action.type === "commit")).toBe(false);
  expect(stateOf(world, "one")).toEqual({ type: "acceptedElsewhere" });
  expect(world.ledger.talk(threadId)?.baseOid).toBeNull();
  await hear(world, [requested(5, "two")], { two: askedFor("second") });
  expect(stateOf(world, "two")).toMatchObject({ type: "unapprovable" });
});

test("a turn that ends waits for nobody, but a commit that is on its way", async () => {
  const world = await proposed();
  await hear(world, [completed(4)]);
  expect(stateOf(world, "one")).toMatchObject({ type: "declined", reason: "The turn ended." });
  const other = await committing();
  await hear(other, [completed(5)]);
  expect(stateOf(other, "one")).toMatchObject({ type: "committing" });
});

test("a commit is shown when GitHub has taken it, once with a draft, and the next diff is made on it", async () => {
  const world = await committing();
  await hear(world, [requested(5, "two")], { two: askedFor("second") });
  // Made while the commit is on its way: on which commit is not known yet.
  expect(stateOf(world, "two")).toEqual({ type: "waiting" });
  const keys = outcome(world, "commit/one", landed);
  expect(keys).toEqual(expect.arrayContaining([`pull/${threadId}: openPullRequest`, "check/two: createCheckRun"]));
  expect(stateOf(world, "one")).toMatchObject({ type: "committed", commitOid: "c".repeat(40) });
  expect(world.ledger.proposal("two")?.bound?.baseOid).toBe("c".repeat(40));
  expect(outcome(world, "commit/one", landed)).toEqual([]);
});

test.for([
  ["conflict", "stale"],
  ["forbidden", "unapprovable"],
] as const)("a commit that GitHub refuses for %s leaves the diff %s and the workspace at no commit", async ([type, state]) => {
  const world = await committing();
  outcome(world, "commit/one", { type: "failed", failure: { type, message: "" } });
  expect(stateOf(world, "one")).toMatchObject({ type: state });
  expect(world.ledger.talk(threadId)?.baseOid).toBeNull();
  expect(world.wanted().some(({ key }) => key.startsWith("pull/"))).toBe(false);
});

test("a turn that could not begin says so, unless another was asked for since", async () => {
  const failed = { type: "failed", failure: { type: "exhausted", last: "" } } as const;
  const world = openFollow();
  world.follow(await beginTurn(said("ask"), { by: wanda, request: "" }, world.reads));
  world.follow(await beginTurn(said("again"), { by: wanda, request: "" }, world.reads));
  expect(outcome(world, "ask/begin", failed)).toEqual([]);
  expect(outcome(world, "again/begin", failed)).toEqual([`comment/${threadId}/edit: editComment`]);
  expect(world.ledger.talk(threadId)?.problem).toContain("no turn began");
});

test("a diff that no row or commit could hold is refused as it comes, and its contents are not kept", async () => {
  const world = await begun();
  const { changes, contents } = askedFor("item");
  const many = Array.from({ length: 4_000 }, (_, at) => ({ ...changes[0], path: `${at}`.padStart(100, "x") })) as typeof changes;
  expect(JSON.stringify(many).length).toBeGreaterThan(githubApiLimits.proposalCharactersMax);
  await hear(world, [requested(3, "one"), requested(4, "two")], {
    one: { itemId: "item", changes: many, contents },
    two: { itemId: "second", changes, contents: null },
  });
  expect([stateOf(world, "one"), stateOf(world, "two")]).toEqual([
    expect.objectContaining({ type: "unapprovable" }),
    expect.objectContaining({ type: "unapprovable" }),
  ]);
  expect(() => world.ledger.content(changes[0]?.after.hash ?? "")).toThrow("missing");
});

test("the comment is edited when there is something new to say, and not otherwise", async () => {
  const world = await proposed();
  expect(world.follow((ledger) => showTalk(ledger, threadId))).toEqual([]);
  const talk = world.ledger.talk(threadId);
  if (talk) world.ledger.putTalk({ ...talk, problem: "It failed." });
  expect(world.follow((ledger) => showTalk(ledger, threadId))).toEqual([`comment/${threadId}/edit: editComment`]);
  expect(world.follow((ledger) => showTalk(ledger, "another"))).toEqual([]);
});
