/** Tokens that somebody else signs with a secret shared with this server: HS256, as the real server takes them. */
import { compactVerify, errors } from "jose";
import { accountOfSubject } from "./account.ts";
import type { Identified } from "./caller.ts";
import { endOf, readClaims } from "./claims.ts";
import type { SignedBearerSettings } from "./settings.ts";

/** The subject is the account. `credential` is what the key is called in the list of who vouches. */
export async function identifyBySignedBearer(
  token: string,
  settings: SignedBearerSettings,
  { credential, nowSeconds }: { credential: string; nowSeconds: number },
): Promise<Identified> {
  const { clockSkewSeconds } = settings;
  let payload: Uint8Array;
  try {
    // The one algorithm is named here and not read from the token: neither `none` nor a public key taken for a secret gets by.
    ({ payload } = await compactVerify(token, new TextEncoder().encode(settings.secret), { algorithms: ["HS256"] }));
  } catch (error) {
    if (error instanceof errors.JOSEError) return { failure: { type: "invalidJwt", reason: error.code } };
    throw error;
  }
  const read = readClaims(payload, { ...settings, nowSeconds });
  if ("failure" in read) return read;
  const account = accountOfSubject(read.claims.sub ?? "");
  if (account === null) return { failure: { type: "invalidJwt", reason: "no usable subject" } };
  return { caller: { account, credential, endsAtMs: endOf(read.claims, clockSkewSeconds) } };
}
