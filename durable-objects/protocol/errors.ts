/**
 * Everything Spindle refuses, by name. Codes and messages are the real server's (0.169.0), because clients match on both: almost
 * every error there is -32600. Handlers throw a `Refusal`; only the router turns it into wire form.
 */
import { hunksChosenMax } from "./approval-bounds.ts";
import { codexMethodNames } from "./codex-method-names.ts";
import { whyUnserved } from "./unserved.ts";

/** Example: `{"code":-32600,"message":"thread not found: 01a1fb3f-…"}` */
export interface WireError {
  code: number;
  message: string;
  data?: unknown;
}

export const errorCodes = { invalidRequest: -32600, invalidParams: -32602, internal: -32603, overloaded: -32001 } as const;

/** A named "no" on its way to the router. It is the caller's mistake or the world's state, never a bug of ours. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly wire: WireError;

  constructor(wire: WireError) {
    super(wire.message);
    this.wire = wire;
  }
}

/** Characters of one user input, the real server's number. */
export const inputCharactersMax = 1_048_576;

export const refusals = {
  notInitialized: () => refuse("Not initialized"),
  alreadyInitialized: () => refuse("Already initialized"),
  invalidClientName: (name: string) => refuse(`Invalid clientInfo.name: '${name}'. Must be a valid HTTP header value.`),

  /** The message could not be read as a request; `detail` is what serde would say. */
  invalidRequest: (detail: string) => refuse(`Invalid request: ${detail}`),
  /** Said as it is: the request could be read, and asks for what cannot be. */
  invalidRequestText: (message: string) => refuse(message),
  /** No server of this version knows the method; the real one answers with the whole list. */
  unknownMethod: (method: string) => refuse(`Invalid request: ${unknownVariant(method, codexMethodNames)}`),
  /** Codex 0.169.0 knows the method, Spindle does not serve it, for the reason that `unserved.ts` gives. */
  unserved: (method: string) => refuse(`${method} is not supported by Spindle: ${whyUnserved(method)}`),
  /** Spindle serves it, but not there: `what` says where. */
  notSupported: (what: string) => refuse(`${what} is not supported by Spindle`),
  /** `what` is a method (`thread/search`) or one of its fields (`thread/start.dynamicTools`). */
  experimentalRequired: (what: string) => refuse(`${what} requires experimentalApi capability`),

  /** `problem` as `parseThreadId` names it. `thread/resume` calls the thread a session, as the real server does. */
  invalidThreadId: (problem: string, noun: "thread" | "session" | "before thread" = "thread") =>
    refuse(`invalid ${noun} id: ${problem}`),
  /** For `turn/*`: no such thread, or none that runs. */
  threadNotFound: (threadId: string) => refuse(`thread not found: ${threadId}`),
  /** For `thread/read`, `thread/turns/list`, `thread/items/list`. */
  threadNotLoaded: (threadId: string) => refuse(`thread not loaded: ${threadId}`),
  /** For `thread/resume`, `thread/fork`, `thread/archive`, `thread/delete`, `thread/name/set`. */
  noRolloutFound: (threadId: string) => refuse(`no rollout found for thread id ${threadId}`),
  /** For `thread/unarchive`. */
  noArchivedRollout: (threadId: string) => refuse(`no archived rollout found for thread id ${threadId}`),
  threadArchived: (threadId: string) =>
    refuse(`session ${threadId} is archived. Run \`codex unarchive ${threadId}\` to unarchive it first.`),
  /** A thread nobody has spoken in yet has no history to page through. */
  threadNotMaterialized: (threadId: string, method: string) =>
    refuse(`thread ${threadId} is not materialized yet; ${method} is unavailable before first user message`),
  /** For `thread/revert`. */
  turnNotFound: (turnId: string) => refuse(`turn not found: ${turnId}`),
  forkTurnNotFound: (turnId: string) => refuse(`fork turn not found: ${turnId}`),
  forkTurnInProgress: (turnId: string) => refuse(`lastTurnId must name a turn that is not in progress: ${turnId}`),
  forkPointsBoth: () => refuse("`beforeTurnId` cannot be combined with `lastTurnId`"),
  forkEphemeralTurns: () => refuse("ephemeral paginated thread/fork requires `excludeTurns: true`"),
  forkEphemeralGoal: () => refuse("`deferGoalContinuation` cannot be combined with `ephemeral`"),
  threadNameEmpty: () => refuse("thread name must not be empty"),

  noActiveTurnToSteer: () => refuse("no active turn to steer"),
  expectedActiveTurn: (expected: string, found: string) =>
    refuse(`expected active turn id \`${expected}\` but found \`${found}\``),
  noActiveTurnToInterrupt: () => refuse("no active turn to interrupt"),
  /** `actual` in characters. */
  inputTooLarge: (actual: number): WireError => ({
    code: errorCodes.invalidParams,
    data: { input_error_code: "input_too_large", max_chars: inputCharactersMax, actual_chars: actual },
    message: `Input exceeds the maximum length of ${inputCharactersMax} characters.`,
  }),

  readStateUnavailable: () => refuse("thread read state unavailable"),
  /** Somebody else, or a turn, was faster; `readState` is how it stands now. */
  readStateConflict: (readState: unknown): WireError => ({
    ...refuse("read state changed"),
    data: { reason: "readStateConflict", readState },
  }),

  goalsNeedDurableThread: (threadId: string) => refuse(`ephemeral thread does not support goals: ${threadId}`),
  noGoal: (threadId: string) => refuse(`cannot update goal for thread ${threadId}: no goal exists`),
  goalObjectiveEmpty: () => refuse("goal objective must not be empty"),
  goalObjectiveTooLong: (charactersMax: number) => refuse(`goal objective must be at most ${charactersMax} characters`),
  goalBudgetNotPositive: () => refuse("goal budgets must be positive when provided"),

  sectionIdEmpty: () => refuse("sectionId must not be empty"),
  beforeThreadNeedsSection: () => refuse("beforeThreadId requires a non-null sectionId"),
  movedBeforeItself: (threadId: string) => refuse(`thread ${threadId} cannot be moved before itself`),
  beforeThreadElsewhere: (threadId: string, sectionId: string) =>
    refuse(`before thread ${threadId} is not in section ${sectionId}`),
  sectionSortNeedsSection: () => refuse("section-position sorting requires a section filter"),
  sectionIdInvalid: () => invalidParams("sectionId must not be empty"),
  sectionNameEmpty: () => invalidParams("section name must not be empty"),
  sectionNameTooLong: (charactersMax: number) => invalidParams(`section name must not exceed ${charactersMax} characters`),
  sectionAppearanceTooLong: (field: string, bytesMax: number) =>
    invalidParams(`section appearance ${field} must not exceed ${bytesMax} bytes`),
  pinnedSectionStays: (what: "renamed" | "deleted") => invalidParams(`the built-in pinned section cannot be ${what}`),
  sectionNotFound: (sectionId: string) => invalidParams(`thread section not found: ${sectionId}`),
  tooManySections: (sectionsMax: number) => invalidParams(`an account holds at most ${sectionsMax} sections`),
  sectionFull: (threadsMax: number) => refuse(`a section holds at most ${threadsMax} threads`),

  noDecisionTree: (threadId: string) => refuse(`no such decision tree in thread ${threadId}`),
  fragmentNotFound: (fragmentId: string) => invalidParams(`memory fragment not found: ${fragmentId}`),
  memoryRunNotFound: (runId: string) => invalidParams(`memory run not found: ${runId}`),

  pushNotConfigured: () => refuse("push is not configured on this server"),
  /** `problem` as whoever looked says it. */
  pushEndpoint: (problem: string) => invalidParams(`endpoint cannot be pushed to: ${problem}`),
  pushKeys: (problem: string) => invalidParams(`keys cannot be used: ${problem}`),
  pushExpired: () => invalidParams("expirationTime is over already"),
  pushDevice: (charactersMax: number) => invalidParams(`device must not exceed ${charactersMax} characters`),

  /** `problem` as whoever looked says it. */
  webhookAddress: (problem: string) => invalidParams(`url cannot be called: ${problem}`),
  webhookIdInvalid: () => invalidParams("webhookId must be a UUID"),
  webhookNotFound: (webhookId: string) => invalidParams(`webhook not found: ${webhookId}`),
  tooManyWebhooks: (webhooksMax: number) => invalidParams(`an account has at most ${webhooksMax} webhooks`),

  searchTermEmpty: (method: string) => refuse(`${method} requires a non-empty searchTerm`),
  searchTermTooLong: (charactersMax: number) => refuse(`searchTerm must not exceed ${charactersMax} characters`),

  queueFull: (submissionsMax: number) => refuse(`the queue is full: it holds at most ${submissionsMax} submissions`),
  queueEmpty: () => refuse("nothing is queued"),
  queuedSubmissionNotFound: (submissionId: string) => refuse(`queued submission not found: ${submissionId}`),
  queueReorderMismatch: () => refuse("queuedSubmissionIds must name every queued submission exactly once"),
  tooManyCommands: (commandsMax: number) => refuse(`${commandsMax} commands wait already`),
  /** For what needs a thread at rest. */
  turnRuns: (method: string) => refuse(`${method} is unavailable while a turn is running`),

  /** For an answer to an approval that names hunks; the request goes on waiting. */
  invalidHunks: () =>
    invalidParams(
      `hunks of a diff are accepted by {decision: "accept", hunks: [1 to ${hunksChosenMax} numbers from 1 on], proposalHash}`,
    ),
  /** Only changes of files can be accepted in part: a command runs or does not, and what it changes is asked for by itself. */
  notOfHunks: () => refuse("only changes of files are accepted by hunks"),
  otherProposal: (hash: string) => refuse(`proposalHash names other changes: these have the hash ${hash}`),
  /** `problem` as whoever looked for them says it. */
  unknownHunks: (problem: string) => refuse(`these hunks cannot be accepted: ${problem}`),

  metadataEmpty: () => refuse("gitInfo must include at least one field"),
  gitInfoEmpty: (field: string) => refuse(`gitInfo.${field} must not be empty`),
  itemsEmpty: () => refuse("items must not be empty"),
  invalidResponseItem: (index: number) => refuse(`items[${index}] is not a valid response item`),
  callsUnanswered: () => refuse("items must hold the output of each call, and the call of each output"),
  itemIdsCount: (itemsMax: number) => refuse(`itemIds must name 1 to ${itemsMax} items`),

  /** Of a copy of a thread. `line` counts from 1. */
  copyDamaged: (line: number, problem: string) => refuse(`the copy is damaged: line ${line}: ${problem}`),
  copyVersion: (version: unknown, known: number) =>
    refuse(`the copy is of version ${JSON.stringify(version) ?? "none"}; this server reads version ${known}`),
  copyTooLarge: (problem: string) => refuse(`the copy is too large: ${problem}`),
  copyThreadExists: (threadId: string) => refuse(`thread ${threadId} exists already; an import makes a new one`),
  copyUnread: (files: number) =>
    refuse(`the thread cannot be copied: contents of ${files} versions of files are its repository's, and nobody has read them`),

  invalidCursor: (cursor: string) => refuse(`invalid cursor: ${cursor}`),
  modelProviderNotFound: (modelProvider: string) =>
    refuse(`failed to load configuration: Model provider \`${modelProvider}\` not found`),
  rateLimitsNeedAccount: () => refusals.needsAccount("read rate limits"),
  /** `what` as in "to read rate limits". */
  needsAccount: (what: string) => refuse(`codex account authentication required to ${what}`),

  commandEmpty: () => refuse("command must not be empty"),
  commandsRun: (commandsMax: number) => refuse(`${commandsMax} commands of command/exec run in this workspace already`),
  duplicateCommand: (processId: string) => refuse(`duplicate active command/exec process id: ${JSON.stringify(processId)}`),
  /** For `command/exec/write`, `terminate` and `resize`. */
  noActiveCommand: (processId: string) => refuse(`no active command/exec for process id ${JSON.stringify(processId)}`),

  /** `code` is what clients tell these refusals apart by. */
  configWrite: (code: "configLayerReadonly" | "configVersionConflict" | "configValidationError", message: string): WireError => ({
    code: errorCodes.invalidRequest,
    data: { config_write_error_code: code },
    message,
  }),
  /**
   * The account has used what it may. `now` of `max` is used; `retryAfterMs` milliseconds from now there is room again, null where somebody
   * has to make it. Nothing was done: the same request, under the same key, may be sent again.
   */
  accountLimit: ({ limit, max, now, retryAfterMs }: ReachedLimit): WireError => ({
    // What passes in seconds is what clients of Codex try again by themselves.
    code: limit === "turnsPerMinute" ? errorCodes.overloaded : errorCodes.invalidRequest,
    data: { reason: "accountLimit", limit, max, now, retryAfterMs },
    message: limitMessage({ limit, max, now, retryAfterMs }),
  }),
  /** Params that can be read and contradict each other. */
  invalidParams: (message: string): WireError => ({ code: errorCodes.invalidParams, message }),
  noSuchFile: () => refusals.internal("No such file or directory (os error 2)"),
  overloaded: (): WireError => ({ code: errorCodes.overloaded, message: "Server overloaded; retry later." }),
  internal: (message: string): WireError => ({ code: errorCodes.internal, message }),
} as const;

/** A limit of an account that is reached; see `accountLimit`. */
export interface ReachedLimit {
  limit: "turnsPerMinute" | "turnsAtOnce" | "tokensPerDay" | "threads" | "storageBytes";
  max: number;
  now: number;
  retryAfterMs: number | null;
}

/** What `data` of a refusal says, where it is of this kind. */
export function reachedLimitOf(data: unknown): ReachedLimit | null {
  return typeof data === "object" && data !== null && "reason" in data && data.reason === "accountLimit"
    ? (data as unknown as ReachedLimit)
    : null;
}

/** A sentence for whoever asked. */
function limitMessage({ limit, max, now, retryAfterMs }: ReachedLimit): string {
  const count = (value: number) => value.toLocaleString("en-GB");
  const again = retryAfterMs === null ? "" : `; try again in ${durationText(retryAfterMs)}`;
  switch (limit) {
    case "turnsPerMinute":
      return `this account may begin ${count(max)} turns a minute, and has${again}`;
    case "turnsAtOnce":
      return `${count(max)} turns of this account are at work`;
    case "tokensPerDay":
      return `this account has used ${count(now)} tokens within a day, and may use ${count(max)}${again}`;
    case "threads":
      return `this account has ${count(now)} threads, and may have ${count(max)}; delete one to begin another`;
    case "storageBytes":
      return `the threads of this account hold ${gigabytes(now)} GB, and may hold ${gigabytes(max)} GB; delete some to go on`;
    default:
      return limit satisfies never;
  }
}

function durationText(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7_200 ? `${Math.ceil(seconds / 60)} minutes` : `${Math.ceil(seconds / 3_600)} hours`;
}

function gigabytes(bytes: number): string {
  return (bytes / 1024 ** 3).toLocaleString("en-GB", { maximumFractionDigits: 1 });
}

/** serde's words for a name that is not on the list. */
export function unknownVariant(name: string, names: readonly string[]): string {
  const quoted = names.map((known) => `\`${known}\``);
  const expected =
    quoted.length === 0
      ? "there are no variants"
      : quoted.length <= 2
        ? `expected ${quoted.join(" or ")}`
        : `expected one of ${quoted.join(", ")}`;
  return `unknown variant \`${name}\`, ${expected}`;
}

function refuse(message: string): WireError {
  return { code: errorCodes.invalidRequest, message };
}

function invalidParams(message: string): WireError {
  return { code: errorCodes.invalidParams, message };
}
