/**
 * What a browser may do with an answer, by what the answer is: the web client, the page to sign in on, or anything else, of which nothing
 * is ever to be made.
 */
import type { Context, MiddlewareHandler } from "hono";

/** The web client runs its own script and nothing else, looks as its own files say, and talks to its own origin only. */
export const pageHeaders: MiddlewareHandler = async (context, next) => {
  await next();
  set(context, {
    ...forEveryAnswer,
    "content-security-policy": policy({ ...pagePolicy, "connect-src": `'self'${ownSockets(new URL(context.req.url))}` }),
    "permissions-policy": permissions,
  });
};

/** A form and a style sheet, no script at all. */
export const signInHeaders = {
  "content-security-policy": policy({
    "default-src": "'none'",
    "style-src": "'self'",
    "img-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",
    "trusted-types": "'none'",
  }),
  // With `no-referrer` browsers send a form with `Origin: null`, and the guard would turn it away.
  "referrer-policy": "same-origin",
};

/** Around every door: what is no page is data, and a browser that is led to it shows text. A socket has no headers that matter. */
export const answerHeaders: MiddlewareHandler = async (context, next) => {
  await next();
  if (context.res.webSocket) return;
  const { headers } = context.res;
  const missing = Object.entries({ ...forEveryAnswer, "content-security-policy": nothing, "permissions-policy": permissions });
  set(context, Object.fromEntries(missing.filter(([name]) => !headers.has(name))));
};

const forEveryAnswer = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  // No page of another origin gets hold of this one's window, or takes an answer into its own process.
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "origin-agent-cluster": "?1",
  // For browsers older than `frame-ancestors`.
  "x-frame-options": "DENY",
};

const nothing = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";

const pagePolicy = {
  "default-src": "'none'",
  "script-src": "'self'",
  "style-src": "'self'",
  // `blob:` shows an image of the workspace; an `<img>` runs nothing, also not what an SVG says.
  "img-src": "'self' blob:",
  "font-src": "'self'",
  "worker-src": "'self'",
  "manifest-src": "'self'",
  "frame-src": "'none'",
  "object-src": "'none'",
  "base-uri": "'none'",
  "form-action": "'none'",
  "frame-ancestors": "'none'",
  // Text never becomes script: what could do that takes only what this one policy made, which makes the service worker's address and nothing else.
  "require-trusted-types-for": "'script'",
  "trusted-types": "spindle",
};

/** What the page has no use for. */
const permissions = ["camera", "microphone", "geolocation", "payment", "usb", "serial", "hid", "midi", "display-capture"]
  .map((feature) => `${feature}=()`)
  .join(", ");

function policy(directives: Record<string, string>): string {
  return Object.entries(directives)
    .map(([name, value]) => `${name} ${value}`)
    .join("; ");
}

/**
 * For Safari `'self'` is no socket. A proxy may end TLS in front of us, so that the page's socket is `wss` where we see `http`. A host may
 * have signs in it that would end the directive; such a one is left out.
 */
function ownSockets({ protocol, host }: URL): string {
  if (!/^[\w.:[\]-]+$/.test(host)) return "";
  return protocol === "https:" ? ` wss://${host}` : ` ws://${host} wss://${host}`;
}

function set(context: Context, headers: Record<string, string>): void {
  for (const [name, value] of Object.entries(headers)) context.header(name, value);
}
