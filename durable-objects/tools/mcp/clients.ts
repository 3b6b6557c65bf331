/** The MCP servers of accounts, for all objects of an isolate: a client of each is kept, with a circuit of its own. */
import { mcpLimits } from "#core/limits";
import type { McpResult } from "#core/mcp/result";
import type { McpTool } from "#core/mcp/tool";
import { Breaker, outboundFetch } from "#outbound/outbound";
import { addressProblem } from "#outbound/public-address";
import type { McpServer } from "#protocol/mcp-server";
import { type About, McpClient } from "#tools/mcp/client";

/** Whatever fails throws `McpFailure`, within the server's time. */
export interface McpServers {
  about(server: McpServer, signal: AbortSignal): Promise<About>;
  tools(server: McpServer, signal: AbortSignal): Promise<McpTool[]>;
  call(server: McpServer, tool: string, given: unknown, signal: AbortSignal): Promise<McpResult>;
  readResource(server: McpServer, uri: string, signal: AbortSignal): Promise<Record<string, unknown>[]>;
}

export interface McpClientsOptions {
  servesThisMachineOnly: boolean;
  now: () => number;
  report: (event: string, details: Record<string, unknown>) => void;
  /** The platform's own unless said, for tests. */
  fetch?: typeof fetch;
}

export class McpClients {
  private readonly options: McpClientsOptions;
  private readonly clients = new Map<string, McpClient>();

  constructor(options: McpClientsOptions) {
    this.options = options;
  }

  of(account: string): McpServers {
    const startup = (server: McpServer, signal: AbortSignal) =>
      within(signal, (server.startup_timeout_sec ?? 0) * 1000 || mcpLimits.startupTimeoutMs);
    const atWork = (server: McpServer, signal: AbortSignal) =>
      within(signal, (server.tool_timeout_sec ?? 0) * 1000 || mcpLimits.toolTimeoutMs);
    return {
      about: (server, signal) => this.clientOf(account, server).about(startup(server, signal)),
      tools: (server, signal) => this.clientOf(account, server).tools(startup(server, signal)),
      call: (server, tool, given, signal) => this.clientOf(account, server).call(tool, given, atWork(server, signal)),
      readResource: (server, uri, signal) => this.clientOf(account, server).readResource(uri, atWork(server, signal)),
    };
  }

  /** What an account has changed of a server makes another client: nothing that was kept of it is used with other credentials. */
  private clientOf(account: string, server: McpServer): McpClient {
    const key = JSON.stringify([account, server]);
    const known = this.clients.get(key);
    this.clients.delete(key);
    const client = known ?? this.newClient(server);
    this.clients.set(key, client);
    const [oldest] = this.clients.keys();
    if (this.clients.size > mcpLimits.clientsKeptMax && oldest !== undefined) this.clients.delete(oldest);
    return client;
  }

  private newClient(server: McpServer): McpClient {
    const { servesThisMachineOnly, now, report, fetch } = this.options;
    const guarded = outboundFetch({
      purpose: "mcp",
      allows: ({ href }) => href === URL.parse(server.url)?.href && addressProblem(href, { servesThisMachineOnly }) === null,
      breaker: new Breaker(`the MCP server at ${URL.parse(server.url)?.host}`, report, { now }),
      report,
      ...(fetch ? { fetch } : {}),
    });
    return new McpClient(server, guarded, now);
  }
}

function within(signal: AbortSignal, timeoutMs: number): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
}
