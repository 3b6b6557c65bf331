/** What each action is worth in each scenario, and the best one under any belief. */
import { type Action, costIn, gainOf, weights } from "#core/decision-tree/action";
import { type Assumption, supposedValue } from "#core/decision-tree/assumption";
import { type World, worldsOf } from "#core/decision-tree/world";

/** All that can happen: worlds, and by action and world its gain and its utility G(a|S) − λ·C(a|S). */
export interface Outlook {
  assumptions: readonly Assumption[];
  actions: readonly Action[];
  worlds: readonly World[];
  gains: readonly (readonly number[])[];
  utilities: readonly (readonly number[])[];
}

export function outlookOf(assumptions: readonly Assumption[], actions: readonly Action[]): Outlook {
  const worlds = worldsOf(assumptions);
  const positions = new Map(assumptions.map(({ id }, position) => [id, position]));
  const gains = actions.map((action) =>
    worlds.map(({ values }) => gainOf(action, (id) => values[positions.get(id) ?? -1] ?? false)),
  );
  const utilities = actions.map((action, index) =>
    (gains[index] ?? []).map((gain) => gain - weights.lambda * costIn(action, gain)),
  );
  return { assumptions, actions, worlds, gains, utilities };
}

/** The same where all that is taken for granted is so. What is believed to be impossible is not taken for granted. */
export function supposing(outlook: Outlook): Outlook {
  const values = outlook.assumptions.map(supposedValue);
  if (values.every((value) => value === null)) return outlook;
  const isSupposed = (world: World) => values.every((value, position) => value === null || world.values[position] === value);
  const total = sum(outlook.worlds.map((world) => (isSupposed(world) ? world.probability : 0)));
  if (total === 0) return outlook;
  const worlds = outlook.worlds.map((world) => ({ ...world, probability: isSupposed(world) ? world.probability / total : 0 }));
  return { ...outlook, worlds };
}

/** By world. They need not sum to 1: then what comes out is scaled as they are. */
export type Weights = readonly number[];

export function probabilitiesOf({ worlds }: Outlook): Weights {
  return worlds.map(({ probability }) => probability);
}

/**
 * EU(a) = Σ_S P(S)·G(a|S) − λ·C(a), over all scenarios. PCE takes the one leaf with the largest U(S,a) instead; measured on synthetic
 * problems that is worth less (docs/evaluation.md).
 */
export function expectedUtilities({ utilities }: Outlook, weightOf: Weights): number[] {
  return utilities.map((row) => {
    // The innermost of all loops, and so written out: `npm run bench:decisions` sees the difference.
    let sum = 0;
    for (let world = 0; world < row.length; world++) sum += (row[world] ?? 0) * (weightOf[world] ?? 0);
    return sum;
  });
}

export interface Best {
  action: number;
  utility: number;
}

/** The first of equals, where differences below 1e-12 are rounding: the order of assumptions must not choose. */
export function best(utilities: readonly number[]): Best {
  return utilities.reduce<Best>(
    (leader, utility, action) => (utility > leader.utility + rounding ? { action, utility } : leader),
    { action: 0, utility: Number.NEGATIVE_INFINITY },
  );
}

export const rounding = 1e-12;

/** max_a Σ_S w(S)·U(a|S). */
export function bestUtility(outlook: Outlook, weightOf: Weights): number {
  return best(expectedUtilities(outlook, weightOf)).utility;
}

/** The weights of those worlds in which the assumption at this position has this value; 0 elsewhere. */
export function given({ worlds }: Outlook, weightOf: Weights, position: number, value: boolean): Weights {
  return weightOf.map((weight, world) => (worlds[world]?.values[position] === value ? weight : 0));
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
