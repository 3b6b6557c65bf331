/**
 * Says what is wrong with params in the real server's words. There serde reads a struct's members as they come and stops at the
 * first that does not fit, and only then misses what is missing, in the order of declaration; zod reports by its own order and in its
 * own words. So the value is walked once more here, beside the schema, after zod has refused it.
 */
import * as z from "zod";
import { unknownVariant } from "./errors.ts";

type Schema = z.core.$ZodType;

/** The detail for `refusals.invalidRequest`. What serde would not mind (a path that is not absolute) says it itself. */
export function describeInvalidParams(schema: z.ZodType, params: unknown, error: z.ZodError): string {
  if (params == null) return "missing field `params`";
  return firstProblem(schema, params) ?? error.issues[0]?.message ?? "params do not fit";
}

/** The first thing serde would complain about. */
function firstProblem(schema: Schema, value: unknown): string | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault) {
    return value === undefined ? undefined : firstProblem(schema.unwrap(), value);
  }
  if (schema instanceof z.ZodNullable) return value === null ? undefined : firstProblem(schema.unwrap(), value);
  if (schema instanceof z.ZodString) return typeof value === "string" ? undefined : invalidType(value, "a string");
  if (schema instanceof z.ZodBoolean) return typeof value === "boolean" ? undefined : invalidType(value, "a boolean");
  if (schema instanceof z.ZodNumber) return problemOfNumber(schema, value);
  if (schema instanceof z.ZodArray) {
    return Array.isArray(value)
      ? firstOf(value, (entry) => firstProblem(schema.element, entry))
      : invalidType(value, "a sequence");
  }
  if (schema instanceof z.ZodRecord) {
    const { valueType } = schema;
    return isObject(value)
      ? firstOf(Object.values(value), (entry) => firstProblem(valueType, entry))
      : invalidType(value, "a map");
  }
  if (schema instanceof z.ZodObject) return problemOfStruct(schema, value);
  // Before the plain union, which it extends.
  if (schema instanceof z.ZodDiscriminatedUnion) return problemOfTagged(schema, value);
  if (schema instanceof z.ZodEnum || schema instanceof z.ZodLiteral || schema instanceof z.ZodUnion) {
    return problemOfEnum(schema, value);
  }
  return undefined;
}

function problemOfNumber(schema: z.ZodNumber, value: unknown): string | undefined {
  const expected = !schema.isInt ? "f64" : (schema.minValue ?? -1) >= 0 ? "u32" : "i64";
  if (typeof value !== "number" || (schema.isInt && !Number.isInteger(value))) return invalidType(value, expected);
  return schema.safeParse(value).success ? undefined : `invalid value: ${nameOf(value)}, expected ${expected}`;
}

/** `{"threadId":5}`: invalid type. `{}`: missing field. `[]`: serde would take members by position, and finds too few. */
function problemOfStruct(schema: z.ZodObject, value: unknown): string | undefined {
  const fields: Record<string, Schema> = schema.shape;
  const struct = `struct ${idOf(schema)}`;
  if (Array.isArray(value)) {
    const count = Object.keys(fields).length;
    const elements = `${count} element${count === 1 ? "" : "s"}`;
    if (value.length < count) return `invalid length ${value.length}, expected ${struct} with ${elements}`;
    return invalidType(value, struct);
  }
  if (!isObject(value)) return invalidType(value, struct);

  const wrong = firstOf(Object.entries(value), ([name, member]) => {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    return field && firstProblem(field, member);
  });
  if (wrong) return wrong;
  const missing = Object.keys(fields).find((name) => value[name] === undefined && isRequired(fields[name]));
  return missing && `missing field \`${missing}\``;
}

/** An enum whose variants are objects with a `type`. */
function problemOfTagged(schema: z.ZodDiscriminatedUnion, value: unknown): string | undefined {
  if (!isObject(value)) return invalidType(value, `internally tagged enum ${idOf(schema)}`);
  const tag = schema.def.discriminator;
  const variants = schema.options.flatMap((option) =>
    option instanceof z.ZodObject ? [{ option, names: tagNames(option, tag) }] : [],
  );
  const name = value[tag];
  if (name === undefined) return `missing field \`${tag}\``;
  if (typeof name !== "string") return invalidType(name, "variant identifier");
  const variant = variants.find(({ names }) => names.includes(name));
  if (!variant)
    return unknownVariant(
      name,
      variants.flatMap(({ names }) => names),
    );
  return problemOfStruct(variant.option, value);
}

/** `"never"` or `{"granular":{…}}`: an enum whose variants are names, or objects with the name as their only member. */
function problemOfEnum(schema: z.ZodEnum | z.ZodLiteral | z.ZodUnion, value: unknown): string | undefined {
  const options: readonly Schema[] = schema instanceof z.ZodUnion ? schema.options : [schema];
  const bodies = new Map<string, Schema | undefined>();
  for (const option of options) {
    if (option instanceof z.ZodEnum) for (const name of option.options) bodies.set(String(name), undefined);
    else if (option instanceof z.ZodLiteral) for (const name of option.values) bodies.set(String(name), undefined);
    else {
      const members: [string, Schema][] = option instanceof z.ZodObject ? Object.entries(option.shape) : [];
      if (members.length !== 1) return problemOfUntagged(schema, options, value);
      for (const [name, body] of members) bodies.set(name, body);
    }
  }
  const names = variantsOf(schema) ?? [...bodies.keys()];

  if (typeof value === "string") return bodies.has(value) ? undefined : unknownVariant(value, names);
  if (!isObject(value)) return invalidType(value, "string or map");
  const [name, ...others] = Object.keys(value);
  if (name === undefined || others.length > 0) return "invalid value: map, expected map with a single key";
  if (!bodies.has(name)) return unknownVariant(name, names);
  const body = bodies.get(name);
  return body && firstProblem(body, value[name]);
}

function problemOfUntagged(schema: z.ZodType, options: readonly Schema[], value: unknown): string | undefined {
  if (options.some((option) => z.safeParse(option, value).success)) return undefined;
  return `data did not match any variant of untagged enum ${idOf(schema)}`;
}

function firstOf<Entry>(entries: readonly Entry[], problemOf: (entry: Entry) => string | undefined): string | undefined {
  for (const entry of entries) {
    const problem = problemOf(entry);
    if (problem) return problem;
  }
  return undefined;
}

function tagNames(option: z.ZodObject, tag: string): string[] {
  const literal = option.shape[tag];
  return literal instanceof z.ZodLiteral ? [...literal.values].map(String) : [];
}

function isRequired(field: Schema | undefined): boolean {
  return field !== undefined && !z.safeParse(field, undefined).success;
}

function idOf(schema: z.ZodType): string {
  return schema.meta()?.id ?? "of params";
}

/** The order of an enum's variants where it is not the schema's; see `method.ts`. */
function variantsOf(schema: z.ZodType): string[] | undefined {
  const variants = schema.meta()?.variants;
  return Array.isArray(variants) ? variants.map(String) : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalidType(value: unknown, expected: string): string {
  return `invalid type: ${nameOf(value)}, expected ${expected}`;
}

/** serde's `Unexpected`. */
function nameOf(value: unknown): string {
  switch (typeof value) {
    case "string":
      return `string ${JSON.stringify(value)}`;
    case "boolean":
      return `boolean \`${value}\``;
    case "number":
      return Number.isInteger(value) ? `integer \`${value}\`` : `floating point \`${value}\``;
    default:
      return value === null ? "null" : Array.isArray(value) ? "sequence" : "map";
  }
}
