/** What a request of the client can end in, besides its result. */

/** The server said no. `code` and `message` are those of the wire. */
export class RequestError extends Error {
  override readonly name = "RequestError";
  readonly code: number;
  readonly data: unknown;

  constructor({ code, message, data }: { code: number; message: string; data?: unknown }) {
    super(message);
    this.code = code;
    this.data = data;
  }
}

/**
 * The account has used what it may: the message says what, and when there is room again. Nothing happened, and asking again at once would be
 * refused again: that is for a person to decide.
 */
export function isAccountLimit(data: unknown): boolean {
  return typeof data === "object" && data !== null && "reason" in data && data.reason === "accountLimit";
}

/** The socket dropped after the request was sent and before it was answered: it may or may not have happened. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
  constructor(method: string) {
    super(`the connection was lost before ${method} was answered; it may or may not have happened`);
  }
}

/** This client, or this handle of a thread, was closed by its owner. */
export class ClientClosed extends Error {
  override readonly name = "ClientClosed";
  constructor() {
    super("the client is closed");
  }
}

/** The server closed the connection because its token or session was revoked, or has expired. */
export class CredentialEnded extends Error {
  override readonly name = "CredentialEnded";
  constructor() {
    super("the server does not accept this token or session any more");
  }
}

/** Thousands of requests wait already: somebody asks without listening. */
export class TooManyRequests extends Error {
  override readonly name = "TooManyRequests";
  constructor(pendingMax: number) {
    super(`${pendingMax} requests wait for an answer already`);
  }
}

/** Hundreds of messages wait to be sent already. */
export class TooManyUnsent extends Error {
  override readonly name = "TooManyUnsent";
  constructor(unsentMax: number) {
    super(`${unsentMax} messages wait to be sent already`);
  }
}

/** The server does not number its frames, so nothing could be taken up again after a drop. */
export class ReplayUnsupported extends Error {
  override readonly name = "ReplayUnsupported";
  constructor() {
    super("this server does not speak the extension spindle/replay; it is not a Spindle server");
  }
}
