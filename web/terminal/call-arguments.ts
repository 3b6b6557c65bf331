/** The command line of `npm run call`. */
import { parseArgs } from "node:util";
import { serverUrl } from "./arguments.ts";

export const callUsage = `npm run -s call -- METHOD [PARAMS] [options]

Asks a server one question of the protocol (docs/protocol.md), and writes its answer to standard output as one line of JSON. PARAMS is JSON too.

  --url URL         the server (default ws://127.0.0.1:8787)
  --token TOKEN     the server's token (default: the variable SPINDLE_TOKEN)

Ends with 0 when it was answered, 1 when it was refused or nobody answers.`;

export interface CallCommand {
  method: string;
  params: object;
  url: string;
  token: string | null;
}

export type ParsedCallCommand = { type: "run"; command: CallCommand } | { type: "help" } | { type: "wrong"; reason: string };

export function parseCallCommand(given: string[], environment: Record<string, string | undefined>): ParsedCallCommand {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(given);
  } catch (error) {
    return { type: "wrong", reason: (error as Error).message };
  }
  const { values, positionals } = parsed;
  if (values.help) return { type: "help" };
  const [method, text = "{}", ...more] = positionals;
  if (method === undefined) return { type: "wrong", reason: "What shall be asked? A method is missing, such as thread/list." };
  if (more.length > 0)
    return { type: "wrong", reason: "There is a word too many. Put the params in quotes: they are one argument." };
  const params = objectOf(text);
  if (params === null) return { type: "wrong", reason: `The params are no JSON object: ${text}` };
  const url = serverUrl(values.url ?? "ws://127.0.0.1:8787");
  if (url === null)
    return { type: "wrong", reason: `${values.url} is no address of a server; one looks like ws://127.0.0.1:8787.` };
  return { type: "run", command: { method, params, url, token: values.token ?? environment.SPINDLE_TOKEN ?? null } };
}

function objectOf(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function parse(args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: { url: { type: "string" }, token: { type: "string" }, help: { type: "boolean", short: "h" } },
  });
}
