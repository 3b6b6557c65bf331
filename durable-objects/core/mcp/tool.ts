/** Tools of MCP servers as a model is offered them: few, short, and under names that any endpoint takes. */
import type { Hash } from "#core/hash";
import { mcpLimits } from "#core/limits";
import { visibleText } from "#core/visible-text";
import type { ApprovalMode, McpServer } from "#protocol/mcp-server";

/** A tool as its server lists it. */
export interface McpTool {
  name: string;
  description: string;
  inputSchema: Record<string, unknown>;
  /** The server's own word. */
  readOnlyHint: boolean;
  /** As it came, for clients that ask for it. */
  listed: Record<string, unknown>;
}

export interface OfferedTool {
  /** What the model calls it. */
  name: string;
  server: string;
  tool: string;
  description: string;
  inputSchema: Record<string, unknown>;
  readOnlyHint: boolean;
  mode: ApprovalMode;
}

/** In the order of the servers and of their lists; what goes beyond a bound is left out, the last first. */
export function offeredTools(lists: readonly { server: McpServer; tools: readonly McpTool[] }[], hash: Hash): OfferedTool[] {
  const offered: OfferedTool[] = [];
  const names = new Set<string>();
  let characters = 0;
  for (const { server, tools } of lists) {
    for (const tool of tools) {
      if (!isWanted(server, tool.name) || offered.length >= mcpLimits.toolsMax) continue;
      const description = visibleText(tool.description).slice(0, mcpLimits.descriptionCharactersMax);
      const size = JSON.stringify(tool.inputSchema).length + description.length;
      if (characters + size > mcpLimits.toolsCharactersMax) continue;
      const name = functionName(server.name, tool.name, hash);
      if (names.has(name)) continue;
      names.add(name);
      characters += size;
      const { inputSchema, readOnlyHint } = tool;
      const mode = server.tools?.[tool.name]?.approval_mode ?? server.default_tools_approval_mode ?? "prompt";
      offered.push({ name, server: server.name, tool: tool.name, description, inputSchema, readOnlyHint, mode });
    }
  }
  return offered;
}

function isWanted({ enabled_tools, disabled_tools }: McpServer, tool: string): boolean {
  return (enabled_tools?.includes(tool) ?? true) && !disabled_tools?.includes(tool);
}

/** `mcp__server__tool` where the endpoint takes it; else shortened, with a hash so that two never meet. */
function functionName(server: string, tool: string, hash: Hash): string {
  const plain = `mcp__${server}__${tool}`;
  if (/^[A-Za-z0-9_-]{1,64}$/.test(plain)) return plain;
  return `${plain.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 51)}_${hash(plain).slice(0, 12)}`;
}

/** A tool of a list that some server gave; null where it cannot be offered. */
export function readTool(listed: unknown): McpTool | null {
  if (
    !isTable(listed) ||
    typeof listed.name !== "string" ||
    listed.name === "" ||
    listed.name.length > mcpLimits.nameCharactersMax
  )
    return null;
  const { name, description, inputSchema, annotations } = listed;
  if (!isTable(inputSchema) || inputSchema.type !== "object") return null;
  const text = JSON.stringify(inputSchema);
  // A parameter that has to be repeated in a header is none that a model's call can be trusted to fill.
  if (text.length > mcpLimits.schemaCharactersMax || text.includes('"x-mcp-header"')) return null;
  const readOnlyHint = isTable(annotations) && annotations.readOnlyHint === true && annotations.destructiveHint !== true;
  return { name, description: typeof description === "string" ? description : "", inputSchema, readOnlyHint, listed };
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
