/** GitHub as the operator configured it, on the platform. */
import { defaultPolicy, type Policy } from "#github/follow/policy";
import type { GitHubHost } from "#github/installation";
import { readGitHubSettings } from "#github/settings";
import { Breaker, isAt, outboundFetch } from "#outbound/outbound";
import type { Environment } from "../environment.ts";
import { report } from "../platform.ts";

/** One for all objects of an isolate: what one of them finds out spares the others. There is one GitHub that it knows. */
const breaker = new Breaker("GitHub", report);

/** Throws when GitHub is not configured, or wrongly: nothing at GitHub can be done then, now or later. */
export function githubHost(environment: Environment): GitHubHost {
  const settings = readGitHubSettings(environment);
  if (settings === null) throw new Error("GitHub is not configured");
  if ("problem" in settings) throw new Error(settings.problem);
  const { appId, apiUrl } = settings;
  return {
    environment,
    appId,
    apiUrl,
    fetch: outboundFetch({ purpose: "github", allows: isAt(apiUrl), breaker, report }),
    now: () => Date.now(),
    deadline: (milliseconds) => AbortSignal.timeout(milliseconds),
    report,
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
