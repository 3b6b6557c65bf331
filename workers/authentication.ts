/**
 * Who is calling, by the transport's credential and by nothing else: not by the path, not by the query. Every request but those for
 * health passes here, and nothing behind it reads a credential again.
 */
import type { Context, MiddlewareHandler } from "hono";
import { accessStub, type Environment } from "../durable-objects/environment.ts";
import { report } from "../durable-objects/platform.ts";
import { localAccount } from "./credentials/account.ts";
import { bearerOf } from "./credentials/authorization-header.ts";
import { currentKeyNames, identifyByAccess, identifyByBearer } from "./credentials/bearer.ts";
import type { Caller, Identified } from "./credentials/caller.ts";
import { isCapabilityToken } from "./credentials/capability-token.ts";
import { type Failure, whatTheWorldMayLearn } from "./credentials/failure.ts";
import { isLoopback } from "./credentials/loopback.ts";
import { hashOf, isSameSecret } from "./credentials/secret.ts";
import { sessionSecretOf } from "./credentials/session-cookie.ts";
import { type CredentialSettings, readSettings } from "./credentials/settings.ts";
import { countAtDoor } from "./door-counts.ts";
import { mayBeWrong, mayEnter, mayKnock, ratePeriodSeconds } from "./rate-limits.ts";
import { signInPage } from "./sign-in-page.ts";

export interface Door {
  Bindings: Environment;
  Variables: { settings: CredentialSettings; caller: Caller };
}

/** What is wrong with the settings closes every door; a page of another origin finds none, whatever its browser sends along. */
export const guard: MiddlewareHandler<Door> = async (context, next) => {
  if (!(await mayKnock(context))) return refuse(context, { type: "tooManyRequests", whose: "address" });
  const settings = readSettings(context.env);
  if ("problem" in settings) {
    report("credentialsMisconfigured", settings);
    return context.text("this server's credentials are configured wrongly; its log says how", 500);
  }
  const origin = context.req.header("origin");
  const own = new URL(context.req.url).origin;
  if (origin !== undefined && origin !== own && !settings.allowedOrigins.includes(origin)) return context.body(null, 403);
  if (settings.isOpen && !isFromThisMachine(context)) return refuse(context, { type: "notThisMachine" });
  context.set("settings", settings);
  await next();
};

export const authenticate: MiddlewareHandler<Door> = async (context, next) => {
  const identified = await identify(context);
  if ("failure" in identified) return refuse(context, identified.failure);
  const { account } = identified.caller;
  if (!(await mayEnter(context, account))) return refuse(context, { type: "tooManyRequests", whose: "account" });
  context.set("caller", identified.caller);
  await next();
};

/** Whoever makes tokens: the operator's own credential, or this machine when nothing is configured, where everybody may do everything. */
export const authenticateOperator: MiddlewareHandler<Door> = async (context, next) => {
  const { operatorToken, isOpen } = context.get("settings");
  if (operatorToken === null) {
    if (!isOpen) return refuse(context, { type: "noOperator" });
    return next();
  }
  const bearer = bearerOf(context.req.header("authorization"));
  if ("failure" in bearer) return refuse(context, bearer.failure);
  if (!(await isSameSecret(bearer.token, operatorToken))) return refuse(context, { type: "invalidToken" });
  await next();
};

/** A person in a browser gets a page to sign in on; everybody else the text. */
export async function refuse(context: Context<Door>, failure: Failure): Promise<Response> {
  // What is wrong in detail is the operator's to know; a credential is never in it.
  if ("reason" in failure) report("credentialRefused", { ...failure });
  const { status, text } = whatTheWorldMayLearn(failure);
  if (status === 401 && !(await mayBeWrong(context))) return refuse(context, { type: "tooManyRefusals" });
  countAtDoor(context, "requests_refused_total", { reason: status === 429 ? "rate" : "unauthorized" });
  if (status === 429) context.header("retry-after", String(ratePeriodSeconds));
  const isPage = context.req.method === "GET" && (context.req.header("accept") ?? "").includes("text/html");
  if (status === 401 && isPage && !isUpgrade(context)) return signInPage(context, { status, message: null });
  return context.text(text, status);
}

export function isUpgrade(context: Context): boolean {
  return context.req.header("upgrade")?.toLowerCase() === "websocket";
}

async function identify(context: Context<Door>): Promise<Identified> {
  const settings = context.get("settings");
  const bearer = bearerOf(context.req.header("authorization"));
  if ("token" in bearer && (!settings.isOpen || isCapabilityToken(bearer.token))) {
    return identifyByBearer(bearer.token, settings, context.env, Date.now());
  }
  // Where nothing is asked for, a token that nothing could check is in nobody's way.
  if ("failure" in bearer && bearer.failure.type !== "missing" && !settings.isOpen) return bearer;
  const assertion = context.req.header("cf-access-jwt-assertion");
  if (settings.access && assertion !== undefined) return identifyByAccess(assertion, settings.access, Date.now());
  const bySession = await identifyBySession(context);
  if (bySession) return { caller: bySession };
  if (settings.isOpen) return { caller: { account: localAccount, credential: null, endsAtMs: null } };
  return { failure: { type: "missing" } };
}

/** A cookie comes by itself with whatever a browser does; where that changes something, the browser has to say for which page. */
async function identifyBySession(context: Context<Door>): Promise<Caller | null> {
  const isHarmless = !isUpgrade(context) && ["GET", "HEAD"].includes(context.req.method);
  if (!isHarmless && context.req.header("origin") === undefined) return null;
  const secret = sessionSecretOf(context);
  if (secret === null) return null;
  const found = await accessStub(context.env).findSession(await hashOf(secret));
  if (!found) return null;
  const { account, credential, endsAtMs, parent } = found;
  const isOfKey = parent?.startsWith("environment:") ?? false;
  if (isOfKey && !(await currentKeyNames(context.get("settings"))).includes(parent ?? "")) return null;
  return { account, credential, endsAtMs };
}

export function isFromThisMachine(context: Context): boolean {
  const { hostname } = new URL(context.req.url);
  return isLoopback(hostname) && isLoopback(context.req.header("cf-connecting-ip") ?? "127.0.0.1");
}
