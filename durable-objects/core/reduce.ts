/**
 * The only place where a thread changes. The same function runs in the object when it wakes, in every client, and in the tests.
 * It never mutates what it is given. A frame that was already seen changes nothing, so every replay is harmless.
 */
import { decisionAfter, decisionJudged, treeAfter } from "#core/decision";
import type { Frame } from "#core/frame";
import { mergeLanded } from "#core/landed";
import { grantOf } from "#core/mcp/grant";
import type { Decision, PrivateEvent } from "#core/private";
import { type Call, type CallState, openTurn, type PendingRequest, type Queue, type Thread, type Work } from "#core/thread";
import type { ThreadItem } from "#protocol/item";
import type { Notifications } from "#protocol/notifications";
import type { Turn } from "#protocol/turn";

/** Folds one frame. `thread` is null before the first frame, which is always `thread/started`. */
export function reduce(thread: Thread | null, frame: Frame): Thread {
  if (thread && frame.seq <= thread.seq) return thread;
  if (!thread) {
    if (frame.method !== "thread/started") throw new Error(`a thread's log begins with thread/started, not ${frame.method}`);
    thread = born(frame.params.thread);
  }
  const seen = { ...reducePublic(worked(thread, frame.emittedAtMs), frame), seq: frame.seq };
  const acted = frame.private?.event ? reducePrivate(seen, frame.private.event) : seen;
  const trace = frame.private?.trace;
  return trace === undefined ? acted : withWork(acted, (work) => ({ ...work, trace }));
}

/** The time since the last frame counts as the turn's own, unless it waited for somebody. Clients have no `work` and count nothing. */
function worked(thread: Thread, nowMs: number): Thread {
  const { work, requests } = thread;
  if (!work) return thread;
  const passedMs = requests.length > 0 ? 0 : Math.max(0, nowMs - (work.lastAtMs ?? nowMs));
  return {
    ...thread,
    work: { ...work, lastAtMs: nowMs, activeMs: (work.activeMs ?? 0) + passedMs },
    ...(thread.goal?.status === "active" ? { goalTimeMs: (thread.goalTimeMs ?? 0) + passedMs } : {}),
  };
}

function born(wire: Extract<Frame, { method: "thread/started" }>["params"]["thread"]): Thread {
  const { status, turns: _, ...info } = wire;
  return {
    seq: 0,
    info,
    status,
    archived: false,
    deleted: false,
    turns: [],
    requests: [],
    tokenUsage: null,
    settings: null,
    grants: { commands: [], paths: [] },
    work: null,
  };
}

function reducePublic(thread: Thread, frame: Frame): Thread {
  const seconds = Math.floor(frame.emittedAtMs / 1000);
  switch (frame.method) {
    case "thread/started":
      return thread;
    case "thread/status/changed":
      return { ...thread, status: frame.params.status };
    case "thread/name/updated":
      return { ...thread, info: { ...thread.info, name: frame.params.threadName ?? null, updatedAt: seconds } };
    case "thread/archived":
      return { ...thread, archived: true };
    case "thread/unarchived":
      return { ...thread, archived: false, info: { ...thread.info, updatedAt: seconds } };
    case "thread/deleted":
      return { ...thread, deleted: true };
    case "thread/closed":
      return thread;
    case "thread/reverted":
      return reverted(thread, frame.params);
    case "thread/tokenUsage/updated":
      return withWork(
        { ...thread, tokenUsage: frame.params.tokenUsage, contextTokens: frame.params.tokenUsage.last.totalTokens },
        (work) => ({ ...work, tokens: (work.tokens ?? 0) + frame.params.tokenUsage.last.totalTokens }),
      );
    case "turn/started":
      return {
        ...thread,
        info: { ...thread.info, updatedAt: seconds, recencyAt: seconds },
        turns: [...thread.turns, { ...frame.params.turn, itemsView: "full" }],
      };
    case "turn/completed": {
      const { items: _, itemsView: __, ...ended } = frame.params.turn;
      const { nextSettings, ...rest } = thread;
      return {
        ...held(
          withTurn({ ...rest, settings: nextSettings ?? thread.settings }, ended.id, (turn) => ({ ...turn, ...ended })),
          ended.status !== "completed",
        ),
        info: { ...thread.info, updatedAt: seconds },
        work: null,
      };
    }
    case "thread/readState/changed":
      return { ...thread, readState: frame.params.readState };
    // Lists of notes are read with the turn's own frame.
    case "spindle/memory/used":
      return thread;
    case "spindle/decisionTree/updated":
      return { ...thread, decisionTree: treeAfter(thread.decisionTree, frame.params) };
    case "thread/goal/updated": {
      const { goal } = frame.params;
      const preview = thread.info.preview || goal.objective.slice(0, previewCharactersMax);
      const goalTimeMs = thread.goal ? thread.goalTimeMs : 0;
      return { ...thread, goal, goalTimeMs, info: { ...thread.info, preview } };
    }
    case "thread/goal/cleared": {
      const { goal: _, goalTimeMs: __, ...without } = thread;
      return without;
    }
    // The Directory's business: it stands in no thread's log.
    case "thread/section/changed":
    case "thread/settings/updated":
    case "thread/queue/changed":
    case "turn/diff/updated":
    case "turn/plan/updated":
      return thread;
    case "item/started":
    case "item/completed": {
      const { item, turnId } = frame.params;
      const preview = thread.info.preview || (item.type === "userMessage" ? previewOf(item) : "");
      return {
        ...withTurn(thread, turnId, (turn) => ({ ...turn, items: withItem(turn.items, item) })),
        info: { ...thread.info, preview },
      };
    }
    case "item/agentMessage/delta":
      return withItemOf(thread, frame.params, "agentMessage", (item) => ({ ...item, text: item.text + frame.params.delta }));
    case "item/reasoning/summaryPartAdded":
      return withItemOf(thread, frame.params, "reasoning", (item) => ({ ...item, summary: [...item.summary, ""] }));
    case "item/reasoning/summaryTextDelta":
      return withItemOf(thread, frame.params, "reasoning", (item) => ({
        ...item,
        summary: item.summary.map((part, index) => (index === frame.params.summaryIndex ? part + frame.params.delta : part)),
      }));
    case "item/commandExecution/outputDelta":
      return withItemOf(thread, frame.params, "commandExecution", (item) => ({
        ...item,
        aggregatedOutput: (item.aggregatedOutput ?? "") + frame.params.delta,
      }));
    case "serverRequest/resolved":
      return { ...thread, requests: thread.requests.filter((request) => request.id !== frame.params.requestId) };
    case "item/commandExecution/requestApproval":
    case "item/fileChange/requestApproval":
    case "item/tool/requestUserInput":
    case "item/tool/call": {
      const { id, seq } = frame;
      // Method and params of a frame belong together, and so they do in what waits; TypeScript loses that in an object literal.
      const request = { id, seq, method: frame.method, params: frame.params } as PendingRequest;
      return { ...thread, requests: [...thread.requests, request] };
    }
    case "error":
      return thread.work && frame.params.willRetry
        ? { ...thread, work: { ...thread.work, failedAttempts: thread.work.failedAttempts + 1 } }
        : thread;
    case "warning":
      return thread;
    default:
      // A newer server may send what this reader does not know: fields and methods are only added.
      frame satisfies never;
      return thread;
  }
}

/** The object at rest holds no turns, a client all of them: the frame says what neither can work out from what it has. */
function reverted(thread: Thread, { beforeTurnId, preview, tokenUsage = null }: Notifications["thread/reverted"]): Thread {
  const first = thread.turns.findIndex(({ id }) => id === beforeTurnId);
  // Left out, not undefined: a snapshot is compared letter by letter with one that is made again.
  // What was decided may have been decided in a turn that is gone, and the object at rest does not know of which.
  const { contextTokens: _, decision: __, decisionTree: ___, ...rest } = thread;
  return {
    ...rest,
    info: { ...thread.info, preview: preview ?? thread.info.preview },
    turns: first < 0 ? thread.turns : thread.turns.slice(0, first),
    tokenUsage,
    ...(tokenUsage ? { contextTokens: tokenUsage.last.totalTokens } : {}),
  };
}

/** The loop's own state; clients never get here, because frames reach them without their private part. */
function reducePrivate(thread: Thread, event: PrivateEvent): Thread {
  switch (event.type) {
    case "threadStarted":
    case "forked":
    case "importBegun":
      return { ...thread, settings: event.settings };
    case "turnStarted":
      return { ...thread, settings: event.settings, work: newWork(event.outputSchema) };
    case "userSaid":
      return withWork(thread, (work) => ({ ...work, awaitsModel: true, responding: null }));
    case "responded":
      return withWork(thread, (work) => ({
        ...work,
        steps: work.steps + 1,
        failedAttempts: 0,
        responding: null,
        awaitsModel: false,
        ...(event.isExtracted ? { hasExtracted: true as const } : {}),
        calls: event.calls.map((call) => ({ ...call, state: { type: "requested" } })),
      }));
    case "commandAsked":
      return withCall(thread, event.callId, () => ({ type: "commandAsked", requestId: event.requestId }));
    case "commandStarted":
      return withCall(thread, event.callId, () => ({ type: "commandStarted" }));
    case "proposed": {
      const { callId, requestId, proposed } = event;
      return withCall(thread, callId, () =>
        requestId ? { type: "changesAsked", requestId, proposed } : { type: "changesApproved", proposed },
      );
    }
    case "asked":
      return withCall(thread, event.callId, () => ({ type: "answerAwaited", requestId: event.requestId }));
    case "answered": {
      const call = thread.work?.calls.find(({ state }) => "requestId" in state && state.requestId === event.requestId);
      if (!call) return thread;
      const { answer } = event;
      return withCall(thread, call.callId, (state) =>
        state.type === "questionAsked"
          ? { type: "questionAnswered", probeId: state.probeId, answer }
          : { type: "answered", answer },
      );
    }
    case "mcpCallAllowed": {
      const allowed = withCall(thread, event.callId, () => ({ type: "mcpCallAllowed" }));
      const call = thread.work?.calls.find(({ callId }) => callId === event.callId)?.call;
      if (!event.forSession || call?.tool !== "mcp") return allowed;
      const tools = new Set([...(thread.grants.tools ?? []), grantOf(call)]);
      return { ...allowed, grants: { ...thread.grants, tools: [...tools] } };
    }
    case "mcpCallStarted":
      return withCall(thread, event.callId, () => ({ type: "mcpCallStarted" }));
    case "responding": {
      const { responseId, sequenceNumber: afterSequenceNumber } = event;
      return withWork(thread, (work) => ({ ...work, responding: { responseId, afterSequenceNumber } }));
    }
    case "responseLost":
      return withWork(thread, (work) => ({ ...work, responding: null }));
    case "compacted":
      return { ...thread, inputFromSeq: thread.seq, contextTokens: event.tokens };
    case "builtInToolsRefused":
      return { ...thread, needsFunctionTools: true };
    case "userCommandAsked": {
      const { itemId, command, timeoutMs } = event;
      const asked = { itemId, command, timeoutMs, hasStarted: false };
      return withWork(thread, (work) => ({ ...work, userCommands: [...work.userCommands, asked] }));
    }
    case "userCommandStarted":
      return withWork(thread, (work) => ({
        ...work,
        userCommands: work.userCommands.map((command) =>
          command.itemId === event.itemId ? { ...command, hasStarted: true } : command,
        ),
      }));
    case "userCommandEnded":
      return withWork(thread, (work) => ({
        ...work,
        userCommands: work.userCommands.filter(({ itemId }) => itemId !== event.itemId),
      }));
    case "reviewStarted":
      return withWork(thread, (work) => ({ ...work, isReview: true }));
    case "queued": {
      const { id, clientUserMessageId } = event.submission;
      const entry = { id, clientUserMessageId, seq: thread.seq };
      const entries = queueOf(thread);
      const isKnown = entries.some((other) => other.id === id);
      return withQueue(thread, isKnown ? entries.map((other) => (other.id === id ? entry : other)) : [...entries, entry]);
    }
    case "dequeued":
      return withQueue(
        thread,
        queueOf(thread).filter(({ id }) => id !== event.submissionId),
      );
    case "queueReordered":
      return withQueue(
        thread,
        event.submissionIds.flatMap((id) => queueOf(thread).find((entry) => entry.id === id) ?? []),
      );
    case "filesWritten":
      return thread;
    case "settingsChanged":
      return thread.work ? { ...thread, nextSettings: event.settings } : { ...thread, settings: event.settings };
    case "gitInfoUpdated":
      return { ...thread, info: { ...thread.info, gitInfo: event.gitInfo } };
    case "guidesTaken":
      return { ...thread, guides: event.guides };
    case "memoryModeSet":
      return { ...thread, memoryMode: event.mode };
    case "reverted": {
      const { inputFromSeq: _, ...rest } = thread;
      return event.inputFromSeq === null ? rest : { ...rest, inputFromSeq: event.inputFromSeq };
    }
    case "decisionDeclared":
    case "decisionObserved":
    case "decisionDefaulted":
    case "decisionDeclined": {
      const decided = withCall(thread, event.callId, () => ({ type: "weighing" }));
      return { ...decided, decision: decisionAfter(thread.decision, event) };
    }
    case "decisionExtracted":
      return { ...thread, decision: decisionAfter(thread.decision, event) };
    case "decisionAnnotated":
    case "decisionStale":
    case "decisionResolved":
      return thread.decision ? { ...thread, decision: decisionAfter(thread.decision, event) } : thread;
    case "decisionProbeAsked": {
      const { callId, probeId, itemId, pairedWith } = event;
      return withCall(thread, callId, () => ({ type: "probing", probeId, itemId, pairedWith }));
    }
    case "decisionQuestionAsked": {
      const { callId, probeId, requestId } = event;
      return withCall(thread, callId, () => ({ type: "questionAsked", probeId, requestId }));
    }
    case "decisionHeld": {
      const { callId, actionId, requestId } = event;
      return withCall(thread, callId, () => ({ type: "actionHeld", actionId, requestId }));
    }
    case "decisionCopied":
    case "decisionOutcome":
    case "imported":
      return thread;
    case "memoryUsed": {
      const { use, uplifts } = event;
      const notes = use.shown.map(({ id, weight }, place) => ({ id, weight, uplift: uplifts[place] ?? 0 }));
      const asked = withWork(thread, (work) => ({ ...work, notes }));
      return { ...asked, memoryArm: { arm: use.arm, epoch: use.epoch } };
    }
    case "decided":
      return decide(thread, event);
    case "settled":
      return withWork(thread, (work) => {
        const calls = work.calls.filter((call) => call.callId !== event.callId);
        return {
          ...work,
          calls,
          awaitsModel: work.awaitsModel || calls.length === 0,
          landed: mergeLanded(work.landed, event.landed),
        };
      });
    default:
      return event satisfies never;
  }
}

function decide(thread: Thread, { requestId, decision, part }: Extract<PrivateEvent, { type: "decided" }>): Thread {
  const call = thread.work?.calls.find(({ state }) => "requestId" in state && state.requestId === requestId);
  if (!call) return thread;
  const accepted = decision === "accept" || decision === "acceptForSession";
  const decided = withCall(thread, call.callId, (state) => {
    if (state.type === "commandAsked") {
      return accepted ? { type: "commandApproved" } : { type: "commandRefused", decision };
    }
    if (state.type === "actionHeld") return { type: "actionJudged", actionId: state.actionId, decision };
    if (state.type === "changesAsked") {
      const { proposed } = state;
      if (!accepted) return { type: "changesRefused", decision, proposed };
      if (!part) return { type: "changesApproved", proposed };
      return { type: "changesApproved", proposed: { ...proposed, hash: part.hash, changes: part.changes }, part };
    }
    return state;
  });
  // Some hunks of it are neither a yes nor a no to what was declared.
  const cancelled = withWork(part ? decided : judged(decided, call, decision), (work) => ({
    ...work,
    cancelled: work.cancelled || decision === "cancel",
  }));
  return decision === "acceptForSession" ? { ...cancelled, grants: granted(thread, call) } : cancelled;
}

/** What was decided in another turn is not judged by what happens in this one. */
function judged(thread: Thread, { state }: Call, answer: Decision): Thread {
  const { decision, decisionTree } = thread;
  if (!decision || decision.turnId !== openTurn(thread)?.id) return thread;
  return { ...thread, decision: decisionJudged(decision, decisionTree, state, answer) };
}

function granted(thread: Thread, { call, state }: Call): Thread["grants"] {
  if (state.type === "changesAsked") {
    const paths = new Set([...(thread.grants.paths ?? []), ...state.proposed.changes.map(({ path }) => path)]);
    return { ...thread.grants, paths: [...paths] };
  }
  if (call.tool === "shell") return { ...thread.grants, commands: [...thread.grants.commands, call.command] };
  return thread.grants;
}

function queueOf(thread: Thread): Queue["entries"] {
  return thread.queue?.entries ?? [];
}

/** Nothing holds an empty queue: what is added to it on a thread at rest runs at once. */
function withQueue(thread: Thread, entries: Queue["entries"]): Thread {
  return { ...thread, queue: { entries, isHeld: entries.length > 0 && (thread.queue?.isHeld ?? false) } };
}

function held(thread: Thread, isHeld: boolean): Thread {
  return thread.queue ? { ...thread, queue: { ...thread.queue, isHeld: isHeld && thread.queue.entries.length > 0 } } : thread;
}

function newWork(outputSchema: unknown): Work {
  return {
    outputSchema,
    awaitsModel: false,
    calls: [],
    failedAttempts: 0,
    steps: 0,
    cancelled: false,
    landed: [],
    userCommands: [],
    isReview: false,
  };
}

function withWork(thread: Thread, change: (work: Work) => Work): Thread {
  return thread.work ? { ...thread, work: change(thread.work) } : thread;
}

function withCall(thread: Thread, callId: string, change: (state: CallState) => CallState): Thread {
  return withWork(thread, (work) => ({
    ...work,
    calls: work.calls.map((call) => (call.callId === callId ? { ...call, state: change(call.state) } : call)),
  }));
}

/** Turns are appended at the end, and what changes is nearly always the last one: look from there. */
function withTurn(thread: Thread, turnId: string, change: (turn: Turn) => Turn): Thread {
  const index = thread.turns.findLastIndex((turn) => turn.id === turnId);
  const turn = thread.turns[index];
  if (!turn) return thread;
  const turns = thread.turns.slice();
  turns[index] = change(turn);
  return { ...thread, turns };
}

function withItem(items: ThreadItem[], item: ThreadItem): ThreadItem[] {
  const index = items.findLastIndex(({ id }) => id === item.id);
  if (index < 0) return [...items, item];
  const replaced = items.slice();
  replaced[index] = item;
  return replaced;
}

function withItemOf<Type extends ThreadItem["type"]>(
  thread: Thread,
  { turnId, itemId }: { turnId: string; itemId: string },
  type: Type,
  change: (item: Extract<ThreadItem, { type: Type }>) => ThreadItem,
): Thread {
  return withTurn(thread, turnId, (turn) => {
    const item = turn.items.findLast(({ id }) => id === itemId);
    return item?.type === type
      ? { ...turn, items: withItem(turn.items, change(item as Extract<ThreadItem, { type: Type }>)) }
      : turn;
  });
}

function previewOf(item: Extract<ThreadItem, { type: "userMessage" }>): string {
  return item.content
    .flatMap((part) => (part.type === "text" ? [part.text] : []))
    .join("\n")
    .slice(0, previewCharactersMax);
}

const previewCharactersMax = 200;
