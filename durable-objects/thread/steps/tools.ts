/** Tools that touch no file: the plan, a question to the person, a tool that the client brought, and what is no tool at all. */

import type { Draft } from "#core/frame";
import { limits } from "#core/limits";
import type { ModelItem } from "#core/private";
import { cutMiddle } from "#core/prompt";
import { type Call, openTurn } from "#core/thread";
import { type CallOutcome, callOutput } from "#core/tool-call";
import type { ItemOf, ToolContentItem } from "#protocol/item";
import type { ServerRequestResult } from "#protocol/server-requests";
import { goalUpdated } from "#thread/goal";
import type { ThreadRuntime } from "#thread/runtime";
import { takeMcpApproval } from "#thread/steps/mcp";

/** The person sees the plan; the model hears that they do. */
export function notePlan(runtime: ThreadRuntime, call: Call): void {
  const turn = openTurn(runtime.current);
  if (!turn || call.call.tool !== "plan") return;
  const { explanation, plan } = call.call;
  const params = { threadId: runtime.host.threadId, turnId: turn.id, explanation, plan };
  runtime.commit([{ method: "turn/plan/updated", params, private: settled(call, { type: "told", message: "Plan updated" }) }]);
}

/** The model says that the goal is reached, or that it cannot reach it alone. A person may have cleared it meanwhile. */
export function noteGoal(runtime: ThreadRuntime, call: Call): void {
  if (call.call.tool !== "goal") return;
  const { goal } = runtime.current;
  if (!goal) {
    refuseUnknownTool(runtime, call);
    return;
  }
  const message = `The goal is marked ${call.call.status}.`;
  const hidden = settled(call, { type: "told", message });
  runtime.commit([
    {
      ...goalUpdated(runtime, { ...goal, status: call.call.status, updatedAt: Math.floor(runtime.host.now() / 1000) }),
      private: hidden,
    } as Draft,
  ]);
}

/** Asks the person. Like an approval it may wait for days, for any client. */
export function askUser(runtime: ThreadRuntime, call: Call): void {
  const turn = openTurn(runtime.current);
  if (!turn || call.call.tool !== "userInput") return;
  const { threadId } = runtime.host;
  const requestId = `${threadId}:${runtime.host.newId()}`;
  const { questions } = call.call;
  runtime.commit([
    runtime.status({ type: "active", activeFlags: ["waitingOnUserInput"] }),
    {
      method: "item/tool/requestUserInput",
      id: requestId,
      params: { threadId, turnId: turn.id, itemId: call.callId, questions, isBlocking: true, autoResolutionMs: null },
      private: { event: { type: "asked", callId: call.callId, requestId } },
    },
  ]);
}

/** Calls a tool that the client brought. Whoever has it answers; until somebody does, the turn waits. */
export function callClient(runtime: ThreadRuntime, call: Call): void {
  const turn = openTurn(runtime.current);
  if (!turn || call.call.tool !== "client") return;
  const { threadId } = runtime.host;
  const requestId = `${threadId}:${runtime.host.newId()}`;
  const { namespace, name: tool } = call.call;
  const item: ItemOf<"dynamicToolCall"> = {
    type: "dynamicToolCall",
    id: call.callId,
    namespace,
    tool,
    arguments: call.call.arguments,
    status: "inProgress",
    contentItems: null,
    success: null,
    durationMs: null,
    startedAtMs: runtime.host.now(),
    completedAtMs: null,
  };
  runtime.commit([
    runtime.itemStarted(turn.id, item),
    {
      method: "item/tool/call",
      id: requestId,
      params: { threadId, turnId: turn.id, callId: call.callId, namespace, tool, arguments: call.call.arguments },
      private: { event: { type: "asked", callId: call.callId, requestId } },
    },
  ]);
}

/** The answer is in the log; the model is told, and the client sees its tool's item complete. */
export function takeAnswer(runtime: ThreadRuntime, call: Call): void {
  if (call.state.type !== "answered") return;
  const { answer } = call.state;
  if (call.call.tool === "mcp") takeMcpApproval(runtime, call, answer);
  else if (call.call.tool === "client") takeToolAnswer(runtime, call, answer as ServerRequestResult<"item/tool/call"> | null);
  else takeUserAnswer(runtime, call, answer as ServerRequestResult<"item/tool/requestUserInput"> | null);
}

function takeUserAnswer(
  runtime: ThreadRuntime,
  call: Call,
  answer: ServerRequestResult<"item/tool/requestUserInput"> | null,
): void {
  const message = answer
    ? cutMiddle(JSON.stringify(answer), limits.modelOutputCharactersMax)
    : "The client could not put the question to the user. Go on with your best judgment.";
  const outcome: CallOutcome = answer ? { type: "told", message } : { type: "refused", message };
  runtime.commit([{ ...runtime.status({ type: "active", activeFlags: [] }), private: settled(call, outcome) } as Draft]);
}

function takeToolAnswer(runtime: ThreadRuntime, call: Call, answer: ServerRequestResult<"item/tool/call"> | null): void {
  const turn = openTurn(runtime.current);
  const item = turn?.items.find(({ id }) => id === call.callId);
  if (!turn || item?.type !== "dynamicToolCall") throw new Error(`no item of the call ${call.callId}`);
  const now = runtime.host.now();
  const done: ItemOf<"dynamicToolCall"> = {
    ...item,
    status: answer?.success ? "completed" : "failed",
    contentItems: answer?.contentItems ?? null,
    success: answer?.success ?? false,
    durationMs: now - (item.startedAtMs ?? now),
    completedAtMs: now,
  };
  const outcome: CallOutcome = answer
    ? { type: "told", message: textOf(answer.contentItems), content: modelContent(answer.contentItems) }
    : { type: "refused", message: "The client could not run this tool." };
  runtime.commit([runtime.itemCompleted(turn.id, done, settled(call, outcome))]);
}

/** There is no item to show, and the model's call needs an answer: a warning carries it. */
export function refuseUnknownTool(runtime: ThreadRuntime, call: Call): void {
  const { call: asked } = call;
  const reason =
    asked.tool === "invalid" ? asked.message : `There is no tool \`${asked.tool === "unknown" ? asked.name : asked.tool}\` here.`;
  const params = { threadId: runtime.host.threadId, message: `The model's tool call was refused. ${reason}` };
  runtime.commit([{ method: "warning", params, private: settled(call, { type: "refused", message: reason }) }]);
}

function settled(call: Call, outcome: CallOutcome): NonNullable<Draft["private"]> {
  return { modelItems: [callOutput(call.raw, outcome)], event: { type: "settled", callId: call.callId, landed: [] } };
}

function textOf(items: ToolContentItem[]): string {
  const text = items.map((item) => (item.type === "inputText" ? item.text : `(${item.type})`)).join("\n");
  return cutMiddle(text, limits.modelOutputCharactersMax);
}

/** Only where there is a picture to show; text alone goes as text. */
function modelContent(items: ToolContentItem[]): ModelItem[] | undefined {
  if (!items.some(({ type }) => type === "inputImage")) return undefined;
  return items.map((item): ModelItem => {
    if (item.type === "inputImage") return { type: "input_image", image_url: item.imageUrl };
    return {
      type: "input_text",
      text: item.type === "inputText" ? cutMiddle(item.text, limits.modelOutputCharactersMax) : "(audio)",
    };
  });
}
