/**
 * What an action silently relies on, made a thing that can be shown, doubted and tested. Source of the idea: PCE (arXiv 2602.04326);
 * what it leaves open (calibration, evidence, exclusion) is our design.
 */
import { logitOf } from "#core/decision-tree/probability";
import type { AssumptionKind, Likelihood, ProbeMethod } from "#protocol/declare-assumptions";

export interface Assumption {
  id: string;
  /** Atomic, true or false, checkable, and naming something that was seen. */
  text: string;
  kind: AssumptionKind;
  subject: Subject;
  source: AssumptionSource;
  /** The words of the trace it was taken from. */
  quote: string | null;
  /** What the model said; null where a probability was given as it is. */
  verbal: Likelihood | null;
  /** The probability before any evidence, calibrated. */
  prior: number;
  /** Of the calibration that made the prior of the verbal number; 0: none. */
  calibrationVersion: number;
  /** What is believed now, before anything is said of exclusion and bounds: `probabilityOf` reads it. */
  logOdds: number;
  /** Assumptions of the same group exclude each other. */
  group: string | null;
  evidence: Evidence[];
  status: AssumptionStatus;
  /** The truth, once it is known: feeds calibration. */
  resolved: boolean | null;
}

/** `confirmed` and `refuted` are a person's words or the truth; what a tool observed leaves it `open`. */
export type AssumptionStatus = "open" | "confirmed" | "refuted" | "stale";
export type AssumptionSource = "trace" | "composer" | "user" | "memory";

/** What it is about: whatever changes here makes the assumption stale. */
export interface Subject {
  path?: string;
}

/** Example: `{"by":"Q","method":"tests","observed":false,"sensitivity":0.9,"specificity":0.85,"weight":1,…}` */
export interface Evidence {
  /** Who says so: a probe's id, `user`, or `default`. Two observations of one source are worth less than of two. */
  by: string;
  /** `default`: nobody answered, and what was declared for that case is taken to be so. It says nothing about the truth. */
  method: ProbeMethod | "default";
  observed: boolean;
  sensitivity: number;
  specificity: number;
  /** The damping that was used: 1 for the first of its source, then less. */
  weight: number;
  probabilityBefore: number;
  probabilityAfter: number;
  /** Unix ms. */
  atMs: number;
  /** What it was about has changed since. */
  isStale: boolean;
}

/** What the choice takes for granted because nobody answered; null: nothing. A person's later word takes its place. */
export function supposedValue({ evidence }: Pick<Assumption, "evidence">): boolean | null {
  const last = evidence.findLast(({ method }) => method === "user" || method === "default");
  return last?.method === "default" && !last.isStale ? last.observed : null;
}

/** What has to be said of an assumption; the rest is what a new one has. */
export type NewAssumption = Pick<Assumption, "id" | "text" | "kind" | "prior"> &
  Partial<Pick<Assumption, "subject" | "source" | "quote" | "verbal" | "calibrationVersion" | "group">>;

export function assume(given: NewAssumption): Assumption {
  return {
    subject: {},
    source: "composer",
    quote: null,
    verbal: null,
    calibrationVersion: 0,
    group: null,
    ...given,
    logOdds: logitOf(given.prior),
    evidence: [],
    status: "open",
    resolved: null,
  };
}
