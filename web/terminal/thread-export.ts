/** A whole thread as text, page by page: nothing has to hold all of it. */
import type { Client } from "#client/client";

/**
 * JSON is one document, `{"version":1,"thread":{…},"entries":[…]}`, an entry a line; Markdown is what the server says. An empty page with a
 * cursor does not occur: each page has at least one entry, or is the last.
 */
export async function* exportedText(
  client: Pick<Client, "request">,
  threadId: string,
  format: "json" | "markdown",
): AsyncGenerator<string, void> {
  let cursor: string | null = null;
  let isFirst = true;
  do {
    const page = await nextPage(client, threadId, format, cursor);
    if (format === "markdown") {
      yield page.markdown ?? "";
    } else {
      const begin = isFirst ? `{"version":1,"thread":${JSON.stringify(page.thread)},"entries":[\n` : ",\n";
      yield begin + page.data.map((entry) => JSON.stringify(entry)).join(",\n");
    }
    isFirst = false;
    cursor = page.nextCursor;
  } while (cursor !== null);
  if (format === "json") yield "\n]}\n";
}

/** A function of its own, because what it answers decides what it is asked next. */
function nextPage(
  client: Pick<Client, "request">,
  threadId: string,
  format: "json" | "markdown",
  cursor: string | null,
): ReturnType<typeof client.request<"spindle/thread/export">> {
  return client.request("spindle/thread/export", { threadId, format, cursor });
}
