/** On what grounds a socket is open. The front door decides it, the object that holds the socket keeps it with the socket. */

/** Example: `{"credential":"token:5f1c…","endsAtMs":null}` */
export interface Admission {
  /**
   * What vouched for the caller: `token:<id>` and `session:<id>` stand in the access object and can be revoked there,
   * `environment:<fingerprint>` is a key of the operator's environment. Null where no credential is needed.
   */
  credential: string | null;
  /** Unix milliseconds after which nothing more is said on the socket; null: no such moment. */
  endsAtMs: number | null;
}

/** The objects are reached through the Worker only, which always sets it: what a client sends under this name is overwritten. */
const header = "x-spindle-admission";

export function withAdmission(request: Request, { credential, endsAtMs }: Admission): Request {
  const headers = new Headers(request.headers);
  headers.set(header, JSON.stringify({ credential, endsAtMs } satisfies Admission));
  return new Request(request, { headers });
}

/** Without the header nobody was admitted. */
export function admissionOf(request: Request): Admission {
  const text = request.headers.get(header);
  if (text === null) throw new Error("a request reached an object past the front door");
  // What `withAdmission` wrote: no border is crossed.
  return JSON.parse(text) as Admission;
}

/** Whether somebody has to remember the socket, because it may have to be closed from outside. */
export function mayEnd({ credential, endsAtMs }: Admission): boolean {
  return endsAtMs !== null || (credential !== null && /^(token|session):/.test(credential));
}

/** Close code of a socket whose credential ended. Coming back with the same credential gets the 401 that says why. */
export const credentialEnded = 4401;
