/** What Codex 0.169.0 says of its own messages: the unions of both directions, and the members that each shape has. */
import { readFileSync } from "node:fs";
import { resultDefinitionOf } from "#test/support/codex-schema";
import type { Json } from "./definitions.ts";

export type Envelope = "ClientRequest" | "ClientNotification" | "ServerRequest" | "ServerNotification";

const folder = new URL("../fixtures/codex-0.169.0/", import.meta.url);
const envelopes = new Map<Envelope, Json>();
const bundle = (JSON.parse(readFileSync(new URL("schema.experimental.json", folder), "utf8")) as { definitions: Json })
  .definitions;

/** In the order in which Codex lists them. */
export function codexMethodsOf(envelope: Envelope): string[] {
  return [...variantsOf(envelope).keys()];
}

/** The name of the shape that `method` carries, if it carries a named one. */
export function codexParamsName(envelope: Envelope, method: string): string | undefined {
  const params = variantsOf(envelope).get(method)?.params;
  return /#\/definitions\/(\w+)/.exec(JSON.stringify(params ?? null))?.[1];
}

/** Every definition of Codex's by name; those of the unions come first because they are the wire itself. */
export function codexDefinitions(): Record<string, Json> {
  const all: Record<string, Json> = {};
  for (const envelope of ["ClientRequest", "ServerNotification", "ServerRequest"] as const) {
    Object.assign(all, read(envelope).definitions);
  }
  return { ...all, ...(bundle as Record<string, Json>) };
}

/** The name of the shape that answers a client's request. */
export function codexResultName(method: string): string | undefined {
  const name = resultDefinitionOf(method);
  return name !== undefined && name in bundle ? name : undefined;
}

function variantsOf(envelope: Envelope): Map<string, { params?: Json }> {
  const variants = read(envelope).oneOf as { properties: { method: { enum: [string] }; params?: Json } }[];
  return new Map(variants.map(({ properties }) => [properties.method.enum[0], properties]));
}

function read(envelope: Envelope): Json {
  const known = envelopes.get(envelope);
  if (known) return known;
  const schema = JSON.parse(readFileSync(new URL(`envelopes/${envelope}.json`, folder), "utf8")) as Json;
  envelopes.set(envelope, schema);
  return schema;
}
