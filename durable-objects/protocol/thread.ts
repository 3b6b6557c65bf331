/** Threads and their settings. Source: Codex app-server 0.169.0, `Thread`, `ThreadStatus`, `AskForApproval`, `SandboxPolicy`. */
import * as z from "zod";
import { turn } from "./turn.ts";

export const threadStatus = z.discriminatedUnion("type", [
  z.object({ type: z.literal("notLoaded") }),
  z.object({ type: z.literal("idle") }),
  z.object({ type: z.literal("systemError") }),
  z.object({ type: z.literal("active"), activeFlags: z.array(z.enum(["waitingOnApproval", "waitingOnUserInput"])) }),
]);
export type ThreadStatus = z.infer<typeof threadStatus>;

export const sessionSource = z.union([
  z.enum(["cli", "vscode", "exec", "appServer", "unknown"]),
  z.strictObject({ custom: z.string() }),
  z.strictObject({ subAgent: z.unknown() }),
]);

/** What a client says of the repository it works in. Example: `{"sha":null,"branch":"x","originUrl":null}` */
export const gitInfo = z.object({
  sha: z.string().nullable(),
  branch: z.string().nullable(),
  originUrl: z.string().nullable(),
  /** Spindle's own: the issue or pull request that the thread belongs to. Absent where it belongs to none. */
  conversationUrl: z.string().nullish(),
});
export type GitInfo = z.infer<typeof gitInfo>;

/** Example: `{"id":"01984de2-8f74-7c91-a3b2-5c5e937cf318","name":"Pinned","appearance":null}` */
export const threadSection = z.object({
  id: z.string(),
  name: z.string(),
  appearance: z.object({ icon: z.string().nullable(), color: z.string().nullable() }).nullable(),
});
export type ThreadSection = z.infer<typeof threadSection>;

/** `createdAt`, `updatedAt`, `sectionEnteredAt` and `recencyAt` are Unix **seconds**. */
export const thread = z.object({
  id: z.string(),
  environments: z.null(),
  extra: z.null(),
  sessionId: z.string(),
  forkedFromId: z.string().nullable(),
  attachedToThreadId: z.null(),
  parentThreadId: z.string().nullable(),
  preview: z.string(),
  ephemeral: z.boolean(),
  section: threadSection.nullable(),
  sectionEnteredAt: z.number().nullable(),
  projectId: z.null(),
  historyMode: z.enum(["legacy", "paginated"]),
  modelProvider: z.string(),
  model: z.string().nullable(),
  reasoningEffort: z.string().nullable(),
  createdAt: z.number(),
  updatedAt: z.number(),
  recencyAt: z.number().nullable(),
  status: threadStatus,
  path: z.null(),
  cwd: z.string(),
  cliVersion: z.string(),
  originator: z.string().nullable(),
  source: sessionSource,
  canAcceptDirectInput: z.boolean().nullable(),
  threadSource: z.string().nullable(),
  agentNickname: z.null(),
  agentRole: z.null(),
  gitInfo: gitInfo.nullable(),
  name: z.string().nullable(),
  daybreakEnabled: z.null(),
  turns: z.array(turn),
});
/** A thread as the wire shows it. The folded thread is `#core/thread`. */
export type WireThread = z.infer<typeof thread>;
/** What the account made of a thread, which the thread itself does not know. */
export type ThreadPlace = Pick<WireThread, "section" | "sectionEnteredAt">;

/**
 * When the agent asks. `untrusted`: before any command that is not a plain read. `on-request`: commands run in the overlay,
 * every change of files asks. `never`: nobody is asked.
 */
export const approvalPolicy = z.union([
  z.enum(["untrusted", "on-request", "never"]),
  z.strictObject({
    granular: z.object({
      mcp_elicitations: z.boolean(),
      request_permissions: z.boolean().default(false),
      rules: z.boolean(),
      sandbox_approval: z.boolean(),
      skill_approval: z.boolean().default(false),
    }),
  }),
]);
export type ApprovalPolicy = z.infer<typeof approvalPolicy>;

export const sandboxPolicy = z.discriminatedUnion("type", [
  z.object({ type: z.literal("dangerFullAccess") }),
  z.object({ type: z.literal("readOnly"), networkAccess: z.boolean().default(false) }),
  z.object({ type: z.literal("externalSandbox"), networkAccess: z.enum(["restricted", "enabled"]).default("restricted") }),
  z.object({
    type: z.literal("workspaceWrite"),
    excludeSlashTmp: z.boolean().default(false),
    excludeTmpdirEnvVar: z.boolean().default(false),
    networkAccess: z.boolean().default(false),
    writableRoots: z.array(z.string()).default([]),
  }),
]);
export type SandboxPolicy = z.infer<typeof sandboxPolicy>;

export const sandboxMode = z.enum(["read-only", "workspace-write", "danger-full-access"]);

const tokenUsageBreakdown = z.object({
  totalTokens: z.number(),
  inputTokens: z.number(),
  cachedInputTokens: z.number(),
  cacheWriteInputTokens: z.number(),
  outputTokens: z.number(),
  reasoningOutputTokens: z.number(),
});
export type TokenUsageBreakdown = z.infer<typeof tokenUsageBreakdown>;

export const threadTokenUsage = z.object({
  total: tokenUsageBreakdown,
  last: tokenUsageBreakdown,
  modelContextWindow: z.number().nullable(),
});
export type ThreadTokenUsage = z.infer<typeof threadTokenUsage>;
