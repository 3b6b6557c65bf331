/** What the door refuses itself, and how the server's own refusals are told: by ACP's codes, in the server's words. */
import { ClientClosed, RequestError, TooManyRequests } from "#client/failures";
import type { WireError } from "#protocol/errors";

export const acpCodes = {
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  resourceNotFound: -32002,
  /** The server is full, or the connection is: nothing happened, and asking again is safe. */
  overloaded: -32001,
} as const;

/** A named "no" on its way to the envelope. */
export class AcpRefusal extends Error {
  override readonly name = "AcpRefusal";
  readonly wire: WireError;

  constructor(code: number, message: string, data?: unknown) {
    super(message);
    this.wire = data === undefined ? { code, message } : { code, message, data };
  }
}

/** Throws on what is nobody's refusal: that is a mistake of ours. */
export function wireErrorOf(error: unknown): WireError {
  if (error instanceof AcpRefusal) return error.wire;
  if (error instanceof RequestError) {
    const { message, data } = error;
    return { code: codeOf(error), message, ...(data === undefined ? {} : { data }) };
  }
  if (error instanceof TooManyRequests) return { code: acpCodes.overloaded, message: error.message };
  if (error instanceof ClientClosed) return { code: acpCodes.resourceNotFound, message: "the session was closed" };
  if (error instanceof Error && ["ConnectionLost", "CredentialEnded"].includes(error.name)) {
    return { code: acpCodes.internal, message: error.message };
  }
  throw error;
}

/** A foreign session is answered as one that never was. */
function codeOf({ code, message }: RequestError): number {
  if (/^(?:thread not found|thread not loaded|no rollout found for thread id|invalid (?:thread|session) id)\b/.test(message)) {
    return acpCodes.resourceNotFound;
  }
  return code === acpCodes.invalidRequest ? acpCodes.invalidParams : code;
}
