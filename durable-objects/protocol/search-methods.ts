/** Looking for words: across the account's threads, and within one. */
import * as z from "zod";
import { method, page, sortDirection, struct } from "./method.ts";
import { thread } from "./thread.ts";
import { sourceKind } from "./thread-methods.ts";

/** `start` and `end` count UTF-16 units of the snippet; `end` is exclusive. `turnCursor` is for `thread/turns/list` and includes the turn. */
const occurrence = z.object({
  turnId: z.string(),
  turnCursor: z.string(),
  itemId: z.string(),
  snippet: z.string(),
  snippetMatchRange: z.object({ start: z.number(), end: z.number() }),
});

export const searchMethods = {
  "thread/search": method({
    doc: "Threads in whose name, or in what was said in them, the term stands, letter case aside; newest first, each with the words around it. The term is taken literally. Refuses an empty one.",
    scope: "directory",
    experimental: true,
    params: struct("ThreadSearchParams", {
      currentAccountOnly: z.boolean().default(false),
      ...page,
      sortKey: z.enum(["created_at", "updated_at", "recency_at"]).nullish(),
      sortDirection,
      sourceKinds: z.array(sourceKind).nullish(),
      archived: z.boolean().nullish(),
      searchTerm: z.string(),
      includeAttachedThreads: z.boolean().default(false),
    }),
    result: z.object({
      /** `itemId` is Spindle's own: the message that the snippet is of; null where it is the thread's name or its beginning. */
      data: z.array(z.object({ thread, snippet: z.string(), itemId: z.string().nullish() })),
      nextCursor: z.string().nullable(),
      backwardsCursor: z.string().nullable(),
    }),
  }),

  "thread/searchOccurrences": method({
    doc: "Every place in a thread's messages where the term stands, letter case aside, in the order in which they were said. The term is taken literally. Refuses an empty one.",
    scope: "thread",
    experimental: true,
    params: struct("ThreadSearchOccurrencesParams", { threadId: z.string(), searchTerm: z.string(), ...page }),
    result: z.object({ data: z.array(occurrence), nextCursor: z.string().nullable() }),
  }),
};
