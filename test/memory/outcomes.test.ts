/** A turn counts once, by its highest revision, however often and in whatever order it is told. */
import { expect, test } from "vitest";
import { outcomeOf, type Signal } from "#core/memory/outcome";
import type { TurnReport } from "#core/memory/report";
import { createRandom } from "../support/random.ts";
import { turnReport, turnUse } from "../support/turn-report.ts";
import { World } from "./world.ts";

const signals: Signal[] = [
  { type: "accepted", editedShare: 0.5 },
  { type: "declined" },
  { type: "reverted" },
  { type: "failed" },
  { type: "rephrased" },
];

function seeded(): { world: World; ids: string[] } {
  const world = new World();
  for (const [index, word] of ["alpha", "bravo", "charlie", "delta"].entries()) {
    const said = {
      turnId: `seed-${index}`,
      threadId: `seed-${index}`,
      request: `${word} ${word}s work`,
      repository: index % 2 ? "r" : null,
    };
    world.memory.hear(
      turnReport({ ...said, correction: `The ${word} way is the ${word} one`, signals: [{ type: "interrupted" }] }),
    );
  }
  return { world, ids: [...world.memory.fragments.all().keys()] };
}

function reportsOf(seed: number, ids: readonly string[]): TurnReport[][] {
  const random = createRandom(seed);
  return Array.from({ length: 120 }, (_, turn) => {
    const arm = random.chance(0.4) ? ("none" as const) : ("memory" as const);
    const shown =
      arm === "none" ? [] : ids.filter(() => random.chance(0.4)).map((id) => ({ id, weight: 0.25 + random.below(4) / 4 }));
    const used = turnUse({ arm, shown, dropped: shown.splice(2), cluster: `typescript/${random.pick(["fix", "test"])}` });
    const repository = random.chance(0.5) ? "r" : null;
    const named = { turnId: `turn-${turn}`, threadId: `thread-${turn % 17}`, repository };
    return Array.from({ length: 1 + random.below(3) }, (_, index) =>
      turnReport({ ...named, revision: index + 1, used, signals: [random.pick(signals)] }),
    );
  });
}

test("counts and sums are those of each turn's last revision, told up to three times in any order", () => {
  for (let seed = 1; seed <= 6; seed++) {
    const random = createRandom(seed);
    const { world, ids } = seeded();
    const turns = reportsOf(seed, ids);
    const told = turns.flatMap((revisions) =>
      revisions.flatMap((report) => Array.from({ length: 1 + random.below(3) }, () => report)),
    );
    for (let place = told.length - 1; place > 0; place--) {
      const other = random.below(place + 1);
      const [one, two] = [told[place], told[other]];
      if (one && two) [told[place], told[other]] = [two, one];
    }
    for (const report of told) world.memory.hear(report);

    const final = turns.flatMap((revisions) => revisions.slice(-1));
    const counted = final.flatMap((report) => {
      const outcome = outcomeOf(report.signals);
      return outcome ? [{ report, outcome }] : [];
    });
    expect(world.memory.standing().outcomes, `seed ${seed}`).toBe(counted.length);
    for (const id of ids) {
      const { statistics } = world.memory.require(id);
      const shown = counted.filter(({ report }) => report.used?.shown.some((use) => use.id === id));
      const dropped = counted.filter(({ report }) => report.used?.dropped.some((use) => use.id === id));
      const sum = (found: typeof counted) => found.reduce((total, { outcome }) => total + outcome.y, 0);
      expect([statistics.shown, statistics.dropped], `seed ${seed}`).toEqual([shown.length, dropped.length]);
      expect(statistics.shownSum, `seed ${seed}`).toBeCloseTo(sum(shown), 9);
      expect(statistics.droppedSum, `seed ${seed}`).toBeCloseTo(sum(dropped), 9);
    }
    for (const [scope, own] of [
      ["account", counted],
      ["repository/r", counted.filter(({ report }) => report.repository === "r")],
    ] as const) {
      const trial = world.memory.scopes.trial(scope);
      for (const arm of ["memory", "none"] as const) {
        const ofArm = own.filter(({ report }) => report.used?.arm === arm);
        expect(trial[arm].weight, `seed ${seed} ${scope}`).toBeCloseTo(
          ofArm.reduce((total, { outcome }) => total + outcome.weight, 0),
          9,
        );
        expect(trial[arm].sum).toBeCloseTo(
          ofArm.reduce((total, { outcome }) => total + outcome.weight * outcome.y, 0),
          9,
        );
      }
    }
  }
});

test("the credit of a turn that is taken back whole is gone to the last digit that counts", () => {
  const { world, ids } = seeded();
  const [id = ""] = ids;
  const before = { fragment: world.memory.require(id), knowledge: world.memory.scopes.knowledge("account") };
  const used = turnUse({ shown: [{ id, weight: 1 }] });
  world.memory.hear(turnReport({ turnId: "turn", used, signals: [{ type: "declined" }] }));
  expect(world.memory.require(id).statistics.credit).toBeLessThan(0);
  world.memory.hear(turnReport({ turnId: "turn", revision: 2, used, signals: [{ type: "failed" }] }));
  const { statistics } = world.memory.require(id);
  expect([statistics.shown, statistics.weight, statistics.credit, statistics.byCluster]).toEqual([0, 0, 0, {}]);
  const { prior, baselines } = world.memory.scopes.knowledge("account");
  expect(prior).toEqual(before.knowledge.prior);
  expect(baselines.all).toEqual(before.knowledge.baselines.all);
});

test("what a turn taught first and nobody used is replaced by what its last revision teaches", () => {
  const world = new World();
  const changes = [{ path: "src/dates.ts", isApproved: true }];
  world.memory.hear(turnReport({ changes }));
  expect([...world.memory.fragments.all().values()].map(({ kind }) => kind)).toEqual(["strategy"]);
  world.memory.hear(
    turnReport({
      revision: 2,
      changes,
      correction: "Not like that.",
      signals: [{ type: "accepted", editedShare: 0 }, { type: "reverted" }],
    }),
  );
  expect([...world.memory.fragments.all().values()].map(({ kind }) => kind)).toEqual(["pitfall"]);
});

test("three threads that proved the same in their repositories make it the account's, text of tools never", () => {
  const world = new World();
  for (const place of [1, 2, 3]) {
    const said = {
      threadId: `thread-${place}`,
      turnId: `turn-${place}`,
      repository: `r${place}`,
      changes: [{ path: "a.ts", isApproved: true }],
    };
    world.memory.hear(turnReport({ ...said, correction: "Use parseDate in all parsers." }));
  }
  const all = [...world.memory.fragments.all().values()];
  expect(all.map(({ trust }) => trust).sort()).toEqual(["agent", "agent", "agent", "toolText", "toolText", "toolText"]);
  world.memory.fragments.put(new Map(all.map((fragment) => [fragment.id, { ...fragment, state: "active" }])), world.nowMs);
  world.optimizer.run();
  const promoted = [...world.memory.fragments.ofScope("account").values()];
  expect(promoted.map(({ content, state, trust }) => [content, state, trust])).toEqual([
    ["Use parseDate in all parsers.", "candidate", "agent"],
  ]);
  world.optimizer.run();
  expect(world.memory.fragments.ofScope("account").size).toBe(1);
  // Whichever of them a person forgets, what says the same elsewhere does not stay behind.
  expect(world.memory.forget(all.find(({ trust }) => trust === "agent")?.id ?? "")).toHaveLength(4);
  expect([...world.memory.fragments.all().values()].map(({ trust }) => trust)).toEqual(["toolText", "toolText", "toolText"]);
});

test("resolved assumptions are counted once each, and teach what likely means", () => {
  const world = new World();
  const assumptionsOf = (turn: number) => [
    {
      id: "A1",
      kind: "code_fact" as const,
      stated: 0.9,
      isTrue: turn % 2 === 0,
      observations: [{ method: "tests" as const, observed: true }],
    },
  ];
  for (let turn = 0; turn < 60; turn++) {
    for (const revision of [1, 2, 2])
      world.memory.hear(turnReport({ turnId: `turn-${turn}`, revision, assumptions: assumptionsOf(turn) }));
  }
  const { sensors, calibration } = world.memory.standing();
  expect(sensors).toEqual({ "tests code_fact": { truePositives: 30, falseNegatives: 0, trueNegatives: 0, falsePositives: 30 } });
  expect(calibration.byKind.code_fact?.slope ?? 1).toBeLessThan(1);
});
