/** A thread's items, the newest first, for what is looked for by what is in it. */
import type { Context } from "hono";
import type { ThreadItem } from "#protocol/item";
import type { ParamsInput } from "#protocol/methods";
import type { Door } from "../authentication.ts";
import { type Answered, question } from "../inside/question.ts";
import { httpLimits } from "./limits.ts";
import { clientName } from "./name.ts";

/** Ends where the thread begins, or after `itemPagesMax` pages; of a thread that is not there it gives nothing. What has not ended is not among them. */
export async function* itemsOf(context: Context<Door>, threadId: string): AsyncGenerator<{ item: ThreadItem; turnId: string }> {
  let cursor: string | null = null;
  for (let page = 0; page < httpLimits.itemPagesMax; page++) {
    const params: ParamsInput<"thread/items/list"> = { threadId, cursor, limit: 100, sortDirection: "desc" };
    const listed: Answered<"thread/items/list"> = await question(context, clientName, "thread/items/list", params);
    if ("refused" in listed) return;
    for (const { item, turnId } of listed.result.data) yield { item, turnId };
    cursor = listed.result.nextCursor;
    if (cursor === null) return;
  }
}
