/**
 * A thread as a file that another server takes: one JSON object a line. The first says what it is, the last that nothing is missing. What is in
 * it are claims of whoever made the file: history and contents, and nobody's yes.
 */
import * as z from "zod";

/** The only version there is. A reader refuses any other. */
export const threadCopyVersion = 1;

const hash = z.string().regex(/^[0-9a-f]{40}$/);
const fileVersion = z.object({ mode: z.int(), hash, size: z.int().min(0) });
const fileChange = z.object({ path: z.string(), before: fileVersion.nullable(), after: fileVersion.nullable() });

const verdict = z.object({
  actionId: z.string().nullable(),
  proposal: z.object({ itemId: z.string(), hash: z.string() }).nullable(),
  isAccepted: z.boolean(),
});

export const revisionCause = z.enum([
  "declared",
  "extracted",
  "observed",
  "defaulted",
  "declined",
  "annotated",
  "stale",
  "resolved",
]);
export type RevisionCause = z.infer<typeof revisionCause>;

export const resolution = z.object({
  assumptionId: z.string(),
  isTrue: z.boolean(),
  by: z.array(z.enum(["person", "tools", "verdict", "tests"])),
});

/** What a frame's private part tells and a copy keeps: which files changed, where the model's past begins, how a tree's revision came to be. */
export const copiedEvent = z.discriminatedUnion("type", [
  z.object({ type: z.literal("compacted"), tokens: z.number() }),
  z.object({ type: z.literal("settled"), callId: z.string(), landed: z.array(fileChange) }),
  z.object({ type: z.literal("userCommandEnded"), itemId: z.string(), landed: z.array(fileChange) }),
  z.object({ type: z.literal("filesWritten"), changes: z.array(fileChange) }),
  z.object({ type: z.literal("decisionCopied"), cause: revisionCause, resolutions: z.array(resolution) }),
  z.object({
    type: z.literal("decisionOutcome"),
    turnId: z.string(),
    revision: z.number(),
    actionId: z.string(),
    expectedUtility: z.number(),
    harmProbability: z.number(),
    outcome: z.enum(["completed", "interrupted", "failed"]),
    verdicts: z.array(verdict).optional(),
    tests: z.enum(["passed", "broke"]).nullable().optional(),
  }),
]);
export type CopiedEvent = z.infer<typeof copiedEvent>;

export const copyLine = z.discriminatedUnion("type", [
  /** The first. `version` is looked at before anything else. */
  z.object({
    type: z.literal("spindle/thread"),
    version: z.literal(threadCopyVersion),
    threadId: z.string(),
    name: z.string().nullable(),
    cwd: z.string(),
    exportedAtMs: z.number(),
  }),
  /** `params` as on the wire, without `threadId`. `modelItems`: what it adds to the model's past. */
  z.object({
    type: z.literal("frame"),
    method: z.string(),
    params: z.record(z.string(), z.unknown()),
    modelItems: z.array(z.looseObject({ type: z.string().min(1) })).optional(),
    event: copiedEvent.optional(),
  }),
  z.object({ type: z.literal("file"), path: z.string(), ...fileVersion.shape }),
  /** Contents by git's blob id, in parts that follow each other. */
  z.object({ type: z.literal("blob"), hash, part: z.int().min(0), base64: z.base64() }),
  /** The last: how many lines stand before it, and the SHA-256 of them, each with its line feed. */
  z.object({ type: z.literal("end"), lines: z.int(), sha256: z.string() }),
]);
export type CopyLine = z.infer<typeof copyLine>;
