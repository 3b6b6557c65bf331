/** A value that satisfies a JSON Schema, for a stand-in that has nothing of its own to say. */
import * as z from "zod";

/**
 * Strings become `text` (in one line, 36 characters at most), numbers 0, booleans false, arrays empty, objects get all their
 * properties, enums their first value. Covers what strict structured outputs allow, `$ref` included; anything else becomes null.
 */
export function exampleOf(schema: unknown, text: string): unknown {
  return example(schema, { root: schema, text, depthLeft: depthMax });
}

/** Levels of a schema that are followed: a recursive one would have no end. */
const depthMax = 16;
/** What a title may have in Codex's terminal client; and a `maxLength` that is smaller counts. */
const textCharactersMax = 36;

const node = z.object({
  $ref: z.string().optional(),
  const: z.unknown().optional(),
  enum: z.array(z.unknown()).min(1).optional(),
  anyOf: z.array(z.unknown()).min(1).optional(),
  oneOf: z.array(z.unknown()).min(1).optional(),
  type: z.union([z.string(), z.array(z.string()).min(1)]).optional(),
  properties: z.record(z.string(), z.unknown()).default({}),
  maxLength: z.number().optional(),
  minimum: z.number().default(0),
});

function example(schema: unknown, rest: { root: unknown; text: string; depthLeft: number }): unknown {
  const parsed = node.safeParse(schema);
  if (!parsed.success || !rest.depthLeft) return null;
  const deeper = { ...rest, depthLeft: rest.depthLeft - 1 };
  const { $ref, enum: values, anyOf, oneOf, type, properties, maxLength, minimum, const: only } = parsed.data;
  if ($ref !== undefined) return example(resolve($ref, rest.root), deeper);
  if (only !== undefined) return only;
  if (values) return values[0];
  const options = anyOf ?? oneOf;
  if (options) return example(options[0], deeper);
  switch (typeof type === "object" ? type[0] : type) {
    case "string":
      return shortText(rest.text, maxLength ?? textCharactersMax);
    case "number":
    case "integer":
      return Math.max(0, Math.ceil(minimum));
    case "boolean":
      return false;
    case "array":
      return [];
    case "object":
      return Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, example(property, deeper)]));
    default:
      return null;
  }
}

function shortText(text: string, charactersMax: number): string {
  // JSON Schema counts code points, and half a surrogate pair would be no text.
  const characters = Array.from(
    text
      .trim()
      .slice(0, 4 * textCharactersMax)
      .replaceAll(/\s+/g, " "),
  );
  const short = characters.slice(0, Math.min(charactersMax, textCharactersMax)).join("").trim();
  return short || "Rehearsal".slice(0, charactersMax);
}

/** `#/$defs/step`: a JSON Pointer into the schema itself, the only kind that strict schemas may use. */
function resolve(reference: string, root: unknown): unknown {
  let found: unknown = root;
  for (const part of reference.split("/").slice(1)) {
    found = typeof found === "object" && found !== null ? Object.entries(found).find(([name]) => name === part)?.[1] : undefined;
  }
  return found;
}
