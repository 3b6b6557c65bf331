/** The border: what is refused, in which words, and in which order. */
import { describe, expect, test } from "vitest";
import { codexMethodNames } from "#protocol/codex-method-names";
import { Refusal } from "#protocol/errors";
import { parseRequest, type Session } from "#protocol/parse-request";

const id = "01a1fb3f-9a5e-7752-a328-faaf05ab6601";
const experimental: Session = { experimentalApi: true };
const stable: Session = { experimentalApi: false };

describe("params that do not fit are refused with the first thing serde would say", () => {
  const table: [method: string, params: unknown, detail: string][] = [
    ["thread/read", undefined, "missing field `params`"],
    ["thread/read", null, "missing field `params`"],
    ["thread/read", 5, "invalid type: integer `5`, expected struct ThreadReadParams"],
    ["thread/read", "x", 'invalid type: string "x", expected struct ThreadReadParams'],
    ["thread/read", {}, "missing field `threadId`"],
    ["thread/read", { threadId: null }, "invalid type: null, expected a string"],
    ["thread/read", { threadId: true }, "invalid type: boolean `true`, expected a string"],
    ["thread/read", { threadId: 1.5 }, "invalid type: floating point `1.5`, expected a string"],
    ["thread/read", { threadId: [] }, "invalid type: sequence, expected a string"],
    ["thread/read", { threadId: {} }, "invalid type: map, expected a string"],
    ["thread/read", { threadId: id, includeTurns: "yes" }, 'invalid type: string "yes", expected a boolean'],
    ["thread/loaded/list", [], "invalid length 0, expected struct ThreadLoadedListParams with 2 elements"],
    ["thread/archive", [], "invalid length 0, expected struct ThreadArchiveParams with 1 element"],
    ["thread/list", { limit: -1 }, "invalid value: integer `-1`, expected u32"],
    ["thread/list", { limit: "5" }, 'invalid type: string "5", expected u32'],
    ["thread/list", { sortDirection: "up" }, "unknown variant `up`, expected `asc` or `desc`"],
    ["thread/list", { sortDirection: 5 }, "invalid type: integer `5`, expected string or map"],
    ["thread/list", { modelProviders: "x" }, 'invalid type: string "x", expected a sequence'],
    ["thread/list", { cwd: 5 }, "data did not match any variant of untagged enum ThreadListCwdFilter"],
    [
      "thread/start",
      { approvalPolicy: "bogus" },
      "unknown variant `bogus`, expected one of `untrusted`, `on-request`, `granular`, `never`",
    ],
    ["thread/start", { approvalPolicy: { granular: { rules: true } } }, "missing field `mcp_elicitations`"],
    ["thread/start", { config: 5 }, "invalid type: integer `5`, expected a map"],
    ["initialize", { clientInfo: { name: "x" } }, "missing field `version`"],
    // What is there is read before what is missing is missed; and in the order in which it came.
    ["turn/start", { input: 5 }, "invalid type: integer `5`, expected a sequence"],
    ["turn/start", { input: [] }, "missing field `threadId`"],
    ["turn/start", { threadId: id }, "missing field `input`"],
    ["turn/start", { input: true, threadId: 5 }, "invalid type: boolean `true`, expected a sequence"],
    ["turn/start", { threadId: id, input: [{}] }, "missing field `type`"],
    [
      "turn/start",
      { threadId: id, input: [{ type: "video" }] },
      "unknown variant `video`, expected one of `text`, `image`, `localImage`, `audio`, `localAudio`, `skill`, `mention`",
    ],
    ["turn/start", { threadId: id, input: [{ type: "text" }] }, "missing field `text`"],
    ["turn/start", { threadId: id, input: ["hi"] }, 'invalid type: string "hi", expected internally tagged enum UserInput'],
    [
      "turn/start",
      { threadId: id, input: [{ type: "text", text: "hi", text_elements: [{ byteRange: { start: -1, end: 0 } }] }] },
      "invalid value: integer `-1`, expected u32",
    ],
    ["turn/start", { threadId: id, input: [{ type: "image" }] }, "data did not match any variant of untagged enum"],
    ["turn/start", { threadId: id, input: [], effort: "" }, "reasoning effort must not be empty"],
    ["fs/readFile", { path: "rel" }, "AbsolutePathBuf deserialized without a base path"],
  ];
  test.each(table)("%s %j: %s", (method, params, detail) => {
    expect(refusalOf(method, params)).toEqual({ code: -32600, message: `Invalid request: ${detail}` });
  });
});

test("unknown fields are ignored, absent and null ones are the same", () => {
  expect(parseRequest({ method: "thread/loaded/list", params: { zzz: 1, cursor: null } }, stable)).toEqual({
    method: "thread/loaded/list",
    params: { cursor: null },
  });
});

test("every spelling of a thread id becomes the one that names the thread", () => {
  const request = parseRequest({ method: "thread/read", params: { threadId: id.toUpperCase() } }, stable);
  expect(request).toEqual({ method: "thread/read", params: { threadId: id, includeTurns: false } });
  expect(refusalOf("turn/start", { threadId: "nope", input: [] })?.message).toMatch(/^invalid thread id: invalid character/);
  expect(refusalOf("thread/resume", { threadId: "nope" })?.message).toMatch(/^invalid session id: invalid character/);
});

test("Spindle's additions are read: afterSeq, threadId on fs methods, extensions", () => {
  expect(refusalOf("thread/resume", { threadId: id, afterSeq: 12 })).toBeUndefined();
  expect(refusalOf("thread/resume", { threadId: id, afterSeq: -1 })?.message).toContain("invalid value: integer `-1`");
  expect(refusalOf("fs/readFile", { path: "/a", threadId: id })).toBeUndefined();
  const capabilities = { extensions: { "spindle/replay": {} } };
  expect(refusalOf("initialize", { clientInfo: { name: "x", version: "1" }, capabilities }, null)).toBeUndefined();
});

test("before initialize only initialize is served, after it no second one; what cannot be read is said first", () => {
  const hello = { clientInfo: { name: "x", version: "1" } };
  expect(refusalOf("thread/list", {}, null)?.message).toBe("Not initialized");
  expect(refusalOf("project/list", {}, null)?.message).toBe("Not initialized");
  expect(refusalOf("initialize", hello, stable)?.message).toBe("Already initialized");
  expect(refusalOf("thread/read", {}, null)?.message).toBe("Invalid request: missing field `threadId`");
  expect(refusalOf("no/such", {}, null)?.message).toMatch(
    /^Invalid request: unknown variant `no\/such`, expected one of `initialize`, /,
  );
});

test.each(["bad name\r\n", "naïve", "\u007f"])("a client's name has to be a legal header value: %j", (name) => {
  expect(refusalOf("initialize", { clientInfo: { name, version: "1" } }, null)?.message).toBe(
    `Invalid clientInfo.name: '${name}'. Must be a valid HTTP header value.`,
  );
});

test("methods that Codex knows and Spindle does not serve are refused with the reason; the whole list stands in the error of an unknown one", () => {
  expect(refusalOf("project/list", {})?.message).toBe(
    "project/list is not supported by Spindle: threads are put in order by sections",
  );
  expect(refusalOf("getAuthStatus", {}, stable)?.message).toBe(
    "getAuthStatus is not supported by Spindle: it holds no account with a model's provider: the operator gives the server its key",
  );
  expect(refusalOf("project/list", {}, stable)?.message).toBe("project/list requires experimentalApi capability");
  expect(refusalOf("constructor", {})?.message).toMatch(/^Invalid request: unknown variant `constructor`/);
  const listed = [...(refusalOf("no/such", {})?.message.matchAll(/`([^`]+)`/g) ?? [])].map((match) => match[1]);
  expect(listed).toEqual(["no/such", ...codexMethodNames]);
});

test("experimental methods and fields need the capability, unless the field carries nothing", () => {
  const turn = { threadId: id, input: [] };
  expect(refusalOf("collaborationMode/list", {}, stable)?.message).toBe(
    "collaborationMode/list requires experimentalApi capability",
  );
  expect(refusalOf("thread/start", { dynamicTools: [{}] }, stable)?.message).toBe(
    "thread/start.dynamicTools requires experimentalApi capability",
  );
  expect(refusalOf("thread/start", { dynamicTools: [{}] })).toBeUndefined();
  expect(
    refusalOf("thread/start", { dynamicTools: [], permissions: null, experimentalRawEvents: false }, stable),
  ).toBeUndefined();
  expect(refusalOf("turn/start", { ...turn, permissions: ":workspace" }, stable)?.message).toBe(
    "turn/start.permissions requires experimentalApi capability",
  );
});

function refusalOf(method: string, params: unknown, session: Session | null = experimental) {
  try {
    parseRequest({ method, params }, session);
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error.wire;
    throw error;
  }
}
