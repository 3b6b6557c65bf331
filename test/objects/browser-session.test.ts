import { expect, test } from "vitest";
import { accessLimits } from "#core/limits";
import { Client } from "./client.ts";
import { type Asked, answerOf, ask, tokenFor } from "./front-door.ts";
import { story } from "./story.ts";

const upgrade = { Upgrade: "websocket" };
const own = "https://spindle.example";
const closed = { SPINDLE_TOKEN: "secret" };
const form = { "Content-Type": "application/x-www-form-urlencoded" };
let addresses = 0;

const at = (path: string, asked: Asked = {}) => ask(path, { host: own, environment: closed, ...asked });

/** Each from an address of its own, so that nobody is held back for another. */
function signIn(token: string, asked: Asked = {}): Promise<Response> {
  addresses += 1;
  const headers = { Origin: own, "Cf-Connecting-Ip": `203.0.113.${addresses}`, ...asked.headers };
  return at("/session", { method: "POST", body: JSON.stringify({ token }), ...asked, headers });
}

/** `name=value`, as a browser sends it back. */
function cookieOf(response: Response): string {
  return (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
}

test("signing in gives a cookie that only this site's pages can use", async () => {
  const response = await signIn("secret");
  expect(response.status).toBe(204);
  expect(response.headers.get("set-cookie")).toMatch(
    /^__Host-spindle-session=[A-Za-z0-9_-]{43}; Max-Age=60[0-9]{4}; Path=\/; HttpOnly; Secure; SameSite=Strict$/,
  );
  const Cookie = cookieOf(response);
  const come = async (headers: Record<string, string>) => answerOf(await at("/", { headers: { ...upgrade, ...headers } }));
  expect(await come({ Cookie, Origin: own })).toEqual([101, ""]);
  expect(await come({ Cookie, Origin: "https://evil.example" })).toEqual([403, ""]);
  expect(await come({ Cookie })).toEqual([401, "missing websocket bearer token"]);
  expect(await come({ Cookie: `${Cookie.slice(0, -1)}!`, Origin: own })).toEqual([401, "missing websocket bearer token"]);
  expect(await come({ Cookie: Cookie.replace("__Host-", ""), Origin: own })).toEqual([401, "missing websocket bearer token"]);
  const session = await at("/session", { headers: { Cookie } });
  expect(await session.json()).toEqual({ account: "local", endsAtMs: expect.any(Number), isSession: true });
});

test("without TLS, as on this machine, the cookie is not bound to TLS", async () => {
  const response = await signIn("secret", { host: "127.0.0.1:8787", headers: { Origin: "http://127.0.0.1:8787" } });
  expect(response.headers.get("set-cookie")).toMatch(/^spindle-session=[^;]+; Max-Age=\d+; Path=\/; HttpOnly; SameSite=Strict$/);
});

test("a person without a credential gets a page to sign in on, that needs no script; everybody else gets the text", async () => {
  const page = await at("/", { headers: { Accept: "text/html,*/*" } });
  const text = await page.text();
  expect([page.status, page.headers.get("content-type")]).toEqual([401, "text/html; charset=UTF-8"]);
  expect(text).toContain('<form method="post" action="/session">');
  expect(text).toContain('<label for="token">');
  expect(text).not.toMatch(/<script|style=|\son\w+=/);
  expect(page.headers.get("cache-control")).toBe("no-store");
  expect(await answerOf(await at("/"))).toEqual([401, "missing websocket bearer token"]);
  expect(await answerOf(await at("/", { headers: { Accept: "text/html", ...upgrade } }))).toEqual([
    401,
    "missing websocket bearer token",
  ]);
  // Without a build there is no such file; with one it is everybody's.
  expect((await at("/sign-in.css")).status).not.toBe(401);
  // A browser asks for these by itself, also where the session has ended.
  for (const path of ["/service-worker.js", "/manifest.webmanifest", "/icon-512.png"]) {
    expect((await at(path)).status, path).not.toBe(401);
  }
  expect((await at("/index.html")).status).toBe(401);
});

test("the form signs in, and says so when it does not", async () => {
  const good = await signIn("", { headers: { ...form }, body: "token=secret" });
  expect([good.status, good.headers.get("location")]).toEqual([303, "/"]);
  expect(cookieOf(good)).not.toBe("");
  const page = await at("/session", { headers: { Cookie: cookieOf(good) } });
  expect(page.status).toBe(200);
  const bad = await signIn("", { headers: { ...form }, body: "token=wrong%22%3E%3Cscript%3E" });
  const text = await bad.text();
  expect([bad.status, bad.headers.get("set-cookie")]).toEqual([401, null]);
  expect(text).toContain('role="alert">This token is not valid.');
  expect(text).not.toContain("<script");
});

test("what is wrong at the sign-in is told as on an upgrade, and sets no cookie", async () => {
  const cases: [body: string, status: number, text: string][] = [
    [JSON.stringify({ token: "wrong" }), 401, "invalid websocket bearer token"],
    [JSON.stringify({ token: " " }), 401, "missing websocket bearer token"],
    [JSON.stringify({}), 401, "missing websocket bearer token"],
    ["not json", 401, "missing websocket bearer token"],
    [JSON.stringify({ token: "x".repeat(accessLimits.bodyBytesMax) }), 413, "Payload Too Large"],
  ];
  for (const [body, status, text] of cases) {
    const response = await signIn("", { body });
    expect([response.status, await response.text(), response.headers.get("set-cookie")]).toEqual([status, text, null]);
  }
});

test("another site's page can neither sign in nor sign out for somebody", async () => {
  const Cookie = cookieOf(await signIn("secret"));
  for (const Origin of ["https://evil.example", "null"]) {
    expect((await signIn("secret", { headers: { Origin } })).status).toBe(403);
    expect((await at("/session", { method: "DELETE", headers: { Cookie, Origin } })).status).toBe(403);
  }
  expect((await at("/session", { method: "DELETE", headers: { Cookie } })).status).toBe(403);
  expect((await at("/session", { headers: { Cookie } })).status).toBe(200);
});

test("ten attempts a minute from one address, and the eleventh waits even if it is right", async () => {
  const headers = { "Cf-Connecting-Ip": "2001:db8:1:2:3::4" };
  for (let attempt = 0; attempt < accessLimits.signInsMax; attempt += 1) {
    expect((await signIn("wrong", { headers })).status).toBe(401);
  }
  const neighbour = { "Cf-Connecting-Ip": "2001:db8:1:2::9" };
  const late = await signIn("secret", { headers: neighbour });
  expect([late.status, late.headers.get("retry-after"), await late.text()]).toEqual([
    429,
    "60",
    "too many attempts to sign in; try again in a minute",
  ]);
  expect((await signIn("secret", { headers: { "Cf-Connecting-Ip": "2001:db8:1:3::9" } })).status).toBe(204);
});

story("signing out closes the session's sockets", async ({ connect, sleep }) => {
  const Cookie = cookieOf(await signIn("secret"));
  const headers = { Cookie, Origin: "http://127.0.0.1:8787" };
  const local = { Cookie: Cookie.replace("__Host-", ""), Origin: "http://127.0.0.1:8787" };
  const client = await connect({ headers: local, environment: closed });
  const other = await connect({ headers: { Authorization: "Bearer secret" }, environment: closed });
  await sleep();
  const response = await at("/session", { method: "DELETE", headers: { ...headers, Origin: own } });
  expect(response.status).toBe(204);
  expect(response.headers.get("set-cookie")).toMatch(/^__Host-spindle-session=; Max-Age=0; Path=\/; Secure$/);
  expect((await client.untilClosed()).code).toBe(4401);
  expect(await answerOf(await at("/", { headers: { ...upgrade, Cookie, Origin: own } }))).toEqual([
    401,
    "missing websocket bearer token",
  ]);
  await other.request("thread/list", {});
});

story(
  "signing out everywhere ends every session of the account and its sockets, and nobody else's",
  async ({ connect, sleep }) => {
    const { token } = await tokenFor("alice");
    const stranger = await tokenFor("bob");
    const [one = "", other = "", bob = ""] = (await Promise.all([token, token, stranger.token].map((each) => signIn(each)))).map(
      cookieOf,
    );
    const local = (Cookie: string) => ({ Cookie: Cookie.replace("__Host-", ""), Origin: "http://127.0.0.1:8787" });
    const lost = await connect({ headers: local(other), environment: closed });
    const byToken = await connect({ headers: { Authorization: `Bearer ${token}` }, environment: closed });
    const bobs = await connect({ headers: local(bob), environment: closed });
    await sleep();
    // Neither another origin's page, nor a request of which nobody knows the page, nor somebody without a session.
    for (const [headers, status] of [
      [{ Cookie: one, Origin: "https://evil.example" }, 403],
      [{ Cookie: one }, 401],
      [{ Origin: own }, 401],
    ] as const) {
      expect((await at("/sessions", { method: "DELETE", headers })).status).toBe(status);
    }
    expect((await at("/session", { headers: { Cookie: one } })).status).toBe(200);
    const response = await at("/sessions", { method: "DELETE", headers: { Cookie: one, Origin: own } });
    expect(response.status).toBe(204);
    expect(response.headers.get("set-cookie")).toMatch(/^__Host-spindle-session=; Max-Age=0; Path=\/; Secure$/);
    expect((await lost.untilClosed()).code).toBe(4401);
    for (const Cookie of [one, other]) {
      expect((await at("/session", { headers: { Cookie } })).status).toBe(401);
      expect((await at("/", { headers: { ...upgrade, Cookie, Origin: own } })).status).toBe(401);
    }
    expect((await at("/session", { headers: { Cookie: bob } })).status).toBe(200);
    for (const client of [byToken, bobs]) await client.request("thread/list", {});
    expect((await signIn(token)).status).toBe(204);
  },
);

test("a page of another origin can do nothing with somebody's cookie: neither a form, nor a fetch, nor a socket", async () => {
  const Cookie = cookieOf(await signIn("secret"));
  const threadId = "00000000-0000-7000-8000-000000000000";
  for (const Origin of ["https://evil.example", "http://spindle.example", "https://spindle.example:444", "null"]) {
    const headers = { Cookie, Origin };
    for (const [path, asked] of [
      ["/", { headers: { ...upgrade, ...headers } }],
      [`/threads/${threadId}`, { headers: { ...upgrade, ...headers } }],
      ["/", { headers }],
      ["/session", { headers }],
      ["/session", { method: "POST", headers: { ...form, ...headers }, body: "token=secret" }],
      ["/session", { method: "POST", headers: { "Content-Type": "text/plain", ...headers }, body: '{"token":"secret"}' }],
      ["/session", { method: "DELETE", headers }],
      ["/sessions", { method: "DELETE", headers }],
      ["/tokens", { method: "POST", headers, body: '{"account":"alice"}' }],
      ["/session", { method: "OPTIONS", headers: { ...headers, "Access-Control-Request-Method": "DELETE" } }],
    ] satisfies [string, Asked][]) {
      const response = await at(path, asked);
      expect([response.status, await response.text(), response.headers.get("set-cookie")], `${Origin} ${path}`).toEqual([
        403,
        "",
        null,
      ]);
      const allowed = [...response.headers.keys()].filter((name) => name.startsWith("access-control"));
      expect(allowed).toEqual([]);
    }
  }
  expect((await at("/session", { headers: { Cookie } })).status).toBe(200);
});

test("nothing happens by a GET that a link or an image could ask for", async () => {
  const Cookie = cookieOf(await signIn("secret"));
  const open = { environment: {} };
  for (const path of ["/session", "/sessions", "/tokens", "/tokens/x", "/", "/session?token=wrong&_method=DELETE"]) {
    const response = await at(path, { headers: { Cookie } });
    expect(response.headers.get("set-cookie"), path).toBeNull();
  }
  expect((await at("/session", { headers: { Cookie } })).status).toBe(200);
  // Where nothing is asked for, this machine may do everything, but not a page of another origin that runs on it.
  const made = await ask("/tokens", {
    ...open,
    method: "POST",
    headers: { Origin: "https://evil.example", "Content-Type": "text/plain" },
    body: '{"account":"alice"}',
  });
  expect([made.status, await made.text()]).toEqual([403, ""]);
});

test("a session ends with the token it was opened with", async () => {
  const { id, token } = await tokenFor("alice");
  const Cookie = cookieOf(await signIn(token));
  const client = await Client.connect({
    headers: { Cookie: Cookie.replace("__Host-", ""), Origin: "http://127.0.0.1:8787" },
    environment: closed,
  });
  await ask(`/tokens/${id}`, { method: "DELETE" });
  expect((await client.untilClosed()).code).toBe(4401);
  expect((await at("/session", { headers: { Cookie } })).status).toBe(401);
});

test("a session does not outlive the operator's change of the key it was opened with", async () => {
  const Cookie = cookieOf(await signIn("secret"));
  const changed = { SPINDLE_TOKEN: "another" };
  expect((await at("/session", { headers: { Cookie } })).status).toBe(200);
  expect((await at("/session", { headers: { Cookie }, environment: changed })).status).toBe(401);
});
