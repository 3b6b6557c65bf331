/** The official SDK's clients: both generations of the library, and both generations of the protocol. */
import { Client as Client2, StreamableHTTPClientTransport as Transport2 } from "@modelcontextprotocol/client";
import { Client as Client1 } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as Transport1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

export interface Called {
  isError?: boolean | undefined;
  content: { type: string; text?: string }[];
  // A check compares what came.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  structuredContent?: any;
}

export interface McpClient {
  title: string;
  /** As negotiated. */
  version: string | undefined;
  tools(): Promise<string[]>;
  /** The library holds `structuredContent` against the tool's `outputSchema`, and throws where it does not fit. */
  call(name: string, input: Record<string, unknown>): Promise<Called>;
  close(): Promise<void>;
}

const clientInfo = { name: "spindle-check", version: "1" };

export async function connectAll(url: string, token: string): Promise<McpClient[]> {
  const headers = { authorization: `Bearer ${token}` };
  return [await connect1(url, headers), await connect2(url, headers, "legacy"), await connect2(url, headers, "auto")];
}

async function connect1(url: string, headers: Record<string, string>): Promise<McpClient> {
  const client = new Client1(clientInfo);
  const transport = new Transport1(new URL(url), { requestInit: { headers } });
  await client.connect(transport as never);
  return {
    title: "sdk 1.x",
    version: transport.protocolVersion,
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, input) => (await client.callTool({ name, arguments: input })) as Called,
    close: () => client.close(),
  };
}

async function connect2(url: string, headers: Record<string, string>, mode: "legacy" | "auto"): Promise<McpClient> {
  const client = new Client2(clientInfo, { versionNegotiation: { mode } });
  await client.connect(new Transport2(new URL(url), { requestInit: { headers } }));
  return {
    title: `client 2.x, ${mode}`,
    version: client.getNegotiatedProtocolVersion(),
    tools: async () => (await client.listTools()).tools.map(({ name }) => name),
    call: async (name, input) => (await client.callTool({ name, arguments: input })) as Called,
    close: () => client.close(),
  };
}

/** The HTTP status that the library was refused with; null where it was let in. */
export async function connectWithout(url: string): Promise<unknown> {
  const client = new Client2(clientInfo);
  try {
    await client.connect(new Transport2(new URL(url)));
    await client.close();
    return null;
  } catch (error) {
    return (error as { status?: unknown }).status;
  }
}
