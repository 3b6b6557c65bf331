import { expect, test } from "vitest";
import type { ClientTool, ModelItem, ToolCall } from "#core/private";
import { callOutput, parseToolCall } from "#core/tool-call";
import { asFunctions, toolsFor } from "#core/tool-form";

const tickets: ClientTool = { name: "tickets__lookup", namespace: "tickets", tool: "lookup", description: "", inputSchema: {} };
const shell = (command: string, timeoutMs: number | null = null): ToolCall => ({ tool: "shell", command, timeoutMs });
const called = (name: string, given: unknown): ModelItem => ({ type: "function_call", name, arguments: JSON.stringify(given) });
const patch = "*** Begin Patch\n*** Delete File: a.txt\n*** End Patch";
const deletion: ToolCall = { tool: "applyPatch", operations: [{ type: "delete_file", path: "a.txt" }] };

/** The same meaning in the forms that models and endpoints use. */
const forms: [string, ModelItem, ToolCall | null][] = [
  ["the built-in shell", { type: "shell_call", action: { commands: ["cd a", "ls"], timeout_ms: 5 } }, shell("cd a\nls", 5)],
  ["local_shell with words", { type: "local_shell_call", action: { command: ["ls", "a b"] } }, shell("ls 'a b'")],
  ["local_shell with bash -lc", { type: "local_shell_call", action: { command: ["bash", "-lc", "ls | wc"] } }, shell("ls | wc")],
  [
    "local_shell in a directory",
    { type: "local_shell_call", action: { command: ["ls"], working_directory: "src" } },
    shell("cd src && ls"),
  ],
  ["a shell function with a string", called("shell", { command: "ls" }), shell("ls")],
  ["a shell function with words", called("shell", { command: ["rm", "it's"] }), shell("rm 'it'\\''s'")],
  [
    "a shell function by another name",
    called("exec_command", { cmd: "ls", workdir: "/workspace/a" }),
    shell("cd /workspace/a && ls"),
  ],
  ["the built-in patch", { type: "apply_patch_call", operation: { type: "delete_file", path: "a.txt" } }, deletion],
  ["a patch function", called("apply_patch", { patch }), deletion],
  ["a patch function by another field", called("apply_patch", { input: patch }), deletion],
  ["a custom patch tool", { type: "custom_tool_call", name: "apply_patch", input: patch }, deletion],
  ["a declaration", called("declare_assumptions", { actions: [] }), { tool: "declare", arguments: { actions: [] } }],
  [
    "a declaration beyond all bounds",
    called("declare_assumptions", { text: "x".repeat(256 * 1024) }),
    { tool: "invalid", message: "declare_assumptions: at most 262144 characters" },
  ],
  [
    "a plan",
    called("update_plan", { explanation: "why", plan: [{ step: "look", status: "in_progress" }] }),
    { tool: "plan", explanation: "why", plan: [{ step: "look", status: "inProgress" }] },
  ],
  [
    "a question",
    called("request_user_input", { questions: [{ question: "Which?", options: [{ label: "A" }] }] }),
    {
      tool: "userInput",
      questions: [
        {
          id: "question_1",
          header: "",
          question: "Which?",
          isOther: false,
          isSecret: false,
          options: [{ label: "A", description: "" }],
        },
      ],
    },
  ],
  [
    "a client's tool",
    called("tickets__lookup", { id: 1 }),
    { tool: "client", namespace: "tickets", name: "lookup", arguments: { id: 1 } },
  ],
  ["a tool nobody has", called("fly", {}), { tool: "unknown", name: "fly" }],
  ["a message", { type: "message", role: "assistant", content: [] }, null],
];

test.each(forms)("%s", (_, item, call) => {
  expect(parseToolCall(item, [tickets])).toEqual(call);
});

/** Nonsense is told to the model, and never runs. */
const nonsense: ModelItem[] = [
  { type: "shell_call", action: { commands: [] } },
  { type: "shell_call" },
  { type: "local_shell_call", action: { command: 5 } },
  { type: "apply_patch_call", operation: { type: "rename_file", path: "a" } },
  called("shell", {}),
  called("shell", ["ls"]),
  called("apply_patch", { patch: "no patch" }),
  called("update_plan", { plan: "all of it" }),
  called("update_plan", { plan: [{}] }),
  called("request_user_input", { questions: [] }),
];

test.each(nonsense)("nonsense is a refusal: %j", (item) => {
  expect(parseToolCall(item)).toMatchObject({ tool: "invalid", message: expect.stringContaining(":") });
});

test("every call is answered in its own form", () => {
  const ran = { type: "ran", stdout: "out\n", stderr: "", exitCode: 2 } as const;
  expect(callOutput({ type: "shell_call", call_id: "c" }, ran)).toEqual({
    type: "shell_call_output",
    call_id: "c",
    output: [{ stdout: "out\n", stderr: "", outcome: { type: "exit", exit_code: 2 } }],
  });
  expect(callOutput({ type: "function_call", call_id: "c" }, ran)).toEqual({
    type: "function_call_output",
    call_id: "c",
    output: "exit code 2\nout\n",
  });
  expect(callOutput({ type: "local_shell_call", id: "l", call_id: "c" }, ran).type).toBe("local_shell_call_output");
  expect(callOutput({ type: "custom_tool_call", call_id: "c" }, ran).type).toBe("custom_tool_call_output");
  const refused = { type: "refused", message: "no" } as const;
  expect(callOutput({ type: "apply_patch_call", call_id: "c" }, refused)).toMatchObject({ status: "failed", output: "no" });
});

test("an endpoint that knows functions only is offered functions, and told of the past in functions", () => {
  const types = (needsFunctionTools: boolean) => toolsFor([tickets], needsFunctionTools).map(({ type, name }) => name ?? type);
  expect(types(false)).toEqual(["shell", "apply_patch", "update_plan", "request_user_input", "tickets__lookup"]);
  expect(types(true)).toEqual(["shell", "apply_patch", "update_plan", "request_user_input", "tickets__lookup"]);
  expect(new Set(toolsFor([], true).map(({ type }) => type))).toEqual(new Set(["function"]));
  const past: ModelItem[] = [
    { type: "message", role: "user", content: [] },
    { type: "shell_call", call_id: "c", action: { commands: ["ls"] } },
    { type: "shell_call_output", call_id: "c", output: [{ stdout: "a" }] },
  ];
  const told = asFunctions(past);
  expect(told.map(({ type }) => type)).toEqual(["message", "function_call", "function_call_output"]);
  // What we told an endpoint that it said, it may say again: then it means the same.
  expect(parseToolCall(told[1] ?? { type: "" })).toEqual(shell("ls"));
});
