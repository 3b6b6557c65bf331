/** A copy of a thread on its way to a server, a page of whole lines at a time: nothing has to hold all of it. */
import type { Client } from "#client/client";
import { terminalLimits } from "./limits.ts";

/**
 * Makes thread `threadId` of the copy's text, which comes in pieces. Throws the server's own refusal: then there is no such thread. An answer that was
 * lost is asked for again by the client, and what came twice is there once.
 */
export async function importCopy(
  client: Pick<Client, "request">,
  pieces: AsyncIterable<string>,
  threadId: string,
): Promise<void> {
  let page = 0;
  let lines: string[] = [];
  let characters = 0;
  for await (const line of linesOf(pieces)) {
    if (page === 0 && lines.length === 0) requireCopy(line);
    if (lines.length > 0 && characters + line.length > terminalLimits.importPageCharacters) {
      await client.request("spindle/thread/import", { threadId, page, lines, isLast: false });
      page += 1;
      lines = [];
      characters = 0;
    }
    lines.push(line);
    characters += line.length;
  }
  await client.request("spindle/thread/import", { threadId, page, lines, isLast: true });
}

/** The server says it as well; here it is said with what to do. */
function requireCopy(line: string): void {
  if (line.startsWith('{"version":1,"thread":'))
    throw new Error("This is an export for an audit. What can be imported is written by: export THREAD --format copy");
}

/** By line feeds alone: the other separators that some readers know stand within texts. */
async function* linesOf(pieces: AsyncIterable<string>): AsyncGenerator<string, void> {
  let rest = "";
  for await (const piece of pieces) {
    const lines = (rest + piece).split("\n");
    rest = lines.pop() ?? "";
    if (rest.length > terminalLimits.importLineCharactersMax)
      throw new Error("This is no copy of a thread: a line does not end.");
    yield* lines;
  }
  if (rest !== "") yield rest;
}
