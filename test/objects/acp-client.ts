/** A client of ACP as the stories need it: says, hears, waits. Every message that it hears has to fit the official schema. */

import type { Wire } from "./client.ts";
import { type Asked, ask } from "./front-door.ts";

export interface AcpMessage {
  id?: string | number | null;
  method?: string;
  params?: Wire;
  result?: Wire;
  error?: { code: number; message: string; data?: unknown };
}

const patienceMs = 12_000;

export class AcpClient {
  readonly heard: AcpMessage[] = [];
  closed: { code: number; reason: string } | null = null;
  private readonly socket: WebSocket;
  private serial = 0;
  private looked = 0;
  private readonly waiting = new Set<() => void>();

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.addEventListener("message", ({ data }) => {
      this.heard.push(JSON.parse(String(data)));
      for (const look of this.waiting) look();
    });
    socket.addEventListener("close", ({ code, reason }) => {
      this.closed = { code, reason };
      for (const look of this.waiting) look();
    });
    socket.accept();
  }

  static async open(asked: Asked = {}): Promise<AcpClient> {
    const response = await ask("/acp", { ...asked, headers: { Upgrade: "websocket", ...asked.headers } });
    if (!response.webSocket) throw new Error(`no upgrade: ${response.status} ${await response.text()}`);
    return new AcpClient(response.webSocket);
  }

  static async connect(asked: Asked = {}, clientCapabilities: object = {}): Promise<AcpClient> {
    const client = await AcpClient.open(asked);
    await client.request("initialize", { protocolVersion: 1, clientCapabilities });
    return client;
  }

  say(text: string): void {
    this.socket.send(text);
  }

  notify(method: string, params: object): void {
    this.say(JSON.stringify({ jsonrpc: "2.0", method, params }));
  }

  /** The whole answer, whatever it is. */
  async ask(method: string, params: object): Promise<AcpMessage> {
    this.serial += 1;
    const id = this.serial;
    this.say(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    return await this.find((message) => message.method === undefined && message.id === id, 0);
  }

  async request(method: string, params: object): Promise<Wire> {
    const { result, error } = await this.ask(method, params);
    if (error) throw Object.assign(new Error(error.message), error);
    return result;
  }

  reply(request: AcpMessage, result: object): void {
    this.say(JSON.stringify({ jsonrpc: "2.0", id: request.id, result }));
  }

  async start(): Promise<string> {
    return (await this.request("session/new", { cwd: "/workspace", mcpServers: [] })).sessionId;
  }

  prompt(sessionId: string, text: string, spindle?: object): Promise<Wire> {
    const meta = spindle ? { _meta: { spindle } } : {};
    return this.request("session/prompt", { sessionId, prompt: [{ type: "text", text }], ...meta });
  }

  /** The next message that fits and was not looked at. */
  async until(fits: (message: AcpMessage) => boolean): Promise<AcpMessage> {
    const found = await this.find(fits, this.looked);
    this.looked = this.heard.indexOf(found) + 1;
    return found;
  }

  permission(): Promise<AcpMessage> {
    return this.until(({ method }) => method === "session/request_permission");
  }

  /** All updates of one kind. */
  updates(kind?: string): Wire[] {
    return this.heard
      .filter(({ method }) => method === "session/update")
      .map(({ params }) => params)
      .filter(({ update }) => kind === undefined || update.sessionUpdate === kind);
  }

  /** What was said in chunks of this kind. */
  text(kind = "agent_message_chunk"): string {
    return this.updates(kind)
      .map(({ update }) => update.content.text)
      .join("");
  }

  close(): void {
    this.socket.close();
  }

  private find(fits: (message: AcpMessage) => boolean, from: number): Promise<AcpMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<AcpMessage>();
    const timer = setTimeout(
      () => reject(new Error(`it did not come; heard ${JSON.stringify(this.heard.slice(-5))}`)),
      patienceMs,
    );
    const look = () => {
      const found = this.heard.slice(from).find(fits);
      if (found) resolve(found);
      else if (this.closed) reject(new Error(`closed: ${this.closed.code} ${this.closed.reason}`));
    };
    this.waiting.add(look);
    look();
    return promise.finally(() => {
      clearTimeout(timer);
      this.waiting.delete(look);
    });
  }
}
