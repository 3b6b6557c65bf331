/**
 * The border: what a client sent becomes a request whose method is served and whose params fit, or a `Refusal`. The checks stand in
 * the real server's order: readable, initialized, allowed; then Spindle's own, that a thread id is one.
 */
import { codexMethodNames, experimentalMethodNames } from "./codex-method-names.ts";
import { Refusal, refusals } from "./errors.ts";
import { describeInvalidParams } from "./invalid-request.ts";
import { isServed, type MethodName, methods, type Request } from "./methods.ts";
import { parseThreadId } from "./thread-id.ts";

/** What the border has to know of a connection; `null` stands for one that has not said `initialize`. */
export interface Session {
  experimentalApi: boolean;
}

export function parseRequest(message: { method: string; params?: unknown }, session: Session | null): Request {
  const { method } = message;
  if (!isServed(method)) throw new Refusal(refusalOfUnserved(method, session));

  const params = parseParams(method, message.params);
  if (method === "initialize") {
    if (session) throw new Refusal(refusals.alreadyInitialized());
  } else if (!session) throw new Refusal(refusals.notInitialized());

  const reason = session && !session.experimentalApi && experimentalReason(method, params);
  if (reason) throw new Refusal(refusals.experimentalRequired(reason));

  // The row's own schema made the params: their types belong together, which TypeScript cannot see through the table.
  const request = { method, params } as Request;
  if (request.method === "initialize") requireClientName(request.params.clientInfo.name);
  return withThreadId(request);
}

function refusalOfUnserved(method: string, session: Session | null) {
  if (!codexMethodNames.includes(method)) return refusals.unknownMethod(method);
  if (!session) return refusals.notInitialized();
  if (!session.experimentalApi && experimentalMethodNames.has(method)) return refusals.experimentalRequired(method);
  return refusals.unserved(method);
}

function parseParams(method: MethodName, params: unknown): unknown {
  const schema = methods[method].params;
  const parsed = schema.safeParse(params ?? undefined);
  if (!parsed.success) throw new Refusal(refusals.invalidRequest(describeInvalidParams(schema, params, parsed.error)));
  return parsed.data;
}

/** The method, or the first of its fields, that needs the `experimentalApi` capability. */
function experimentalReason(method: MethodName, params: unknown): string | undefined {
  const row = methods[method];
  if (row.experimental) return method;
  const members = Object(params) as Record<string, unknown>;
  const field = row.experimentalFields?.find((name: string) => carriesSomething(members[name]));
  return field && `${method}.${field}`;
}

/** The terminal client spells out every field it does not use: null, false and empty ones are not a use. */
function carriesSomething(value: unknown): boolean {
  if (value == null || value === false) return false;
  return typeof value !== "object" || Object.keys(value).length > 0;
}

/** `http::HeaderValue::from_str`: a tab or visible ASCII. */
function requireClientName(name: string): void {
  if (!/^[\t\x20-\x7e]*$/.test(name)) throw new Refusal(refusals.invalidClientName(name));
}

/** Objects are found by thread id, so that every spelling of one has to become the same before anybody routes by it. */
function withThreadId(request: Request): Request {
  const threadId = (Object(request.params) as { threadId?: unknown }).threadId;
  if (typeof threadId !== "string") return request;
  const parsed = parseThreadId(threadId);
  if ("problem" in parsed) {
    throw new Refusal(refusals.invalidThreadId(parsed.problem, request.method === "thread/resume" ? "session" : "thread"));
  }
  return { ...request, params: Object.assign({}, request.params, parsed) } as Request;
}
