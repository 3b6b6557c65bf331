/** The command lines of `npm run smoke` and `npm run acceptance`. */
import { type CommandLine, readCommandLine, serverOrigin } from "../command-line.ts";

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

const runsMax = 50;

const known = {
  token: { type: "string" },
  version: { type: "string" },
  worker: { type: "string" },
  model: { type: "string" },
  runs: { type: "string" },
  timeout: { type: "string" },
} as const;

export function parseCheck(given: string[], environment: Record<string, string | undefined>): CommandLine<CheckArguments> {
  return readCommandLine(given, known, ([address, ...more], values): CheckArguments | string => {
    if (address === undefined) return "Which server? Its address is missing.";
    if (more.length > 0) return "There is a word too many.";
    const server = serverOrigin(address, "https://spindle.example");
    if (typeof server === "string") return server;
    const { origin } = server;
    const runs = Number(values.runs ?? 1);
    if (!Number.isInteger(runs) || runs < 1 || runs > runsMax) return `--runs takes a whole number from 1 to ${runsMax}.`;
    const seconds = Number(values.timeout ?? 120);
    if (!(seconds >= 1 && seconds <= 3_600)) return "--timeout takes 1 to 3600 seconds.";
    const { version = null, worker = "spindle" } = values;
    // Both go into a header.
    if (!/^[\w-]+$/.test(`${version ?? ""}${worker}`)) return "--version and --worker take letters, digits and dashes.";
    return {
      origin,
      socketUrl: `${origin.replace(/^http/, "ws")}/`,
      token: values.token ?? (environment.SPINDLE_TOKEN || null),
      headers: version === null ? {} : { "cloudflare-workers-version-overrides": `${worker}="${version}"` },
      version,
      model: values.model ?? null,
      runs,
      timeoutMs: seconds * 1_000,
    };
  });
}
