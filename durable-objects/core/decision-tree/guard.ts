/** What cannot be undone is not done on a guess. */
import type { Action } from "#core/decision-tree/action";
import { type Outlook, rounding } from "#core/decision-tree/utility";

/** Our design: at most this probability of doing harm, or a person decides. */
export const harmProbabilityMax = 0.05;

/** P(harm) = Σ P(S) over the scenarios in which the action's gain is negative. */
export function harmProbability({ worlds, gains }: Outlook, action: number): number {
  return worlds.reduce((sum, { probability }, world) => ((gains[action]?.[world] ?? 0) < 0 ? sum + probability : sum), 0);
}

export function needsApproval({ cost }: Action, harm: number): boolean {
  return cost.irreversible && harm > harmProbabilityMax + rounding;
}
