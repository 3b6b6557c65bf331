/** What a client itself asks of the account's MCP servers: no turn, no log, and nobody else is asked, because it is the person who asks. */
import { mcpLimits } from "#core/limits";
import { Refusal, refusals } from "#protocol/errors";
import type { McpServerStatus } from "#protocol/mcp-methods";
import type { McpServer } from "#protocol/mcp-server";
import type { Request, Result } from "#protocol/methods";
import type { McpServers } from "#tools/mcp/clients";
import { McpFailure } from "#tools/mcp/exchange";

export type McpRequest = Extract<Request, { method: "mcpServerStatus/list" | "mcpServer/tool/call" | "mcpServer/resource/read" }>;

/** Throws a `Refusal`, in words of ours and what the server said of an error. */
export async function answerAboutMcp(request: McpRequest, servers: readonly McpServer[], mcp: McpServers): Promise<unknown> {
  const { signal } = new AbortController();
  switch (request.method) {
    case "mcpServerStatus/list": {
      const { serverName } = request.params;
      const asked = servers.filter(({ name }) => serverName == null || name === serverName);
      const data = await Promise.all(asked.map((server) => statusOf(server, mcp, signal)));
      return { data, nextCursor: null } satisfies Result<"mcpServerStatus/list">;
    }
    case "mcpServer/tool/call": {
      const { server, tool, arguments: given } = request.params;
      const { content, structuredContent, isError } = await refusable(server, () =>
        mcp.call(serverOf(servers, server), tool, given ?? {}, signal),
      );
      return { content, structuredContent, isError, _meta: null } satisfies Result<"mcpServer/tool/call">;
    }
    case "mcpServer/resource/read": {
      const { server, uri } = request.params;
      const contents = await refusable(server, () => mcp.readResource(serverOf(servers, server), uri, signal));
      return { contents } satisfies Result<"mcpServer/resource/read">;
    }
    default:
      return request satisfies never;
  }
}

async function statusOf(server: McpServer, mcp: McpServers, signal: AbortSignal): Promise<McpServerStatus> {
  const status: McpServerStatus = {
    name: server.name,
    pluginId: null,
    authStatus: Object.keys(server.http_headers ?? {}).length > 0 ? "bearerToken" : "unsupported",
    httpOrigin: URL.parse(server.url)?.origin ?? null,
    runtimeStatus: "disabled",
    serverInfo: null,
    serverCapabilities: null,
    tools: {},
    toolsError: null,
    toolListMeta: null,
    resources: [],
    resourceTemplates: [],
  };
  if (server.enabled === false) return status;
  try {
    const { serverInfo, capabilities } = await mcp.about(server, signal);
    const tools = await mcp.tools(server, signal);
    const text = (value: unknown) => (typeof value === "string" ? value.slice(0, mcpLimits.nameCharactersMax) : null);
    const { name, version, title } = serverInfo ?? {};
    return {
      ...status,
      runtimeStatus: "connected",
      serverInfo: serverInfo && { name: text(name) ?? server.name, version: text(version) ?? "", title: text(title) },
      serverCapabilities: capabilities,
      tools: Object.fromEntries(tools.map((tool) => [tool.name, tool.listed])),
    };
  } catch (error) {
    if (!(error instanceof McpFailure)) throw error;
    const runtimeStatus = error.status === 401 || error.status === 403 ? "authenticationRequired" : "failed";
    return { ...status, runtimeStatus, toolsError: error.message };
  }
}

function serverOf(servers: readonly McpServer[], name: string): McpServer {
  const server = servers.find((known) => known.name === name && known.enabled !== false);
  if (!server) throw new Refusal(refusals.invalidRequestText(`unknown MCP server '${name.slice(0, 64)}'`));
  return server;
}

async function refusable<Result>(server: string, ask: () => Promise<Result>): Promise<Result> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof McpFailure)) throw error;
    const happened = error.mayHaveHappened ? ": the call may or may not have happened" : "";
    throw new Refusal(refusals.invalidRequestText(`the MCP server ${server} failed: ${error.message}${happened}`));
  }
}
