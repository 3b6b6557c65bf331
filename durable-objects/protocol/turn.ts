/** Turns. Source: Codex app-server 0.169.0, `Turn`, `TurnError`, `CodexErrorInfo`. */
import * as z from "zod";
import { threadItem } from "./item.ts";

const withHttpStatus = z.object({ httpStatusCode: z.number().nullable() });

export const codexErrorInfo = z.union([
  z.enum([
    "contextWindowExceeded",
    "sessionBudgetExceeded",
    "usageLimitExceeded",
    "rateLimitExceeded",
    "flexUnavailable",
    "serverOverloaded",
    "modelNotFound",
    "policyCapacityUnavailable",
    "cyberPolicy",
    "misalignmentPolicyViolation",
    "tooManyDenials",
    "internalServerError",
    "unauthorized",
    "badRequest",
    "threadRollbackFailed",
    "sandboxError",
    "other",
  ]),
  z.object({ httpConnectionFailed: withHttpStatus }),
  z.object({ responseStreamConnectionFailed: withHttpStatus }),
  z.object({ responseStreamDisconnected: withHttpStatus }),
  z.object({ responseTooManyFailedAttempts: withHttpStatus }),
]);
export type CodexErrorInfo = z.infer<typeof codexErrorInfo>;

/** Example: `{"message":"stream disconnected before completion: …","codexErrorInfo":"other","additionalDetails":null,"misalignment":null}` */
export const turnError = z.object({
  message: z.string(),
  codexErrorInfo: codexErrorInfo.nullable(),
  additionalDetails: z.string().nullable(),
  misalignment: z.null(),
});
export type TurnError = z.infer<typeof turnError>;

export const turnStatus = z.enum(["completed", "interrupted", "failed", "inProgress"]);
export const itemsView = z.enum(["notLoaded", "summary", "full"]);

/** `startedAt` and `completedAt` are Unix **seconds**, `durationMs` milliseconds, as on the real wire. */
export const turn = z.object({
  id: z.string(),
  rootTurnId: z.string(),
  items: z.array(threadItem),
  itemsView,
  status: turnStatus,
  error: turnError.nullable(),
  startedAt: z.number().nullable(),
  completedAt: z.number().nullable(),
  durationMs: z.number().nullable(),
});
export type Turn = z.infer<typeof turn>;
