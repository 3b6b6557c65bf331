/** An editor as the official SDK makes one: over a WebSocket, or with an agent that it spawns. Every message it hears has to fit ACP's schema. */
import { type ChildProcess, spawn } from "node:child_process";
import { Readable, Writable } from "node:stream";
import {
  type AnyMessage,
  type ClientContext,
  client,
  ndJsonStream,
  type RequestPermissionRequest,
  type RequestPermissionResponse,
  type SessionNotification,
  type Stream,
} from "@agentclientprotocol/sdk";
import { createWebSocketStream } from "@agentclientprotocol/sdk/experimental/ws-client";
import { checkAgentMessage } from "#test/support/acp-schema";
import { AcpBridge } from "../../../web/stdio/acp/bridge.ts";
import { projectRoot } from "../server.ts";

/** `bridge` is what `spindle-acp` runs, in this process and without pauses between sockets: for more cuts than a person would wait for. */
export type Way = "WebSocket" | "stdio" | "bridge";

export interface Permission {
  request: RequestPermissionRequest;
  /** Aborted when the question is taken back. */
  signal: AbortSignal;
  /** By the kind of an option, or null for dismissed. */
  choose(kind: string | null): void;
}

export interface EditorOptions {
  way: Way;
  /** `ws://…`, without a path. */
  url: string;
  token: string;
  onUpdate?: (notification: SessionNotification) => void;
}

const patienceMs = 60_000;

export class Editor {
  readonly agent: ClientContext;
  readonly updates: SessionNotification[] = [];
  readonly permissions: Permission[] = [];
  /** What did not fit the schema. */
  readonly misfits: string[] = [];
  messages = 0;
  /** What the agent's process told a person. */
  notes = "";
  private looked = 0;
  private readonly looks = new Set<() => void>();
  private readonly stop: () => void;

  constructor({ way, url, token, onUpdate }: EditorOptions) {
    const methods = new Map<unknown, string>();
    const { stream, end } = this.reach(way, url, token);
    const tapped = tap(
      stream,
      (message) => "method" in message && "id" in message && methods.set(message.id, message.method),
      (message) => this.judge(message, methods),
    );
    const app = client({ name: "check" })
      .onNotification("session/update", ({ params }) => {
        this.updates.push(params);
        onUpdate?.(params);
        this.look();
      })
      .onRequest("session/request_permission", ({ params, signal }) => this.asked(params, signal));
    const connection = app.connect(tapped);
    this.agent = connection.agent;
    this.stop = () => {
      connection.close();
      end();
    };
  }

  async initialize() {
    return await this.agent.request("initialize", {
      protocolVersion: 1,
      clientCapabilities: { fs: { readTextFile: true, writeTextFile: true }, terminal: true },
      clientInfo: { name: "check", version: "1" },
    });
  }

  async start(): Promise<string> {
    return (await this.agent.request("session/new", { cwd: "/workspace", mcpServers: [] })).sessionId;
  }

  prompt(sessionId: string, text: string): Promise<string> {
    const asked = this.agent.request("session/prompt", { sessionId, prompt: [{ type: "text", text }] });
    const ended = asked.then(({ stopReason }) => stopReason);
    // Whoever waits for it hears it; a step that failed before waits for nothing.
    ended.catch(() => {});
    return ended;
  }

  /** The next one that was not looked at. */
  async permission(): Promise<Permission> {
    this.looked += 1;
    return await this.until("a permission", () => this.permissions[this.looked - 1]);
  }

  async until<Found>(what: string, find: () => Found | undefined): Promise<Found> {
    const { promise, resolve, reject } = Promise.withResolvers<Found>();
    const timer = setTimeout(() => reject(new Error(`${what} did not come\n${this.notes.slice(-2_000)}`)), patienceMs);
    const look = () => {
      const found = find();
      if (found !== undefined) resolve(found);
    };
    this.looks.add(look);
    look();
    return await promise.finally(() => {
      clearTimeout(timer);
      this.looks.delete(look);
    });
  }

  /** What was said in a session, from an update on. */
  text(sessionId: string, kind = "agent_message_chunk", from = 0): string {
    return this.updates
      .slice(from)
      .flatMap(({ sessionId: id, update }) =>
        id === sessionId && update.sessionUpdate === kind && "content" in update && update.content && "text" in update.content
          ? [update.content.text]
          : [],
      )
      .join("");
  }

  close(): void {
    this.stop();
  }

  private asked(request: RequestPermissionRequest, signal: AbortSignal): Promise<RequestPermissionResponse> {
    const { promise, resolve } = Promise.withResolvers<RequestPermissionResponse>();
    const cancelled = { outcome: { outcome: "cancelled" as const } };
    signal.addEventListener("abort", () => {
      resolve(cancelled);
      this.look();
    });
    const choose = (kind: string | null) => {
      const option = request.options.find((one) => one.kind === kind);
      resolve(option ? { outcome: { outcome: "selected", optionId: option.optionId } } : cancelled);
    };
    this.permissions.push({ request, signal, choose });
    this.look();
    return promise;
  }

  private judge(message: AnyMessage, methods: ReadonlyMap<unknown, string>): void {
    this.messages += 1;
    try {
      checkAgentMessage(message, (id) => methods.get(id));
    } catch (error) {
      this.misfits.push(String(error));
    }
  }

  private look(): void {
    for (const look of this.looks) look();
  }

  private reach(way: Way, url: string, token: string): { stream: Stream; end: () => void } {
    if (way === "WebSocket") return { stream: overSocket(url, token), end: () => {} };
    return way === "stdio" ? this.spawned(url, token) : this.bridged(url, token);
  }

  private bridged(url: string, token: string): { stream: Stream; end: () => void } {
    const { readable, writable } = new TransformStream<AnyMessage, AnyMessage>();
    const lines = writable.getWriter();
    const bridge = new AcpBridge({
      url: `${url}/acp`,
      token,
      write: (line) => void lines.write(JSON.parse(line)),
      note: (sentence) => {
        this.notes += `${sentence}\n`;
      },
      refused: (reason) => {
        this.notes += reason;
      },
      refusal: async () => null,
      random: () => 0,
    });
    const said = new WritableStream<AnyMessage>({ write: (message) => bridge.receive(JSON.stringify(message)) });
    return { stream: { readable, writable: said }, end: () => bridge.close() };
  }

  private spawned(url: string, token: string): { stream: Stream; end: () => void } {
    // The Node that an editor finds: not the one that npm puts first for its scripts.
    const path = (process.env.PATH ?? "").split(":").filter((folder) => !folder.includes("node_modules"));
    const child: ChildProcess = spawn(`${projectRoot}web/stdio/acp/spindle-acp.js`, ["--url", url], {
      cwd: "/",
      env: { ...process.env, SPINDLE_TOKEN: token, PATH: path.join(":") },
    });
    child.stderr?.on("data", (chunk: Buffer) => {
      this.notes += chunk.toString();
    });
    const { stdin, stdout } = child;
    if (!stdin || !stdout) throw new Error("a child without streams");
    // What is written to a child that has ended is nobody's concern: its notes say why.
    stdin.on("error", () => {});
    const stream = ndJsonStream(
      Writable.toWeb(stdin) as WritableStream<Uint8Array>,
      Readable.toWeb(stdout) as ReadableStream<Uint8Array>,
    );
    return { stream, end: () => child.kill("SIGKILL") };
  }
}

/** Node's own WebSocket takes headers in its second argument, where the SDK gives protocols. */
function overSocket(url: string, token: string): Stream {
  const NodeWebSocket = WebSocket as unknown as new (url: string, options: object) => WebSocket;
  class WithHeaders extends NodeWebSocket {
    constructor(address: string, _protocols: unknown, options: { headers?: Record<string, string> }) {
      super(address, { headers: options.headers ?? {} });
    }
  }
  const headers = { authorization: `Bearer ${token}` };
  return createWebSocketStream(`${url}/acp`, { headers, WebSocket: WithHeaders as never });
}

function tap(stream: Stream, said: (message: AnyMessage) => void, heard: (message: AnyMessage) => void): Stream {
  const through = (look: (message: AnyMessage) => void) =>
    new TransformStream<AnyMessage, AnyMessage>({
      transform(message, controller) {
        look(message);
        controller.enqueue(message);
      },
    });
  const outgoing = through(said);
  void outgoing.readable.pipeTo(stream.writable).catch(() => {
    // The other side is gone.
  });
  return { readable: stream.readable.pipeThrough(through(heard)), writable: outgoing.writable };
}
