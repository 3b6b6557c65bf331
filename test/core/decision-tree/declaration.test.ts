import { Ajv } from "ajv";
import { expect, test } from "vitest";
import { readDeclaration } from "#core/decision-tree/declaration";
import { decide } from "#core/decision-tree/tree";
import { limits } from "#core/limits";
import { declareAssumptionsParams, declareAssumptionsTool } from "#protocol/declare-assumptions";
import { createRandom, type Random } from "../../support/random.ts";

/** What a careful model says. */
const careful = {
  assumptions: [
    {
      id: "A1",
      text: "src/app.ts is the only caller of load",
      kind: "code_fact",
      likelihood: 4,
      path: "src/app.ts",
      quote: "only app.ts calls it",
      excludes: null,
    },
    {
      id: "A2",
      text: "The person wants load to stay exported",
      kind: "user_intent",
      likelihood: 3,
      path: null,
      quote: null,
      excludes: null,
    },
  ],
  actions: [
    {
      id: "rename",
      kind: "patch",
      description: "Rename load everywhere",
      gains: [
        { when: ["A1"], gain: 5 },
        { when: ["!A1"], gain: 2 },
      ],
      tokens: 10_000,
      seconds: 60,
      irreversible: false,
    },
    {
      id: "leave",
      kind: "answer",
      description: "Say what would change",
      gains: [{ when: [], gain: 3 }],
      tokens: 0,
      seconds: 0,
      irreversible: false,
    },
  ],
  probes: [{ id: "P1", assumption: "A1", method: "search", command: "rg -l 'load\\('", true_when: "succeeds", seconds: 3 }],
  question: { assumption: "A2", text: "Shall load stay exported?", answer_if_silent: true },
  safe_action: "leave",
};

test("what a careful model says is taken as it is", () => {
  expect(declareAssumptionsParams.safeParse(careful).success).toBe(true);
  const { deliberation, warnings } = readDeclaration(careful);
  expect(warnings).toEqual([]);
  expect(deliberation.assumptions[0]).toMatchObject({
    id: "A1",
    kind: "code_fact",
    subject: { path: "src/app.ts" },
    verbal: 4,
    prior: expect.closeTo(0.7, 9),
  });
  expect(deliberation.actions[0]).toMatchObject({ dependencies: ["A1"], gain: { "1": 1, "0": -0.5 }, price: null });
  expect(deliberation.probes).toMatchObject([
    { id: "P1", kind: "tool", sensitivity: 0.8, specificity: 0.9, cost: expect.closeTo(0.011, 9) },
    { id: "question", kind: "user", question: "Shall load stay exported?", defaultAnswer: true, cost: 0.12 },
  ]);
  expect(deliberation).toMatchObject({ safeActionId: "leave", budget: { questions: 1 } });
  expect(decide(deliberation).chosen).toMatchObject({ kind: "probe", id: "P1" });
});

test("a model's likelihood is read through what its kind's likelihoods turned out to mean", () => {
  const calibration = { version: 3, byKind: { code_fact: { slope: 0.5, intercept: 0 } } };
  const { assumptions } = readDeclaration(careful, { calibration }).deliberation;
  expect(assumptions[0]).toMatchObject({ prior: expect.closeTo(0.6044, 4), calibrationVersion: 3 });
  expect(assumptions[1]?.prior).toBeCloseTo(0.5, 9);
});

test("the tool's schema is one that endpoints enforce: closed objects, everything required, no dynamic names", () => {
  const tool = declareAssumptionsTool();
  expect(tool).toMatchObject({ type: "function", name: "declare_assumptions", strict: true });
  expect(looseObjectsIn(tool.parameters)).toEqual([]);
  const accepts = new Ajv({ strict: false }).compile(tool.parameters);
  expect(accepts(careful)).toBe(true);
  expect(accepts({ ...careful, assumptions: [{ ...careful.assumptions[0], probability: 0.9 }] })).toBe(false);
  expect(accepts({ ...careful, utility: 1 })).toBe(false);
});

test("a model cannot give probabilities, utilities or costs; rehearsal can", () => {
  const numbers = {
    assumptions: [{ ...careful.assumptions[0], probability: 0.01 }],
    probes: [{ ...careful.probes[0], cost: 0, sensitivity: 1 }],
    actions: [{ ...careful.actions[0], cost: 9, gains: [{ when: ["A1"], gain: 5 }] }],
    questions: [{ id: "Q", assumption: "A1", text: "so?", cost: 0, sensitivity: 1 }],
  };
  const asModel = readDeclaration(numbers).deliberation;
  expect(asModel.assumptions[0]?.prior).toBeCloseTo(0.7, 9);
  expect(asModel.actions[0]?.price).toBeNull();
  expect(asModel.probes).toMatchObject([{ id: "P1", cost: expect.closeTo(0.011, 9), sensitivity: 0.8 }]);
  const given = { ...numbers, actions: [{ ...careful.actions[0], cost: 0.1, gains: [{ when: ["A1"], gain: 0.9 }] }] };
  const asRehearsal = readDeclaration(given, { takesNumbers: true }).deliberation;
  expect(asRehearsal.assumptions[0]).toMatchObject({ prior: 0.01, verbal: null });
  expect(asRehearsal.actions[0]).toMatchObject({ price: 0.1, gain: { "1": 0.9 } });
  expect(asRehearsal.probes[0]).toMatchObject({ id: "P1", cost: 0, sensitivity: 1 });
  expect(asRehearsal.probes[1]).toMatchObject({ id: "Q", kind: "user", cost: 0, sensitivity: 1, specificity: 0.98 });
});

test("a case that names fewer assumptions covers what it fits, and the one that names more wins", () => {
  const gains = [
    { when: ["A1"], gain: 4 },
    { when: ["A1", "!A2"], gain: 1 },
    { when: [], gain: 3 },
  ];
  const { actions } = readDeclaration({ ...careful, actions: [{ ...careful.actions[0], gains }] }).deliberation;
  expect(actions[0]).toMatchObject({ dependencies: ["A1", "A2"], gain: { "11": 0.5, "10": -1, "01": 0, "00": 0 } });
});

/** Nonsense, and the warning it costs. */
const nonsense: [what: string, call: unknown, warning: string][] = [
  ["no object at all", "assume it works", "the arguments are not an object with fields"],
  ["nothing", null, "no action can be read: all that is left is to stop and say what is open"],
  [
    "a hundred assumptions",
    {
      ...careful,
      assumptions: Array.from({ length: 100 }, (_, index) => ({ ...careful.assumptions[0], id: `A${index}`, text: `t${index}` })),
    },
    "of 100 assumptions the first 6 are taken",
  ],
  [
    "the same id twice",
    { ...careful, assumptions: [careful.assumptions[0], { ...careful.assumptions[1], id: "A1" }] },
    "assumption A1 is declared twice: the first one stands",
  ],
  [
    "the same words twice",
    { ...careful, assumptions: [careful.assumptions[0], { ...careful.assumptions[0], id: "A2" }] },
    "assumption A2 says what another one says and is left out",
  ],
  [
    "a likelihood of 0.7",
    { ...careful, assumptions: [{ ...careful.assumptions[0], likelihood: 0.7 }] },
    "the likelihood of assumption A1 is taken as 3 of 5",
  ],
  [
    "a probe of nothing",
    { ...careful, probes: [{ ...careful.probes[0], assumption: "A9" }] },
    "probe P1 is about an assumption that is not declared, and is left out",
  ],
  [
    "a gain of nothing",
    { ...careful, actions: [{ ...careful.actions[0], gains: [{ when: ["A9"], gain: 5 }] }] },
    "a gain of action rename depends on an assumption that is not declared, and is left out",
  ],
  [
    "a case that contradicts itself",
    { ...careful, actions: [{ ...careful.actions[0], gains: [{ when: ["A1", "!A1"], gain: 5 }] }] },
    "a gain of action rename is for a case that contradicts itself or cannot be read, and is left out",
  ],
  [
    "two gains for one case",
    {
      ...careful,
      actions: [
        {
          ...careful.actions[0],
          gains: [
            { when: ["A1"], gain: 5 },
            { when: ["A1"], gain: 1 },
          ],
        },
      ],
    },
    "action rename has two gains for the same case: the first one stands",
  ],
  [
    "an irreversible safe action",
    { ...careful, actions: [{ ...careful.actions[1], irreversible: true }] },
    "leave cannot be undone and so is no safe action",
  ],
  ["a safe action that is not there", { ...careful, safe_action: "pray" }, "no declared action is named as the safe one"],
  [
    "an id that is a sentence",
    { ...careful, actions: [{ ...careful.actions[0], id: "rename it all" }] },
    "one action has no id of letters and digits and is left out",
  ],
  ["lists that are none", { ...careful, probes: "rg" }, "the probes are not a list"],
];

for (const [what, call, warning] of nonsense) {
  test(`${what} costs a warning, not the turn`, () => {
    const { deliberation, warnings } = readDeclaration(call);
    expect(warnings).toContain(warning);
    const { chosen } = decide(deliberation);
    const known = [...deliberation.actions, ...deliberation.probes].map(({ id }) => id);
    expect(known).toContain(chosen.id);
    expect(deliberation.actions.find(({ id }) => id === deliberation.safeActionId)?.cost.irreversible).toBe(false);
  });
}

test("an action depends on two assumptions at most: gains over more are left out", () => {
  const assumptions = ["A1", "A2", "A3"].map((id) => ({ ...careful.assumptions[0], id, text: id }));
  const gains = [
    { when: ["A1"], gain: 5 },
    { when: ["A1", "A2", "A3"], gain: 1 },
    { when: ["A2"], gain: 2 },
    { when: ["A3"], gain: 4 },
  ];
  const { deliberation, warnings } = readDeclaration({ ...careful, assumptions, actions: [{ ...careful.actions[0], gains }] });
  expect(deliberation.actions[0]?.dependencies).toEqual(["A1", "A2"]);
  expect(warnings).toContain("action rename depends on more than 2 assumptions: what goes beyond is left out");
});

test("a novel in place of a text is cut", () => {
  const novel = "word ".repeat(100_000);
  const assumptions = [{ ...careful.assumptions[0], text: novel, quote: novel, path: novel, excludes: novel }];
  const actions = [{ ...careful.actions[0], description: novel }];
  const probes = [{ ...careful.probes[0], command: novel }];
  const { deliberation } = readDeclaration({ ...careful, assumptions, actions, probes });
  expect(JSON.stringify(deliberation).length).toBeLessThan(8_000);
});

test("whatever is declared, also on purpose, stays within bounds and can be decided", () => {
  for (let seed = 1; seed <= 2_000; seed++) {
    const random = createRandom(seed);
    const { deliberation, warnings } = readDeclaration(mutated(careful, random), {
      takesNumbers: random.chance(0.5),
      isInteractive: random.chance(0.5),
    });
    const { assumptions, actions, probes } = deliberation;
    expect(assumptions.length, `seed ${seed}`).toBeLessThanOrEqual(limits.declaration.assumptionsMax);
    // The safe action is added where none was declared.
    expect(actions.length, `seed ${seed}`).toBeLessThanOrEqual(limits.declaration.actionsMax + 1);
    expect(probes.length, `seed ${seed}`).toBeLessThanOrEqual(2 * limits.declaration.probesMax);
    expect(warnings.length, `seed ${seed}`).toBeLessThanOrEqual(limits.declarationWarningsMax);
    const tree = decide(deliberation);
    expect(JSON.stringify(tree).length, `seed ${seed}`).toBeLessThan(64 * 1024);
    expect(Math.abs(tree.scenarios.reduce((sum, { probability }) => sum + probability, 0) - 1), `seed ${seed}`).toBeLessThan(
      1e-9,
    );
    expect(JSON.parse(JSON.stringify(tree)), `seed ${seed}`).toEqual(tree);
    for (const { expectedUtility, harmProbability } of tree.actions) {
      expect(Number.isFinite(expectedUtility) && Number.isFinite(harmProbability), `seed ${seed}`).toBe(true);
    }
  }
});

const junk: readonly unknown[] = [
  null,
  0,
  -1,
  3,
  5,
  1e308,
  -1e308,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  true,
  false,
  "",
  "A1",
  "!A1",
  "__proto__",
  "constructor",
  "x".repeat(10_000),
  [],
  {},
  [[]],
  ["A1", "A2", "A3"],
  { toString: null },
];

/** A copy in which values, also whole branches, are replaced by junk, doubled or left out. */
function mutated(value: unknown, random: Random): unknown {
  if (random.chance(0.04)) return random.pick(junk);
  if (Array.isArray(value)) {
    const grown = random.chance(0.1) ? Array.from({ length: 20 }, () => value).flat() : value;
    return grown.map((inner) => mutated(inner, random));
  }
  if (typeof value !== "object" || value === null) return value;
  const kept = Object.entries(value).filter(() => !random.chance(0.03));
  const added = random.chance(0.2)
    ? [
        ["probability", random.pick(junk)],
        ["cost", random.pick(junk)],
        ["sensitivity", random.pick(junk)],
      ]
    : [];
  return Object.fromEntries([...kept.map(([name, inner]) => [name, mutated(inner, random)]), ...added]);
}

/** Paths of object schemas that leave something open. */
function looseObjectsIn(schema: unknown, path = ""): string[] {
  if (typeof schema !== "object" || schema === null) return [];
  const inner = Object.entries(schema).flatMap(([name, value]) => looseObjectsIn(value, `${path}/${name}`));
  if (!("properties" in schema) || !("type" in schema)) return inner;
  const required = "required" in schema && Array.isArray(schema.required) ? schema.required : [];
  const isClosed = "additionalProperties" in schema && schema.additionalProperties === false;
  const isWhole = Object.keys(schema.properties ?? {}).every((name) => required.includes(name));
  return isClosed && isWhole ? inner : [path, ...inner];
}
