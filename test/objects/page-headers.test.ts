import { expect, test } from "vitest";
import { answerOf, ask, tokenFor } from "./front-door.ts";

const host = "https://spindle.example";
const upgrade = { Upgrade: "websocket" };
/** As the platform serves a build; its answers cannot be changed in place. */
const page = async () => Response.redirect("https://spindle.example/", 302);
const environment = { SPINDLE_TOKEN: "secret", ASSETS: { fetch: page } as unknown as Fetcher };
const bearer = { Authorization: "Bearer secret" };

const forEveryAnswer = {
  "x-content-type-options": "nosniff",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "x-frame-options": "DENY",
};
const nothing = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; sandbox";

function headersOf({ headers }: Response, names: string[]): Record<string, string | null> {
  return Object.fromEntries(names.map((name) => [name, headers.get(name)]));
}

/** `script-src` to `'self'`, and so on. */
function policyOf(response: Response): Record<string, string> {
  const directives = (response.headers.get("content-security-policy") ?? "").split("; ");
  return Object.fromEntries(directives.map((directive) => directive.split(/ (.*)/s).slice(0, 2)));
}

test("the web client runs its own script only, talks to its own origin only, and stands in no frame", async () => {
  for (const path of ["/", "/index.html", "/assets/talk.js", "/no/such/page"]) {
    const response = await ask(path, { host, headers: bearer, environment });
    expect(policyOf(response), path).toEqual({
      "default-src": "'none'",
      "script-src": "'self'",
      "style-src": "'self'",
      "img-src": "'self' blob:",
      "font-src": "'self'",
      "worker-src": "'self'",
      "manifest-src": "'self'",
      "frame-src": "'none'",
      "object-src": "'none'",
      "base-uri": "'none'",
      "form-action": "'none'",
      "frame-ancestors": "'none'",
      "require-trusted-types-for": "'script'",
      "trusted-types": "spindle",
      "connect-src": "'self' wss://spindle.example",
    });
    expect(headersOf(response, Object.keys(forEveryAnswer))).toEqual(forEveryAnswer);
    expect(response.headers.get("referrer-policy")).toBe("no-referrer");
    expect(response.headers.get("permissions-policy")).toContain("camera=(), microphone=(), geolocation=()");
  }
  for (const path of ["/sign-in.css", "/icon.svg"]) {
    expect(policyOf(await ask(path, { host, environment }))["script-src"], path).toBe("'self'");
  }
});

test("the sockets of the page's own host are named, behind a proxy that ends TLS too, and no other host can be smuggled in", async () => {
  const ASSETS = environment.ASSETS;
  const connect = async (asked: string) => policyOf(await ask("/", { host: asked, headers: bearer, environment }))["connect-src"];
  expect(await connect("http://[::1]:8787")).toBe("'self' ws://[::1]:8787 wss://[::1]:8787");
  expect(await connect("https://a;script-src$example")).toBe("'self'");
  const open = await ask("/", { environment: { ASSETS } });
  expect(policyOf(open)["connect-src"]).toBe("'self' ws://127.0.0.1:8787 wss://127.0.0.1:8787");
});

test("the page to sign in on has no script at all, not even a text that could become one", async () => {
  for (const response of [
    await ask("/", { host, environment, headers: { Accept: "text/html" } }),
    await ask("/session", {
      host,
      environment,
      method: "POST",
      headers: { "Content-Type": "application/x-www-form-urlencoded", Origin: host },
      body: "token=wrong",
    }),
  ]) {
    expect(response.status).toBe(401);
    expect(policyOf(response)).toEqual({
      "default-src": "'none'",
      "style-src": "'self'",
      "img-src": "'self'",
      "form-action": "'self'",
      "base-uri": "'none'",
      "frame-ancestors": "'none'",
      "require-trusted-types-for": "'script'",
      "trusted-types": "'none'",
    });
    expect(headersOf(response, Object.keys(forEveryAnswer))).toEqual(forEveryAnswer);
    // Else the browser itself would send the form with `Origin: null`, which is another origin.
    expect(response.headers.get("referrer-policy")).toBe("same-origin");
  }
});

test("of whatever else is answered nothing can be made: data, refusals, mistakes", async () => {
  const open = { ASSETS: environment.ASSETS };
  const threadId = "00000000-0000-7000-8000-000000000000";
  const answers: [name: string, status: number, response: Response][] = [
    ["health", 200, await ask("/healthz")],
    ["session", 200, await ask("/session", { host, headers: bearer, environment })],
    ["tokens", 200, await ask("/tokens", { environment: open })],
    ["no credential", 401, await ask("/", { host, environment })],
    ["another origin", 403, await ask("/", { host, environment, headers: { Origin: "https://evil.example" } })],
    ["another machine", 403, await ask("/", { host, environment: open })],
    ["no such thread", 404, await ask(`/threads/${threadId}`, { host, environment, headers: { ...bearer, ...upgrade } })],
    ["no such token", 404, await ask("/tokens/nobody", { method: "DELETE", environment: open })],
    ["wrong settings", 500, await ask("/", { environment: { SPINDLE_JWT_SECRET: "short" } })],
    ["a webhook", 404, await ask("/github/webhook", { method: "POST", body: "{}" })],
  ];
  for (const [name, status, response] of answers) {
    expect([response.status, response.headers.get("content-security-policy")], name).toEqual([status, nothing]);
    expect(headersOf(response, Object.keys(forEveryAnswer)), name).toEqual(forEveryAnswer);
  }
});

test("a socket opens as before", async () => {
  const { token } = await tokenFor("alice");
  const headers = { ...upgrade, Authorization: `Bearer ${token}` };
  expect(await answerOf(await ask("/", { host, headers, environment }))).toEqual([101, ""]);
});
