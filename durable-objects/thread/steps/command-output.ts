/**
 * Writes what a command says into the log while it says it, in batches. The log is what knows how far it came: after a crash a plain read
 * runs again, and only what goes beyond what the log has of it is appended.
 */
import type { Draft } from "#core/frame";
import { limits } from "#core/limits";
import { openTurn } from "#core/thread";
import type { ItemOf } from "#protocol/item";
import type { ThreadRuntime } from "#thread/runtime";

export class CommandOutput {
  private readonly runtime: ThreadRuntime;
  private readonly itemId: string;
  private said = "";
  private waitingCharacters = 0;
  private flushedAtMs = Number.NEGATIVE_INFINITY;
  private timer: AbortController | null = null;
  private broken: { error: unknown } | null = null;

  constructor(runtime: ThreadRuntime, itemId: string) {
    this.runtime = runtime;
    this.itemId = itemId;
  }

  /** Never throws: it is called from within the shell, which would tell it to the command. */
  take(text: string): void {
    if (this.broken) return;
    this.said += text;
    this.waitingCharacters += text.length;
    const waitedMs = this.runtime.host.now() - this.flushedAtMs;
    if (waitedMs >= limits.outputDeltaIntervalMs || this.waitingCharacters >= limits.deltaCharactersMax) this.tryFlush();
    else if (!this.timer) void this.arm(limits.outputDeltaIntervalMs - waitedMs);
  }

  /** Throws what went wrong while nobody listened. What is not appended yet is the end's to say. */
  stop(): void {
    this.disarm();
    if (this.broken) throw this.broken.error;
  }

  /** Appends what was not appended yet; what comes when the item is complete belongs nowhere. */
  flush(): void {
    this.disarm();
    this.waitingCharacters = 0;
    const delta = this.unwritten();
    if (delta === "") return;
    this.flushedAtMs = this.runtime.host.now();
    const turn = openTurn(this.runtime.current);
    if (turn) this.runtime.commit(outputDelta(this.runtime, turn.id, this.itemId, delta));
  }

  private tryFlush(): void {
    try {
      this.flush();
    } catch (error) {
      this.broken = { error };
    }
  }

  private async arm(durationMs: number): Promise<void> {
    const timer = new AbortController();
    this.timer = timer;
    try {
      await this.runtime.host.sleep(durationMs, timer.signal);
    } catch (error) {
      this.broken = { error };
    }
    if (!timer.signal.aborted && !this.broken) this.tryFlush();
  }

  private disarm(): void {
    this.timer?.abort();
    this.timer = null;
  }

  private unwritten(): string {
    const item = openTurn(this.runtime.current)?.items.find(({ id }) => id === this.itemId);
    return item?.type === "commandExecution" && item.completedAtMs === null ? beyondLog(item, this.said) : "";
  }
}

/** What the log does not have yet of this output. Nothing where the log has other words: then the completed item says what is true. */
export function restOfOutput(runtime: ThreadRuntime, turnId: string, item: ItemOf<"commandExecution">, output: string): Draft[] {
  return outputDelta(runtime, turnId, item.id, beyondLog(item, output));
}

function beyondLog({ aggregatedOutput }: ItemOf<"commandExecution">, output: string): string {
  const logged = aggregatedOutput ?? "";
  return output.startsWith(logged) ? output.slice(logged.length) : "";
}

function outputDelta(runtime: ThreadRuntime, turnId: string, itemId: string, delta: string): Draft[] {
  if (delta === "") return [];
  return [{ method: "item/commandExecution/outputDelta", params: { threadId: runtime.host.threadId, turnId, itemId, delta } }];
}
