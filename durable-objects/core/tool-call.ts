/** Between the Responses API's tool calls and ours: what a call asks for, and how its outcome is told to the model. */
import type { PatchOperation } from "#core/apply-patch";
import type { ModelItem, ToolCall } from "#core/private";

/** What an output item of the model asks for; null when it is no tool call. */
export function parseToolCall(item: ModelItem): ToolCall | null {
  switch (item.type) {
    case "shell_call": {
      const action = record(item.action);
      const commands = Array.isArray(action.commands) ? action.commands.filter((line) => typeof line === "string") : [];
      return { tool: "shell", command: commands.join("\n"), timeoutMs: positive(action.timeout_ms) };
    }
    case "apply_patch_call": {
      const operation = parseOperation(record(item.operation));
      return operation ? { tool: "applyPatch", operations: [operation] } : { tool: "unknown", name: "apply_patch" };
    }
    case "function_call":
    case "custom_tool_call":
      return { tool: "unknown", name: String(item.name) };
    default:
      return null;
  }
}

export function callIdOf(item: ModelItem): string | null {
  return typeof item.call_id === "string" && item.call_id !== "" ? item.call_id : null;
}

export type CallOutcome =
  | { type: "ran"; stdout: string; stderr: string; exitCode: number }
  | { type: "patched"; ok: boolean; message: string }
  | { type: "refused"; message: string };

/** The item that answers a call; the API wants exactly one for each call of a response. */
export function callOutput(raw: ModelItem, outcome: CallOutcome): ModelItem {
  const call_id = raw.call_id;
  switch (raw.type) {
    case "shell_call": {
      const run = outcome.type === "ran" ? outcome : { stdout: "", stderr: outcome.message, exitCode: 1 };
      const { stdout, stderr, exitCode } = run;
      return { type: "shell_call_output", call_id, output: [{ stdout, stderr, outcome: { type: "exit", exit_code: exitCode } }] };
    }
    case "apply_patch_call": {
      const ok = outcome.type === "patched" && outcome.ok;
      return { type: "apply_patch_call_output", call_id, status: ok ? "completed" : "failed", output: textOf(outcome) };
    }
    case "custom_tool_call":
      return { type: "custom_tool_call_output", call_id, output: textOf(outcome) };
    default:
      return { type: "function_call_output", call_id, output: textOf(outcome) };
  }
}

/** The tools as the Responses API names them. */
export const builtInTools: ModelItem[] = [{ type: "shell", environment: { type: "local" } }, { type: "apply_patch" }];

function textOf(outcome: CallOutcome): string {
  if (outcome.type !== "ran") return outcome.message;
  return `exit code ${outcome.exitCode}\n${outcome.stdout}${outcome.stderr}`;
}

function parseOperation(operation: Record<string, unknown>): PatchOperation | null {
  const { type, path, diff, move_to } = operation;
  if (typeof path !== "string") return null;
  if (type === "delete_file") return { type, path };
  if (typeof diff !== "string") return null;
  if (type === "create_file") return { type, path, diff };
  if (type === "update_file") return typeof move_to === "string" ? { type, path, diff, move_to } : { type, path, diff };
  return null;
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}

function positive(value: unknown): number | null {
  return typeof value === "number" && value > 0 ? value : null;
}
