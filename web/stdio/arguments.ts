/** What stands on the command line: our own options, and those that parents give to `codex app-server`. */

const about = {
  "spindle-stdio": "JSON lines on stdin and stdout, a Spindle server behind them. It can stand in for `codex app-server`.",
  "spindle-acp": "An agent of the Agent Client Protocol on stdin and stdout, as editors start one; a Spindle server behind it.",
};

export function usageOf(name: keyof typeof about): string {
  return `${about[name]}

  ${name} ${name === "spindle-stdio" ? "[app-server] " : ""}[--url ws://127.0.0.1:8787] [--auth-token-env NAME] [--listen stdio://]

  --url             the server; or the environment variable SPINDLE_URL
  --auth-token-env  the environment variable that holds the bearer token; SPINDLE_TOKEN unless said
  --listen          only stdio:// is possible
Whatever else Codex knows (-c key=value, --enable NAME, …) is ignored with a note on stderr.
It ends with 0 when its input ends, with 1 when the server refuses it, with 2 when it was called wrongly.`;
}

export type ParsedArguments =
  | { type: "run"; url: string; token: string | null; ignored: string[] }
  | { type: "help" }
  | { type: "wrong"; reason: string };

/** Options of Codex that take a value, so that the value is not taken for something else. */
const valuedOptions: ReadonlySet<string> = new Set([
  "-c",
  "--config",
  "--enable",
  "--disable",
  "-p",
  "--profile",
  "--session-source",
]);

/** `door` is the path at the server, where the address names none. */
export function parseArguments(
  given: readonly string[],
  environment: Record<string, string | undefined>,
  door = "/",
): ParsedArguments {
  let url = environment.SPINDLE_URL || "ws://127.0.0.1:8787";
  let tokenName: string | null = null;
  const ignored: string[] = [];
  const rest = [...given];
  for (let argument = rest.shift(); argument !== undefined; argument = rest.shift()) {
    const [, name = argument, inline] = /^(--[^=]+)=(.*)$/s.exec(argument) ?? [];
    switch (name) {
      case "-h":
      case "--help":
        return { type: "help" };
      case "app-server":
        break;
      case "--url":
      case "--auth-token-env":
      case "--listen": {
        const value = inline ?? rest.shift();
        if (!value) return { type: "wrong", reason: `${name} needs a value.` };
        if (name === "--url") url = value;
        else if (name === "--auth-token-env") tokenName = value;
        else if (value !== "stdio://") return { type: "wrong", reason: `It listens on stdio:// only, not on ${value}.` };
        break;
      }
      default: {
        const value = inline === undefined && valuedOptions.has(name) ? rest.shift() : undefined;
        ignored.push(value === undefined ? argument : `${argument} ${value}`);
      }
    }
  }
  const address = serverUrl(url, door);
  if (address === null) return { type: "wrong", reason: `${url} is no address of a server; one looks like ws://127.0.0.1:8787.` };
  const token = environment[tokenName ?? "SPINDLE_TOKEN"] || null;
  if (tokenName !== null && token === null) return { type: "wrong", reason: `The environment variable ${tokenName} is empty.` };
  return { type: "run", url: address, token, ignored };
}

/** `http` is what one copies from a browser. */
function serverUrl(text: string, door: string): string | null {
  const url = URL.parse(text.replace(/^http/, "ws"));
  if (!url || (url.protocol !== "ws:" && url.protocol !== "wss:")) return null;
  if (url.pathname === "/") url.pathname = door;
  return url.href;
}
