/** The worked example of the design page, and deliberations from a seed. */
import type { Action } from "#core/decision-tree/action";
import { type Assumption, assume } from "#core/decision-tree/assumption";
import { budgetOf, type Deliberation } from "#core/decision-tree/deliberation";
import type { Probe } from "#core/decision-tree/probe";
import type { Random } from "../../support/random.ts";

export function assumption(id: string, prior: number, more: Partial<Assumption> = {}): Assumption {
  return { ...assume({ id, text: `${id} holds`, kind: "code_fact", prior }), ...more };
}

export function action(id: string, price: number, dependencies: string[], gain: Action["gain"], irreversible = false): Action {
  const cost = { tokens: 0, seconds: 0, asksUser: false, irreversible };
  return { id, kind: "patch", description: `do ${id}`, dependencies, gain, cost, price };
}

export function toolProbe(id: string, assumptionId: string, sensitivity: number, specificity: number, cost: number): Probe {
  const about = { id, assumptionId, sensitivity, specificity, cost, isSpent: false };
  return { ...about, kind: "tool", method: "tests", command: "true", trueWhen: "succeeds" };
}

export function question(id: string, assumptionId: string, sensitivity = 0.98, specificity = 0.98, cost = 0.12): Probe {
  const about = { id, assumptionId, sensitivity, specificity, cost, isSpent: false };
  return { ...about, kind: "user", question: `is ${assumptionId} so?`, defaultAnswer: true };
}

/** Source of every number: the design page's golden vectors. */
export function example(): Deliberation {
  return {
    assumptions: [assumption("A1", 0.7), assumption("A2", 0.4)],
    actions: [
      action("patchX", 0.1, ["A1"], { "1": 0.9, "0": -0.2 }),
      action("refactor", 0.15, ["A1", "A2"], { "11": 1, "10": -0.3, "01": 0.3, "00": -0.3 }),
      action("safeGuard", 0.05, [], { "": 0.35 }),
    ],
    probes: [toolProbe("Q", "A1", 0.9, 0.85, 0.03), question("askA1", "A1"), question("askA2", "A2")],
    safeActionId: "safeGuard",
    budget: budgetOf(false),
  };
}

/** Anything that is within bounds, with extremes more often than chance would have it. */
export function anyDeliberation(random: Random): Deliberation {
  const share = () => (random.chance(0.2) ? random.pick([0, 1, 0.5]) : random.below(1001) / 1000);
  const assumptions = Array.from({ length: random.below(7) }, (_, index) =>
    assumption(`A${index + 1}`, share(), { group: random.chance(0.3) ? random.pick(["g", "h"]) : null }),
  );
  const ids = assumptions.map(({ id }) => id);
  const actions = Array.from({ length: 1 + random.below(8) }, (_, index) => {
    const dependencies = Array.from(new Set(Array.from({ length: random.below(3) }, () => ids.length > 0 && random.pick(ids))));
    const known = dependencies.filter((id) => id !== false);
    const keys = known.reduce<string[]>((all) => all.flatMap((key) => [`${key}1`, `${key}0`]), [""]);
    const gain = Object.fromEntries(keys.filter(() => random.chance(0.8)).map((key) => [key, share() * 2 - 1]));
    const cost = {
      tokens: random.below(1e6),
      seconds: random.below(1e4),
      asksUser: random.chance(0.2),
      irreversible: random.chance(0.3),
    };
    return { ...action(`B${index + 1}`, 0, known, gain), cost, price: random.chance(0.5) ? share() : null };
  });
  const probes =
    ids.length === 0 ? [] : Array.from({ length: random.below(5) }, (_, index) => anyProbe(random, index, ids, share));
  return { assumptions, actions, probes, safeActionId: "B1", budget: budgetOf(random.chance(0.5)) };
}

function anyProbe(random: Random, index: number, ids: readonly string[], share: () => number): Probe {
  return random.chance(0.3)
    ? question(`Q${index}`, random.pick(ids), share(), share(), share())
    : toolProbe(`Q${index}`, random.pick(ids), share(), share(), share());
}

/** In another order, by Fisher and Yates. */
export function shuffled<Value>(values: readonly Value[], random: Random): Value[] {
  const left = [...values];
  return values.map(() => left.splice(random.below(left.length), 1)[0] as Value);
}
