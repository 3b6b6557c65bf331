/** The client of an app server: requests, and threads that survive a lost socket. For browsers, Node 22 and newer, and Workers. */
import type { Frame } from "#core/frame";
import type { ConnectionNotifications } from "#protocol/connection-notifications";
import type { MethodName, ParamsInput, Result } from "#protocol/methods";

import { Connection, type ConnectionState } from "./connection.ts";
import { ClientClosed, ConnectionLost, CredentialEnded, isAccountLimit, ReplayUnsupported, RequestError, TooManyRequests } from "./failures.ts";
import { clientLimits } from "./limits.ts";
import { type Address, openSocket } from "./open-socket.ts";
import { type BeginOptions, memoryOutbox, type Outbox } from "./outbox.ts";
import { isRepeatable } from "./repeatable.ts";
import { CacheWriter, type ThreadCache } from "./thread-cache.ts";
import { ThreadHandle } from "./thread-handle.ts";
import { Unsent } from "./unsent.ts";

export interface ClientOptions extends Address {
  /** `name` has to be a legal HTTP header value. */
  clientInfo: { name: string; title?: string; version: string };
  /** Unix milliseconds. */
  now?: () => number;
  /** In [0, 1). */
  random?: () => number;
  onStateChange?: (state: ConnectionState) => void;
  /** Threads that were opened before; without it each is read from the server. */
  cache?: ThreadCache;
  /** Where what is not sent survives; without it, it lives as long as the client. */
  outbox?: Outbox;
  /** Whether what waits is this account's to send. Asked on every new socket: a browser's cookie may be somebody else's by now. */
  maySend?: () => Promise<boolean>;
}

export interface RequestOptions {
  /** Whether it may be sent again when the socket dropped before the answer. By default true for what changes nothing twice. */
  isIdempotent?: boolean;
}

/** What the server answered, and the last frame of the thread that the answer takes into account. */
export interface Reply<Value> {
  result: Value;
  seq: number | null;
}

/** Connects at once, and again whenever the socket drops, until it is closed. */
export function createClient(options: ClientOptions): Client {
  return new Client(options);
}

interface Pending {
  method: string;
  text: string;
  isIdempotent: boolean;
  isSent: boolean;
  attempts: number;
  reply: Promise<Reply<unknown>>;
  resolve(reply: Reply<unknown>): void;
  reject(failure: Error): void;
  /** Called before anything that came behind the answer in the same packet is read; a promise would be too late. */
  answered?: (reply: Reply<unknown>) => void;
}

/** Everything that comes over the socket. */
interface Message {
  id?: string | number;
  method?: string;
  params?: { threadId?: string | null; thread?: { id: string } };
  result?: unknown;
  error?: { code: number; message: string; data?: unknown };
  seq?: number;
}

export class Client {
  /** The first handshake's answer. Rejects when the client is closed before it. */
  readonly ready: Promise<Result<"initialize">>;
  /** Messages and answers on their way, also those that an earlier page left. */
  readonly unsent: Unsent;
  private readonly cache: CacheWriter | null;
  private readonly options: ClientOptions;
  private readonly connection: Connection;
  private readonly random: () => number;
  private readonly pending = new Map<string, Pending>();
  private readonly threads = new Map<string, ThreadHandle>();
  /** Followed only until their answers are delivered: nobody has opened them. */
  private readonly carried = new Set<ThreadHandle>();
  private readonly listeners = new Set<(message: Frame) => void>();
  private readonly stateListeners = new Set<(state: ConnectionState) => void>();
  private readonly firstHandshake = Promise.withResolvers<Result<"initialize">>();
  /** Ids must not repeat, also when the answer to an earlier socket's request comes late. */
  private readonly idPrefix = crypto.randomUUID();
  private idsGiven = 0;
  /** Sockets that were lost. */
  private drops = 0;

  constructor(options: ClientOptions) {
    this.options = options;
    this.random = options.random ?? Math.random;
    if (options.onStateChange) this.stateListeners.add(options.onStateChange);
    this.cache = options.cache ? new CacheWriter(options.cache) : null;
    this.unsent = new Unsent(
      options.outbox ?? memoryOutbox(),
      {
        request: (method, params, more) => this.request(method, params, more),
        begin: (threadId, params) => this.begin(threadId, params),
        isFollowing: (threadId) => this.threads.has(threadId),
        answered: (threadId) => void this.deliverAnswers(threadId),
      },
      { now: options.now ?? Date.now, random: this.random },
    );
    this.ready = this.firstHandshake.promise;
    // Nobody has to wait for it.
    this.ready.catch(() => {});
    this.connection = new Connection(
      () => openSocket(options),
      {
        opened: () => void this.shakeHands(),
        received: (text) => this.receive(text),
        lost: () => this.settleUnanswered(),
        credentialEnded: () => this.end(new CredentialEnded()),
        changed: (state) => {
          if (state.type === "online") void this.askToSend();
          else this.unsent.suspend();
          for (const listener of this.stateListeners) listener(state);
        },
      },
      { now: options.now ?? Date.now, random: this.random },
    );
  }

  get state(): ConnectionState {
    return this.connection.state;
  }

  /**
   * Asks the server. Without a connection it waits for one. Rejects with `RequestError` when the server refuses, `ConnectionLost` when
   * the socket dropped meanwhile and asking again could do it twice, `ClientClosed` when the client is closed.
   */
  async request<Name extends MethodName>(
    method: Name,
    params: ParamsInput<Name>,
    options?: RequestOptions,
  ): Promise<Result<Name>> {
    return (await this.ask(method, params, options)).result;
  }

  /** Like `request`, with the number of the frame that the answer stands at. */
  ask<Name extends MethodName>(
    method: Name,
    params: ParamsInput<Name>,
    { isIdempotent = isRepeatable(method, params), answered }: RequestOptions & Pick<Pending, "answered"> = {},
  ): Promise<Reply<Result<Name>>> {
    if (this.state.type === "closed") return Promise.reject(this.state.failure ?? new ClientClosed());
    if (this.pending.size >= clientLimits.pendingRequestsMax) {
      return Promise.reject(new TooManyRequests(clientLimits.pendingRequestsMax));
    }
    const pending = this.enqueue(method, params, isIdempotent);
    if (answered) pending.answered = answered;
    if (this.state.type === "online") this.send(pending);
    // The border of the wire: the server answers what its table says.
    return pending.reply as Promise<Reply<Result<Name>>>;
  }

  /** Begins a thread and follows it. Resolves when its first frame is folded. */
  async startThread(params: ParamsInput<"thread/start"> = {}): Promise<ThreadHandle> {
    let thread: ThreadHandle | undefined;
    await this.ask("thread/start", params, {
      // Its first frames may stand in the same packet as the answer.
      answered: ({ result, seq }) => {
        if (seq === null) return;
        const started = result as Result<"thread/start">;
        thread = new ThreadHandle(started.thread.id, this, seq);
        thread.opensWith(started, seq);
        this.threads.set(thread.id, thread);
      },
    });
    if (!thread) throw new ReplayUnsupported();
    return thread.opened();
  }

  /**
   * Follows a thread from its first frame. Resolves when everything that is in its log now is folded, or at once with what this device
   * had last: `isCaughtUp` tells which. One handle per thread.
   */
  openThread(id: string): Promise<ThreadHandle> {
    if (this.state.type === "closed") return Promise.reject(this.state.failure ?? new ClientClosed());
    return this.followThread(id).opened();
  }

  /** The same at once, before anything of the thread is known: for whoever listens from its first frame on. */
  followThread(id: string): ThreadHandle {
    const thread = this.follow(id);
    this.carried.delete(thread);
    return thread;
  }

  /** The page may be frozen or closed: writes what is not written yet. */
  async rest(): Promise<void> {
    await this.cache?.flush();
  }

  /** Hears every notification and server request, also of threads nobody has opened. Returns how to stop. */
  onMessage(listener: (message: Frame) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Returns how to stop. */
  onStateChange(listener: (state: ConnectionState) => void): () => void {
    this.stateListeners.add(listener);
    return () => this.stateListeners.delete(listener);
  }

  /** Somebody is back, or the network: does not wait for the pause to end, and does not trust a socket that may be dead. */
  wake(): void {
    this.connection.wake();
  }

  /** Ends everything; whatever waits is rejected with `ClientClosed`. */
  close(): void {
    this.end(null);
  }

  /** For `ThreadHandle`: an answer to a server request. */
  respond(requestId: string, result: object): void {
    if (this.state.type === "online") this.connection.send(JSON.stringify({ id: requestId, result }));
  }

  /** For `ThreadHandle`: nobody follows it any more. Without a socket there is nothing to unsubscribe from. */
  forget(thread: ThreadHandle): void {
    const { id: threadId } = thread;
    this.threads.delete(threadId);
    this.carried.delete(thread);
    this.unsent.left(threadId);
    if (this.state.type === "online") this.request("thread/unsubscribe", { threadId }).catch(() => {});
  }

  /** For `ThreadHandle`. */
  folded(thread: ThreadHandle, frame: Frame): void {
    this.cache?.folded(thread, frame);
  }

  /** For `ThreadHandle`. */
  uncache({ id }: ThreadHandle): void {
    this.cache?.remove(id);
  }

  private follow(id: string): ThreadHandle {
    const known = this.threads.get(id);
    if (known) return known;
    const thread = new ThreadHandle(id, this, null);
    this.threads.set(id, thread);
    void this.prepare(thread);
    return thread;
  }

  private async prepare(thread: ThreadHandle): Promise<void> {
    const [cached] = await Promise.all([this.cache?.read(thread.id) ?? null, this.unsent.loaded]);
    thread.prepared(cached, this.unsent.beginningOf(thread.id) !== null);
    if (this.state.type === "online") thread.attach();
  }

  /** The first message of a thread goes out. Whoever shows the thread already hears it from its first frame on. */
  private async begin(threadId: string, params: BeginOptions): Promise<void> {
    const begun = { ...params, threadId };
    const { seq } = await this.ask("thread/start", begun, {
      isIdempotent: false,
      answered: ({ result, seq }) => {
        const thread = this.threads.get(threadId);
        if (seq === null || !thread) return;
        thread.opensWith(result as Result<"thread/start">, seq);
        thread.begun(seq);
      },
    });
    if (seq === null) throw new ReplayUnsupported();
    if (!this.threads.has(threadId)) this.request("thread/unsubscribe", { threadId }).catch(() => {});
  }

  private async askToSend(): Promise<void> {
    const { drops } = this;
    const maySend = await (this.options.maySend?.() ?? true);
    if (maySend && this.state.type === "online" && this.drops === drops) this.unsent.resume();
  }

  /** Answers may wait for a thread that nobody has open: it is followed until it is known what became of them. */
  private async deliverAnswers(threadId: string): Promise<void> {
    const isOpen = this.threads.has(threadId);
    const thread = this.follow(threadId);
    if (isOpen) return thread.deliver();
    this.carried.add(thread);
    try {
      await thread.until(() => thread.isCaughtUp && this.unsent.answersOf(threadId).length === 0);
      if (this.carried.has(thread)) thread.close();
    } catch (error) {
      // The server says that there is no such thread to answer; anything else is tried again with the next connection.
      if (error instanceof RequestError) for (const { key } of this.unsent.answersOf(threadId)) this.unsent.resolved(key);
    }
  }

  private async shakeHands(): Promise<void> {
    const { clientInfo } = this.options;
    const capabilities = { experimentalApi: true, extensions: { "spindle/replay": {}, "spindle/acknowledge": {} } };
    try {
      const pending = this.enqueue("initialize", { clientInfo, capabilities }, false);
      this.send(pending);
      const { result } = await pending.reply;
      this.connection.send(JSON.stringify({ method: "initialized" }));
      this.connection.established();
      this.firstHandshake.resolve(result as Result<"initialize">);
      for (const thread of this.threads.values()) thread.attach();
      this.sendUnsent();
    } catch (error) {
      // Lost on the way: the next socket tries again. Refused: it would be refused again.
      if (error instanceof RequestError) this.end(error);
    }
  }

  private enqueue(method: string, params: unknown, isIdempotent: boolean): Pending {
    const { promise: reply, resolve, reject } = Promise.withResolvers<Reply<unknown>>();
    this.idsGiven += 1;
    const id = `${this.idPrefix}-${this.idsGiven}`;
    const text = JSON.stringify({ id, method, params });
    const pending: Pending = { method, text, isIdempotent, isSent: false, attempts: 0, reply, resolve, reject };
    this.pending.set(id, pending);
    return pending;
  }

  private send(pending: Pending): void {
    pending.isSent = true;
    pending.attempts += 1;
    this.connection.send(pending.text);
  }

  private sendUnsent(): void {
    for (const pending of this.pending.values()) if (!pending.isSent) this.send(pending);
  }

  /** What was sent and must not be sent twice is rejected; everything else waits for the next socket. */
  private settleUnanswered(): void {
    this.drops += 1;
    for (const thread of this.threads.values()) thread.detach();
    for (const [id, pending] of this.pending) {
      if (pending.isSent && !pending.isIdempotent) {
        this.pending.delete(id);
        pending.reject(new ConnectionLost(pending.method));
      }
      pending.isSent = false;
    }
  }

  private receive(text: string): void {
    const message = parse(text);
    if (!message) return;
    if (message.method !== undefined) this.receiveFrame(message);
    else if (typeof message.id === "string") this.receiveAnswer(message.id, message);
  }

  private receiveAnswer(
    id: string,
    { result, error, seq = null }: Pick<Message, "result" | "error"> & { seq?: number | null },
  ): void {
    const pending = this.pending.get(id);
    if (!pending) return;
    if (error?.code === overloaded && !isAccountLimit(error.data) && pending.attempts < clientLimits.overloadedAttemptsMax) {
      setTimeout(() => this.repeat(id, pending), this.random() * 100 * 2 ** pending.attempts);
      return;
    }
    this.pending.delete(id);
    if (error) {
      pending.reject(new RequestError(error));
      return;
    }
    pending.answered?.({ result, seq });
    pending.resolve({ result, seq });
  }

  /** Refused as overloaded: nothing happened, so that even what must not happen twice is sent again. */
  private repeat(id: string, pending: Pending): void {
    if (this.pending.get(id) === pending && this.state.type === "online") this.send(pending);
  }

  private receiveFrame(message: Message): void {
    // The border of the wire: the server sends what its table says; `reduce` ignores what it does not know.
    const frame = message as unknown as Frame;
    const threadId = message.params?.threadId ?? message.params?.thread?.id;
    if (threadId && typeof message.seq === "number") this.threads.get(threadId)?.receive(frame);
    if (threadId && frame.method === "thread/deleted") {
      this.cache?.remove(threadId);
      this.unsent.deleted(threadId);
    }
    if (message.method === "spindle/approval/refused" && threadId) {
      const { requestId = "", error } = message.params as ConnectionNotifications["spindle/approval/refused"];
      this.threads.get(threadId)?.answerRefused(requestId, error.message);
    }
    for (const listener of this.listeners) listener(frame);
  }

  private end(failure: Error | null): void {
    if (this.state.type === "closed") return;
    this.connection.close(failure);
    void this.rest();
    const reason = failure ?? new ClientClosed();
    this.firstHandshake.reject(reason);
    const pending = [...this.pending.values()];
    const threads = [...this.threads.values()];
    this.pending.clear();
    this.threads.clear();
    for (const { reject } of pending) reject(reason);
    for (const thread of threads) thread.fail(reason);
  }
}

const overloaded = -32001;

function parse(text: string): Message | null {
  try {
    const message: unknown = JSON.parse(text);
    return typeof message === "object" && message !== null ? (message as Message) : null;
  } catch {
    // Not JSON, so not for us.
    return null;
  }
}
