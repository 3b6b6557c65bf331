/** What an answer is worth before it is known: value of information. */

import { weights } from "#core/decision-tree/action";
import type { Assumption } from "#core/decision-tree/assumption";
import { earlierOf } from "#core/decision-tree/deliberation";
import type { Probe } from "#core/decision-tree/probe";
import { damped, dampingAfter, type Sensor } from "#core/decision-tree/sensor";
import { bestUtility, type Outlook, probabilitiesOf, type Weights } from "#core/decision-tree/utility";

export interface Worth {
  probe: Probe;
  /** EVSI, never negative. */
  valueOfInformation: number;
  /** After its cost. */
  netValueOfInformation: number;
}

/** EVSI(q) = Σ_o P(o)·max_a EU(a|o) − max_a EU(a), and netVOI(q) = EVSI(q) − cost(q). The classic definition. */
export function worthOf(outlook: Outlook, probe: Probe): Worth {
  return worthOfAll(outlook, [probe], probe);
}

/** Of two probes that are both run: some help only together, and then each alone looks like a waste. */
export function worthOfPair(outlook: Outlook, first: Probe, second: Probe): Worth {
  return worthOfAll(outlook, [first, second], first);
}

function worthOfAll(outlook: Outlook, probes: readonly Probe[], probe: Probe): Worth {
  const before = probabilitiesOf(outlook);
  const answers = probes.reduce<Weights[]>(
    (beliefs, next) => beliefs.flatMap((belief) => afterAnswers(outlook, belief, next)),
    [before],
  );
  // Beliefs are scaled by the probability of their answers, so that adding up is the mean.
  const informed = answers.reduce((sum, belief) => sum + bestUtility(outlook, belief), 0);
  const valueOfInformation = Math.max(0, informed - bestUtility(outlook, before));
  const cost = probes.reduce((sum, asked) => sum + asked.cost, 0);
  return { probe, valueOfInformation, netValueOfInformation: valueOfInformation - weights.lambda * cost };
}

/** The belief after "true" and after "false", each scaled by the probability of that answer. */
function afterAnswers(outlook: Outlook, belief: Weights, probe: Probe): Weights[] {
  const position = outlook.assumptions.findIndex(({ id }) => id === probe.assumptionId);
  const assumption = outlook.assumptions[position];
  if (!assumption) return [belief];
  const { sensitivity, specificity } = sensorNow(assumption, probe);
  return [true, false].map((observed) =>
    belief.map((weight, world) => {
      const isTrue = outlook.worlds[world]?.values[position] ?? false;
      const chance = isTrue === observed ? (isTrue ? sensitivity : specificity) : isTrue ? 1 - sensitivity : 1 - specificity;
      return weight * chance;
    }),
  );
}

/** As its answer would be believed now: less, where the same source has spoken before. */
function sensorNow(assumption: Assumption, probe: Probe): Sensor {
  return damped(probe, dampingAfter(earlierOf(assumption, probe.kind === "user" ? "user" : probe.id)));
}
