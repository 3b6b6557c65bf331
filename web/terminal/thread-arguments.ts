/** The command line of `npm run thread`. */
import { type CommandLine, clientAddress, clientOptions, readCommandLine } from "./command-line.ts";

export const threadUsage = `npm run -s thread -- export THREAD [options] > FILE
npm run -s thread -- import FILE [options]

export writes a whole thread to standard output: for an audit, what was said and done, every revision of its decision trees and what made it, what
people were asked and answered, and what was taken back, without what is still under way; or as a copy, which import takes.

import makes a new thread of a copy, here or on another server, and prints its id: history, files and the model's past. It runs under the account's own
settings; what was under way in it is interrupted, and what was proposed can be read and not approved.

  --format FORMAT   json (default), markdown with decision trees as Mermaid diagrams, or copy
  --url URL         the server (default ws://127.0.0.1:8787)
  --token TOKEN     the server's token (default: the variable SPINDLE_TOKEN)`;

interface Server {
  url: string;
  token: string | null;
}

export type ExportFormat = "json" | "markdown" | "copy";

export type ThreadCommand =
  | ({ type: "export"; threadId: string; format: ExportFormat } & Server)
  | ({ type: "import"; file: string } & Server);

const options = { ...clientOptions, format: { type: "string" } } as const;

export function parseThreadCommand(given: string[], environment: Record<string, string | undefined>): CommandLine<ThreadCommand> {
  return readCommandLine(given, options, ([verb, what, ...more], values): ThreadCommand | string => {
    if (verb !== "export" && verb !== "import") return "What shall be done? export or import.";
    if (what === undefined) return verb === "export" ? "Which thread? Its id is missing." : "Which file? Its name is missing.";
    if (more.length > 0) return "There is a word too many.";
    const server = clientAddress(values, environment);
    if (verb === "import") {
      if (values.format !== undefined) return "--format is for export.";
      return typeof server === "string" ? server : { type: "import", file: what, ...server };
    }
    const { format = "json" } = values;
    if (format !== "json" && format !== "markdown" && format !== "copy") return "--format takes json, markdown or copy.";
    return typeof server === "string" ? server : { type: "export", threadId: what, format, ...server };
  });
}
