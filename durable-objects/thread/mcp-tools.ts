/** The tools of the account's MCP servers as a turn has them: read when it first asks its model, and not again while it runs. */
import { createHash } from "node:crypto";
import { mcpLimits } from "#core/limits";
import { type McpTool, type OfferedTool, offeredTools } from "#core/mcp/tool";
import type { McpServer } from "#protocol/mcp-server";
import type { Host } from "#thread/host";

export class McpTools {
  /** None until a turn has read them; an object that died reads them anew. */
  tools: OfferedTool[] = [];
  private readonly host: Host;
  private turnId = "";

  constructor(host: Host) {
    this.host = host;
  }

  /** Never throws: a server that does not answer in time has no tools in this turn. Those are named, each with why; none on a second look. */
  async read(turnId: string, signal: AbortSignal): Promise<{ server: string; reason: string }[]> {
    if (this.turnId === turnId) return [];
    const servers = await this.servers();
    const missing: { server: string; reason: string }[] = [];
    const lists = await Promise.all(
      servers.map(async (server): Promise<{ server: McpServer; tools: McpTool[] }> => {
        try {
          return { server, tools: await this.host.mcp.tools(server, signal) };
        } catch (error) {
          missing.push({ server: server.name, reason: error instanceof Error ? error.message : String(error) });
          return { server, tools: [] };
        }
      }),
    );
    // Whoever stopped the turn meanwhile has not seen it read.
    if (signal.aborted) return [];
    this.turnId = turnId;
    this.tools = offeredTools(lists, sha256);
    return missing;
  }

  /** As the account has it now; undefined where it has it no more, or cannot be asked. */
  async server(name: string): Promise<McpServer | undefined> {
    return (await this.servers()).find((server) => server.name === name);
  }

  private async servers(): Promise<McpServer[]> {
    try {
      const servers = await this.host.readMcpServers(mcpLimits.configReadMsMax);
      return servers.filter(({ enabled }) => enabled !== false);
    } catch (error) {
      this.host.report("mcpServersUnreadable", { threadId: this.host.threadId, error: String(error) });
      return [];
    }
  }
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
