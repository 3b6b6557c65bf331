/** GitHub as the operator configured it, on the platform. */
import { CircuitOpen } from "#core/circuit";
import type { Meter } from "#core/metrics/meter";
import { defaultPolicy, type Policy } from "#github/follow/policy";
import type { GitHubHost } from "#github/installation";
import { readGitHubSettings } from "#github/settings";
import { type Breaker, isAt, outboundFetch } from "#outbound/outbound";
import { circuitOf } from "../circuits.ts";
import type { Environment } from "../environment.ts";
import { report } from "../platform.ts";

/** One for all objects of an isolate: what one of them finds out spares the others. There is one GitHub that it knows. */
let breaker: Breaker | null = null;

/** Throws when GitHub is not configured, or wrongly: nothing at GitHub can be done then, now or later. */
export function githubHost(environment: Environment, meter: Meter): GitHubHost {
  const settings = readGitHubSettings(environment);
  if (settings === null) throw new Error("GitHub is not configured");
  if ("problem" in settings) throw new Error(settings.problem);
  const { appId, apiUrl } = settings;
  breaker ??= circuitOf(environment, "github", report);
  return {
    environment,
    appId,
    apiUrl,
    fetch: metered(meter, outboundFetch({ purpose: "github", allows: isAt(apiUrl), breaker, report })),
    now: () => Date.now(),
    deadline: (milliseconds) => AbortSignal.timeout(milliseconds),
    report,
  };
}

/** Any answer is one: that a branch is not there is no failure of anybody's. */
function metered(meter: Meter, send: typeof fetch): typeof fetch {
  const counted = (outcome: "ok" | "failed" | "rate_limited" | "not_sent") => meter.count("github_requests_total", { outcome });
  return async (input, init) => {
    try {
      const answer = await send(input, init);
      const { status, headers } = answer;
      const isLimited =
        status === 429 || (status === 403 && (headers.has("retry-after") || headers.get("x-ratelimit-remaining") === "0"));
      counted(isLimited ? "rate_limited" : status >= 500 || status === 401 || status === 403 ? "failed" : "ok");
      return answer;
    } catch (error) {
      counted(error instanceof CircuitOpen ? "not_sent" : "failed");
      throw error;
    }
  };
}

/** The page of a thread in the web client, which finds it by what stands behind the sign; null where nobody said where that is. */
export function threadUrl(environment: Environment, threadId: string): string | null {
  const settings = readGitHubSettings(environment);
  if (settings === null || "problem" in settings || settings.webUrl === null) return null;
  return `${settings.webUrl}/#${threadId}`;
}

/** Where GitHub is not configured, or wrongly, nothing is decided, and what is shown of the policy is the default. */
export function githubPolicy(environment: Environment): Policy {
  const settings = readGitHubSettings(environment);
  return settings === null || "problem" in settings ? defaultPolicy : settings.policy;
}
