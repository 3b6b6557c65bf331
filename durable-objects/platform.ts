/** The platform's clock, dice and log, and the models that the operator's environment gives. */
import { uuidv7 } from "#core/uuid";
import { type Catalogue, createCatalogue } from "#models/catalogue";
import { isBelow, outboundFetch } from "#outbound/outbound";
import { servesThisMachineOnly } from "#outbound/public-address";
import { McpClients, type McpServers } from "#tools/mcp/clients";
import { circuitOf } from "./circuits.ts";
import type { Environment } from "./environment.ts";

const catalogues = new WeakMap<Environment, Catalogue>();

/** One for all objects of an isolate: the client of a model's endpoint costs more than an object that wakes. */
export function catalogueOf(environment: Environment): Catalogue {
  const known = catalogues.get(environment) ?? makeCatalogue(environment);
  catalogues.set(environment, known);
  return known;
}

function makeCatalogue(environment: Environment): Catalogue {
  const { OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_MODEL, OPENAI_BACKGROUND, SPINDLE_REHEARSAL_INTERVAL_MS } = environment;
  return createCatalogue({
    apiKey: OPENAI_API_KEY,
    baseUrl: OPENAI_BASE_URL,
    models: OPENAI_MODEL,
    background: OPENAI_BACKGROUND === "1",
    countIntervalMs: SPINDLE_REHEARSAL_INTERVAL_MS === undefined ? undefined : Number(SPINDLE_REHEARSAL_INTERVAL_MS),
    fetch: outboundFetch({
      purpose: "model",
      allows: isBelow(OPENAI_BASE_URL || "https://api.openai.com/v1"),
      breaker: circuitOf(environment, "model", report),
      report,
    }),
    newId,
    sleep: (durationMs, signal) => sleep(durationMs, signal ?? new AbortController().signal),
  });
}

const mcpClients = new WeakMap<Environment, McpClients>();

/** What an isolate knows of the account's MCP servers: their tools, their sessions, whether they are down. */
export function mcpServersOf(environment: Environment, account: string): McpServers {
  const options = { servesThisMachineOnly: servesThisMachineOnly(environment), now: () => Date.now(), report };
  const known = mcpClients.get(environment) ?? new McpClients(options);
  mcpClients.set(environment, known);
  return known.of(account);
}

export function newId(): string {
  return uuidv7(Date.now(), crypto.getRandomValues(new Uint8Array(10)));
}

/** Ends early, without an error, when `signal` aborts. */
export function sleep(durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, durationMs);
    signal.addEventListener("abort", done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}

/** One structured line for the operator. */
export function report(event: string, details: Record<string, unknown>): void {
  console.log(JSON.stringify({ event, ...details }));
}
