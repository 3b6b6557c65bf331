/** Threads: begin, take up again, read, list, name, put away. */
import * as z from "zod";
import { threadItem } from "./item.ts";
import {
  approvalPolicyParam,
  approvalsReviewer,
  collaborationMode,
  empty,
  emptyList,
  flag,
  ignored,
  method,
  page,
  sortDirection,
  struct,
  text,
  texts,
} from "./method.ts";
import { threadReadState } from "./read-state-methods.ts";
import { approvalPolicy, sandboxMode, sandboxPolicy, thread } from "./thread.ts";
import { threadSettings } from "./thread-settings.ts";
import { itemsView, turn } from "./turn.ts";

const config = z.record(z.string(), z.unknown()).nullish();
const personality = z.enum(["none", "friendly", "pragmatic"]).nullish();

/** What a thread runs under, as `thread/start` and `thread/resume` answer it. */
export const opened = {
  thread,
  model: z.string(),
  modelProvider: z.string(),
  serviceTier: z.string().nullable(),
  disabledPluginIds: z.array(z.string()),
  cwd: z.string(),
  runtimeWorkspaceRoots: z.array(z.string()),
  instructionSources: z.array(z.string()),
  approvalPolicy,
  approvalsReviewer,
  sandbox: sandboxPolicy,
  activePermissionProfile: z.null(),
  reasoningEffort: z.string().nullable(),
  /** Spindle's own: what the next turn begins with, also while another runs. `thread/settings/updated` tells what changes of it. */
  threadSettings: threadSettings.optional(),
};
export const multiAgentMode = z.literal("explicitRequestOnly");

const cursors = { nextCursor: z.string().nullable(), backwardsCursor: z.string().nullable() };
const turnsPage = z.object({ data: z.array(turn), ...cursors });

/** Example: `{"turnId":"01a1…","item":{"type":"userMessage",…},"startedAtMs":1795216612096,"completedAtMs":1795216612096}` */
export const threadItemEntry = z.object({
  turnId: z.string(),
  item: threadItem,
  startedAtMs: z.number().nullable(),
  completedAtMs: z.number().nullable(),
});

export const sourceKind = z.enum([
  "cli",
  "vscode",
  "exec",
  "appServer",
  "subAgent",
  "subAgentReview",
  "subAgentCompact",
  "subAgentThreadSpawn",
  "subAgentOther",
  "unknown",
]);

export const threadMethods = {
  "thread/start": method({
    doc: "Begins a thread with a workspace of its own and subscribes the caller to it; `thread/started` follows. A client may give the thread its id, a UUID of its own making: a retry with the same `threadId` begins nothing more and gets that thread. An ephemeral thread is listed nowhere and forgotten soon after its last client left.",
    scope: "connection",
    params: struct("ThreadStartParams", {
      model: text,
      modelProvider: text,
      allowProviderModelFallback: ignored,
      serviceTier: text,
      cwd: text,
      runtimeWorkspaceRoots: texts,
      approvalPolicy: approvalPolicyParam,
      approvalsReviewer: approvalsReviewer.nullish(),
      sandbox: sandboxMode.nullish(),
      permissions: text,
      config,
      serviceName: text,
      baseInstructions: text,
      developerInstructions: text,
      personality,
      multiAgentMode: ignored,
      ephemeral: flag,
      historyMode: z.enum(["legacy", "paginated"]).nullish(),
      sessionStartSource: z.enum(["startup", "clear"]).nullish(),
      threadSource: text,
      projectId: text,
      daybreakEnabled: ignored,
      environments: z.array(z.unknown()).nullish(),
      dynamicTools: z.array(z.unknown()).nullish(),
      selectedCapabilityRoots: ignored,
      mockExperimentalField: ignored,
      experimentalRawEvents: ignored,
      threadId: text,
    }),
    experimentalFields: [
      "allowProviderModelFallback",
      "daybreakEnabled",
      "dynamicTools",
      "environments",
      "experimentalRawEvents",
      "historyMode",
      "mockExperimentalField",
      "multiAgentMode",
      "permissions",
      "projectId",
      "runtimeWorkspaceRoots",
      "selectedCapabilityRoots",
    ],
    result: z.object({ ...opened, multiAgentMode }),
    errors: ["accountLimit"],
  }),

  "thread/resume": method({
    doc: "Subscribes the caller to a thread and answers its state; what still waits for an answer is asked again, under the same id. With the extension `spindle/replay`, `afterSeq` asks for every frame after that one, so that nothing is lost and nothing comes twice; without it a message that is being written is told from its beginning. Refuses an archived thread.",
    scope: "thread",
    errors: ["threadArchived", "overloaded"],
    params: struct("ThreadResumeParams", {
      threadId: z.string(),
      history: ignored,
      path: ignored,
      model: text,
      modelProvider: text,
      serviceTier: text,
      cwd: text,
      runtimeWorkspaceRoots: texts,
      approvalPolicy: approvalPolicyParam,
      approvalsReviewer: approvalsReviewer.nullish(),
      sandbox: sandboxMode.nullish(),
      permissions: text,
      config,
      baseInstructions: text,
      developerInstructions: text,
      personality,
      excludeTurns: z.boolean().default(false),
      initialTurnsPage: struct("ThreadResumeInitialTurnsPageParams", {
        limit: page.limit,
        sortDirection,
        itemsView: itemsView.nullish(),
      }).nullish(),
      /** Spindle's own: the last frame of this thread that the client has. */
      afterSeq: page.limit,
    }),
    experimentalFields: ["history", "initialTurnsPage", "path", "permissions", "runtimeWorkspaceRoots"],
    result: z.object({
      ...opened,
      collaborationMode: collaborationMode.nullable(),
      multiAgentMode,
      initialTurnsPage: turnsPage.nullable(),
      turnsBackwardsCursor: z.string().nullable(),
      itemsBackwardsCursor: z.string().nullable(),
    }),
  }),

  "thread/read": method({
    doc: "Answers a thread's state without subscribing. `includeTurns` adds its whole history; page with `thread/turns/list` instead.",
    scope: "thread",
    params: struct("ThreadReadParams", { threadId: z.string(), includeTurns: z.boolean().default(false) }),
    result: z.object({ thread, readState: threadReadState.nullish() }),
  }),

  "thread/list": method({
    doc: "The account's threads, newest first. Ephemeral threads are never listed, archived ones only when asked for.",
    scope: "directory",
    errors: ["invalidCursor"],
    params: struct("ThreadListParams", {
      currentAccountOnly: z.boolean().default(false),
      ...page,
      excludedThreadIds: texts,
      sortKey: z.enum(["created_at", "updated_at", "recency_at", "section_position"]).nullish(),
      sortDirection,
      modelProviders: texts,
      sourceKinds: z.array(sourceKind).nullish(),
      originators: texts,
      archived: flag,
      projectId: text,
      sectionId: text,
      cwd: z
        .union([z.string(), z.array(z.string())])
        .meta({ id: "ThreadListCwdFilter" })
        .nullish(),
      useStateDbOnly: z.boolean().default(false),
      searchTerm: text,
      parentThreadId: text,
      ancestorThreadId: text,
      attachedToThreadId: text,
      includeAttachedThreads: z.boolean().default(false),
    }),
    experimentalFields: ["ancestorThreadId", "attachedToThreadId", "includeAttachedThreads", "parentThreadId", "projectId"],
    result: z.object({
      data: z.array(thread),
      readStates: z.record(z.string(), threadReadState).nullish(),
      ...cursors,
    }),
  }),

  "thread/loaded/list": method({
    doc: "Ids of the account's threads that are loaded. A thread of Spindle is always there for whoever calls it: all that are not archived count.",
    scope: "directory",
    errors: ["invalidCursor"],
    params: struct("ThreadLoadedListParams", page),
    result: z.object({ data: z.array(z.string()), nextCursor: z.string().nullable() }),
  }),

  "thread/turns/list": method({
    doc: "A thread's turns, newest first, each with its first user message and last agent message unless `itemsView` says otherwise.",
    scope: "thread",
    errors: ["invalidCursor"],
    params: struct("ThreadTurnsListParams", {
      threadId: z.string(),
      ...page,
      sortDirection,
      itemsView: itemsView.nullish(),
    }),
    result: turnsPage,
  }),

  "thread/items/list": method({
    doc: "A thread's items, of one turn or of all. A cursor comes from a page before or from `thread/resume`, or names an item to start at.",
    scope: "thread",
    errors: ["invalidCursor"],
    params: struct("ThreadItemsListParams", {
      threadId: z.string(),
      turnId: text,
      cursor: z
        .union([z.string(), z.object({ type: z.literal("item"), itemId: z.string() })])
        .meta({ id: "ThreadItemsListCursor" })
        .nullish(),
      limit: page.limit,
      sortDirection,
      deferOutput: ignored,
    }),
    result: z.object({ data: z.array(threadItemEntry), ...cursors }),
  }),

  "thread/name/set": method({
    doc: "Names a thread; `thread/name/updated` follows. Refuses an empty name.",
    scope: "thread",
    errors: ["threadNameEmpty"],
    params: struct("ThreadSetNameParams", { threadId: z.string(), name: z.string() }),
    result: empty,
  }),

  "thread/archive": method({
    doc: "Puts a thread away: it leaves the list and takes no more turns until it is brought back; `thread/archived` follows.",
    scope: "thread",
    params: struct("ThreadArchiveParams", { threadId: z.string() }),
    result: empty,
  }),

  "thread/unarchive": method({
    doc: "Brings an archived thread back; `thread/unarchived` follows.",
    scope: "thread",
    params: struct("ThreadUnarchiveParams", { threadId: z.string() }),
    result: z.object({ thread }),
  }),

  "thread/delete": method({
    doc: "Deletes a thread, its log and its workspace for good; `thread/deleted` follows.",
    scope: "thread",
    params: struct("ThreadDeleteParams", { threadId: z.string() }),
    result: empty,
  }),

  "thread/unsubscribe": method({
    doc: "The caller wants no more of a thread's notifications. The thread goes on; `notSubscribed` and `notLoaded` are answers, not errors.",
    scope: "connection",
    params: struct("ThreadUnsubscribeParams", { threadId: z.string() }),
    result: z.object({ status: z.enum(["notLoaded", "notSubscribed", "unsubscribed"]) }),
  }),

  "thread/compact/start": method({
    doc: "Makes what the model is told of the thread shorter, as a turn of its own; the log keeps everything. Refused while a turn runs, which does it by itself when it has to.",
    scope: "thread",
    params: struct("ThreadCompactStartParams", { threadId: z.string() }),
    result: empty,
    errors: ["accountLimit"],
  }),

  "thread/backgroundTerminals/list": method({
    doc: "Commands that run on beside the turn. Always empty: a command of Spindle ends before the model hears of it.",
    scope: "thread",
    experimental: true,
    params: struct("ThreadBackgroundTerminalsListParams", { threadId: z.string(), ...page }),
    result: z.object({ data: emptyList, nextCursor: z.null() }),
  }),
};
