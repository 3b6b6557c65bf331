/** A browser cannot send a header with a WebSocket: it signs in once and has a cookie, of which the server keeps the hash. */
import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";

/** `__Host-` binds it to this very host and to TLS; this machine's own page has no TLS. */
const name = "spindle-session";

export function sessionSecretOf(context: Context): string | null {
  const secret = isSecure(context) ? getCookie(context, name, "host") : getCookie(context, name);
  return secret !== undefined && /^[A-Za-z0-9_-]{43}$/.test(secret) ? secret : null;
}

export function setSessionCookie(
  context: Context,
  secret: string,
  { endsAtMs, nowMs }: { endsAtMs: number; nowMs: number },
): void {
  const maxAge = Math.floor((endsAtMs - nowMs) / 1000);
  setCookie(context, name, secret, { ...attributes(context), maxAge });
}

export function clearSessionCookie(context: Context): void {
  deleteCookie(context, isSecure(context) ? `__Host-${name}` : name, { path: "/", secure: isSecure(context) });
}

/** Strict: no other site can make a browser send it, neither with a socket nor with a form. */
function attributes(context: Context) {
  const shared = { httpOnly: true, sameSite: "Strict", path: "/" } as const;
  return isSecure(context) ? ({ ...shared, secure: true, prefix: "host" } as const) : shared;
}

function isSecure(context: Context): boolean {
  return new URL(context.req.url).protocol === "https:";
}
