/** A whole thread for whoever has to know later what happened and why. Spindle's own: Codex has nothing of the kind. */
import * as z from "zod";
import { decisionTree } from "./decision-tree-methods.ts";
import { threadItem } from "./item.ts";
import { method, page, struct } from "./method.ts";
import { thread } from "./thread.ts";
import { resolution, revisionCause } from "./thread-copy.ts";
import { turnError, turnStatus } from "./turn.ts";

/** `seq` is the number of the frame that says it. `isReverted`: it was taken back later; it did happen. */
const place = { seq: z.number(), atMs: z.number(), isReverted: z.boolean() };
const inTurn = { ...place, turnId: z.string() };
const nameable = z.string().nullable();

const verdict = z.object({
  actionId: nameable,
  proposal: z.object({ itemId: z.string(), hash: z.string() }).nullable(),
  isAccepted: z.boolean(),
});

/** Pages of one import. At the size that clients send, many times what a copy may hold. */
const importPagesMax = 10_000;

export const exportEntry = z.discriminatedUnion("type", [
  z.object({ type: z.literal("turnStarted"), ...inTurn }),
  z.object({ type: z.literal("item"), ...inTurn, item: threadItem }),
  z.object({
    type: z.literal("decisionTree"),
    ...inTurn,
    revision: z.number(),
    /** What made the revision. */
    cause: revisionCause,
    because: z.string(),
    flip: z.object({ from: z.string(), to: z.string() }).nullable(),
    /** Which assumptions became known with it, and by which rules. */
    resolutions: z.array(resolution),
    /** The whole of it, not what changed. */
    tree: decisionTree,
    /** The tree as a Mermaid flowchart. */
    mermaid: z.string(),
  }),
  /** Somebody was asked. `hash` binds the answer to exactly the changes of the item's proposal; null where none are proposed. */
  z.object({
    type: z.literal("asked"),
    ...inTurn,
    requestId: z.string(),
    method: z.string(),
    itemId: nameable,
    hash: nameable,
    params: z.unknown(),
  }),
  /** What somebody answered, with the hash of what of the changes was accepted where hunks were named; null where the question was taken back, or the answer could not be read. */
  z.object({ type: z.literal("answered"), ...place, requestId: z.string(), answer: z.unknown() }),
  z.object({ type: z.literal("warning"), ...place, message: z.string() }),
  z.object({ type: z.literal("error"), ...inTurn, error: turnError, willRetry: z.boolean() }),
  z.object({
    type: z.literal("turnCompleted"),
    ...inTurn,
    status: turnStatus,
    error: turnError.nullable(),
    /** The line of the decision log; null where the turn decided nothing. */
    outcome: z
      .object({
        revision: z.number(),
        actionId: z.string(),
        expectedUtility: z.number(),
        harmProbability: z.number(),
        verdicts: z.array(verdict),
        tests: z.enum(["passed", "broke"]).nullable(),
      })
      .nullable(),
  }),
  z.object({ type: z.literal("reverted"), ...place, beforeTurnId: nameable }),
]);
export type ExportEntry = z.infer<typeof exportEntry>;

export const threadExportMethods = {
  "spindle/thread/export": method({
    doc: "The whole thread for an audit, a page at a time, oldest first: turns, items as they ended, every revision of every decision tree with what made it, what people were asked with the hash of the changes and what they answered, how turns ended, and what was taken back. What is still under way comes when it has ended. `format`: `json` (default) fills `data`, `markdown` fills `markdown` with the same page as text, a tree as a Mermaid diagram; `copy` fills `lines` with what `spindle/thread/import` takes, a JSON object each (docs/backup.md), where the caller adds the last line: a copy holds what a fork would begin with, and no settings, no grants and nobody's answers. Refused for a copy where files are known by name only, because nobody read them yet. Pages are bounded by `limit` (100 unless said) and by their size; an entry is never cut. `nextCursor` is null when nothing more has happened yet.",
    scope: "thread",
    params: struct("ThreadExportParams", {
      threadId: z.string(),
      ...page,
      format: z.enum(["json", "markdown", "copy"]).nullish(),
    }),
    result: z.object({
      thread,
      data: z.array(exportEntry),
      markdown: z.string().nullable(),
      /** Absent unless a copy was asked for. */
      lines: z.array(z.string()).optional(),
      nextCursor: z.string().nullable(),
    }),
    errors: ["invalidCursor", "copyUnread"],
  }),

  "spindle/thread/import": method({
    doc: "Makes a thread of a copy that `spindle/thread/export` told, in pages of whole lines, numbered from 0 by `page`. `threadId` is the new thread's, a UUID of the client's making. A page that is sent again takes its own place. With `isLast` the thread is there, whole, or it is refused and nothing is there; a retry of the last page gets that thread. Turns and items keep their ids; the thread runs under the account's own defaults, a turn that was running is interrupted, and what was proposed in it can be read and not approved. What is not finished within a quarter of an hour of its last page is thrown away.",
    scope: "thread",
    params: struct("ThreadImportParams", {
      threadId: z.string(),
      page: z
        .int()
        .min(0)
        .max(importPagesMax - 1),
      lines: z.array(z.string()),
      isLast: z.boolean(),
      /** As of `thread/start`, over the account's. */
      config: z.record(z.string(), z.unknown()).nullish(),
    }),
    result: z.object({ thread: thread.nullable() }),
    errors: ["copyDamaged", "copyVersion", "copyTooLarge", "copyThreadExists"],
  }),
};
