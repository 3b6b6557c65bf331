/** How often somebody may knock at the front door, from where and as whom. */
import { expect, test } from "vitest";
import { answerOf, ask, headersFor } from "./front-door.ts";

/** Nothing is open: everybody shows something. */
const locked = {
  SPINDLE_OPERATOR_TOKEN: "an operator's token of thirty-two bytes",
  SPINDLE_METRICS_TOKEN: "a scraper's token of thirty-two bytes",
};
const host = "https://spindle.example";
const socket = { Upgrade: "websocket" };
type Headers = Record<string, string>;

/** A counter that says no, and remembers whom it counted. */
function full(): RateLimit & { keys: string[] } {
  const keys: string[] = [];
  return {
    keys,
    limit: async ({ key }) => {
      keys.push(key);
      return { success: false };
    },
  };
}

async function knock(
  headers: Headers,
  { path = "/session", method = "GET", environment = {} } = {},
): Promise<[number, string | null]> {
  const response = await ask(path, { method, headers, host, environment: { ...locked, ...environment } });
  const [status] = await answerOf(response);
  return [status, response.headers.get("retry-after")];
}

test("wrong credentials of one address are refused by 429 after a while, on every door, and good ones still come in", async () => {
  const from = { "cf-connecting-ip": "203.0.113.7" };
  const wrong = { ...from, Authorization: "Bearer spt_wrong" };
  const statuses: number[] = [];
  for (let attempt = 0; attempt < 70; attempt++) statuses.push((await knock({ ...wrong, ...socket }, { path: "/" }))[0]);
  expect(new Set(statuses.slice(0, 60))).toEqual(new Set([401]));
  expect(new Set(statuses.slice(60))).toEqual(new Set([429]));
  const doors: [method: string, path: string, headers: Headers][] = [
    ["GET", "/", socket],
    ["GET", "/threads/01a1ff62-f00b-70e0-a26f-e8cd32bf4ec2", socket],
    ["GET", "/session", {}],
    ["GET", "/", { accept: "text/html" }],
    ["GET", "/tokens", {}],
    ["GET", "/flags?account=alice", {}],
    ["GET", "/metrics", {}],
    ["DELETE", "/sessions", {}],
  ];
  for (const [method, path, headers] of doors) {
    expect([path, ...(await knock({ ...wrong, ...headers }, { method, path }))]).toEqual([path, 429, "60"]);
  }
  expect(await knock({ ...from, ...(await headersFor("alice")), ...socket }, { path: "/" })).toEqual([101, null]);
  // Another address has a count of its own.
  expect(await knock({ ...wrong, "cf-connecting-ip": "203.0.113.8" })).toEqual([401, null]);
});

test("an address that knocks too often is refused before its credential is looked at, and health is answered", async () => {
  const REQUESTS_BY_ADDRESS = full();
  const environment = { ...locked, REQUESTS_BY_ADDRESS };
  const headers = { "cf-connecting-ip": "2001:db8:1:2:3:4:5:6", ...(await headersFor("alice")) };
  const answer = await ask("/session", { headers, environment, host });
  expect([answer.status, await answer.text()]).toEqual([429, "too many requests of this address; try again in a minute"]);
  expect(await knock({ ...headers, ...socket }, { path: "/", environment })).toEqual([429, "60"]);
  // A network of IPv6 is one address.
  expect(REQUESTS_BY_ADDRESS.keys).toEqual(["2001:db8:1:2", "2001:db8:1:2"]);
  expect(await knock(headers, { path: "/healthz", environment })).toEqual([200, null]);
});

test("an account that comes too often is refused by its own name", async () => {
  const REQUESTS_BY_ACCOUNT = full();
  const environment = { ...locked, REQUESTS_BY_ACCOUNT };
  const headers = { "cf-connecting-ip": "203.0.113.9", ...(await headersFor("alice")) };
  const answer = await ask("/", { headers: { ...headers, ...socket }, environment, host });
  expect([answer.status, await answer.text()]).toEqual([429, "too many requests of this account; try again in a minute"]);
  expect(REQUESTS_BY_ACCOUNT.keys).toEqual([expect.stringContaining("alice")]);
});

test("this machine is not limited, nor is anybody where the platform has no counters or they are away", async () => {
  const REQUESTS_BY_ADDRESS = full();
  expect((await ask("/session", { environment: { REQUESTS_BY_ADDRESS } })).status).toBe(200);
  expect(REQUESTS_BY_ADDRESS.keys).toEqual([]);
  const headers = { "cf-connecting-ip": "203.0.113.10", ...(await headersFor("alice")) };
  const away = { limit: () => Promise.reject(new Error("the counters are away")) };
  for (const counter of [undefined, away]) {
    expect(await knock(headers, { environment: { REQUESTS_BY_ADDRESS: counter } })).toEqual([200, null]);
  }
});
