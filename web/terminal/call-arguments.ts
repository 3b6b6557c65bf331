/** The command line of `npm run call`. */
import { type CommandLine, clientAddress, clientOptions, readCommandLine } from "./command-line.ts";

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

export function parseCallCommand(given: string[], environment: Record<string, string | undefined>): CommandLine<CallCommand> {
  return readCommandLine(given, clientOptions, ([method, text = "{}", ...more], values) => {
    if (method === undefined) return "What shall be asked? A method is missing, such as thread/list.";
    if (more.length > 0) return "There is a word too many. Put the params in quotes: they are one argument.";
    const params = objectOf(text);
    if (params === null) return `The params are no JSON object: ${text}`;
    const address = clientAddress(values, environment);
    return typeof address === "string" ? address : { method, params, ...address };
  });
}

function objectOf(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
