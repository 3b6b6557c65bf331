/** The account's limits as the operator's environment says them. */
import { limits, quotaLimits } from "#core/limits";
import type { Quotas } from "#core/quota";

const variables = {
  turnsPerMinute: "SPINDLE_TURNS_PER_MINUTE",
  tokensPerDay: "SPINDLE_TOKENS_PER_DAY",
  threads: "SPINDLE_THREADS",
  storageBytes: "SPINDLE_STORAGE_BYTES",
} as const;

/** `off` is no limit. What is no whole number from 1 on is a problem, as a sentence for the operator, and the default holds. */
export function readQuotas(environment: object): { quotas: Quotas; problems: string[] } {
  const problems: string[] = [];
  const read = (limit: keyof typeof variables): number => {
    const name = variables[limit];
    const text = (environment as Record<string, unknown>)[name];
    if (typeof text !== "string" || text.trim() === "") return quotaLimits[limit];
    if (text.trim() === "off") return Number.POSITIVE_INFINITY;
    if (/^[1-9]\d{0,15}$/.test(text.trim())) return Number(text);
    problems.push(`${name} must be a whole number from 1 on, or off; ${quotaLimits[limit]} holds instead.`);
    return quotaLimits[limit];
  };
  const quotas = {
    turnsPerMinute: read("turnsPerMinute"),
    turnsAtOnce: limits.turnsAtOnceMax,
    tokensPerDay: read("tokensPerDay"),
    threads: read("threads"),
    storageBytes: read("storageBytes"),
  };
  return { quotas, problems };
}
