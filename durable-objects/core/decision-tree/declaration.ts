/**
 * From a model's `declare_assumptions` call to what is weighed. Whatever the model says, something that can be decided comes out: what
 * makes no sense is left out or replaced, and a warning says so.
 */
import type { Action } from "#core/decision-tree/action";
import { type Assumption, assume } from "#core/decision-tree/assumption";
import { calibrated, statedProbability, uncalibrated } from "#core/decision-tree/calibration";
import {
  amount,
  createWarnings,
  type DeclarationSettings,
  drop,
  entries,
  number,
  pick,
  type Reading,
  record,
  textOf,
  whole,
} from "#core/decision-tree/declared-fields";
import { readGains } from "#core/decision-tree/declared-gains";
import { readProbes } from "#core/decision-tree/declared-probes";
import { budgetOf, type Deliberation } from "#core/decision-tree/deliberation";
import { clamp } from "#core/decision-tree/probability";
import { limits } from "#core/limits";
import { actionPriors, type CitedNote, logOddsShift, voicesAbout } from "#core/memory/tree-prior";
import { actionKind, assumptionKind, likelihood } from "#protocol/declare-assumptions";

export interface Declared {
  deliberation: Deliberation;
  /** For the model and the log; empty when everything made sense. At most `limits.declarationWarningsMax`. */
  warnings: string[];
}

/** `call` is the parsed JSON of the arguments, whatever it is. Never throws. */
export function readDeclaration(call: unknown, settings: DeclarationSettings = {}): Declared {
  const reading = { settings, warnings: createWarnings() };
  const fields = record(call);
  if (Object.keys(fields).length === 0) reading.warnings.add("the arguments are not an object with fields");
  const assumptions = readAssumptions(fields.assumptions, reading);
  const actions = inOrder(readActions(fields.actions, assumptions, reading), settings.notes ?? []);
  const safeActionId = readSafeAction(fields.safe_action, actions, reading);
  const probes = readProbes(fields, assumptions, reading);
  const deliberation = { assumptions, actions, probes, safeActionId, budget: budgetOf(settings.isInteractive ?? false) };
  return { deliberation, warnings: reading.warnings.told() };
}

function readAssumptions(value: unknown, reading: Reading): Assumption[] {
  const { settings, warnings } = reading;
  const texts = new Set<string>();
  const { calibration = uncalibrated } = settings;
  return entries(value, "assumption", limits.declaration.assumptionsMax, warnings).flatMap(({ id, fields }) => {
    const text = textOf(fields.text);
    if (text === "") return drop(warnings, `assumption ${id} has no text and is left out`);
    if (texts.has(text.toLowerCase())) return drop(warnings, `assumption ${id} says what another one says and is left out`);
    texts.add(text.toLowerCase());
    const kind = pick(
      assumptionKind,
      fields.kind,
      "plan_effect",
      warnings,
      `the kind of assumption ${id} is taken as plan_effect`,
    );
    const path = textOf(fields.path);
    const given = { id, text, kind, subject: path === "" ? {} : { path }, source: "trace" as const };
    const voices = voicesAbout(text, settings.notes ?? []);
    const shift = voices.length > 0 ? { memoryShift: logOddsShift(voices) } : {};
    const group = textOf(fields.excludes) || null;
    const said = { ...given, quote: readQuote(id, fields.quote, reading), group, ...shift };
    const exact = settings.takesNumbers ? number(fields.probability) : null;
    if (exact !== null) return [assume({ ...said, prior: clamp(exact, 0, 1) })];
    const verbal = pick(
      likelihood,
      whole(fields.likelihood),
      3,
      warnings,
      `the likelihood of assumption ${id} is taken as 3 of 5`,
    );
    const prior = calibrated(statedProbability(verbal), calibration.byKind[kind]);
    return [assume({ ...said, verbal, prior, calibrationVersion: calibration.version })];
  });
}

/** Line ends and runs of blanks may differ; words may not. */
function readQuote(id: string, value: unknown, { settings: { trace }, warnings }: Reading): string | null {
  const quote = textOf(value);
  if (quote === "" || trace === undefined || plainSpace(trace).includes(plainSpace(quote))) return quote || null;
  warnings.add(`the quote of assumption ${id} was never said and is left out`);
  return null;
}

function plainSpace(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}

function readActions(value: unknown, assumptions: readonly Assumption[], reading: Reading): Action[] {
  const { settings, warnings } = reading;
  const actions = entries(value, "action", limits.declaration.actionsMax, warnings).flatMap(({ id, fields }): Action[] => {
    const description = textOf(fields.description);
    if (description === "") return drop(warnings, `action ${id} has no description and is left out`);
    const kind = pick(actionKind, fields.kind, "tool", warnings, `the kind of action ${id} is taken as tool`);
    const cost = {
      tokens: amount(fields.tokens, limits.declaredTokensMax),
      seconds: amount(fields.seconds, limits.declaredSecondsMax),
      asksUser: kind === "ask_user",
      irreversible: fields.irreversible === true,
    };
    const price = settings.takesNumbers ? number(fields.cost) : null;
    const boundedPrice = price === null ? null : clamp(price, 0, limits.declaredPriceMax);
    return [{ id, kind, description, cost, price: boundedPrice, ...readGains(id, fields.gains, assumptions, reading) }];
  });
  if (actions.length === 0) warnings.add("no action can be read: all that is left is to stop and say what is open");
  return actions;
}

/** Harmless whatever is true. A declared id begins with a letter: nothing that is declared can stand in its place. */
const stop: Action = {
  id: "_stop",
  kind: "stop",
  description: "Stop and tell the person what is open.",
  dependencies: [],
  gain: { "": 0 },
  cost: { tokens: 0, seconds: 0, asksUser: false, irreversible: false },
  price: null,
};

/** What the notes speak for comes first, which decides between equals; without notes in the order that the model gave. */
function inOrder(actions: readonly Action[], notes: readonly CitedNote[]): Action[] {
  const priors = actionPriors(actions.map(({ description }) => voicesAbout(description, notes)));
  const places = actions.map((_, place) => place).sort((one, other) => (priors[other] ?? 0) - (priors[one] ?? 0) || one - other);
  return places.flatMap((place) => actions[place] ?? []);
}

function readSafeAction(value: unknown, actions: Action[], { warnings }: Reading): string {
  const named = actions.find(({ id }) => id === value);
  if (named && !named.cost.irreversible) return named.id;
  warnings.add(named ? `${named.id} cannot be undone and so is no safe action` : "no declared action is named as the safe one");
  actions.push(stop);
  return stop.id;
}
