/** A whole thread as text, page by page: nothing has to hold all of it. */
import type { Client } from "#client/client";
import { CopyEnd } from "./copy-end.ts";
import type { ExportFormat } from "./thread-arguments.ts";

/**
 * A copy is a line for each thing, and ends with a line of ours. JSON is one document, `{"version":1,"thread":{…},"entries":[…]}`, an entry a line; Markdown is what the server says. An empty page with a
 * cursor does not occur: each page has at least one entry, or is the last.
 */
export async function* exportedText(
  client: Pick<Client, "request">,
  threadId: string,
  format: ExportFormat,
): AsyncGenerator<string, void> {
  let cursor: string | null = null;
  let isFirst = true;
  const end = new CopyEnd();
  do {
    const page = await nextPage(client, threadId, format, cursor);
    if (format === "copy") {
      const lines = page.lines ?? [];
      for (const line of lines) end.add(line);
      yield lines.map((line) => `${line}\n`).join("");
    } else if (format === "markdown") {
      yield page.markdown ?? "";
    } else {
      const begin = isFirst ? `{"version":1,"thread":${JSON.stringify(page.thread)},"entries":[\n` : ",\n";
      yield begin + page.data.map((entry) => JSON.stringify(entry)).join(",\n");
    }
    isFirst = false;
    cursor = page.nextCursor;
  } while (cursor !== null);
  if (format === "json") yield "\n]}\n";
  if (format === "copy") yield `${end.line()}\n`;
}

/** A function of its own, because what it answers decides what it is asked next. */
function nextPage(
  client: Pick<Client, "request">,
  threadId: string,
  format: ExportFormat,
  cursor: string | null,
): ReturnType<typeof client.request<"spindle/thread/export">> {
  return client.request("spindle/thread/export", { threadId, format, cursor });
}
