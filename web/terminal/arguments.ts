/** The command line of `npm run agent`. */
import { type CommandLine, clientAddress, clientOptions, readCommandLine } from "./command-line.ts";

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

const options = { ...clientOptions, dir: { type: "string" }, resume: { type: "string" }, yes: { type: "boolean" } } as const;

export function parseArguments(given: string[], environment: Record<string, string | undefined>): CommandLine<AgentArguments> {
  return readCommandLine(given, options, (words, values) => {
    if (values.dir === undefined) return "Which folder? --dir is missing.";
    if (words.length > 1) return "Put the prompt in quotes: it is one argument.";
    const address = clientAddress(values, environment);
    if (typeof address === "string") return address;
    const prompt = words[0]?.trim() || null;
    return { folder: values.dir, ...address, resume: values.resume ?? null, acceptsAll: values.yes ?? false, prompt };
  });
}
