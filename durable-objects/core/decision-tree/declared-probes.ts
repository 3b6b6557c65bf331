/** What a model says could be looked up or asked: at most one question, about something that is declared. */
import { effortOf } from "#core/decision-tree/action";
import type { Assumption } from "#core/decision-tree/assumption";
import {
  amount,
  asList,
  type DeclarationSettings,
  drop,
  entries,
  number,
  pick,
  type Reading,
  textOf,
} from "#core/decision-tree/declared-fields";
import { clamp } from "#core/decision-tree/probability";
import type { Probe } from "#core/decision-tree/probe";
import { sensorFor } from "#core/decision-tree/sensor";
import { limits } from "#core/limits";
import { type ProbeMethod, toolProbeMethod, trueWhen } from "#protocol/declare-assumptions";

export function readProbes(
  fields: Record<string, unknown>,
  assumptions: readonly Assumption[],
  { settings, warnings }: Reading,
): Probe[] {
  const aboutWhat = (id: string, value: unknown) => {
    const assumption = assumptions.find((other) => other.id === value);
    if (!assumption) warnings.add(`${id} is about an assumption that is not declared, and is left out`);
    return assumption;
  };
  const probes = entries(fields.probes, "probe", limits.declaration.probesMax, warnings).flatMap(({ id, fields }): Probe[] => {
    const assumption = aboutWhat(`probe ${id}`, fields.assumption);
    const command = textOf(fields.command, limits.declaration.commandCharactersMax);
    if (!assumption) return [];
    if (command === "") return drop(warnings, `probe ${id} has no command and is left out`);
    const method = pick(toolProbeMethod, fields.method, "command", warnings, `the method of probe ${id} is taken as command`);
    const when = pick(
      trueWhen,
      fields.true_when ?? "succeeds",
      "succeeds",
      warnings,
      `probe ${id} is taken to be true when it succeeds`,
    );
    const seconds = amount(fields.seconds, limits.declaredSecondsMax);
    const cost = effortOf({ tokens: probeTokens, seconds, asksUser: false });
    return [
      { id, kind: "tool", method, command, trueWhen: when, ...aboutAssumption(assumption, method, fields, cost, settings) },
    ];
  });
  const questions = settings.takesNumbers && fields.questions !== undefined ? fields.questions : asList(fields.question);
  const taken = new Set(probes.map(({ id }) => id));
  const asked = entries(questions, "question", settings.takesNumbers ? limits.declaration.probesMax : 1, warnings, taken).flatMap(
    ({ id, fields }): Probe[] => {
      const assumption = aboutWhat(id, fields.assumption);
      const question = textOf(fields.text);
      if (!assumption) return [];
      if (question === "") return drop(warnings, `${id} has no text and is left out`);
      const defaultAnswer = typeof fields.answer_if_silent === "boolean" ? fields.answer_if_silent : null;
      const cost = effortOf({ tokens: 0, seconds: 0, asksUser: true });
      return [{ id, kind: "user", question, defaultAnswer, ...aboutAssumption(assumption, "user", fields, cost, settings) }];
    },
  );
  return [...probes, ...asked];
}

/** Tokens that one look-up costs: the call and what it prints. Ours. */
const probeTokens = 2_000;

function aboutAssumption(
  { id, kind }: Assumption,
  method: ProbeMethod,
  fields: Record<string, unknown>,
  usualCost: number,
  { takesNumbers, sensorCounts }: DeclarationSettings,
): Pick<Probe, "assumptionId" | "cost" | "sensitivity" | "specificity" | "isSpent"> {
  const usual = sensorFor(method, kind, sensorCounts);
  const given = (name: string, otherwise: number, max: number) =>
    clamp((takesNumbers ? number(fields[name]) : null) ?? otherwise, 0, max);
  return {
    assumptionId: id,
    cost: given("cost", usualCost, limits.declaredPriceMax),
    sensitivity: given("sensitivity", usual.sensitivity, 1),
    specificity: given("specificity", usual.specificity, 1),
    isSpent: false,
  };
}
