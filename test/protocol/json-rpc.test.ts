/** The envelope: a table whose key is the exact text on the wire. */
import { describe, expect, test } from "vitest";
import { errorMessage, type Incoming, nestingDepthMax, parseMessage, resultMessage } from "#protocol/json-rpc";
import { rawTextsOf } from "#test/support/codex-transcripts";

const dropped: Incoming = { kind: "dropped" };
const list = { kind: "request", method: "thread/loaded/list", params: {} } as const;

describe("a frame is read", () => {
  const table: Record<string, Incoming> = {
    '{"id":1,"method":"thread/loaded/list","params":{}}': { ...list, id: 1 },
    '{"id":"str-1","method":"thread/loaded/list","params":{}}': { ...list, id: "str-1" },
    '{"jsonrpc":"2.0","id":"str-1","method":"thread/loaded/list","params":{}}': { ...list, id: "str-1" },
    '{"id":0,"method":"configRequirements/read"}': {
      kind: "request",
      id: 0,
      method: "configRequirements/read",
      params: undefined,
    },
    '{"id":-7,"method":"thread/loaded/list","params":{}}': { ...list, id: -7 },
    '{"id":3,"method":"thread/loaded/list","params":{},"trace":{"traceparent":"00-4b-01"}}': {
      ...list,
      id: 3,
      trace: { traceparent: "00-4b-01" },
    },
    '{"id":3,"method":"thread/loaded/list","params":{},"trace":null}': { ...list, id: 3 },
    '{"id":3,"method":"thread/loaded/list","params":{},"result":{}}': { ...list, id: 3 },
    '{"method":"initialized"}': { kind: "notification", method: "initialized", params: undefined },
    '{"method":"no/such","params":{"a":1}}': { kind: "notification", method: "no/such", params: { a: 1 } },
    '{"id":777,"result":{}}': { kind: "response", id: 777, result: {} },
    '{"id":777,"result":null}': { kind: "response", id: 777, result: null },
    '{"id":0,"error":{"code":-32601,"message":"no"}}': { kind: "errorResponse", id: 0, error: { code: -32601, message: "no" } },
  };
  test.each(Object.entries(table))("%s", (text, expected) => {
    expect(parseMessage(text)).toEqual(expected);
  });
});

describe("what is no message is dropped", () => {
  test.each([
    "",
    "this is not json",
    "5",
    "null",
    '"text"',
    "{}",
    "[]",
    '[{"id":9001,"method":"thread/loaded/list","params":{}}]',
    '{"id":null,"method":"thread/loaded/list","params":{}}',
    '{"id":1.5,"method":"thread/loaded/list","params":{}}',
    '{"id":true,"method":"thread/loaded/list","params":{}}',
    '{"id":1e400,"method":"thread/loaded/list","params":{}}',
    '{"id":9223372036854775808,"method":"thread/loaded/list","params":{}}',
    '{"id":1}',
    '{"id":1,"method":5}',
    '{"id":1,"error":"no"}',
    '{"id":1,"error":{"code":"x","message":"no"}}',
    '{"result":{}}',
  ])("%s", (text) => {
    expect(parseMessage(text)).toEqual(dropped);
  });

  test("and of the frames that the real server dropped, all are", () => {
    const kinds = rawTextsOf("13-errors.jsonl").map((text) => parseMessage(text).kind);
    expect(kinds).toEqual([
      "request",
      "dropped",
      "dropped",
      "dropped",
      "dropped",
      "dropped",
      "request",
      "request",
      // The real server reads these two and does nothing with them.
      "notification",
      "response",
    ]);
  });
});

describe("an id comes back exactly as it came", () => {
  test.each([
    "1",
    "-1",
    "9007199254740991",
    "9007199254740993",
    "9223372036854775807",
    "-9223372036854775808",
    '"9007199254740993"',
    '"a\\"b"',
  ])("%s", (id) => {
    const read = parseMessage(`{"x":{"id":5},"method":"m","y":"\\"id\\":7","id" : ${id} ,"params":{"id":6}}`);
    expect(read.kind).toBe("request");
    if (read.kind !== "request") return;
    expect(resultMessage(read.id, {})).toBe(`{"id":${id},"result":{}}`);
    expect(errorMessage(read.id, { code: -32600, message: "no" })).toBe(`{"error":{"code":-32600,"message":"no"},"id":${id}}`);
  });
});

describe("nesting is bounded by looking, before anything could overflow", () => {
  const nested = (levels: number) => `{"id":1,"method":"m","params":${"[".repeat(levels - 1)}${"]".repeat(levels - 1)}}`;

  test("as deep as the bound is read, one deeper is dropped", () => {
    expect(parseMessage(nested(nestingDepthMax)).kind).toBe("request");
    expect(parseMessage(nested(nestingDepthMax + 1))).toEqual(dropped);
  });

  test("a million levels are dropped, closed or not", () => {
    expect(parseMessage(nested(1_000_000))).toEqual(dropped);
    expect(parseMessage(`{"a":`.repeat(1_000_000))).toEqual(dropped);
  });

  test("brackets in strings do not count, however their quotes are escaped", () => {
    for (const text of ["[".repeat(500), `\\"${"{".repeat(500)}`, `${"[".repeat(500)}\\\\`]) {
      expect(parseMessage(`{"id":1,"method":"m","params":["${text}"]}`).kind).toBe("request");
    }
  });

  test("an unclosed string ends the text", () => {
    expect(parseMessage(`{"id":1,"method":"${"m".repeat(200)}`)).toEqual(dropped);
  });
});

test("answers carry their members in the real server's order", () => {
  expect(resultMessage(4, { thread: null })).toBe('{"id":4,"result":{"thread":null}}');
  expect(resultMessage("a", {}, 12)).toBe('{"id":"a","result":{},"seq":12}');
  expect(errorMessage(4, { message: "no", data: { a: 1 }, code: -32602 })).toBe(
    '{"error":{"code":-32602,"data":{"a":1},"message":"no"},"id":4}',
  );
});
