/** The command line of `npm run token`. */
import { type CommandLine, readCommandLine, serverOrigin } from "./command-line.ts";

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

const options = {
  account: { type: "string" },
  label: { type: "string" },
  "expires-days": { type: "string" },
  url: { type: "string" },
} as const;

type Values = { [Name in keyof typeof options]?: string | undefined };

export function parseTokenCommand(given: string[]): CommandLine<{ origin: string; order: TokenCommand }> {
  return readCommandLine(given, options, (words, values) => {
    const server = serverOrigin(values.url);
    if (typeof server === "string") return server;
    const order = orderOf(words, values);
    return typeof order === "string" ? order : { ...server, order };
  });
}

/** Or what is wrong with it. */
function orderOf([verb, id, ...more]: string[], values: Values): TokenCommand | string {
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
