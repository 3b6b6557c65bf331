/**
 * JSON Schema as a TypeScript type. Our own, because `json-schema-to-typescript` makes an index signature of `not: {}` and so calls
 * a list that is always empty a list of anything; and no more than what `z.toJSONSchema` writes for this protocol.
 */
import type { Json } from "./definitions.ts";

/** One line, or with `indent` a type over several lines where it is an object. */
export function typeOf(schema: Json): string {
  if (typeof schema.$ref === "string") return schema.$ref.replace("#/$defs/", "");
  if ("const" in schema) return JSON.stringify(schema.const);
  if (Array.isArray(schema.enum)) return schema.enum.map((value) => JSON.stringify(value)).join(" | ");
  const options = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(options)) return [...new Set((options as Json[]).map(typeOf))].join(" | ");
  if (Array.isArray(schema.allOf)) return (schema.allOf as Json[]).map((part) => grouped(typeOf(part))).join(" & ");
  if ("not" in schema) return "never";
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type })).join(" | ");
  switch (schema.type) {
    case undefined:
      return "unknown";
    case "string":
    case "boolean":
    case "null":
      return schema.type;
    case "number":
    case "integer":
      return "number";
    case "array":
      if (Array.isArray(schema.prefixItems)) return `[${(schema.prefixItems as Json[]).map(typeOf).join(", ")}]`;
      return `${grouped(typeOf((schema.items ?? {}) as Json))}[]`;
    case "object":
      return objectType(schema);
    default:
      throw new Error(`no TypeScript for ${JSON.stringify(schema)}`);
  }
}

export interface Member {
  name: string;
  type: string;
  isRequired: boolean;
  description?: string;
}

/** The members of an object's schema in the order of its declaration. */
export function membersOf(schema: Json): Member[] {
  const required = new Set((schema.required as string[] | undefined) ?? []);
  return Object.entries((schema.properties as Record<string, Json> | undefined) ?? {}).map(([name, member]) => ({
    name,
    type: typeOf(member),
    isRequired: required.has(name),
    description: member.description as string | undefined,
  }));
}

function objectType(schema: Json): string {
  const members = membersOf(schema);
  const others = schema.additionalProperties ? typeOf(schema.additionalProperties as Json) : null;
  if (members.length === 0) return `Record<string, ${others ?? "never"}>`;
  const index = others === null ? [] : [`[others: string]: ${others}`];
  return `{ ${[...members.map(memberText), ...index].join("; ")} }`;
}

export function memberText({ name, type, isRequired }: Member): string {
  const key = /^[A-Za-z_]\w*$/.test(name) ? name : JSON.stringify(name);
  return `${key}${isRequired ? "" : "?"}: ${type}`;
}

/** In parentheses where it is a union or an intersection itself, and not only something within it. */
function grouped(type: string): string {
  let depth = 0;
  const outside = Array.from(type).filter((character) => {
    if ("{<([".includes(character)) depth += 1;
    if ("}>)]".includes(character)) depth -= 1;
    return depth === 0;
  });
  return /[|&]/.test(outside.join("")) ? `(${type})` : type;
}
