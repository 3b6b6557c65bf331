/** An app server in memory: sockets that a test opens, cuts and starves, and threads that are nothing but their log. */
import type { Socket } from "#client/connection";
import type { Frame } from "#core/frame";

export interface Message {
  id?: string | number;
  method?: string;
  params?: Record<string, unknown>;
  result?: unknown;
  error?: { code: number; message: string };
  seq?: number;
}

/** One end of a connection, as the client sees it. */
export class FakeSocket implements Socket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event?: { code?: number }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly sent: string[] = [];
  isClosed = false;
  readonly options: unknown;
  private readonly server: FakeServer;

  constructor(server: FakeServer, options: unknown) {
    this.server = server;
    this.options = options;
    queueMicrotask(() => {
      if (this.server.refusesSockets) this.drop();
      else if (!this.isClosed && this.server.acceptsSockets) this.onopen?.();
    });
  }

  send(text: string): void {
    this.sent.push(text);
    if (!this.isClosed) this.server.receive(this, text);
  }

  close(): void {
    this.isClosed = true;
  }

  /** The network breaks: the client is told. */
  drop(): void {
    this.isClosed = true;
    this.onclose?.();
  }

  /** The server closes it, and says why. */
  end(code: number): void {
    this.isClosed = true;
    this.onclose?.({ code });
  }

  deliver(message: Message | Frame): void {
    if (!this.isClosed) this.onmessage?.({ data: JSON.stringify(message) });
  }

  /** What the client said on this socket, without pings. */
  get said(): Message[] {
    return this.sent.filter((text) => text !== "ping").map((text) => JSON.parse(text) as Message);
  }
}

type Handler = (params: Record<string, unknown>, socket: FakeSocket) => unknown;

export class FakeServer {
  readonly sockets: FakeSocket[] = [];
  readonly logs = new Map<string, Frame[]>();
  /** Answers that came for server requests, in order. */
  readonly answers: Message[] = [];
  /** Method → what it answers. `undefined` leaves the request unanswered; a thrown object becomes the error. */
  readonly handlers: Record<string, Handler> = {};
  answersPings = true;
  /** Sockets never open. */
  acceptsSockets = true;
  refusesSockets = false;

  /** For `createClient({ WebSocket })`. */
  get WebSocket(): new (
    url: string,
    options?: never,
  ) => FakeSocket {
    const server = this;
    return class extends FakeSocket {
      constructor(_url: string, options?: never) {
        super(server, options);
        server.sockets.push(this);
      }
    };
  }

  get socket(): FakeSocket {
    const socket = this.sockets.at(-1);
    if (!socket) throw new Error("nobody connected");
    return socket;
  }

  receive(socket: FakeSocket, text: string): void {
    if (text === "ping") {
      if (this.answersPings) socket.onmessage?.({ data: "pong" });
      return;
    }
    const message = JSON.parse(text) as Message;
    if (message.method === undefined) this.answers.push(message);
    else if (message.id !== undefined) this.answer(socket, message);
  }

  private answer(socket: FakeSocket, { id, method = "", params = {} }: Message): void {
    const handler = this.handlers[method] ?? this.ownHandlers[method];
    try {
      if (!handler) throw { code: -32600, message: `Invalid request: unknown variant \`${method}\`` };
      const result = handler(params, socket);
      if (result === undefined) return;
      const threadId = typeof params.threadId === "string" ? params.threadId : (result as { thread?: { id: string } }).thread?.id;
      const seq = threadId === undefined ? undefined : this.logs.get(threadId)?.at(-1)?.seq;
      socket.deliver({ id, result, ...(seq === undefined ? {} : { seq }) });
      // In the same packet as the answer: the client must be ready by then.
      if (method === "thread/start" || method === "thread/resume") {
        // Who resumes without saying what it has gets the state, and live frames from then on.
        const afterSeq = method === "thread/start" ? 0 : ((params.afterSeq as number | undefined) ?? seq ?? 0);
        for (const frame of this.logs.get(threadId ?? "") ?? []) if (frame.seq > afterSeq) socket.deliver(frame);
      }
    } catch (error) {
      if (error instanceof Error) throw error;
      socket.deliver({ id, error: error as Message["error"] });
    }
  }

  /** As much of it as the client looks at. */
  threadOf(id: string): { id: string; createdAt?: number } {
    const [first] = this.logs.get(id) ?? [];
    return { id, ...(first?.method === "thread/started" ? { createdAt: first.params.thread.createdAt } : {}) };
  }

  private readonly ownHandlers: Record<string, Handler> = {
    initialize: () => ({ userAgent: "fake", codexHome: "/", platformFamily: "unix", platformOs: "linux" }),
    "thread/start": () => ({ thread: { id: [...this.logs.keys()].at(-1) } }),
    "thread/resume": ({ threadId }) => {
      if (!this.logs.has(String(threadId))) throw { code: -32600, message: `no rollout found for thread id ${threadId}` };
      return { thread: this.threadOf(String(threadId)) };
    },
    "thread/unsubscribe": () => ({ status: "unsubscribed" }),
  };
}

/** Lets every promise that can settle do so. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
