/** What the server asks of a client: method → params and result. A request waits in the thread's log until somebody answers. */
import * as z from "zod";
import { commandAction, toolContentItem } from "./item.ts";

const inItem = { threadId: z.string(), turnId: z.string(), itemId: z.string(), startedAtMs: z.number() };

/**
 * `accept` does it once, `acceptForSession` also from now on, `decline` refuses and the turn goes on, `cancel` refuses and ends
 * the turn. Example: `{"decision":"accept"}`.
 */
export const commandDecision = z.union([
  z.enum(["accept", "acceptForSession", "decline", "cancel"]),
  z.object({ acceptWithExecpolicyAmendment: z.object({ execpolicy_amendment: z.array(z.string()) }) }),
  z.object({ applyNetworkPolicyAmendment: z.unknown() }),
]);
export type CommandDecision = z.infer<typeof commandDecision>;

export const fileChangeDecision = z.enum(["accept", "acceptForSession", "decline", "cancel"]);
export type FileChangeDecision = z.infer<typeof fileChangeDecision>;

/** A question of the agent. Example: `{"id":"color","header":"Colour","question":"Which one?","isOther":true,"isSecret":false,"options":[…]}` */
export const question = z.object({
  id: z.string(),
  header: z.string(),
  question: z.string(),
  isOther: z.boolean(),
  isSecret: z.boolean(),
  options: z.array(z.object({ label: z.string(), description: z.string() })).nullable(),
});
export type Question = z.infer<typeof question>;

export const serverRequests = {
  "item/commandExecution/requestApproval": {
    params: z.object({
      kind: z.literal("command"),
      ...inItem,
      environmentId: z.string().nullable(),
      reason: z.string().nullable(),
      command: z.string(),
      cwd: z.string(),
      commandActions: z.array(commandAction),
      proposedExecpolicyAmendment: z.array(z.string()).nullable(),
      availableDecisions: z.array(commandDecision),
    }),
    result: z.object({ decision: commandDecision }),
  },
  "item/fileChange/requestApproval": {
    params: z.object({ ...inItem, reason: z.string().nullable(), grantRoot: z.null() }),
    result: z.object({ decision: fileChangeDecision }),
  },
  "item/tool/requestUserInput": {
    params: z.object({
      threadId: z.string(),
      turnId: z.string(),
      itemId: z.string(),
      questions: z.array(question),
      isBlocking: z.boolean(),
      /** After so many milliseconds the thread answers for the person, without a word; null: never. */
      autoResolutionMs: z.int().nullable(),
    }),
    /** Question id → what was chosen or written. */
    result: z.object({ answers: z.record(z.string(), z.object({ answers: z.array(z.string()) })) }),
  },
  /** A tool that the client brought along is called; whoever has it answers. */
  "item/tool/call": {
    params: z.object({
      threadId: z.string(),
      turnId: z.string(),
      callId: z.string(),
      namespace: z.string().nullable(),
      tool: z.string(),
      arguments: z.unknown(),
    }),
    result: z.object({ contentItems: z.array(toolContentItem), success: z.boolean() }),
  },
} as const;

export type ServerRequestMethod = keyof typeof serverRequests;
export type ServerRequestResult<Method extends ServerRequestMethod> = z.infer<(typeof serverRequests)[Method]["result"]>;
export type ServerRequests = { [Method in ServerRequestMethod]: z.infer<(typeof serverRequests)[Method]["params"]> };
