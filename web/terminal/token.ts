/** `npm run token`: the operator makes, lists and revokes tokens on a running server. */
import { obey } from "./command-line.ts";
import { parseTokenCommand, type TokenCommand, tokenUsage } from "./token-arguments.ts";

process.exitCode = await obey(parseTokenCommand(process.argv.slice(2)), tokenUsage, run);

async function run({ origin: url, order: command }: { origin: string; order: TokenCommand }): Promise<number> {
  const operator = process.env.SPINDLE_OPERATOR_TOKEN;
  const headers: Record<string, string> = operator ? { authorization: `Bearer ${operator}` } : {};
  const ask = (path: string, init: RequestInit) =>
    fetch(new URL(path, url), { ...init, headers: { ...headers, ...init.headers } });
  try {
    const response = await requestFor(command, ask);
    if (!response.ok) {
      console.error(`The server at ${url} says ${response.status}: ${(await response.text()) || response.statusText}`);
      return 1;
    }
    console.log(await wordsFor(command, response));
    return 0;
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
    console.error(`There is no Spindle server at ${url} (${cause}). Start one with: npm start`);
    return 1;
  }
}

function requestFor(command: TokenCommand, ask: (path: string, init: RequestInit) => Promise<Response>): Promise<Response> {
  switch (command.type) {
    case "create": {
      const { account, label, expiresDays } = command;
      const body = JSON.stringify({ account, label, expiresDays });
      return ask("/tokens", { method: "POST", body, headers: { "content-type": "application/json" } });
    }
    case "list":
      return ask("/tokens", { method: "GET" });
    case "revoke":
      return ask(`/tokens/${encodeURIComponent(command.id)}`, { method: "DELETE" });
    default:
      return command satisfies never;
  }
}

/** What the server answers, as `workers/token-routes.ts` makes it. */
interface ShownToken {
  id: string;
  account: string;
  label: string;
  createdAtMs: number;
  expiresAtMs: number | null;
  lastUsedAtMs: number | null;
  revokedAtMs: number | null;
}

async function wordsFor(command: TokenCommand, response: Response): Promise<string> {
  switch (command.type) {
    case "create": {
      const { id, token } = (await response.json()) as { id: string; token: string };
      return `${token}\n\nThis is shown once. Its id is ${id}; end it with: npm run token -- revoke ${id}`;
    }
    case "list": {
      const { data } = (await response.json()) as { data: ShownToken[] };
      return data.length === 0 ? "There are no tokens." : data.map(lineOf).join("\n");
    }
    case "revoke":
      return "Revoked. Its sockets are closed within a minute.";
    default:
      return command satisfies never;
  }
}

function lineOf({ id, account, label, createdAtMs, expiresAtMs, lastUsedAtMs, revokedAtMs }: ShownToken): string {
  const state =
    revokedAtMs !== null
      ? `revoked ${dayOf(revokedAtMs)}`
      : expiresAtMs === null
        ? "does not expire"
        : `${expiresAtMs > Date.now() ? "expires" : "expired"} ${dayOf(expiresAtMs)}`;
  const used = lastUsedAtMs === null ? "never used" : `used ${dayOf(lastUsedAtMs)}`;
  return [id, account, `made ${dayOf(createdAtMs)}`, used, state, label].filter((part) => part !== "").join("  ");
}

function dayOf(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
