/** The table of an action's gains, from the cases a model names. */
import type { Action } from "#core/decision-tree/action";
import type { Assumption } from "#core/decision-tree/assumption";
import { asList, type DeclarationSettings, list, number, type Reading, record, whole } from "#core/decision-tree/declared-fields";
import { clamp } from "#core/decision-tree/probability";
import { limits } from "#core/limits";
import { gainBucket } from "#protocol/declare-assumptions";

interface Case {
  literals: Map<string, boolean>;
  gain: number;
}

/** A table over at most two assumptions. A case that names fewer of them covers all that it fits; the one that names more wins. */
export function readGains(
  actionId: string,
  value: unknown,
  assumptions: readonly Assumption[],
  { settings, warnings }: Reading,
): Pick<Action, "dependencies" | "gain"> {
  const known = new Set(assumptions.map(({ id }) => id));
  const dependencies: string[] = [];
  const cases: Case[] = [];
  for (const fields of list(value).slice(0, gainsMax).map(record)) {
    const literals = readCase(fields.when);
    if (!literals) {
      warnings.add(`a gain of action ${actionId} is for a case that contradicts itself or cannot be read, and is left out`);
      continue;
    }
    const names = Array.from(literals.keys());
    if (names.some((name) => !known.has(name))) {
      warnings.add(`a gain of action ${actionId} depends on an assumption that is not declared, and is left out`);
      continue;
    }
    const added = names.filter((name) => !dependencies.includes(name));
    if (dependencies.length + added.length > limits.declaration.dependenciesMax) {
      warnings.add(
        `action ${actionId} depends on more than ${limits.declaration.dependenciesMax} assumptions: what goes beyond is left out`,
      );
      continue;
    }
    const gain = readGain(fields.gain, settings);
    if (gain === null) {
      warnings.add(`a gain of action ${actionId} is not one of 1 to 5 and is left out`);
      continue;
    }
    const earlier = cases.find((other) => isSameCase(other.literals, literals));
    if (earlier && earlier.gain !== gain)
      warnings.add(`action ${actionId} has two gains for the same case: the first one stands`);
    if (earlier) continue;
    dependencies.push(...added);
    cases.push({ literals, gain });
  }
  if (cases.length === 0) warnings.add(`action ${actionId} has no gain that can be read: it is taken to lose a little`);
  return { dependencies, gain: tabled(dependencies, cases) };
}

/** Over two assumptions, each true, false or not named, there are nine cases. */
const gainsMax = 32;

function tabled(dependencies: readonly string[], cases: readonly Case[]): Record<string, number> {
  const bySpecificity = cases.toSorted((one, other) => other.literals.size - one.literals.size);
  const combinations = dependencies.reduce<string[]>((keys) => keys.flatMap((key) => [`${key}1`, `${key}0`]), [""]);
  return Object.fromEntries(
    combinations.flatMap((key) => {
      const fits = bySpecificity.find(({ literals }) =>
        dependencies.every((id, index) => !literals.has(id) || literals.get(id) === (key[index] === "1")),
      );
      return fits ? [[key, fits.gain]] : [];
    }),
  );
}

/** `["A1", "!A2"]`; null when it says both A and not A, or is no list of words. */
function readCase(value: unknown): Map<string, boolean> | null {
  const literals = new Map<string, boolean>();
  for (const literal of asList(value)) {
    if (typeof literal !== "string") return null;
    const name = literal.replace(/^\s*(!|not\s+)/i, "").trim();
    const isTrue = name === literal.trim();
    if (literals.has(name) && literals.get(name) !== isTrue) return null;
    literals.set(name, isTrue);
  }
  return literals;
}

function isSameCase(one: Map<string, boolean>, other: Map<string, boolean>): boolean {
  return one.size === other.size && Array.from(one).every(([name, isTrue]) => other.get(name) === isTrue);
}

function readGain(value: unknown, { takesNumbers }: DeclarationSettings): number | null {
  if (takesNumbers) {
    const exact = number(value);
    return exact === null ? null : clamp(exact, -1, 1);
  }
  const bucket = gainBucket.safeParse(whole(value));
  return bucket.success ? gainOfBucket(bucket.data) : null;
}

/** Buckets 1 … 5 as gains: what breaks something is as bad as the goal is good. The scale is ours. */
function gainOfBucket(bucket: number): number {
  return (bucket - 3) / 2;
}
