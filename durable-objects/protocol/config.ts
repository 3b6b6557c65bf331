/**
 * The account's configuration, as Codex's `config.toml` would say it. Keys that Codex's clients read by type have to be of that type, or
 * no client could read the whole again; all others are the clients' own, and kept as they are.
 */
import * as z from "zod";
import { decisionMode } from "./decision-tree-methods.ts";
import { describeInvalidParams } from "./invalid-request.ts";
import { approvalPolicyParam, approvalsReviewer, struct } from "./method.ts";
import { sandboxMode } from "./thread.ts";

/** What begins a thread where its own `thread/start` says nothing. */
export const threadDefaults = {
  model: z.string(),
  approval_policy: approvalPolicyParam.unwrap().unwrap(),
  /** A name that the model advertises. */
  model_reasoning_effort: z.string().min(1, { error: "reasoning effort must not be empty" }),
  model_reasoning_summary: z.enum(["auto", "concise", "detailed", "none"]),
  /** Beside Spindle's own, at the head of what the model is told; `developer_instructions` come after. */
  instructions: z.string(),
  developer_instructions: z.string(),
  personality: z.enum(["none", "friendly", "pragmatic"]),
  /** Spindle's own: see `spindle/decisionTree/setMode`. */
  decision_mode: decisionMode,
};
const threadDefaultsTable = z.object(threadDefaults).partial();
export type ThreadDefaults = z.infer<typeof threadDefaultsTable>;

const table = z.record(z.string(), z.unknown());
const integer = z.int();
const toggle = z.boolean();

/** The typed members of the schema's `Config`, besides those. */
const typedKeys: Record<string, z.ZodType> = {
  ...threadDefaults,
  model_provider: z.enum(["spindle"]),
  review_model: z.string(),
  model_context_window: integer,
  model_auto_compact_token_limit: integer,
  model_auto_compact_token_limit_scope: z.enum(["total", "body_after_prefix"]),
  model_verbosity: z.enum(["low", "medium", "high"]),
  approvals_reviewer: approvalsReviewer,
  sandbox_mode: sandboxMode,
  sandbox_workspace_write: struct("SandboxWorkspaceWrite", {
    writable_roots: z.array(z.string()).optional(),
    network_access: toggle.optional(),
    exclude_tmpdir_env_var: toggle.optional(),
    exclude_slash_tmp: toggle.optional(),
  }),
  compact_prompt: z.string(),
  forced_login_method: z.enum(["chatgpt", "api"]),
  service_tier: z.string(),
  web_search: z.enum(["disabled", "cached", "indexed", "live"]),
  analytics: struct("AnalyticsConfigToml", { enabled: toggle.optional() }),
  tools: table,
  apps: table,
  browser_use: table,
  computer_use: table,
  desktop: table,
  projects: table,
  model_providers: table,
  features: z.record(z.string(), z.unknown()),
};

/** What is wrong with the first key that has a type and is not of it, in the words of the real server's reader; null where all fit. */
export function problemOfConfig(config: Record<string, unknown>): string | null {
  for (const [key, value] of Object.entries(config)) {
    const schema = Object.hasOwn(typedKeys, key) ? typedKeys[key] : undefined;
    const parsed = schema?.safeParse(value);
    if (schema && parsed?.success === false) return `${describeInvalidParams(schema, value, parsed.error)}\nin \`${key}\`\n`;
  }
  return null;
}

/** What of a configuration begins a thread. Call `problemOfConfig` first: what does not fit is left out. */
export function threadDefaultsOf(config: Record<string, unknown>): ThreadDefaults {
  const known = Object.keys(threadDefaults).flatMap((key) => (Object.hasOwn(config, key) ? [[key, config[key]]] : []));
  return threadDefaultsTable.safeParse(Object.fromEntries(known)).data ?? {};
}
