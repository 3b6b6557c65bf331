/** A thread's goal: what its turns work towards, with a budget of tokens. Source: Codex app-server 0.169.0, `ThreadGoal`. */
import * as z from "zod";
import { method, struct, text } from "./method.ts";

const threadGoalStatus = z.enum(["active", "paused", "blocked", "usageLimited", "budgetLimited", "complete"]);

/** Times are Unix **seconds**. Example: `{"threadId":"01a1…","objective":"all tests pass","status":"active","tokenBudget":null,"tokensUsed":0,"timeUsedSeconds":0,"createdAt":1795216612,"updatedAt":1795216612}` */
export const threadGoal = z.object({
  threadId: z.string(),
  objective: z.string(),
  status: threadGoalStatus,
  tokenBudget: z.number().nullable(),
  tokensUsed: z.number(),
  timeUsedSeconds: z.number(),
  createdAt: z.number(),
  updatedAt: z.number(),
});
export type ThreadGoal = z.infer<typeof threadGoal>;

/** Whether a person or a program changed it. Spindle treats both alike. */
const origin = z.enum(["user", "automatic"]).nullish();

export const goalMethods = {
  "thread/goal/set": method({
    doc: "Sets the thread's goal or changes the one it has: fields that are left out stay, `tokenBudget: null` lifts the budget. While it is active or its budget is used up the model is told of it, and what turns cost counts against it; the model may call it complete or blocked. `thread/goal/updated` follows, and again as it is counted. Refused without an objective where there is no goal, and for ephemeral threads.",
    scope: "thread",
    params: struct("ThreadGoalSetParams", {
      threadId: z.string(),
      objective: text,
      status: threadGoalStatus.nullish(),
      tokenBudget: z.int().nullish(),
      origin,
    }),
    result: z.object({ goal: threadGoal }),
  }),

  "thread/goal/get": method({
    doc: "The thread's goal, or null.",
    scope: "thread",
    params: struct("ThreadGoalGetParams", { threadId: z.string() }),
    result: z.object({ goal: threadGoal.nullable() }),
  }),

  "thread/goal/clear": method({
    doc: "Takes the goal away; answers whether there was one, and then `thread/goal/cleared` follows.",
    scope: "thread",
    params: struct("ThreadGoalClearParams", { threadId: z.string(), origin }),
    result: z.object({ cleared: z.boolean() }),
  }),
};
