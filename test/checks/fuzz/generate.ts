/** Values that fit a JSON Schema as Codex's bundle writes it, from a seed; with ids that really exist where a field's name asks for one. */
import { definitionOf } from "../../support/codex-schema.ts";
import type { Random } from "../../support/random.ts";

type Schema = Record<string, unknown>;

/** Values for fields of this name, such as the ids that the server gave out: without them nearly every request would end at "not found". */
export type Known = (field: string) => unknown[];

/** Members deep that a value may be: the schema of configuration refers to itself. */
const depthMax = 6;

export function generate(schema: unknown, { random, known }: { random: Random; known: Known }, field = "", depth = 0): unknown {
  if (schema === true || typeof schema !== "object" || schema === null) return word(random);
  const { $ref, oneOf, anyOf, allOf, enum: values, type, properties } = schema as Schema;
  const within = (inner: unknown) => generate(inner, { random, known }, field, depth + 1);
  const existing = known(field);
  if (existing.length > 0 && random.chance(0.8)) return random.pick(existing);
  if (typeof $ref === "string") return depth > depthMax ? null : within(definitionOf($ref));
  if (Array.isArray(values)) return random.pick(values);
  const variants = (oneOf ?? anyOf) as unknown[] | undefined;
  if (variants) return within(random.pick(variants));
  if (Array.isArray(allOf)) return within(allOf[0]);
  const kind = Array.isArray(type) ? random.pick(type) : type;
  switch (kind) {
    case "null":
      return null;
    case "boolean":
      return random.chance(0.5);
    case "integer":
    case "number":
      return random.pick([0, 1, 2, 25, 1000, 86_400, 4_294_967_295]);
    case "string":
      return word(random);
    case "array": {
      const { items } = schema as Schema;
      return Array.from({ length: depth > depthMax ? 0 : random.below(3) }, () => within(items ?? true));
    }
    default: {
      const { required = [], additionalProperties } = schema as { required?: string[]; additionalProperties?: unknown };
      const made: Record<string, unknown> = {};
      for (const [name, inner] of Object.entries((properties ?? {}) as Record<string, unknown>)) {
        const isNeeded = required.includes(name);
        if (isNeeded || (depth <= depthMax && random.chance(0.3))) {
          made[name] = generate(inner, { random, known }, name, depth + 1);
        }
      }
      if (additionalProperties && additionalProperties !== true && random.chance(0.3))
        made[word(random)] = within(additionalProperties);
      return made;
    }
  }
}

function word(random: Random): string {
  return random.pick([
    "",
    "a",
    "alpha",
    "src/main.ts",
    "/workspace/a.txt",
    "ä€😀",
    "\u202eevil\u0000",
    "x".repeat(300),
    "%s%n",
    "-1",
    "null",
  ]);
}
