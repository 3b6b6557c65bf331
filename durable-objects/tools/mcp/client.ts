/**
 * A client of one MCP server. Which generation of the protocol the server speaks is found out by the first request, as the specification says: a modern one,
 * and `initialize` where that is not understood. What was found out, and the list of tools, is kept for a while; a session that the server has
 * forgotten is begun anew. No call of a tool is ever sent twice.
 */
import { mcpLimits } from "#core/limits";
import { type McpResult, readResult } from "#core/mcp/result";
import { type McpTool, readTool } from "#core/mcp/tool";
import type { McpServer } from "#protocol/mcp-server";
import { exchange, McpFailure } from "#tools/mcp/exchange";

const modernVersion = "2026-07-28";
const legacyVersions = ["2025-11-25", "2025-06-18", "2025-03-26"];
const clientInfo = { name: "spindle", version: "1" };

type Connected = { modern: true; about: About } | { modern: false; version: string; sessionId: string | null; about: About };

/** What the server says of itself. */
export interface About {
  serverInfo: Record<string, unknown> | null;
  capabilities: Record<string, unknown>;
}

export class McpClient {
  private readonly server: McpServer;
  private readonly send: typeof fetch;
  private readonly now: () => number;
  private connecting: Promise<Connected> | null = null;
  private listed: { tools: McpTool[]; untilMs: number } | null = null;
  private lastId = 0;

  constructor(server: McpServer, send: typeof fetch, now: () => number) {
    this.server = server;
    this.send = send;
    this.now = now;
  }

  /** Throws `McpFailure`. */
  async about(signal: AbortSignal): Promise<About> {
    return (await this.connect(signal)).about;
  }

  /** As the server listed them last, at most some minutes ago. Throws `McpFailure`. */
  async tools(signal: AbortSignal): Promise<McpTool[]> {
    if (this.listed && this.now() < this.listed.untilMs) return this.listed.tools;
    const tools: McpTool[] = [];
    let cursor: unknown;
    let ttlMs: unknown;
    for (let page = 0; page < mcpLimits.listPagesMax; page++) {
      const result = table(await this.request("tools/list", cursor === undefined ? {} : { cursor }, signal));
      if (!Array.isArray(result.tools)) throw new McpFailure("its list of tools is none", { mayHaveHappened: false });
      tools.push(...result.tools.slice(0, mcpLimits.toolsListedMax).flatMap((listed) => readTool(listed) ?? []));
      cursor = result.nextCursor;
      ttlMs ??= result.ttlMs;
      if (typeof cursor !== "string" || tools.length >= mcpLimits.toolsListedMax) break;
    }
    const heldMs = typeof ttlMs === "number" && ttlMs >= 0 ? Math.min(ttlMs, mcpLimits.listHeldMs) : mcpLimits.listHeldMs;
    this.listed = { tools: tools.slice(0, mcpLimits.toolsListedMax), untilMs: this.now() + heldMs };
    return this.listed.tools;
  }

  /** Sent once. Throws `McpFailure`. */
  async call(name: string, given: unknown, signal: AbortSignal): Promise<McpResult> {
    try {
      const result = readResult(await this.request("tools/call", { name, arguments: table(given) }, signal));
      if (!result) throw new McpFailure("its answer is no result of a tool", { mayHaveHappened: true });
      return result;
    } catch (error) {
      // A tool that is not there any more, or takes other arguments now: the next turn looks anew.
      this.listed = null;
      throw error;
    }
  }

  /** Throws `McpFailure`. */
  async readResource(uri: string, signal: AbortSignal): Promise<Record<string, unknown>[]> {
    const { contents } = table(await this.request("resources/read", { uri }, signal));
    if (!Array.isArray(contents)) throw new McpFailure("its answer is no resource", { mayHaveHappened: false });
    return contents.slice(0, mcpLimits.resultPartsMax).filter((part) => typeof table(part).uri === "string");
  }

  private async request(method: string, params: Record<string, unknown>, signal: AbortSignal): Promise<unknown> {
    const connected = await this.connect(signal);
    try {
      return await this.ask(connected, method, params, signal);
    } catch (error) {
      // The server does not know the session: whatever was asked in it was not done.
      const isForgotten =
        error instanceof McpFailure && error.status === 404 && !connected.modern && connected.sessionId !== null;
      if (!isForgotten) throw error;
      this.connecting = null;
      return await this.ask(await this.connect(signal), method, params, signal);
    }
  }

  private connect(signal: AbortSignal): Promise<Connected> {
    if (this.connecting) return this.connecting;
    const connecting = this.negotiate(signal);
    this.connecting = connecting;
    connecting.catch(() => {
      if (this.connecting === connecting) this.connecting = null;
    });
    return connecting;
  }

  private async negotiate(signal: AbortSignal): Promise<Connected> {
    try {
      const result = table(await this.sendModern("server/discover", {}, signal));
      const versions = Array.isArray(result.supportedVersions) ? result.supportedVersions : [];
      if (versions.includes(modernVersion)) {
        const serverInfo = table(result._meta)["io.modelcontextprotocol/serverInfo"];
        return {
          modern: true,
          about: { serverInfo: isTable(serverInfo) ? serverInfo : null, capabilities: table(result.capabilities) },
        };
      }
    } catch (error) {
      // Only what a server of before would say: it knows no such method, header or version, or wants a session first.
      const isOlder =
        error instanceof McpFailure && (error.code !== null || [400, 404, 405, 406, 415, 422].includes(error.status ?? 0));
      if (!isOlder) throw error;
    }
    return await this.initialize(signal);
  }

  private async initialize(signal: AbortSignal): Promise<Connected> {
    const params = { protocolVersion: legacyVersions[0], capabilities: {}, clientInfo };
    const answered = await this.exchange({ id: this.newId(), method: "initialize", params }, {}, signal);
    const result = table(answered?.result);
    const version = legacyVersions.find((known) => known === result.protocolVersion);
    if (version === undefined)
      throw new McpFailure("it speaks no version of the protocol that is spoken here", { mayHaveHappened: false });
    const sessionId = answered?.headers.get("mcp-session-id") ?? null;
    if (sessionId !== null && !/^[\x21-\x7e]{1,512}$/.test(sessionId))
      throw new McpFailure("its session has no usable name", { mayHaveHappened: false });
    const { serverInfo, capabilities } = result;
    const about = { serverInfo: isTable(serverInfo) ? serverInfo : null, capabilities: table(capabilities) };
    const connected = { modern: false, version, sessionId, about } as const;
    await this.exchange({ method: "notifications/initialized" }, legacyHeaders(connected), signal);
    return connected;
  }

  private async ask(
    connected: Connected,
    method: string,
    params: Record<string, unknown>,
    signal: AbortSignal,
  ): Promise<unknown> {
    if (connected.modern) {
      const result = await this.sendModern(method, params, signal);
      if (table(result).resultType === "input_required")
        throw new McpFailure("it asks for input, which nobody gives it", { mayHaveHappened: false });
      return result;
    }
    return (await this.exchange({ id: this.newId(), method, params }, legacyHeaders(connected), signal))?.result;
  }

  private async sendModern(method: string, params: Record<string, unknown>, signal: AbortSignal): Promise<unknown> {
    const name = typeof params.name === "string" ? params.name : params.uri;
    const _meta = {
      "io.modelcontextprotocol/protocolVersion": modernVersion,
      "io.modelcontextprotocol/clientInfo": clientInfo,
      "io.modelcontextprotocol/clientCapabilities": {},
    };
    const headers = {
      "mcp-protocol-version": modernVersion,
      "mcp-method": method,
      ...(typeof name === "string" ? { "mcp-name": headerText(name) } : {}),
    };
    return (await this.exchange({ id: this.newId(), method, params: { ...params, _meta } }, headers, signal))?.result;
  }

  private exchange(
    message: { id?: number; method: string; params?: object },
    headers: Record<string, string>,
    signal: AbortSignal,
  ) {
    const { url, http_headers = {} } = this.server;
    return exchange({ url, headers: { ...http_headers, ...headers }, message, signal, send: this.send });
  }

  private newId(): number {
    this.lastId += 1;
    return this.lastId;
  }
}

function legacyHeaders({ version, sessionId }: { version: string; sessionId: string | null }): Record<string, string> {
  return { "mcp-protocol-version": version, ...(sessionId === null ? {} : { "mcp-session-id": sessionId }) };
}

/** What is no plain ASCII goes as base64, and so does what looks as if it were. */
function headerText(text: string): string {
  if (/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(text) && !/^=\?base64\?.*\?=$/.test(text)) return text;
  return `=?base64?${btoa(String.fromCharCode(...new TextEncoder().encode(text)))}?=`;
}

function table(value: unknown): Record<string, unknown> {
  return isTable(value) ? value : {};
}

function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
