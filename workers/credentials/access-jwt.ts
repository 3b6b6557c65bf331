/** The assertion that Cloudflare Access sends with every request that it let through: RS256, by the keys of the team's domain. */
import { type CompactVerifyGetKey, compactVerify, createRemoteJWKSet, customFetch, errors } from "jose";
import { accessLimits } from "#core/limits";
import { isAt, outboundFetch } from "#outbound/outbound";
import { accountOfSubject } from "./account.ts";
import type { Identified } from "./caller.ts";
import { endOf, readClaims } from "./claims.ts";
import type { AccessSettings } from "./settings.ts";

/**
 * A person's account is `access:<subject>`, a service's `access-service:<its name>`: whoever can choose names in Access cannot choose
 * the account of a token that was made here.
 */
export async function identifyByAccessJwt(
  token: string,
  settings: AccessSettings,
  { keys, credential, nowSeconds }: { keys: CompactVerifyGetKey; credential: string; nowSeconds: number },
): Promise<Identified> {
  let payload: Uint8Array;
  try {
    ({ payload } = await compactVerify(token, keys, { algorithms: ["RS256"] }));
  } catch (error) {
    return { failure: isOfToken(error) ? { type: "invalidJwt", reason: error.code } : unreachable(error) };
  }
  const read = readClaims(payload, { ...settings, issuer: settings.teamUrl, nowSeconds });
  if ("failure" in read) return read;
  const { sub = "", common_name: service = "" } = read.claims;
  const account = accountOfSubject(sub !== "" ? `access:${sub}` : service !== "" ? `access-service:${service}` : "");
  if (account === null) return { failure: { type: "invalidJwt", reason: "no usable subject" } };
  return { caller: { account, credential, endsAtMs: endOf(read.claims, settings.clockSkewSeconds) } };
}

/** Kept for ten minutes; a key that is not among them is looked for again, twice a minute at most. */
const keySets = new Map<string, CompactVerifyGetKey>();

export function keysOf({ teamUrl }: AccessSettings): CompactVerifyGetKey {
  const known = keySets.get(teamUrl);
  if (known) return known;
  const keys = createRemoteJWKSet(new URL("/cdn-cgi/access/certs", teamUrl), {
    cacheMaxAge: accessLimits.accessKeysMsMax,
    timeoutDuration: accessLimits.accessKeysTimeoutMs,
    [customFetch]: outboundFetch({ purpose: "access keys", allows: isAt(teamUrl) }),
  });
  keySets.set(teamUrl, keys);
  return keys;
}

/** What is wrong with the token, and not with the way to the keys. */
function isOfToken(error: unknown): error is errors.JOSEError {
  // The bare class is what jose throws for an answer that is no set of keys.
  return (
    error instanceof errors.JOSEError &&
    error.code !== errors.JWKSTimeout.code &&
    error.code !== errors.JOSEError.code &&
    error.code !== errors.JWKSInvalid.code
  );
}

function unreachable(error: unknown) {
  return { type: "keysUnreachable" as const, reason: String(error) };
}
