/** MCP servers of the official SDK, both generations of it, on this machine: what Spindle's own client is met with. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { McpServer as McpServer1 } from "@modelcontextprotocol/sdk/server/mcp.js";
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js";
import { createMcpHandler, McpServer as McpServer2 } from "@modelcontextprotocol/server";
import * as z from "zod";

export interface RunningServer {
  url: string;
  /** How often its tool was called. */
  calls(): number;
  close(): Promise<void>;
}

const numbers = { a: z.number(), b: z.number() };
const info = { name: "sums", version: "1" };
const described = { description: "Adds two numbers", annotations: { readOnlyHint: false } };

/** sdk 1.x: `initialize`, a session, answers in streams. */
export async function startServer1(): Promise<RunningServer> {
  let calls = 0;
  const sessions = new Map<string, StreamableHTTPServerTransport>();
  const begin = async () => {
    const server = new McpServer1(info);
    server.registerTool("add", { ...described, inputSchema: numbers }, ({ a, b }) => {
      calls += 1;
      return { content: [{ type: "text", text: String(a + b) }] };
    });
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      onsessioninitialized: (id) => void sessions.set(id, transport),
    });
    await server.connect(transport as never);
    return transport;
  };
  return listen(
    async (request, response) => {
      const known = sessions.get(String(request.headers["mcp-session-id"]));
      await (known ?? (await begin())).handleRequest(request, response);
    },
    () => calls,
  );
}

/** server 2.x: 2026-07-28, nothing remembered. */
export async function startServer2(): Promise<RunningServer> {
  let calls = 0;
  const handler = createMcpHandler(() => {
    const server = new McpServer2(info);
    server.registerTool("add", { ...described, inputSchema: z.object(numbers) }, ({ a, b }) => {
      calls += 1;
      return { content: [{ type: "text", text: String(a + b) }] };
    });
    return server;
  });
  return listen(
    async (request, response) => {
      const body = await new Response(request as never).text();
      const headers = new Headers(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
      const answered = await handler.fetch(new Request(`http://${request.headers.host}/mcp`, { method: "POST", headers, body }));
      response.writeHead(answered.status, Object.fromEntries(answered.headers));
      response.end(Buffer.from(await answered.arrayBuffer()));
    },
    () => calls,
  );
}

async function listen(
  answer: (request: IncomingMessage, response: ServerResponse) => Promise<void>,
  calls: () => number,
): Promise<RunningServer> {
  const server: Server = createServer((request, response) => {
    answer(request, response).catch((error) => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://127.0.0.1:${address.port}/mcp`, calls, close };
}
