/** Threads that wait for a person, also those that the list does not show. */
import type { Client } from "#client/client";
import type { Result } from "#protocol/methods";
import type { WireThread } from "#protocol/thread";
import { needsPerson } from "../store/thread-list.ts";

/** Each is followed while the inbox is shown, and a connection should not follow hundreds. */
export const waitingShownMax = 20;

/** Paths of one change that are named; the diff has all of them. */
export const pathsShownMax = 8;
/** Pages of the list that are looked through: a thread that waits is rarely old. */
const pagesMax = 10;
const pageEntries = 100;

/** Who has waited longest comes first. */
export async function readWaiting(client: Pick<Client, "request">): Promise<WireThread[]> {
  const found: WireThread[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < pagesMax; page++) {
    const listed: Result<"thread/list"> = await client.request("thread/list", {
      limit: pageEntries,
      sortKey: "recency_at",
      cursor,
    });
    found.push(...listed.data.filter(({ status }) => needsPerson(status)));
    if (listed.nextCursor === null) break;
    cursor = listed.nextCursor;
  }
  // Of the same second, as the server has them: it lists the newest first.
  return found.toReversed().toSorted((one, other) => one.updatedAt - other.updatedAt);
}
