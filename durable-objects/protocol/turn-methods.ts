/** Turns: say something, say something more, stop. */
import * as z from "zod";
import { decisionMode, questionTimeoutMs } from "./decision-tree-methods.ts";
import {
  approvalPolicyParam,
  approvalsReviewer,
  collaborationMode,
  empty,
  ignored,
  method,
  reasoningEffort,
  struct,
  text,
  texts,
} from "./method.ts";
import { sandboxPolicy } from "./thread.ts";
import { turn } from "./turn.ts";
import { userInput } from "./user-input.ts";

const input = z.array(userInput.meta({ id: "UserInput" }));

/** Example: `{"type":"custom","instructions":"look at it"}` */
const reviewTarget = z.discriminatedUnion("type", [
  z.object({ type: z.literal("uncommittedChanges") }),
  z.object({ type: z.literal("baseBranch"), branch: z.string() }),
  z.object({ type: z.literal("commit"), sha: z.string(), title: text }),
  z.object({ type: z.literal("custom"), instructions: z.string() }),
]);

export const turnMethods = {
  "turn/start": method({
    doc: "Starts a turn, or steers the running one and answers its id. Answers once the message is in the log; progress follows as notifications, and exactly one `turn/completed`. A retry with the same `clientUserMessageId` gets the first turn.",
    scope: "thread",
    errors: ["inputTooLarge", "accountLimit"],
    params: struct("TurnStartParams", {
      threadId: z.string(),
      disabledPluginIds: texts,
      clientUserMessageId: text,
      input,
      turnTrigger: text,
      parentTurnId: text,
      rootTurnId: text,
      toolOutput: ignored,
      responsesapiClientMetadata: ignored,
      responsesapiClientMetadataPatch: ignored,
      additionalContext: ignored,
      environments: z.array(z.unknown()).nullish(),
      cwd: text,
      runtimeWorkspaceRoots: texts,
      approvalPolicy: approvalPolicyParam,
      approvalsReviewer: approvalsReviewer.nullish(),
      sandboxPolicy: sandboxPolicy.meta({ id: "SandboxPolicy" }).nullish(),
      permissions: text,
      model: text,
      serviceTier: text,
      serviceTierForTurn: text,
      effort: reasoningEffort,
      summary: z.enum(["auto", "concise", "detailed", "none"]).nullish(),
      personality: z.enum(["none", "friendly", "pragmatic"]).nullish(),
      /** JSON Schema that the turn's final message has to fit. */
      outputSchema: z.unknown().optional(),
      collaborationMode: collaborationMode.nullish(),
      multiAgentMode: ignored,
      cyberAccessProgram: ignored,
      /** Spindle's own: see `spindle/decisionTree/setMode`. */
      decisionMode: decisionMode.nullish(),
      decisionExtraction: z.boolean().nullish(),
      questionTimeoutMs,
    }),
    experimentalFields: [
      "additionalContext",
      "collaborationMode",
      "cyberAccessProgram",
      "environments",
      "multiAgentMode",
      "permissions",
      "responsesapiClientMetadata",
      "responsesapiClientMetadataPatch",
      "runtimeWorkspaceRoots",
    ],
    result: z.object({ turn }),
  }),

  "turn/steer": method({
    doc: "Adds a message to the running turn: the model hears it at once. Refuses when no turn runs, or another than expected.",
    scope: "thread",
    errors: ["noActiveTurnToSteer", "expectedActiveTurn", "inputTooLarge"],
    params: struct("TurnSteerParams", {
      threadId: z.string(),
      clientUserMessageId: text,
      input,
      responsesapiClientMetadata: ignored,
      responsesapiClientMetadataPatch: ignored,
      additionalContext: ignored,
      expectedTurnId: z.string(),
    }),
    experimentalFields: ["additionalContext", "responsesapiClientMetadata", "responsesapiClientMetadataPatch"],
    result: z.object({ turnId: z.string() }),
  }),

  "thread/shellCommand": method({
    doc: "Runs the person's own shell command, beside the agent: an item of the running turn, else of a turn of its own that ends with it. It runs in the workspace's overlay; what it changed lands at once and unasked, because the person themself typed it. The model hears of it with its next request. Answers before it runs.",
    scope: "thread",
    errors: ["inputTooLarge", "tooManyCommands", "accountLimit"],
    params: struct("ThreadShellCommandParams", {
      threadId: z.string(),
      command: z.string(),
      timeoutMs: z.int().nullish(),
    }),
    result: empty,
  }),

  "review/start": method({
    doc: "Begins a turn in which the agent reviews what this thread has changed so far, or what the instructions point to. Two items enclose it: `enteredReviewMode`, and `exitedReviewMode` with the review. Refuses while a turn runs.",
    scope: "thread",
    errors: ["turnRuns", "accountLimit"],
    params: struct("ReviewStartParams", {
      threadId: z.string(),
      target: reviewTarget.meta({ id: "ReviewTarget" }),
      delivery: z.enum(["inline"]).nullish(),
    }),
    result: z.object({ turn: turn.extend({ rootTurnId: z.string().nullable() }), reviewThreadId: z.string() }),
  }),

  "turn/interrupt": method({
    doc: "Stops the running turn, also while it waits for an approval: the turn completes as `interrupted`. Refuses when none runs, unless `turnId` is empty, which stands for whatever runs.",
    scope: "thread",
    errors: ["noActiveTurnToInterrupt"],
    params: struct("TurnInterruptParams", { threadId: z.string(), turnId: z.string() }),
    result: empty,
  }),
};
