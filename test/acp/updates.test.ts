/** The mapper of the ACP door: what a log says, in ACP's words, and the same however it is cut. */
import { describe, expect, test } from "vitest";
import type { Frame } from "#core/frame";
import { reduce } from "#core/reduce";
import type { Thread } from "#core/thread";
import { changeRequestId, commandRequestId, recordedLog, threadId } from "#test/client/recorded-log";
import { checkAgentMessage, checkUpdate } from "#test/support/acp-schema";
import { diffContent, locationsOf } from "../../workers/acp/diff-content.ts";
import { answerOf, permissionOf } from "../../workers/acp/permission.ts";
import { endOf } from "../../workers/acp/stop-reason.ts";
import { type Told, updatesOf } from "../../workers/acp/updates.ts";

const hearing = { notices: true, compaction: true };

function fold(log: readonly Frame[]): { thread: Thread; told: Told[] } {
  let thread: Thread | null = null;
  const told = log.flatMap((frame) => {
    const updates = updatesOf(thread, frame, hearing);
    thread = reduce(thread, frame);
    return updates;
  });
  if (!thread) throw new Error("an empty log");
  return { thread, told };
}

const isDelta = ({ method }: Frame) => /Delta$|\/delta$/.test(method);
const textOf = (told: Told[], kind: string) =>
  told.flatMap(({ update }) =>
    update.sessionUpdate === kind && "content" in update && update.content && "text" in update.content
      ? [update.content.text]
      : [],
  );

test("every frame of a log that has everything is told in words that ACP knows", () => {
  const { told } = fold(recordedLog);
  for (const { update } of told) checkUpdate(update);
  const kinds = new Set(told.map(({ update }) => update.sessionUpdate));
  expect([...kinds].toSorted()).toEqual([
    "agent_message_chunk",
    "agent_thought_chunk",
    "tool_call",
    "tool_call_update",
    "user_message_chunk",
  ]);
});

test("a message is told whole, with its deltas in the log, without them, and cut anywhere", () => {
  const { thread, told } = fold(recordedLog);
  const said = thread.turns.flatMap(({ items }) => items.flatMap((item) => (item.type === "agentMessage" ? [item.text] : [])));
  expect(textOf(told, "agent_message_chunk").join("")).toBe(said.join(""));
  const without = fold(recordedLog.filter((frame) => !isDelta(frame)));
  expect(textOf(without.told, "agent_message_chunk")).toEqual(said);
  expect(textOf(without.told, "agent_thought_chunk").join("")).toBe(textOf(told, "agent_thought_chunk").join(""));
});

test("each chunk says how much of its message came before", () => {
  const { told } = fold(recordedLog);
  let length = 0;
  for (const { update, offset } of told) {
    if (update.sessionUpdate !== "agent_message_chunk" || update.content.type !== "text") continue;
    expect(offset).toBe(length);
    length += update.content.text.length;
  }
  expect(length).toBeGreaterThan(0);
});

test("approvals are permissions, and an option answers with what it stands for", () => {
  for (const id of [commandRequestId, changeRequestId]) {
    const asked = recordedLog.findIndex((frame) => "id" in frame && frame.id === id);
    const { thread } = fold(recordedLog.slice(0, asked + 1));
    const request = thread.requests.find((one) => one.id === id);
    if (!request) throw new Error("it waits");
    const permission = permissionOf(thread, request);
    checkAgentMessage({ jsonrpc: "2.0", id, method: "session/request_permission", params: permission }, () => undefined);
    expect(permission?.sessionId).toBe(threadId);
    const decisions = permission?.options.map(({ optionId }) => answerOf(thread, request, optionId));
    expect(decisions).toContainEqual({ decision: "accept" });
    expect(decisions).toContainEqual({ decision: "decline" });
    expect(answerOf(thread, request, "allow_once:another")).toBeNull();
  }
});

describe("a diff", () => {
  const update = (diff: string) => [{ path: "/w/a.txt", kind: { type: "update" as const, move_path: null }, diff }];

  test("of a file that changes is its hunks, with context", () => {
    const changes = update("@@ -1,3 +1,3 @@\n one\n-two\n+zwei\n three\n@@ -10,2 +10,3 @@ fn\n ten\n+eleven\n twelve\n");
    expect(diffContent(changes)).toEqual([
      { type: "diff", path: "/w/a.txt", oldText: "one\ntwo\nthree\n", newText: "one\nzwei\nthree\n" },
      { type: "diff", path: "/w/a.txt", oldText: "ten\ntwelve\n", newText: "ten\neleven\ntwelve\n" },
    ]);
    expect(locationsOf(changes)).toEqual([{ path: "/w/a.txt", line: 1 }]);
  });

  test("knows the end of a file without a line end, on either side", () => {
    const noEnd = "\\ No newline at end of file";
    expect(diffContent(update(`@@ -1 +1 @@\n-old\n${noEnd}\n+new\n`))).toMatchObject([{ oldText: "old", newText: "new\n" }]);
    expect(diffContent(update(`@@ -1 +1 @@\n-old\n+new\n${noEnd}\n`))).toMatchObject([{ oldText: "old\n", newText: "new" }]);
    expect(diffContent(update(`@@ -1,2 +1,2 @@\n-a\n+b\n end\n${noEnd}\n`))).toMatchObject([
      { oldText: "a\nend", newText: "b\nend" },
    ]);
  });

  test("does not take a removed line for a head", () => {
    expect(diffContent(update("@@ -1,2 +1 @@\n--- a\n same\n"))).toMatchObject([{ oldText: "-- a\nsame\n", newText: "same\n" }]);
  });

  test("of a file that comes or goes is its text", () => {
    const add = { path: "/w/n", kind: { type: "add" as const }, diff: "x\n" };
    const gone = { path: "/w/o", kind: { type: "delete" as const }, diff: "y\n" };
    expect(diffContent([add, gone])).toEqual([
      { type: "diff", path: "/w/n", oldText: null, newText: "x\n" },
      { type: "diff", path: "/w/o", oldText: "y\n", newText: "" },
    ]);
  });
});

test("a turn ends for a reason that ACP knows, or as an error in its own words", () => {
  const last = fold(recordedLog).thread.turns.at(-1);
  if (!last) throw new Error("no turn");
  const error = { message: "no", codexErrorInfo: "contextWindowExceeded" as const, additionalDetails: null, misalignment: null };
  expect(endOf({ ...last, status: "completed" })).toEqual({ stopReason: "end_turn" });
  expect(endOf({ ...last, status: "interrupted" })).toEqual({ stopReason: "cancelled" });
  expect(endOf({ ...last, status: "failed", error })).toEqual({ stopReason: "max_tokens" });
  expect(endOf({ ...last, status: "failed", error: { ...error, codexErrorInfo: "cyberPolicy" } })).toEqual({
    stopReason: "refusal",
  });
  expect(endOf({ ...last, status: "failed", error: { ...error, codexErrorInfo: "other" } })).toMatchObject({
    refused: { code: -32603, message: "no" },
  });
});

test("a call of another server's tool is a tool call, with what was answered or why it was not", () => {
  const { thread } = fold(recordedLog);
  const turnId = thread.turns.at(-1)?.id ?? "";
  const begun = {
    type: "mcpToolCall" as const,
    id: "call_mcp",
    server: "docs",
    tool: "search",
    status: "inProgress" as const,
    arguments: { q: "x" },
    appContext: null,
    mcpAppResourceUri: null,
    mcpAppUi: null,
    pluginId: null,
    readOnlyHint: true,
    result: null,
    error: null,
    durationMs: null,
    startedAtMs: 1,
    completedAtMs: null,
  };
  const ended = { ...begun, completedAtMs: 2, durationMs: 1 };
  const content = [
    { type: "text", text: "found" },
    { type: "image", data: "…" },
  ];
  const result = { content, structuredContent: { hits: 1 }, _meta: null };
  const tell = (method: "item/started" | "item/completed", item: object) => {
    const frame = { seq: thread.seq + 1, method, params: { threadId, turnId, item } } as unknown as Frame;
    return updatesOf(thread, frame, hearing).map(({ update }) => {
      checkUpdate(update);
      return update;
    });
  };
  expect(tell("item/started", begun)).toMatchObject([
    { sessionUpdate: "tool_call", toolCallId: "call_mcp", title: "docs: search", kind: "other", rawInput: { q: "x" } },
  ]);
  expect(tell("item/completed", { ...ended, status: "completed", result }).at(-1)).toMatchObject({
    sessionUpdate: "tool_call_update",
    status: "completed",
    content: [{ content: { text: "found" } }],
    rawOutput: { hits: 1 },
  });
  expect(tell("item/completed", { ...ended, status: "failed", error: { message: "no such server" } }).at(-1)).toMatchObject({
    status: "failed",
    content: [{ content: { text: "no such server" } }],
  });
});
