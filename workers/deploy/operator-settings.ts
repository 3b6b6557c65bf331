/** Every setting of the operator, and what a deployed Worker must have before anybody is sent to it. */

interface OperatorSetting {
  /** `secret`: only as a Worker's secret, never in a file. `plain`: may stand in a configuration. `local`: for load runs and checks. */
  kind: "secret" | "plain" | "local";
}

export const operatorSettings = {
  OPENAI_API_KEY: { kind: "secret" },
  OPENAI_BASE_URL: { kind: "plain" },
  OPENAI_MODEL: { kind: "plain" },
  OPENAI_BACKGROUND: { kind: "plain" },
  SPINDLE_DECISION_EXTRACTION: { kind: "plain" },
  SPINDLE_TOKEN: { kind: "secret" },
  SPINDLE_OPERATOR_TOKEN: { kind: "secret" },
  SPINDLE_JWT_SECRET: { kind: "secret" },
  SPINDLE_JWT_ISSUER: { kind: "plain" },
  SPINDLE_JWT_AUDIENCE: { kind: "plain" },
  SPINDLE_JWT_CLOCK_SKEW_SECONDS: { kind: "plain" },
  SPINDLE_ACCESS_TEAM_DOMAIN: { kind: "plain" },
  SPINDLE_ACCESS_AUDIENCE: { kind: "plain" },
  SPINDLE_ALLOWED_ORIGINS: { kind: "plain" },
  GITHUB_APP_ID: { kind: "plain" },
  GITHUB_APP_PRIVATE_KEY: { kind: "secret" },
  GITHUB_WEBHOOK_SECRET: { kind: "secret" },
  GITHUB_API_URL: { kind: "plain" },
  GITHUB_COPIED_FILES_MAX: { kind: "plain" },
  SPINDLE_URL: { kind: "plain" },
  VAPID_PUBLIC_KEY: { kind: "plain" },
  VAPID_PRIVATE_KEY: { kind: "secret" },
  VAPID_SUBJECT: { kind: "plain" },
  SPINDLE_PUSH_HOSTS: { kind: "plain" },
  GITHUB_POLICY: { kind: "plain" },
  SPINDLE_METRICS_TOKEN: { kind: "secret" },
  SPINDLE_METRICS_SHARDS: { kind: "plain" },
  SPINDLE_TURNS_PER_MINUTE: { kind: "plain" },
  SPINDLE_TOKENS_PER_DAY: { kind: "plain" },
  SPINDLE_THREADS: { kind: "plain" },
  SPINDLE_STORAGE_BYTES: { kind: "plain" },
  SPINDLE_LOG_CONTENT: { kind: "plain" },
  SPINDLE_METRICS_INTERVAL_MS: { kind: "local" },
  SPINDLE_REHEARSAL_INTERVAL_MS: { kind: "local" },
  SPINDLE_MEMORY_PUBLISH_INTERVAL_MS: { kind: "local" },
} as const satisfies Record<string, OperatorSetting>;

export interface Verdict {
  /** Reasons not to deploy, as sentences. */
  problems: string[];
  /** What works, and may not be what was meant. */
  warnings: string[];
}

/** Judges the names alone: nobody can read a secret's value again. */
export function judgeSettings(present: readonly string[]): Verdict {
  const has = (...names: (keyof typeof operatorSettings)[]) => names.every((name) => present.includes(name));
  const problems: string[] = [];
  const warnings: string[] = [];
  const hasAccess = has("SPINDLE_ACCESS_TEAM_DOMAIN", "SPINDLE_ACCESS_AUDIENCE");
  if (!has("SPINDLE_TOKEN") && !has("SPINDLE_OPERATOR_TOKEN") && !has("SPINDLE_JWT_SECRET") && !hasAccess) {
    problems.push(
      "No credential is set, so that nobody could come in: set SPINDLE_OPERATOR_TOKEN, or another of docs/credentials.md.",
    );
  }
  const ofGitHub = ["GITHUB_APP_ID", "GITHUB_APP_PRIVATE_KEY", "GITHUB_WEBHOOK_SECRET"] as const;
  const missing = ofGitHub.filter((name) => !has(name));
  if (missing.length > 0 && missing.length < ofGitHub.length)
    problems.push(`GitHub is half configured: ${missing.join(", ")} is missing.`);
  if (has("VAPID_PUBLIC_KEY") !== has("VAPID_PRIVATE_KEY")) problems.push("Of the two VAPID keys one is missing.");
  if (!has("OPENAI_API_KEY")) warnings.push("OPENAI_API_KEY is not set: the only model is the rehearsal.");
  for (const name of present) {
    const setting: OperatorSetting | undefined = operatorSettings[name as keyof typeof operatorSettings];
    if (setting === undefined) warnings.push(`${name} is set, and nothing reads it.`);
    else if (setting.kind === "local") problems.push(`${name} is set, which is for load runs on one's own machine.`);
  }
  return { problems, warnings };
}
