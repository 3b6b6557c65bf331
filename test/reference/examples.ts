/** Examples that happened: the shortest exchange of a recorded session that fits Spindle's own schemas. */
import { type MethodName, methods } from "#protocol/methods";
import { exchangesOf, sessions } from "#test/support/codex-transcripts";
import type { Json, Protocol } from "./definitions.ts";

/** Longer ones are no examples any more. */
const exampleCharactersMax = 1_200;

export interface Example {
  request: Json;
  /** Null where no recorded answer is short enough, and where nothing was recorded at all. */
  response: Json | null;
  isRecorded: boolean;
}

export function exampleOf(method: MethodName, protocol: Protocol): Example {
  return recorded.get(method) ?? { request: madeUp(method, protocol), response: null, isRecorded: false };
}

const recorded = new Map<string, Example>();
for (const { method, request, response } of sessions.flatMap(exchangesOf)) {
  if (!Object.hasOwn(methods, method) || response.error) continue;
  const { params, result } = methods[method as MethodName];
  if (!params.safeParse(request.params).success) continue;
  const fits = result.safeParse(response.result).success && JSON.stringify(response).length <= exampleCharactersMax;
  const example = { request: { ...request }, response: fits ? { ...response } : null, isRecorded: true };
  const known = recorded.get(method);
  if (JSON.stringify(request).length <= exampleCharactersMax && (!known || rank(example) < rank(known)))
    recorded.set(method, example);
}

/** An exchange with its answer before one without; what says more in the answer is not preferred, what is shorter is. */
function rank({ request, response }: Example): number {
  return (response ? 0 : 1_000_000) + JSON.stringify({ request, response }).length;
}

/** What has to be there, and nothing else. */
function madeUp(method: MethodName, { definitions, clientRequests }: Protocol): Json {
  const params = clientRequests[method]?.params ?? "";
  return { id: 1, method, params: sampleOf({ $ref: `#/$defs/${params}` }, definitions) };
}

function sampleOf(schema: Json, definitions: Protocol["definitions"], name = ""): unknown {
  if (typeof schema.$ref === "string") return sampleOf(definitions[schema.$ref.replace("#/$defs/", "")] ?? {}, definitions, name);
  if ("const" in schema) return schema.const;
  if (Array.isArray(schema.enum)) return schema.enum[0];
  const options = schema.anyOf ?? schema.oneOf;
  if (Array.isArray(options)) return sampleOf(options[0] as Json, definitions, name);
  switch (schema.type) {
    case "string":
      return name.endsWith("Id")
        ? "01a1fb3f-9a5e-7752-a328-faaf05ab6601"
        : schema.pattern === undefined
          ? "…"
          : "/workspace/a.txt";
    case "number":
    case "integer":
      return Math.max(Number(schema.minimum ?? 1), 1);
    case "boolean":
      return true;
    case "array":
      return name.endsWith("Ids") ? [] : [sampleOf(schema.items as Json, definitions, name.replace(/s$/, ""))];
    case "object": {
      const required = (schema.required as string[] | undefined) ?? [];
      const properties = (schema.properties as Record<string, Json> | undefined) ?? {};
      return Object.fromEntries(required.map((member) => [member, sampleOf(properties[member] ?? {}, definitions, member)]));
    }
    default:
      return null;
  }
}
