/** The scenarios: every way the assumptions together can turn out, with its probability. */
import type { Assumption } from "#core/decision-tree/assumption";
import { beliefsOf } from "#core/decision-tree/belief";

/** `values` are in the order of the assumptions. */
export interface World {
  values: readonly boolean[];
  probability: number;
}

/**
 * P(S) = Π P(A_i = v_i), independent between groups: the probabilities sum to 1 by construction, which the paper's free scores do not
 * (PCE figure 1: two scenarios that exclude each other both carry Likelihood 4). At most 2^6 of them; impossible ones are left out.
 */
export function worldsOf(assumptions: readonly Assumption[]): World[] {
  let worlds: World[] = [{ values: assumptions.map(() => false), probability: 1 }];
  for (const { members, cases } of beliefsOf(assumptions)) {
    worlds = worlds.flatMap(({ values, probability }) =>
      cases.flatMap((share, index) => {
        const member = members[index - 1];
        if (share === 0) return [];
        return [{ values: member === undefined ? values : values.with(member, true), probability: probability * share }];
      }),
    );
  }
  return worlds;
}
