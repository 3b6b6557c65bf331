/** The command line of `npm run token`. */
import { parseArgs } from "node:util";

export const tokenUsage = `npm run token -- create --account NAME [--label TEXT] [--expires-days N]
npm run token -- list
npm run token -- revoke ID

Makes, lists and revokes the tokens with which clients come in. A token is shown once, when it is made.

  --account NAME     whose threads the token opens; "local" is the account of SPINDLE_TOKEN
  --label TEXT       what the list shows beside it, say the name of a device
  --expires-days N   the token ends by itself after so many days
  --url URL          the server (default http://127.0.0.1:8787)

The variable SPINDLE_OPERATOR_TOKEN has to be the server's, unless the server runs on this machine and asks nobody for anything.`;

export type TokenCommand =
  | { type: "create"; account: string; label: string; expiresDays: number | null }
  | { type: "list" }
  | { type: "revoke"; id: string };

export type ParsedTokenCommand =
  | { type: "run"; url: string; command: TokenCommand }
  | { type: "help" }
  | { type: "wrong"; reason: string };

export function parseTokenCommand(given: string[]): ParsedTokenCommand {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(given);
  } catch (error) {
    return { type: "wrong", reason: (error as Error).message };
  }
  const { values, positionals } = parsed;
  if (values.help) return { type: "help" };
  const url = URL.parse((values.url ?? "http://127.0.0.1:8787").replace(/^ws/, "http"));
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    return { type: "wrong", reason: `${values.url} is no address of a server; one looks like http://127.0.0.1:8787.` };
  }
  const command = commandOf(positionals, values);
  return typeof command === "string" ? { type: "wrong", reason: command } : { type: "run", url: url.origin, command };
}

/** Or what is wrong with it. */
function commandOf([verb, id, ...more]: string[], values: ReturnType<typeof parse>["values"]): TokenCommand | string {
  if (more.length > 0 || (verb !== "revoke" && id !== undefined)) return "There is a word too many.";
  switch (verb) {
    case "create": {
      if (!values.account) return "Whose token? --account is missing.";
      const days = values["expires-days"];
      const expiresDays = days === undefined ? null : Number(days);
      if (expiresDays !== null && !(Number.isInteger(expiresDays) && expiresDays > 0)) {
        return "--expires-days takes a whole number of days.";
      }
      return { type: "create", account: values.account, label: values.label ?? "", expiresDays };
    }
    case "list":
      return { type: "list" };
    case "revoke":
      return id === undefined ? "Which token? Its id stands in the list." : { type: "revoke", id };
    default:
      return "What shall be done? create, list or revoke.";
  }
}

function parse(args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: {
      account: { type: "string" },
      label: { type: "string" },
      "expires-days": { type: "string" },
      url: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
}
