/** Every place in a thread where a term was said. The log is read from the cursor on: one thread's messages need no index. */
import { limits } from "#core/limits";
import { occurrences, searchTermOf, snippetAround } from "#core/occurrence";
import { Refusal, refusals } from "#protocol/errors";
import type { ThreadItem } from "#protocol/item";
import type { Params, Result } from "#protocol/methods";
import { textOf } from "#protocol/user-input";
import type { ThreadRuntime } from "#thread/runtime";

export function searchOccurrences(
  runtime: ThreadRuntime,
  { searchTerm, cursor, limit }: Params<"thread/searchOccurrences">,
): Result<"thread/searchOccurrences"> {
  const term = searchTermOf("thread/searchOccurrences", searchTerm);
  const begin = cursor ? parseCursor(cursor) : { seq: 0, skipped: 0 };
  const entriesMax = Math.min(Math.max(limit ?? 50, 1), limits.pageEntriesMax);
  const data: Result<"thread/searchOccurrences">["data"] = [];
  for (const { seq, turnId, turnCursor, item } of runtime.history.messages(begin.seq)) {
    const text = saidIn(item);
    let place = 0;
    for (const range of occurrences(text, term)) {
      place += 1;
      if (seq === begin.seq && place <= begin.skipped) continue;
      // One more than the page holds: there is a next page, and it begins with this one.
      if (data.length === entriesMax) return { data, nextCursor: `${seq}|${place - 1}` };
      const { snippet, range: snippetMatchRange } = snippetAround(text, range);
      data.push({ turnId, turnCursor, itemId: item.id, snippet, snippetMatchRange });
    }
  }
  return { data, nextCursor: null };
}

function saidIn(item: ThreadItem): string {
  if (item.type === "userMessage") return textOf(item.content);
  return item.type === "agentMessage" ? item.text : "";
}

/** `<seq of the message>|<places in it that were told>` */
function parseCursor(text: string): { seq: number; skipped: number } {
  const [, seq, skipped] = /^(\d{1,12})\|(\d{1,12})$/.exec(text) ?? [];
  if (seq === undefined || skipped === undefined) throw new Refusal(refusals.invalidCursor(text));
  return { seq: Number(seq), skipped: Number(skipped) };
}
