import { beforeEach, expect, test } from "vitest";
import { AccessRegister, createAccessSchema } from "#access/register";
import { accessLimits } from "#core/limits";
import type { Sql } from "#core/sql";
import { createSql } from "../support/sql.ts";

let sql: Sql;
let register: AccessRegister;
beforeEach(() => {
  ({ sql } = createSql());
  createAccessSchema(sql);
  register = new AccessRegister(sql);
});

const token = (id: string, more: { account?: string; expiresAtMs?: number } = {}) => ({
  id,
  hash: `hash of ${id}`,
  account: "alice",
  label: "",
  expiresAtMs: null,
  ...more,
});
const session = (id: string, more: { parent?: string; endsAtMs?: number; account?: string } = {}) => ({
  id,
  hash: `hash of ${id}`,
  account: "alice",
  parent: null,
  endsAtMs: 10_000,
  ...more,
});
const socket = (connection: string, threadName: string | null = null) => ({ account: "alice", connection, threadName });

test("a token vouches until it is revoked or expires, and is not found by another's hash", () => {
  register.createToken(token("a"), 0);
  register.createToken(token("b", { expiresAtMs: 100 }), 0);
  expect(register.findToken("hash of a", 1)).toEqual({ account: "alice", credential: "token:a", parent: null, endsAtMs: null });
  expect(register.findToken("hash of b", 99)).toMatchObject({ endsAtMs: 100 });
  expect(register.findToken("hash of b", 100)).toBeNull();
  expect(register.findToken("a", 1)).toBeNull();
  expect(register.revokeToken("a", 2)).toBe(true);
  expect(register.findToken("hash of a", 3)).toBeNull();
  expect(register.revokeToken("nobody's", 4)).toBe(false);
});

test("a list shows no hash, and when a token was used to about ten minutes", () => {
  register.createToken(token("a"), 0);
  const use = accessLimits.tokenUseIntervalMs;
  register.findToken("hash of a", use);
  register.findToken("hash of a", use + 1);
  expect(register.listTokens()).toEqual([
    { id: "a", account: "alice", label: "", createdAtMs: 0, expiresAtMs: null, lastUsedAtMs: use, revokedAtMs: null },
  ]);
});

test("dead tokens make room for new ones, living ones do not", () => {
  for (let index = 0; index < accessLimits.tokensMax; index += 1) register.createToken(token(`t${index}`), index);
  expect(register.createToken(token("one more"), 5_000)).toBe(false);
  register.revokeToken("t7", 5_000);
  expect(register.createToken(token("one more"), 5_001)).toBe(true);
  expect(register.listTokens()).toHaveLength(accessLimits.tokensMax);
  expect(register.listTokens().map(({ id }) => id)).not.toContain("t7");
});

test("a revocation ends the token's sessions, and makes the sockets of both due, and nobody else's", () => {
  register.createToken(token("a"), 0);
  register.createToken(token("b"), 0);
  register.openSession(session("s", { parent: "token:a" }), 1);
  const admission = (credential: string) => ({ credential, endsAtMs: null });
  expect(register.holdSocket(socket("by token"), admission("token:a"), 2)).toBe(true);
  expect(register.holdSocket(socket("by session", "alice/t"), admission("session:s"), 2)).toBe(true);
  expect(register.holdSocket(socket("of another"), admission("token:b"), 2)).toBe(true);
  expect(register.dueSockets(3)).toEqual([]);
  register.revokeToken("a", 3);
  expect(register.dueSockets(3)).toEqual([socket("by session", "alice/t"), socket("by token")]);
  expect(register.findSession("hash of s", 3)).toBeNull();
  expect(register.holdSocket(socket("late"), admission("token:a"), 4)).toBe(false);
  expect(register.holdSocket(socket("late"), admission("session:s"), 4)).toBe(false);
  register.releaseSocket("by token");
  register.releaseSocket("by session");
  expect([register.dueSockets(5), register.nextEndAtMs()]).toEqual([[], null]);
});

test("a session cannot be opened with a token that was revoked meanwhile", () => {
  register.createToken(token("a"), 0);
  register.revokeToken("a", 1);
  expect(register.openSession(session("s", { parent: "token:a" }), 2)).toBe(false);
});

test("a session ends by itself, by signing out, and when its account opens too many", () => {
  register.openSession(session("s"), 0);
  expect(register.findSession("hash of s", 9_999)).toMatchObject({ credential: "session:s", endsAtMs: 10_000 });
  expect(register.findSession("hash of s", 10_000)).toBeNull();
  register.closeSession("hash of s", 1);
  expect(register.findSession("hash of s", 1)).toBeNull();
  register.openSession(session("of bob", { account: "bob" }), 1);
  for (let index = 0; index <= accessLimits.sessionsPerAccountMax; index += 1)
    register.openSession(session(`s${index}`), 10 + index);
  expect(register.findSession("hash of s0", 100)).toBeNull();
  expect(register.findSession("hash of s1", 100)).not.toBeNull();
  expect(register.findSession("hash of of bob", 100)).not.toBeNull();
});

test("a socket is due when its credential expires, and the oldest when there are too many of one", () => {
  const jwt = { credential: "environment:k", endsAtMs: 5_000 };
  expect(register.holdSocket(socket("late"), jwt, 5_000)).toBe(false);
  for (let index = 0; index < accessLimits.socketsPerCredentialMax; index += 1) {
    register.holdSocket(socket(`c${index}`), jwt, index);
  }
  expect(register.nextEndAtMs()).toBe(5_000);
  register.holdSocket({ ...socket("of bob by the same key"), account: "bob" }, jwt, 1_999);
  expect(register.dueSockets(4_999)).toEqual([]);
  register.holdSocket(socket("the newest"), jwt, 2_000);
  expect(register.dueSockets(4_999)).toEqual([socket("c0")]);
});

test("an address tries to sign in so often a minute, and the world so often too", () => {
  for (let attempt = 0; attempt < accessLimits.signInsMax; attempt += 1) expect(register.countSignIn("a", attempt)).toBe(true);
  expect(register.countSignIn("a", 100)).toBe(false);
  expect(register.countSignIn("b", 100)).toBe(true);
  expect(register.countSignIn("a", accessLimits.signInWindowMs)).toBe(true);
  for (let index = 0; index < accessLimits.signInAddressesMax; index += 1) register.countSignIn(`other ${index}`, 200);
  expect(register.countSignIn("a stranger", 300)).toBe(false);
});
