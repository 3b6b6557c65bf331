/** Asks the model and writes down what it says, as it says it. */
import type { Draft } from "#core/frame";
import { limits } from "#core/limits";
import { citedNumbers } from "#core/memory/citation";
import { noteItem } from "#core/memory/note";
import type { ModelItem, RequestedCall } from "#core/private";
import { instructions } from "#core/prompt";
import { openTurn } from "#core/thread";
import { callIdOf, parseToolCall } from "#core/tool-call";
import { asFunctions, toolsFor } from "#core/tool-form";
import { stepTraceparent } from "#core/trace";
import { ModelError, type ModelEvent, type ModelRequest } from "#models/model";
import type { MemoryCitation, ThreadItem } from "#protocol/item";
import type { TokenUsageBreakdown } from "#protocol/thread";
import type { TurnError } from "#protocol/turn";
import { decisionModeOf } from "#thread/decision-settings";
import { goalCounted } from "#thread/goal";
import type { ModelCall, ThreadRuntime } from "#thread/runtime";
import { readMcpTools } from "#thread/steps/mcp";
import { recallNotes } from "#thread/steps/recall";

/** One response, or one failed attempt at it. Returns without a word when somebody stopped it: who stopped it wrote down why. */
export async function askModel(runtime: ThreadRuntime): Promise<void> {
  const turn = openTurn(runtime.current);
  if (!turn) return;
  // Left by an attempt that died with the object: the next attempt says it again, in items of its own. A response that the endpoint makes
  // in the background is taken up where the log ends instead, in the same items.
  if (!runtime.current.work?.responding) runtime.commit(runtime.closeDangling(turn, "superseded"));
  const abort = new AbortController();
  if (!(await awaitTurnSlot(runtime, abort))) return;
  await runtime.flags.read(turn.id);
  if (abort.signal.aborted) return;
  await readMcpTools(runtime, turn.id, abort.signal);
  if (abort.signal.aborted) return;
  await recallNotes(runtime, abort.signal);
  if (abort.signal.aborted) return;
  const answer = new Answer(runtime, turn.id);
  runtime.activity = { abort, kind: "model", finish: () => answer.flush() };
  const { settings, needsFunctionTools, work } = runtime.current;
  if (!settings) throw new Error("a thread without settings");
  const model = runtime.host.model(settings.model);
  const usesTools = (work?.outputSchema ?? null) === null;
  if (usesTools && !needsFunctionTools && model.refusedBuiltInTools?.(settings.model)) useFunctionTools(runtime);
  try {
    for await (const event of model.stream(request(runtime), abort.signal)) {
      if (abort.signal.aborted) return;
      answer.take(event);
    }
  } catch (error) {
    if (abort.signal.aborted) return;
    if (!(error instanceof ModelError)) throw error;
    answer.flush();
    await failAttempt(runtime, turn.id, error, abort);
  } finally {
    answer.stop();
  }
}

/** False when somebody stopped the turn meanwhile, or when it has waited for too long and has failed by that. */
async function awaitTurnSlot(runtime: ThreadRuntime, abort: AbortController): Promise<boolean> {
  const { host, turnSlot } = runtime;
  runtime.activity = { abort, kind: "pause", finish: () => {} };
  const sinceMs = host.now();
  for (let isTold = false; ; ) {
    const isTaken = await turnSlot.take();
    if (abort.signal.aborted) return false;
    if (isTaken) return true;
    if (host.now() - sinceMs >= limits.turnSlotWaitMsMax) {
      const minutes = limits.turnSlotWaitMsMax / 60_000;
      runtime.failTurn(
        turnError(
          `${limits.turnsAtOnceMax} turns of this account worked for ${minutes} minutes: none ended.`,
          "serverOverloaded",
        ),
      );
      return false;
    }
    if (!isTold) {
      const message = `${limits.turnsAtOnceMax} turns of this account are at work; this one begins when one of them rests.`;
      runtime.commit([{ method: "warning", params: { threadId: host.threadId, message } }]);
      isTold = true;
    }
    await host.sleep(limits.turnSlotPauseMs * (1 + host.random()), abort.signal);
    if (abort.signal.aborted) return false;
  }
}

function request(runtime: ThreadRuntime): ModelRequest {
  const { settings, info, work, goal, needsFunctionTools = false } = runtime.current;
  if (!settings || !work) throw new Error("no turn is open");
  const input = runtime.log.modelInput(runtime.current.inputFromSeq, (turnId) => noteItem(runtime.notes.of(turnId)));
  const structured = work.outputSchema !== undefined && work.outputSchema !== null;
  const turn = openTurn(runtime.current);
  const wording = turn ? runtime.notes.wordingOf(turn.id) : null;
  const declares = !structured && decisionModeOf(settings) !== "off";
  return {
    model: settings.model,
    instructions: instructions(settings, info.cwd, runtime.guides(), goal, declares, wording),
    input: needsFunctionTools ? asFunctions(input) : input,
    // Threads that only want a structured answer, as the terminal client's hidden title threads, may not use tools.
    tools: structured
      ? []
      : toolsFor(
          [...(settings.clientTools ?? []), ...runtime.mcp.tools],
          needsFunctionTools,
          goal?.status === "active" || goal?.status === "budgetLimited",
          declares,
        ),
    effort: settings.effort,
    summary: settings.summary,
    outputSchema: work.outputSchema,
    promptCacheKey: info.id,
    ...(turn ? { traceparent: stepTraceparent(turn.id, runtime.current.seq, work.trace) } : {}),
    ...(work.responding ? { resume: work.responding } : {}),
  };
}

/** Writes the events of one response into the log: text in small batches, items as they complete, the response as a whole at the end. */
class Answer {
  private readonly runtime: ThreadRuntime;
  private readonly turnId: string;
  /** Our id of each item the model named: its own, unless the thread has that already. */
  private readonly ids = new Map<string, string>();
  private readonly output: ModelItem[] = [];
  private buffer: { itemId: string; summaryIndex: number | null; text: string } | null = null;
  private flushedAtMs = Number.NEGATIVE_INFINITY;
  private timer: AbortController | null = null;
  private broken: { error: unknown } | null = null;
  /** How far the log is in a response that the endpoint makes in the background; null in the foreground. */
  private responseId: string | null;
  private sequenceNumber: number | null = null;

  constructor(runtime: ThreadRuntime, turnId: string) {
    this.runtime = runtime;
    this.turnId = turnId;
    const { responding } = runtime.current.work ?? {};
    this.responseId = responding?.responseId ?? null;
    // A response that is taken up goes on in the items that are open, and does not announce them again.
    const open = responding ? (openTurn(runtime.current)?.items ?? []).filter(({ completedAtMs }) => completedAtMs === null) : [];
    for (const { id } of open) this.ids.set(id, id);
  }

  take(event: ModelEvent): void {
    if (this.broken) throw this.broken.error;
    // What is buffered belongs to the events before this one, and is appended under their number.
    if (!this.continuesBuffer(event)) this.flush();
    if (event.sequenceNumber !== undefined) this.sequenceNumber = event.sequenceNumber;
    switch (event.type) {
      case "responseStarted":
        this.responseId = event.responseId;
        return;
      case "messageStarted":
        this.start(emptyMessage(this.newId(event.itemId), this.runtime.host.now()));
        return;
      case "reasoningStarted":
        this.start(emptyReasoning(this.newId(event.itemId), this.runtime.host.now()));
        return;
      case "messageDelta":
        this.stream(event.itemId, null, event.delta);
        return;
      case "reasoningDelta":
        this.stream(event.itemId, event.summaryIndex, event.delta);
        return;
      case "reasoningPartAdded": {
        const { itemId, summaryIndex } = event;
        this.commit({
          method: "item/reasoning/summaryPartAdded",
          params: { ...this.place(), itemId: this.idOf(itemId), summaryIndex },
        });
        return;
      }
      case "itemDone":
        this.done(event.itemId, event.item);
        return;
      case "completed":
        this.complete(event.usage, event.output ?? this.output);
        return;
      default:
        event satisfies never;
    }
  }

  /** Appends what is buffered. The first text goes at once; what follows gathers for a moment, so that a fast model costs few rows. */
  flush(): void {
    const { buffer } = this;
    this.disarm();
    if (!buffer) return;
    this.buffer = null;
    this.flushedAtMs = this.runtime.host.now();
    const { itemId, summaryIndex, text: delta } = buffer;
    const params = { ...this.place(), itemId, delta };
    this.commit(
      summaryIndex === null
        ? { method: "item/agentMessage/delta", params }
        : { method: "item/reasoning/summaryTextDelta", params: { ...params, summaryIndex } },
    );
  }

  /** Forgets what was not appended; for whoever stopped this has flushed before. */
  stop(): void {
    this.disarm();
    this.buffer = null;
  }

  private stream(modelId: string, summaryIndex: number | null, delta: string): void {
    if (delta === "") return;
    const itemId = this.idOf(modelId);
    if (this.buffer) this.buffer.text += delta;
    else this.buffer = { itemId, summaryIndex, text: delta };
    const waitedMs = this.runtime.host.now() - this.flushedAtMs;
    if (waitedMs >= limits.deltaIntervalMs || this.buffer.text.length >= limits.deltaCharactersMax) this.flush();
    else if (!this.timer) void this.arm(limits.deltaIntervalMs - waitedMs);
  }

  private async arm(durationMs: number): Promise<void> {
    const timer = new AbortController();
    this.timer = timer;
    try {
      await this.runtime.host.sleep(durationMs, timer.signal);
      if (!timer.signal.aborted) this.flush();
    } catch (error) {
      // Nobody awaits the timer: the loop hears of it with the next event.
      this.broken = { error };
    }
  }

  private disarm(): void {
    this.timer?.abort();
    this.timer = null;
  }

  private continuesBuffer(event: ModelEvent): boolean {
    if (!this.buffer || (event.type !== "messageDelta" && event.type !== "reasoningDelta")) return false;
    const summaryIndex = event.type === "reasoningDelta" ? event.summaryIndex : null;
    return this.buffer.itemId === this.ids.get(event.itemId) && this.buffer.summaryIndex === summaryIndex;
  }

  /** In the background every frame says up to which event of the response the log has everything. */
  private commit(draft: Draft): void {
    const { responseId, sequenceNumber } = this;
    if (responseId === null || sequenceNumber === null) this.runtime.commit([draft]);
    else this.runtime.commit([{ ...draft, private: { event: { type: "responding", responseId, sequenceNumber } } }]);
  }

  private start(item: ThreadItem): void {
    this.commit(this.runtime.itemStarted(this.turnId, item));
  }

  private done(modelId: string, raw: ModelItem): void {
    this.output.push(raw);
    const open = openTurn(this.runtime.current)?.items.find(({ id }) => id === this.ids.get(modelId));
    if (!open || open.completedAtMs !== null) return;
    const completedAtMs = this.runtime.host.now();
    // What was streamed is what the item says: nobody is shown one text and left with another.
    if (open.type === "agentMessage") {
      const phase = raw.phase === "commentary" || raw.phase === "final_answer" ? raw.phase : null;
      const memoryCitation = this.citation(open.text);
      this.commit(this.runtime.itemCompleted(this.turnId, { ...open, phase, memoryCitation, completedAtMs }));
    } else if (open.type === "reasoning") {
      this.commit(this.runtime.itemCompleted(this.turnId, { ...open, completedAtMs }));
    }
  }

  /** The notes that the message names; null where it names none. Of their words nothing is told: they can be forgotten, and a log cannot. */
  private citation(text: string): MemoryCitation | null {
    const notes = this.runtime.notes.of(this.turnId);
    const cited = citedNumbers(text, notes.length).flatMap((number) => {
      const note = notes[number - 1];
      return note ? [{ number, note }] : [];
    });
    if (cited.length === 0) return null;
    return {
      entries: cited.map(({ number, note }) => ({
        path: `spindle/memory/${note.id}`,
        lineStart: 1,
        lineEnd: 1,
        note: `note ${number} (${note.kind})`,
      })),
      threadIds: [...new Set(cited.flatMap(({ note }) => note.threadIds))],
    };
  }

  /** Only now the response counts: its items become the model's own past, its calls become work. */
  private complete(last: TokenUsageBreakdown, output: ModelItem[]): void {
    const { current, host } = this.runtime;
    const calls = output.flatMap((raw): RequestedCall[] => {
      const call = parseToolCall(raw, current.settings?.clientTools, this.runtime.mcp.tools);
      return call ? [{ callId: this.newId(callIdOf(raw) ?? host.newId()), raw, call }] : [];
    });
    const isExtracted = this.runtime.extraction.isDue(output, calls);
    const total = sum(current.tokenUsage?.total, last);
    const tokenUsage = { total, last, modelContextWindow: host.contextWindow(current.settings?.model ?? "") };
    this.runtime.commit([
      {
        method: "thread/tokenUsage/updated",
        params: { ...this.place(), tokenUsage },
        private: { modelItems: output, event: { type: "responded", calls, ...(isExtracted ? { isExtracted } : {}) } },
      },
      ...goalCounted(this.runtime, last),
    ]);
    if (isExtracted) this.runtime.extraction.begin(this.turnId, output, calls);
  }

  private place(): { threadId: string; turnId: string } {
    return { threadId: this.runtime.host.threadId, turnId: this.turnId };
  }

  private newId(modelId: string): string {
    const id = this.ids.has(modelId) || this.runtime.log.hasItem(modelId) ? this.runtime.host.newId() : modelId;
    this.ids.set(modelId, id);
    return id;
  }

  private idOf(modelId: string): string {
    const id = this.ids.get(modelId);
    if (id === undefined)
      throw new ModelError(`the model streamed text for an item it never began: ${modelId}`, {
        info: "other",
        willRetry: true,
        responseIsOver: true,
      });
    return id;
  }
}

/** What the operator counts it as. */
function modelCallOf({ isTimeout, httpStatus, info, refusesBuiltInTools }: ModelError): ModelCall {
  if (isTimeout) return "timed_out";
  if (httpStatus === 429 || info === "usageLimitExceeded" || info === "serverOverloaded") return "rate_limited";
  const isRefused = info === "badRequest" || info === "cyberPolicy" || info === "contextWindowExceeded";
  return isRefused || refusesBuiltInTools ? "refused" : "failed";
}

/** Said in the log: the thread asks with function tools from now on. */
function useFunctionTools(runtime: ThreadRuntime, asked: { modelCall?: ModelCall } = {}): void {
  const { threadId } = runtime.host;
  const message =
    "The model's endpoint does not take the built-in tools. Function tools of the same meaning are used from now on.";
  const event = { type: "builtInToolsRefused" } as const;
  runtime.commit([{ method: "warning", params: { threadId, message }, private: { event, ...asked } }]);
}

/** Writes the failure down, and either pauses before the next attempt or ends the turn. */
async function failAttempt(runtime: ThreadRuntime, turnId: string, error: ModelError, abort: AbortController): Promise<void> {
  const { host, current } = runtime;
  const turn = openTurn(current);
  if (!turn || !current.work) return;
  const modelCall = modelCallOf(error);
  if (error.refusesBuiltInTools && !current.needsFunctionTools) {
    useFunctionTools(runtime, { modelCall });
    return;
  }
  const failedAttempts = current.work.failedAttempts;
  const retriesMax = Math.min(error.retriesMax ?? limits.modelRetriesMax, limits.modelRetriesMax);
  if (!error.willRetry || failedAttempts >= retriesMax) {
    runtime.failTurn(turnError(error.message, error.info), modelCall);
    return;
  }
  const retrying: Draft = {
    method: "error",
    params: {
      error: {
        message: `Reconnecting... ${failedAttempts + 1}/${retriesMax}`,
        codexErrorInfo: { responseStreamDisconnected: { httpStatusCode: error.httpStatus } },
        additionalDetails: error.message,
        misalignment: null,
      },
      willRetry: true,
      threadId: host.threadId,
      turnId,
    },
  };
  // A background response goes on without us: the next attempt takes it up, and its items stay open.
  const goesOn = current.work.responding && !error.responseIsOver;
  runtime.commit(
    goesOn
      ? [{ ...retrying, private: { modelCall } }]
      : [...runtime.closeDangling(turn, "superseded"), { ...retrying, private: { event: { type: "responseLost" }, modelCall } }],
  );
  const ceilingMs = Math.min(limits.retryPauseMs * 2 ** failedAttempts, limits.retryPauseMsMax);
  const pauseMs = error.retryAfterMs ?? Math.ceil(ceilingMs * (0.5 + host.random() / 2));
  runtime.activity = { abort, kind: "pause", finish: () => {} };
  await host.sleep(Math.min(pauseMs, limits.retryPauseMsMax), abort.signal);
}

function turnError(message: string, codexErrorInfo: TurnError["codexErrorInfo"]): TurnError {
  return { message, codexErrorInfo, additionalDetails: null, misalignment: null };
}

function sum(total: TokenUsageBreakdown | undefined, last: TokenUsageBreakdown): TokenUsageBreakdown {
  if (!total) return last;
  return {
    totalTokens: total.totalTokens + last.totalTokens,
    inputTokens: total.inputTokens + last.inputTokens,
    cachedInputTokens: total.cachedInputTokens + last.cachedInputTokens,
    cacheWriteInputTokens: total.cacheWriteInputTokens + last.cacheWriteInputTokens,
    outputTokens: total.outputTokens + last.outputTokens,
    reasoningOutputTokens: total.reasoningOutputTokens + last.reasoningOutputTokens,
  };
}

function emptyMessage(id: string, startedAtMs: number): ThreadItem {
  return {
    type: "agentMessage",
    moderation: null,
    id,
    text: "",
    phase: null,
    memoryCitation: null,
    delivery: null,
    questions: null,
    startedAtMs,
    completedAtMs: null,
  };
}

function emptyReasoning(id: string, startedAtMs: number): ThreadItem {
  return { type: "reasoning", id, summary: [], content: [], startedAtMs, completedAtMs: null };
}
