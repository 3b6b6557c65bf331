import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { SignJWT } from "jose";
import { afterEach, expect, inject, test, vi } from "vitest";
import type { AccessRegister } from "#access/register";
import { accessLimits } from "#core/limits";
import { accessStub, connectionStub, type Environment } from "../../durable-objects/environment.ts";
import { Client } from "./client.ts";
import { answerOf, ask, headersFor, tokenFor } from "./front-door.ts";
import { environment, story } from "./story.ts";

const upgrade = { Upgrade: "websocket" };
const secret = "0123456789abcdef0123456789abcdef";
const operator = "fedcba9876543210fedcba9876543210";
const own = "https://spindle.example";
const jwtEnvironment = { SPINDLE_JWT_SECRET: secret, SPINDLE_JWT_ISSUER: "issuer", SPINDLE_JWT_AUDIENCE: "spindle" };
const seconds = () => Math.floor(Date.now() / 1000);
const claims = (more: object = {}) => ({ sub: "alice", exp: seconds() + 3600, iss: "issuer", aud: "spindle", ...more });
const sign = (body: object, key = secret) =>
  new SignJWT({ ...body }).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(key));
const bearer = (token: string) => ({ Authorization: `Bearer ${token}` });

afterEach(() => {
  vi.useRealTimers();
});

/** From now on every object's clock is this far ahead. */
function later(durationMs: number): void {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + durationMs });
}

test("a signed bearer comes in, and each fault of one is told in the real server's words", async () => {
  const none = `${btoa('{"alg":"none"}').replace(/=+$/, "")}.${btoa(JSON.stringify(claims())).replace(/=+$/, "")}.`;
  const cases: [Record<string, string>, number, string][] = [
    [bearer(await sign(claims())), 101, ""],
    [{}, 401, "missing websocket bearer token"],
    [{ Authorization: "Basic YTpi" }, 401, "invalid authorization header"],
    [bearer(none), 401, "invalid websocket jwt"],
    [bearer("garbage"), 401, "invalid websocket jwt"],
    [bearer(await sign(claims(), `${secret}x`)), 401, "invalid websocket jwt"],
    [bearer(await sign(claims({ exp: undefined }))), 401, "invalid websocket jwt"],
    [bearer(await sign(claims({ sub: undefined }))), 401, "invalid websocket jwt"],
    [bearer(await sign(claims({ exp: seconds() - 60 }))), 401, "expired websocket jwt"],
    [bearer(await sign(claims({ exp: seconds() - 20 }))), 101, ""],
    [bearer(await sign(claims({ nbf: seconds() + 60 }))), 401, "websocket jwt is not valid yet"],
    [bearer(await sign(claims({ iss: "other" }))), 401, "websocket jwt issuer mismatch"],
    [bearer(await sign(claims({ aud: "other" }))), 401, "websocket jwt audience mismatch"],
    [bearer(`spindle_${"0".repeat(16)}_${"A".repeat(43)}`), 401, "invalid websocket bearer token"],
  ];
  for (const [headers, status, text] of cases) {
    const response = await ask("/", { host: own, headers: { ...upgrade, ...headers }, environment: jwtEnvironment });
    expect(await answerOf(response)).toEqual([status, text]);
  }
});

test("a token in the query is as if it were not there", async () => {
  const { token } = await tokenFor("alice");
  const jwt = await sign(claims());
  const paths = [`/?token=${token}`, `/?access_token=${token}`, `/?authorization=Bearer%20${token}`, `/?jwt=${jwt}`, `/${token}`];
  for (const path of paths) {
    const response = await ask(path, { host: own, headers: upgrade, environment: jwtEnvironment });
    expect(await answerOf(response), path).toEqual([401, "missing websocket bearer token"]);
  }
});

test("a wrong setting closes every door but health, and tells strangers nothing", async () => {
  const broken = { SPINDLE_JWT_SECRET: "short" };
  expect(await answerOf(await ask("/", { headers: upgrade, environment: broken }))).toEqual([
    500,
    "this server's credentials are configured wrongly; its log says how",
  ]);
  expect((await ask("/healthz", { environment: broken })).status).toBe(200);
});

test("the token's subject is the account: two subjects do not see each other's threads, two tokens of one do", async () => {
  const alice = await Client.connect({ headers: await headersFor("alice/1") });
  const threadId = await alice.startThread();
  await alice.turn("say hi");
  const again = await Client.connect({ headers: await headersFor("alice/1") });
  const jwt = await sign(claims({ sub: "alice/1" }));
  const signed = await Client.connect({ headers: bearer(jwt), environment: jwtEnvironment });
  for (const client of [again, signed]) expect((await client.request("thread/read", { threadId })).thread.id).toBe(threadId);
  for (const subject of ["alice", "Alice/1", "alice%2F1", "local"]) {
    const other = await Client.connect({ headers: await headersFor(subject) });
    expect(await other.refusal("thread/read", { threadId }), subject).toBe(`-32600 thread not loaded: ${threadId}`);
    other.close();
  }
  for (const client of [alice, again, signed]) client.close();
});

test("the longest subject there may be has objects like any other", async () => {
  const client = await Client.connect({ headers: await headersFor("/".repeat(accessLimits.subjectBytesMax)) });
  const threadId = await client.startThread();
  const direct = await Client.connect({
    path: `/threads/${threadId}`,
    headers: await headersFor("/".repeat(accessLimits.subjectBytesMax)),
  });
  expect((await direct.resume(threadId)).error).toBeUndefined();
  client.close();
  direct.close();
});

test("the objects believe only the front door about how somebody came in", async () => {
  const forged = { "x-spindle-admission": JSON.stringify({ credential: null, endsAtMs: null }) };
  const { id, token } = await tokenFor("alice");
  const client = await Client.connect({ headers: { ...bearer(token), ...forged } });
  await accessStub(environment).revokeToken(id);
  expect((await client.untilClosed()).code).toBe(4401);
});

story("a revoked token's sockets are closed, shared and direct, and nobody else's", async ({ connect, sleep }) => {
  const { id, token } = await tokenFor("alice");
  const shared = await connect({ headers: bearer(token) });
  const threadId = await shared.startThread();
  const direct = await connect({ headers: bearer(token), path: `/threads/${threadId}` });
  await direct.resume(threadId);
  const other = await connect({ headers: await headersFor("alice") });
  await other.resume(threadId);
  await sleep();
  expect((await ask(`/tokens/${id}`, { method: "DELETE" })).status).toBe(204);
  const ended = { code: 4401, reason: "the credential of this connection ended" };
  expect([await shared.untilClosed(), await direct.untilClosed()]).toEqual([ended, ended]);
  await sleep();
  for (const path of ["/", `/threads/${threadId}`]) {
    const response = await ask(path, { headers: { ...upgrade, ...bearer(token) } });
    expect(await answerOf(response)).toEqual([401, "invalid websocket bearer token"]);
  }
  await other.turn("say still here");
  expect(other.closed).toBeNull();
  const heard = shared.frames.length + direct.frames.length;
  expect(shared.frames.concat(direct.frames).filter(({ method }) => method === "turn/started")).toEqual([]);
  expect(shared.frames.length + direct.frames.length).toBe(heard);
});

test("sockets that could not be reached keep nobody waiting, and are closed by the alarm", async () => {
  const access = accessStub(environment);
  const { id, token } = await tokenFor("alice");
  const unreachable = await Client.connect({ headers: bearer(token) });
  const reachable = await Client.connect({ headers: bearer(token) });
  await runInDurableObject(access, async (instance) => {
    const { env } = instance as unknown as { env: Environment };
    const { CONNECTION } = env;
    let calls = 0;
    env.CONNECTION = new Proxy(CONNECTION, {
      get(target, member) {
        calls += member === "get" ? 1 : 0;
        if (member === "get" && calls === 1) throw new Error("it is being moved");
        const value = Reflect.get(target, member);
        return typeof value === "function" ? value.bind(target) : value;
      },
    });
    await instance.revokeToken(id);
    env.CONNECTION = CONNECTION;
  });
  const closed = () => [unreachable, reachable].filter((client) => client.closed !== null).length;
  await expect.poll(closed).toBe(1);
  const dueAtMs = await runInDurableObject(access, (_, { storage }) => storage.getAlarm());
  expect((dueAtMs ?? Number.POSITIVE_INFINITY) - Date.now()).toBeLessThanOrEqual(accessLimits.closeRetryPauseMs);
  later(accessLimits.closeRetryPauseMs);
  expect(await runDurableObjectAlarm(access)).toBe(true);
  await expect.poll(closed).toBe(2);
});

test("a revocation between the look at a token and the open socket is not missed", async () => {
  const { id, token } = await tokenFor("alice");
  const access = accessStub(environment);
  const restore = await runInDurableObject(access, (instance) => {
    const { register } = instance as unknown as { register: AccessRegister };
    const { findToken } = register;
    register.findToken = (hash, nowMs) => {
      const found = findToken.call(register, hash, nowMs);
      register.revokeToken(id, nowMs);
      return found;
    };
    return () => {
      register.findToken = findToken;
    };
  });
  const client = await Client.open({ headers: bearer(token) });
  await runInDurableObject(access, restore);
  expect((await client.untilClosed()).code).toBe(4401);
});

test("a client that does not take its end for one is not heard any more", async () => {
  const { id, token } = await tokenFor("deaf");
  const client = await Client.connect({ headers: bearer(token) });
  const rows = await runInDurableObject(accessStub(environment), (_, { storage }) =>
    storage.sql.exec<{ connection: string }>("SELECT connection FROM sockets WHERE credential = ?", `token:${id}`).toArray(),
  );
  const [{ connection = "" } = {}] = rows;
  await runInDurableObject(connectionStub(environment, connection), async (instance, state) => {
    const [socket] = state.getWebSockets();
    if (!socket) throw new Error("no socket");
    await instance.endSocket(connection);
    await instance.webSocketMessage(socket, JSON.stringify({ id: "late", method: "thread/start", params: {} }));
  });
  client.close();
  const again = await Client.connect({ headers: await headersFor("deaf") });
  expect(await again.request("thread/loaded/list", {})).toMatchObject({ data: [] });
  again.close();
});

test("a signed bearer's socket ends with the token: at the next message", async () => {
  const client = await Client.connect({ headers: bearer(await sign(claims())), environment: jwtEnvironment });
  expect(await client.request("thread/list", {})).toBeDefined();
  later(3_632_000);
  client.sendText(JSON.stringify({ id: "late", method: "thread/start", params: {} }));
  expect((await client.untilClosed()).code).toBe(4401);
  expect(client.frames.filter(({ id }) => id === "late")).toEqual([]);
});

test("a signed bearer's socket ends with the token: at the next frame", async () => {
  const jwt = await sign(claims({ sub: "hearer" }));
  const client = await Client.connect({ headers: bearer(jwt), environment: jwtEnvironment });
  const threadId = await client.startThread();
  const other = await Client.connect({ headers: await headersFor("hearer") });
  await other.resume(threadId);
  later(3_632_000);
  const heard = client.frames.length;
  await other.turn("say secret");
  expect((await client.untilClosed()).code).toBe(4401);
  expect(client.frames.slice(heard)).toEqual([]);
  other.close();
});

story("a signed bearer's socket ends with the token: by itself", async ({ connect, sleep }) => {
  const client = await connect({ headers: bearer(await sign(claims())), environment: jwtEnvironment });
  await sleep();
  later(3_632_000);
  await runDurableObjectAlarm(accessStub(environment));
  expect((await client.untilClosed()).code).toBe(4401);
});

test("a token that expires closes its sockets too", async () => {
  const { token } = await tokenFor("alice", Date.now() + 1_000_000);
  const client = await Client.connect({ headers: bearer(token) });
  later(1_000_001);
  await runDurableObjectAlarm(accessStub(environment));
  expect((await client.untilClosed()).code).toBe(4401);
  expect(await answerOf(await ask("/", { headers: { ...upgrade, ...bearer(token) } }))).toEqual([
    401,
    "invalid websocket bearer token",
  ]);
});

test("a socket that its client closed is forgotten", async () => {
  const { id, token } = await tokenFor("alice");
  const client = await Client.connect({ headers: bearer(token) });
  const held = () =>
    runInDurableObject(
      accessStub(environment),
      (_, { storage }) => storage.sql.exec("SELECT 1 FROM sockets WHERE credential = ?", `token:${id}`).toArray().length,
    );
  expect(await held()).toBe(1);
  client.close();
  await expect.poll(held).toBe(0);
});

test("Cloudflare Access vouches in its own header or as a bearer, by the keys of the team's domain", async () => {
  const keyServer = inject("keyServer");
  const team = { SPINDLE_ACCESS_TEAM_DOMAIN: keyServer, SPINDLE_ACCESS_AUDIENCE: "app" };
  const assertion = async (more: object = {}) => {
    const body = { sub: "person", exp: seconds() + 60, iss: keyServer, aud: ["app"], ...more };
    return (await fetch(keyServer, { method: "POST", body: JSON.stringify(body) })).text();
  };
  const good = await assertion();
  const cases: [Record<string, string>, number, string][] = [
    [{ "Cf-Access-Jwt-Assertion": good }, 101, ""],
    [bearer(good), 101, ""],
    [{}, 401, "missing websocket bearer token"],
    [{ "Cf-Access-Jwt-Assertion": await assertion({ aud: ["other"] }) }, 401, "websocket jwt audience mismatch"],
    [{ "Cf-Access-Jwt-Assertion": await assertion({ iss: "https://evil.example" }) }, 401, "websocket jwt issuer mismatch"],
    [{ "Cf-Access-Jwt-Assertion": await assertion({ exp: seconds() - 60 }) }, 401, "expired websocket jwt"],
    [{ "Cf-Access-Jwt-Assertion": `${good.slice(0, -6)}AAAAAA` }, 401, "invalid websocket jwt"],
    [{ "Cf-Access-Jwt-Assertion": await sign({ sub: "person", iss: keyServer, aud: "app" }) }, 401, "invalid websocket jwt"],
    // A bearer that is shown and wrong is not made good by what stands beside it.
    [{ "Cf-Access-Jwt-Assertion": good, ...bearer("wrong") }, 401, "invalid websocket bearer token"],
  ];
  for (const [headers, status, text] of cases) {
    const response = await ask("/", { host: own, headers: { ...upgrade, ...headers }, environment: team });
    expect(await answerOf(response)).toEqual([status, text]);
  }
  const without = await ask("/", {
    host: own,
    headers: { ...upgrade, "Cf-Access-Jwt-Assertion": good },
    environment: jwtEnvironment,
  });
  expect(await answerOf(without)).toEqual([401, "missing websocket bearer token"]);
  const elsewhere = { ...team, SPINDLE_ACCESS_TEAM_DOMAIN: "http://127.0.0.1:9" };
  const unreachable = await ask("/", { host: own, headers: { ...upgrade, ...bearer(good) }, environment: elsewhere });
  expect(unreachable.status).toBe(503);
});

test("other origins come in only when the operator allows them", async () => {
  const allowed = { ...jwtEnvironment, SPINDLE_ALLOWED_ORIGINS: "https://app.example, https://other.example:8443" };
  const jwt = await sign(claims());
  const from = async (origin: string, path = "/", settings: object = allowed) => {
    const headers = { ...upgrade, ...bearer(jwt), Origin: origin };
    return answerOf(await ask(path, { host: own, headers, environment: settings }));
  };
  for (const origin of [own, "https://app.example", "https://other.example:8443"]) expect(await from(origin)).toEqual([101, ""]);
  for (const origin of [
    "https://evil.example",
    "http://app.example",
    "https://other.example",
    "https://app.example.evil",
    "null",
    "",
  ]) {
    expect(await from(origin), origin).toEqual([403, ""]);
    expect(await from(origin, "/threads/01a1fb3f-0000-7000-8000-000000000000"), origin).toEqual([403, ""]);
  }
  expect(await from("https://app.example", "/", jwtEnvironment)).toEqual([403, ""]);
});

test("tokens are the operator's: made, listed and revoked under a credential of their own", async () => {
  const closed = { SPINDLE_TOKEN: "secret", SPINDLE_OPERATOR_TOKEN: operator };
  const at = async (path: string, method: string, headers: Record<string, string>, body?: object) =>
    ask(path, { host: own, method, headers, environment: closed, ...(body ? { body: JSON.stringify(body) } : {}) });
  for (const headers of [{}, bearer("secret"), bearer(operator.slice(1)), bearer((await tokenFor("alice")).token)]) {
    expect((await at("/tokens", "GET", headers)).status).toBe(401);
    expect((await at("/tokens", "POST", headers, { account: "alice" })).status).toBe(401);
    expect((await at("/tokens/x", "DELETE", headers)).status).toBe(401);
  }
  const made = await at("/tokens", "POST", bearer(operator), { account: "carol", label: "phone", expiresDays: 2 });
  expect(made.status).toBe(201);
  const { id, token } = await made.json<{ id: string; token: string }>();
  const listed = await (await at("/tokens", "GET", bearer(operator))).text();
  expect(JSON.parse(listed).data).toContainEqual(
    expect.objectContaining({ id, account: "carol", label: "phone", revokedAtMs: null }),
  );
  expect(listed).not.toContain(token.slice(-43));
  const client = await Client.connect({ headers: bearer(token), environment: closed });
  expect((await at(`/tokens/${id}`, "DELETE", bearer(operator))).status).toBe(204);
  expect((await client.untilClosed()).code).toBe(4401);
  expect((await at("/tokens/nobody", "DELETE", bearer(operator))).status).toBe(404);
  for (const body of [
    {},
    { account: "" },
    { account: "x".repeat(257) },
    { account: "a", expiresDays: 0 },
    { account: "a", label: "l".repeat(129) },
  ]) {
    expect((await at("/tokens", "POST", bearer(operator), body)).status, JSON.stringify(body).slice(0, 40)).toBe(400);
  }
  // It makes tokens and is none.
  const socket = await ask("/", { host: own, headers: { ...upgrade, ...bearer(operator) }, environment: closed });
  expect(await answerOf(socket)).toEqual([401, "invalid websocket bearer token"]);
  expect((await ask("/tokens", { host: own, headers: bearer("secret"), environment: { SPINDLE_TOKEN: "secret" } })).status).toBe(
    403,
  );
});

test("the first token of an open server neither locks this machine out nor lets another one in", async () => {
  const made = await ask("/tokens", { method: "POST", body: JSON.stringify({ account: "alice" }) });
  const { token } = await made.json<{ token: string }>();
  expect(await answerOf(await ask("/", { headers: upgrade }))).toEqual([101, ""]);
  expect(await answerOf(await ask("/", { headers: { ...upgrade, ...bearer(token) } }))).toEqual([101, ""]);
  for (const headers of [{ ...upgrade, ...bearer(token) }, { ...upgrade }, bearer(token)]) {
    expect((await ask("/", { host: own, headers })).status).toBe(403);
    expect((await ask("/tokens", { host: own, headers: bearer(token) })).status).toBe(403);
  }
  expect((await ask("/tokens", { headers: { Origin: "https://evil.example" } })).status).toBe(403);
  expect(await answerOf(await ask("/", { headers: { ...upgrade, ...bearer(`${token.slice(0, -1)}!`) } }))).toEqual([101, ""]);
});

test("a machine name that is not this one's is refused where nothing is asked for, on every path", async () => {
  for (const path of ["/", "/tokens", "/session", "/sign-in.css", "/threads/x"]) {
    expect((await ask(path, { host: "192.168.1.5:8787" })).status, path).toBe(403);
  }
});
