/** How every command of this folder reads its command line: options by their table, `--help`, and a reason in words where it cannot be read. */
import { type ParseArgsOptionsConfig, parseArgs } from "node:util";

export type CommandLine<Command> = { type: "run"; command: Command } | { type: "help" } | { type: "wrong"; reason: string };

type Values<Options extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ args: string[]; allowPositionals: true; options: Options }>
>["values"];

/** `commandOf` makes the command of words and options, or says what is wrong with them. */
export function readCommandLine<Options extends ParseArgsOptionsConfig, Command extends object>(
  given: string[],
  options: Options,
  commandOf: (words: string[], values: Values<Options>) => Command | string,
): CommandLine<Command> {
  let parsed: { values: Values<Options>; positionals: string[] };
  try {
    parsed = parseArgs({ args: given, allowPositionals: true, options: { ...options, help: { type: "boolean", short: "h" } } });
  } catch (error) {
    // Node's own words: which option it does not know, or what it lacks.
    return { type: "wrong", reason: (error as Error).message };
  }
  if ((parsed.values as { help?: boolean }).help) return { type: "help" };
  const command = commandOf(parsed.positionals, parsed.values);
  return typeof command === "string" ? { type: "wrong", reason: command } : { type: "run", command };
}

/** Help goes to standard output and ends with 0; what is wrong to standard error, with 2; a command as `run` says. */
export async function obey<Command>(
  line: CommandLine<Command>,
  usage: string,
  run: (command: Command) => Promise<number>,
): Promise<number> {
  switch (line.type) {
    case "help":
      console.log(usage);
      return 0;
    case "wrong":
      console.error(`${line.reason}\n\n${usage}`);
      return 2;
    case "run":
      return run(line.command);
    default:
      return line satisfies never;
  }
}

/** Of what a client asks: a server, and who asks it. */
export const clientOptions = { url: { type: "string" }, token: { type: "string" } } as const;

/** The server's socket and the token, or what is wrong. `http` is what one copies from a browser. */
export function clientAddress(
  values: { url?: string | undefined; token?: string | undefined },
  environment: Record<string, string | undefined>,
): { url: string; token: string | null } | string {
  const url = URL.parse((values.url ?? "ws://127.0.0.1:8787").replace(/^http/, "ws"));
  if (url?.protocol !== "ws:" && url?.protocol !== "wss:") return noAddress(values.url, "ws://127.0.0.1:8787");
  return { url: url.href, token: values.token ?? environment.SPINDLE_TOKEN ?? null };
}

/** The origin of a server's plain doors, or what is wrong. `ws` is what one copies from another command. */
export function serverOrigin(text = "http://127.0.0.1:8787", example = "http://127.0.0.1:8787"): { origin: string } | string {
  const url = URL.parse(text.replace(/^ws/, "http"));
  return url?.protocol === "http:" || url?.protocol === "https:" ? { origin: url.origin } : noAddress(text, example);
}

function noAddress(text: string | undefined, example: string): string {
  return `${text} is no address of a server; one looks like ${example}.`;
}
