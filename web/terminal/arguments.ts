/** The command line of `npm run agent`. */
import { parseArgs } from "node:util";

export const usage = `npm run agent -- --dir FOLDER [options] ["PROMPT"]

Works on a folder with an agent: takes its files to a new thread's workspace, shows what the agent does,
asks before anything changes, and brings approved changes back. Without a prompt it asks for one, again and again.

  --dir FOLDER      the folder; what .gitignore leaves out, .git and node_modules stay here
  --url URL         the server (default ws://127.0.0.1:8787)
  --token TOKEN     the server's token (default: the variable SPINDLE_TOKEN)
  --resume ID       goes on with a thread and its workspace; nothing is taken along from the folder
  --yes             accepts everything without asking

Ctrl-C stops the turn, a second one leaves. Ends with 0 when the turn completed, 1 when it failed, 130 when it was interrupted.`;

export interface AgentArguments {
  folder: string;
  url: string;
  token: string | null;
  resume: string | null;
  acceptsAll: boolean;
  prompt: string | null;
}

export type ParsedArguments = { type: "run"; arguments: AgentArguments } | { type: "help" } | { type: "wrong"; reason: string };

export function parseArguments(given: string[], environment: Record<string, string | undefined>): ParsedArguments {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(given);
  } catch (error) {
    return { type: "wrong", reason: (error as Error).message };
  }
  const { values, positionals } = parsed;
  if (values.help) return { type: "help" };
  if (values.dir === undefined) return { type: "wrong", reason: "Which folder? --dir is missing." };
  if (positionals.length > 1) return { type: "wrong", reason: "Put the prompt in quotes: it is one argument." };
  const url = serverUrl(values.url ?? "ws://127.0.0.1:8787");
  if (url === null)
    return { type: "wrong", reason: `${values.url} is no address of a server; one looks like ws://127.0.0.1:8787.` };
  const prompt = positionals[0]?.trim() || null;
  return {
    type: "run",
    arguments: {
      folder: values.dir,
      url,
      token: values.token ?? environment.SPINDLE_TOKEN ?? null,
      resume: values.resume ?? null,
      acceptsAll: values.yes ?? false,
      prompt,
    },
  };
}

function parse(args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: {
      dir: { type: "string" },
      url: { type: "string" },
      token: { type: "string" },
      resume: { type: "string" },
      yes: { type: "boolean" },
      help: { type: "boolean", short: "h" },
    },
  });
}

/** `http` is what one copies from a browser. */
export function serverUrl(text: string): string | null {
  const url = URL.parse(text.replace(/^http/, "ws"));
  return url && (url.protocol === "ws:" || url.protocol === "wss:") ? url.href : null;
}
