/** The GitHub App as the operator's environment names it (docs/github.md). The private key is not here: `app-token.ts` alone reads it. */
import { githubApiLimits } from "#core/limits";
import { hasPrivateKey } from "#github/app-token";
import { defaultPolicy, type Policy, readPolicy } from "#github/follow/policy";

export interface GitHubSettings {
  appId: number;
  /** The new one first, while both are in use. */
  webhookSecrets: string[];
  /** Without a slash at its end. */
  apiUrl: string;
  /** Where people see repositories: `<siteUrl>/<owner>/<name>`. */
  siteUrl: string;
  /** Where people open the web client, without a slash at its end; null where nobody said. */
  webUrl: string | null;
  /** Files of a repository that are copied into a workspace at once. */
  copiedFilesMax: number;
  policy: Policy;
}

const publicApiUrl = "https://api.github.com";
/** Secrets of a webhook are typed or made by people; shorter ones can be guessed from one signed delivery. */
const secretCharactersMin = 16;

/** Null when GitHub is not configured; a problem is a sentence for the operator and repeats no secret. */
export function readGitHubSettings(environment: object): GitHubSettings | null | { problem: string } {
  const variable = (name: string) => {
    const value = (environment as Record<string, unknown>)[name];
    return typeof value === "string" && value.trim() !== "" ? value.trim() : null;
  };
  const appId = variable("GITHUB_APP_ID");
  const secret = variable("GITHUB_WEBHOOK_SECRET");
  const hasKey = hasPrivateKey(environment);
  if (appId === null && secret === null && !hasKey) return null;
  if (appId === null || secret === null || !hasKey) {
    return { problem: "GITHUB_APP_ID, GITHUB_APP_PRIVATE_KEY and GITHUB_WEBHOOK_SECRET belong together." };
  }
  if (!/^[1-9]\d{0,14}$/.test(appId)) return { problem: "GITHUB_APP_ID must be the number of the App." };
  const webhookSecrets = secret.split(/\s+/);
  if (webhookSecrets.length > 2) return { problem: "GITHUB_WEBHOOK_SECRET holds one secret, or the new one and the old one." };
  if (webhookSecrets.some((one) => one.length < secretCharactersMin)) {
    return { problem: `A secret in GITHUB_WEBHOOK_SECRET needs at least ${secretCharactersMin} characters.` };
  }
  const apiUrl = baseUrlOf(variable("GITHUB_API_URL") ?? publicApiUrl);
  if (apiUrl === null) return { problem: `GITHUB_API_URL must look like ${publicApiUrl}.` };
  const web = variable("SPINDLE_URL");
  const webUrl = web === null ? null : baseUrlOf(web);
  if (web !== null && webUrl === null) return { problem: "SPINDLE_URL must look like https://spindle.example." };
  const { snapshotFilesMax } = githubApiLimits;
  const copiedFilesMax = Number(variable("GITHUB_COPIED_FILES_MAX") ?? snapshotFilesMax);
  if (!Number.isInteger(copiedFilesMax) || copiedFilesMax < 0 || copiedFilesMax > snapshotFilesMax) {
    return { problem: `GITHUB_COPIED_FILES_MAX must be a whole number from 0 to ${snapshotFilesMax}.` };
  }
  const stated = variable("GITHUB_POLICY");
  const policy = stated === null ? defaultPolicy : readPolicy(stated);
  if ("problem" in policy) return policy;
  return { appId: Number(appId), webhookSecrets, apiUrl, siteUrl: siteUrlOf(apiUrl), webUrl, copiedFilesMax, policy };
}

/** GitHub's own API has a host of its own; on GitHub Enterprise Server it is a path. */
function siteUrlOf(apiUrl: string): string {
  return apiUrl === publicApiUrl ? "https://github.com" : apiUrl.replace(/\/api\/v3$/, "");
}

/** Tokens and people go there, so it is TLS, or this machine, as in tests. GitHub Enterprise Server has a path: `https://host/api/v3`. */
function baseUrlOf(text: string): string | null {
  const url = URL.parse(text);
  if (url === null || url.search !== "" || url.hash !== "" || url.username !== "" || url.password !== "") return null;
  const isLocal = ["127.0.0.1", "localhost"].includes(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && isLocal)) return null;
  return `${url.origin}${url.pathname.replace(/\/+$/, "")}`;
}
