/** Reading what a model wrote, field by field: nothing throws, and what is missing or strange costs a warning. */

import type { Calibration } from "#core/decision-tree/calibration";
import { clamp } from "#core/decision-tree/probability";
import type { SensorCounts } from "#core/decision-tree/sensor";
import { limits } from "#core/limits";
import type { CitedNote } from "#core/memory/tree-prior";
import { declaredId } from "#protocol/declare-assumptions";

export interface DeclarationSettings {
  calibration?: Calibration;
  sensorCounts?: SensorCounts;
  isInteractive?: boolean;
  /** What the turn was given of the memory: it nudges what is assumed, and orders what is tried. */
  notes?: readonly CitedNote[];
  /** What the model said: a quote that does not stand in it is left out. Where this is left out quotes are taken as they are. */
  trace?: string;
  /**
   * Numbers count as they are given: `probability`, `gain` in [-1, 1], `cost`, `sensitivity`, `specificity`, and `questions` as a list.
   * For `rehearsal` and tests; a model's numbers of these names are ignored, because it is asked for words only.
   */
  takesNumbers?: boolean;
}

export interface Reading {
  settings: DeclarationSettings;
  warnings: Warnings;
}

export interface Warnings {
  add(message: string): void;
  told(): string[];
}

export function createWarnings(): Warnings {
  const messages = new Set<string>();
  return {
    add: (message) => messages.add(message),
    told: () => {
      const all = Array.from(messages);
      const max = limits.declarationWarningsMax;
      return all.length <= max ? all : [...all.slice(0, max - 1), `and ${all.length - max + 1} more`];
    },
  };
}

/** The first of each id, as many as may be. A single question needs no id. */
export function entries(
  value: unknown,
  what: string,
  max: number,
  warnings: Warnings,
  taken = new Set<string>(),
): { id: string; fields: Record<string, unknown> }[] {
  if (value !== undefined && value !== null && !Array.isArray(value)) warnings.add(`the ${what}s are not a list`);
  const all = list(value);
  if (all.length > max) warnings.add(`of ${all.length} ${what}s the first ${max} are taken`);
  return all.slice(0, max).flatMap((entry) => {
    const fields = record(entry);
    const id = declaredId.safeParse(fields.id ?? (what === "question" ? "question" : undefined));
    if (!id.success) return drop(warnings, `one ${what} has no id of letters and digits and is left out`);
    if (taken.has(id.data)) return drop(warnings, `${what} ${id.data} is declared twice: the first one stands`);
    taken.add(id.data);
    return [{ id: id.data, fields }];
  });
}

/** What a zod schema is to those who only ask it. */
export interface Asked<Value> {
  safeParse(value: unknown): { success: true; data: Value } | { success: false };
}

export function pick<Value>(schema: Asked<Value>, value: unknown, otherwise: Value, warnings: Warnings, warning: string): Value {
  const parsed = schema.safeParse(value);
  if (!parsed.success) warnings.add(warning);
  return parsed.success ? parsed.data : otherwise;
}

export function drop(warnings: Warnings, warning: string): [] {
  warnings.add(warning);
  return [];
}

export function textOf(value: unknown, charactersMax: number = limits.declaration.textCharactersMax): string {
  return typeof value === "string" ? value.trim().slice(0, charactersMax) : "";
}

/** Models write "4" for 4. */
export function whole(value: unknown): unknown {
  return typeof value === "string" && /^\s*[1-5]\s*$/.test(value) ? Number(value) : value;
}

export function number(value: unknown): number | null {
  return typeof value === "number" && Number.isFinite(value) ? value : null;
}

export function amount(value: unknown, max: number): number {
  return clamp(number(value) ?? 0, 0, max);
}

export function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A list, or the one thing that stands where a list should; nothing for nothing. */
export function asList(value: unknown): unknown[] {
  if (Array.isArray(value)) return value;
  return value === undefined || value === null ? [] : [value];
}

export function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : {};
}
