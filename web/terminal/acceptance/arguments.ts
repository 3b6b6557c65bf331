/** The command lines of `npm run smoke` and `npm run acceptance`. */
import { parseArgs } from "node:util";

const options = `  --token TOKEN       an account's token (default: the variable SPINDLE_TOKEN); none for an open server on this machine
  --version ID        the Worker's version that has to answer, also while it has no traffic of its own
  --worker NAME       the Worker's name at Cloudflare, for --version (default spindle)
  --timeout SECONDS   the longest that one step may take (default 120)`;

export const smokeUsage = `npm run -s smoke -- URL [options]

Looks whether a server is there and its doors are closed: health, the page, signing in and out, a wrong token, the handshake. Changes nothing.

${options}`;

export const acceptanceUsage = `npm run -s acceptance -- URL [options]

Does with a server what a stranger's client would: a thread, a turn, a cut connection, a diff with an exact yes and one with a no, two clients, and at
the end nothing of it is left. Costs three short turns of the model.

${options}
  --model NAME        the model (default: the server's own)
  --runs N            so many threads, one after the other (default 1, at most 50)`;

export interface CheckArguments {
  /** `https://…`, without a path. */
  origin: string;
  /** `wss://…/` of the same. */
  socketUrl: string;
  token: string | null;
  /** Headers that choose a version of the Worker; empty where any will do. */
  headers: Record<string, string>;
  version: string | null;
  model: string | null;
  runs: number;
  timeoutMs: number;
}

export type ParsedCheck = { type: "run"; arguments: CheckArguments } | { type: "help" } | { type: "wrong"; reason: string };

const runsMax = 50;

export function parseCheck(given: string[], environment: Record<string, string | undefined>): ParsedCheck {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(given);
  } catch (error) {
    return { type: "wrong", reason: (error as Error).message };
  }
  const { values, positionals } = parsed;
  if (values.help) return { type: "help" };
  const [address, ...more] = positionals;
  if (address === undefined) return { type: "wrong", reason: "Which server? Its address is missing." };
  if (more.length > 0) return { type: "wrong", reason: "There is a word too many." };
  const url = URL.parse(address.replace(/^ws/, "http"));
  if (url?.protocol !== "http:" && url?.protocol !== "https:") {
    return { type: "wrong", reason: `${address} is no address of a server; one looks like https://spindle.example.` };
  }
  const runs = Number(values.runs ?? 1);
  if (!Number.isInteger(runs) || runs < 1 || runs > runsMax) {
    return { type: "wrong", reason: `--runs takes a whole number from 1 to ${runsMax}.` };
  }
  const seconds = Number(values.timeout ?? 120);
  if (!(seconds >= 1 && seconds <= 3_600)) return { type: "wrong", reason: "--timeout takes 1 to 3600 seconds." };
  const { version = null, worker = "spindle" } = values;
  // Both go into a header.
  if (!/^[\w-]+$/.test(`${version ?? ""}${worker}`)) {
    return { type: "wrong", reason: "--version and --worker take letters, digits and dashes." };
  }
  return {
    type: "run",
    arguments: {
      origin: url.origin,
      socketUrl: `${url.origin.replace(/^http/, "ws")}/`,
      token: values.token ?? (environment.SPINDLE_TOKEN || null),
      headers: version === null ? {} : { "cloudflare-workers-version-overrides": `${worker}="${version}"` },
      version,
      model: values.model ?? null,
      runs,
      timeoutMs: seconds * 1_000,
    },
  };
}

function parse(args: string[]) {
  return parseArgs({
    args,
    allowPositionals: true,
    options: {
      token: { type: "string" },
      version: { type: "string" },
      worker: { type: "string" },
      model: { type: "string" },
      runs: { type: "string" },
      timeout: { type: "string" },
      help: { type: "boolean", short: "h" },
    },
  });
}
