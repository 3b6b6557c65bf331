/**
 * `/mcp`: the account's threads as tools of other agents, by the Model Context Protocol over streamable HTTP. Each POST is answered for itself; there is
 * no session, no stream that a client could listen on, and nothing to end.
 */
import { type Context, Hono, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { catalogueOf, report } from "../../durable-objects/platform.ts";
import { authenticate, type Door } from "../authentication.ts";
import { generationOf } from "./generation.ts";
import { insideHouse } from "./inside-house.ts";
import { mcpLimits } from "./limits.ts";
import { parseBody, type RpcError, type RpcId, rpcCodes } from "./message.ts";
import { answer } from "./server.ts";

export const mcpRoute = new Hono<Door>();

/** RFC 6750: what to bring, for whoever brought none or a wrong one. There is no authorization server to name. */
const challenge: MiddlewareHandler<Door> = async (context, next) => {
  const refused = await authenticate(context, next);
  if (!(refused instanceof Response) || refused.status !== 401) return refused;
  const isWrong = context.req.header("authorization") !== undefined;
  const headers = new Headers(refused.headers);
  headers.set("www-authenticate", `Bearer realm="spindle"${isWrong ? ', error="invalid_token"' : ""}`);
  return new Response(refused.body, { status: 401, headers });
};

const tooLarge = (context: Context) =>
  refuse(context, 413, null, { code: rpcCodes.invalidRequest, message: `a request has at most ${mcpLimits.bodyBytesMax} bytes` });

mcpRoute.post("/mcp", challenge, bodyLimit({ maxSize: mcpLimits.bodyBytesMax, onError: tooLarge }), async (context) => {
  context.header("cache-control", "no-store");
  if (!/^application\/json\b/i.test(context.req.header("content-type") ?? "")) {
    return refuse(context, 415, null, { code: rpcCodes.invalidRequest, message: "content-type must be application/json" });
  }
  if (!takesJson(context.req.header("accept"))) {
    return refuse(context, 406, null, { code: rpcCodes.invalidRequest, message: "accept must name application/json" });
  }
  const message = parseBody(await context.req.text());
  if (message.kind === "unreadable") return refuse(context, 400, message.id, message.error);
  // Whatever is announced changes nothing here: nothing is remembered, and a call that is cancelled has happened or will.
  if (message.kind === "notification") return context.body(null, 202);
  const generation = generationOf(message, (name) => context.req.header(name));
  if ("refused" in generation) return refuse(context, 400, message.id, generation.refused);
  try {
    const { version } = catalogueOf(context.env);
    const answered = await answer({ ...message, ...generation }, insideHouse(context), version);
    if ("error" in answered) return refuse(context, answered.httpStatus ?? 200, message.id, answered.error);
    return context.json({ jsonrpc: "2.0", id: message.id, result: answered.result });
  } catch (error) {
    report("mcpFailed", { method: message.method.slice(0, 64), error: error instanceof Error ? error.stack : String(error) });
    return refuse(context, 200, message.id, { code: rpcCodes.internal, message: "Spindle failed to answer this request." });
  }
});

/** The streams and sessions of earlier revisions, which are no part of this door. */
mcpRoute.all("/mcp", challenge, (context) => context.body(null, 405, { allow: "POST" }));

function refuse(context: Context, status: 200 | 400 | 404 | 406 | 413 | 415, id: RpcId | null, error: RpcError): Response {
  return context.json({ jsonrpc: "2.0", id, error }, status);
}

/** A client lists `text/event-stream` as well; this server never streams, so that JSON is enough. */
function takesJson(accept: string | undefined): boolean {
  return accept === undefined || /(?:^|,)\s*(?:application\/(?:json|\*)|\*\/\*)\s*(?:;|,|$)/i.test(accept);
}
