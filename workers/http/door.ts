/**
 * The HTTP API: every row of the table becomes a path here. A mapper and no more: each request is one question of the protocol, or a few,
 * answered by the same `Session` as on a socket; nothing is kept between two requests.
 */
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { report } from "../../durable-objects/platform.ts";
import { authenticate, type Door } from "../authentication.ts";
import { question } from "../inside/question.ts";
import { decideApproval, listApprovals, readApproval, threadApprovals } from "./approvals.ts";
import { readFile, readProposal, writeFile } from "./contents.ts";
import { docsPage, docsStyle } from "./docs-page.ts";
import { followThread } from "./events.ts";
import { httpLimits } from "./limits.ts";
import { clientName } from "./name.ts";
import { openApi } from "./openapi.ts";
import { type Problem, problem, problemOf, problemOfStatus } from "./problem.ts";
import { readRequest } from "./read-request.ts";
import { type DecisionBody, type Route, routes } from "./routes.ts";

/** Before the guard: whatever answers below these paths with an error, it is a problem that programs can read. A page to sign in on stays one. */
export const problems: MiddlewareHandler = async (context, next) => {
  await next();
  const { status, headers } = context.res;
  const type = headers.get("content-type") ?? "";
  if (status < 400 || type.startsWith("application/problem+json") || type.startsWith("text/html")) return;
  const detail = status >= 500 ? "" : (await context.res.text()).slice(0, 1_000);
  const kept = ["retry-after", "allow"].flatMap((name) => (headers.has(name) ? [[name, headers.get(name) ?? ""]] : []));
  const response = problemResponse(problemOfStatus(status, detail || "no more is known of it"));
  for (const [name = "", value = ""] of kept) response.headers.set(name, value);
  context.res = undefined;
  context.res = response;
};

export const httpRoutes = new Hono<Door>();

httpRoutes.get("/v1/openapi.json", authenticate, (context) => context.json(openApi()));
httpRoutes.get("/v1/docs", authenticate, (context) => {
  for (const [name, value] of Object.entries(docsHeaders)) context.header(name, value);
  return context.html(docsPage(openApi()));
});
httpRoutes.get("/v1/docs.css", (context) => context.body(docsStyle, 200, { "content-type": "text/css; charset=utf-8" }));

for (const route of routes) {
  const path = route.path.replace(/\{(\w+)\}/g, ":$1");
  const maxSize = route.inBody === "bytes" ? httpLimits.fileBytesMax : httpLimits.bodyBytesMax;
  const onError = () => problemResponse(problem("bodyTooLarge", `a body here has at most ${maxSize} bytes`));
  httpRoutes.on(route.verb, path, authenticate, bodyLimit({ maxSize, onError }), (context) => answered(context, route));
}

/** What is left below `/v1`: a path with another method, or none at all. */
httpRoutes.all("/v1/*", authenticate, (context) => {
  const { path } = context.req;
  const allowed = routes.filter((route) => patternOf(route.path).test(path)).map(({ verb }) => verb);
  if (allowed.length === 0) return problemResponse(problem("noSuchRoute", "see /v1/openapi.json for what there is"));
  const response = problemResponse(problem("methodNotAllowed", `it takes ${allowed.join(", ")}`));
  response.headers.set("allow", allowed.join(", "));
  return response;
});

async function answered(context: Context<Door>, route: Route): Promise<Response> {
  try {
    const read = await paramsOf(context, route);
    const answer =
      "problem" in read ? read : await (route.isOwn ? own(context, route, read.params) : mapped(context, route, read.params));
    return answer instanceof Response ? answer : problemResponse(answer.problem);
  } catch (error) {
    // Ours: the client gets a name and no insides; the operator gets the insides.
    report("httpRequestFailed", { route: route.id, error: error instanceof Error ? error.stack : String(error) });
    return problemResponse(problem("internal", "Spindle failed to answer this request."));
  }
}

async function paramsOf(
  context: Context<Door>,
  route: Route,
): Promise<{ params: Record<string, unknown> } | { problem: Problem }> {
  const body = typeof route.inBody === "object" && route.inBody !== null ? await jsonBody(context) : { body: undefined };
  if ("problem" in body) return body;
  return readRequest(route, {
    path: context.req.param() as Record<string, string>,
    query: new URL(context.req.url).searchParams,
    body: body.body,
    idempotencyKey: context.req.header("idempotency-key") ?? null,
    account: context.get("caller").account,
  });
}

async function jsonBody(context: Context<Door>): Promise<{ body: unknown } | { problem: Problem }> {
  const text = await context.req.text();
  if (text === "") return { body: {} };
  const type = (context.req.header("content-type") ?? "").split(";")[0]?.trim().toLowerCase();
  if (type !== "application/json") return { problem: problem("unsupportedMediaType", "the body has to be application/json") };
  try {
    return { body: JSON.parse(text) as unknown };
  } catch (error) {
    return {
      problem: problem("invalidBody", `the body is no JSON: ${error instanceof Error ? error.message.slice(0, 200) : ""}`),
    };
  }
}

/** The method's result as it is. `spindle-seq` is the last frame that it takes into account: whoever follows goes on behind it. */
async function mapped(
  context: Context<Door>,
  route: Route,
  params: Record<string, unknown>,
): Promise<Response | { problem: Problem }> {
  // The row's schemas are the method's own: what fits them fits its params, which TypeScript cannot follow through the table.
  const answer = await question(context, clientName, route.asks, params as never);
  if ("refused" in answer) return { problem: problemOf(answer.refused) };
  const headers = new Headers({ "cache-control": "no-store" });
  if (answer.seq !== null) headers.set("spindle-seq", String(answer.seq));
  if (route.answer.status === 204) return new Response(null, { status: 204, headers });
  const made = createdAt(route, answer.result);
  if (made !== null) headers.set("location", made);
  return Response.json(answer.result, { status: route.answer.status, headers });
}

/** Where what was made can be read. */
function createdAt(route: Route, result: unknown): string | null {
  const { thread, webhook } = result as { thread?: { id: string }; webhook?: { id: string } };
  if (route.id === "createThread" && thread) return `/v1/threads/${thread.id}`;
  return route.id === "createWebhook" && webhook ? `/v1/webhooks/${webhook.id}` : null;
}

/** Params were read by the row, so that they have the types that it says. */
async function own(
  context: Context<Door>,
  { id }: Route,
  params: Record<string, unknown>,
): Promise<Response | { problem: Problem }> {
  switch (id) {
    case "followThread":
      return followThread(context, params as { threadId: string; after?: number });
    case "listApprovals":
      return asJson(await listApprovals(context, params as { cursor?: string; limit?: number }));
    case "listThreadApprovals":
      return asJson(await threadApprovals(context, params.threadId as string));
    case "readApproval":
      return asJson(await readApproval(context, params.requestId as string));
    case "decideApproval": {
      const { requestId, ...body } = params as { requestId: string } & DecisionBody;
      return asJson(await decideApproval(context, requestId, body));
    }
    case "readProposal":
      return readProposal(context, params as { threadId: string; proposalHash: string });
    case "readFile":
      return readFile(context, params as { threadId: string; path: string });
    case "writeFile":
      return writeFile(context, params as { threadId: string; path: string });
    default:
      throw new Error(`no handler answers ${id}`);
  }
}

function asJson(found: object | { problem: Problem }): Response | { problem: Problem } {
  return "problem" in found
    ? (found as { problem: Problem })
    : Response.json(found, { headers: { "cache-control": "no-store" } });
}

function problemResponse(told: Problem): Response {
  const headers = new Headers({ "content-type": "application/problem+json", "cache-control": "no-store" });
  if (told.status === 401) headers.set("www-authenticate", "Bearer");
  if (told.status === 503) headers.set("retry-after", "1");
  return new Response(JSON.stringify(told), { status: told.status, headers });
}

function patternOf(template: string): RegExp {
  return new RegExp(`^${template.replace(/\{\w+\}/g, "[^/]+")}$`);
}

/** A page with a style of its own and nothing else: no script, no other origin. */
const docsHeaders = {
  "content-security-policy":
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
};
