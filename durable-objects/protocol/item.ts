/** Thread items: what a turn consists of. Source: Codex app-server 0.169.0, `ThreadItem`. */
import * as z from "zod";
import { userInput } from "./user-input.ts";

/** Items carry their own times on the wire (Unix ms), beside those of the notification. */
const times = { startedAtMs: z.number().nullable(), completedAtMs: z.number().nullable() };

/** Example: `{"type":"userMessage","id":"01a1…","clientId":"cm1","content":[{"type":"text","text":"hi","text_elements":[]}],…}` */
export const userMessageItem = z.object({
  type: z.literal("userMessage"),
  id: z.string(),
  clientId: z.string().nullable(),
  content: z.array(userInput),
  ...times,
});

export const messagePhase = z.enum(["commentary", "final_answer"]);

/** Notes from earlier turns that a message names. Spindle's have no file: `path` names the fragment, `threadIds` the threads that it came from. */
export const memoryCitation = z.object({
  entries: z.array(z.object({ path: z.string(), lineStart: z.number(), lineEnd: z.number(), note: z.string() })),
  threadIds: z.array(z.string()),
});
export type MemoryCitation = z.infer<typeof memoryCitation>;

/** Example: `{"type":"agentMessage","moderation":null,"id":"msg_1","text":"Hello","phase":null,"memoryCitation":null,…}` */
export const agentMessageItem = z.object({
  type: z.literal("agentMessage"),
  moderation: z.null(),
  id: z.string(),
  text: z.string(),
  phase: messagePhase.nullable(),
  memoryCitation: memoryCitation.nullable(),
  delivery: z.null(),
  questions: z.null(),
  ...times,
});

export const reasoningItem = z.object({
  type: z.literal("reasoning"),
  id: z.string(),
  summary: z.array(z.string()),
  content: z.array(z.string()),
  ...times,
});

export const commandAction = z.discriminatedUnion("type", [
  z.object({ type: z.literal("read"), command: z.string(), name: z.string(), path: z.string() }),
  z.object({ type: z.literal("listFiles"), command: z.string(), path: z.string().nullable() }),
  z.object({ type: z.literal("search"), command: z.string(), query: z.string().nullable(), path: z.string().nullable() }),
  z.object({ type: z.literal("unknown"), command: z.string() }),
]);
export type CommandAction = z.infer<typeof commandAction>;

export const workStatus = z.enum(["inProgress", "completed", "failed", "declined"]);
export type WorkStatus = z.infer<typeof workStatus>;

/** Example: `{"type":"commandExecution","id":"call_2","command":"/bin/bash -lc 'ls'","cwd":"/workspace","status":"inProgress",…}` */
export const commandExecutionItem = z.object({
  type: z.literal("commandExecution"),
  id: z.string(),
  pluginId: z.null(),
  scriptPath: z.null(),
  command: z.string(),
  cwd: z.string(),
  processId: z.string().nullable(),
  source: z.enum(["agent", "userShell", "unifiedExecStartup", "unifiedExecInteraction"]),
  status: workStatus,
  commandActions: z.array(commandAction),
  aggregatedOutput: z.string().nullable(),
  exitCode: z.number().nullable(),
  durationMs: z.number().nullable(),
  ...times,
});

/**
 * `diff` is what the real server sends: the whole content for `add` and `delete`, unified hunks for `update`.
 * Example: `{"path":"/workspace/a.txt","kind":{"type":"add"},"diff":"alpha\n"}`
 */
export const fileUpdateChange = z.object({
  path: z.string(),
  kind: z.discriminatedUnion("type", [
    z.object({ type: z.literal("add") }),
    z.object({ type: z.literal("delete") }),
    z.object({ type: z.literal("update"), move_path: z.string().nullable() }),
  ]),
  diff: z.string(),
});
export type FileUpdateChange = z.infer<typeof fileUpdateChange>;

/**
 * What a yes says yes to. `hash` is SHA-256 over every path with its old and new mode and blob; `diff` is one patch that
 * `git apply` accepts. Spindle's own field on `fileChange`: a client that does not know it ignores it.
 */
export const proposal = z.object({ hash: z.string(), diff: z.string() });
export type Proposal = z.infer<typeof proposal>;

export const fileChangeItem = z.object({
  type: z.literal("fileChange"),
  id: z.string(),
  changes: z.array(fileUpdateChange),
  status: workStatus,
  proposal: proposal.optional(),
  ...times,
});

/** A call of a tool that the client brought along. Source: `dynamicToolCall`; example in session 15 of the fixtures. */
export const toolContentItem = z.discriminatedUnion("type", [
  z.object({ type: z.literal("inputText"), text: z.string() }),
  z.object({ type: z.literal("inputImage"), imageUrl: z.string() }),
  z.object({ type: z.literal("inputAudio"), audioUrl: z.string() }),
]);
export type ToolContentItem = z.infer<typeof toolContentItem>;

export const dynamicToolCallItem = z.object({
  type: z.literal("dynamicToolCall"),
  id: z.string(),
  namespace: z.string().nullable(),
  tool: z.string(),
  arguments: z.unknown(),
  status: z.enum(["inProgress", "completed", "failed"]),
  contentItems: z.array(toolContentItem).nullable(),
  success: z.boolean().nullable(),
  durationMs: z.number().nullable(),
  ...times,
});

/** A call of a tool of an MCP server. Source: `mcpToolCall`. Example: `{"type":"mcpToolCall","server":"docs","tool":"search","arguments":{"q":"x"},…}` */
export const mcpToolCallItem = z.object({
  type: z.literal("mcpToolCall"),
  id: z.string(),
  server: z.string(),
  tool: z.string(),
  status: z.enum(["inProgress", "completed", "failed"]),
  arguments: z.unknown(),
  appContext: z.null(),
  mcpAppResourceUri: z.null(),
  mcpAppUi: z.null(),
  pluginId: z.null(),
  readOnlyHint: z.boolean().nullable(),
  result: z
    .object({ content: z.array(z.record(z.string(), z.unknown())), structuredContent: z.unknown(), _meta: z.null() })
    .nullable(),
  error: z.object({ message: z.string() }).nullable(),
  durationMs: z.number().nullable(),
  ...times,
});

/** The model's past was made shorter here. */
export const contextCompactionItem = z.object({ type: z.literal("contextCompaction"), id: z.string(), ...times });

/** Encloses a review. Example: `{"type":"enteredReviewMode","id":"01a1…","review":"current changes",…}` */
export const enteredReviewModeItem = z.object({
  type: z.literal("enteredReviewMode"),
  id: z.string(),
  /** What is reviewed. */
  review: z.string(),
  ...times,
});

export const exitedReviewModeItem = z.object({
  type: z.literal("exitedReviewMode"),
  id: z.string(),
  /** The review itself. */
  review: z.string(),
  ...times,
});

export const threadItem = z.discriminatedUnion("type", [
  userMessageItem,
  agentMessageItem,
  reasoningItem,
  commandExecutionItem,
  fileChangeItem,
  dynamicToolCallItem,
  mcpToolCallItem,
  enteredReviewModeItem,
  exitedReviewModeItem,
  contextCompactionItem,
]);
export type ThreadItem = z.infer<typeof threadItem>;
export type ItemOf<Type extends ThreadItem["type"]> = Extract<ThreadItem, { type: Type }>;
