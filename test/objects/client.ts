/** A client as the stories need it: says, hears, waits, and keeps every frame for the schema. */
import { inject } from "vitest";
import type { Frame } from "#core/frame";
import { reduce } from "#core/reduce";
import type { Thread } from "#core/thread";
import type { Environment } from "../../durable-objects/environment.ts";
import { ask } from "./front-door.ts";

/** Milliseconds after which what is waited for will not come any more. */
const patienceMs = 12_000;

// biome-ignore lint/suspicious/noExplicitAny: a story reads what came, and the schema has judged its shape.
export type Wire = any;

export interface Message {
  id?: string | number;
  seq?: number;
  emittedAtMs?: number;
  method?: string;
  params?: Wire;
  result?: Wire;
  error?: { code: number; message: string; data?: unknown };
}

export interface ClientOptions {
  /** `/` for the connection's door, `/threads/<id>` for a thread's own. */
  path?: string;
  /** With the extension `spindle/replay`. */
  replay?: boolean;
  headers?: Record<string, string>;
  /** The Worker's variables, for who comes in under other rules. */
  environment?: Partial<Environment>;
  optOut?: string[];
  experimentalApi?: boolean;
  /** As `initialize` tells it. */
  name?: string;
  /** In place of what the options above make of them. */
  capabilities?: Record<string, unknown>;
}

export class Client {
  readonly frames: Message[] = [];
  /** The same, as they came. */
  readonly texts: string[] = [];
  /** The last thread that was started or resumed. */
  threadId = "";
  closed: { code: number; reason: string } | null = null;
  private readonly socket: WebSocket;
  private readonly methods = new Map<string | number, string>();
  /** What this client sent and the server took, for the schema too: a story must not stand on messages that no Codex client sends. */
  private readonly sent = new Map<string | number, object>();
  private readonly answers: { answerTo: string; result: unknown }[] = [];
  private readonly waiting: { wanted: (message: Message) => boolean; resolve: (message: Message) => void }[] = [];
  private serial = 0;
  /** Frames before this one were looked at by `until`. */
  private looked = 0;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.addEventListener("message", ({ data }) => this.take(String(data)));
    socket.addEventListener("close", ({ code, reason }) => {
      this.closed = { code, reason };
    });
    socket.accept();
  }

  /** Upgrades without a handshake. */
  static async open({ path = "/", headers = {}, environment = {} }: ClientOptions = {}): Promise<Client> {
    const response = await ask(path, { headers: { Upgrade: "websocket", ...headers }, environment });
    if (!response.webSocket) throw new Error(`no upgrade: ${response.status} ${await response.text()}`);
    return new Client(response.webSocket);
  }

  static async connect(options: ClientOptions = {}): Promise<Client> {
    const client = await Client.open(options);
    const extensions = options.replay === false ? {} : { "spindle/replay": {} };
    const { optOut: optOutNotificationMethods = null, experimentalApi = true } = options;
    await client.request("initialize", {
      clientInfo: { name: options.name ?? "story", title: null, version: "0.0.1" },
      capabilities: { experimentalApi, extensions, optOutNotificationMethods, ...options.capabilities },
    });
    client.sendText(JSON.stringify({ method: "initialized" }));
    return client;
  }

  sendText(text: string): void {
    this.socket.send(text);
  }

  sendBytes(bytes: Uint8Array): void {
    this.socket.send(bytes);
  }

  /** The answer, or an error with the server's code and message. */
  async request(method: string, params?: unknown): Promise<Wire> {
    const answer = await this.ask(method, params);
    if (answer.error) throw Object.assign(new Error(answer.error.message), answer.error);
    return answer.result;
  }

  /** The whole answer, whatever it is. */
  async ask(method: string, params?: unknown): Promise<Message> {
    this.serial += 1;
    const id = this.serial;
    this.methods.set(id, method);
    this.sent.set(id, { id, method, params });
    this.socket.send(JSON.stringify({ id, method, params }));
    return this.find((message) => message.method === undefined && message.id === id, 0);
  }

  /** The message with which the server refuses. */
  async refusal(method: string, params?: unknown): Promise<string> {
    const { error, result } = await this.ask(method, params);
    return error ? `${error.code} ${error.message}` : `no refusal: ${JSON.stringify(result)}`;
  }

  async startThread(params: Record<string, unknown> = {}): Promise<string> {
    const { thread } = await this.request("thread/start", params);
    this.threadId = thread.id;
    return thread.id;
  }

  async resume(threadId: string, params: Record<string, unknown> = {}): Promise<Message> {
    this.threadId = threadId;
    return this.ask("thread/resume", { threadId, excludeTurns: true, ...params });
  }

  /** Starts a turn; answers its id. */
  async say(text: string, params: Record<string, unknown> = {}): Promise<string> {
    const input = [{ type: "text", text, text_elements: [] }];
    const { turn } = await this.request("turn/start", { threadId: this.threadId, input, ...params });
    return turn.id;
  }

  /** The next message of this method that was not looked at yet. */
  async until(method: string): Promise<Message> {
    const message = await this.find((candidate) => candidate.method === method, this.looked);
    this.looked = this.frames.indexOf(message) + 1;
    return message;
  }

  /** The next message that was not looked at yet and that `wanted` wants. */
  async untilThat(wanted: (message: Message) => boolean): Promise<Message> {
    const message = await this.find(wanted, this.looked);
    this.looked = this.frames.indexOf(message) + 1;
    return message;
  }

  /** The end of the turn that runs. */
  async untilTurnEnds(): Promise<Wire> {
    return (await this.until("turn/completed")).params.turn;
  }

  /** Says it and waits for the end of the turn. */
  async turn(text: string, params: Record<string, unknown> = {}): Promise<Wire> {
    const id = await this.say(text, params);
    const ended = await this.untilThat(({ method, params: told }) => method === "turn/completed" && told.turn.id === id);
    return ended.params.turn;
  }

  /** Nothing came for this long. */
  async untilQuiet(durationMs = 60): Promise<void> {
    for (let heard = -1; heard !== this.frames.length; ) {
      heard = this.frames.length;
      await new Promise((resolve) => setTimeout(resolve, durationMs));
    }
  }

  async untilClosed(): Promise<{ code: number; reason: string }> {
    const deadline = Date.now() + 5_000;
    while (!this.closed && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 10));
    if (!this.closed) throw new Error("the socket stays open");
    return this.closed;
  }

  answer(request: Message, decision: unknown): void {
    this.reply(request, { decision });
  }

  /** The same with all that the result says. */
  reply(request: Message, result: object): void {
    this.answers.push({ answerTo: request.method ?? "", result });
    this.socket.send(JSON.stringify({ id: request.id, result }));
  }

  async readFile(path: string): Promise<string> {
    const { dataBase64 } = await this.request("fs/readFile", { path: `/workspace/${path}`, threadId: this.threadId });
    return Buffer.from(dataBase64, "base64").toString();
  }

  async writeFile(path: string, text: string): Promise<void> {
    const dataBase64 = Buffer.from(text).toString("base64");
    await this.request("fs/writeFile", { path: `/workspace/${path}`, dataBase64, threadId: this.threadId });
  }

  /** Names of all files at the workspace's root. */
  async files(): Promise<string[]> {
    const { entries } = await this.request("fs/readDirectory", { path: "/workspace", threadId: this.threadId });
    return entries.map(({ fileName }: { fileName: string }) => fileName);
  }

  /** The thread as this client folds it from the frames with `seq`. */
  fold(): Thread | null {
    return this.threadFrames().reduce<Thread | null>(
      (thread, message) => reduce(thread, { emittedAtMs: 0, ...message } as unknown as Frame),
      null,
    );
  }

  threadFrames(): Message[] {
    const frames = this.frames.filter(({ seq, method }) => seq !== undefined && method !== undefined);
    return frames.toSorted((one, other) => (one.seq ?? 0) - (other.seq ?? 0));
  }

  methodsHeard(): string[] {
    return this.frames.flatMap(({ method }) => method ?? []);
  }

  close(): void {
    this.socket.close();
  }

  /** Everything that came, judged by Codex's schema. */
  async judged(): Promise<string[]> {
    const frames = this.frames.flatMap((frame): object[] => {
      if (frame.method !== undefined) return [{ message: frame }];
      const method = this.methods.get(frame.id ?? "");
      if (!method || frame.error !== undefined) return [];
      return [{ method, result: frame.result }, { request: this.sent.get(frame.id ?? "") }];
    });
    const response = await fetch(inject("schemaServer"), { method: "POST", body: JSON.stringify([...frames, ...this.answers]) });
    return response.json();
  }

  private take(text: string): void {
    const message: Message = JSON.parse(text);
    this.texts.push(text);
    this.frames.push(message);
    for (const waiter of this.waiting.splice(0)) {
      if (waiter.wanted(message)) waiter.resolve(message);
      else this.waiting.push(waiter);
    }
  }

  private find(wanted: (message: Message) => boolean, from: number): Promise<Message> {
    const known = this.frames.slice(from).find(wanted);
    if (known) return Promise.resolve(known);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(
          new Error(
            `waited in vain; heard ${this.frames
              .slice(-12)
              .map((frame) => frame.method ?? JSON.stringify(frame).slice(0, 120))
              .join(", ")}`,
          ),
        );
      }, patienceMs);
      this.waiting.push({
        wanted,
        resolve: (message) => {
          clearTimeout(timer);
          resolve(message);
        },
      });
    });
  }
}
