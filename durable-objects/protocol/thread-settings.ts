/** What a thread's turns run under, as clients are told it. Source: Codex app-server 0.169.0, `ThreadSettings`, with fields of our own. */
import * as z from "zod";
import { decisionMode, questionTimeoutMs } from "./decision-tree-methods.ts";
import { approvalsReviewer, collaborationMode } from "./method.ts";
import { approvalPolicy, sandboxPolicy } from "./thread.ts";

export const threadSettings = z.object({
  disabledPluginIds: z.array(z.string()),
  cwd: z.string(),
  environments: z.array(z.unknown()).nullable(),
  approvalPolicy,
  approvalsReviewer,
  sandboxPolicy,
  activePermissionProfile: z.null(),
  model: z.string(),
  modelProvider: z.string(),
  serviceTier: z.string().nullable(),
  effort: z.string().nullable(),
  summary: z.string().nullable(),
  collaborationMode,
  multiAgentMode: z.literal("explicitRequestOnly"),
  personality: z.string().nullable(),
  /** Spindle's own, from here on. Absent where an earlier version wrote the frame. */
  decisionMode: decisionMode.optional(),
  /** Milliseconds until a question's default is taken; null: it waits for ever. */
  questionTimeoutMs,
});
export type ThreadSettings = z.infer<typeof threadSettings>;
