/** What both kinds of signed tokens say once their signature is known to be right. */
import * as z from "zod";
import type { Failure } from "./failure.ts";

/** Times are Unix seconds. Example: `{"sub":"alice","exp":1767225600,"aud":["spindle"]}` */
const claimsSchema = z.object({
  exp: z.int(),
  nbf: z.int().optional(),
  iss: z.string().optional(),
  aud: z.union([z.string(), z.array(z.string())]).optional(),
  sub: z.string().optional(),
  /** The name of a service, in tokens that Cloudflare Access makes for one. */
  common_name: z.string().optional(),
});

export type Claims = z.infer<typeof claimsSchema>;

export interface Expected {
  issuer: string | null;
  audience: string | null;
  clockSkewSeconds: number;
  /** Unix time of the check. */
  nowSeconds: number;
}

/** In the real server's order, which decides what is said about a token with two faults. */
export function readClaims(payload: Uint8Array, expected: Expected): { claims: Claims } | { failure: Failure } {
  const parsed = claimsSchema.safeParse(parseJson(payload));
  if (!parsed.success) return { failure: { type: "invalidJwt", reason: z.prettifyError(parsed.error) } };
  const claims = parsed.data;
  const { nowSeconds, clockSkewSeconds, issuer, audience } = expected;
  if (nowSeconds > claims.exp + clockSkewSeconds) return { failure: { type: "expiredJwt" } };
  if (claims.nbf !== undefined && nowSeconds < claims.nbf - clockSkewSeconds) return { failure: { type: "jwtNotYetValid" } };
  if (issuer !== null && claims.iss !== issuer) return { failure: { type: "issuerMismatch" } };
  if (audience !== null && ![claims.aud].flat().includes(audience)) return { failure: { type: "audienceMismatch" } };
  return { claims };
}

/** The first millisecond at which `readClaims` calls the token expired. */
export function endOf({ exp }: Claims, clockSkewSeconds: number): number | null {
  const endsAtMs = (exp + clockSkewSeconds + 1) * 1000;
  // Beyond what a number counts exactly it never ends.
  return Number.isSafeInteger(endsAtMs) ? endsAtMs : null;
}

function parseJson(payload: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(payload));
  } catch {
    return undefined;
  }
}
