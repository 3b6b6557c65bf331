/** A thread's queue: messages that wait for the running turn to end, each for a turn of its own. */
import * as z from "zod";
import { empty, method, page, struct } from "./method.ts";
import { turn } from "./turn.ts";
import { userInput } from "./user-input.ts";

const input = z.array(userInput.meta({ id: "UserInput" }));
const responsesapiClientMetadata = z.record(z.string(), z.string()).nullish();

/** Example: `{"id":"01a1…","input":[{"type":"text","text":"then test it","text_elements":[]}],"clientUserMessageId":"cm-1","responsesapiClientMetadata":null}` */
export const queuedSubmission = z.object({
  id: z.string(),
  input: z.array(userInput),
  clientUserMessageId: z.string(),
  responsesapiClientMetadata: z.record(z.string(), z.string()).nullable(),
});
export type QueuedSubmission = z.infer<typeof queuedSubmission>;

export const queueMethods = {
  "thread/queue/add": method({
    doc: "Queues a message: it becomes a turn of its own when the running turn has completed, at once on a thread at rest. After a turn that was interrupted or failed, what is queued waits for `thread/queue/start` or for the next turn to complete. `thread/queue/changed` follows. A retry with the same `clientUserMessageId` queues nothing. Refuses when the queue is full.",
    scope: "thread",
    experimental: true,
    errors: ["inputTooLarge", "queueFull"],
    params: struct("ThreadQueueAddParams", {
      threadId: z.string(),
      input,
      clientUserMessageId: z.string(),
      responsesapiClientMetadata,
    }),
    result: z.object({ queuedSubmission }),
  }),

  "thread/queue/list": method({
    doc: "What is queued, in the order in which it will run.",
    scope: "thread",
    experimental: true,
    errors: ["invalidCursor"],
    params: struct("ThreadQueueListParams", { threadId: z.string(), ...page }),
    result: z.object({ data: z.array(queuedSubmission), nextCursor: z.string().nullable() }),
  }),

  "thread/queue/update": method({
    doc: "Replaces the words of a queued message, which keeps its place. Refuses one that is not queued any more.",
    scope: "thread",
    experimental: true,
    errors: ["inputTooLarge", "queuedSubmissionNotFound"],
    params: struct("ThreadQueueUpdateParams", {
      threadId: z.string(),
      queuedSubmissionId: z.string(),
      input,
      responsesapiClientMetadata,
    }),
    result: z.object({ queuedSubmission }),
  }),

  "thread/queue/delete": method({
    doc: "Takes a message out of the queue; answers whether it was still in it.",
    scope: "thread",
    experimental: true,
    params: struct("ThreadQueueDeleteParams", { threadId: z.string(), queuedSubmissionId: z.string() }),
    result: z.object({ deleted: z.boolean() }),
  }),

  "thread/queue/reorder": method({
    doc: "Gives the queue another order. Refuses unless every queued message is named once: the list that was ordered is an older one.",
    scope: "thread",
    experimental: true,
    errors: ["queueReorderMismatch"],
    params: struct("ThreadQueueReorderParams", { threadId: z.string(), queuedSubmissionIds: z.array(z.string()) }),
    result: empty,
  }),

  "thread/queue/start": method({
    doc: "Starts a queued message, the first one unless another is named, on a thread at rest: what an interrupted turn left waiting goes on. A retry that names it gets the same turn. Refuses while a turn runs.",
    scope: "thread",
    experimental: true,
    errors: ["turnRuns", "queueEmpty", "queuedSubmissionNotFound", "accountLimit"],
    params: struct("ThreadQueueStartParams", { threadId: z.string(), queuedSubmissionId: z.string().nullish() }),
    result: z.object({ turn }),
  }),
};
