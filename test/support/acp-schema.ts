/** Judges messages by ACP's own JSON Schema of version 1, as its SDK ships it. Runs in Node, for tests only. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { Ajv2020 } from "ajv/dist/2020.js";

interface Definition {
  "x-method"?: string;
}

const schema = JSON.parse(
  readFileSync(createRequire(import.meta.url).resolve("@agentclientprotocol/sdk/schema/v1/schema.json"), "utf8"),
) as { $defs: Record<string, Definition> };
// Formats of its own (`uint64`), and members for its code generators.
const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema(schema, "acp");

/** Method → the definition of its params, and of its result. */
const definitions = new Map<string, { params?: string; result?: string }>();
for (const [name, { "x-method": method }] of Object.entries(schema.$defs)) {
  if (method === undefined) continue;
  const known = definitions.get(method) ?? {};
  definitions.set(method, name.endsWith("Response") ? { ...known, result: name } : { ...known, params: name });
}

interface Message {
  jsonrpc?: unknown;
  id?: unknown;
  method?: string;
  params?: unknown;
  result?: unknown;
  error?: unknown;
}

/** What an agent said. `methodOf` names the request that an id of an answer belongs to. Throws an Error that says what does not fit. */
export function checkAgentMessage(message: Message, methodOf: (id: unknown) => string | undefined): void {
  if (message.jsonrpc !== "2.0") throw new Error(`no jsonrpc: ${excerpt(message)}`);
  if (message.method !== undefined) check(definitions.get(message.method)?.params, message.params, message);
  else if (message.error !== undefined) check("Error", message.error, message);
  else check(definitions.get(methodOf(message.id) ?? "")?.result, message.result, message);
}

/** One `update` of `session/update`. */
export function checkUpdate(update: unknown): void {
  check("SessionUpdate", update, update);
}

function check(name: string | undefined, value: unknown, message: unknown): void {
  if (name === undefined) throw new Error(`nothing that ACP knows: ${excerpt(message)}`);
  const validate = ajv.getSchema(`acp#/$defs/${name}`);
  if (!validate) throw new Error(`no definition ${name}`);
  if (!validate(value)) throw new Error(`no ${name}: ${ajv.errorsText(validate.errors)} in ${excerpt(message)}`);
}

function excerpt(message: unknown): string {
  return JSON.stringify(message).slice(0, 600);
}
