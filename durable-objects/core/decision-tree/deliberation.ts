/** What is weighed before a step: assumptions, actions and probes, and how much asking is left. It changes by evidence only. */
import type { Action } from "#core/decision-tree/action";
import type { Assumption, Evidence } from "#core/decision-tree/assumption";
import { probabilityOf } from "#core/decision-tree/belief";
import type { Probe } from "#core/decision-tree/probe";
import { dampingAfter, type Sensor, sensorFor, stepOf } from "#core/decision-tree/sensor";
import { limits } from "#core/limits";
import type { ProbeMethod } from "#protocol/declare-assumptions";

export interface Deliberation {
  assumptions: Assumption[];
  actions: Action[];
  probes: Probe[];
  /** The action that is always allowed: it is done when nothing else may be. */
  safeActionId: string;
  budget: Budget;
}

/** What may still be asked in this turn. */
export interface Budget {
  toolProbes: number;
  questions: number;
  /** Looks at two probes that only help together. */
  pairs: number;
}

/** A thread that talks with its person may ask once more. Our design. */
export function budgetOf(isInteractive: boolean): Budget {
  return {
    toolProbes: limits.decisionProbesMax,
    questions: isInteractive ? limits.decisionQuestionsInteractiveMax : limits.decisionQuestionsMax,
    pairs: 1,
  };
}

/** What a probe's answer, read by `observation`, or a person's, changes. `observed` is null when it was unclear: nothing is learnt. */
export function observe(deliberation: Deliberation, probeId: string, observed: boolean | null, atMs: number): Deliberation {
  const probe = deliberation.probes.find(({ id }) => id === probeId);
  if (!probe) return deliberation;
  const probes = deliberation.probes.map((other) => (other.id === probeId ? { ...other, isSpent: true } : other));
  const asked = { ...deliberation, probes };
  if (observed === null) return asked;
  // A person is one source, whatever they were asked.
  const said = probe.kind === "user" ? { by: "user", method: "user" as const } : { by: probe.id, method: probe.method };
  return believe(asked, probe.assumptionId, { ...said, observed, atMs }, probe);
}

/**
 * Nobody answered the question: what was declared for that case is taken for granted by the choice (`supposing`). What is believed
 * stays as it was, because silence is no observation: its likelihood ratio is 1.
 */
export function takeDefault(deliberation: Deliberation, probeId: string, atMs: number): Deliberation {
  const asked = observe(deliberation, probeId, null, atMs);
  const probe = asked.probes.find(({ id }) => id === probeId);
  if (probe?.kind !== "user" || probe.defaultAnswer === null) return asked;
  const assumption = asked.assumptions.find(({ id }) => id === probe.assumptionId);
  if (!assumption || assumption.resolved !== null || assumption.evidence.length >= limits.evidencePerAssumptionMax) return asked;
  const probability = probabilityOf(asked.assumptions, assumption.id);
  const evidence: Evidence = {
    by: "default",
    method: "default",
    observed: probe.defaultAnswer,
    sensitivity: 0.5,
    specificity: 0.5,
    weight: 0,
    probabilityBefore: probability,
    probabilityAfter: probability,
    atMs,
    isStale: false,
  };
  return replace(asked, assumption.id, (before) => ({ ...before, evidence: [...before.evidence, evidence] }));
}

/** A person says that an assumption is so, or is not. */
export function annotate(deliberation: Deliberation, assumptionId: string, observed: boolean, atMs: number): Deliberation {
  const assumption = deliberation.assumptions.find(({ id }) => id === assumptionId);
  if (!assumption) return deliberation;
  const sensor = sensorFor("user", assumption.kind);
  return believe(deliberation, assumptionId, { by: "user", method: "user", observed, atMs }, sensor);
}

/** The truth became known: no evidence changes the probability any more. */
export function resolve(deliberation: Deliberation, assumptionId: string, truth: boolean): Deliberation {
  return replace(deliberation, assumptionId, (assumption) => ({
    ...assumption,
    resolved: truth,
    status: truth ? "confirmed" : "refuted",
  }));
}

/** How many observations the next one of this source comes after, for `dampingAfter`; what has become stale does not count. */
export function earlierOf({ evidence }: Assumption, by: string): number {
  return evidence.filter((earlier) => earlier.by === by && !earlier.isStale).length;
}

interface Saying {
  by: string;
  method: ProbeMethod;
  observed: boolean;
  atMs: number;
}

/**
 * Bayes in log-odds: steps are added and bounds are applied when they are read, so that independent evidence gives the same in any order.
 */
function believe(deliberation: Deliberation, assumptionId: string, saying: Saying, sensor: Sensor): Deliberation {
  const assumption = deliberation.assumptions.find(({ id }) => id === assumptionId);
  if (!assumption || assumption.resolved !== null || assumption.evidence.length >= limits.evidencePerAssumptionMax) {
    return deliberation;
  }
  const weight = dampingAfter(earlierOf(assumption, saying.by));
  const changed = replace(deliberation, assumptionId, (before) => ({
    ...before,
    logOdds: before.logOdds + stepOf(sensor, saying.observed, weight),
    status: statusAfter(before, saying),
  }));
  const evidence: Evidence = {
    ...saying,
    sensitivity: sensor.sensitivity,
    specificity: sensor.specificity,
    weight,
    probabilityBefore: probabilityOf(deliberation.assumptions, assumptionId),
    probabilityAfter: probabilityOf(changed.assumptions, assumptionId),
    isStale: false,
  };
  return replace(changed, assumptionId, (after) => ({ ...after, evidence: [...after.evidence, evidence] }));
}

/** A person's word stands until a person says otherwise, or what it is about changes. */
function statusAfter({ status }: Assumption, { method, observed }: Saying): Assumption["status"] {
  if (method === "user") return observed ? "confirmed" : "refuted";
  return status === "stale" ? "open" : status;
}

function replace(deliberation: Deliberation, id: string, change: (assumption: Assumption) => Assumption): Deliberation {
  const assumptions = deliberation.assumptions.map((assumption) => (assumption.id === id ? change(assumption) : assumption));
  return { ...deliberation, assumptions };
}
