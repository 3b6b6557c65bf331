/** `npm run flags`: the operator looks at the features of an account, and has them otherwise. */
import { obey, readCommandLine, serverOrigin } from "./command-line.ts";

const usage = `npm run flags -- list ACCOUNT
npm run flags -- set ACCOUNT FLAG on|off
npm run flags -- unset ACCOUNT FLAG

Features of one account. A turn hears of a change within a minute, and one that runs goes on as it began.

  --url URL   the server (default http://127.0.0.1:8787)

The variable SPINDLE_OPERATOR_TOKEN has to be the server's, unless the server runs on this machine and asks nobody for anything.`;

type FlagCommand = { method: "GET"; account: string } | { method: "PUT"; account: string; flag: string; value: boolean | null };

process.exitCode = await obey(
  readCommandLine(process.argv.slice(2), { url: { type: "string" } }, (words, values) => {
    const server = serverOrigin(values.url);
    if (typeof server === "string") return server;
    const order = orderOf(words);
    return typeof order === "string" ? order : { ...server, order };
  }),
  usage,
  run,
);

async function run({ origin, order: command }: { origin: string; order: FlagCommand }): Promise<number> {
  const operator = process.env.SPINDLE_OPERATOR_TOKEN;
  const headers = { "content-type": "application/json", ...(operator ? { authorization: `Bearer ${operator}` } : {}) };
  const { method, ...order } = command;
  const address = method === "GET" ? `${origin}/flags?account=${encodeURIComponent(order.account)}` : `${origin}/flags`;
  try {
    const response = await fetch(address, { method, headers, ...(method === "PUT" ? { body: JSON.stringify(order) } : {}) });
    if (!response.ok) {
      console.error(`The server at ${origin} says ${response.status}: ${(await response.text()) || response.statusText}`);
      return 1;
    }
    const { data } = (await response.json()) as { data: { flag: string; value: boolean; isSet: boolean; doc: string }[] };
    for (const { flag, value, isSet, doc } of data) {
      console.log(`${flag.padEnd(12)}${(value ? "on" : "off").padEnd(5)}${(isSet ? "set" : "default").padEnd(9)}${doc}`);
    }
    return 0;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    console.error(`There is no Spindle server at ${origin} (${cause}). Start one with: npm start`);
    return 1;
  }
}

/** Or what is wrong with it. */
function orderOf([verb, account, flag, value, ...more]: string[]): FlagCommand | string {
  if (verb !== "list" && verb !== "set" && verb !== "unset") return "What shall be done? list, set or unset.";
  if (account === undefined) return "Whose flags? The account is missing.";
  const wordsMax = { list: 2, unset: 3, set: 4 }[verb];
  if (more.length > 0 || [verb, account, flag, value].filter((word) => word !== undefined).length > wordsMax) {
    return "There is a word too many.";
  }
  if (verb === "list") return { method: "GET", account };
  if (flag === undefined) return "Which flag? Its name stands in the list.";
  if (verb === "unset") return { method: "PUT", account, flag, value: null };
  if (value !== "on" && value !== "off") return "A flag is set on or off.";
  return { method: "PUT", account, flag, value: value === "on" };
}
