/** `npm run flags`: the operator looks at the features of an account, and has them otherwise. */
import { parseArgs } from "node:util";

const usage = `npm run flags -- list ACCOUNT
npm run flags -- set ACCOUNT FLAG on|off
npm run flags -- unset ACCOUNT FLAG

Features of one account. A turn hears of a change within a minute, and one that runs goes on as it began.

  --url URL   the server (default http://127.0.0.1:8787)

The variable SPINDLE_OPERATOR_TOKEN has to be the server's, unless the server runs on this machine and asks nobody for anything.`;

type FlagCommand = { method: "GET"; account: string } | { method: "PUT"; account: string; flag: string; value: boolean | null };

process.exitCode = await main(process.argv.slice(2));

async function main(given: string[]): Promise<number> {
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(given);
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage}`);
    return 2;
  }
  const { values, positionals } = parsed;
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const command = commandOf(positionals);
  const url = URL.parse((values.url ?? "http://127.0.0.1:8787").replace(/^ws/, "http"));
  if (command === null || (url?.protocol !== "http:" && url?.protocol !== "https:")) {
    console.error(usage);
    return 2;
  }
  return run(url.origin, command);
}

async function run(origin: string, command: FlagCommand): Promise<number> {
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

function commandOf([verb, account, flag, value, ...more]: string[]): FlagCommand | null {
  if (account === undefined || more.length > 0) return null;
  if (verb === "list" && flag === undefined) return { method: "GET", account };
  if (flag === undefined) return null;
  if (verb === "unset" && value === undefined) return { method: "PUT", account, flag, value: null };
  if (verb === "set" && (value === "on" || value === "off")) return { method: "PUT", account, flag, value: value === "on" };
  return null;
}

function parse(args: string[]) {
  return parseArgs({ args, allowPositionals: true, options: { url: { type: "string" }, help: { type: "boolean", short: "h" } } });
}
