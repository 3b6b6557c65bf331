/** What a client may ask of one thread. Each handler answers from the log, or commits and then answers; refusals are thrown by name. */
import type { Draft } from "#core/frame";
import { limits } from "#core/limits";
import type { ClientTool, Settings } from "#core/private";
import { readStateOf } from "#core/read-state";
import { openTurn, wireThread } from "#core/thread";
import { Refusal, refusals } from "#protocol/errors";
import type { Params, Request, Result } from "#protocol/methods";
import type { WireThread } from "#protocol/thread";
import type { Turn } from "#protocol/turn";
import type { UserInput } from "#protocol/user-input";
import { changedSettings } from "#thread/changed-settings";
import { annotateDecisionTree, readDecisionTree, setDecisionMode } from "#thread/decision";
import { withDecisionSettings } from "#thread/decision-settings";
import { exportThread } from "#thread/export";
import { searchFiles } from "#thread/file-search";
import { clearGoal, getGoal, setGoal } from "#thread/goal";
import { searchOccurrences } from "#thread/occurrences";
import { addToQueue, deleteQueued, listQueue, reorderQueue, startFromQueue, updateQueued } from "#thread/queue";
import { updateReadState } from "#thread/read-state";
import { revertThread } from "#thread/revert";
import { startReview } from "#thread/review";
import { type ThreadRuntime, withModelCall } from "#thread/runtime";
import { injectItems, readItems, readMemory, setMemoryMode, updateMetadata, updateSettings } from "#thread/settings";
import { startSettings } from "#thread/start-settings";
import { askUserCommand } from "#thread/steps/user-command";
import { listTimeline } from "#thread/timeline";
import { changeTold, wireSettings } from "#thread/told-settings";
import { begun, requireInput, turnStarted, userMessage } from "#thread/turn-begin";
import { absolutePath } from "#workspace/path";

/** The requests that a thread answers itself; attaching a client to it is the object's business. */
export type ThreadRequest = Extract<Request, { method: keyof typeof handlers }>;

const handlers = {
  "thread/read": readThread,
  "thread/turns/list": listTurns,
  "thread/items/list": listItems,
  "thread/name/set": setName,
  "thread/archive": archive,
  "thread/unarchive": unarchive,
  "thread/readState/update": updateReadState,
  "thread/searchOccurrences": searchOccurrences,
  "thread/goal/set": setGoal,
  "thread/goal/get": getGoal,
  "thread/goal/clear": clearGoal,
  "spindle/decisionTree/read": readDecisionTree,
  "spindle/decisionTree/annotate": annotateDecisionTree,
  "spindle/decisionTree/setMode": setDecisionMode,
  "spindle/thread/export": exportThread,
  "thread/backgroundTerminals/list": () => ({ data: [], nextCursor: null }),
  "thread/compact/start": startCompaction,
  "thread/revert": revertThread,
  "thread/settings/update": updateSettings,
  "thread/metadata/update": updateMetadata,
  "thread/memoryMode/set": setMemoryMode,
  "thread/memory/read": readMemory,
  "thread/inject_items": injectItems,
  "thread/items/read": readItems,
  "thread/timeline/list": listTimeline,
  "turn/start": startTurn,
  "turn/steer": steerTurn,
  "turn/interrupt": interruptTurn,
  "thread/shellCommand": askUserCommand,
  fuzzyFileSearch: searchFiles,
  "review/start": startReview,
  "thread/queue/add": addToQueue,
  "thread/queue/list": listQueue,
  "thread/queue/update": updateQueued,
  "thread/queue/delete": deleteQueued,
  "thread/queue/reorder": reorderQueue,
  "thread/queue/start": startFromQueue,
} as const satisfies { [Method in Request["method"]]?: (runtime: ThreadRuntime, params: Params<Method>) => Answer<Method> };

type Answer<Method extends Request["method"]> = Result<Method> | Promise<Result<Method>>;

export function isThreadRequest(request: Request): request is ThreadRequest {
  return Object.hasOwn(handlers, request.method);
}

/** Refuses, in the real server's words for the method, where there is no such thread. */
export function answer(runtime: ThreadRuntime, request: ThreadRequest): Promise<unknown> | unknown {
  // The real server looks at the name before it looks for the thread.
  if (request.method === "thread/name/set" && !request.params.name.trim()) throw new Refusal(refusals.threadNameEmpty());
  requireThread(runtime, request.method);
  // The table pairs each method with a handler of its own params, which TypeScript cannot follow through the lookup.
  const handler = handlers[request.method] as (runtime: ThreadRuntime, params: unknown) => unknown;
  return handler(runtime, request.params);
}

/** The thread is there, not deleted, and the method may be used on it. */
export function requireThread(runtime: ThreadRuntime, method: Request["method"]): void {
  const { thread } = runtime;
  if (thread && !thread.deleted) {
    if (method === "thread/unarchive" && !thread.archived) throw new Refusal(refusals.noArchivedRollout(thread.info.id));
    // The real server looks for it among those that are not put away.
    if (thread.archived && method === "thread/archive") throw new Refusal(refusals.noRolloutFound(thread.info.id));
    if (thread.archived && method === "thread/resume") throw new Refusal(refusals.threadArchived(thread.info.id));
    if (thread.archived && beginsTurn(method)) throw new Refusal(refusals.threadNotFound(thread.info.id));
    return;
  }
  throw new Refusal(unknownThread(method, runtime.host.threadId));
}

/** An archived thread takes none of these; its queue stays, and may be looked at and tidied. */
function beginsTurn(method: Request["method"]): boolean {
  return (
    method.startsWith("turn/") ||
    ["thread/queue/add", "thread/queue/start", "thread/shellCommand", "review/start", "thread/revert"].includes(method)
  );
}

/** The real server has four ways to say that there is no such thread; clients match on them. */
export function unknownThread(method: Request["method"], threadId: string): Refusal["wire"] {
  switch (method) {
    case "thread/read":
    case "thread/turns/list":
    case "thread/items/list":
    case "thread/items/read":
    case "thread/timeline/list":
    case "thread/searchOccurrences":
      return refusals.threadNotLoaded(threadId);
    case "thread/resume":
    case "thread/metadata/update":
    case "thread/fork":
    case "thread/archive":
    case "thread/delete":
    case "thread/name/set":
      return refusals.noRolloutFound(threadId);
    case "thread/unarchive":
      return refusals.noArchivedRollout(threadId);
    default:
      return refusals.threadNotFound(threadId);
  }
}

/** The frames that begin a thread; the runtime makes its tables in the same transaction. */
export function startThread(
  runtime: ThreadRuntime,
  params: Params<"thread/start">,
  client: { originator: string; defaultModel: string; version: string },
): void {
  requireProvider(params.modelProvider);
  const settings: Settings = {
    ...startSettings(params, client.defaultModel),
    clientTools: clientToolsOf(params.dynamicTools ?? []),
  };
  const thread = newThread(runtime.host, settings, params, client);
  runtime.begin([[{ method: "thread/started", params: { thread }, private: { event: { type: "threadStarted", settings } } }]]);
}

/** A thread in which nothing has happened. */
export function newThread(
  host: ThreadRuntime["host"],
  settings: Settings,
  params: Pick<Params<"thread/start">, "cwd" | "ephemeral" | "threadSource">,
  client: { originator: string; version: string },
): WireThread {
  const seconds = Math.floor(host.now() / 1000);
  return {
    id: host.threadId,
    environments: null,
    extra: null,
    sessionId: host.threadId,
    forkedFromId: null,
    attachedToThreadId: null,
    parentThreadId: null,
    preview: "",
    ephemeral: params.ephemeral ?? false,
    section: null,
    sectionEnteredAt: null,
    projectId: null,
    historyMode: "paginated",
    modelProvider,
    model: settings.model,
    reasoningEffort: settings.effort,
    createdAt: seconds,
    updatedAt: seconds,
    recencyAt: seconds,
    status: { type: "idle" },
    path: null,
    cwd: workspaceRoot(params.cwd),
    cliVersion: client.version,
    originator: client.originator,
    source: sourceOf(client.originator),
    canAcceptDirectInput: true,
    threadSource: params.threadSource ?? null,
    agentNickname: null,
    agentRole: null,
    gitInfo: null,
    name: null,
    daybreakEnabled: null,
    turns: [],
  };
}

/** The only one there is; which endpoint stands behind it is the operator's business. */
const modelProvider = "spindle";

/** What the real server says of a provider that stands in no configuration. */
export function requireProvider(wanted: string | null | undefined): void {
  if (wanted && wanted !== modelProvider) throw new Refusal(refusals.modelProviderNotFound(wanted));
}

/**
 * Tools as a client brings them: functions, or namespaces of functions. The model knows one by a name that holds the namespace. What is
 * not of that form is left out: a client of another version must still be able to begin a thread.
 */
function clientToolsOf(specs: unknown[]): ClientTool[] {
  return specs.flatMap((spec) => toolsOf(spec, null)).slice(0, limits.clientToolsMax);
}

function toolsOf(spec: unknown, namespace: string | null): ClientTool[] {
  if (typeof spec !== "object" || spec === null || !("name" in spec) || typeof spec.name !== "string") return [];
  if ("tools" in spec && Array.isArray(spec.tools)) {
    const { name } = spec;
    return namespace === null ? spec.tools.flatMap((tool) => toolsOf(tool, name)) : [];
  }
  const name = namespace === null ? spec.name : `${namespace}__${spec.name}`;
  if (!/^[A-Za-z0-9_-]{1,64}$/.test(name)) return [];
  const description = "description" in spec && typeof spec.description === "string" ? spec.description : "";
  const inputSchema = "inputSchema" in spec ? spec.inputSchema : { type: "object", properties: {} };
  return [{ name, namespace, tool: spec.name, description, inputSchema }];
}

/** The pickers of Codex's own clients show threads of these two sources only. */
export function sourceOf(originator: string): WireThread["source"] {
  return originator === "codex-tui" ? "cli" : "vscode";
}

/** A client names a folder of its own machine; here it is only the name of the workspace's root. */
export function workspaceRoot(cwd: string | null | undefined): string {
  if (!cwd || cwd === "." || !cwd.startsWith("/")) return "/workspace";
  return cwd.length > 1 ? cwd.replace(/\/+$/, "") || "/workspace" : "/workspace";
}

/** What `thread/start` and `thread/resume` answer about the thread, besides what is theirs alone. */
export function openedThread(runtime: ThreadRuntime, turns: Turn[]): Result<"thread/start"> {
  const { current } = runtime;
  const { settings, info } = current;
  if (!settings) throw new Error("a thread without settings");
  return {
    thread: wireThread(current, turns),
    model: settings.model,
    modelProvider: info.modelProvider,
    serviceTier: null,
    disabledPluginIds: [],
    cwd: info.cwd,
    runtimeWorkspaceRoots: [info.cwd],
    instructionSources: runtime.guides().map(({ path }) => absolutePath(info.cwd, path)),
    approvalPolicy: settings.approvalPolicy,
    approvalsReviewer: "user",
    // Nothing but an approved diff reaches the workspace, and nothing reaches the network.
    sandbox: { type: "readOnly", networkAccess: false },
    activePermissionProfile: null,
    reasoningEffort: settings.effort,
    threadSettings: wireSettings(current, current.nextSettings ?? settings),
    multiAgentMode: "explicitRequestOnly",
  };
}

function readThread(runtime: ThreadRuntime, params: Params<"thread/read">): Result<"thread/read"> {
  const turns = params.includeTurns ? runtime.history.allTurns(runtime.current) : [];
  return { thread: wireThread(runtime.current, turns), readState: readStateOf(runtime.current) };
}

function listTurns(runtime: ThreadRuntime, params: Params<"thread/turns/list">): Result<"thread/turns/list"> {
  return runtime.history.turns(runtime.current, params);
}

function listItems(runtime: ThreadRuntime, { cursor, ...params }: Params<"thread/items/list">): Result<"thread/items/list"> {
  if (cursor && typeof cursor !== "string") {
    return runtime.history.items(runtime.current, { ...params, cursor: runtime.history.cursorAtItem(cursor.itemId) });
  }
  return runtime.history.items(runtime.current, { ...params, cursor });
}

async function setName(runtime: ThreadRuntime, params: Params<"thread/name/set">): Promise<Result<"thread/name/set">> {
  const name = params.name.trim();
  const threadId = runtime.host.threadId;
  await told(runtime, { method: "thread/name/updated", params: { threadId, threadName: name } });
  return {};
}

async function archive(runtime: ThreadRuntime): Promise<Result<"thread/archive">> {
  const { threadId } = runtime.host;
  if (openTurn(runtime.current)) runtime.interrupt();
  await told(runtime, { method: "thread/archived", params: { threadId } });
  return {};
}

async function unarchive(runtime: ThreadRuntime): Promise<Result<"thread/unarchive">> {
  await told(runtime, { method: "thread/unarchived", params: { threadId: runtime.host.threadId } });
  return { thread: wireThread(runtime.current) };
}

/** Commits, and gives the Directory the chance to know before the caller does: who asks for the list next sees it. */
async function told(runtime: ThreadRuntime, draft: Draft): Promise<void> {
  runtime.commit([draft]);
  await runtime.outbox.flush();
  runtime.schedule();
}

function startTurn(runtime: ThreadRuntime, params: Params<"turn/start">): Result<"turn/start"> {
  const known = params.clientUserMessageId ? runtime.log.turnOfClientMessage(params.clientUserMessageId) : null;
  if (known) {
    const turn = runtime.history.turnById(runtime.current, known, "notLoaded");
    if (turn) return { turn };
  }
  requireInput(params.input);
  const running = openTurn(runtime.current);
  if (running) {
    steer(runtime, running, params);
    return { turn: begun(running.id) };
  }
  const { host } = runtime;
  const { settings, info } = runtime.current;
  if (!settings) throw new Error("a thread without settings");
  const turnId = host.newId();
  const changed = withDecisionSettings(changedSettings(settings, params, info.cwd), params);
  runtime.commit([
    // What a turn brings holds for those that follow: every client is to know.
    ...changeTold(runtime, settings, changed),
    ...turnStarted(runtime, turnId, { settings: changed, outputSchema: params.outputSchema }),
    ...userMessage(runtime, turnId, params),
  ]);
  void runtime.drive();
  return { turn: begun(turnId) };
}

/** A turn that does nothing else. */
function startCompaction(runtime: ThreadRuntime): Result<"thread/compact/start"> {
  if (openTurn(runtime.current))
    throw new Refusal(refusals.invalidRequest("a turn is running; it compacts by itself when it has to"));
  runtime.commit(turnStarted(runtime, runtime.host.newId()));
  // Should we die between the two, `next` finds a turn in which nothing was said, and ends it.
  runtime.compact();
  void runtime.drive();
  return {};
}

function steerTurn(runtime: ThreadRuntime, params: Params<"turn/steer">): Result<"turn/steer"> {
  const known = params.clientUserMessageId ? runtime.log.turnOfClientMessage(params.clientUserMessageId) : null;
  if (known) return { turnId: known };
  const turn = openTurn(runtime.current);
  if (!turn) throw new Refusal(refusals.noActiveTurnToSteer());
  if (turn.id !== params.expectedTurnId) throw new Refusal(refusals.expectedActiveTurn(params.expectedTurnId, turn.id));
  requireInput(params.input);
  steer(runtime, turn, params);
  return { turnId: turn.id };
}

/** The model is cut short and asked again with the new message; a tool that runs and an approval that waits go on. */
function steer(runtime: ThreadRuntime, turn: Turn, params: { input: UserInput[]; clientUserMessageId?: string | null }): void {
  const sampling = runtime.activity?.kind === "model" || runtime.activity?.kind === "pause" ? runtime.activity : null;
  sampling?.finish();
  const open = openTurn(runtime.current) ?? turn;
  const cut = sampling ? runtime.closeDangling(open, "said") : [];
  sampling?.abort.abort();
  const aborted = sampling?.kind === "model" ? "aborted" : undefined;
  const said = withModelCall(userMessage(runtime, turn.id, params), "item/completed", aborted);
  runtime.commit([...cut, ...said]);
  void runtime.drive();
}

/**
 * A stop that comes late must not stop the turn after the one it was meant for. Without an id it means whatever runs, be it nothing: so a
 * client stops a thread whose turn it has not heard of yet.
 */
function interruptTurn(runtime: ThreadRuntime, { turnId }: Params<"turn/interrupt">): Result<"turn/interrupt"> {
  const turn = openTurn(runtime.current);
  if (!turn && turnId === "") return {};
  if (!turn) throw new Refusal(refusals.noActiveTurnToInterrupt());
  if (turnId !== "" && turn.id !== turnId) throw new Refusal(refusals.expectedActiveTurn(turnId, turn.id));
  runtime.interrupt();
  return {};
}
