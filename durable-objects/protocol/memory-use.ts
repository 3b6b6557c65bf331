/** What a turn was given of what earlier turns learnt. Spindle's own: Codex has nothing of the kind. */
import * as z from "zod";

/**
 * `arm` is `none` in threads that go without, so that it can be seen whether memory helps. No text of a fragment stands in it, because a log keeps
 * what it holds and a fragment can be forgotten. Example: `{"threadId":"01a1…","turnId":"01a2…","arm":"memory","fragments":[{"id":"f1",…}]}`
 */
export const memoryUsed = z.object({
  threadId: z.string(),
  turnId: z.string(),
  arm: z.enum(["memory", "none"]),
  /** In the order of the notes: the first one is "note 1". */
  fragments: z.array(
    z.object({
      id: z.string(),
      version: z.number(),
      kind: z.enum(["strategy", "pitfall", "workflow", "fact"]),
      state: z.enum(["candidate", "probation", "active"]),
    }),
  ),
});
export type MemoryUsed = z.infer<typeof memoryUsed>;
