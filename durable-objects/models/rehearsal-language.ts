/** The language of the rehearsal: one instruction a line of the user's message. */
import { type Declaration, type DeclaredLine, declarationOf, parseDeclared } from "#models/rehearsal-declaration";

export type Instruction =
  | { type: "say"; text: string }
  | { type: "count"; to: number }
  | { type: "think"; text: string }
  | { type: "write"; path: string; text: string }
  | { type: "replace"; search: string; replacement: string; path: string }
  | { type: "delete"; path: string }
  | { type: "run"; command: string }
  | { type: "plan"; steps: string[] }
  | { type: "ask"; question: string; options: string[] }
  | { type: "call"; name: string; arguments: object }
  | { type: "fail"; how: number | "cut" }
  /** Names the notes from earlier turns that came with the message. */
  | { type: "notes" }
  | Decide
  /** Lines that are no instruction: all of one message together are answered by one explanation. */
  | { type: "explain" };

/** What was declared on the lines before it, and what may come of it. */
export interface Decide {
  type: "decide";
  call: Declaration["call"];
  /** What doing an action means, by its id. */
  steps: ReadonlyMap<string, Instruction>;
  /** What is done where nobody decides; null when nothing declared can be undone. */
  safeStep: Instruction | null;
  /** Instructions of the same message behind this one. */
  followers: number;
}

/** `count` goes no further: at 50 ms a number this is more than eight minutes. */
export const countMax = 10_000;

export const explanation = `This is \`rehearsal\`, the embedded stand-in. It is no language model: it obeys one instruction a line and understands nothing else.

- \`say TEXT\` answers with TEXT
- \`count N\` counts to N, slowly (N up to ${countMax})
- \`think TEXT\` shows TEXT as reasoning
- \`write PATH: TEXT\` writes a file (\`\\n\` starts a new line)
- \`replace "A" with "B" in PATH\` reads a file and edits it
- \`delete PATH\` deletes a file
- \`run COMMAND\` runs a command in the shell
- \`plan STEP; STEP\` shows a plan
- \`ask QUESTION: A | B\` asks you
- \`call FUNCTION {"name": "value"}\` calls a function that the thread offers, such as an MCP server's \`mcp__server__tool\`
- \`notes\` names the notes from earlier turns that came with your message
- \`fail STATUS\` or \`fail cut\` makes the request fail
- \`decide\` has the lines before it weighed, and follows the choice:
  \`assume A1 p=0.7 kind=code_fact: TEXT\`,
  \`action B cost=0.1 gain[A1]=0.9 gain[!A1]=-0.2: LINE\` (LINE is one of the above; \`irreversible\` may stand before the colon),
  \`probe Q on=A1 se=0.9 sp=0.85 cost=0.03: COMMAND\` (exit code 0 speaks for A1; it must only look),
  \`ask Q on=A1 se=0.98 sp=0.98 cost=0.12: QUESTION\` (\`default=yes\` before the colon: taken when nobody answers)

To talk to a real model, set OPENAI_API_KEY on the server and choose one of its models.`;

/** The instructions of one message, in order. A message without any instruction gives the explanation. */
export function parseInstructions(message: string): Instruction[] {
  const instructions: Instruction[] = [];
  /** What is declared and not decided yet; null stands for a line with a mistake. */
  let declared: (DeclaredLine | null)[] = [];
  const add = (instruction: Instruction) => {
    if (instruction.type !== "explain" || !instructions.some((earlier) => earlier.type === "explain")) {
      instructions.push(instruction);
    }
  };
  for (const line of message.split("\n")) {
    const text = line.trim();
    if (!text) continue;
    const declaration = parseDeclared(text);
    if (declaration) {
      declared.push(declaration);
    } else if (declaration === null) {
      declared.push(null);
      add({ type: "explain" });
    } else if (text === "decide") {
      add(parseDecide(declared) ?? { type: "explain" });
      declared = [];
    } else {
      add(parseInstruction(text));
    }
  }
  // A declaration that nothing decides is half a sentence.
  if (declared.length > 0 || instructions.length === 0) add({ type: "explain" });
  return instructions.map((instruction, index) =>
    instruction.type === "decide" ? { ...instruction, followers: instructions.length - 1 - index } : instruction,
  );
}

/** Null when any of the lines has a mistake: what is left of them could be decided, but nobody meant that. */
function parseDecide(declared: readonly (DeclaredLine | null)[]): Decide | null {
  const lines = declared.filter((line) => line !== null);
  const declaration = lines.length === declared.length ? declarationOf(lines) : null;
  if (!declaration) return null;
  const steps = new Map(lines.flatMap((line) => (line.word === "action" ? [[line.id, parseInstruction(line.text)]] : [])));
  if (Array.from(steps.values()).some(({ type }) => type === "explain")) return null;
  const safeStep = steps.get(declaration.safeActionId ?? "") ?? null;
  return { type: "decide", call: declaration.call, steps, safeStep, followers: 0 };
}

function parseInstruction(line: string): Instruction {
  const unknown: Instruction = { type: "explain" };
  if (line === "notes") return { type: "notes" };
  const space = line.indexOf(" ");
  if (space < 0) return unknown;
  const rest = line.slice(space + 1).trim();
  switch (line.slice(0, space)) {
    case "say":
      return { type: "say", text: rest };
    case "count": {
      const to = /^\d{1,5}$/.test(rest) ? Number(rest) : 0;
      return to >= 1 && to <= countMax ? { type: "count", to } : unknown;
    }
    case "think":
      return { type: "think", text: rest };
    case "write": {
      const colon = rest.indexOf(":");
      const path = rest.slice(0, Math.max(0, colon)).trim();
      return path ? { type: "write", path, text: withLineBreaks(rest.slice(colon + 1).trim()) } : unknown;
    }
    case "replace":
      return parseReplace(rest) ?? unknown;
    case "delete":
      return { type: "delete", path: rest };
    case "run":
      return { type: "run", command: rest };
    case "plan": {
      const steps = parts(rest, ";");
      return steps.length > 0 ? { type: "plan", steps } : unknown;
    }
    case "ask": {
      const colon = rest.lastIndexOf(":");
      const question = rest.slice(0, Math.max(0, colon)).trim();
      const options = parts(rest.slice(colon + 1), "|");
      return question && options.length > 0 ? { type: "ask", question, options } : unknown;
    }
    case "call":
      return parseCall(rest) ?? unknown;
    case "fail":
      if (rest === "cut") return { type: "fail", how: "cut" };
      return /^[45]\d\d$/.test(rest) ? { type: "fail", how: Number(rest) } : unknown;
    default:
      return unknown;
  }
}

/** `FUNCTION {"name":"value"}`; without arguments there are none. */
function parseCall(rest: string): Instruction | null {
  const [, name = "", given = ""] = /^([A-Za-z0-9_-]{1,64})(?:\s+(\{.*\}))?$/.exec(rest) ?? [];
  if (name === "") return null;
  try {
    return { type: "call", name, arguments: given === "" ? {} : (JSON.parse(given) as object) };
  } catch {
    return null;
  }
}

/** `"A" with "B" in PATH`. Searched from both ends, so that A, B and PATH may hold quotes; no expression that could backtrack. */
function parseReplace(rest: string): Instruction | null {
  const middle = rest.indexOf('" with "');
  const end = rest.lastIndexOf('" in ');
  if (!rest.startsWith('"') || middle < 2 || end < middle + '" with "'.length) return null;
  const search = withLineBreaks(rest.slice(1, middle));
  const replacement = withLineBreaks(rest.slice(middle + '" with "'.length, end));
  const path = rest.slice(end + '" in '.length).trim();
  return path ? { type: "replace", search, replacement, path } : null;
}

function parts(text: string, separator: string): string[] {
  return text.split(separator).flatMap((part) => part.trim() || []);
}

function withLineBreaks(text: string): string {
  return text.replaceAll("\\n", "\n");
}
