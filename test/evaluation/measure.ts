/** What is said of a policy after many problems, and whether the targets of the design are met. */
import { brier, calibrated, type Line, type Resolved, recalibrate, uncalibrated } from "#core/decision-tree/calibration";
import { worldsOf } from "#core/decision-tree/world";
import { createRandom } from "../support/random.ts";
import { asStated, literal, oracle, policies, proposed, type Result } from "./policies.ts";
import { deliberationOf, drawProblem, type Problem, type Regime } from "./problems.ts";

export interface Row {
  policy: string;
  utility: number;
  /** Half the width of the 95 % interval of the mean. */
  utilityHalfWidth: number;
  /** 0: random; 1: the oracle. */
  normalised: number;
  questions: number;
  lookUps: number;
  /** Mean squared error of what was believed at the moment of acting. */
  brierAtAct: number;
  badShare: number;
}

export interface Measured {
  regime: Regime;
  rows: Row[];
  line: Line;
  /** Of the priors, before any evidence, on problems that the line was not fitted on. */
  brierStated: number;
  brierCalibrated: number;
  calibrationError: number;
  /** The largest distance of a problem's scenario probabilities from 1. */
  sumErrorMax: number;
}

/** Problems on which the estimator is calibrated before it is measured on others. */
const calibrationProblems = 400;

export function measure(regime: Regime, problemCount: number, seed: number): Measured {
  const random = createRandom(seed);
  const earlier = resolvedOf(Array.from({ length: calibrationProblems }, () => drawProblem(regime, random)));
  const line = recalibrate(uncalibrated, "code_fact", earlier).byKind.code_fact ?? { slope: 1, intercept: 0 };
  const problems = Array.from({ length: problemCount }, () => drawProblem(regime, random));
  const results = Object.entries(policies).map(([policy, decide]) => ({
    policy,
    results: problems.map((problem) => decide(problem, line, random)),
  }));
  const meanOf = (name: string) =>
    mean(results.find(({ policy }) => policy === name)?.results.map(({ utility }) => utility) ?? []);
  const [floor, ceiling] = [meanOf("random"), meanOf(oracle)];
  const resolved = resolvedOf(problems);
  return {
    regime,
    rows: results.map(({ policy, results }) => rowOf(policy, results, problems, floor, ceiling)),
    line,
    brierStated: brier(resolved),
    brierCalibrated: brier(resolved, line),
    calibrationError: calibrationError(resolved, line),
    sumErrorMax: Math.max(...problems.map((problem) => sumError(problem))),
  };
}

/** Each target of the design page and whether this run met it. */
export function targetsOf({ regime, rows, ...measured }: Measured): { target: string; figure: number; isMet: boolean }[] {
  const row = (name: string) => rows.find(({ policy }) => policy === name);
  const [ours, theirs, uncorrected] = [row(proposed), row(literal), row(asStated)];
  if (!ours || !theirs || !uncorrected) return [];
  const share = regime.isBlind ? 0.8 : 0.9;
  const priorsWorse = measured.brierCalibrated - measured.brierStated;
  const atActBetter = uncorrected.brierAtAct - ours.brierAtAct;
  return [
    atLeast(`share of the gap between random and oracle ≥ ${share.toFixed(2)}`, ours.normalised, share),
    atLeast("above the literal rule ≥ 0.25", ours.normalised - theirs.normalised, 0.25),
    atMost("questions a decision ≤ 0.6", ours.questions, 0.6),
    atMost("bad actions ≤ 12 %", ours.badShare, 0.12),
    atMost("Brier of the priors worse by calibration ≤ 0.01", priorsWorse, 0.01),
    atMost("Brier at act worse by calibration ≤ 0.01", -atActBetter, 0.01),
    // The page's own figures: 0.196 to 0.183 for the priors, 0.158 to 0.129 at act. Its target can only mean the second.
    ...(regime.stretch > 1 && !regime.isVerbal ? [atLeast("Brier at act better by calibration ≥ 0.02", atActBetter, 0.02)] : []),
    atMost("calibration error, 10 bins ≤ 0.05", measured.calibrationError, 0.05),
    atMost("sum of the leaves 1 ± 1e-9", measured.sumErrorMax, 1e-9),
  ];
}

function atLeast(target: string, figure: number, bound: number) {
  return { target, figure, isMet: figure >= bound };
}

function atMost(target: string, figure: number, bound: number) {
  return { target, figure, isMet: figure <= bound };
}

function rowOf(policy: string, results: Result[], problems: Problem[], floor: number, ceiling: number): Row {
  const utilities = results.map(({ utility }) => utility);
  const utility = mean(utilities);
  const variance = mean(utilities.map((value) => (value - utility) ** 2));
  const errors = results.flatMap(({ believed }, index) =>
    believed.map((probability, position) => (probability - (problems[index]?.truth[position] ? 1 : 0)) ** 2),
  );
  return {
    policy,
    utility,
    utilityHalfWidth: 1.96 * Math.sqrt(variance / results.length),
    normalised: (utility - floor) / (ceiling - floor),
    questions: mean(results.map(({ questions }) => questions)),
    lookUps: mean(results.map(({ lookUps }) => lookUps)),
    brierAtAct: mean(errors),
    badShare: mean(results.map(({ isBad }) => (isBad ? 1 : 0))),
  };
}

function resolvedOf(problems: readonly Problem[]): Resolved[] {
  return problems.flatMap(({ stated, truth }) =>
    stated.map((probability, index) => ({ stated: probability, isTrue: truth[index] ?? false })),
  );
}

/** Expected calibration error: the mean distance between what was said and how often it was so, over ten bins. */
function calibrationError(samples: readonly Resolved[], line: Line): number {
  const bins = Array.from({ length: 10 }, () => ({ said: 0, so: 0 }));
  for (const { stated, isTrue } of samples) {
    const probability = calibrated(stated, line);
    const bin = bins[Math.min(9, Math.floor(probability * 10))];
    if (!bin) continue;
    bin.said += probability;
    bin.so += isTrue ? 1 : 0;
  }
  return bins.reduce((sum, { said, so }) => sum + Math.abs(said - so), 0) / samples.length;
}

function sumError(problem: Problem): number {
  const { assumptions } = deliberationOf(problem, problem.stated, problem.estimatedActions);
  return Math.abs(worldsOf(assumptions).reduce((sum, { probability }) => sum + probability, 0) - 1);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
