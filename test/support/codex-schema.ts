/** Judges messages by the JSON Schema of Codex 0.169.0, independently of Spindle's own schemas. Runs in Node, for tests only. */
import { readFileSync } from "node:fs";
import { Ajv, type ValidateFunction } from "ajv";

type Json = Record<string, unknown>;
type Envelope = "ClientRequest" | "ClientNotification" | "ServerRequest" | "ServerNotification";

/** Which way a frame went, and the method that an id in it belongs to. */
export interface FrameContext {
  to: "client" | "server";
  /** The method of the request that this frame answers. */
  methodOf: (id: unknown) => string | undefined;
}

/** Any frame of a session. Throws an Error that says what does not fit. */
export function validateFrame(frame: unknown, { to, methodOf }: FrameContext): void {
  const message = asMessage(frame);
  if ("method" in message) {
    if (to === "client") checkServerMessage(message);
    else checkClientMessage(message);
    return;
  }
  if ("error" in message) {
    check("error response", message, compiled("spindle-tests/errorResponse", errorResponse));
    return;
  }
  const method = methodOf(message.id);
  if (method === undefined) throw new Error(`a response to nothing that was asked: ${excerpt(message)}`);
  if (to === "client") checkResult(method, message.result);
  else checkAnswer(method, message.result);
}

/** A notification, or a request of the server's. */
export function checkServerMessage(frame: unknown): void {
  checkByEnvelope(frame, "ServerRequest", "ServerNotification");
}

/** A request or a notification of the client's. */
export function checkClientMessage(frame: unknown): void {
  checkByEnvelope(frame, "ClientRequest", "ClientNotification");
}

/** The `result` of a client's request. */
export function checkResult(method: string, result: unknown): void {
  if (isSpindles(method)) return;
  const name = resultDefinitionOf(method);
  if (!name) throw new Error(`Codex 0.169.0 defines no result of ${method}`);
  check(`result of ${method}`, result, compiled(name, definition(name)));
}

/** The `result` with which a client answered a server's request. */
export function checkAnswer(method: string, result: unknown): void {
  if (isSpindles(method)) return;
  const name = paramsDefinitionOf("ServerRequest", method)?.replace(/Params$/, "Response");
  if (!name || !(name in definitions())) throw new Error(`Codex 0.169.0 defines no answer to ${method}`);
  check(`answer to ${method}`, result, compiled(name, definition(name)));
}

/** The name of the definition that says what `method` answers, if there is one. */
export function resultDefinitionOf(method: string): string | undefined {
  const name = resultDefinitions[method] ?? paramsDefinitionOf("ClientRequest", method)?.replace(/Params$/, "Response");
  return name !== undefined && name in definitions() ? name : undefined;
}

/** What a client's request may carry: the struct's name, its fields and those it needs. */
export function paramsDefinition(method: string): { name: string; fields: string[]; required: string[] } | undefined {
  const name = paramsDefinitionOf("ClientRequest", method);
  const params = name === undefined ? undefined : (definitions()[name] as { properties?: Json; required?: string[] });
  return name === undefined
    ? undefined
    : { name, fields: Object.keys(params?.properties ?? {}).sort(), required: [...(params?.required ?? [])].sort() };
}

/** The schemas of all requests a client may send, by method: the whole message. */
export function clientRequests(): ReadonlyMap<string, unknown> {
  return variantsOf("ClientRequest");
}

/** What a `$ref` of the bundle or of an envelope points at. */
export function definitionOf(reference: string): unknown {
  return definitions()[reference.slice(reference.lastIndexOf("/") + 1)];
}

/** Where the result's name does not follow from the params' name. */
const resultDefinitions: Record<string, string> = {
  initialize: "InitializeResponse",
  "account/logout": "LogoutAccountResponse",
  "account/usage/read": "GetAccountTokenUsageResponse",
  "account/workspaceMessages/read": "GetWorkspaceMessagesResponse",
  "config/mcpServer/reload": "McpServerRefreshResponse",
  "externalAgentConfig/import/readHistories": "ExternalAgentConfigImportHistoriesReadResponse",
  "config/value/write": "ConfigWriteResponse",
  "config/batchWrite": "ConfigWriteResponse",
  "configRequirements/read": "ConfigRequirementsReadResponse",
  "accountSession/list": "AccountSessionsResponse",
  "memory/reset": "MemoryResetResponse",
  "remoteControl/status/read": "RemoteControlStatusReadResponse",
  "windowsSandbox/readiness": "WindowsSandboxReadinessResponse",
};

/** Not in the bundle; written down from the transcripts and from the real server's own list of decisions. */
const missingDefinitions: Record<string, Json> = {
  InitializeResponse: objectOf({
    userAgent: { type: "string" },
    codexHome: { type: "string" },
    platformFamily: { type: "string" },
    platformOs: { type: "string" },
  }),
  CommandExecutionRequestApprovalResponse: objectOf({ decision: { $ref: "#/definitions/CommandExecutionApprovalDecision" } }),
  FileChangeRequestApprovalResponse: objectOf({ decision: { enum: ["accept", "acceptForSession", "decline", "cancel"] } }),
  FuzzyFileSearchResponse: objectOf({ files: { type: "array", items: { $ref: "#/definitions/FuzzyFileSearchResult" } } }),
  FuzzyFileSearchSessionStartResponse: { type: "object" },
  FuzzyFileSearchSessionUpdateResponse: { type: "object" },
  FuzzyFileSearchSessionStopResponse: { type: "object" },
  DynamicToolCallResponse: objectOf({ contentItems: { type: "array", items: { type: "object" } }, success: { type: "boolean" } }),
};

const errorResponse: Json = objectOf({
  id: { $ref: "codex#/definitions/RequestId" },
  error: objectOf({ code: { type: "integer" }, message: { type: "string" } }),
});

function checkByEnvelope(frame: unknown, ofRequest: Envelope, ofNotification: Envelope): void {
  const message = asMessage(frame);
  const method = String(message.method);
  if (isSpindles(method)) return;
  const envelope = "id" in message ? ofRequest : ofNotification;
  const variant = variantOf(envelope, method);
  if (!variant) throw new Error(`${method} is not a ${envelope} of Codex 0.169.0`);
  check(method, message, compiled(`${envelope}/${method}`, variant));
}

function check(what: string, value: unknown, validate: ValidateFunction): void {
  if (validate(value)) return;
  const problems = (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath || "/"} ${message}`);
  throw new Error(`${what} does not fit Codex 0.169.0: ${problems.join("; ")}\n${excerpt(value)}`);
}

// Reading and compiling 800 definitions takes a second, a test needs a few of them: everything waits until it is asked for, once.
const once = new Map<string, unknown>();

function lazily<Value>(key: string, make: () => Value): Value {
  if (!once.has(key)) once.set(key, make());
  return once.get(key) as Value;
}

function compiled(key: string, schema: Json): ValidateFunction {
  return lazily(`compiled ${key}`, () => validator().compile(schema));
}

function validator(): Ajv {
  return lazily("ajv", () => {
    // Extra members are welcome, formats (int64, uint32) are Rust's own. All errors: a union's first one says little.
    const ajv = new Ajv({ strict: false, validateFormats: false, allErrors: true });
    return ajv.addSchema({ $id: "codex", definitions: definitions() });
  });
}

/** The bundle's definitions, and from the envelopes those that only the unions use. */
function definitions(): Record<string, Json> {
  return lazily("definitions", () => ({
    ...(envelope("ServerRequest").definitions as Record<string, Json>),
    ...(envelope("ServerNotification").definitions as Record<string, Json>),
    ...(envelope("ClientRequest").definitions as Record<string, Json>),
    ...(read("schema.experimental.json").definitions as Record<string, Json>),
    ...missingDefinitions,
  }));
}

function definition(name: string): Json {
  return { $ref: `codex#/definitions/${name}` };
}

/** One variant of a union, its references pointed at the common definitions. */
function variantOf(name: Envelope, method: string): Json | undefined {
  return variantsOf(name).get(method);
}

function variantsOf(name: Envelope): Map<string, Json> {
  return lazily(`variants ${name}`, () => {
    const text = JSON.stringify(envelope(name).oneOf).replaceAll('"#/definitions/', '"codex#/definitions/');
    const variants = JSON.parse(text) as { properties: { method: { enum: [string] } } }[];
    return new Map(variants.map((variant) => [variant.properties.method.enum[0], variant]));
  });
}

function paramsDefinitionOf(name: Envelope, method: string): string | undefined {
  const params = JSON.stringify((variantOf(name, method)?.properties as Json | undefined)?.params ?? null);
  return /#\/definitions\/(\w+)/.exec(params)?.[1];
}

function envelope(name: Envelope): Json {
  return lazily(name, () => read(`envelopes/${name}.json`));
}

function read(path: string): Json {
  return JSON.parse(readFileSync(new URL(`../fixtures/codex-0.169.0/${path}`, import.meta.url), "utf8")) as Json;
}

/** All of these members, and any others. */
function objectOf(properties: Json): Json {
  return { type: "object", required: Object.keys(properties), properties };
}

function asMessage(frame: unknown): Json {
  if (typeof frame !== "object" || frame === null || Array.isArray(frame)) throw new Error(`not a message: ${excerpt(frame)}`);
  return frame as Json;
}

function isSpindles(method: string): boolean {
  return method.startsWith("spindle/");
}

function excerpt(value: unknown): string {
  return (JSON.stringify(value) ?? "undefined").slice(0, 500);
}
