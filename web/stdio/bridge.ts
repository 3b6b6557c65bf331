/**
 * Between a parent that speaks JSON lines and a server behind a socket that may drop: the parent sees one connection that never breaks.
 * What it knows dies with its process, as the connection does that the parent believes in; what is to be kept is in the threads' logs.
 */
import { Connection, type ConnectionState, reconnectPauseMs } from "#client/connection";
import { openSocket } from "#client/open-socket";
import { isRepeatable } from "#client/repeatable";
import { errorMessage, type Incoming, parseMessage, type RequestId, requestMessage } from "#protocol/json-rpc";
import { FollowedThread } from "./followed-thread.ts";
import { bridgeLimits } from "./limits.ts";
import type { BridgeOptions, LineBridge } from "./process.ts";
import { withoutSeq } from "./wire-text.ts";

type ParentRequest = Extract<Incoming, { kind: "request" }>;

interface Pending {
  id: RequestId;
  method: string;
  threadId: string | null;
  afterSeq: number | null;
  text: string;
  isRepeatable: boolean;
  isSent: boolean;
}

/** The answer to a resume, with what follows it, until all of it is here. */
interface Held {
  pending: Pending;
  thread: FollowedThread;
  texts: string[];
}

/** A message of the server, as far as the bridge reads it. */
interface ServerMessage {
  id?: RequestId;
  method?: string;
  params?: { threadId?: string; thread?: { id?: string }; requestId?: RequestId };
  result?: { thread?: { id?: string } };
  error?: { code: number; message: string };
  seq?: number;
}

/** What the server tells every client of an account of its threads, without a number where the client does not follow them. */
const isAccountNews = /^thread\/(status\/changed|name\/updated|archived|unarchived|deleted)$/;

export class Bridge implements LineBridge {
  private readonly options: BridgeOptions;
  private readonly random: () => number;
  private connection: Connection | null = null;
  /** The parent's own, with what the bridge adds. Null until the parent has said it. */
  private initialize: {
    params: Record<string, unknown>;
    isAnswered: boolean;
    wantsSeq: boolean;
    optsOutOfResolved: boolean;
  } | null = null;
  private isInitialized = false;
  private isOpen = false;
  private isBlocked = false;
  private readonly pending = new Map<RequestId, Pending>();
  private pendingCharacters = 0;
  /** Notifications of the parent for which there was no connection. */
  private unsent: string[] = [];
  private readonly threads = new Map<string, FollowedThread>();
  private readonly held = new Map<string, Held>();
  /** Answers to server requests that no `serverRequest/resolved` has confirmed: request → the message. */
  private readonly answers = new Map<RequestId, string>();
  /** Our own requests: what to do with the answer. */
  private readonly own = new Map<string, (message: ServerMessage) => void>();
  private readonly ownPrefix = `spindle-stdio/${crypto.randomUUID()}`;
  private ownGiven = 0;
  private idle: (() => void) | null = null;

  constructor(options: BridgeOptions) {
    this.options = options;
    this.random = options.random ?? Math.random;
  }

  /** One line of the parent. The first one opens the connection: until then nobody is in a hurry. */
  receive(line: string): void {
    const message = parseMessage(line);
    this.connection ??= this.connect();
    switch (message.kind) {
      case "request":
        this.receiveRequest(message, line);
        break;
      case "notification":
        this.receiveNotification(message.method, line);
        break;
      case "response":
      case "errorResponse":
        this.receiveAnswer(message.id, line);
        break;
      case "dropped":
        this.options.note(`not a message, ignored: ${line.slice(0, 200)}`);
        break;
      default:
        message satisfies never;
    }
  }

  /** The parent reads no more, or reads again. While it does not, the threads' logs keep what it misses. */
  block(isBlocked: boolean): void {
    if (isBlocked === this.isBlocked) return;
    this.isBlocked = isBlocked;
    if (isBlocked) this.connection?.lose();
    else this.connection?.wake();
  }

  /** The parent has said everything: resolves when everything is answered, or nothing can be expected any more. */
  async end(): Promise<void> {
    if (this.isIdle) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.idle = resolve;
    const timer = setTimeout(resolve, bridgeLimits.endMsMax);
    await promise;
    clearTimeout(timer);
  }

  close(): void {
    this.connection?.close(null);
  }

  private connect(): Connection {
    const { options } = this;
    return new Connection(
      () => openSocket(options),
      {
        opened: () => this.opened(),
        received: (text) => this.receiveText(text),
        lost: () => this.lost(),
        credentialEnded: () => this.refuse("the server does not accept this token any more"),
        changed: (state) => this.noteState(state),
      },
      { now: options.now ?? Date.now, random: this.random },
    );
  }

  // From the parent.

  private receiveRequest(request: ParentRequest, line: string): void {
    const { text, message } = this.rewritten(request, line);
    if (
      this.pending.size >= bridgeLimits.pendingMax ||
      this.pendingCharacters + text.length > bridgeLimits.pendingCharactersMax
    ) {
      this.options.write(errorMessage(request.id, { code: overloaded, message: "Server overloaded; retry later." }));
      return;
    }
    const params = Object(message.params) as { threadId?: unknown; afterSeq?: unknown };
    const pending: Pending = {
      id: message.id,
      method: message.method,
      threadId: typeof params.threadId === "string" ? params.threadId : null,
      afterSeq: typeof params.afterSeq === "number" ? params.afterSeq : null,
      text,
      isRepeatable: message.method === "initialize" || isRepeatable(message.method, message.params),
      isSent: false,
    };
    this.pending.set(message.id, pending);
    this.pendingCharacters += text.length;
    if (this.isOpen) this.send(pending);
  }

  /** `initialize` asks for numbered frames; what may not happen twice gets a key where the parent gave none. */
  private rewritten(request: ParentRequest, line: string): { text: string; message: ParentRequest } {
    const params = Object(request.params) as Record<string, unknown>;
    if (request.method === "initialize" && !this.initialize) {
      const message = { ...request, params: this.withReplay(params) };
      return { text: requestMessage(request.id, message), message };
    }
    if (keyed.has(request.method) && request.params && (params.clientUserMessageId ?? null) === null) {
      const message = { ...request, params: { ...params, clientUserMessageId: crypto.randomUUID() } };
      return { text: requestMessage(request.id, message), message };
    }
    return { text: line, message: request };
  }

  private withReplay(params: Record<string, unknown>): Record<string, unknown> {
    const capabilities = Object(params.capabilities) as Record<string, unknown>;
    const extensions = Object(capabilities.extensions) as Record<string, unknown>;
    const optOut = Array.isArray(capabilities.optOutNotificationMethods) ? capabilities.optOutNotificationMethods : null;
    const whole = {
      ...params,
      capabilities: {
        ...capabilities,
        // How the bridge learns that an answer arrived.
        ...(optOut ? { optOutNotificationMethods: optOut.filter((method) => method !== resolvedMethod) } : {}),
        extensions: { ...extensions, [replay]: {}, "spindle/acknowledge": {} },
      },
    };
    this.initialize = {
      params: whole,
      isAnswered: false,
      wantsSeq: extensions[replay] !== undefined,
      optsOutOfResolved: optOut?.includes(resolvedMethod) ?? false,
    };
    return whole;
  }

  private receiveNotification(method: string, line: string): void {
    if (method === "initialized") this.isInitialized = true;
    if (this.isOpen) this.connection?.send(line);
    // A new socket is told by us that the handshake is over.
    else if (method !== "initialized" && this.unsent.length < bridgeLimits.pendingMax) this.unsent.push(line);
  }

  /** Sent at once where the thread is there, and again after every drop until the server has said that it is resolved. */
  private receiveAnswer(id: RequestId, line: string): void {
    const thread = [...this.threads.values()].find((followed) => followed.isAsked(id));
    if (thread && this.answers.size < bridgeLimits.pendingMax) this.answers.set(id, line);
    if (this.isOpen && (thread?.isAttached ?? true)) this.connection?.send(line);
  }

  // The socket.

  private opened(): void {
    if (this.isBlocked) {
      this.connection?.lose();
      return;
    }
    if (!this.initialize?.isAnswered) {
      // Nothing was promised yet: the parent's own first words are the handshake.
      this.online();
      return;
    }
    this.ask("initialize", this.initialize.params, ({ error }) => {
      if (error) {
        this.refuse(`the server refused to go on: ${error.message}`);
        return;
      }
      if (this.isInitialized) this.connection?.send(JSON.stringify({ method: "initialized" }));
      for (const thread of this.threads.values()) this.takeUp(thread);
      this.online();
    });
  }

  private online(): void {
    this.isOpen = true;
    this.connection?.established();
    for (const line of this.unsent) this.connection?.send(line);
    this.unsent = [];
    for (const pending of [...this.pending.values()]) if (!pending.isSent) this.send(pending);
  }

  /** What was sent and must not be sent twice is answered with the truth; everything else waits for the next socket. */
  private lost(): void {
    if (!this.isOpen && !this.isBlocked && this.own.size === 0) void this.explain();
    this.isOpen = false;
    this.own.clear();
    this.held.clear();
    for (const thread of this.threads.values()) thread.isAttached = false;
    for (const pending of [...this.pending.values()]) {
      if (pending.isSent && !pending.isRepeatable) {
        const message = `the connection was lost before ${pending.method} was answered; it may or may not have happened`;
        this.answerParent(pending, errorMessage(pending.id, { code: internal, message }));
      }
      pending.isSent = false;
    }
  }

  private async explain(): Promise<void> {
    const reason = await this.options.refusal();
    // The next socket may have opened while we asked.
    if (reason !== null && !this.isOpen) this.refuse(reason);
  }

  private refuse(reason: string): void {
    this.connection?.close(null);
    this.options.refused(reason);
  }

  private noteState(state: ConnectionState): void {
    if (state.type === "waiting")
      this.options.note(`no connection; next attempt (${state.attempt + 1}) at ${new Date(state.retryAt).toISOString()}`);
    else if (state.type === "online") this.options.note("connected");
  }

  private send(pending: Pending): void {
    pending.isSent = true;
    this.connection?.send(pending.text);
  }

  /** A request of our own. Its answer is lost with the socket. */
  private ask(method: string, params: object, answered: (message: ServerMessage) => void): void {
    this.ownGiven += 1;
    const id = `${this.ownPrefix}/${this.ownGiven}`;
    this.own.set(id, answered);
    this.connection?.send(requestMessage(id, { method, params }));
  }

  /** On a new socket: everything behind what the parent has. */
  private takeUp(thread: FollowedThread): void {
    const params = { threadId: thread.id, afterSeq: thread.afterSeq, excludeTurns: true };
    this.ask("thread/resume", params, ({ error }) => {
      if (error) {
        this.notTakenUp(thread, error);
        return;
      }
      thread.isAttached = true;
      thread.failedAttempts = 0;
      for (const [id, line] of this.answers) if (thread.isAsked(id)) this.connection?.send(line);
    });
  }

  /** The server's own trouble passes, say when an object is moved; a refusal stays. */
  private notTakenUp(thread: FollowedThread, { code, message }: { code: number; message: string }): void {
    if (code === internal || code === overloaded) {
      thread.failedAttempts += 1;
      const tryAgain = () => {
        if (this.isOpen && !thread.isAttached && this.threads.get(thread.id) === thread) this.takeUp(thread);
      };
      setTimeout(tryAgain, reconnectPauseMs(thread.failedAttempts, 1));
      return;
    }
    this.options.note(`thread ${thread.id} cannot be taken up again: ${message}`);
    this.threads.delete(thread.id);
    // The parent follows it no more, and has to know; what happened to it meanwhile is in its history, if it has one.
    this.options.write(JSON.stringify({ method: "thread/closed", params: { threadId: thread.id } }));
  }

  // From the server.

  private receiveText(text: string): void {
    const incoming = parseMessage(text);
    if (incoming.kind === "dropped") return;
    // The border of the wire: the server sends what its table says.
    const message = JSON.parse(text) as ServerMessage;
    if (incoming.kind === "notification") this.receiveFrame(message, text);
    else if (incoming.kind === "request") this.receiveFrame({ ...message, id: incoming.id }, text);
    else this.receiveReply(incoming.id, message, text);
  }

  private receiveReply(id: RequestId, message: ServerMessage, text: string): void {
    const own = typeof id === "string" ? this.own.get(id) : undefined;
    if (own) {
      this.own.delete(String(id));
      own(message);
      return;
    }
    const pending = this.pending.get(id);
    if (!pending) return;
    const { method, threadId } = pending;
    if (message.error) {
      // A handshake that was refused is none: the parent may try another.
      if (method === "initialize" && !this.initialize?.isAnswered) this.initialize = null;
      this.answerParent(pending, text);
      return;
    }
    if (method === "initialize" && this.initialize) this.initialize.isAnswered = true;
    if (method === "thread/unsubscribe" && threadId) this.threads.delete(threadId);
    if (method === "thread/resume") {
      this.hold(pending, message, text);
      return;
    }
    const begun = method === "thread/start" || method === "thread/fork" ? message.result?.thread?.id : undefined;
    if (begun !== undefined && message.seq !== undefined) {
      // A thread that was started tells itself from its first frame on; a fork from wherever it begins.
      this.threads.set(begun, new FollowedThread(begun, method === "thread/start" ? 0 : null, message.seq));
    }
    this.answerParent(pending, text);
  }

  /**
   * A plain resume is answered, then told what a message said so far, then what waits for somebody. A socket that drops in the middle
   * would leave the parent with a part that no replay brings. So all of it is held until the answer to a question behind it is here;
   * when the socket drops before, the parent was told nothing, and its request is sent again.
   */
  private hold(pending: Pending, { result, seq }: ServerMessage, text: string): void {
    const threadId = result?.thread?.id ?? pending.threadId;
    if (seq === undefined || !threadId) {
      this.answerParent(pending, text);
      return;
    }
    const thread = new FollowedThread(threadId, pending.afterSeq ?? seq, seq);
    this.held.set(threadId, { pending, thread, texts: [] });
    this.ask("account/read", {}, () => {
      const held = this.held.get(threadId);
      if (held?.thread !== thread) return;
      this.held.delete(threadId);
      this.threads.set(threadId, thread);
      this.answerParent(pending, text);
      for (const frame of held.texts) this.receiveText(frame);
    });
  }

  private receiveFrame(message: ServerMessage, text: string): void {
    const { method = "", id, seq, params } = message;
    const threadId = params?.threadId ?? params?.thread?.id;
    const held = threadId === undefined ? undefined : this.held.get(threadId);
    if (held) {
      held.texts.push(text);
      return;
    }
    const thread = threadId === undefined ? undefined : this.threads.get(threadId);
    // What every client of the account hears is news of threads that the parent does not follow; of the others it hears from the log.
    if (thread && seq === undefined && isAccountNews.test(method)) return;
    if (thread && !thread.takes({ id, seq })) return;
    if (method === resolvedMethod && params?.requestId !== undefined) {
      thread?.resolved(params.requestId);
      this.answers.delete(params.requestId);
      if (this.isIdle) this.idle?.();
      if (this.initialize?.optsOutOfResolved) return;
    }
    if (method.startsWith("spindle/") && !this.initialize?.wantsSeq) return;
    if (threadId !== undefined && (method === "thread/deleted" || method === "thread/closed")) this.threads.delete(threadId);
    this.tell(text);
  }

  private answerParent(pending: Pending, text: string): void {
    this.pending.delete(pending.id);
    this.pendingCharacters -= pending.text.length;
    this.tell(text);
    if (this.isIdle) this.idle?.();
  }

  private get isIdle(): boolean {
    return this.pending.size === 0 && this.answers.size === 0;
  }

  private tell(text: string): void {
    this.options.write(this.initialize?.wantsSeq ? text : withoutSeq(text));
  }
}

const replay = "spindle/replay";
const resolvedMethod = "serverRequest/resolved";
const overloaded = -32001;
const internal = -32603;
/** Methods that take the parent's key for a message. */
const keyed: ReadonlySet<string> = new Set(["turn/start", "turn/steer", "thread/queue/add"]);
