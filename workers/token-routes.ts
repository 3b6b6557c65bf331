/** The operator's doors: making, listing and revoking tokens. `npm run token` knocks here. */
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import * as z from "zod";
import type { TokenRecord } from "#access/register";
import { accessLimits } from "#core/limits";
import { accessStub } from "../durable-objects/environment.ts";
import { authenticateOperator, type Door } from "./authentication.ts";
import { accountOfSubject, subjectOfAccount } from "./credentials/account.ts";
import { newCapabilityToken } from "./credentials/capability-token.ts";
import { hashOf } from "./credentials/secret.ts";

/** Example: `{"account":"alice","label":"laptop","expiresDays":90}` */
const order = z.object({
  account: z.string(),
  label: z.string().max(accessLimits.tokenLabelCharactersMax).default(""),
  expiresDays: z.int().min(1).max(accessLimits.tokenDaysMax).nullish(),
});

export const tokenRoutes = new Hono<Door>();

tokenRoutes.get("/tokens", authenticateOperator, async (context) => {
  context.header("cache-control", "no-store");
  return context.json({ data: (await accessStub(context.env).listTokens()).map(shown) });
});

/** Answers the token itself, this once: only its hash is kept. */
tokenRoutes.post("/tokens", authenticateOperator, bodyLimit({ maxSize: accessLimits.bodyBytesMax }), async (context) => {
  const parsed = order.safeParse(await context.req.json().catch(() => null));
  if (!parsed.success) return context.text(z.prettifyError(parsed.error), 400);
  const account = accountOfSubject(parsed.data.account);
  if (account === null) return context.text(`an account has 1 to ${accessLimits.subjectBytesMax} bytes`, 400);
  const { label, expiresDays } = parsed.data;
  const { id, token } = newCapabilityToken();
  const expiresAtMs = expiresDays == null ? null : Date.now() + expiresDays * 24 * 60 * 60_000;
  const isMade = await accessStub(context.env).createToken({ id, hash: await hashOf(token), account, label, expiresAtMs });
  if (!isMade) return context.text(`there are ${accessLimits.tokensMax} tokens already; revoke one`, 409);
  context.header("cache-control", "no-store");
  return context.json({ id, token, account: parsed.data.account, label, expiresAtMs }, 201);
});

/** Takes effect at once for whoever comes; sockets that are open are closed before this answers, or within a minute. */
tokenRoutes.delete("/tokens/:id", authenticateOperator, async (context) => {
  const isKnown = await accessStub(context.env).revokeToken(context.req.param("id"));
  return isKnown ? context.body(null, 204) : context.text("no such token", 404);
});

function shown(record: TokenRecord): TokenRecord {
  return { ...record, account: subjectOfAccount(record.account) };
}
