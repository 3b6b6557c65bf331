/** Tools of MCP servers: offered, judged, called, recovered after a crash. */
import type { Draft } from "#core/frame";
import { approvalQuestion, judgeMcpCall, readApproval } from "#core/mcp/approval";
import { type McpResult, toldResult } from "#core/mcp/result";
import type { ToolCall } from "#core/private";
import { type Call, openTurn } from "#core/thread";
import { type CallOutcome, callOutput } from "#core/tool-call";
import type { ItemOf } from "#protocol/item";
import type { ThreadRuntime } from "#thread/runtime";
import { McpFailure } from "#tools/mcp/exchange";

type McpItem = ItemOf<"mcpToolCall">;
type Asked = Extract<ToolCall, { tool: "mcp" }>;

/** Once in a turn, before its first question. A server that is away takes its tools along, and the person hears why. */
export async function readMcpTools(runtime: ThreadRuntime, turnId: string, signal: AbortSignal): Promise<void> {
  const missing = await runtime.mcp.read(turnId, signal);
  if (signal.aborted || missing.length === 0) return;
  const { threadId } = runtime.host;
  runtime.commit(
    missing.map(({ server, reason }) => ({
      method: "warning",
      params: { threadId, message: `The MCP server ${server} is not there in this turn: ${reason}.` },
    })),
  );
}

/** Policy says whether a person has to be asked first. */
export function judgeMcp(runtime: ThreadRuntime, call: Call): Promise<void> | void {
  const { settings, grants, info } = runtime.current;
  const turn = openTurn(runtime.current);
  if (!turn || !settings || call.call.tool !== "mcp") return;
  const verdict = judgeMcpCall(call.call, settings.approvalPolicy, grants);
  if (verdict === "allow") return callMcp(runtime, call);
  const item = newItem(runtime, call, call.call);
  if (verdict === "refuse") {
    const message = "MCP tool call requires approval, but approval policy is never";
    const failed: McpItem = { ...item, status: "failed", error: { message }, completedAtMs: runtime.host.now() };
    runtime.commit([
      runtime.itemStarted(turn.id, item),
      runtime.itemCompleted(turn.id, failed, settled(call, { type: "refused", message: `${message}. It was not called.` })),
    ]);
    return;
  }
  const requestId = `${info.id}:${runtime.host.newId()}`;
  const questions = [approvalQuestion(item.id, call.call, call.call.arguments)];
  runtime.commit([
    runtime.status({ type: "active", activeFlags: ["waitingOnUserInput"] }),
    runtime.itemStarted(turn.id, item),
    {
      method: "item/tool/requestUserInput",
      id: requestId,
      params: { threadId: info.id, turnId: turn.id, itemId: item.id, questions, isBlocking: true, autoResolutionMs: null },
      private: { event: { type: "asked", callId: call.callId, requestId } },
    },
  ]);
}

/** The answer to that question is in the log. */
export function takeMcpApproval(runtime: ThreadRuntime, call: Call, answer: unknown): void {
  const approval = readApproval(call.callId, answer);
  const active = runtime.status({ type: "active", activeFlags: [] });
  if (approval === "no") {
    const message = "user rejected MCP tool call";
    settle(runtime, call, { error: message }, { type: "refused", message: `${message}. It was not called.` }, [active]);
    return;
  }
  const event = { type: "mcpCallAllowed", callId: call.callId, forSession: approval === "forSession" } as const;
  runtime.commit([{ ...active, private: { event } }]);
}

/** Sends it, once. That it is sent is in the log before it is; what came of it is there before anything else happens. */
export async function callMcp(runtime: ThreadRuntime, call: Call): Promise<void> {
  const turn = openTurn(runtime.current);
  if (!turn || call.call.tool !== "mcp") return;
  const event = { type: "mcpCallStarted", callId: call.callId } as const;
  const isShown = turn.items.some(({ id }) => id === call.callId);
  runtime.commit([
    isShown
      ? { ...runtime.status({ type: "active", activeFlags: [] }), private: { event } }
      : runtime.itemStarted(turn.id, newItem(runtime, call, call.call), { event }),
  ]);
  await execute(runtime, call, call.call);
}

/** We died while it was under way. What only reads is called again; anything else is not, and the model is told that it may have happened. */
export async function recoverMcp(runtime: ThreadRuntime, call: Call): Promise<void> {
  if (call.call.tool !== "mcp") return;
  if (call.call.readOnlyHint) return execute(runtime, call, call.call);
  const message = "the server restarted while this call was under way: it may or may not have happened";
  settle(runtime, call, { error: message }, { type: "refused", message: `${message}. Look before you call it again.` });
}

async function execute(runtime: ThreadRuntime, call: Call, asked: Asked): Promise<void> {
  const abort = new AbortController();
  runtime.activity = { abort, kind: "command", finish: () => {} };
  const outcome = await outcomeOf(runtime, asked, abort.signal);
  // Whoever stopped us has ended the turn, and the item with it.
  if (abort.signal.aborted) return;
  if ("failure" in outcome) {
    settle(runtime, call, { error: outcome.failure }, { type: "refused", message: outcome.failure });
    return;
  }
  const { result } = outcome;
  settle(runtime, call, { result }, { type: "told", message: toldResult(asked.server, result) });
}

/** The account may have changed or taken away the server since the model was offered its tools: what is there now counts. */
async function outcomeOf(
  runtime: ThreadRuntime,
  { server: name, name: tool, arguments: given }: Asked,
  signal: AbortSignal,
): Promise<{ result: McpResult } | { failure: string }> {
  const server = await runtime.mcp.server(name);
  if (!server) return { failure: `the MCP server ${name} is not configured any more, or its configuration cannot be read` };
  try {
    return { result: await runtime.host.mcp.call(server, tool, given, signal) };
  } catch (error) {
    if (!(error instanceof McpFailure)) throw error;
    const happened = error.mayHaveHappened ? ": the call may or may not have happened" : "";
    return { failure: `the MCP server ${name} failed: ${error.message}${happened}` };
  }
}

function settle(
  runtime: ThreadRuntime,
  call: Call,
  came: { result: McpResult } | { error: string },
  outcome: CallOutcome,
  then: Draft[] = [],
): void {
  const turn = openTurn(runtime.current);
  const item = turn?.items.find(({ id }) => id === call.callId);
  if (!turn || item?.type !== "mcpToolCall") throw new Error(`no item of the call ${call.callId}`);
  const now = runtime.host.now();
  const isFailure = "error" in came || came.result.isError;
  const done: McpItem = {
    ...item,
    status: isFailure ? "failed" : "completed",
    result:
      "result" in came ? { content: came.result.content, structuredContent: came.result.structuredContent, _meta: null } : null,
    error: "error" in came ? { message: came.error } : null,
    durationMs: now - (item.startedAtMs ?? now),
    completedAtMs: now,
  };
  runtime.commit([runtime.itemCompleted(turn.id, done, settled(call, outcome)), ...then]);
}

function settled(call: Call, outcome: CallOutcome): NonNullable<Draft["private"]> {
  return { modelItems: [callOutput(call.raw, outcome)], event: { type: "settled", callId: call.callId, landed: [] } };
}

function newItem(runtime: ThreadRuntime, { callId }: Call, asked: Asked): McpItem {
  return {
    type: "mcpToolCall",
    id: callId,
    server: asked.server,
    tool: asked.name,
    status: "inProgress",
    arguments: asked.arguments,
    appContext: null,
    mcpAppResourceUri: null,
    mcpAppUi: null,
    pluginId: null,
    readOnlyHint: asked.readOnlyHint,
    result: null,
    error: null,
    durationMs: null,
    startedAtMs: runtime.host.now(),
    completedAtMs: null,
  };
}
