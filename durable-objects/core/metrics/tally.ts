/**
 * What a thread's log says in numbers. A pure fold over its frames, in order: what it counts depends on no clock, on no frame of streamed
 * text (those may leave the log), and not on how the log is cut into reports. What is not in the log is not counted: a request to a
 * model that died with its object, say.
 */
import type { Frame } from "#core/frame";
import { add, type Counts, observe, setGauge } from "#core/metrics/counts";
import type { LabelsOf } from "#core/metrics/table";
import type { Decision, PrivateEvent, RequestedCall } from "#core/private";
import type { ThreadItem } from "#protocol/item";
import type { ServerRequestMethod } from "#protocol/server-requests";

type ApprovalKind = LabelsOf<"approvals_requested_total">["kind"];
type ApprovalDecision = LabelsOf<"approvals_resolved_total">["decision"];
type Tool = LabelsOf<"tool_runs_total">["tool"];
type ToolOutcome = LabelsOf<"tool_runs_total">["outcome"];

/** What has to be remembered between two frames, as JSON. At most what is open in one turn. */
export interface Tally {
  version: 1;
  /** The frames until `forked` or `imported` tell of what happened in another thread, where it was counted. */
  isCopy: boolean;
  turn: { startedAtMs: number; hasAnswered: boolean } | null;
  requests: { id: string; kind: ApprovalKind; askedAtMs: number }[];
  /** Calls of the last response that are not settled. */
  calls: { callId: string; tool: Tool; isCounted: boolean; hasDeclared: boolean }[];
  /** Items of probes under way. */
  probes: string[];
}

export const newTally: Tally = { version: 1, isCopy: false, turn: null, requests: [], calls: [], probes: [] };

/** Folds one frame; what it counts is added to `counts`. */
export function tallied(tally: Tally, frame: Frame, counts: Counts): Tally {
  const event = frame.private?.event;
  if (frame.method === "thread/started") {
    return { ...tally, isCopy: frame.params.thread.forkedFromId != null || event?.type === "importBegun" };
  }
  if (event?.type === "forked" || event?.type === "imported") return newTally;
  if (tally.isCopy) return tally;
  const seen = ofMethod(tally, frame, counts);
  const outcome = frame.private?.modelCall;
  if (outcome) add(counts, "model_calls_total", { outcome });
  return event ? ofEvent(seen, event, frame, counts) : seen;
}

/** How the thread stands by its log: what runs, and who is waited for. */
export function gaugesOf({ turn, requests }: Tally): { values: Counts; oldestPendingAtMs: number | null } {
  const values: Counts = {};
  setGauge(values, "turns_running", {}, turn ? 1 : 0);
  for (const kind of new Set(requests.map((request) => request.kind)))
    setGauge(values, "approvals_pending", { kind }, requests.filter((request) => request.kind === kind).length);
  const oldest = requests.map(({ askedAtMs }) => askedAtMs).toSorted((one, other) => one - other)[0];
  return { values, oldestPendingAtMs: oldest ?? null };
}

function ofMethod(tally: Tally, frame: Frame, counts: Counts): Tally {
  const { emittedAtMs: atMs } = frame;
  switch (frame.method) {
    case "turn/started":
      add(counts, "turns_started_total", {});
      return { ...tally, turn: { startedAtMs: atMs, hasAnswered: false }, calls: [], probes: [] };
    case "turn/completed": {
      const { status } = frame.params.turn;
      if (!tally.turn || status === "inProgress") return tally;
      add(counts, "turns_completed_total", { status });
      observe(counts, "turn_duration_seconds", atMs - tally.turn.startedAtMs);
      return { ...tally, turn: null, calls: [], probes: [] };
    }
    case "thread/deleted":
      return newTally;
    case "item/started":
      if (!tally.turn || tally.turn.hasAnswered || !isOfModel(frame.params.item)) return tally;
      observe(counts, "turn_first_delta_seconds", atMs - tally.turn.startedAtMs);
      return { ...tally, turn: { ...tally.turn, hasAnswered: true } };
    case "item/completed":
      return itemCompleted(tally, frame.params.item, counts);
    case "item/commandExecution/requestApproval":
    case "item/fileChange/requestApproval":
    case "item/tool/requestUserInput":
    case "item/tool/call": {
      const kind = frame.private?.event?.type === "decisionHeld" ? "permissions" : approvalKinds[frame.method];
      add(counts, "approvals_requested_total", { kind });
      return { ...tally, requests: [...tally.requests, { id: frame.id, kind, askedAtMs: atMs }] };
    }
    case "serverRequest/resolved": {
      const request = tally.requests.find(({ id }) => id === frame.params.requestId);
      if (!request) return tally;
      add(counts, "approvals_resolved_total", { kind: request.kind, decision: decisionOf(frame.private?.event) });
      return { ...tally, requests: tally.requests.filter((other) => other !== request) };
    }
    default:
      return tally;
  }
}

function ofEvent(tally: Tally, event: PrivateEvent, frame: Frame, counts: Counts): Tally {
  switch (event.type) {
    case "responded": {
      add(counts, "model_calls_total", { outcome: "completed" });
      if (frame.method === "thread/tokenUsage/updated") {
        const { last } = frame.params.tokenUsage;
        add(counts, "model_tokens_total", { kind: "input" }, last.inputTokens);
        add(counts, "model_tokens_total", { kind: "cached_input" }, last.cachedInputTokens);
        add(counts, "model_tokens_total", { kind: "output" }, last.outputTokens);
        add(counts, "model_tokens_total", { kind: "reasoning" }, last.reasoningOutputTokens);
      }
      const calls = event.calls.map(({ callId, call }) => ({
        callId,
        tool: toolOf(call),
        isCounted: false,
        hasDeclared: false,
      }));
      return { ...tally, calls };
    }
    case "settled": {
      const call = tally.calls.find(({ callId }) => callId === event.callId);
      if (!call) return tally;
      if (call.hasDeclared) add(counts, "decisions_total", { kind: "act" });
      if (!call.isCounted) add(counts, "tool_runs_total", { tool: call.tool, outcome: settledOutcome(frame) });
      return { ...tally, calls: tally.calls.filter((other) => other !== call) };
    }
    case "decisionDeclared":
      return withCall(tally, event.callId, { hasDeclared: true });
    case "decisionProbeAsked":
      add(counts, "decisions_total", { kind: "probe" });
      return { ...tally, probes: [...tally.probes, event.itemId] };
    case "decisionQuestionAsked":
      add(counts, "decisions_total", { kind: "ask" });
      return tally;
    case "decisionHeld":
      add(counts, "decisions_total", { kind: "hold" });
      return tally;
    case "memoryUsed": {
      const { arm, shown } = event.use;
      add(counts, "memory_recalls_total", { arm: arm === "none" ? "held_out" : shown.length > 0 ? "shown" : "none" });
      return tally;
    }
    default:
      return tally;
  }
}

/** A tool's run is counted where its item ends; what has no item, where its call is settled. */
function itemCompleted(tally: Tally, item: ThreadItem, counts: Counts): Tally {
  switch (item.type) {
    case "commandExecution": {
      // What a person ran by themself is no tool's run.
      if (item.source !== "agent") return tally;
      const outcome = item.exitCode === timedOutExitCode ? "timed_out" : outcomeOf(item.status);
      const isProbe = tally.probes.includes(item.id);
      add(counts, "tool_runs_total", { tool: isProbe ? "probe" : "command", outcome });
      if (isProbe) return { ...tally, probes: tally.probes.filter((id) => id !== item.id) };
      return withCall(tally, item.id, { isCounted: true });
    }
    case "fileChange":
    case "dynamicToolCall":
    case "mcpToolCall": {
      const call = tally.calls.find(({ callId }) => callId === item.id);
      if (!call || call.isCounted) return tally;
      add(counts, "tool_runs_total", { tool: call.tool, outcome: outcomeOf(item.status) });
      return withCall(tally, item.id, { isCounted: true });
    }
    default:
      return tally;
  }
}

/** As the shell ends what ran out of time, and as `timeout` does. */
const timedOutExitCode = 124;

function withCall(tally: Tally, callId: string, change: Partial<Tally["calls"][number]>): Tally {
  return { ...tally, calls: tally.calls.map((call) => (call.callId === callId ? { ...call, ...change } : call)) };
}

function isOfModel(item: ThreadItem): boolean {
  switch (item.type) {
    case "agentMessage":
    case "reasoning":
    case "fileChange":
    case "dynamicToolCall":
    case "mcpToolCall":
      return true;
    case "commandExecution":
      return item.source === "agent";
    default:
      return false;
  }
}

const approvalKinds = {
  "item/commandExecution/requestApproval": "command",
  "item/fileChange/requestApproval": "file_change",
  "item/tool/requestUserInput": "question",
  "item/tool/call": "other",
} as const satisfies Record<ServerRequestMethod, ApprovalKind>;

function decisionOf(event: PrivateEvent | undefined): ApprovalDecision {
  if (event?.type === "answered") return event.answer === null ? "unreadable" : "answered";
  return event?.type === "decided" ? decisions[event.decision] : "withdrawn";
}

const decisions = {
  accept: "accepted",
  acceptForSession: "accepted_for_session",
  decline: "declined",
  cancel: "cancelled",
  garbage: "unreadable",
} as const satisfies Record<Decision, ApprovalDecision>;

function toolOf(call: RequestedCall["call"]): Tool {
  switch (call.tool) {
    case "shell":
      return "command";
    case "applyPatch":
      return "apply_patch";
    case "plan":
      return "plan";
    case "userInput":
      return "question";
    case "client":
      return "client";
    default:
      return "other";
  }
}

/** What is settled with a warning was refused; a patch may be settled by the item of another name. */
function settledOutcome(frame: Frame): ToolOutcome {
  if (frame.method === "warning") return "failed";
  const item = frame.method === "item/completed" ? frame.params.item : null;
  return item && "status" in item ? outcomeOf(item.status) : "ok";
}

function outcomeOf(status: string): ToolOutcome {
  return status === "completed" ? "ok" : status === "declined" ? "declined" : "failed";
}
