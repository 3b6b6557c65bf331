/** Params for any method, made from its own schema, so that a method that is added tomorrow is asked like all the others. */
import type * as z from "zod";
import { type MethodName, methods } from "#protocol/methods";

/**
 * The value for a member that names something of somebody's, null for one that names nothing. Throws for one that it does not know: a
 * test that passes because it asked for nothing is worse than one that fails.
 */
export type Naming = (member: string) => string | null;

/** `required`: what the schema demands; `everything`: also every optional member that names something. */
export type Fill = "required" | "everything";

export function sampleParams(method: MethodName, name: Naming, fill: Fill): unknown {
  const schema: z.ZodType = methods[method].params;
  const sample = sampleOf(schema, "", { name, fill });
  const parsed = schema.safeParse(sample);
  if (parsed.success) return sample;
  throw new Error(`test/support/sample-params.ts cannot make params for ${method}: ${JSON.stringify(parsed.error.issues)}`);
}

/** Members of a method's params, at any depth, that have the look of naming something. */
export function namedMembers(method: MethodName): string[] {
  return [...new Set(namesIn(methods[method].params))];
}

interface Making {
  name: Naming;
  fill: Fill;
}

/** zod keeps what a schema was made of in `def`; only what the protocol's schemas are made of is known here. */
interface Definition {
  type: string;
  shape?: Record<string, z.ZodType>;
  innerType?: z.ZodType;
  element?: z.ZodType;
  options?: z.ZodType[];
  values?: unknown[];
  entries?: Record<string, unknown>;
  in?: z.ZodType;
}

function sampleOf(schema: z.ZodType, member: string, making: Making): unknown {
  const definition = definitionOf(schema);
  switch (definition.type) {
    case "object":
      return Object.fromEntries(
        Object.entries(definition.shape ?? {})
          .filter(([key, child]) => !isOptional(child) || (making.fill === "everything" && isOrHoldsName(key, child)))
          .map(([key, child]) => [key, sampleOf(child, key, making)]),
      );
    case "array":
      return definition.element ? [sampleOf(definition.element, member, making)] : [];
    case "string":
      return (namesSomething(member) ? making.name(member) : null) ?? (schema.safeParse("x").success ? "x" : "/x");
    case "number":
      return 1;
    case "boolean":
      return false;
    case "literal":
      return definition.values?.[0];
    case "enum":
      return Object.values(definition.entries ?? {})[0];
    case "record":
      return {};
    case "unknown":
    case "custom":
      return "x";
    case "union": {
      const [first] = definition.options ?? [];
      return first && sampleOf(first, member, making);
    }
    default: {
      const inner = definition.innerType ?? definition.in;
      if (inner) return sampleOf(inner, member, making);
      throw new Error(`test/support/sample-params.ts does not know what a ${definition.type} (${member}) looks like`);
    }
  }
}

/** `threadId`, `queuedSubmissionIds`, `path`, `sourcePath`. */
function namesSomething(member: string): boolean {
  return /(^id|Ids?)$|(^path|Path)$/.test(member);
}

function isOrHoldsName(member: string, schema: z.ZodType): boolean {
  return namesSomething(member) || namesIn(schema).length > 0;
}

function namesIn(schema: z.ZodType): string[] {
  const { shape = {}, innerType, element, options = [], in: input } = definitionOf(schema);
  const inner = [innerType, element, input, ...options].flatMap((child) => (child ? namesIn(child) : []));
  const own = Object.entries(shape).flatMap(([key, child]) => [...(namesSomething(key) ? [key] : []), ...namesIn(child)]);
  return [...own, ...inner];
}

function isOptional(schema: z.ZodType): boolean {
  return schema.safeParse(undefined).success;
}

function definitionOf(schema: z.ZodType): Definition {
  // The border to zod's inside: whatever is not understood is refused above.
  return schema.def as unknown as Definition;
}
