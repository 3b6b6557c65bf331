import { createHmac } from "node:crypto";
import { type CompactVerifyGetKey, exportSPKI, generateKeyPair, SignJWT } from "jose";
import { expect, test } from "vitest";
import { identifyByAccessJwt } from "../../workers/credentials/access-jwt.ts";
import { identifyBySignedBearer } from "../../workers/credentials/signed-bearer.ts";

const secret = "0123456789abcdef0123456789abcdef";
const nowSeconds = 1_800_000_000;
const settings = { secret, issuer: "https://issuer.example", audience: "spindle", clockSkewSeconds: 30 };
const good = { sub: "alice", exp: nowSeconds + 60, iss: settings.issuer, aud: settings.audience };

const identify = (token: string, more: Partial<typeof settings> = {}) =>
  identifyBySignedBearer(token, { ...settings, ...more }, { credential: "key", nowSeconds });

function encoded(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

/** By hand, because no library signs what is wrong. */
function signed(
  claims: object,
  header: object = { alg: "HS256", typ: "JWT" },
  key: string | Buffer = secret,
  hash = "sha256",
): string {
  const text = `${encoded(header)}.${encoded(claims)}`;
  return `${text}.${createHmac(hash, key).update(text).digest("base64url")}`;
}

test("a good token is its subject's account, until its skew is over", async () => {
  expect(await identify(signed(good))).toEqual({
    caller: { account: "alice", credential: "key", endsAtMs: (good.exp + 31) * 1000 },
  });
  expect(await identify(signed({ ...good, aud: ["other", "spindle"], nbf: nowSeconds }))).toHaveProperty("caller");
  const { iss: _, aud: __, ...plain } = good;
  expect(
    await identifyBySignedBearer(signed(plain), { ...settings, issuer: null, audience: null }, { credential: "key", nowSeconds }),
  ).toHaveProperty("caller");
});

const { publicKey, privateKey } = await generateKeyPair("RS256", { extractable: true });
const publicKeyText = await exportSPKI(publicKey);
const unsigned = `${encoded({ alg: "none" })}.${encoded(good)}.`;
const [header = "", , signature = ""] = signed(good).split(".");

const refused: [what: string, token: string, failure: string][] = [
  ["alg none without a signature", unsigned, "invalidJwt"],
  ["alg none with the right signature", signed(good, { alg: "none" }), "invalidJwt"],
  ["alg None", signed(good, { alg: "None" }), "invalidJwt"],
  ["no algorithm", signed(good, { typ: "JWT" }), "invalidJwt"],
  ["HS512 in the header", signed(good, { alg: "HS512" }), "invalidJwt"],
  ["HS512 by the right key", signed(good, { alg: "HS512" }, secret, "sha512"), "invalidJwt"],
  ["RS256 signed by a stranger", await new SignJWT(good).setProtectedHeader({ alg: "RS256" }).sign(privateKey), "invalidJwt"],
  ["another key", signed(good, undefined, secret.replace("0", "1")), "invalidJwt"],
  ["an empty key", signed(good, undefined, ""), "invalidJwt"],
  ["a changed claim", `${header}.${encoded({ ...good, sub: "mallory" })}.${signature}`, "invalidJwt"],
  ["a critical extension nobody knows", signed(good, { alg: "HS256", crit: ["x"], x: 1 }), "invalidJwt"],
  ["no exp", signed({ ...good, exp: undefined }), "invalidJwt"],
  ["an exp that is a text", signed({ ...good, exp: String(good.exp) }), "invalidJwt"],
  ["an exp that is no whole number", signed({ ...good, exp: good.exp + 0.5 }), "invalidJwt"],
  ["an nbf that is a text", signed({ ...good, nbf: "now" }), "invalidJwt"],
  ["claims that are no object", signed([good]), "invalidJwt"],
  ["no subject", signed({ ...good, sub: undefined }), "invalidJwt"],
  ["an empty subject", signed({ ...good, sub: "" }), "invalidJwt"],
  ["a subject that is too long", signed({ ...good, sub: "a".repeat(257) }), "invalidJwt"],
  ["two parts", signed(good).split(".").slice(0, 2).join("."), "invalidJwt"],
  ["garbage", "a.b.c", "invalidJwt"],
  ["an exp 31 seconds ago", signed({ ...good, exp: nowSeconds - 31 }), "expiredJwt"],
  ["an nbf in 31 seconds", signed({ ...good, nbf: nowSeconds + 31 }), "jwtNotYetValid"],
  ["no issuer", signed({ ...good, iss: undefined }), "issuerMismatch"],
  ["another issuer", signed({ ...good, iss: "https://issuer.example/" }), "issuerMismatch"],
  ["no audience", signed({ ...good, aud: undefined }), "audienceMismatch"],
  ["another audience", signed({ ...good, aud: "spindle2" }), "audienceMismatch"],
  ["other audiences", signed({ ...good, aud: ["a", "b"] }), "audienceMismatch"],
  ["an expired token of another audience", signed({ ...good, exp: 1, aud: "x" }), "expiredJwt"],
];
test.for(refused)("a signed bearer with %s is refused", async ([, token, failure]) => {
  expect(await identify(token)).toMatchObject({ failure: { type: failure } });
});

test("a clock may be off by the skew, to the second, and not by more", async () => {
  const at = (more: object, clockSkewSeconds: number) => identify(signed({ ...good, ...more }), { clockSkewSeconds });
  expect(await at({ exp: nowSeconds - 30 }, 30)).toHaveProperty("caller");
  expect(await at({ nbf: nowSeconds + 30 }, 30)).toHaveProperty("caller");
  expect(await at({ exp: nowSeconds }, 0)).toHaveProperty("caller");
  expect(await at({ exp: nowSeconds - 1 }, 0)).toMatchObject({ failure: { type: "expiredJwt" } });
  expect(await at({ nbf: nowSeconds + 1 }, 0)).toMatchObject({ failure: { type: "jwtNotYetValid" } });
});

test("an exp beyond all numbers is no exp that a clock reaches", async () => {
  expect(await identify(signed({ ...good, exp: Number.MAX_SAFE_INTEGER }))).toMatchObject({ caller: { endsAtMs: null } });
  expect(await identify(signed({ ...good, exp: 1e300 }))).toMatchObject({ failure: { type: "invalidJwt" } });
});

const team = { teamUrl: "https://team.cloudflareaccess.com", audience: "app", clockSkewSeconds: 30 };
const person = { sub: "7335d417-61da-459d-899c-0a01c76a2f94", exp: nowSeconds + 60, iss: team.teamUrl, aud: ["app"] };
const keys: CompactVerifyGetKey = async () => publicKey;
const byTeam = (claims: object) => new SignJWT({ ...claims }).setProtectedHeader({ alg: "RS256", kid: "k" }).sign(privateKey);
const identifyAtTeam = (token: string, keysOfTeam = keys) =>
  identifyByAccessJwt(token, team, { keys: keysOfTeam, credential: "access", nowSeconds });

test("an Access assertion is its person's or its service's account, and nobody's made here", async () => {
  expect(await identifyAtTeam(await byTeam(person))).toMatchObject({ caller: { account: `access%3A${person.sub}` } });
  expect(await identifyAtTeam(await byTeam({ ...person, sub: "", common_name: "local" }))).toMatchObject({
    caller: { account: "access-service%3Alocal" },
  });
  expect(await identifyAtTeam(await byTeam({ ...person, sub: "local" }))).toMatchObject({
    caller: { account: "access%3Alocal" },
  });
});

test("an Access assertion is refused with the wrong team, audience, time, key, algorithm, or nobody in it", async () => {
  const stranger = await generateKeyPair("RS256");
  const refusals: [string, string][] = [
    [await byTeam({ ...person, iss: "https://other.cloudflareaccess.com" }), "issuerMismatch"],
    [await byTeam({ ...person, aud: ["other"] }), "audienceMismatch"],
    [await byTeam({ ...person, exp: nowSeconds - 31 }), "expiredJwt"],
    [await byTeam({ ...person, sub: "" }), "invalidJwt"],
    [await new SignJWT(person).setProtectedHeader({ alg: "RS256" }).sign(stranger.privateKey), "invalidJwt"],
    [`${encoded({ alg: "none" })}.${encoded(person)}.`, "invalidJwt"],
    // The confusion of keys: the public key, which everybody has, taken for a shared secret.
    [signed(person, { alg: "HS256" }, publicKeyText), "invalidJwt"],
    [signed(person, { alg: "HS256" }, Buffer.from(publicKeyText.trim())), "invalidJwt"],
  ];
  for (const [token, failure] of refusals) expect(await identifyAtTeam(token)).toMatchObject({ failure: { type: failure } });
});

test("when the team's keys cannot be fetched, nobody is told that the token is wrong", async () => {
  const outcome = await identifyAtTeam(await byTeam(person), async () => {
    throw new TypeError("fetch failed");
  });
  expect(outcome).toEqual({ failure: { type: "keysUnreachable", reason: "TypeError: fetch failed" } });
});
