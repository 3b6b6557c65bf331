/** Signing in and out with a browser. */
import { type Context, Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import * as z from "zod";
import { accessLimits } from "#core/limits";
import { accessStub } from "../durable-objects/environment.ts";
import { addressOf } from "./address.ts";
import { authenticate, type Door, refuse } from "./authentication.ts";
import { subjectOfAccount } from "./credentials/account.ts";
import { identifyByBearer } from "./credentials/bearer.ts";
import { type Failure, whatTheWorldMayLearn } from "./credentials/failure.ts";
import { hashOf, newSecret, newSecretId } from "./credentials/secret.ts";
import { clearSessionCookie, sessionSecretOf, setSessionCookie } from "./credentials/session-cookie.ts";
import { signInPage } from "./sign-in-page.ts";

const credentials = z.object({ token: z.string().trim().min(1) });

export const sessionRoutes = new Hono<Door>();

/** Who one is: `{"account":"alice","endsAtMs":null,"isSession":true}`. */
sessionRoutes.get("/session", authenticate, (context) => {
  const { account, credential, endsAtMs } = context.get("caller");
  context.header("cache-control", "no-store");
  return context.json({ account: subjectOfAccount(account), endsAtMs, isSession: credential?.startsWith("session:") ?? false });
});

/** Any token that would do as a bearer, as a form's field or as JSON. Another site's page was turned away by its `Origin` already. */
sessionRoutes.post("/session", bodyLimit({ maxSize: accessLimits.bodyBytesMax }), async (context) => {
  const access = accessStub(context.env);
  const isForm = (context.req.header("content-type") ?? "").startsWith("application/x-www-form-urlencoded");
  if (!(await access.countSignIn(addressOf(context) ?? "this machine")))
    return refuseSignIn(context, { type: "tooManySignIns" }, isForm);
  const body = await (isForm ? context.req.parseBody() : context.req.json()).catch(() => null);
  const parsed = credentials.safeParse(body);
  if (!parsed.success) return refuseSignIn(context, { type: "missing" }, isForm);
  const nowMs = Date.now();
  const identified = await identifyByBearer(parsed.data.token, context.get("settings"), context.env, nowMs);
  if ("failure" in identified) return refuseSignIn(context, identified.failure, isForm);

  const { account, credential, endsAtMs: credentialEndsAtMs } = identified.caller;
  const endsAtMs = Math.min(nowMs + accessLimits.sessionLifetimeMs, credentialEndsAtMs ?? Number.POSITIVE_INFINITY);
  const secret = newSecret();
  const session = { id: newSecretId(), hash: await hashOf(secret), account, parent: credential, endsAtMs };
  if (!(await access.openSession(session))) return refuseSignIn(context, { type: "invalidToken" }, isForm);
  setSessionCookie(context, secret, { endsAtMs, nowMs });
  context.header("cache-control", "no-store");
  return isForm ? context.redirect("/", 303) : context.body(null, 204);
});

/** Ends the session and closes its sockets. Who has none is signed out already. */
sessionRoutes.delete("/session", async (context) => {
  // Like everything that a cookie alone may do: only for a page that says which it is.
  if (context.req.header("origin") === undefined) return context.body(null, 403);
  const secret = sessionSecretOf(context);
  if (secret !== null) await accessStub(context.env).closeSession(await hashOf(secret));
  clearSessionCookie(context);
  return context.body(null, 204);
});

/** Ends every session of the account, on whichever device, and closes their sockets. Tokens are the operator's, and stay. */
sessionRoutes.delete("/sessions", authenticate, async (context) => {
  await accessStub(context.env).closeSessionsOf(context.get("caller").account);
  clearSessionCookie(context);
  return context.body(null, 204);
});

function refuseSignIn(context: Context<Door>, failure: Failure, isForm: boolean): Response | Promise<Response> {
  if (!isForm) return refuse(context, failure);
  if (failure.type === "tooManySignIns") {
    context.header("retry-after", String(accessLimits.signInWindowMs / 1000));
    return signInPage(context, { status: 429, message: whatTheWorldMayLearn(failure).text });
  }
  return signInPage(context, { status: 401, message: "This token is not valid." });
}
