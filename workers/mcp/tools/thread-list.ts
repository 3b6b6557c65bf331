import * as z from "zod";
import { mcpLimits } from "../limits.ts";
import { readsOnly, tool } from "../tool.ts";
import { shownThread, showThread } from "./thread-shown.ts";

export const threadList = tool({
  name: "thread_list",
  title: "List threads",
  description:
    "Lists the coding agent's threads of this account, most recently used first. A thread is one conversation with a workspace of its own. Use it to find a threadId for thread_read, turn_start or approvals_list. Pass nextCursor as cursor for the next page.",
  annotations: readsOnly,
  input: z.strictObject({
    search: z.string().max(200).optional().describe("Only threads whose name or first message contains this"),
    archived: z.boolean().default(false).describe("Threads that were put away, in place of the others"),
    limit: z.int().min(1).max(mcpLimits.threadsPageMax).default(20),
    cursor: z.string().max(4_096).optional(),
  }),
  output: z.object({ threads: z.array(shownThread), nextCursor: z.string().nullable() }),
  async call(house, { search, archived, limit, cursor }) {
    const page = await house.ask("thread/list", {
      archived,
      limit,
      sortKey: "recency_at",
      ...(search === undefined ? {} : { searchTerm: search }),
      ...(cursor === undefined ? {} : { cursor }),
    });
    return { threads: page.data.map(showThread), nextCursor: page.nextCursor };
  },
});
