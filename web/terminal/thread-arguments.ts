/** The command line of `npm run thread`. */
import { parseArgs } from "node:util";
import { serverUrl } from "./arguments.ts";

export const threadUsage = `npm run -s thread -- export THREAD [options] > FILE

Writes a whole thread to standard output, for an audit: what was said and done, every revision of its decision trees and what made it, what people
were asked and answered, and what was taken back. What is still under way is left out.

  --format FORMAT   json (default) or markdown, with decision trees as Mermaid diagrams
  --url URL         the server (default ws://127.0.0.1:8787)
  --token TOKEN     the server's token (default: the variable SPINDLE_TOKEN)`;

export interface ThreadCommand {
  type: "export";
  threadId: string;
  format: "json" | "markdown";
  url: string;
  token: string | null;
}

export type ParsedThreadCommand = { type: "run"; command: ThreadCommand } | { type: "help" } | { type: "wrong"; reason: string };

export function parseThreadCommand(given: string[], environment: Record<string, string | undefined>): ParsedThreadCommand {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(given);
  } catch (error) {
    return { type: "wrong", reason: (error as Error).message };
  }
  const { values, positionals } = parsed;
  if (values.help) return { type: "help" };
  const [verb, threadId, ...more] = positionals;
  if (verb !== "export") return { type: "wrong", reason: "What shall be done? export." };
  if (threadId === undefined) return { type: "wrong", reason: "Which thread? Its id is missing." };
  if (more.length > 0) return { type: "wrong", reason: "There is a word too many." };
  const { format = "json" } = values;
  if (format !== "json" && format !== "markdown") return { type: "wrong", reason: "--format takes json or markdown." };
  const url = serverUrl(values.url ?? "ws://127.0.0.1:8787");
  if (url === null)
    return { type: "wrong", reason: `${values.url} is no address of a server; one looks like ws://127.0.0.1:8787.` };
  const token = values.token ?? environment.SPINDLE_TOKEN ?? null;
  return { type: "run", command: { type: "export", threadId, format, url, token } };
}

function parse(args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: {
      format: { type: "string" },
      url: { type: "string" },
      token: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
}
