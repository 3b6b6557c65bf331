/** The judge itself: what the real server and the real clients said must pass, what they would not say must not. */
import { describe, expect, test } from "vitest";
import { methods } from "#protocol/methods";
import {
  checkClientMessage,
  checkResult,
  checkServerMessage,
  resultDefinitionOf,
  validateFrame,
} from "#test/support/codex-schema";
import { exchangesOf, framesOf, sessions, type WireMessage } from "#test/support/codex-transcripts";

/** Served by Codex, but not in its schema any more, or without a result there. */
const beyondTheSchema = new Set(["getAuthStatus"]);

describe("every frame that a server sent fits, and of those that clients sent all but the ones refused as unreadable", () => {
  test.each(sessions)("%s", (session) => {
    const asked = { client: new Map<unknown, string>(), server: new Map<unknown, string>() };
    const unreadable = new Set(
      exchangesOf(session).flatMap(({ request, response }) => (isUnreadable(response) ? [request] : [])),
    );
    const surprises: string[] = [];

    for (const { to, message } of framesOf(session)) {
      if (message.method !== undefined && message.id !== undefined) asked[to].set(message.id, message.method);
      const methodOf = (id: unknown) => asked[to === "client" ? "server" : "client"].get(id);
      if (beyondTheSchema.has(message.method ?? methodOf(message.id) ?? "")) continue;
      const problem = problemOf(() => validateFrame(message, { to, methodOf }));
      const isBad = unreadable.has(message) || isGarbageAnswer(session, message) || isLegacyToolSpec(session, message);
      if ((problem !== undefined) !== isBad) surprises.push(problem ?? `passed: ${JSON.stringify(message)}`);
    }
    expect(surprises).toEqual([]);
  });
});

test("every method that Spindle serves has a result to be judged by", () => {
  expect(Object.keys(methods).filter((method) => !method.startsWith("spindle/") && !resultDefinitionOf(method))).toEqual([]);
});

test("a frame that does not fit is refused, and the error says where", () => {
  const delta = { threadId: "t", turnId: "u", itemId: "i", delta: "x" };
  checkServerMessage({ method: "item/agentMessage/delta", params: delta, emittedAtMs: 1, seq: 7 });
  expect(() => checkServerMessage({ method: "item/agentMessage/delta", params: { ...delta, delta: 5 } })).toThrow(
    "item/agentMessage/delta does not fit Codex 0.169.0: /params/delta must be string",
  );
  expect(() => checkServerMessage({ method: "item/agentMessage/gamma", params: {} })).toThrow("not a ServerNotification");
  expect(() => checkResult("turn/start", {})).toThrow("must have required property 'turn'");
  expect(() => checkClientMessage({ id: 1, method: "turn/start", params: {} })).toThrow("must have required property");
});

test("Spindle's own messages are not Codex's to judge", () => {
  checkServerMessage({ method: "spindle/decisionTree/updated", params: 5 });
  checkResult("spindle/memory/list", "anything");
});

/** A path that is not absolute is a string all the same. */
function isUnreadable(response: WireMessage): boolean {
  const message = String((response.error as { message?: string } | undefined)?.message);
  return message.startsWith("Invalid request") && !message.includes("AbsolutePathBuf");
}

/** In this session the client answers an approval with something that is no decision. */
function isGarbageAnswer(session: string, message: WireMessage): boolean {
  return session.startsWith("17e") && JSON.stringify(message.result) === '{"foo":1}';
}

/** A tool without `type`: the real server takes it for a function, its schema does not. */
function isLegacyToolSpec(session: string, message: WireMessage): boolean {
  return session.startsWith("15") && message.method === "thread/start";
}

function problemOf(judge: () => void): string | undefined {
  try {
    judge();
    return undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
