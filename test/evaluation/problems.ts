/**
 * Synthetic decisions whose truth is known (the design's E1): three hidden assumptions, six actions that a wrong assumption can make harmful, an
 * estimator that errs about both, look-ups and questions. The numbers are ours: they compare rules under stated assumptions and say
 * nothing about the size of gains with a real model.
 */
import type { Action } from "#core/decision-tree/action";
import { type Assumption, assume } from "#core/decision-tree/assumption";
import { statedProbability } from "#core/decision-tree/calibration";
import { budgetOf, type Deliberation } from "#core/decision-tree/deliberation";
import { logitOf, probabilityOfLogit } from "#core/decision-tree/probability";
import type { Probe } from "#core/decision-tree/probe";
import type { Likelihood } from "#protocol/declare-assumptions";
import type { Random } from "../support/random.ts";

/** How the estimator's probabilities come from the true ones. */
export interface Regime {
  name: string;
  /** stated log-odds = stretch · (true log-odds + noise); 1 is calibrated but for the noise, more is over-confident. */
  stretch: number;
  /** It has no idea: in place of the true log-odds stands 0. */
  isBlind: boolean;
  /** Standard deviation of the noise, in log-odds. */
  noise: number;
  /** Of the hidden truths, which the estimator takes to be independent (Gaussian copula). */
  correlation: number;
  /** Said in words of one to five, as a model has to. */
  isVerbal: boolean;
}

const plain = { isBlind: false, noise: 0.5, correlation: 0, isVerbal: false };
export const regimes: readonly Regime[] = [
  { name: "calibrated", ...plain, stretch: 1 },
  { name: "over-confident ×1.8", ...plain, stretch: 1.8 },
  { name: "over-confident ×3", ...plain, stretch: 3 },
  { name: "under-confident ×0.5", ...plain, stretch: 0.5 },
  { name: "uninformative", ...plain, stretch: 1, isBlind: true, noise: 1.5 },
  { name: "correlated 0.6, ×1.8", ...plain, stretch: 1.8, correlation: 0.6 },
  { name: "in words of 1 to 5, ×1.8", ...plain, stretch: 1.8, isVerbal: true },
];

export interface Problem {
  /** What the estimator believes before calibration. */
  stated: number[];
  /** The true probabilities, and what is so. */
  probabilities: number[];
  truth: boolean[];
  /** The actions with their true gains, and as the estimator sees them. */
  actions: Action[];
  estimatedActions: Action[];
  probes: Probe[];
  /** By probe: what it answers, drawn beforehand, so that every policy hears the same. */
  answers: Map<string, boolean>;
}

export const ids: readonly string[] = ["A1", "A2", "A3"];

export function drawProblem(regime: Regime, random: Random): Problem {
  const probabilities = ids.map(() => probabilityOfLogit(1.5 * normal(random)));
  const stated = probabilities.map((probability) => {
    const known = regime.isBlind ? 0 : logitOf(probability);
    const raw = probabilityOfLogit(regime.stretch * (known + regime.noise * normal(random)));
    return regime.isVerbal ? statedProbability(inWords(raw)) : raw;
  });
  const common = normal(random);
  const truth = probabilities.map((probability) => {
    const own = Math.sqrt(regime.correlation) * common + Math.sqrt(1 - regime.correlation) * normal(random);
    return cumulative(own) < probability;
  });
  const actions = [...Array.from({ length: 5 }, (_, index) => drawAction(`B${index + 1}`, random)), safeAction(random)];
  const estimatedActions = actions.map((action) => ({
    ...action,
    gain: Object.fromEntries(Object.entries(action.gain).map(([key, gain]) => [key, gain + 0.1 * normal(random)])),
  }));
  const probes = ids.flatMap((id) => [lookUp(id, random), question(id)]);
  const answers = new Map(
    probes.map((probe) => {
      const isTrue = truth[ids.indexOf(probe.assumptionId)] ?? false;
      return [probe.id, random.chance(isTrue ? probe.sensitivity : 1 - probe.specificity)];
    }),
  );
  return { stated, probabilities, truth, actions, estimatedActions, probes, answers };
}

/** As one who believes these probabilities and gains has to weigh it. */
export function deliberationOf(problem: Problem, priors: readonly number[], actions: Action[]): Deliberation {
  const assumptions = ids.map(
    (id, index): Assumption => assume({ id, text: id, kind: "code_fact", prior: priors[index] ?? 0.5 }),
  );
  return { assumptions, actions, probes: problem.probes, safeActionId: "safe", budget: budgetOf(false) };
}

/** Right in one case, in the others anything from harm to a little use. */
function drawAction(id: string, random: Random): Action {
  const first = random.pick(ids);
  const second = random.pick(ids.filter((other) => other !== first));
  const dependencies = random.chance(0.5) ? [first] : [first, second];
  const keys = dependencies.length === 1 ? ["1", "0"] : ["11", "10", "01", "00"];
  const right = random.pick(keys);
  const gain = Object.fromEntries(keys.map((key) => [key, key === right ? between(0.6, 1, random) : between(-0.4, 0, random)]));
  return { ...bare(id, between(0.02, 0.15, random)), dependencies, gain };
}

function safeAction(random: Random): Action {
  return { ...bare("safe", 0.02), dependencies: [], gain: { "": between(0.1, 0.3, random) } };
}

function bare(id: string, price: number): Omit<Action, "dependencies" | "gain"> {
  const cost = { tokens: 0, seconds: 0, asksUser: false, irreversible: false };
  return { id, kind: "tool", description: id, cost, price };
}

function lookUp(assumptionId: string, random: Random): Probe {
  const about = { id: `look ${assumptionId}`, assumptionId, isSpent: false, cost: between(0.01, 0.04, random) };
  const [sensitivity, specificity] = [between(0.75, 0.95, random), between(0.75, 0.95, random)];
  return { ...about, kind: "tool", method: "tests", command: "", trueWhen: "succeeds", sensitivity, specificity };
}

function question(assumptionId: string): Probe {
  const about = { id: `ask ${assumptionId}`, assumptionId, isSpent: false, cost: 0.12 };
  return { ...about, kind: "user", question: "", defaultAnswer: null, sensitivity: 0.98, specificity: 0.98 };
}

function inWords(probability: number): Likelihood {
  if (probability < 0.2) return 1;
  if (probability < 0.4) return 2;
  if (probability < 0.6) return 3;
  return probability < 0.8 ? 4 : 5;
}

export function uniform(random: Random): number {
  return random.below(2 ** 32) / 2 ** 32;
}

function between(low: number, high: number, random: Random): number {
  return low + (high - low) * uniform(random);
}

/** Box and Muller. */
function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - uniform(random))) * Math.cos(2 * Math.PI * uniform(random));
}

/** Of the standard normal distribution. Source: Abramowitz and Stegun 7.1.26, error below 1.5e-7. */
function cumulative(value: number): number {
  const scaled = Math.abs(value) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * scaled);
  const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const error = 1 - series * Math.exp(-scaled * scaled);
  return value < 0 ? (1 - error) / 2 : (1 + error) / 2;
}
