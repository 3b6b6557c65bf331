/** The paper's own score, kept beside ours so that both can be looked at. It decides nothing here. */
import { costIn, weights } from "#core/decision-tree/action";
import { best, type Outlook } from "#core/decision-tree/utility";

/** U(S,a) = L(S)·G(a) − λ·C(a), PCE's project page, with L(S) = P(S). */
export function paperUtility({ worlds, actions, gains }: Outlook, world: number, action: number): number {
  const gain = gains[action]?.[world] ?? 0;
  const chosen = actions[action];
  return (worlds[world]?.probability ?? 0) * gain - weights.lambda * (chosen ? costIn(chosen, gain) : 0);
}

/** PCE's rule taken literally: the action of the one leaf with the largest U. */
export function paperChoice(outlook: Outlook): number {
  return best(
    outlook.actions.map((_, action) => Math.max(...outlook.worlds.map((_world, world) => paperUtility(outlook, world, action)))),
  ).action;
}
