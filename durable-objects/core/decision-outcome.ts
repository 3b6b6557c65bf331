/**
 * Which assumptions are known to be true or false by what happened. Only what is known counts: an approved diff does not prove what
 * it rests on, and a truth that was worked out from the model's own probability would teach calibration to believe itself.
 */
import type { Decision, Resolution, Verdict } from "#core/decision";
import { type Action, gainOf } from "#core/decision-tree/action";
import type { Assumption, Evidence } from "#core/decision-tree/assumption";
import { statedProbability } from "#core/decision-tree/calibration";
import { countTests, testsPassed } from "#core/decision-tree/observation";
import { clamp, doubt, logitOf } from "#core/decision-tree/probability";
import { stepOf } from "#core/decision-tree/sensor";
import { rounding } from "#core/decision-tree/utility";
import type { ResolvedAssumption } from "#core/memory/report";
import type { ThreadItem } from "#protocol/item";

/** A turn with its items in order: the open one when it ends, or one that is over. */
export interface DecidedTurn {
  id: string;
  items: readonly ThreadItem[];
}

/**
 * What the memory is told of the turn's decision: every assumption whose truth is known by now, also by what a person said after the turn. Empty
 * where the turn decided nothing. Asked again later it says all of it again.
 */
export function resolvedAssumptions(decision: Decision | undefined, turn: DecidedTurn): ResolvedAssumption[] {
  if (decision?.turnId !== turn.id) return [];
  const resolutions = [...(decision.resolutions ?? []), ...resolutionsOf(decision, turn)];
  return decision.deliberation.assumptions.flatMap((assumption): ResolvedAssumption[] => {
    const { id, kind, evidence, resolved, verbal, prior } = assumption;
    const resolution = resolutions.find(({ assumptionId }) => assumptionId === id);
    if (!resolution) return [];
    const stated = clamp(verbal === null ? prior : statedProbability(verbal), doubt, 1 - doubt);
    const observations = evidence.flatMap((observation) => {
      const { method, observed } = observation;
      // Silence is no sensor.
      return method !== "default" && isIndependent(observation, resolution) ? [{ method, observed }] : [];
    });
    // A person may have said otherwise since.
    return [{ id, kind, stated, isTrue: resolved ?? resolution.isTrue, observations }];
  });
}

/** A sensor that made the truth known would always be found right: only what another rule knew as well counts for or against it. */
function isIndependent({ method, isStale }: Evidence, { by }: Resolution): boolean {
  const own = method === "user" ? "person" : "tools";
  return !isStale && by.some((rule) => rule !== own);
}

/** What is known of assumptions that are not resolved yet. Where two rules disagree, nothing is known. */
export function resolutionsOf(decision: Decision, turn: DecidedTurn): Resolution[] {
  if (decision.turnId !== turn.id) return [];
  return decision.deliberation.assumptions.flatMap((assumption): Resolution[] => {
    if (assumption.resolved !== null) return [];
    const said = {
      person: saidByPerson(assumption),
      tools: seenByTools(assumption),
      verdict: impliedByVerdict(assumption, decision),
      tests: impliedByTests(assumption, decision, turn),
    };
    const by = rules.filter((rule) => said[rule] !== null);
    const truths = new Set(by.map((rule) => said[rule]));
    return truths.size === 1 ? [{ assumptionId: assumption.id, isTrue: truths.has(true), by }] : [];
  });
}

const rules: readonly Resolution["by"][number][] = ["person", "tools", "verdict", "tests"];

/**
 * A person annotated it, or answered the question about it: they know what they want, and what they say of the world they answer for. Their last
 * word counts. What was taken to be so because nobody answered is no one's word, and what has become stale was said of something else.
 */
function saidByPerson({ evidence }: Assumption): boolean | null {
  return evidence.findLast(({ by, method, isStale }) => by === "user" && method === "user" && !isStale)?.observed ?? null;
}

/**
 * Tools saw it: by themselves, begun at even odds, they bring the probability to 0.98 or 0.02, and so they do from the prior on. The prior
 * may not help, or an over-confident model would be proved right by its own confidence. No tool sees what a person wants.
 */
function seenByTools({ kind, evidence, prior }: Assumption): boolean | null {
  if (kind === "user_intent") return null;
  const seen = evidence
    .filter(({ method, isStale }) => method !== "user" && method !== "default" && !isStale)
    .reduce((sum, observation) => sum + stepOf(observation, observation.observed, observation.weight), 0);
  const known = [seen, logitOf(prior) + seen];
  if (Math.min(...known) >= decisiveLogOdds - rounding) return true;
  return Math.max(...known) <= -decisiveLogOdds + rounding ? false : null;
}

/** An existing file, by our design's sensor, is just decisive; one passed test is not. */
const decisiveLogOdds = logitOf(0.98);

/**
 * A person let an action pass that gains something only if they want what is assumed, and depends on nothing else: so they want it. Who declines the action
 * itself, shown in its own words with what it rests on, does not. Who declines changes may only dislike how they are made: that says nothing.
 */
function impliedByVerdict({ id, kind }: Assumption, { deliberation, verdicts = [] }: Decision): boolean | null {
  if (kind !== "user_intent") return null;
  const implied = verdicts.flatMap(({ actionId, proposal, isAccepted }) => {
    const truth = gainingTruth(deliberation.actions, actionId, id);
    if (truth === null || (!isAccepted && proposal !== null)) return [];
    return [isAccepted ? truth : !truth];
  });
  return agreed(implied);
}

/**
 * Changes that were let in are known to be those of an action that works only if something has an effect, and depends on nothing else;
 * and tests that were red before pass after them: it has. Tests that pass no more: it has not.
 */
function impliedByTests({ id, kind }: Assumption, { deliberation, verdicts = [] }: Decision, turn: DecidedTurn): boolean | null {
  if (kind !== "tool_effect" && kind !== "plan_effect") return null;
  const implied = verdicts.filter(hasLanded).flatMap(({ actionId, proposal }) => {
    const truth = gainingTruth(deliberation.actions, actionId, id);
    const tests = testsTurned(turn.items, proposal.itemId);
    return truth === null || tests === null ? [] : [tests === "passed" ? truth : !truth];
  });
  return agreed(implied);
}

function hasLanded(verdict: Verdict): verdict is Verdict & { proposal: NonNullable<Verdict["proposal"]> } {
  return verdict.isAccepted && verdict.proposal !== null;
}

/** The one truth of the assumption under which the action gains anything; null where it depends on more, or gains either way, or never. */
function gainingTruth(actions: readonly Action[], actionId: string | null, assumptionId: string): boolean | null {
  const action = actions.find(({ id }) => id === actionId);
  if (action?.dependencies.length !== 1 || action.dependencies[0] !== assumptionId) return null;
  const [whenTrue, whenFalse] = [gainOf(action, () => true) > 0, gainOf(action, () => false) > 0];
  return whenTrue === whenFalse ? null : whenTrue;
}

function agreed(truths: readonly boolean[]): boolean | null {
  const [first] = truths;
  return first !== undefined && truths.every((truth) => truth === first) ? first : null;
}

/**
 * What became of tests that the turn ran more than once by the same command: the first run against the last or, `around` an item, the last one
 * before it against the last one after it. Where some pass now and some broke, they broke. Null where none turned.
 */
export function testsTurned(items: readonly ThreadItem[], around?: string): "passed" | "broke" | null {
  const middle = items.findIndex(({ id }) => id === around);
  const before = new Map((middle < 0 ? items.toReversed() : items.slice(0, middle)).flatMap(testRun));
  const after = new Map(items.slice(middle + 1).flatMap(testRun));
  const turned = Array.from(after).filter(([command, passed]) => before.has(command) && before.get(command) !== passed);
  if (turned.length === 0) return null;
  return turned.every(([, passed]) => passed) ? "passed" : "broke";
}

/** A command that ran tests, by their own summary, and whether they passed. */
function testRun(item: ThreadItem): [command: string, passed: boolean][] {
  if (item.type !== "commandExecution" || item.exitCode === null) return [];
  const stdout = item.aggregatedOutput ?? "";
  if ((countTests(stdout).passed ?? 0) + (countTests(stdout).failed ?? 0) === 0) return [];
  const passed = testsPassed({ stdout, stderr: "", exitCode: item.exitCode });
  return passed === null ? [] : [[item.command, passed]];
}
