/**
 * What a model assumes, read from its words beside the loop. Nobody waits for it and nothing depends on it: that it is asked for stands in
 * the log with the response, its result is a revision like any other, and whatever goes wrong costs this one tree.
 */
import { readDeclaration } from "#core/decision-tree/declaration";
import { extractedIn, extractionInput, extractionInstructions, isWorthExtracting, traceOf } from "#core/extraction";
import { limits } from "#core/limits";
import type { ModelItem, RequestedCall, Settings } from "#core/private";
import { ModelError, type ModelRequest } from "#models/model";
import { declareAssumptionsTool } from "#protocol/declare-assumptions";
import { declarationSettings, revisionOf } from "#thread/decision";
import { decisionModeOf } from "#thread/decision-settings";
import type { ThreadRuntime } from "#thread/runtime";

interface Reading {
  turnId: string;
  abort: AbortController;
}

export class Extraction {
  private readonly runtime: ThreadRuntime;
  private reading: Reading | null = null;

  constructor(runtime: ThreadRuntime) {
    this.runtime = runtime;
  }

  /** Whether the response is to be read: the operator, the account's flag, the thread's settings and the step decide. */
  isDue(output: readonly ModelItem[], calls: readonly RequestedCall[]): boolean {
    const { host, current, flags } = this.runtime;
    const { settings } = current;
    if (!settings || !host.extractsAssumptions || !flags.current.extraction || decisionModeOf(settings) === "off") return false;
    return extractionOf(settings) && isWorthExtracting(current, calls, traceOf(output));
  }

  /** Begins, and comes back at once. Never throws. */
  begin(turnId: string, output: readonly ModelItem[], calls: readonly RequestedCall[]): void {
    const { settings } = this.runtime.current;
    if (!settings) return;
    const reading = { turnId, abort: new AbortController() };
    this.reading = reading;
    void this.read(reading, settings, traceOf(output), calls);
  }

  /** What has not come while its turn was open is not wanted any more. */
  stopUnlessIn(turnId: string | null): void {
    if (!this.reading || this.reading.turnId === turnId) return;
    this.reading.abort.abort();
    this.reading = null;
  }

  private async read(
    { turnId, abort: { signal } }: Reading,
    settings: Settings,
    trace: string,
    calls: readonly RequestedCall[],
  ): Promise<void> {
    const { host } = this.runtime;
    try {
      const request = requestFor(settings, host.threadId, extractionInput(trace, calls));
      const { text, tokens } = await answerOf(host.model(settings.model).stream(request, signal));
      if (signal.aborted) return;
      const read = readDeclaration(extractedIn(text), { ...declarationSettings(this.runtime, settings), trace });
      this.show(turnId, read, tokens);
    } catch (error) {
      if (!signal.aborted) host.report("extractionFailed", { threadId: host.threadId, turnId, error: described(error) });
    }
  }

  /** The turn is open, or the reading would have been stopped. What the model has said itself meanwhile outranks what is read into it. */
  private show(turnId: string, { deliberation, warnings }: ReturnType<typeof readDeclaration>, tokens: number): void {
    const { current } = this.runtime;
    if (current.decision?.turnId === turnId || deliberation.assumptions.length === 0) return;
    this.runtime.commit(revisionOf(this.runtime, { type: "decisionExtracted", turnId, deliberation, warnings, tokens }));
  }
}

/** `rehearsal` thinks nothing of its own: it is read only where somebody asked for that. */
function extractionOf({ decisionExtraction, model }: Settings): boolean {
  return decisionExtraction ?? model !== "rehearsal";
}

/** The same model: another one might be none of the endpoint's. It sees its own words, and nothing else of the thread. */
function requestFor({ model, effort }: Settings, threadId: string, input: ModelItem[]): ModelRequest {
  return {
    model,
    instructions: extractionInstructions,
    input,
    tools: [],
    effort,
    summary: null,
    outputSchema: declareAssumptionsTool().parameters,
    promptCacheKey: `${threadId} extraction`,
    bounds: { outputTokensMax: limits.extractionTokensMax, durationMsMax: limits.extractionMsMax },
  };
}

async function answerOf(events: ReturnType<ReturnType<ThreadRuntime["host"]["model"]>["stream"]>) {
  let text = "";
  let tokens = 0;
  for await (const event of events) {
    if (event.type === "messageDelta") text += event.delta;
    if (event.type === "completed") tokens = event.usage.totalTokens;
    // An endpoint need not keep to the tokens that it was asked to.
    if (text.length > limits.declarationCharactersMax) throw new Error(`more than ${limits.declarationCharactersMax} characters`);
  }
  return { text, tokens };
}

/** What the world failed at needs no stack. */
function described(error: unknown): string {
  if (error instanceof ModelError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
