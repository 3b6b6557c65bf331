/** What the MCP door reads: a table whose key is the exact body, and which generation a request belongs to. */
import { expect, test } from "vitest";
import { generationOf, versionForInitialize } from "../../workers/mcp/generation.ts";
import { type Message, parseBody } from "../../workers/mcp/message.ts";

const bodies: Record<string, Partial<Message> | { kind: string; id?: unknown; error: object }> = {
  '{"jsonrpc":"2.0","id":1,"method":"ping"}': { kind: "request", id: 1, method: "ping", params: {} },
  '{"jsonrpc":"2.0","id":"a","method":"tools/list","params":{"cursor":"x"}}': {
    kind: "request",
    id: "a",
    method: "tools/list",
    params: { cursor: "x" },
  },
  '{"jsonrpc":"2.0","method":"notifications/initialized"}': { kind: "notification", method: "notifications/initialized" },
  '{"jsonrpc":"2.0","id":1,"result":{}}': { kind: "notification", method: "response" },
  "": { kind: "unreadable", id: null, error: { code: -32700, message: "the body is no JSON" } },
  "{": { kind: "unreadable", id: null, error: { code: -32700, message: "the body is no JSON" } },
  "7": { kind: "unreadable", id: null, error: { code: -32600, message: "the body is no object" } },
  "[]": { kind: "unreadable", id: null, error: { code: -32600, message: "batches are not part of this protocol" } },
  '{"id":1,"method":"ping"}': { kind: "unreadable", id: 1, error: { code: -32600, message: 'jsonrpc must be "2.0"' } },
  '{"jsonrpc":"2.0","id":2}': { kind: "unreadable", id: 2, error: { code: -32600, message: "method must be a string" } },
  '{"jsonrpc":"2.0","id":null,"method":"ping"}': {
    kind: "unreadable",
    id: null,
    error: { code: -32600, message: "id must be a string or an integer" },
  },
  '{"jsonrpc":"2.0","id":1.5,"method":"ping"}': {
    kind: "unreadable",
    id: null,
    error: { code: -32600, message: "id must be a string or an integer" },
  },
  '{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}': {
    kind: "unreadable",
    id: 1,
    error: { code: -32600, message: "params must be an object" },
  },
};

test.each(Object.entries(bodies))("%s", (body, message) => {
  expect(parseBody(body)).toEqual(message);
});

test("what nests too deeply is refused before anybody walks through it", () => {
  const deep = `{"jsonrpc":"2.0","id":1,"method":"x","params":${'{"a":'.repeat(200)}1${"}".repeat(200)}}`;
  expect(parseBody(deep)).toMatchObject({ kind: "unreadable", error: { code: -32600 } });
});

const meta = { "io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {} };
const modernHeaders = { "mcp-protocol-version": "2026-07-28", "mcp-method": "tools/call", "mcp-name": "thread_list" };

function asked(method: string, params: Record<string, unknown>, headers: Record<string, string>) {
  return generationOf({ method, params }, (name) => headers[name]);
}

test("a request says its generation itself, by its body and its headers alike", () => {
  const call = { name: "thread_list", _meta: meta };
  expect(asked("tools/call", call, modernHeaders)).toEqual({ modern: true });
  expect(asked("tools/call", call, { ...modernHeaders, "mcp-name": "=?base64?dGhyZWFkX2xpc3Q=?=" })).toEqual({ modern: true });
  for (const header of ["", "2025-03-26", "2025-06-18", "2025-11-25"]) {
    const headers: Record<string, string> = header === "" ? {} : { "mcp-protocol-version": header };
    expect(asked("tools/call", { name: "thread_list" }, headers), header).toEqual({ modern: false });
  }
});

test("whatever its headers and its body disagree about is refused by name", () => {
  const call = { name: "thread_list", _meta: meta };
  const mismatches: [Record<string, string>, string][] = [
    [
      { "mcp-method": "tools/call", "mcp-name": "thread_list" },
      "Header mismatch: MCP-Protocol-Version is missing, the body says '2026-07-28'",
    ],
    [
      { ...modernHeaders, "mcp-protocol-version": "2025-11-25" },
      "Header mismatch: MCP-Protocol-Version is '2025-11-25', the body says '2026-07-28'",
    ],
    [{ ...modernHeaders, "mcp-method": "tools/list" }, "Header mismatch: Mcp-Method is 'tools/list', the body says 'tools/call'"],
    [
      { ...modernHeaders, "mcp-name": "proposal_decide" },
      "Header mismatch: Mcp-Name is 'proposal_decide', the body says 'thread_list'",
    ],
    [
      { ...modernHeaders, "mcp-name": "=?base64?//8=?=" },
      "Header mismatch: Mcp-Name is '=?base64?//8=?=', the body says 'thread_list'",
    ],
  ];
  for (const [headers, message] of mismatches) {
    expect(asked("tools/call", call, headers)).toEqual({ refused: { code: -32020, message } });
  }
});

test("a version that is not spoken is answered with those that are", () => {
  const supported = ["2026-07-28", "2025-11-25", "2025-06-18"];
  const unknown = { ...meta, "io.modelcontextprotocol/protocolVersion": "1900-01-01" };
  const refused = { code: -32022, message: "Unsupported protocol version", data: { supported, requested: "1900-01-01" } };
  expect(asked("tools/list", { _meta: unknown }, { "mcp-protocol-version": "1900-01-01" })).toEqual({ refused });
  expect(asked("tools/list", {}, { "mcp-protocol-version": "1900-01-01" })).toEqual({ refused });
  const withoutCapabilities = { "io.modelcontextprotocol/protocolVersion": "2026-07-28" };
  expect(asked("tools/list", { _meta: withoutCapabilities }, modernHeaders)).toMatchObject({ refused: { code: -32602 } });
  expect(asked("server/discover", {}, {})).toMatchObject({ refused: { code: -32602 } });
});

test("initialize is answered with its own version, or the newest of its generation", () => {
  expect([versionForInitialize("2025-06-18"), versionForInitialize("2025-11-25")]).toEqual(["2025-06-18", "2025-11-25"]);
  for (const other of ["2026-07-28", "2024-11-05", 7, undefined]) expect(versionForInitialize(other)).toBe("2025-11-25");
});
