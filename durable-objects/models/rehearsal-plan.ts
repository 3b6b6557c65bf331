/** What the rehearsal answers: a pure function of a request's input, because it remembers nothing. */
import { structuredPatch } from "diff";
import * as z from "zod";
import { notesOpening } from "#core/memory/note";
import { type Decide, explanation, type Instruction, parseInstructions } from "#models/rehearsal-language";
import { declareAssumptionsName } from "#protocol/declare-assumptions";

export type Output =
  /** `chunks` are streamed one by one, with a pause of the count's interval between them when `slow`. */
  | { type: "message"; chunks: string[]; slow: boolean }
  | { type: "reasoning"; chunks: string[] }
  | { type: "shell"; command: string }
  | { type: "patch"; operation: PatchOperation }
  | { type: "function"; name: string; arguments: object };

/** V4A, in the field order of the recorded streams. */
export type PatchOperation =
  | { type: "create_file" | "update_file"; diff: string; path: string }
  | { type: "delete_file"; path: string };

export type Plan = { type: "refuse"; status: number } | { type: "answer"; outputs: Output[]; cut: boolean };

/**
 * The next response: messages and reasoning up to and including the first tool call. When the instructions end before a tool call
 * comes, the response ends the turn. `tools` are the types of the tools on offer, functions as `functionTool` spells them.
 */
export function planResponse(input: InputItem[], tools: Set<string>): Plan {
  const { queue, notes, asked, lastResult } = findPosition(input);
  const outputs: Output[] = [];
  const unfolded = queue.flatMap((next, index) => (index === 0 && asked ? [next] : unfold(next, tools)));
  for (const [index, instruction] of unfolded.entries()) {
    if (instruction.type === "fail") {
      return instruction.how === "cut" ? { type: "answer", outputs, cut: true } : { type: "refuse", status: instruction.how };
    }
    const output = carryOut(instruction, { tools, notes, asked: index === 0 ? asked : null });
    outputs.push(output);
    if (output.type !== "message" && output.type !== "reasoning") return { type: "answer", outputs, cut: false };
  }
  if (!outputs.length) outputs.push(say(lastResult?.failure ?? "Done."));
  return { type: "answer", outputs, cut: false };
}

/** A message that is streamed word by word. */
export function say(text: string): Output {
  return { type: "message", chunks: words(text), slow: false };
}

/** Whether an item is what a person said. The system speaks in the same role, in an envelope such as `<turn_aborted>…</turn_aborted>`. */
export function isPrompt(item: InputItem): boolean {
  if (item.type !== "message" || item.role !== "user") return false;
  const text = item.content.trim();
  const envelope = /^<([a-z_]+)>/.exec(text)?.[1];
  return !envelope || (envelope !== "turn_aborted" && !text.endsWith(`</${envelope}>`));
}

const contentText = z
  .union([z.string(), z.array(z.object({ text: z.string().catch("") }).transform((part) => part.text))])
  .transform((content) => (typeof content === "string" ? content : content.join("\n")))
  .catch("");

/** An item of a request's input, with what the rehearsal reads of it. */
export const inputItem = z.object({
  type: z.string().default("message"),
  role: z.string().nullish(),
  content: contentText,
  call_id: z.string().nullish(),
  name: z.string().nullish(),
  status: z.string().nullish(),
  output: z.unknown().optional(),
});
export type InputItem = z.infer<typeof inputItem>;

/** How far the thread has come. */
interface Position {
  /** Instructions that nothing in the input answers yet. */
  queue: Instruction[];
  /** Notes from earlier turns that came with the last message, as the model reads them; empty where none did. */
  notes: string;
  /** The `replace` or `decide` at the head of the queue has asked for its file or choice; the result is null while the input holds none. */
  asked: { callId: string | null | undefined; result: ToolResult | null } | null;
  /** Of the last tool, unless something was said since. */
  lastResult: ToolResult | null;
}

interface ToolResult {
  text: string;
  /** A sentence for a person, or null when it went well. */
  failure: string | null;
}

/** Each output in the input stands for the instruction at the head of the queue, even one that was cut short by a steer. */
function findPosition(input: InputItem[]): Position {
  const position: Position = { queue: [], notes: "", asked: null, lastResult: null };
  let notes = "";
  for (const item of input) {
    switch (item.type) {
      case "message":
        if (item.role === "assistant") {
          settleHead(position);
        } else if (isPrompt(item)) {
          position.queue.push(...parseInstructions(item.content));
          position.notes = notes;
          notes = "";
          position.lastResult = null;
        } else if (item.role === "user" && item.content.startsWith(notesOpening)) {
          notes = item.content;
        } else if (item.role === "user" && item.content.trimStart().startsWith("<turn_aborted>")) {
          Object.assign(position, { queue: [], asked: null, lastResult: null });
        }
        break;
      case "reasoning":
        if (position.queue[0]?.type === "think") position.queue.shift();
        break;
      case "shell_call":
      case "local_shell_call":
      case "apply_patch_call":
      case "function_call":
      case "custom_tool_call":
        dropThoughts(position);
        if (!position.asked && asksFirst(position.queue[0], item)) {
          position.asked = { callId: item.call_id, result: null };
        } else {
          settleHead(position);
        }
        break;
      default:
        if (item.type.endsWith("_output")) {
          position.lastResult = toolResult(item);
          if (position.asked && position.asked.callId === item.call_id) {
            position.asked.result = position.lastResult;
            if (position.queue[0]?.type === "decide") takeChoice(position, position.queue[0], contentText.parse(item.output));
          }
        }
    }
  }
  return position;
}

/** Whether the call is the first of two steps. */
function asksFirst(head: Instruction | undefined, call: InputItem): boolean {
  if (head?.type === "decide") return call.type === "function_call" && call.name === declareAssumptionsName;
  return head?.type === "replace" && call.type !== "apply_patch_call";
}

function settleHead(position: Position): void {
  dropThoughts(position);
  const head = position.queue.shift();
  // Its message said that nobody decides here; the safe step comes after it.
  if (head?.type === "decide" && !position.asked && head.safeStep) position.queue.unshift(head.safeStep);
  position.asked = null;
  position.lastResult = null;
}

/** What is chosen takes the place of the declaration. Where nothing is, the rest of the message ends with it; a steer does not. */
function takeChoice(position: Position, { steps, followers }: Decide, answer: string): void {
  const { chosen, message } = readAnswer(answer);
  const step = chosen?.kind === "act" && steps.get(chosen.id);
  const reason = message ?? (chosen ? `the choice is ${chosen.kind} ${chosen.id}` : firstLineOf(answer));
  if (step) position.queue.splice(0, 1, step);
  else position.queue.splice(0, 1 + followers, { type: "say", text: `Nothing that was declared is done: ${reason}` });
  position.asked = null;
  position.lastResult = null;
}

/** Example: `{"mode":"steer","chosen":{"kind":"act","id":"B","because":"…"}}`; a refusal may say why in `message`. */
const answerToDeclaration = z.object({
  chosen: z.object({ kind: z.string(), id: z.string() }).nullable().catch(null),
  message: z.string().nullable().catch(null),
});

function readAnswer(text: string): z.infer<typeof answerToDeclaration> {
  try {
    return answerToDeclaration.parse(JSON.parse(text));
  } catch {
    // A refusal in plain words.
    return { chosen: null, message: null };
  }
}

/** A thought is never the last thing a response says, and a loop may keep reasoning items to itself. */
function dropThoughts(position: Position): void {
  while (position.queue[0]?.type === "think") position.queue.shift();
}

/** A declaration that nobody takes is as good as said; what can be undone is done without it. */
function unfold(instruction: Instruction, tools: Set<string>): Instruction[] {
  if (instruction.type !== "decide" || tools.has(functionTool(declareAssumptionsName))) return [instruction];
  const notice: Instruction = { type: "say", text: noTool(declareAssumptionsName) };
  return instruction.safeStep ? [notice, instruction.safeStep] : [notice];
}

function carryOut(
  instruction: Exclude<Instruction, { type: "fail" }>,
  { tools, notes, asked }: { tools: Set<string>; notes: string; asked: Position["asked"] },
): Output {
  switch (instruction.type) {
    case "say":
      return say(instruction.text);
    case "notes":
      return say(namesOf(notes));
    case "explain":
      return say(explanation);
    case "think":
      return { type: "reasoning", chunks: words(instruction.text) };
    case "count": {
      const chunks = Array.from({ length: instruction.to }, (_, index) => (index ? ` ${index + 1}` : "1"));
      return { type: "message", chunks, slow: true };
    }
    case "run":
      return tools.has("shell") ? { type: "shell", command: instruction.command } : say(noTool("shell"));
    case "write":
      return tools.has("apply_patch") ? createFile(instruction.path, instruction.text) : say(noTool("apply_patch"));
    case "delete":
      if (!tools.has("apply_patch")) return say(noTool("apply_patch"));
      return { type: "patch", operation: { type: "delete_file", path: instruction.path } };
    case "plan": {
      const plan = instruction.steps.map((step, index) => ({ step, status: index ? "pending" : "in_progress" }));
      return callFunction("update_plan", { plan }, tools);
    }
    case "ask": {
      const options = instruction.options.map((label) => ({ label, description: `Answers ${label}.` }));
      const question = { id: "answer", header: "Rehearsal", question: instruction.question, options };
      return callFunction("request_user_input", { questions: [question] }, tools);
    }
    case "call":
      return callFunction(instruction.name, instruction.arguments, tools);
    case "replace":
      if (!tools.has("shell")) return say(noTool("shell"));
      if (!tools.has("apply_patch")) return say(noTool("apply_patch"));
      // Two steps, as a real agent would: look at the file, then patch what stands there.
      return asked ? replaceIn(instruction, asked.result) : { type: "shell", command: `cat -- ${quoted(instruction.path)}` };
    case "decide":
      // A call without its output cannot be asked again: it would be declared for ever.
      if (asked) return say("The declaration was not answered, so nothing that was declared is done.");
      return { type: "function", name: declareAssumptionsName, arguments: instruction.call };
    default:
      return instruction satisfies never;
  }
}

/** Their numbers and kinds, and not their words: what a model repeats stays in the thread. */
function namesOf(notes: string): string {
  const names = Array.from(notes.matchAll(/^> \[note (\d+)\] (\w+),/gm), ([, number, kind]) => `note ${number} (${kind})`);
  return names.length > 0 ? `I was given ${names.join(" and ")}.` : "I was given no notes.";
}

function callFunction(name: string, parameters: object, tools: Set<string>): Output {
  return tools.has(functionTool(name)) ? { type: "function", name, arguments: parameters } : say(noTool(name));
}

/** How a function is spelled among a request's tools, so that none is taken for a built-in tool of the same name. */
export function functionTool(name: string): string {
  return `function ${name}`;
}

function noTool(name: string): string {
  return `Tools are not available here: this thread offers no \`${name}\`.`;
}

/** The file ends with a line break, as text files do. */
function createFile(path: string, text: string): Output {
  const lines = text ? text.replace(/\n$/, "").split("\n") : [];
  const diff = lines.map((line) => `+${line}\n`).join("");
  return { type: "patch", operation: { type: "create_file", diff, path } };
}

function replaceIn(instruction: Extract<Instruction, { type: "replace" }>, file: ToolResult | null): Output {
  const { search, replacement, path } = instruction;
  if (!file || file.failure) return say(`I could not read ${path}, so nothing was changed.`);
  if (!file.text.includes(search)) return say(`"${search}" is not in ${path}, so nothing was changed.`);
  if (search === replacement) return say(`There is nothing to replace in ${path}.`);
  const { hunks } = structuredPatch(
    path,
    path,
    file.text,
    file.text.replaceAll(search, () => replacement),
    "",
    "",
    { context: 3 },
  );
  // V4A finds a hunk by its lines, not by numbers, and has no word for a missing line break at the end.
  const lines = hunks.flatMap((hunk) => ["@@", ...hunk.lines.filter((line) => !line.startsWith("\\"))]);
  return { type: "patch", operation: { type: "update_file", diff: `${lines.join("\n")}\n`, path } };
}

/** POSIX single quotes: nothing inside them means anything to the shell. */
function quoted(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}

/** Words with the space that follows them, so that the chunks together are the text. */
function words(text: string): string[] {
  return text.match(/\S+\s*|\s+/g) ?? [""];
}

const exitStatus = z.union([
  z.object({ type: z.literal("exit"), exit_code: z.number() }).transform((outcome) => outcome.exit_code),
  z.object({ type: z.literal("timeout") }).transform(() => "timeout" as const),
]);

/** Example: `[{"stdout":"alpha\n","stderr":"","outcome":{"type":"exit","exit_code":0}}]`, one entry a command. */
const shellOutput = z.array(
  z.object({ stdout: z.string().catch(""), stderr: z.string().catch(""), outcome: exitStatus.catch(0) }),
);

function toolResult(item: InputItem): ToolResult {
  const commands = shellOutput.safeParse(item.output);
  if (commands.success) {
    const text = commands.data.map((command) => command.stdout).join("");
    const failed = commands.data.find((command) => command.outcome !== 0);
    if (commands.data.some((command) => isDeclined(command.stderr))) return { text, failure: "The change was declined." };
    if (failed?.outcome === "timeout") return { text, failure: "The command ran out of time." };
    return { text, failure: failed ? `The command failed with exit code ${failed.outcome}.` : null };
  }
  const text = contentText.parse(item.output);
  const firstLine = firstLineOf(text);
  const isPatch = item.type === "apply_patch_call_output";
  if (isPatch && item.status !== "failed") return { text, failure: null };
  if (isDeclined(firstLine)) return { text, failure: "The change was declined." };
  return { text, failure: isPatch ? `The change failed: ${firstLine || "no reason given"}` : null };
}

function firstLineOf(text: string): string {
  return (text.trimStart().split("\n", 1)[0] ?? "").slice(0, 200);
}

/** How the house words a no; the bare word would be found in many a file's name. */
function isDeclined(text: string): boolean {
  return /\b(was|were|been) declined\b/i.test(text);
}
