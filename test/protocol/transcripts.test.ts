/** Spindle's own schemas against what was captured: all that real clients send is read, and all that Spindle knows to say is Codex's shape. */
import { expect, test } from "vitest";
import type * as z from "zod";
import { connectionNotifications } from "#protocol/connection-notifications";
import { Refusal, type WireError } from "#protocol/errors";
import { threadItem } from "#protocol/item";
import { isServed, type MethodName, methods } from "#protocol/methods";
import { notifications } from "#protocol/notifications";
import { parseRequest, type Session } from "#protocol/parse-request";
import { serverRequests } from "#protocol/server-requests";
import { exchangesOf, framesOf, sessions, type WireMessage } from "#test/support/codex-transcripts";

const frames = sessions.flatMap(framesOf);
const exchanges = sessions.flatMap(exchangesOf);

/** What the border alone refuses, whatever the thread and its history. */
const refusedAtTheBorder =
  /^(Not initialized|Already initialized|Invalid request: |Invalid clientInfo|invalid (thread|session) id: )|requires experimentalApi capability$/;

test("the border reads and refuses every recorded request exactly as the real server did", () => {
  const differences: unknown[] = [];
  const counts = { read: 0, refused: 0, unserved: 0 };
  for (const session of sessions) {
    let state: Session | null = null;
    for (const { method, request, response } of exchangesOf(session)) {
      const expected = (response.error as WireError | undefined)?.message;
      const answer = answerAtTheBorder(request, state);
      if (answer?.message.startsWith(`${method} is not supported by Spindle: `)) counts.unserved += 1;
      else if (expected !== undefined && refusedAtTheBorder.test(expected)) {
        counts.refused += 1;
        if (JSON.stringify(answer) !== JSON.stringify(response.error)) differences.push({ session, request, expected, answer });
      } else {
        counts.read += 1;
        if (answer) differences.push({ session, request, expected, answer });
      }
      if (method === "initialize" && !response.error) state = sessionOf(request);
    }
  }
  expect(differences).toEqual([]);
  expect(counts).toEqual({ read: 422, refused: 22, unserved: 3 });
});

/** Lists that are always empty here, and on the machine where the sessions were captured were not. */
const emptyHere: readonly MethodName[] = [
  "skills/list",
  "experimentalFeature/list",
  "config/read",
  "configRequirements/read",
  "permissionProfile/list",
];

test("every recorded result of a method that Spindle serves is of the shape that Spindle answers", () => {
  const counts = { parsed: 0, emptyHere: 0 };
  for (const { session, method, response } of exchanges) {
    if (response.error || !isServed(method)) continue;
    if (emptyHere.includes(method)) counts.emptyHere += 1;
    else if (!isStandIn(session)) {
      counts.parsed += 1;
      expectExactly(`${session} ${method}`, methods[method].result, asOurs(response.result));
    }
  }
  expect(counts).toEqual({ parsed: 311, emptyHere: 27 });
});

test("every recorded notification and server request that Spindle knows is of the shape that Spindle sends", () => {
  const counts = { parsed: 0, unknownItems: 0, unknownMethods: 0 };
  for (const { session, to, message } of frames) {
    if (to !== "client" || message.method === undefined || isStandIn(session)) continue;
    const schema = schemaOf(message);
    if (!schema) counts.unknownMethods += 1;
    else if (hasUnknownItem(message.params)) counts.unknownItems += 1;
    else {
      counts.parsed += 1;
      expectExactly(`${session} ${message.method}`, schema, asOurs(message.params));
    }
  }
  expect(counts).toEqual({ parsed: 945, unknownItems: 0, unknownMethods: 149 });
});

function answerAtTheBorder(request: WireMessage, session: Session | null): WireError | undefined {
  try {
    parseRequest({ method: String(request.method), params: request.params }, session);
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.wire;
    throw error;
  }
}

function sessionOf(request: WireMessage): Session {
  const { capabilities } = request.params as { capabilities?: { experimentalApi?: boolean } };
  return { experimentalApi: capabilities?.experimentalApi ?? false };
}

/** Sessions with a small stand-in server, which left out what it could. */
function isStandIn(session: string): boolean {
  return /^(44c|46|48)-/.test(session);
}

function schemaOf({ id, method }: WireMessage): z.ZodType | undefined {
  const name = String(method);
  if (id !== undefined) return (serverRequests as Record<string, { params: z.ZodType }>)[name]?.params;
  return ({ ...notifications, ...connectionNotifications } as Record<string, z.ZodType>)[name];
}

const itemTypes = new Set<string>(threadItem.options.map((option) => option.shape.type.value));

function hasUnknownItem(value: unknown): boolean {
  return objectsIn(value).some((object) => isItem(object) && !itemTypes.has(String(object.type)));
}

/** Only items carry a `type`, an `id` and times. */
function isItem(object: Record<string, unknown>): boolean {
  return "type" in object && "id" in object && "startedAtMs" in object && "completedAtMs" in object;
}

/** What a server on a person's own machine knows and Spindle does not: its answer there is null. */
const localOnly = ["environments", "path"];

function asOurs(value: unknown): unknown {
  const copy = structuredClone(value);
  for (const object of objectsIn(copy)) {
    if (!("sessionId" in object && "cliVersion" in object)) continue;
    for (const field of localOnly) object[field] = null;
  }
  return copy;
}

function objectsIn(value: unknown): Record<string, unknown>[] {
  if (typeof value !== "object" || value === null) return [];
  const inside = Object.values(value).flatMap(objectsIn);
  return Array.isArray(value) ? inside : [value as Record<string, unknown>, ...inside];
}

/** Fits, and has no member that the schema does not know. */
function expectExactly(what: string, schema: z.ZodType, value: unknown): void {
  const parsed = schema.safeParse(value);
  expect(parsed.success ? parsed.data : parsed.error, what).toEqual(value);
}
