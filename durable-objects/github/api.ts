/** One request to GitHub: typed by GitHub's own description, bounded in time and size, with every way to fail named. */
import { CircuitOpen } from "#core/circuit";
import { githubApiLimits } from "#core/limits";
import { GitHubError, type GitHubFailure } from "#github/failure";
import type { Answer, Params, Route } from "#github/routes";

export interface ApiCall {
  apiUrl: string;
  token: string;
  /** The delivery that made this necessary: GitHub's support finds it again by that. */
  deliveryId?: string | null;
  fetch: typeof fetch;
  now: () => number;
  /** Aborts after so many milliseconds. */
  deadline: (milliseconds: number) => AbortSignal;
}

const apiVersion = "2022-11-28";

/** Throws `GitHubError`. A 4xx means that nothing happened; `unavailable` and `timedOut` mean that nobody knows. */
export async function gh<Name extends Route>(call: ApiCall, route: Name, params: Params<Name>): Promise<Answer<Name>> {
  return (await ghPage(call, route, params)).answer;
}

/** The same, and whether GitHub says that there is more, with the cursor or page of it. */
export async function ghPage<Name extends Route>(
  call: ApiCall,
  route: Name,
  params: Params<Name>,
): Promise<{ answer: Answer<Name>; next: URLSearchParams | null }> {
  const [method = "", template = ""] = route.split(" ");
  const rest = new Map<string, unknown>(Object.entries(params as object).filter(([, value]) => value !== undefined));
  const path = template.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = String(rest.get(name) ?? "");
    rest.delete(name);
    // A ref keeps its slashes, and every part is encoded: no name can leave its place in the path.
    const segments = name === "ref" ? value.split("/") : [value];
    // A URL takes `..` out again, in whatever way it is written.
    if (segments.some((segment) => /^\.{0,2}$/.test(segment))) {
      throw new GitHubError(route, { type: "unexpected", reason: `no ${name} can be ${JSON.stringify(value)}` });
    }
    return segments.map(encodeURIComponent).join("/");
  });
  const url = new URL(`${call.apiUrl}${path}`);
  if (method === "GET") for (const [name, value] of rest) url.searchParams.set(name, String(value));
  const body = method === "GET" || method === "DELETE" || rest.size === 0 ? null : JSON.stringify(Object.fromEntries(rest));
  const response = await send(call, route, url, method, body);
  const text = response.text;
  try {
    return { answer: (text === "" ? null : JSON.parse(text)) as Answer<Name>, next: nextOf(response.headers.get("link")) };
  } catch {
    throw new GitHubError(route, { type: "unavailable", reason: "the answer is no JSON" });
  }
}

/** All pages of a list, `githubApiLimits.pagesMax` at most; `isOver` ends it earlier. */
export async function ghPages<Name extends Route, Item>(
  call: ApiCall,
  route: Name,
  params: Params<Name>,
  { itemsOf, isOver = () => false }: { itemsOf: (answer: Answer<Name>) => Item[]; isOver?: (items: Item[]) => boolean },
): Promise<Item[]> {
  const items: Item[] = [];
  let more = new URLSearchParams();
  for (let page = 0; page < githubApiLimits.pagesMax; page++) {
    const asked = { ...(params as object), per_page: 100, ...Object.fromEntries(more) } as unknown as Params<Name>;
    const { answer, next } = await ghPage(call, route, asked);
    items.push(...itemsOf(answer));
    if (next === null || isOver(items)) return items;
    more = next;
  }
  return items;
}

/** A mutation or query; `data` is unchecked. GraphQL says its refusals inside a 200. */
export async function ghGraphql(call: ApiCall, name: string, query: string, variables: object): Promise<unknown> {
  // GitHub Enterprise Server has its REST API at /api/v3 and GraphQL at /api/graphql.
  const url = new URL(`${call.apiUrl.replace(/\/v3$/, "")}/graphql`);
  const response = await send(call, name, url, "POST", JSON.stringify({ query, variables }));
  const parsed = parseGraphql(response.text);
  if (parsed === null) throw new GitHubError(name, { type: "unavailable", reason: "the answer is no JSON" });
  const [error] = parsed.errors ?? [];
  if (error) throw new GitHubError(name, graphqlFailure(error));
  return parsed.data;
}

interface GraphqlError {
  type?: string;
  message?: string;
}

function parseGraphql(text: string): { data?: unknown; errors?: GraphqlError[] } | null {
  try {
    return JSON.parse(text) as { data?: unknown; errors?: GraphqlError[] };
  } catch {
    return null;
  }
}

function graphqlFailure({ type, message = "" }: GraphqlError): GitHubFailure {
  switch (type) {
    case "STALE_DATA":
      return { type: "conflict", message };
    case "NOT_FOUND":
      return { type: "notFound" };
    case "FORBIDDEN":
    case "INSUFFICIENT_SCOPES":
      return { type: "forbidden", message };
    case "RATE_LIMITED":
      return { type: "rateLimited", retryAfterMs: githubApiLimits.rateLimitPauseMs };
    default:
      return { type: "unprocessable", message };
  }
}

async function send(
  call: ApiCall,
  route: string,
  url: URL,
  method: string,
  body: string | null,
): Promise<{ text: string; headers: Headers }> {
  // One limit for the answer's head and its body: a body that never ends is a hang too.
  const signal = call.deadline(githubApiLimits.requestTimeoutMs);
  try {
    const response = await call.fetch(url, {
      method,
      body,
      signal,
      // A token must not follow to another place; a renamed repository answers 301, and is found again by its next webhook.
      redirect: "manual",
      headers: {
        authorization: `Bearer ${call.token}`,
        accept: "application/vnd.github+json",
        "user-agent": "spindle",
        "x-github-api-version": apiVersion,
        ...(body === null ? {} : { "content-type": "application/json" }),
        ...(call.deliveryId ? { "x-github-delivery": call.deliveryId } : {}),
      },
    });
    const text = await boundedText(response);
    if (response.ok) return { text, headers: response.headers };
    throw new GitHubError(route, failureOf(response, text, call.now()));
  } catch (error) {
    if (error instanceof GitHubError) throw error;
    if (error instanceof CircuitOpen) throw new GitHubError(route, { type: "unavailable", reason: error.message });
    if (error instanceof AnswerTooLong) throw new GitHubError(route, { type: "unexpected", reason: "the answer is too long" });
    if (signal.aborted) throw new GitHubError(route, { type: "timedOut" });
    throw new GitHubError(route, { type: "unavailable", reason: "the connection failed" });
  }
}

class AnswerTooLong extends Error {}

async function boundedText(response: Response): Promise<string> {
  if (response.body === null) return "";
  const decoder = new TextDecoder();
  let bytes = 0;
  let text = "";
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > githubApiLimits.answerBytesMax) throw new AnswerTooLong();
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function failureOf({ status, headers }: Response, text: string, nowMs: number): GitHubFailure {
  const message = messageOf(text);
  const retryAfterMs = rateLimitPause(headers, message, nowMs);
  if ((status === 403 || status === 429) && retryAfterMs !== null) return { type: "rateLimited", retryAfterMs };
  if (status === 401) return { type: "unauthorized" };
  if (status === 403) return { type: "forbidden", message };
  if (status === 404 || status === 410) return { type: "notFound" };
  if (status === 409) return { type: "conflict", message };
  if (status === 422) return { type: "unprocessable", message };
  if (status === 429) return { type: "rateLimited", retryAfterMs: githubApiLimits.rateLimitPauseMs };
  if (status >= 500) return { type: "unavailable", reason: `status ${status}` };
  return { type: "unexpected", reason: `status ${status}` };
}

/**
 * Null when it is no refusal for too many requests. As GitHub says it: `retry-after` counts; else the reset, when none remain; else
 * at least a minute. Source: "Rate limits for the REST API", exceeding the rate limit.
 */
function rateLimitPause(headers: Headers, message: string, nowMs: number): number | null {
  const within = (milliseconds: number) =>
    Math.min(Math.max(Math.ceil(milliseconds), 1_000), githubApiLimits.rateLimitPauseMsMax);
  const retryAfter = Number(headers.get("retry-after") ?? Number.NaN);
  if (Number.isFinite(retryAfter)) return within(retryAfter * 1_000);
  const reset = Number(headers.get("x-ratelimit-reset") ?? Number.NaN);
  if (headers.get("x-ratelimit-remaining") === "0" && Number.isFinite(reset)) return within(reset * 1_000 - nowMs);
  return /rate limit/i.test(message) ? githubApiLimits.rateLimitPauseMs : null;
}

/** GitHub's `message` and the messages of its `errors`, cut: they end up in a row and a log line. */
function messageOf(text: string): string {
  try {
    const { message = "", errors = [] } = JSON.parse(text) as { message?: unknown; errors?: { message?: unknown }[] };
    const all = [message, ...(Array.isArray(errors) ? errors.map((error) => error?.message ?? "") : [])];
    return all
      .filter((one) => typeof one === "string" && one !== "")
      .join("; ")
      .slice(0, 500);
  } catch {
    return "";
  }
}

/** Example: `<https://api.github.com/app/hook/deliveries?cursor=v1_2&per_page=100>; rel="next"` */
function nextOf(link: string | null): URLSearchParams | null {
  const [, url] = /<([^>]+)>;\s*rel="next"/.exec(link ?? "") ?? [];
  return url === undefined ? null : (URL.parse(url)?.searchParams ?? null);
}
