/** What can be done, what it gains if the assumptions hold, and what it costs. */

export interface Action {
  id: string;
  kind: ActionKind;
  description: string;
  /** At most two assumptions that its gain depends on. */
  dependencies: string[];
  /**
   * Gain by the dependencies' truth, "10" meaning first true, second false; "" without dependencies. In [-1, 1], where 1 is the turn's goal
   * reached and accepted. A case that is missing has the gain of `undeclaredGain`.
   */
  gain: Record<string, number>;
  cost: Cost;
  /** The whole cost in units of gain, where it is given as a number: then the weights below are not used. */
  price: number | null;
}

export type ActionKind = "tool" | "patch" | "ask_user" | "answer" | "stop";

export interface Cost {
  tokens: number;
  seconds: number;
  /** It takes a person's attention. */
  asksUser: boolean;
  irreversible: boolean;
}

/**
 * C = w_t·tokens/10k + w_s·seconds/60 + w_u·user + w_r·irreversible·(1−P(success)), in units of gain; λ multiplies it. Starting values of
 * our design, to be tuned on real logs. PCE has C = α·distance + β·message length with α = β = λ = 1, which fits moves and messages only.
 */
export const weights = { per10kTokens: 0.05, perMinute: 0.02, user: 0.12, irreversible: 0.3, lambda: 1 } as const;

/** Off its scenario an action is not without consequence, as PCE has it (G = 0): it costs time, or what cannot be undone. Our design. */
export function undeclaredGain({ cost }: Action): number {
  return cost.irreversible ? -0.4 : -0.1;
}

/** What it gains whatever is true. */
export function worstGain(action: Action): number {
  const isComplete = Object.keys(action.gain).length === 2 ** action.dependencies.length;
  return Math.min(...Object.values(action.gain), ...(isComplete ? [] : [undeclaredGain(action)]));
}

/** `values` tells what is true; an assumption it does not know counts as false. */
export function gainOf(action: Action, isTrue: (assumptionId: string) => boolean): number {
  const truth = action.dependencies.map((id) => (isTrue(id) ? "1" : "0")).join("");
  return action.gain[truth] ?? undeclaredGain(action);
}

/**
 * The cost in one scenario. An action succeeds in a scenario when it gains something there, so that the mean over all scenarios has
 * the formula's 1−P(success).
 */
export function costIn(action: Action, gain: number): number {
  if (action.price !== null) return action.price;
  return effortOf(action.cost) + (action.cost.irreversible && gain <= 0 ? weights.irreversible : 0);
}

export function effortOf({ tokens, seconds, asksUser }: Omit<Cost, "irreversible">): number {
  return (weights.per10kTokens * tokens) / 10_000 + (weights.perMinute * seconds) / 60 + (asksUser ? weights.user : 0);
}
