/** A thread's history as something to begin anew from: in another thread, or in this one. */
import * as z from "zod";
import { threadItem } from "./item.ts";
import { approvalPolicyParam, approvalsReviewer, flag, ignored, method, page, struct, text, texts } from "./method.ts";
import { sandboxMode, thread } from "./thread.ts";
import { multiAgentMode, opened } from "./thread-methods.ts";
import { turnError, turnStatus } from "./turn.ts";

/** The members of a turn's edges are in snake case on the real wire. */
const timelineEntry = z.discriminatedUnion("type", [
  z.object({ type: z.literal("item"), position: z.number(), turnId: z.string(), item: threadItem }),
  z.object({ type: z.literal("turnStarted"), position: z.number(), turn_id: z.string(), started_at: z.number().nullable() }),
  z.object({
    type: z.literal("turnCompleted"),
    position: z.number(),
    turn_id: z.string(),
    status: turnStatus,
    started_at: z.number().nullable(),
    completed_at: z.number().nullable(),
    duration_ms: z.number().nullable(),
    error: turnError.nullable(),
  }),
]);

export const threadHistoryMethods = {
  "thread/timeline/list": method({
    doc: "A thread's items and the edges of its turns in one list, oldest first. What has not ended yet stands in no list.",
    scope: "thread",
    experimental: true,
    params: struct("ThreadTimelineListParams", { threadId: z.string(), ...page }),
    result: z.object({
      data: z.array(timelineEntry),
      nextCursor: z.string().nullable(),
      activeRealtimeSessionAtPageStart: z.null(),
    }),
  }),

  "thread/fork": method({
    doc: "Begins another thread with this one's history and files, up to its end or to a turn (`lastTurnId` with it, `beforeTurnId` without it), and subscribes the caller to it; `thread/started` follows. A running turn is copied as if it had been interrupted now; what waits for an answer, the queue and the approvals for the session are not. Without overrides the fork goes on under the source's settings. The fork holds everything itself: the source may be deleted.",
    scope: "thread",
    params: struct("ThreadForkParams", {
      threadId: z.string(),
      lastTurnId: text,
      beforeTurnId: text,
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
      config: z.record(z.string(), z.unknown()).nullish(),
      baseInstructions: text,
      developerInstructions: text,
      ephemeral: flag,
      threadSource: text,
      attachToSource: flag,
      deferGoalContinuation: flag,
      experimentalPredictionMode: flag,
      experimentalDisablePredictionMcp: flag,
      excludeTurns: z.boolean().default(false),
    }),
    experimentalFields: [
      "attachToSource",
      "beforeTurnId",
      "deferGoalContinuation",
      "experimentalDisablePredictionMcp",
      "experimentalPredictionMode",
      "path",
      "permissions",
      "runtimeWorkspaceRoots",
    ],
    result: z.object({ ...opened, multiAgentMode }),
    errors: ["accountLimit"],
  }),

  "thread/revert": method({
    doc: "Takes a turn and all later ones out of the thread: out of its lists and out of what the model is told. The files become what they were before that turn; the log keeps everything. A running turn is interrupted first. `thread/reverted` follows. A retry gets the same answer and takes nothing more out.",
    scope: "thread",
    params: struct("ThreadRevertParams", { threadId: z.string(), beforeTurnId: z.string() }),
    result: z.object({
      thread,
      turnsBackwardsCursor: z.string().nullable(),
      itemsBackwardsCursor: z.string().nullable(),
    }),
  }),
};
