/** An MCP server in memory, of either generation and with any fault: what a `fetch` to it would bring. */

export interface McpServerScript {
  /** 2026-07-28, or the generation before, with or without sessions. */
  generation?: "modern" | "legacy" | "sessions";
  tools?: object[];
  /** What a call of a tool is answered with; thrown is a broken line. */
  call?: (name: string, given: unknown) => object | Promise<object>;
  /** Takes the place of every answer, of those to some methods. */
  answer?: (method: string) => Response | Promise<Response> | null;
  /** Answers in a stream of events, with noise before. */
  streams?: boolean;
}

export interface ScriptedMcpServer {
  fetch: typeof fetch;
  /** Every message that came, with its headers. */
  readonly asked: { method: string; params: Record<string, unknown>; headers: Headers }[];
  /** The sessions that were begun are forgotten. */
  forget(): void;
}

export const echoTool = {
  name: "echo",
  description: "Says it again",
  inputSchema: { type: "object", properties: { text: { type: "string" } } },
  annotations: { readOnlyHint: true },
};

export function scriptedMcpServer(script: McpServerScript = {}): ScriptedMcpServer {
  const { generation = "modern", tools = [echoTool], answer = () => null, streams = false } = script;
  const call = script.call ?? ((_, given) => ({ content: [{ type: "text", text: JSON.stringify(given) }] }));
  const asked: ScriptedMcpServer["asked"] = [];
  const sessions = new Set<string>();
  const respond = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input as string, init as never);
    const { id, method, params = {} } = JSON.parse(await request.text());
    asked.push({ method, params, headers: request.headers });
    const scripted = await answer(method);
    if (scripted) return scripted;
    if (id === undefined) return new Response(null, { status: 202 });
    const refuse = (status: number, code: number, message: string) =>
      Response.json({ jsonrpc: "2.0", id, error: { code, message } }, { status });
    const isModern = params._meta?.["io.modelcontextprotocol/protocolVersion"] === "2026-07-28";
    if (isModern !== (generation === "modern")) return refuse(400, -32600, "Bad Request: not initialized");
    const session = request.headers.get("mcp-session-id");
    if (generation === "sessions" && method !== "initialize") {
      if (session === null) return refuse(400, -32000, "a session is needed");
      if (!sessions.has(session)) return refuse(404, -32001, "Session not found");
    }
    const headers: Record<string, string> = {};
    let result: object;
    switch (method) {
      case "server/discover":
        result = { resultType: "complete", supportedVersions: ["2026-07-28"], capabilities: { tools: {} } };
        break;
      case "initialize":
        if (generation === "sessions") {
          headers["mcp-session-id"] = `session-${asked.length}`;
          sessions.add(headers["mcp-session-id"]);
        }
        result = { protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo: { name: "old", version: "1" } };
        break;
      case "tools/list":
        result = { tools };
        break;
      case "tools/call":
        result = await call(params.name, params.arguments);
        break;
      default:
        return refuse(404, -32601, "Method not found");
    }
    const message = JSON.stringify({ jsonrpc: "2.0", id, result });
    if (!streams) return new Response(message, { headers: { ...headers, "content-type": "application/json" } });
    const progress = JSON.stringify({ jsonrpc: "2.0", method: "notifications/progress", params: {} });
    const events = `: hello\r\n\r\nid: 1\r\ndata: ${progress}\r\n\r\nevent: message\r\ndata: ${message}\r\n\r\n`;
    return new Response(events, { headers: { ...headers, "content-type": "text/event-stream" } });
  };
  return { fetch: respond as typeof fetch, asked, forget: () => sessions.clear() };
}
