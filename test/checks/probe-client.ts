/** The smallest client a check can do with: one WebSocket, requests and their answers, and every frame as the text that came. */

export interface ProbeOptions {
  /** Switches the `spindle/replay` extension on: frames of threads carry `seq`. */
  replay?: boolean;
  name?: string;
  token?: string;
  /** Every message that is no answer to a request of ours, in order, with its very text. */
  onMessage?: (message: ProbeMessage, text: string) => void;
}

/** A notification, or with `id` a request of the server. */
export interface ProbeMessage {
  method: string;
  id?: string | number;
  seq?: number;
  emittedAtMs?: number;
  // The border is the check's own to judge: it compares texts, and looks into what it knows.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  params: any;
}

/** The server answered with an error. */
export class ProbeRefusal extends Error {
  readonly code: number;
  constructor(method: string, error: { code: number; message: string }) {
    super(`${method}: ${error.message} (${error.code})`);
    this.code = error.code;
  }
}

/** The socket ended before the answer came: what was asked may or may not have been done. */
export class ProbeDisconnected extends Error {}

export class ProbeClient {
  /** Settles when the socket is closed, by whomever. */
  readonly closed: Promise<void>;
  isOpen = true;
  private readonly socket: WebSocket;
  private readonly onMessage: NonNullable<ProbeOptions["onMessage"]>;
  private readonly waiting = new Map<number, Waiting>();
  private lastId = 0;

  /** Connects and shakes hands. Throws `ProbeDisconnected` where nobody listens. */
  static async open(url: string, options: ProbeOptions = {}): Promise<ProbeClient> {
    const headers = options.token === undefined ? {} : { authorization: `Bearer ${options.token}` };
    // Node's own takes headers in its second argument.
    const socket = new WebSocket(url, { headers } as never);
    await new Promise<void>((resolve, reject) => {
      socket.onopen = () => resolve();
      socket.onerror = () => reject(new ProbeDisconnected(`nobody listens at ${url}`));
      socket.onclose = () => reject(new ProbeDisconnected(`nobody listens at ${url}`));
    });
    const client = new ProbeClient(socket, options);
    await client.request("initialize", {
      clientInfo: { name: options.name ?? "probe", title: null, version: "1" },
      capabilities: { experimentalApi: true, ...(options.replay ? { extensions: { "spindle/replay": {} } } : {}) },
    });
    client.send({ method: "initialized" });
    return client;
  }

  private constructor(socket: WebSocket, { onMessage }: ProbeOptions) {
    this.socket = socket;
    this.onMessage = onMessage ?? (() => {});
    socket.onmessage = ({ data }) => this.receive(String(data));
    socket.onerror = () => {};
    this.closed = new Promise((resolve) => {
      socket.onclose = () => {
        this.isOpen = false;
        for (const { method, reject } of this.waiting.values()) reject(new ProbeDisconnected(`${method} was not answered`));
        this.waiting.clear();
        resolve();
      };
    });
  }

  /** The answer's result. Throws `ProbeRefusal` or `ProbeDisconnected`. */
  // biome-ignore lint/suspicious/noExplicitAny: a check knows what it asked for
  async request(method: string, params: object = {}): Promise<any> {
    return (await this.ask(method, params)).result;
  }

  /** The same with the answer's own `seq`, which answers about a thread carry when `replay` is on. */
  ask(method: string, params: object = {}): Promise<Answer> {
    if (!this.isOpen) return Promise.reject(new ProbeDisconnected(`${method} was not sent`));
    this.lastId += 1;
    const id = this.lastId;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, { method, resolve, reject });
      this.send({ id, method, params });
    });
  }

  /** Answers a request of the server. */
  answer(id: string | number, result: unknown): void {
    if (this.isOpen) this.send({ id, result });
  }

  close(): Promise<void> {
    this.socket.close();
    return this.closed;
  }

  private send(message: object): void {
    this.socket.send(JSON.stringify(message));
  }

  private receive(text: string): void {
    const message = JSON.parse(text);
    if (typeof message.method === "string") {
      this.onMessage(message, text);
      return;
    }
    const asked = this.waiting.get(message.id);
    if (!asked) return;
    this.waiting.delete(message.id);
    if (message.error) asked.reject(new ProbeRefusal(asked.method, message.error));
    else asked.resolve(message);
  }
}

export interface Answer {
  // biome-ignore lint/suspicious/noExplicitAny: a check knows what it asked for
  result: any;
  seq?: number;
}

interface Waiting {
  method: string;
  resolve(answer: Answer): void;
  reject(error: Error): void;
}
