/** What a client can count by itself of the frames that it heard, as `/metrics` should have it. */
import type { Expected } from "./compare.ts";

/** A frame of a thread's log, as it came. */
export interface LogFrame {
  method: string;
  // The border is the check's own to judge: it looks into what it knows.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  params: any;
}

type Turns = Record<"completed" | "failed" | "interrupted", number>;

export class LogCounts {
  private frames = 0;
  private turnsStarted = 0;
  private readonly turns: Turns = { completed: 0, failed: 0, interrupted: 0 };
  private readonly tokens = { input: 0, output: 0 };
  private modelCalls = 0;
  private asked = 0;
  private resolved = 0;
  private readonly patches = { completed: 0, declined: 0 };
  private commands = 0;
  /** Times that a thread's past was made shorter. */
  compactions = 0;

  /** Each frame of each thread once, whoever heard it. */
  take({ method, params }: LogFrame): void {
    this.frames += 1;
    if (method === "turn/started") this.turnsStarted += 1;
    else if (method === "turn/completed") this.turns[params.turn.status as keyof Turns] += 1;
    else if (method === "thread/tokenUsage/updated") {
      this.modelCalls += 1;
      this.tokens.input += params.tokenUsage.last.inputTokens;
      this.tokens.output += params.tokenUsage.last.outputTokens;
    } else if (method === "item/fileChange/requestApproval") this.asked += 1;
    else if (method === "serverRequest/resolved") this.resolved += 1;
    else if (method === "item/completed") this.takeItem(params.item);
  }

  get turnsCompleted(): number {
    return this.turns.completed;
  }

  get turnsEnded(): number {
    return this.turns.completed + this.turns.failed + this.turns.interrupted;
  }

  expected(): Expected[] {
    const { turns, patches, turnsEnded } = this;
    return [
      ["spindle_turns_started_total", {}, this.turnsStarted],
      ...(["completed", "failed", "interrupted"] as const).map(
        (status): Expected => ["spindle_turns_completed_total", { status }, turns[status]],
      ),
      ["spindle_turn_duration_seconds_count", {}, turnsEnded],
      ["spindle_turns_running", {}, this.turnsStarted - turnsEnded],
      ["spindle_frames_appended_total", {}, this.frames],
      ["spindle_approvals_requested_total", { kind: "file_change" }, this.asked],
      ["spindle_approvals_resolved_total", { kind: "file_change", decision: "accepted" }, patches.completed],
      ["spindle_approvals_resolved_total", { kind: "file_change", decision: "declined" }, patches.declined],
      ["spindle_approvals_pending", { kind: "file_change" }, this.asked - this.resolved],
      ["spindle_tool_runs_total", { tool: "apply_patch", outcome: "ok" }, patches.completed],
      ["spindle_tool_runs_total", { tool: "apply_patch", outcome: "declined" }, patches.declined],
      ["spindle_tool_runs_total", { tool: "command", outcome: "ok" }, this.commands],
      ["spindle_model_calls_total", { outcome: "completed" }, this.modelCalls],
      ["spindle_model_tokens_total", { kind: "input" }, this.tokens.input],
      ["spindle_model_tokens_total", { kind: "output" }, this.tokens.output],
      ["spindle_frames_lost_total", {}, 0],
    ];
  }

  private takeItem({ type, status }: { type: string; status?: string }): void {
    if (type === "fileChange" && (status === "completed" || status === "declined")) this.patches[status] += 1;
    if (type === "commandExecution" && status === "completed") this.commands += 1;
    if (type === "contextCompaction") this.compactions += 1;
  }
}
