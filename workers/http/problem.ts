/**
 * What is refused, as RFC 9457 has it (`application/problem+json`). The protocol's refusals keep their code and words; their names are
 * found again by those words, because the wire of the protocol carries none. Pure.
 */
import { errorCodes, refusals, type WireError } from "#protocol/errors";

/** Example: `{"type":"/v1/docs#problem-otherProposal","title":"…","status":409,"detail":"…","name":"otherProposal","code":-32600}` */
export interface Problem {
  /** Where the documentation page tells of it. */
  type: string;
  title: string;
  status: number;
  detail: string;
  name: ProblemName;
  /** The protocol's own; null where the door itself refused. */
  code: number | null;
  /** Where in the request it is: a JSON pointer into the body, or the name of a parameter. */
  errors?: { at: string; detail: string }[];
}

/** Refusals of the protocol by name, with status and title. Of the example only the words around the arguments count. */
const hole = "\ue000";
const refused = {
  threadNotFound: [404, "There is no such thread", refusals.threadNotFound(hole)],
  threadNotLoaded: [404, "There is no such thread", refusals.threadNotLoaded(hole)],
  noRolloutFound: [404, "There is no such thread", refusals.noRolloutFound(hole)],
  noArchivedRollout: [404, "There is no such archived thread", refusals.noArchivedRollout(hole)],
  turnNotFound: [404, "There is no such turn", refusals.turnNotFound(hole)],
  noDecisionTree: [404, "The thread has no such decision tree", refusals.noDecisionTree(hole)],
  fragmentNotFound: [404, "The memory has no such fragment", refusals.fragmentNotFound(hole)],
  webhookNotFound: [404, "There is no such webhook", refusals.webhookNotFound(hole)],
  noSuchFile: [404, "There is no such file", refusals.noSuchFile()],
  invalidThreadId: [400, "This is no thread's id", refusals.invalidThreadId(hole)],
  threadArchived: [409, "The thread is archived", refusals.threadArchived(hole)],
  threadNotMaterialized: [409, "Nobody has spoken in the thread yet", refusals.threadNotMaterialized(hole, hole)],
  threadNameEmpty: [400, "A thread's name must not be empty", refusals.threadNameEmpty()],
  noActiveTurnToSteer: [409, "No turn runs", refusals.noActiveTurnToSteer()],
  expectedActiveTurn: [409, "Another turn runs", refusals.expectedActiveTurn(hole, hole)],
  noActiveTurnToInterrupt: [409, "No turn runs", refusals.noActiveTurnToInterrupt()],
  turnRuns: [409, "A turn runs", refusals.turnRuns(hole)],
  otherProposal: [409, "The hash names another proposal", refusals.otherProposal(hole)],
  unknownHunks: [400, "These hunks cannot be accepted", refusals.unknownHunks(hole)],
  notOfHunks: [400, "Only changes of files are accepted by hunks", refusals.notOfHunks()],
  invalidCursor: [400, "The cursor is none of this list", refusals.invalidCursor(hole)],
  modelProviderNotFound: [400, "There is no such model provider", refusals.modelProviderNotFound(hole)],
  inputTooLarge: [413, "The input is too large", refusals.inputTooLarge(0)],
  webhookAddress: [400, "The address cannot be called", refusals.webhookAddress(hole)],
  webhookIdInvalid: [400, "This is no webhook's id", refusals.webhookIdInvalid()],
  tooManyWebhooks: [409, "There are as many webhooks as an account may have", refusals.tooManyWebhooks(7)],
  overloaded: [503, "The server is busy; ask again", refusals.overloaded()],
} as const satisfies Record<string, readonly [status: number, title: string, like: WireError]>;

/** What the door refuses itself. */
const own = {
  noSuchRoute: [404, "There is nothing at this path"],
  methodNotAllowed: [405, "The path does not take this method"],
  invalidBody: [400, "The body cannot be read"],
  invalidParameter: [400, "A parameter does not fit"],
  unsupportedMediaType: [415, "The body has another media type than this path takes"],
  bodyTooLarge: [413, "The body is too large"],
  invalidIdempotencyKey: [400, "The Idempotency-Key cannot be used"],
  approvalNotFound: [404, "Nothing of this id waits, or was decided"],
  alreadyDecided: [409, "It was decided otherwise"],
  proposalHashRequired: [400, "A yes to a diff names its hash"],
  decisionDoesNotFit: [400, "This is no answer to what is asked"],
  proposalNotFound: [404, "The thread has no proposal with this hash"],
  beyondTheLog: [409, "The thread has not come that far"],
  unauthorized: [401, "A credential is needed"],
  forbidden: [403, "This is not served to you"],
  tooManyRequests: [429, "Too many requests"],
  invalidRequest: [400, "The request cannot be served as it is"],
  fileConflict: [409, "The workspace holds something else there"],
  fileTooLarge: [413, "The file or the workspace would be too large"],
  internal: [500, "The server failed"],
  unavailable: [503, "The server cannot answer now"],
} as const satisfies Record<string, readonly [status: number, title: string]>;

export type ProblemName = keyof typeof refused | keyof typeof own;

/** For the documentation, in the order of the tables. */
export const problemTable: readonly { name: ProblemName; status: number; title: string }[] = Object.entries({
  ...refused,
  ...own,
}).map(([name, [status, title]]) => ({ name: name as ProblemName, status, title }));

export function problem(name: ProblemName, detail: string, more: Pick<Problem, "errors"> & { code?: number } = {}): Problem {
  const [status, title] = name in refused ? refused[name as keyof typeof refused] : own[name as keyof typeof own];
  const { errors, code = null } = more;
  return { type: `/v1/docs#problem-${name}`, title, status, detail, name, code, ...(errors ? { errors } : {}) };
}

/** The server refused; by its own words. */
export function problemOf({ code, message }: WireError): Problem {
  return problem(nameOf(code, message), message, { code });
}

/** What another layer answered before a route was asked: the guard, the credentials, a bound. */
export function problemOfStatus(status: number, detail: string): Problem {
  const found = byStatus[status] ?? (status >= 500 ? "internal" : "invalidRequest");
  return { ...problem(found, detail), status };
}

const byStatus: Record<number, ProblemName> = {
  401: "unauthorized",
  403: "forbidden",
  404: "noSuchRoute",
  405: "methodNotAllowed",
  413: "bodyTooLarge",
  429: "tooManyRequests",
  503: "unavailable",
};

function nameOf(code: number, message: string): ProblemName {
  const known = patterns.find(({ pattern }) => pattern.test(message));
  if (known) return known.name;
  const [, osError] = /\(os error (\d+)\)/.exec(message) ?? [];
  if (osError !== undefined) return osErrors[osError] ?? "invalidRequest";
  if (message.includes("is beyond the thread's last frame")) return "beyondTheLog";
  return code === errorCodes.internal ? "internal" : "invalidRequest";
}

/** What a workspace says: too large, full; the rest is that something else is there. */
const osErrors: Record<string, ProblemName> = {
  "2": "noSuchFile",
  "5": "unavailable",
  "17": "fileConflict",
  "20": "fileConflict",
  "21": "fileConflict",
  "27": "fileTooLarge",
  "28": "fileTooLarge",
  "39": "fileConflict",
};

const patterns = Object.entries(refused).map(([name, [, , like]]) => {
  const words = like.message.split(/\ue000|\b7\b/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return { name: name as ProblemName, pattern: new RegExp(`^${words.join("[\\s\\S]*?")}$`) };
});
