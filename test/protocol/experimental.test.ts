/** The `experimentalApi` capability, against the two schemas that Codex prints: what only the larger one has needs it, and nothing else. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { experimentalMethodNames } from "#protocol/codex-method-names";
import { Refusal } from "#protocol/errors";
import { methods } from "#protocol/methods";
import { parseRequest } from "#protocol/parse-request";

type Json = Record<string, unknown>;
interface Schema {
  definitions: Record<string, { properties?: Json; required?: string[] }>;
}

const stable = read("schema.stable.json");
const experimental = read("schema.experimental.json");
const stableMethods = paramsOf(stable);
const allMethods = paramsOf(experimental);

test("the list of experimental methods, and of fields, is what the two schemas differ by", () => {
  const only = [...allMethods.keys()].filter((name) => !stableMethods.has(name));
  expect([...experimentalMethodNames].sort()).toEqual(only.sort());
  const derived = JSON.parse(readFileSync(new URL("../fixtures/codex-0.169.0/experimental.json", import.meta.url), "utf8"));
  const fields = Object.fromEntries(
    [...stableMethods.keys()].flatMap((name) => (experimentalFields(name).length > 0 ? [[name, experimentalFields(name)]] : [])),
  );
  expect([derived.methods.toSorted(), derived.fields]).toEqual([only.sort(), fields]);
});

const served = Object.keys(methods).filter((name) => allMethods.has(name) && name !== "initialize");

describe("each served method asks for the capability exactly where the schemas say so", () => {
  test.each(served)("%s", (name) => {
    const least = sampleOf(allMethods.get(name), "required");
    const reasonOf = (params: unknown) => refusalOf(name, params)?.replace(" requires experimentalApi capability", "");
    if (!stableMethods.has(name)) {
      expect(reasonOf(least)).toBe(name);
      expect(refusalOf(name, least, true)).toBeUndefined();
      return;
    }
    expect(refusalOf(name, least), "with what is required only").toBeUndefined();
    const own = Object.keys((experimental.definitions[allMethods.get(name) ?? ""]?.properties ?? {}) as Json);
    const gated = own.filter((field) => {
      const params = { ...(least as Json), [field]: carrying(name, field) };
      return reasonOf(params) === `${name}.${field}`;
    });
    expect(gated.sort()).toEqual(experimentalFields(name));
    for (const field of gated) {
      const params = { ...(least as Json), [field]: carrying(name, field) };
      expect(refusalOf(name, params, true), `${field}, with the capability`).toBeUndefined();
      for (const nothing of [null, false, [], {}]) {
        const said = refusalOf(name, { ...(least as Json), [field]: nothing });
        expect(said === undefined || said.startsWith("Invalid request"), `${field} that carries nothing: ${said}`).toBe(true);
      }
    }
  });
});

function refusalOf(method: string, params: unknown, experimentalApi = false): string | undefined {
  try {
    parseRequest({ method, params }, { experimentalApi });
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.wire.message;
    throw error;
  }
}

/** The name of each method's params. */
function paramsOf({ definitions }: Schema): Map<string, string | undefined> {
  const { oneOf } = definitions.ClientRequest as unknown as {
    oneOf: { properties: { method: { enum: [string] }; params?: unknown } }[];
  };
  return new Map(
    oneOf.map(({ properties }) => [properties.method.enum[0], nameIn(JSON.stringify(properties.params ?? null))] as const),
  );
}

function experimentalFields(method: string): string[] {
  const name = allMethods.get(method) ?? "";
  const known = stable.definitions[name]?.properties ?? {};
  return Object.keys(experimental.definitions[name]?.properties ?? {})
    .filter((field) => !Object.hasOwn(known, field))
    .sort();
}

/** A value of the field that says something. */
function carrying(method: string, field: string): unknown {
  const properties = experimental.definitions[allMethods.get(method) ?? ""]?.properties ?? {};
  return sampleOfType(properties[field] as Json, "full");
}

/** Params as the schema wants them: the least, or with something in every place. */
function sampleOf(name: string | undefined, size: "required" | "full", depth = 0): unknown {
  const definition = name === undefined ? undefined : experimental.definitions[name];
  if (!definition) return undefined;
  return sampleOfType(definition as Json, size, depth);
}

function sampleOfType(schema: Json, size: "required" | "full", depth = 0): unknown {
  if (schema === undefined || (schema as unknown) === true) return "x";
  if (typeof schema.$ref === "string") {
    const name = nameIn(schema.$ref);
    return name === "AbsolutePathBuf" ? "/x" : sampleOf(name, size, depth + 1);
  }
  for (const union of [schema.anyOf, schema.oneOf, schema.allOf]) {
    if (Array.isArray(union)) return sampleOfType(union.find((one: Json) => one.type !== "null") as Json, size, depth);
  }
  if (Array.isArray(schema.enum)) return schema.enum[0];
  const type = Array.isArray(schema.type) ? schema.type.find((one) => one !== "null") : schema.type;
  switch (type) {
    case "string":
      return threadId;
    case "integer":
    case "number":
      return 1;
    case "boolean":
      return true;
    case "array":
      return size === "full" ? [sampleOfType(schema.items as Json, "full", depth + 1)] : [];
    default: {
      const properties = Object.entries((schema.properties ?? {}) as Record<string, Json>);
      const required = (schema.required ?? []) as string[];
      const wanted = properties.filter(([key]) => required.includes(key) || (size === "full" && depth < 2));
      const members = Object.fromEntries(wanted.map(([key, member]) => [key, sampleOfType(member, size, depth + 1)]));
      return size === "full" && wanted.length === 0 ? { something: "x" } : members;
    }
  }
}

const threadId = "01a1fb3f-9a5e-7752-a328-faaf05ab6601";

function nameIn(text: string): string | undefined {
  return /#\/definitions\/(\w+)/.exec(text)?.[1];
}

function read(file: string): Schema {
  return JSON.parse(readFileSync(new URL(`../fixtures/codex-0.169.0/${file}`, import.meta.url), "utf8")) as Schema;
}
