/** Act, look something up, or ask: whatever is worth most now. */

import type { Budget, Deliberation } from "#core/decision-tree/deliberation";
import { harmProbability, needsApproval } from "#core/decision-tree/guard";
import type { Probe } from "#core/decision-tree/probe";
import { best, expectedUtilities, type Outlook, probabilitiesOf, rounding, supposing } from "#core/decision-tree/utility";
import { type Worth, worthOf, worthOfPair } from "#core/decision-tree/voi";

export type Choice =
  /** `needsApproval`: it cannot be undone and may do harm, so a person is asked first. */
  | { kind: "act"; actionId: string; needsApproval: boolean }
  /** `pairedWith`: worth it only together with that one. */
  | { kind: "probe"; probeId: string; netValueOfInformation: number; pairedWith: string | null }
  | { kind: "ask"; probeId: string; netValueOfInformation: number };

/**
 * The probe with the largest net value of information, if that is above 0 and the budget allows it; else the action with the largest
 * expected utility. A person is asked only where that is worth more than every look-up. Our design, in place of PCE's leaf "communicate".
 * What is taken for granted because nobody answered decides what is best, and never what is harmless.
 */
export function choose(believed: Outlook, { probes, budget }: Pick<Deliberation, "probes" | "budget">): Choice {
  const outlook = supposing(believed);
  const open = probes.filter((probe) => !probe.isSpent && isAffordable(probe, budget));
  const first = mostWorth(open.map((probe) => worthOf(outlook, probe)));
  if (first && first.netValueOfInformation > rounding) return asking(first, null);
  const utilities = expectedUtilities(outlook, probabilitiesOf(outlook));
  const leader = best(utilities);
  const runnerUp = best(utilities.map((utility, action) => (action === leader.action ? Number.NEGATIVE_INFINITY : utility)));
  if (budget.pairs > 0 && leader.utility - runnerUp.utility < closeCall) {
    const pair = bestPair(outlook, open, budget);
    if (pair) return asking(pair.worth, pair.second.id);
  }
  const action = outlook.actions[leader.action];
  const harm = Math.max(harmProbability(believed, leader.action), harmProbability(outlook, leader.action));
  return { kind: "act", actionId: action?.id ?? "", needsApproval: action !== undefined && needsApproval(action, harm) };
}

/** What is left to ask after this choice was followed. */
export function spend(budget: Budget, choice: Choice): Budget {
  switch (choice.kind) {
    case "act":
      return budget;
    case "probe":
      return {
        ...budget,
        toolProbes: budget.toolProbes - 1,
        pairs: choice.pairedWith === null ? budget.pairs : budget.pairs - 1,
      };
    case "ask":
      return { ...budget, questions: budget.questions - 1 };
    default:
      return choice satisfies never;
  }
}

/** Looking one probe ahead misses pairs that help only together; they are looked at when the two best actions are this close. Our design. */
const closeCall = 0.05;

function isAffordable({ kind }: Probe, budget: Budget): boolean {
  return kind === "tool" ? budget.toolProbes > 0 : budget.questions > 0;
}

function asking({ probe, netValueOfInformation }: Worth, pairedWith: string | null): Choice {
  const probeId = probe.id;
  return probe.kind === "tool"
    ? { kind: "probe", probeId, netValueOfInformation, pairedWith }
    : { kind: "ask", probeId, netValueOfInformation };
}

function mostWorth(worths: readonly Worth[]): Worth | undefined {
  const leader = best(worths.map(({ netValueOfInformation }) => netValueOfInformation));
  const worth = worths[leader.action];
  // Of a question and a look-up of equal worth, the look-up: `best` takes the first of equals.
  const lookup = worths.find(
    ({ probe, netValueOfInformation }) => probe.kind === "tool" && netValueOfInformation >= leader.utility,
  );
  return lookup ?? worth;
}

function bestPair(outlook: Outlook, open: readonly Probe[], budget: Budget): { worth: Worth; second: Probe } | null {
  if (budget.toolProbes < 2) return null;
  const tools = open.filter(({ kind }) => kind === "tool");
  const pairs = tools.flatMap((first, index) =>
    tools
      .slice(index + 1)
      .filter(({ assumptionId }) => assumptionId !== first.assumptionId)
      .map((second) => ({ worth: worthOfPair(outlook, first, second), second })),
  );
  const pair = pairs[best(pairs.map(({ worth }) => worth.netValueOfInformation)).action];
  return pair && pair.worth.netValueOfInformation > rounding ? pair : null;
}
