/**
 * The HTTP API as one table: each row a method and a path, the protocol's method behind it, and which of its params come from where.
 * Routing, validation, OpenAPI and the documentation page are read off it; the schemas are the protocol's own.
 */
import * as z from "zod";
import { proposal, workStatus } from "#protocol/item";
import { type MethodName, methods } from "#protocol/methods";
import { commandDecision, fileChangeDecision, hunksAccepted, question } from "#protocol/server-requests";
import type { ProblemName } from "./problem.ts";

export type Shape = Record<string, z.ZodType>;

export interface Route {
  verb: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Members in braces are path parameters. Example: `/v1/threads/{threadId}` */
  path: string;
  /** The operation's name, for programs that are made from the OpenAPI document. */
  id: string;
  group: "threads" | "turns" | "approvals" | "files" | "decisions" | "memory" | "webhooks";
  /** Prose for strangers. */
  doc: string;
  /** What is asked of the server, first of all. */
  asks: MethodName;
  /** Parameters of the path, by the names that the method's params have for them. */
  inPath: Shape;
  inQuery: Shape;
  /** `bytes`: the body is the file. */
  inBody: Shape | "bytes" | null;
  /** Names in the path for which the method has other ones. */
  renamed: Readonly<Record<string, string>>;
  /** The member of the params that an `Idempotency-Key` becomes. */
  keyedBy: "threadId" | "clientUserMessageId" | "webhookId" | null;
  answer: { status: 200 | 201 | 204; schema: z.ZodType | null; mediaType: string };
  /** What is refused, besides what every route may refuse. */
  refuses: readonly ProblemName[];
  /** Answered by a handler of its own, and not by the method's result as it is. */
  isOwn: boolean;
}

const json = "application/json";

/** Something that waits for a person. `command` and `cwd` are of a command, `proposal` of changes, `questions` of a question. */
export const approval = z.object({
  requestId: z.string(),
  threadId: z.string(),
  turnId: z.string(),
  itemId: z.string(),
  kind: z.enum(["command", "changes", "question"]),
  reason: z.string().nullable(),
  command: z.string().nullable(),
  cwd: z.string().nullable(),
  /** What a yes says yes to: send its hash back with the decision. */
  proposal: proposal.nullable(),
  questions: z.array(question).nullable(),
  /** Of the frame that asked. */
  seq: z.number(),
});
export type Approval = z.infer<typeof approval>;

/** `answers` is for a question: its id → what was chosen or written. */
export const decisionBody = {
  decision: fileChangeDecision.optional(),
  proposalHash: z.string().optional(),
  hunks: hunksAccepted.shape.hunks.optional(),
  answers: z.record(z.string(), z.object({ answers: z.array(z.string()) })).optional(),
};
export type DecisionBody = z.infer<z.ZodObject<typeof decisionBody>>;

/** `itemStatus` is how the command or the change stands then; null for a question. */
export const decided = z.object({
  requestId: z.string(),
  threadId: z.string(),
  decision: commandDecision.nullable(),
  /** It had been decided so before this request came. */
  isRepeat: z.boolean(),
  itemStatus: workStatus.nullable(),
});
export type Decided = z.infer<typeof decided>;

const threadId = z.string();
const requestId = z.string();
const path = { path: z.string().startsWith("/") };

export const routes: readonly Route[] = [
  route("GET", "/v1/threads", "thread/list", {
    id: "listThreads",
    query: ["cursor", "limit", "sortKey", "sortDirection", "archived", "cwd", "searchTerm"],
  }),
  route("POST", "/v1/threads", "thread/start", {
    id: "createThread",
    body: [
      "threadId",
      "cwd",
      "model",
      "modelProvider",
      "serviceTier",
      "approvalPolicy",
      "sandbox",
      "config",
      "baseInstructions",
      "developerInstructions",
      "personality",
    ],
    keyedBy: "threadId",
    status: 201,
    refuses: ["modelProviderNotFound"],
  }),
  route("GET", "/v1/threads/{threadId}", "thread/read", { id: "readThread", query: ["includeTurns"] }),
  route("PUT", "/v1/threads/{threadId}/name", "thread/name/set", {
    id: "renameThread",
    body: ["name"],
    refuses: ["threadNameEmpty"],
  }),
  route("POST", "/v1/threads/{threadId}/archive", "thread/archive", { id: "archiveThread" }),
  route("POST", "/v1/threads/{threadId}/unarchive", "thread/unarchive", { id: "unarchiveThread" }),
  route("DELETE", "/v1/threads/{threadId}", "thread/delete", { id: "deleteThread" }),
  ownRoute("GET", "/v1/threads/{threadId}/events", "thread/resume", {
    id: "followThread",
    group: "threads",
    doc: "The thread's frames as server-sent events, from the first on or after the one that `Last-Event-ID` (or `after`) names, and then live: each once, in order, none left out. `id` is the frame's `seq`, `data` the frame as a socket tells it. Comments keep the line open. The stream ends with the credential, with the thread, and when it is not read; whoever comes back with the last id goes on there.",
    query: { after: z.int().min(0).optional() },
    answer: { schema: null, mediaType: "text/event-stream" },
    refuses: ["beyondTheLog", "threadArchived"],
  }),

  route("GET", "/v1/threads/{threadId}/turns", "thread/turns/list", {
    id: "listTurns",
    query: ["cursor", "limit", "sortDirection", "itemsView"],
    refuses: ["invalidCursor", "threadNotMaterialized"],
  }),
  route("POST", "/v1/threads/{threadId}/turns", "turn/start", {
    id: "startTurn",
    body: [
      "input",
      "clientUserMessageId",
      "approvalPolicy",
      "sandboxPolicy",
      "model",
      "effort",
      "summary",
      "outputSchema",
      "decisionMode",
      "decisionExtraction",
      "questionTimeoutMs",
    ],
    keyedBy: "clientUserMessageId",
    status: 201,
    refuses: ["inputTooLarge"],
  }),
  route("POST", "/v1/threads/{threadId}/turns/{turnId}/steer", "turn/steer", {
    id: "steerTurn",
    renamed: { turnId: "expectedTurnId" },
    body: ["input", "clientUserMessageId"],
    keyedBy: "clientUserMessageId",
    refuses: ["noActiveTurnToSteer", "expectedActiveTurn", "inputTooLarge"],
  }),
  route("POST", "/v1/threads/{threadId}/turns/{turnId}/interrupt", "turn/interrupt", {
    id: "interruptTurn",
    refuses: ["noActiveTurnToInterrupt", "expectedActiveTurn"],
  }),
  route("GET", "/v1/threads/{threadId}/items", "thread/items/list", {
    id: "listItems",
    query: ["turnId", "cursor", "limit", "sortDirection"],
    refuses: ["invalidCursor", "threadNotMaterialized"],
  }),
  ownRoute("GET", "/v1/threads/{threadId}/proposals/{proposalHash}", "thread/items/list", {
    id: "readProposal",
    group: "approvals",
    doc: "A proposal as the patch that `git apply` takes, by its hash: one that waits, or one that was decided.",
    path: { proposalHash: z.string() },
    answer: { schema: null, mediaType: "text/x-diff" },
    refuses: ["proposalNotFound"],
  }),

  ownRoute("GET", "/v1/approvals", "thread/list", {
    id: "listApprovals",
    group: "approvals",
    doc: "What waits for a person in the account's threads: commands, changes, questions. A page looks into so many threads that wait (`limit`, 50 at most); a page may be empty and have a next one.",
    query: { cursor: z.string().optional(), limit: z.int().min(1).optional() },
    answer: { schema: z.object({ data: z.array(approval), nextCursor: z.string().nullable() }), mediaType: json },
    refuses: ["invalidCursor"],
  }),
  ownRoute("GET", "/v1/threads/{threadId}/approvals", "thread/resume", {
    id: "listThreadApprovals",
    group: "approvals",
    doc: "What waits for a person in this thread, oldest first.",
    answer: { schema: z.object({ data: z.array(approval) }), mediaType: json },
  }),
  ownRoute("GET", "/v1/approvals/{requestId}", "thread/resume", {
    id: "readApproval",
    group: "approvals",
    doc: "One thing that waits. What was decided waits no more, and is not found here.",
    path: { requestId },
    answer: { schema: z.object({ approval }), mediaType: json },
    refuses: ["approvalNotFound"],
  }),
  ownRoute("POST", "/v1/approvals/{requestId}/decision", "thread/resume", {
    id: "decideApproval",
    group: "approvals",
    doc: "Answers what waits. `accept` does it once, `acceptForSession` also from now on, `decline` refuses and the turn goes on, `cancel` refuses and ends the turn. A yes to changes names the hash of the diff that was read, exactly: another one is refused, and nothing lands. `hunks` accepts these of the diff and no others. The first answer counts; the same again gets the same, another one is refused. Answered when the thread has carried it out, or after a moment.",
    path: { requestId },
    body: decisionBody,
    answer: { schema: decided, mediaType: json },
    refuses: [
      "approvalNotFound",
      "otherProposal",
      "alreadyDecided",
      "proposalHashRequired",
      "decisionDoesNotFit",
      "unknownHunks",
      "notOfHunks",
    ],
  }),

  route("GET", "/v1/threads/{threadId}/directory", "fs/readDirectory", {
    id: "listFiles",
    query: ["path"],
    refuses: ["noSuchFile", "fileConflict"],
  }),
  ownRoute("GET", "/v1/threads/{threadId}/file", "fs/readFile", {
    id: "readFile",
    group: "files",
    doc: "A file's bytes as they are: what waits for approval is not in it.",
    query: path,
    answer: { schema: null, mediaType: "application/octet-stream" },
    refuses: ["noSuchFile", "fileConflict"],
  }),
  ownRoute("PUT", "/v1/threads/{threadId}/file", "fs/writeFile", {
    id: "writeFile",
    group: "files",
    doc: "Writes a whole file, the body, as the person at the client and without asking; directories above it that are missing come with it.",
    query: path,
    body: "bytes",
    answer: { status: 204, schema: null, mediaType: json },
    refuses: ["fileConflict", "fileTooLarge"],
  }),

  route("GET", "/v1/threads/{threadId}/decision-tree", "spindle/decisionTree/read", {
    id: "readDecisionTree",
    query: ["turnId", "revision"],
    refuses: ["noDecisionTree"],
  }),

  route("GET", "/v1/memory", "spindle/memory/list", { id: "listMemory", query: ["scope", "state", "cursor", "limit"] }),
  route("GET", "/v1/memory/search", "spindle/memory/search", { id: "searchMemory", query: ["query", "repository"] }),
  route("GET", "/v1/memory/{fragmentId}", "spindle/memory/read", { id: "readMemory", refuses: ["fragmentNotFound"] }),
  route("DELETE", "/v1/memory/{fragmentId}", "spindle/memory/forget", {
    id: "forgetMemory",
    status: 200,
    refuses: ["fragmentNotFound"],
  }),

  route("GET", "/v1/webhooks", "spindle/webhook/list", { id: "listWebhooks" }),
  route("POST", "/v1/webhooks", "spindle/webhook/create", {
    id: "createWebhook",
    body: ["url", "description", "events", "webhookId"],
    keyedBy: "webhookId",
    status: 201,
    refuses: ["webhookAddress", "webhookIdInvalid", "tooManyWebhooks"],
  }),
  route("GET", "/v1/webhooks/{webhookId}", "spindle/webhook/read", { id: "readWebhook", refuses: ["webhookNotFound"] }),
  route("PATCH", "/v1/webhooks/{webhookId}", "spindle/webhook/update", {
    id: "updateWebhook",
    body: ["url", "description", "events", "isEnabled"],
    refuses: ["webhookNotFound", "webhookAddress"],
  }),
  route("DELETE", "/v1/webhooks/{webhookId}", "spindle/webhook/delete", { id: "deleteWebhook", refuses: ["webhookNotFound"] }),
];

interface Mapping {
  id: string;
  query?: readonly string[];
  body?: readonly string[];
  renamed?: Readonly<Record<string, string>>;
  keyedBy?: Route["keyedBy"];
  status?: Route["answer"]["status"];
  refuses?: readonly ProblemName[];
}

/** A method of the protocol as it is: its params from path, query and body, its result as the answer. */
function route(verb: Route["verb"], template: string, asks: MethodName, mapping: Mapping): Route {
  const { id, query = [], body, renamed = {}, keyedBy = null, refuses = [] } = mapping;
  const { params, result, doc } = methods[asks];
  const shape: Shape = params instanceof z.ZodObject ? params.shape : {};
  const of = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, memberOf(shape, name, asks)]));
  const answersNothing = result instanceof z.ZodObject && Object.keys(result.shape).length === 0;
  const status = mapping.status ?? (answersNothing ? 204 : 200);
  const isOfThread = template.includes("{threadId}");
  // Files name their thread beside their path here, where the protocol may leave it out.
  const inPath = Object.fromEntries(
    namesIn(template).map((name) => [name, name === "threadId" ? threadId : memberOf(shape, renamed[name] ?? name, asks)]),
  );
  return {
    verb,
    path: template,
    id,
    group: groupOf(template),
    doc,
    asks,
    inPath,
    inQuery: of(query),
    inBody: body ? of(body) : null,
    renamed,
    keyedBy,
    answer: { status, schema: status === 204 ? null : result, mediaType: json },
    refuses: [...(isOfThread ? notThere(asks) : []), ...refuses],
    isOwn: false,
  };
}

interface OwnRoute {
  id: string;
  group: Route["group"];
  doc: string;
  path?: Shape;
  query?: Shape;
  body?: Route["inBody"];
  answer: { status?: Route["answer"]["status"]; schema: z.ZodType | null; mediaType: string };
  refuses?: readonly ProblemName[];
}

/** One that a handler of its own answers (`door.ts`), by asking the protocol more than one question or in another form. */
function ownRoute(verb: Route["verb"], template: string, asks: MethodName, row: OwnRoute): Route {
  const { id, group, doc, path = {}, query = {}, body = null, answer, refuses = [] } = row;
  const isOfThread = template.includes("{threadId}");
  return {
    verb,
    path: template,
    id,
    group,
    doc,
    asks,
    inPath: { ...(isOfThread ? { threadId } : {}), ...path },
    inQuery: query,
    inBody: body,
    renamed: {},
    keyedBy: null,
    answer: { status: 200, ...answer },
    refuses: [...(isOfThread ? notThere(asks) : []), ...refuses],
    isOwn: true,
  };
}

export function namesIn(template: string): string[] {
  return [...template.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
}

function memberOf(shape: Shape, name: string, asks: MethodName): z.ZodType {
  const member = shape[name];
  if (!member) throw new Error(`${asks} has no member ${name}`);
  return member;
}

/** Each method says in the real server's words that there is no such thread. */
function notThere(asks: MethodName): ProblemName[] {
  if (asks === "thread/unarchive") return ["noArchivedRollout", "invalidThreadId"];
  if (["thread/read", "thread/turns/list", "thread/items/list"].includes(asks)) return ["threadNotLoaded", "invalidThreadId"];
  if (asks === "thread/resume" || /^thread\/(archive|delete|name)/.test(asks)) return ["noRolloutFound", "invalidThreadId"];
  return ["threadNotFound", "invalidThreadId"];
}

function groupOf(template: string): Route["group"] {
  if (template.startsWith("/v1/memory")) return "memory";
  if (template.startsWith("/v1/webhooks")) return "webhooks";
  if (template.endsWith("/decision-tree")) return "decisions";
  if (template.endsWith("/directory")) return "files";
  if (/\/(turns|items)\b/.test(template)) return "turns";
  return "threads";
}
