/** A thread as a file of one's own: everything that its log tells, as text to read or as data. */
import type { Client } from "#client/client";
import type { WireThread } from "#protocol/thread";
import { download } from "../files/download.ts";
import { titleOf } from "../store/thread-list.ts";

/** Reads all pages, then lets the browser save them. Rejects when the server does not give one. */
export async function exportThread(client: Client, thread: WireThread, format: "json" | "markdown"): Promise<void> {
  const parts: string[] = [];
  const entries: unknown[] = [];
  let cursor: string | null = null;
  do {
    const page: { data: unknown[]; markdown: string | null; nextCursor: string | null } = await client.request(
      "spindle/thread/export",
      { threadId: thread.id, cursor, format },
    );
    entries.push(...page.data);
    if (page.markdown !== null) parts.push(page.markdown);
    cursor = page.nextCursor;
  } while (cursor !== null);
  const text = format === "json" ? JSON.stringify({ thread, data: entries }, null, 2) : parts.join("\n");
  download(new Blob([text]), `${fileName(titleOf(thread))}.${format === "json" ? "json" : "md"}`);
}

/** What every system takes as a name. */
export function fileName(title: string): string {
  return (
    title
      .replace(/[^\p{L}\p{N}]+/gu, "-")
      .replace(/^-|-$/g, "")
      .slice(0, 60) || "thread"
  );
}
