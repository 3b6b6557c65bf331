/** What the server asks of a client: method → params and result. A request waits in the thread's log until somebody answers. */
import * as z from "zod";
import { hunksChosenMax } from "./approval-bounds.ts";
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

/**
 * Spindle's own: accepts these hunks of the diff and no others. `hunks` are numbers from 1 on, in the order of `proposal.diff`: each hunk of a
 * text is one, and so is each file that comes, goes, changes its mode or is binary. `proposalHash` is the whole `proposal.hash` of the diff they
 * are counted in. What lands is another proposal, with a hash of its own, which the completed item shows. An answer that names hunks and cannot be
 * taken is refused by `spindle/approval/refused`, and the request goes on waiting. Example:
 * `{"decision":"accept","hunks":[1,3],"proposalHash":"6f0c…"}`.
 */
export const hunksAccepted = z.strictObject({
  decision: z.literal("accept"),
  hunks: z.array(z.int().min(1)).min(1).max(hunksChosenMax),
  proposalHash: z.string(),
});
export type HunksAccepted = z.infer<typeof hunksAccepted>;

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
    result: z.union([hunksAccepted, z.object({ decision: fileChangeDecision })]),
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
