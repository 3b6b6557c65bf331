/** What an account may use, and how much of it it has. Spindle's own: Codex's rate limits are those of a ChatGPT plan. */
import * as z from "zod";
import { method, struct } from "./method.ts";

/** Example: `{"limit":"turnsPerMinute","max":120,"now":3,"freesAtMs":null}` */
const standing = z.object({
  limit: z.enum(["turnsPerMinute", "turnsAtOnce", "tokensPerDay", "threads", "storageBytes"]),
  max: z.number().nullable(),
  now: z.number(),
  freesAtMs: z.number().nullable(),
});

export const accountLimitsMethods = {
  "spindle/account/limits": method({
    doc: "How every limit of the account stands. `max` is null where the operator switched the limit off; `freesAtMs` (Unix milliseconds) is when there is room again after a limit was reached, null where there is room, or where somebody has to make it by deleting threads. `turnsPerMinute` may begin at once, and then so many a minute; `tokensPerDay` are those of the running hour and the 23 before it; `storageBytes` is what threads hold, each as it told last. `circuits` says which endpoints are left alone somewhere on this server because they mostly failed; null when nobody can say.",
    scope: "directory",
    params: struct("AccountLimitsParams", {}),
    result: z.object({
      data: z.array(standing),
      circuits: z.array(z.object({ endpoint: z.enum(["model", "github"]), isOpen: z.boolean() })).nullable(),
    }),
  }),
};
