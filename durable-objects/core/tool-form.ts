/** The tools as a model is offered them: built in where the endpoint takes that, as functions of the same meaning where it does not. */
import type { ClientTool, ModelItem } from "#core/private";
import { declareAssumptionsName, declareAssumptionsTool } from "#protocol/declare-assumptions";

/** Names under which models call the same tools. The first one is what we offer. */
export const functionNames = {
  shell: new Set(["shell", "local_shell", "bash", "exec_command", "run_command", "container.exec"]),
  applyPatch: new Set(["apply_patch"]),
  plan: new Set(["update_plan"]),
  userInput: new Set(["request_user_input"]),
  goal: new Set(["update_goal"]),
  declare: new Set([declareAssumptionsName]),
} as const;

const builtInTools: ModelItem[] = [{ type: "shell", environment: { type: "local" } }, { type: "apply_patch" }];

const functionTools: ModelItem[] = [
  describe(
    "shell",
    "Runs a command with bash in the workspace. It works on an overlay: changes of files are shown to the person first.",
    {
      command: { type: "string", description: "The command line, for example `rg -n TODO src | head`." },
      timeout_ms: { type: "integer", description: "Milliseconds until it is ended." },
    },
  ),
  describe("apply_patch", "Edits files. The patch is proposed to the person and reaches the workspace when it is accepted.", {
    patch: {
      type: "string",
      description:
        "`*** Begin Patch`, then `*** Add File: PATH`, `*** Update File: PATH` or `*** Delete File: PATH` with their lines, then `*** End Patch`.",
    },
  }),
];

const ownTools: ModelItem[] = [
  describe("update_plan", "Shows the person the steps you mean to take and where you are. Use it for work of several steps.", {
    explanation: { type: "string", description: "Why the plan changed, in a sentence." },
    plan: {
      type: "array",
      items: {
        type: "object",
        properties: { step: { type: "string" }, status: { type: "string", enum: ["pending", "in_progress", "completed"] } },
        required: ["step", "status"],
      },
    },
  }),
  describe("request_user_input", "Asks the person, when an answer changes what you do and you cannot find it yourself.", {
    questions: {
      type: "array",
      items: {
        type: "object",
        properties: {
          id: { type: "string" },
          header: { type: "string", description: "At most three words." },
          question: { type: "string" },
          options: {
            type: "array",
            items: {
              type: "object",
              properties: { label: { type: "string" }, description: { type: "string" } },
              required: ["label", "description"],
            },
          },
        },
        required: ["id", "header", "question"],
      },
    },
  }),
];

/** Offered while the thread has a goal to reach. */
const goalTool: ModelItem = describe(
  "update_goal",
  "Says that the thread's goal is reached, once you have made sure of it, or that you are blocked and cannot go on without the person.",
  { status: { type: "string", enum: ["complete", "blocked"] } },
);

/** What goes into a request's `tools`. */
export function toolsFor(
  clientTools: readonly Pick<ClientTool, "name" | "description" | "inputSchema">[],
  needsFunctionTools: boolean,
  hasGoal = false,
  declares = false,
): ModelItem[] {
  const offered = clientTools.map(({ name, description, inputSchema }) => ({
    type: "function",
    name,
    description,
    parameters: inputSchema,
    strict: false,
  }));
  return [
    ...(needsFunctionTools ? functionTools : builtInTools),
    ...ownTools,
    ...(hasGoal ? [goalTool] : []),
    ...(declares ? [declareAssumptionsTool()] : []),
    ...offered,
  ];
}

/** What was said with built-in tools, for an endpoint that knows functions only. Everything else stays as it came. */
export function asFunctions(input: ModelItem[]): ModelItem[] {
  return input.map((item): ModelItem => {
    const { type, call_id } = item;
    switch (type) {
      case "shell_call":
      case "local_shell_call":
        return { type: "function_call", call_id, name: "shell", arguments: JSON.stringify(item.action ?? {}) };
      case "apply_patch_call":
        return {
          type: "function_call",
          call_id,
          name: "apply_patch",
          arguments: JSON.stringify({ operation: item.operation ?? {} }),
        };
      case "shell_call_output":
      case "local_shell_call_output":
      case "apply_patch_call_output":
        return {
          type: "function_call_output",
          call_id,
          output: typeof item.output === "string" ? item.output : JSON.stringify(item.output),
        };
      default:
        return item;
    }
  });
}

function describe(name: string, description: string, properties: Record<string, unknown>): ModelItem {
  const [first] = Object.keys(properties).filter((field) => field !== "explanation");
  return { type: "function", name, description, strict: false, parameters: { type: "object", properties, required: [first] } };
}
