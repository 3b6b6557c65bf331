/** What of a thread somebody has not seen yet; one truth for all devices of the account. */
import * as z from "zod";
import { method, struct } from "./method.ts";

/**
 * `firstUnread` is the earliest result that nobody has looked at, null when all was read, `threadStart` when a person marked the thread
 * unread. Example: `{"firstUnread":{"type":"turn","turnId":"01a1…"},"revision":"4f723db9-…"}`
 */
export const threadReadState = z.object({
  firstUnread: z
    .discriminatedUnion("type", [
      z.object({ type: z.literal("threadStart") }),
      z.object({ type: z.literal("turn"), turnId: z.string() }),
    ])
    .nullable(),
  revision: z.string(),
});
export type ThreadReadState = z.infer<typeof threadReadState>;

export const readStateMethods = {
  "thread/readState/update": method({
    doc: "Marks a thread read or unread. `expectedRevision` is that of the state the person saw: refused when a turn or another device has changed it since, with the state as it is now in the error's data. `thread/readState/changed` follows. Refused for threads that no person follows, such as ephemeral ones.",
    scope: "thread",
    experimental: true,
    params: struct("ThreadReadStateUpdateParams", {
      threadId: z.string(),
      operation: z.discriminatedUnion("type", [z.object({ type: z.literal("read") }), z.object({ type: z.literal("unread") })]),
      expectedRevision: z.string(),
    }),
    result: z.object({ readState: threadReadState }),
  }),
};
