/** Why somebody does not come in: all of it for the operator, and what the world may learn of it. */

export type Failure =
  /** No credential, or one in a place where none is looked for, such as the query. */
  | { type: "missing" }
  /** Another scheme than `Bearer`, or nothing behind it. */
  | { type: "malformedHeader" }
  /** No such token, or one that was revoked or has expired: which of them is nobody's business. */
  | { type: "invalidToken" }
  /** Not signed by the right key in the right way, no `exp`, no usable subject. */
  | { type: "invalidJwt"; reason: string }
  | { type: "expiredJwt" }
  | { type: "jwtNotYetValid" }
  | { type: "issuerMismatch" }
  | { type: "audienceMismatch" }
  /** The keys of Cloudflare Access could not be fetched: nobody's fault who asks. */
  | { type: "keysUnreachable"; reason: string }
  /** Nothing is configured, and the request comes from, or names, another machine. */
  | { type: "notThisMachine" }
  /** The operator's doors without a key to them. */
  | { type: "noOperator" }
  | { type: "tooManySignIns" }
  /** Of the address, or of the account. */
  | { type: "tooManyRequests"; whose: "address" | "account" }
  /** Credentials of the address that were none. */
  | { type: "tooManyRefusals" };

/** 401 with the real server's own words, as far as it has any. */
export function whatTheWorldMayLearn(failure: Failure): { status: 401 | 403 | 429 | 503; text: string } {
  switch (failure.type) {
    case "missing":
      return { status: 401, text: "missing websocket bearer token" };
    case "malformedHeader":
      return { status: 401, text: "invalid authorization header" };
    case "invalidToken":
      return { status: 401, text: "invalid websocket bearer token" };
    case "invalidJwt":
      return { status: 401, text: "invalid websocket jwt" };
    case "expiredJwt":
      return { status: 401, text: "expired websocket jwt" };
    case "jwtNotYetValid":
      return { status: 401, text: "websocket jwt is not valid yet" };
    case "issuerMismatch":
      return { status: 401, text: "websocket jwt issuer mismatch" };
    case "audienceMismatch":
      return { status: 401, text: "websocket jwt audience mismatch" };
    case "keysUnreachable":
      return { status: 503, text: "the keys of Cloudflare Access cannot be read; try again" };
    case "notThisMachine":
      return { status: 403, text: "this server has no token configured and serves its own machine only" };
    case "noOperator":
      return { status: 403, text: "this server has no SPINDLE_OPERATOR_TOKEN, so that nobody can make tokens" };
    case "tooManySignIns":
      return { status: 429, text: "too many attempts to sign in; try again in a minute" };
    case "tooManyRequests":
      return { status: 429, text: `too many requests of this ${failure.whose}; try again in a minute` };
    case "tooManyRefusals":
      return { status: 429, text: "too many requests without a good credential; try again in a minute" };
    default:
      return failure satisfies never;
  }
}
