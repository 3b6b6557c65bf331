/** From a request to the params of a method, by a row of the table. What does not fit is named with its place. Pure. */
import { createHash } from "node:crypto";
import * as z from "zod";
import { httpLimits } from "./limits.ts";
import { type Problem, problem } from "./problem.ts";
import type { Route, Shape } from "./routes.ts";

export interface RawRequest {
  path: Readonly<Record<string, string>>;
  query: URLSearchParams;
  /** Parsed; undefined where the row takes no JSON. */
  body: unknown;
  /** The header `Idempotency-Key` as it came. */
  idempotencyKey: string | null;
  account: string;
}

/** Params by the names that the method has for them. */
export function readRequest(route: Route, raw: RawRequest): { params: Record<string, unknown> } | { problem: Problem } {
  const inPath = parsed(route.inPath, raw.path, "");
  if ("problem" in inPath) return inPath;
  const query = queryMembers(route.inQuery, raw.query);
  if ("problem" in query) return query;
  const inQuery = parsed(route.inQuery, query.members, "?");
  if ("problem" in inQuery) return inQuery;
  const inBody = typeof route.inBody === "object" && route.inBody !== null ? parsed(route.inBody, raw.body, "/") : { values: {} };
  if ("problem" in inBody) return inBody;
  const key = keyOf(route, raw);
  if ("problem" in key) return key;
  const renamed = Object.fromEntries(Object.entries(inPath.values).map(([name, value]) => [route.renamed[name] ?? name, value]));
  return { params: { ...inQuery.values, ...key.values, ...inBody.values, ...renamed } };
}

/** `place` stands in front of a member's name in what is said of it: `/` for a pointer into the body. */
function parsed(shape: Shape, value: unknown, place: string): { values: Record<string, unknown> } | { problem: Problem } {
  const result = z.strictObject(shape).safeParse(value ?? {});
  if (result.success) return { values: result.data };
  const errors = result.error.issues.slice(0, 10).map((issue) => {
    const unknown = issue.code === "unrecognized_keys" ? issue.keys[0] : undefined;
    const at = [...issue.path.map(String), ...(unknown === undefined ? [] : [unknown])].map((part) => part.slice(0, 100));
    return {
      at: `${place}${at.join("/")}`,
      detail: unknown === undefined ? issue.message.slice(0, 500) : "there is no such member",
    };
  });
  const [first] = errors;
  const detail = first ? `${first.at || "the request"}: ${first.detail}` : "it does not fit";
  return { problem: problem(place === "/" ? "invalidBody" : "invalidParameter", detail, { errors }) };
}

/** A query holds texts; which of them are numbers, the schema says. */
function queryMembers(shape: Shape, query: URLSearchParams): { members: Record<string, unknown> } | { problem: Problem } {
  const members: Record<string, unknown> = {};
  for (const name of new Set(query.keys())) {
    const given = query.getAll(name);
    const schema = Object.hasOwn(shape, name) ? shape[name] : undefined;
    if (!schema) return unfit(name, "there is no such parameter");
    if (given.length > 1) return unfit(name, `it is given ${given.length} times`);
    members[name] = typed(schema, given[0] ?? "");
  }
  return { members };
}

function unfit(name: string, detail: string): { problem: Problem } {
  const at = `?${name.slice(0, 100)}`;
  return { problem: problem("invalidParameter", `${at}: ${detail}`, { errors: [{ at, detail }] }) };
}

/** As it is where it is not of the schema's type: then the schema says so. */
function typed(schema: z.ZodType, text: string): unknown {
  const type = typeOf(schema);
  if (type === "number" && /^-?\d{1,15}$/.test(text)) return Number(text);
  if (type === "boolean" && (text === "true" || text === "false")) return text === "true";
  return text;
}

/** What a query's text is read as; under `optional`, `nullable` and `default` is what counts. */
export function typeOf(schema: z.ZodType): string {
  const { def } = schema._zod as { def: { type: string; innerType?: z.ZodType } };
  return def.innerType ? typeOf(def.innerType) : def.type;
}

/**
 * The key becomes the id that the protocol knows a retry by, so that nothing is kept for it here. An id in the body itself wins, for it is the
 * same promise. Source: draft-ietf-httpapi-idempotency-key-header; the header is a structured string, and a bare token is taken as well.
 */
function keyOf(
  route: Route,
  { idempotencyKey, account }: RawRequest,
): { values: Record<string, unknown> } | { problem: Problem } {
  if (idempotencyKey === null || route.keyedBy === null) return { values: {} };
  const key = /^"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)"$/.exec(idempotencyKey)?.[1] ?? idempotencyKey;
  if (key === "" || key.length > httpLimits.idempotencyKeyCharactersMax || /[^\x21-\x7e]/.test(key)) {
    const most = httpLimits.idempotencyKeyCharactersMax;
    return { problem: problem("invalidIdempotencyKey", `Idempotency-Key must be 1 to ${most} visible ASCII characters`) };
  }
  const isId = route.keyedBy !== "clientUserMessageId";
  return { values: { [route.keyedBy]: isId ? idOf(`${account}\n${route.path}\n${key}`) : key } };
}

/** A UUID that the same text always gives (version 8 of RFC 9562: the bits are our own). */
function idOf(text: string): string {
  const digits = createHash("sha256").update(text).digest("hex");
  const variant = ((Number.parseInt(digits.slice(16, 18), 16) & 0x3f) | 0x80).toString(16);
  return `${digits.slice(0, 8)}-${digits.slice(8, 12)}-8${digits.slice(13, 16)}-${variant}${digits.slice(18, 20)}-${digits.slice(20, 32)}`;
}
