/** A token that came as a bearer: which kind it is, and whether it is a good one. */
import { decodeProtectedHeader } from "jose";
import { accessLimits } from "#core/limits";
import { accessStub, type Environment } from "../../durable-objects/environment.ts";
import { identifyByAccessJwt, keysOf } from "./access-jwt.ts";
import { localAccount } from "./account.ts";
import type { Identified } from "./caller.ts";
import { isCapabilityToken } from "./capability-token.ts";
import { hashOf, isSameSecret } from "./secret.ts";
import type { CredentialSettings } from "./settings.ts";
import { identifyBySignedBearer } from "./signed-bearer.ts";

export async function identifyByBearer(
  token: string,
  settings: CredentialSettings,
  environment: Environment,
  nowMs: number,
): Promise<Identified> {
  if (token.length > accessLimits.credentialCharactersMax) return { failure: { type: "invalidToken" } };
  if (settings.token !== null && (await isSameSecret(token, settings.token))) {
    return { caller: { account: localAccount, credential: await keyName("token", settings.token), endsAtMs: null } };
  }
  if (isCapabilityToken(token)) {
    const found = await accessStub(environment).findToken(await hashOf(token));
    if (!found) return { failure: { type: "invalidToken" } };
    return { caller: { account: found.account, credential: found.credential, endsAtMs: found.endsAtMs } };
  }
  // The header only chooses who checks it; each checker takes its own algorithm and no other.
  if (settings.access && algorithmOf(token) === "RS256") return identifyByAccess(token, settings.access, nowMs);
  if (settings.signedBearer && (settings.token === null || token.split(".").length === 3)) {
    const { signedBearer } = settings;
    const credential = await signedBearerKeyName(signedBearer);
    return identifyBySignedBearer(token, signedBearer, { credential, nowSeconds: Math.floor(nowMs / 1000) });
  }
  return { failure: { type: "invalidToken" } };
}

export async function identifyByAccess(
  token: string,
  access: NonNullable<CredentialSettings["access"]>,
  nowMs: number,
): Promise<Identified> {
  if (token.length > accessLimits.credentialCharactersMax) return { failure: { type: "invalidJwt", reason: "too long" } };
  const credential = await accessKeyName(access);
  return identifyByAccessJwt(token, access, { keys: keysOf(access), credential, nowSeconds: Math.floor(nowMs / 1000) });
}

/** The keys of the environment that vouch for somebody now. What was vouched for by an earlier one does not hold any more. */
export async function currentKeyNames({ token, signedBearer, access }: CredentialSettings): Promise<string[]> {
  return Promise.all([
    ...(token === null ? [] : [keyName("token", token)]),
    ...(signedBearer === null ? [] : [signedBearerKeyName(signedBearer)]),
    ...(access === null ? [] : [accessKeyName(access)]),
  ]);
}

function signedBearerKeyName({ secret, issuer, audience }: NonNullable<CredentialSettings["signedBearer"]>): Promise<string> {
  return keyName("jwt", JSON.stringify([secret, issuer, audience]));
}

function accessKeyName({ teamUrl, audience }: NonNullable<CredentialSettings["access"]>): Promise<string> {
  return keyName("access", JSON.stringify([teamUrl, audience]));
}

async function keyName(kind: string, value: string): Promise<string> {
  return `environment:${(await hashOf(`${kind}:${value}`)).slice(0, 32)}`;
}

function algorithmOf(token: string): string | null {
  try {
    return decodeProtectedHeader(token).alg ?? null;
  } catch {
    return null;
  }
}
