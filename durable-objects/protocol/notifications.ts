/** What the server tells without being asked: method → params. Each row of a thread's log carries one of these, or a server request. */
import * as z from "zod";
import { decisionTreeUpdated } from "./decision-tree-methods.ts";
import { threadGoal } from "./goal-methods.ts";
import { threadItem } from "./item.ts";
import { memoryUsed } from "./memory-use.ts";
import { threadReadState } from "./read-state-methods.ts";
import { thread, threadStatus, threadTokenUsage } from "./thread.ts";
import { threadSettings } from "./thread-settings.ts";
import { turn, turnError } from "./turn.ts";

const inTurn = { threadId: z.string(), turnId: z.string() };
const itemDelta = z.object({ ...inTurn, itemId: z.string(), delta: z.string() });

export const planStep = z.object({ step: z.string(), status: z.enum(["pending", "inProgress", "completed"]) });
export type PlanStep = z.infer<typeof planStep>;

export const notifications = {
  "thread/started": z.object({ thread }),
  "thread/status/changed": z.object({ threadId: z.string(), status: threadStatus }),
  "thread/name/updated": z.object({ threadId: z.string(), threadName: z.string().nullish() }),
  "thread/archived": z.object({ threadId: z.string() }),
  "thread/unarchived": z.object({ threadId: z.string() }),
  "thread/deleted": z.object({ threadId: z.string() }),
  /** `beforeTurnId` and what follows are our own fields: with them a client that folds frames knows what is left. */
  "thread/reverted": z.object({
    threadId: z.string(),
    beforeTurnId: z.string().optional(),
    preview: z.string().optional(),
    tokenUsage: threadTokenUsage.nullish(),
  }),
  "thread/settings/updated": z.object({ threadId: z.string(), threadSettings }),
  "thread/closed": z.object({ threadId: z.string() }),
  "thread/readState/changed": z.object({ threadId: z.string(), readState: threadReadState }),
  "thread/section/changed": z.object({ threadId: z.string(), sectionId: z.string().nullable() }),
  "thread/goal/updated": z.object({ threadId: z.string(), turnId: z.string().nullable(), goal: threadGoal }),
  "thread/goal/cleared": z.object({ threadId: z.string() }),
  "thread/queue/changed": z.object({ threadId: z.string() }),
  "thread/tokenUsage/updated": z.object({ ...inTurn, tokenUsage: threadTokenUsage }),
  "turn/started": z.object({ threadId: z.string(), turn }),
  "turn/completed": z.object({ threadId: z.string(), turn }),
  "turn/diff/updated": z.object({ ...inTurn, diff: z.string() }),
  "turn/plan/updated": z.object({ ...inTurn, explanation: z.string().nullable(), plan: z.array(planStep) }),
  "item/started": z.object({ item: threadItem, ...inTurn, startedAtMs: z.number() }),
  "item/completed": z.object({
    item: threadItem,
    ...inTurn,
    contentTokenCount: z.number().nullable(),
    completedAtMs: z.number(),
  }),
  "item/agentMessage/delta": itemDelta,
  "item/reasoning/summaryPartAdded": z.object({ ...inTurn, itemId: z.string(), summaryIndex: z.number() }),
  "item/reasoning/summaryTextDelta": itemDelta.extend({ summaryIndex: z.number() }),
  "item/commandExecution/outputDelta": itemDelta,
  "serverRequest/resolved": z.object({ threadId: z.string(), requestId: z.union([z.string(), z.number()]) }),
  "spindle/decisionTree/updated": decisionTreeUpdated,
  "spindle/memory/used": memoryUsed,
  error: z.object({ error: turnError, willRetry: z.boolean(), ...inTurn }),
  warning: z.object({ threadId: z.string().nullable(), message: z.string() }),
} as const;

export type Notifications = { [Method in keyof typeof notifications]: z.infer<(typeof notifications)[Method]> };
export type NotificationMethod = keyof Notifications;

/** Go only to connections with the `experimentalApi` capability, as on the real server. */
export const experimentalNotifications: ReadonlySet<string> = new Set(["thread/readState/changed"]);

/** Spindle's own: go only to connections that know the extension `spindle/replay`. */
export const extensionNotifications: ReadonlySet<string> = new Set<NotificationMethod>([
  "spindle/decisionTree/updated",
  "spindle/memory/used",
]);

/** Go to every connection of the account, whether it follows the thread or not: what lists of threads show depends on them. */
export const accountNotifications: ReadonlySet<string> = new Set<NotificationMethod>([
  "thread/started",
  "thread/status/changed",
  "thread/name/updated",
  "thread/archived",
  "thread/unarchived",
  "thread/deleted",
  "thread/readState/changed",
  "thread/goal/updated",
  "thread/goal/cleared",
]);
