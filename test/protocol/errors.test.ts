/** Refusals in the real server's exact words, found again in what it said. */
import { describe, expect, test } from "vitest";
import { codexMethodNames, experimentalMethodNames } from "#protocol/codex-method-names";
import { Refusal, refusals, type WireError } from "#protocol/errors";
import { parseThreadId } from "#protocol/thread-id";
import { exchangesOf, sessions } from "#test/support/codex-transcripts";

const recorded = sessions
  .filter((session) => !/^(44c|46|48)-/.test(session))
  .flatMap(exchangesOf)
  .flatMap(({ response }) => (response.error ? [response.error as WireError] : []));

const unknown = "00000000-0000-7000-8000-000000000000";
const one = "01a1fb3f-9a5e-7752-a328-faaf05ab6601";

describe("these refusals were recorded word for word", () => {
  const table: Record<string, WireError> = {
    notInitialized: refusals.notInitialized(),
    alreadyInitialized: refusals.alreadyInitialized(),
    invalidClientName: refusals.invalidClientName("bad name\r\n"),
    invalidRequest: refusals.invalidRequest("missing field `clientInfo`"),
    unknownMethod: refusals.unknownMethod("no/such"),
    experimentalRequired: refusals.experimentalRequired("thread/search"),
    "experimentalRequired, a field": refusals.experimentalRequired("thread/start.mockExperimentalField"),
    threadNotFound: refusals.threadNotFound(unknown),
    threadNotLoaded: refusals.threadNotLoaded(unknown),
    noRolloutFound: refusals.noRolloutFound(unknown),
    noArchivedRollout: refusals.noArchivedRollout(unknown),
    threadArchived: refusals.threadArchived(one),
    threadNotMaterialized: refusals.threadNotMaterialized("01a1fb42-93d0-77a1-a631-ba29bac7bb20", "thread/turns/list"),
    forkEphemeralTurns: refusals.forkEphemeralTurns(),
    threadNameEmpty: refusals.threadNameEmpty(),
    noActiveTurnToSteer: refusals.noActiveTurnToSteer(),
    expectedActiveTurn: refusals.expectedActiveTurn("nope", "01a1fb3f-6343-77b2-9a7d-ecfcf15d4589"),
    noActiveTurnToInterrupt: refusals.noActiveTurnToInterrupt(),
    invalidCursor: refusals.invalidCursor("garbage"),
    modelProviderNotFound: refusals.modelProviderNotFound("nonexist"),
    rateLimitsNeedAccount: refusals.rateLimitsNeedAccount(),
    noSuchFile: refusals.noSuchFile(),
  };
  test.each(Object.entries(table))("%s", (_name, refusal) => {
    expect(recorded).toContainEqual(refusal);
  });
});

test("an input that is too large says how large, and how large it may be", () => {
  expect(refusals.inputTooLarge(1_048_577)).toEqual({
    code: -32602,
    message: "Input exceeds the maximum length of 1048576 characters.",
    data: { input_error_code: "input_too_large", max_chars: 1_048_576, actual_chars: 1_048_577 },
  });
});

test("overload and our own failures have codes of their own", () => {
  expect(refusals.overloaded()).toEqual({ code: -32001, message: "Server overloaded; retry later." });
  expect(refusals.internal("disk on fire")).toEqual({ code: -32603, message: "disk on fire" });
});

test("a Refusal is an Error that carries its wire form", () => {
  const refusal = new Refusal(refusals.threadNotFound(one));
  expect(refusal).toBeInstanceOf(Error);
  expect(refusal.message).toBe(`thread not found: ${one}`);
  expect(refusal.wire).toEqual({ code: -32600, message: `thread not found: ${one}` });
});

test("experimental methods are methods", () => {
  expect([...experimentalMethodNames].filter((name) => !codexMethodNames.includes(name))).toEqual([]);
});

describe("a thread id is a UUID, and what is not one is named as the uuid crate does", () => {
  const table: Record<string, ReturnType<typeof parseThreadId>> = {
    [one]: { threadId: one },
    [one.toUpperCase()]: { threadId: one },
    [one.replaceAll("-", "")]: { threadId: one },
    [`urn:uuid:${one}`]: { threadId: one },
    [`{${one}}`]: { threadId: one },
    nope: invalidCharacter("n", 1),
    "01a1fb3f-9a5e-7752-a328-faaf05ab660g": invalidCharacter("g", 36),
    "01é1": invalidCharacter("é", 3),
    "01🙂": invalidCharacter("🙂", 3),
    "urn:uuid:x": invalidCharacter("x", 10),
    "{x}": invalidCharacter("x", 2),
    "{": invalidCharacter("{", 1),
    "": { problem: "invalid length: expected length 32 for simple format, found 0" },
    abc: { problem: "invalid length: expected length 32 for simple format, found 3" },
    "a-b": { problem: "invalid group count: expected 5, found 2" },
    "01a1fb3f-9a5e-7752-a328-faaf05ab66": { problem: "invalid group length in group 4: expected 12, found 10" },
    "01a1fb3f-9a5-77520-a328-faaf05ab6601": { problem: "invalid group length in group 1: expected 4, found 3" },
  };
  test.each(Object.entries(table))("%s", (text, expected) => {
    expect(parseThreadId(text)).toEqual(expected);
  });

  test("in the recorded words, and as a session for thread/resume", () => {
    const parsed = parseThreadId("nope");
    const problem = "problem" in parsed ? parsed.problem : "";
    expect(recorded).toContainEqual(refusals.invalidThreadId(problem));
    expect(recorded).toContainEqual(refusals.invalidThreadId(problem, "session"));
  });
});

function invalidCharacter(character: string, at: number) {
  const expected = "an optional prefix of `urn:uuid:` followed by [0-9a-fA-F-]";
  return { problem: `invalid character: expected ${expected}, found \`${character}\` at ${at}` };
}
