/** As much as may be declared at once: for measuring how long a tree takes. */
import type { Action } from "#core/decision-tree/action";
import { assume } from "#core/decision-tree/assumption";
import { budgetOf, type Deliberation } from "#core/decision-tree/deliberation";
import type { Probe } from "#core/decision-tree/probe";

/** 6 assumptions × 8 actions × 4 probes; nothing is decided by the first look. */
export function largestDeliberation(): Deliberation {
  const names = ["A1", "A2", "A3", "A4", "A5", "A6"];
  const assumptions = names.map((id, index) => assume({ id, text: id, kind: "code_fact", prior: 0.35 + 0.06 * index }));
  const actions = Array.from({ length: 8 }, (_, index): Action => {
    const dependencies = [names[index % 6] ?? "", names[(index + 2) % 6] ?? ""];
    const cost = { tokens: 5_000, seconds: 30, asksUser: false, irreversible: index === 0 };
    const gain = { "11": 1 - 0.05 * index, "10": -0.2, "01": 0.3, "00": -0.4 };
    return { id: `B${index + 1}`, kind: "tool", description: "", dependencies, gain, cost, price: null };
  });
  const probes = Array.from({ length: 4 }, (_, index): Probe => {
    const about = {
      id: `Q${index}`,
      assumptionId: names[index] ?? "",
      sensitivity: 0.8,
      specificity: 0.8,
      cost: 0.9,
      isSpent: false,
    };
    return { ...about, kind: "tool", method: "tests", command: "", trueWhen: "succeeds" };
  });
  return { assumptions, actions, probes, safeActionId: "B2", budget: budgetOf(false) };
}
