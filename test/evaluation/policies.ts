/** The ways to decide that are compared. All of them call the shipped core; only `proposed` is what the core itself does. */
import { probabilityOf } from "#core/decision-tree/belief";
import { calibrated, type Line } from "#core/decision-tree/calibration";
import { choose, spend } from "#core/decision-tree/choose";
import { type Deliberation, observe } from "#core/decision-tree/deliberation";
import { paperChoice } from "#core/decision-tree/paper";
import { best, expectedUtilities, type Outlook, outlookOf, probabilitiesOf } from "#core/decision-tree/utility";
import type { Random } from "../support/random.ts";
import { deliberationOf, ids, type Problem } from "./problems.ts";

/** What one decision came to. */
export interface Result {
  utility: number;
  questions: number;
  lookUps: number;
  isBad: boolean;
  /** Believed when it acted, by assumption. */
  believed: number[];
}

export type Policy = (problem: Problem, line: Line, random: Random) => Result;

const uncorrected: Line = { slope: 1, intercept: 0 };

export const policies: Record<string, Policy> = {
  random: (problem, _line, random) =>
    act(problem, believing(problem, uncorrected), (outlook) => random.below(outlook.actions.length)),
  "best in the most likely scenario": (problem) => act(problem, believing(problem, uncorrected), mostLikely),
  "the paper's rule, literally": (problem) => act(problem, believing(problem, uncorrected), paperChoice),
  "expected utility": (problem) => act(problem, believing(problem, uncorrected), leading),
  "expected utility, calibrated": (problem, line) => act(problem, believing(problem, line), leading),
  "every look-up, then expected utility": (problem, line) => act(problem, askAll(problem, line, "tool"), leading),
  "always ask the person": (problem, line) => act(problem, askAll(problem, line, "user"), leading),
  "value of information, as stated": (problem) => act(problem, askWhatIsWorth(problem, believing(problem, uncorrected)), leading),
  "value of information, calibrated (proposed)": (problem, line) =>
    act(problem, askWhatIsWorth(problem, believing(problem, line)), leading),
  "the same, but the paper's rule at the end": (problem, line) =>
    act(problem, askWhatIsWorth(problem, believing(problem, line)), paperChoice),
  "the same with true probabilities and gains (oracle)": (problem) =>
    act(problem, askWhatIsWorth(problem, deliberationOf(problem, problem.probabilities, problem.actions)), leading),
};

export const proposed = "value of information, calibrated (proposed)";
export const asStated = "value of information, as stated";
export const literal = "the paper's rule, literally";
export const oracle = "the same with true probabilities and gains (oracle)";

function believing(problem: Problem, line: Line): Deliberation {
  return deliberationOf(
    problem,
    problem.stated.map((probability) => calibrated(probability, line)),
    problem.estimatedActions,
  );
}

/** The shipped loop: what the thread will do, with the answers of the problem. */
function askWhatIsWorth(problem: Problem, start: Deliberation): Deliberation {
  let deliberation = start;
  for (;;) {
    const choice = choose(outlookOf(deliberation.assumptions, deliberation.actions), deliberation);
    if (choice.kind === "act") return deliberation;
    const budget = spend(deliberation.budget, choice);
    deliberation = observe({ ...deliberation, budget }, choice.probeId, problem.answers.get(choice.probeId) ?? null, 0);
  }
}

function askAll(problem: Problem, line: Line, kind: "tool" | "user"): Deliberation {
  return problem.probes
    .filter((probe) => probe.kind === kind)
    .reduce((deliberation, { id }) => observe(deliberation, id, problem.answers.get(id) ?? null, 0), believing(problem, line));
}

function act(problem: Problem, deliberation: Deliberation, rule: (outlook: Outlook) => number): Result {
  const action = rule(outlookOf(deliberation.assumptions, deliberation.actions));
  const { dependencies = [], gain: gains = {}, price } = problem.actions[action] ?? {};
  const truth = dependencies.map((id) => (problem.truth[ids.indexOf(id)] ? "1" : "0")).join("");
  const gain = gains[truth] ?? 0;
  const asked = deliberation.probes.filter(({ isSpent }) => isSpent);
  const questions = asked.filter(({ kind }) => kind === "user").length;
  return {
    utility: gain - (price ?? 0) - asked.reduce((sum, { cost }) => sum + cost, 0),
    questions,
    lookUps: asked.length - questions,
    isBad: gain < 0,
    believed: ids.map((id) => probabilityOf(deliberation.assumptions, id)),
  };
}

function leading(outlook: Outlook): number {
  return best(expectedUtilities(outlook, probabilitiesOf(outlook))).action;
}

/** The planner alone: it takes what it thinks likeliest for granted. */
function mostLikely(outlook: Outlook): number {
  const likeliest = best(probabilitiesOf(outlook)).action;
  return best(outlook.utilities.map((row) => row[likeliest] ?? 0)).action;
}
