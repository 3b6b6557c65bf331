/** The optimizer may propose what it likes; what happens to a scope stays within the rules, and can be taken back. */
import { expect, test } from "vitest";
import { memoryLimits } from "#core/limits";
import { forget, recalls, sweep } from "#core/memory/forget";
import { type Draft, type Fragment, type Scope, type Statistics, scopeKey } from "#core/memory/fragment";
import { applyPlan, type Operation, type Run } from "#core/memory/operation";
import { canonical } from "#core/memory/shard";
import { undo, undoRecord } from "#core/memory/undo";
import { createRandom, type Random } from "../../support/random.ts";
import { byId, draft, fragment } from "./fragments.ts";

const scope: Scope = { type: "repository", repository: "spindle" };
const day = 24 * 60 * 60_000;

function run(parts: Partial<Run> = {}): Run {
  let next = 0;
  return { account: "local", scope, nowMs: 100 * day, newMean: 0.03, newId: () => `new-${next++}`, ...parts };
}

const statistics = (parts: Partial<Statistics>): Statistics => ({ ...fragment("any").statistics, ...parts });
const here = (id: string, parts: Partial<Fragment> = {}) => fragment(id, { scope, ...parts });
/** Enough strangers that a fifth of the scope is as many as a test needs. */
const crowd = Array.from({ length: 20 }, (_, place) =>
  here(`crowd-${place}`, { title: `number${place}`, content: `other${place}` }),
);

test("four operations do what they say: a change keeps id and half the record, a merge half of its parents' records", () => {
  const record = statistics({
    weight: 8,
    credit: 2,
    byCluster: { "typescript/fix": { weight: 8, credit: 2 } },
    shown: 10,
    shownSum: 6,
  });
  const fragments = byId([
    ...crowd,
    here("a", { statistics: record }),
    here("b", { statistics: record }),
    here("c", { state: "quarantined" }),
  ]);
  const plan: Operation[] = [
    { type: "add", draft: draft({ title: "New" }) },
    { type: "merge", ids: ["a", "b"], draft: draft({ title: "Both" }) },
    { type: "delete", id: "c" },
    { type: "modify", id: "crowd-0", draft: draft({ title: "Changed" }) },
  ];
  const applied = applyPlan(fragments, plan, run());
  if ("refusal" in applied) throw new Error(applied.refusal);
  const { changed } = applied;
  expect([...changed].map(([id, { state, version, title }]) => [id, state, version, title])).toEqual([
    ["new-0", "candidate", 1, "New"],
    ["a", "tombstone", 2, "Run the tests before the build"],
    ["b", "tombstone", 2, "Run the tests before the build"],
    ["new-1", "candidate", 1, "Both"],
    ["c", "tombstone", 2, "Run the tests before the build"],
    ["crowd-0", "candidate", 2, "Changed"],
  ]);
  expect(changed.get("new-1")).toMatchObject({
    statistics: record,
    lineage: {
      operation: "merge",
      parents: [
        { id: "a", version: 1 },
        { id: "b", version: 1 },
      ],
    },
  });
  expect(changed.get("crowd-0")?.lineage).toEqual({ operation: "modify", parents: [{ id: "crowd-0", version: 1 }] });
});

const refusals: [title: string, operations: Operation[], refusal: RegExp][] = [
  ["an unknown id", [{ type: "modify", id: "nobody", draft: draft() }], /no fragment nobody/],
  ["another account's id", [{ type: "delete", id: "stranger" }], /no fragment stranger/],
  ["another scope's id", [{ type: "merge", ids: ["a", "elsewhere"], draft: draft() }], /of this scope/],
  ["a merge of one", [{ type: "merge", ids: ["a"], draft: draft() }], /two different/],
  ["a merge of one with itself", [{ type: "merge", ids: ["a", "a"], draft: draft() }], /two different/],
  ["a merge of none", [{ type: "merge", ids: [], draft: draft() }], /of this scope/],
  ["a merge of what is not alike", [{ type: "merge", ids: ["a", "crowd-1"], draft: draft() }], /nearly the same/],
  ["a merge across kinds", [{ type: "merge", ids: ["a", "pitfall"], draft: draft() }], /one kind/],
  ["a merge with what did harm", [{ type: "merge", ids: ["a", "bad"], draft: draft() }], /did harm/],
  ["deleting what did nothing wrong", [{ type: "delete", id: "a" }], /only what did harm/],
  ["deleting what a person wrote", [{ type: "delete", id: "person" }], /only a person/],
  ["changing what a person wrote", [{ type: "modify", id: "person", draft: draft() }], /only a person/],
  ["changing a meta-prompt", [{ type: "modify", id: "prompt", draft: draft({ kind: "metaprompt" }) }], /waits for a person/],
  ["a change of kind", [{ type: "modify", id: "a", draft: draft({ kind: "fact" }) }], /keeps its kind/],
  ["empty text", [{ type: "add", draft: draft({ content: " \u200b\n" }) }], /needs a title/],
  ["text beyond its bound", [{ type: "add", draft: draft({ content: "x ".repeat(400) }) }], /at most 600/],
  [
    "something done twice",
    [
      { type: "modify", id: "a", draft: draft() },
      { type: "modify", id: "a", draft: draft() },
    ],
    /no fragment a/,
  ],
  ["more than a fifth", crowd.slice(0, 7).map(({ id }) => ({ type: "modify", id, draft: draft() }) as const), /at most 20%/],
  ["too many operations", Array.from({ length: 51 }, () => ({ type: "add", draft: draft() }) as const), /at most 50/],
];

test.each(refusals)("the whole plan is refused for %s", (_title, operations, refusal) => {
  const fragments = byId([
    ...crowd,
    here("a"),
    here("bad", { state: "quarantined" }),
    here("pitfall", { kind: "pitfall" }),
    here("person", { trust: "user", state: "quarantined" }),
    here("prompt", { kind: "metaprompt" }),
    here("stranger", { account: "other", state: "quarantined" }),
    fragment("elsewhere"),
  ]);
  const applied = applyPlan(fragments, [{ type: "add", draft: draft({ title: "First" }) }, ...operations], run());
  expect(applied).toEqual({ refusal: expect.stringMatching(refusal), operation: expect.any(Number) });
});

test("a fragment that was tried often in vain, or that an active one covers, may be deleted", () => {
  const vain = statistics({ weight: 60, credit: -9 });
  const fragments = byId([...crowd, here("vain", { statistics: vain }), here("covered"), here("cover", { state: "active" })]);
  const applied = applyPlan(
    fragments,
    [
      { type: "delete", id: "vain" },
      { type: "delete", id: "covered" },
    ],
    run(),
  );
  expect(applied).toEqual({ changed: expect.any(Map) });
  const alone = byId([...crowd, here("covered"), here("cover", { state: "probation" })]);
  expect(applyPlan(alone, [{ type: "delete", id: "covered" }], run())).toHaveProperty("refusal");
});

test("text of tools never comes into an account's scope, and makes what it is merged into text of tools", () => {
  const intoAccount = applyPlan(
    new Map(),
    [{ type: "add", draft: draft({ trust: "toolText" }) }],
    run({ scope: { type: "account" } }),
  );
  expect(intoAccount).toHaveProperty("refusal", expect.stringContaining("repository's scope"));
  const fragments = byId([...crowd, here("a"), here("b", { trust: "toolText" })]);
  const merged = applyPlan(fragments, [{ type: "merge", ids: ["a", "b"], draft: draft({ trust: "user" }) }], run());
  expect("changed" in merged && merged.changed.get("new-0")?.trust).toBe("toolText");
});

test("nobody becomes a person by proposing: what a run adds is trusted as the agent at most", () => {
  const applied = applyPlan(new Map(), [{ type: "add", draft: draft({ trust: "user" }) }], run());
  expect("changed" in applied && applied.changed.get("new-0")?.trust).toBe("agent");
});

test("a full scope lets the worst go that nobody used for long, and refuses when there is none", () => {
  const full = Array.from({ length: memoryLimits.fragmentsPerScopeMax }, (_, place) =>
    here(`full-${place}`, { statistics: statistics({ weight: 5, credit: place === 17 ? -2 : 1 }) }),
  );
  const applied = applyPlan(byId(full), [{ type: "add", draft: draft() }], run());
  expect("changed" in applied && [...applied.changed].map(([id, { state }]) => [id, state])).toEqual([
    ["full-17", "tombstone"],
    ["new-0", "candidate"],
  ]);
  const fresh = full.map((one) => ({ ...one, lastUsedAt: 99 * day }));
  expect(applyPlan(byId(fresh), [{ type: "add", draft: draft() }], run())).toHaveProperty(
    "refusal",
    expect.stringContaining("full"),
  );
});

test("whatever plans come, good and hostile, one after the other: the rules hold, and undoing restores every byte", () => {
  const applied = { add: 0, modify: 0, merge: 0, delete: 0 };
  for (let seed = 1; seed <= 60; seed++) {
    const random = createRandom(seed);
    let fragments = world(random);
    let next = 0;
    const undone: { text: string; record: ReturnType<typeof undoRecord> }[] = [];
    for (let round = 0; round < 40; round++) {
      const before = canonical([...fragments.values()]);
      const plan = Array.from({ length: 1 + random.below(4) }, () => operation(random, [...fragments.values()]));
      const thisRun = run({ nowMs: (100 + round) * day, newId: () => `new-${random.chance(0.02) ? 0 : next++}` });
      const result = applyPlan(fragments, plan, thisRun);
      expect(canonical([...fragments.values()]), `seed ${seed}: the input was changed`).toBe(before);
      if ("refusal" in result) continue;
      for (const { type } of plan) applied[type] += 1;
      const record = undoRecord(fragments, result.changed, thisRun.nowMs);
      undone.push({ text: sorted(fragments), record });
      const after = new Map([...fragments, ...result.changed]);
      check(fragments, after, result.changed, `seed ${seed}, round ${round}`);
      fragments = after;
    }
    for (const { text, record } of undone.toReversed()) {
      const back = undo(fragments, record);
      if ("refusal" in back) throw new Error(`seed ${seed}: ${back.refusal}`);
      for (const [id, old] of back.restored) old ? fragments.set(id, old) : fragments.delete(id);
      expect(sorted(fragments), `seed ${seed}`).toBe(text);
    }
  }
  // A test of refusals alone would prove nothing.
  expect(Math.min(...Object.values(applied)), JSON.stringify(applied)).toBeGreaterThan(20);
});

test("an earlier run is not undone under a later one", () => {
  const fragments = byId([...crowd]);
  const first = applyPlan(fragments, [{ type: "modify", id: "crowd-0", draft: draft() }], run());
  if ("refusal" in first) throw new Error(first.refusal);
  const record = undoRecord(fragments, first.changed, 1);
  const between = new Map([...fragments, ...first.changed]);
  const second = applyPlan(between, [{ type: "modify", id: "crowd-0", draft: draft({ title: "Again" }) }], run());
  if ("refusal" in second) throw new Error(second.refusal);
  expect(undo(new Map([...between, ...second.changed]), record)).toEqual({ refusal: "the fragment crowd-0 was changed again" });
});

test("what is forgotten goes with all that was made of it, and with the records that could bring it back", () => {
  const fragments = byId([...crowd, here("a"), here("b")]);
  const merged = applyPlan(fragments, [{ type: "merge", ids: ["a", "b"], draft: draft() }], run());
  if ("refusal" in merged) throw new Error(merged.refusal);
  const after = new Map([...fragments, ...merged.changed]);
  const gone = forget(after, "a");
  expect([...gone].sort()).toEqual([
    ["a", null],
    ["b", null],
    ["new-0", null],
  ]);
  expect([...forget(after, "new-0").keys()].sort()).toEqual(["a", "b", "new-0"]);
  expect([...forget(after, "crowd-3").keys()]).toEqual(["crowd-3"]);
  expect(recalls(undoRecord(fragments, merged.changed, 1), new Set(gone.keys()))).toBe(true);
  expect(forget(after, "nobody")).toEqual(new Map());
});

test("time buries what is quarantined, then lets it go, and its children forget it", () => {
  const child = here("child", {
    lineage: {
      operation: "merge",
      parents: [
        { id: "old", version: 1 },
        { id: "young", version: 1 },
      ],
    },
  });
  const fragments = byId([
    here("old", { state: "tombstone", stateSince: 0 }),
    here("young", { state: "tombstone", stateSince: 20 * day }),
    here("bad", { state: "quarantined", stateSince: 0 }),
    child,
  ]);
  const changes = sweep(fragments, 31 * day);
  expect([...changes.keys()].sort()).toEqual(["bad", "child", "old"]);
  expect(changes.get("old")).toBe(null);
  expect(changes.get("bad")?.state).toBe("tombstone");
  expect(changes.get("child")?.lineage.parents).toEqual([{ id: "young", version: 1 }]);
});

/** Some fragments of the scope, and some that are none of its business. */
function world(random: Random): Map<string, Fragment> {
  const texts = [
    "Run the tests before the build",
    "Run the tests first",
    "Never touch generated files",
    "Use the parser's own errors",
  ];
  const own = Array.from({ length: 10 + random.below(30) }, (_, place) =>
    here(`own-${place}`, {
      title: random.pick(texts),
      kind: random.pick(["strategy", "strategy", "pitfall", "metaprompt"]),
      state: random.pick(["candidate", "probation", "active", "quarantined"]),
      trust: random.pick(["agent", "agent", "agent", "user", "toolText"]),
      statistics: statistics({
        weight: random.below(80),
        credit: random.below(20) - 10,
        shown: random.below(90),
        shownSum: random.below(40),
      }),
    }),
  );
  return byId([...own, here("foreign", { account: "other" }), fragment("elsewhere"), here("dead", { state: "tombstone" })]);
}

function operation(random: Random, known: readonly Fragment[]): Operation {
  const id = () =>
    random.pick([...known.map((one) => one.id), ...known.map((one) => one.id), "nobody", "", "__proto__", "constructor"]);
  const proposed: Draft = draft({
    title: random.pick([
      "Run the tests before the build",
      "T",
      "",
      "x".repeat(81),
      "\u202eRun",
      "key sk-abcdefghijklmnopqrstuvwx",
    ]),
    kind: random.pick(["strategy", "strategy", "pitfall", "metaprompt"]),
    content: random.pick(["The build takes minutes, the tests seconds.", "ok", "", "password=hunter2hunter2"]),
    trust: random.pick(["agent", "user", "toolText"]),
  });
  const valid = { ...proposed, title: "Run the tests before the build", content: "The build takes minutes." };
  const sent = random.chance(0.7) ? valid : proposed;
  const kind = random.below(4);
  if (kind === 0) return { type: "add", draft: sent };
  if (kind === 1) return { type: "modify", id: id(), draft: sent };
  if (kind === 2 && random.chance(0.7)) {
    const alike = known.filter((one) => one.kind === "strategy" && one.trust === "agent" && /^Run the tests b/.test(one.title));
    return { type: "merge", ids: alike.slice(-2).map((one) => one.id), draft: { ...sent, kind: "strategy" } };
  }
  if (kind === 2) return { type: "merge", ids: Array.from({ length: random.below(4) }, id), draft: sent };
  return { type: "delete", id: id() };
}

function check(before: Map<string, Fragment>, after: Map<string, Fragment>, changed: Map<string, Fragment>, where: string): void {
  const living = [...before.values()].filter(
    (one) => one.account === "local" && scopeKey(one.scope) === scopeKey(scope) && one.state !== "tombstone",
  );
  const touched = [...changed.keys()].filter((id) => before.has(id));
  expect(touched.length, where).toBeLessThanOrEqual(living.length * 0.2);
  for (const id of touched)
    expect(
      living.map((one) => one.id),
      where,
    ).toContain(id);
  expect(after.get("foreign"), where).toBe(before.get("foreign"));
  expect(after.get("elsewhere"), where).toBe(before.get("elsewhere"));
  for (const one of after.values()) {
    expect(one.title.length > 0 && one.title.length <= 80 && one.when.length <= 160 && one.content.length <= 600, where).toBe(
      true,
    );
    expect(`${one.title}${one.content}`, where).not.toMatch(/sk-abc|hunter2|\u202e/);
    for (const parent of one.lineage.parents) expect(after.has(parent.id), `${where}: ${one.id} hangs in the air`).toBe(true);
  }
  for (const [id, now] of changed) {
    const old = before.get(id);
    expect(now.account, where).toBe("local");
    expect(scopeKey(now.scope), where).toBe(scopeKey(scope));
    if (old) expect(old.trust, where).not.toBe("user");
    if (old && now.state !== "tombstone") expect(now.statistics, where).toEqual(halfOf([old]));
    if (!old && now.lineage.operation === "merge") {
      const parents = now.lineage.parents.flatMap((parent) => before.get(parent.id) ?? []);
      expect(now.statistics, where).toEqual(halfOf(parents));
    }
  }
}

function halfOf(parents: readonly Fragment[]): Statistics {
  const half = (field: "weight" | "credit" | "shown" | "shownSum" | "dropped" | "droppedSum") =>
    parents.reduce((sum, parent) => sum + parent.statistics[field], 0) / 2;
  return {
    weight: half("weight"),
    credit: half("credit"),
    byCluster: {},
    shown: half("shown"),
    shownSum: half("shownSum"),
    dropped: half("dropped"),
    droppedSum: half("droppedSum"),
    cusum: 0,
  };
}

function sorted(fragments: ReadonlyMap<string, Fragment>): string {
  return canonical([...fragments.values()].sort((one, other) => (one.id < other.id ? -1 : 1)));
}
