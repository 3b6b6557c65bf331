/**
 * Who is calling, by the transport's credential and by nothing else. With `SPINDLE_TOKEN` every request needs it as a bearer token;
 * without, only this machine is served. Both act for the account `local`.
 */
import { timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import type { Environment } from "../durable-objects/environment.ts";

export const authenticate: MiddlewareHandler<{ Bindings: Environment; Variables: { account: string } }> = async (
  context,
  next,
) => {
  const url = new URL(context.req.url);
  const origin = context.req.header("origin");
  // A page of another origin may make a browser open sockets here; it must not be served with what this machine may do.
  if (origin !== undefined && origin !== url.origin) return context.body(null, 403);
  const token = context.env.SPINDLE_TOKEN;
  if (token) {
    const refusal = refusalOf(context.req.header("authorization"), token);
    if (refusal) return context.text(refusal, 401);
  } else if (!isLoopback(url.hostname) || !isLoopback(context.req.header("cf-connecting-ip") ?? "127.0.0.1")) {
    return context.text("this server has no token configured and serves its own machine only", 403);
  }
  context.set("account", "local");
  await next();
};

/** The real server's own words. */
function refusalOf(authorization: string | undefined, token: string): string | null {
  if (authorization === undefined) return "missing websocket bearer token";
  const [scheme = "", presented = ""] = authorization.split(" ", 2);
  if (scheme.toLowerCase() !== "bearer" || presented === "") return "invalid authorization header";
  return isSame(presented, token) ? null : "invalid websocket bearer token";
}

function isSame(presented: string, expected: string): boolean {
  const [one, other] = [Buffer.from(presented), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}

/** The names under which a machine reaches itself; a name that merely resolves to it, as in DNS rebinding, is not one of them. */
function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
}
