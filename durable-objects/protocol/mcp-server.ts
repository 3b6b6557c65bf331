/** A remote MCP server as the account configured it, by the keys that Codex's `config.toml` has for it. */
import * as z from "zod";
import { mcpServerBounds as bounds } from "./mcp-bounds.ts";

/** `auto` asks unless the server marks the tool as reading only; `prompt` always asks; `approve` never does. */
export const approvalMode = z.enum(["auto", "prompt", "approve"]);
export type ApprovalMode = z.infer<typeof approvalMode>;

/** A token of RFC 9110, and none that the transport sets itself. */
const headerName = z
  .string()
  .regex(/^(?!(?:accept|content-type|content-length|host|cookie|mcp-.*)$)[!#$%&'*+.^_`|~0-9a-z-]{1,64}$/i, {
    error: "is no header that may be set",
  });
const headerValue = z
  .string()
  .max(bounds.headerCharactersMax)
  .regex(/^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/, { error: "is no value of a header" });
const seconds = (most: number) => z.number().positive().max(most).optional();
const toolNames = z.array(z.string().max(bounds.nameCharactersMax)).max(bounds.toolsMax).optional();

/** Example: `{"url":"https://mcp.example/mcp","http_headers":{"Authorization":"Bearer …"},"default_tools_approval_mode":"prompt"}` */
export const mcpServerTable = z.strictObject(
  {
    url: z.string().max(bounds.urlCharactersMax),
    http_headers: z.record(headerName, headerValue).optional(),
    enabled: z.boolean().optional(),
    startup_timeout_sec: seconds(bounds.startupTimeoutMs / 1000),
    tool_timeout_sec: seconds(bounds.toolTimeoutMsMax / 1000),
    enabled_tools: toolNames,
    disabled_tools: toolNames,
    default_tools_approval_mode: approvalMode.optional(),
    tools: z
      .record(z.string().max(bounds.nameCharactersMax), z.strictObject({ approval_mode: approvalMode.optional() }))
      .optional(),
  },
  {
    error: ({ code, keys }) =>
      code === "unrecognized_keys"
        ? `${keys?.[0]} is none of a server's keys here: only remote servers are spoken with, by url and http_headers`
        : undefined,
  },
);
export type McpServerTable = z.infer<typeof mcpServerTable>;

export interface McpServer extends McpServerTable {
  name: string;
}

const serverName = /^[A-Za-z0-9_-]{1,64}$/;

/** What is wrong with `mcp_servers`; null where nothing is. Whether an address may be called is asked by `addressProblem`, when it is written and when it is called. */
export function problemOfServers(servers: unknown, addressProblem: (url: string) => string | null): string | null {
  if (typeof servers !== "object" || servers === null || Array.isArray(servers))
    return "mcp_servers is a table of servers by name";
  const entries = Object.entries(servers);
  if (entries.length > bounds.serversMax) return `mcp_servers holds at most ${bounds.serversMax} servers`;
  for (const [name, table] of entries) {
    if (!serverName.test(name)) return "a server's name has 1 to 64 letters, digits, _ and -";
    const parsed = mcpServerTable.safeParse(table);
    if (!parsed.success) {
      const { issues } = parsed.error;
      const issue = issues.find(({ code }) => code === "unrecognized_keys") ?? issues[0];
      // A key that does not fit says why further inside.
      const reason = issue?.code === "invalid_key" ? issue.issues[0]?.message : issue?.message;
      // Never the value: it may be a secret.
      return `mcp_servers.${name}${(issue?.path ?? []).map((key) => `.${String(key)}`).join("")}: ${reason ?? "is not readable"}`;
    }
    const problem = addressProblem(parsed.data.url);
    if (problem !== null) return `mcp_servers.${name}.url may not be called: ${problem}`;
  }
  return null;
}

/** Those that are switched on, in the order in which they stand. What does not fit, of an earlier version, is left out. */
export function serversOf(config: Record<string, unknown>): McpServer[] {
  const table = config.mcp_servers;
  if (typeof table !== "object" || table === null || Array.isArray(table)) return [];
  return Object.entries(table)
    .flatMap(([name, value]): McpServer[] => {
      const parsed = mcpServerTable.safeParse(value);
      return parsed.success && serverName.test(name) ? [{ ...parsed.data, name }] : [];
    })
    .slice(0, bounds.serversMax);
}

/** What stands for a header's value wherever a client reads the configuration. Written back it means: as it was. */
export const hiddenValue = "••••";

/** The configuration without what only the servers themselves may know. */
export function withoutSecrets<Config extends Record<string, unknown>>(config: Config): Config {
  return mapHeaders(config, () => hiddenValue);
}

/** A client that read the configuration and writes it back has not seen the values: they stay. */
export function withKeptSecrets<Config extends Record<string, unknown>>(config: Config, before: Config): Config {
  return mapHeaders(config, (value, server, header) => {
    if (value !== hiddenValue) return value;
    const kept = tableOf(tableOf(tableOf(before.mcp_servers)[server]).http_headers)[header];
    return kept ?? value;
  });
}

function mapHeaders<Config extends Record<string, unknown>>(
  config: Config,
  change: (value: unknown, server: string, header: string) => unknown,
): Config {
  if (!isTable(config.mcp_servers)) return config;
  const servers = Object.entries(config.mcp_servers).map(([name, server]) => {
    if (!isTable(server) || !isTable(server.http_headers)) return [name, server] as const;
    const headers = Object.entries(server.http_headers).map(([header, value]) => [header, change(value, name, header)]);
    return [name, { ...server, http_headers: Object.fromEntries(headers) }] as const;
  });
  return { ...config, mcp_servers: Object.fromEntries(servers) };
}

function tableOf(value: unknown): Record<string, unknown> {
  return isTable(value) ? value : {};
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
