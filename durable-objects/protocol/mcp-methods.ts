/** Remote MCP servers of the account: what they have, and what a client itself asks of them. */
import * as z from "zod";
import { emptyList, ignored, method, page, struct, text } from "./method.ts";

const opaque = z.record(z.string(), z.unknown());

const status = z.object({
  name: z.string(),
  pluginId: z.null(),
  /** `bearerToken` where the account set headers: which, is shown to nobody. */
  authStatus: z.enum(["unsupported", "bearerToken"]),
  httpOrigin: z.string().nullable(),
  runtimeStatus: z.enum(["connected", "authenticationRequired", "failed", "disabled"]),
  serverInfo: z.object({ name: z.string(), version: z.string(), title: z.string().nullable() }).nullable(),
  serverCapabilities: z.unknown(),
  tools: z.record(z.string(), opaque),
  toolsError: z.string().nullable(),
  toolListMeta: z.null(),
  resources: emptyList,
  resourceTemplates: emptyList,
});
export type McpServerStatus = z.infer<typeof status>;

export const mcpMethods = {
  "mcpServerStatus/list": method({
    doc: "The account's MCP servers (`mcp_servers` of its configuration) with their tools, as they answer now; a server that does not says why in `toolsError`. All in one page. Resources are not listed.",
    scope: "connection",
    params: struct("ListMcpServerStatusParams", { ...page, detail: ignored, serverName: text, threadId: text }),
    result: z.object({ data: z.array(status), nextCursor: z.null() }),
  }),

  "mcpServer/tool/call": method({
    doc: "Calls a tool of a server for the client itself: it asks nobody, stands in no log, and the model does not hear of it. Refused where the server cannot be reached or does not know it; where nobody knows whether it happened, the refusal says so.",
    scope: "connection",
    params: struct("McpServerToolCallParams", {
      threadId: z.string(),
      server: z.string(),
      tool: z.string(),
      arguments: z.unknown().optional(),
      _meta: ignored,
    }),
    result: z.object({ content: z.array(opaque), structuredContent: z.unknown(), isError: z.boolean(), _meta: z.null() }),
  }),

  "mcpServer/resource/read": method({
    doc: "Reads a resource of a server for the client itself. Refused where the server cannot be reached or has none of that name.",
    scope: "connection",
    params: struct("McpResourceReadParams", {
      server: z.string(),
      uri: z.string(),
      threadId: text,
      connectorId: ignored,
      originCallId: ignored,
      target: ignored,
      _meta: ignored,
    }),
    result: z.object({ contents: z.array(opaque) }),
  }),
};
