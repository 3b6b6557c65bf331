/**
 * Between the Responses API's tool calls and ours: what a call asks for, and how its outcome is told to the model. Built-in tools, function
 * tools and the older forms of both mean the same here, because endpoints and models differ in which they speak.
 */
import { type PatchOperation, parsePatchText } from "#core/apply-patch";
import { limits } from "#core/limits";
import type { OfferedTool } from "#core/mcp/tool";
import type { ClientTool, ModelItem, ToolCall } from "#core/private";
import { functionNames } from "#core/tool-form";

/** What an output item of the model asks for; null when it is no tool call. */
export function parseToolCall(
  item: ModelItem,
  clientTools: readonly ClientTool[] = [],
  mcpTools: readonly OfferedTool[] = [],
): ToolCall | null {
  switch (item.type) {
    case "shell_call": {
      const action = record(item.action);
      return shellCall(stringsOf(action.commands).join("\n"), action.timeout_ms);
    }
    case "local_shell_call": {
      const action = record(item.action);
      const cwd = typeof action.working_directory === "string" ? action.working_directory : null;
      return shellCall(inDirectory(cwd, commandLine(action.command)), action.timeout_ms);
    }
    case "apply_patch_call": {
      const operation = parseOperation(record(item.operation));
      return operation
        ? { tool: "applyPatch", operations: [operation] }
        : invalid("apply_patch: the operation could not be read");
    }
    case "custom_tool_call":
      return functionCall(String(item.name), typeof item.input === "string" ? item.input : "", clientTools, mcpTools);
    case "function_call":
      return functionCall(String(item.name), typeof item.arguments === "string" ? item.arguments : "", clientTools, mcpTools);
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
  /** A client's tool may answer with images: then `content` stands for the text. */
  | { type: "told"; message: string; content?: ModelItem[] }
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
    case "local_shell_call":
      return { type: "local_shell_call_output", id: raw.id, call_id, output: textOf(outcome) };
    case "apply_patch_call": {
      const ok = outcome.type === "patched" && outcome.ok;
      return { type: "apply_patch_call_output", call_id, status: ok ? "completed" : "failed", output: textOf(outcome) };
    }
    case "custom_tool_call":
      return { type: "custom_tool_call_output", call_id, output: textOf(outcome) };
    default:
      return { type: "function_call_output", call_id, output: (outcome.type === "told" && outcome.content) || textOf(outcome) };
  }
}

/** A function or custom tool by its name. What is no JSON is taken as the one text that custom tools and careless models send. */
function functionCall(
  name: string,
  text: string,
  clientTools: readonly ClientTool[],
  mcpTools: readonly OfferedTool[],
): ToolCall {
  const client = clientTools.find((tool) => tool.name === name);
  const parsed = parseArguments(text);
  if (client) return { tool: "client", namespace: client.namespace, name: client.tool, arguments: parsed ?? {} };
  const remote = mcpTools.find((tool) => tool.name === name);
  if (remote) {
    const { server, tool, readOnlyHint, mode } = remote;
    return { tool: "mcp", server, name: tool, readOnlyHint, mode, arguments: record(parsed) };
  }
  const fields = record(parsed);
  if (functionNames.shell.has(name)) {
    const command = commandLine(fields.command ?? fields.commands ?? fields.cmd ?? (parsed === null ? text : undefined));
    if (command === "") return invalid(`${name}: a command is needed, as a string or as a list of words`);
    const workdir = [fields.workdir, fields.working_directory, fields.cwd].find((path) => typeof path === "string") ?? null;
    return shellCall(inDirectory(workdir as string | null, command), fields.timeout_ms ?? fields.timeout);
  }
  if (functionNames.applyPatch.has(name)) {
    const operation = parseOperation(record(fields.operation ?? fields));
    if (operation) return { tool: "applyPatch", operations: [operation] };
    const patch = [fields.patch, fields.input, fields.diff].find((value) => typeof value === "string") ?? text;
    const operations = parsePatchText(String(patch));
    return Array.isArray(operations) ? { tool: "applyPatch", operations } : invalid(`apply_patch: ${operations.message}`);
  }
  if (functionNames.plan.has(name)) return planCall(fields);
  if (functionNames.userInput.has(name)) return questionCall(fields);
  if (functionNames.goal.has(name)) return goalCall(fields);
  if (functionNames.declare.has(name)) return declareCall(text, parsed);
  return { tool: "unknown", name };
}

function planCall({ explanation, plan }: Record<string, unknown>): ToolCall {
  if (!Array.isArray(plan)) return invalid("update_plan: `plan` has to be a list of {step, status}");
  const steps = plan.map(record).map(({ step, status }) => ({ step: String(step ?? ""), status: statusOf(status) }));
  if (steps.some(({ step }) => step === "")) return invalid("update_plan: every step needs a text");
  return { tool: "plan", explanation: typeof explanation === "string" ? explanation : null, plan: steps };
}

function goalCall({ status }: Record<string, unknown>): ToolCall {
  if (status !== "complete" && status !== "blocked") return invalid("update_goal: `status` has to be complete or blocked");
  return { tool: "goal", status };
}

function declareCall(text: string, parsed: unknown): ToolCall {
  const most = limits.declarationCharactersMax;
  if (text.length > most) return invalid(`declare_assumptions: at most ${most} characters`);
  return { tool: "declare", arguments: parsed };
}

function statusOf(status: unknown): "pending" | "inProgress" | "completed" {
  if (status === "completed") return "completed";
  return status === "in_progress" || status === "inProgress" ? "inProgress" : "pending";
}

function questionCall({ questions }: Record<string, unknown>): ToolCall {
  if (!Array.isArray(questions) || questions.length === 0) return invalid("request_user_input: at least one question is needed");
  return {
    tool: "userInput",
    questions: questions.map(record).map(({ id, header, question, options, isOther, is_other }, index) => ({
      id: typeof id === "string" && id !== "" ? id : `question_${index + 1}`,
      header: typeof header === "string" ? header : "",
      question: String(question ?? ""),
      isOther: isOther === true || is_other === true,
      isSecret: false,
      options: Array.isArray(options)
        ? options
            .map(record)
            .map(({ label, description }) => ({ label: String(label ?? ""), description: String(description ?? "") }))
        : null,
    })),
  };
}

function shellCall(command: string, timeoutMs: unknown): ToolCall {
  if (command.trim() === "") return invalid("shell: the command is empty");
  return { tool: "shell", command, timeoutMs: typeof timeoutMs === "number" && timeoutMs > 0 ? timeoutMs : null };
}

/** A list is the words of one command, as `execve` takes them; `bash -lc SCRIPT` is the script. */
function commandLine(command: unknown): string {
  if (typeof command === "string") return command;
  const words = stringsOf(command);
  const [program = "", option = "", script] = words;
  if (words.length === 3 && /(^|\/)(ba|z)?sh$/.test(program) && /^-l?c$/.test(option) && script !== undefined) return script;
  return words.map(quoted).join(" ");
}

function inDirectory(directory: string | null, command: string): string {
  return directory === null || directory === "" || directory === "." ? command : `cd ${quoted(directory)} && ${command}`;
}

function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

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

function invalid(message: string): ToolCall {
  return { tool: "invalid", message };
}

/** Null where the text is no JSON. */
function parseArguments(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? Object.fromEntries(Object.entries(value)) : {};
}
