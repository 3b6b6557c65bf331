/**
 * Between an editor that speaks ACP in JSON lines and a server behind a socket that may drop: the editor sees one agent that never goes. A
 * session is taken up after the last update that the editor has; a prompt carries a key, so that it is said once. What this knows dies
 * with its process, as the agent does that the editor believes in.
 */
import { Connection, type ConnectionState, reconnectPauseMs } from "#client/connection";
import { openSocket } from "#client/open-socket";
import { type Incoming, parseMessage, type RequestId } from "#protocol/json-rpc";
import { bridgeLimits } from "../limits.ts";
import type { BridgeOptions, LineBridge } from "../process.ts";
import { ToldSession, type UpdateParams } from "./told-session.ts";

type EditorRequest = Extract<Incoming, { kind: "request" }>;
type Params = Record<string, unknown>;

interface Pending {
  id: RequestId;
  method: string;
  params: Params;
  sessionId: string | null;
  characters: number;
  isSent: boolean;
  /** It was sent on a socket that is gone. */
  isRepeated: boolean;
}

/** A message of the server, as far as the bridge reads it. */
interface ServerMessage {
  id?: RequestId;
  method?: string;
  params?: Params;
  result?: Params & { sessionId?: string; _meta?: { spindle?: { seq?: number } } };
  error?: { code: number; message: string };
}

/** A permission that the editor was asked. */
interface Asked {
  sessionId: string;
  /** What it answered; null while it has not. */
  answer: string | null;
  /** It was asked again on this socket, so that it still waits. */
  isAsked: boolean;
}

export class AcpBridge implements LineBridge {
  private readonly options: BridgeOptions;
  private connection: Connection | null = null;
  /** The editor's own. Null until it has said it. */
  private initialize: { params: Params; isAnswered: boolean } | null = null;
  private isOpen = false;
  private isBlocked = false;
  private readonly pending = new Map<RequestId, Pending>();
  private pendingCharacters = 0;
  /** Notifications of the editor for which there was no connection. */
  private unsent: string[] = [];
  private readonly sessions = new Map<string, ToldSession>();
  private readonly asked = new Map<RequestId, Asked>();
  /** Our own requests: what to do with the answer. */
  private readonly own = new Map<string, (message: ServerMessage) => void>();
  private readonly ownPrefix = `spindle-acp/${crypto.randomUUID()}`;
  private ownGiven = 0;
  private idle: (() => void) | null = null;

  constructor(options: BridgeOptions) {
    this.options = options;
  }

  receive(line: string): void {
    const message = parseMessage(line);
    this.connection ??= this.connect();
    switch (message.kind) {
      case "request":
        this.receiveRequest(message, line.length);
        break;
      case "notification":
        this.receiveNotification(line);
        break;
      case "response":
      case "errorResponse":
        this.receiveAnswer(message.id, line);
        break;
      case "dropped":
        // The server knows why, and says so in the protocol's words.
        this.receiveNotification(line);
        break;
      default:
        message satisfies never;
    }
  }

  block(isBlocked: boolean): void {
    if (isBlocked === this.isBlocked) return;
    this.isBlocked = isBlocked;
    if (isBlocked) this.connection?.lose();
    else this.connection?.wake();
  }

  async end(): Promise<void> {
    if (this.pending.size === 0) return;
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
      { now: options.now ?? Date.now, random: options.random ?? Math.random },
    );
  }

  // From the editor.

  private receiveRequest({ id, method, params }: EditorRequest, characters: number): void {
    if (this.pending.size >= bridgeLimits.pendingMax || this.pendingCharacters + characters > bridgeLimits.pendingCharactersMax) {
      this.write({ id, error: { code: overloaded, message: "Server overloaded; retry later." } });
      return;
    }
    const keyed = this.keyed(method, Object(params) as Params);
    const sessionId = typeof keyed.sessionId === "string" ? keyed.sessionId : null;
    const pending: Pending = { id, method, params: keyed, sessionId, characters, isSent: false, isRepeated: false };
    if (method === "initialize" && !this.initialize) this.initialize = { params: keyed, isAnswered: false };
    if (opens.has(method) && sessionId !== null) {
      this.sessions.set(sessionId, new ToldSession(sessionId, String(keyed.cwd ?? "/")));
    }
    this.pending.set(id, pending);
    this.pendingCharacters += characters;
    this.sendIfReady(pending);
  }

  /** What may not happen twice gets a key. */
  private keyed(method: string, params: Params): Params {
    if (method === "session/new") return withMeta(params, { sessionId: crypto.randomUUID() });
    if (method !== "session/prompt") return params;
    const key = spindleOf(params).clientUserMessageId;
    const clientUserMessageId = typeof key === "string" ? key : crypto.randomUUID();
    this.sessions.get(String(params.sessionId))?.said(clientUserMessageId);
    return withMeta(params, { clientUserMessageId });
  }

  private receiveNotification(line: string): void {
    if (this.unsent.length < bridgeLimits.pendingMax) this.unsent.push(line);
    this.sendUnsent();
  }

  /** Sent at once where the session is there, and again whenever the same is asked again. */
  private receiveAnswer(id: RequestId, line: string): void {
    const asked = this.asked.get(id);
    if (!asked) return;
    asked.answer = line;
    if (this.isOpen && this.sessions.get(asked.sessionId)?.isAttached) this.connection?.send(line);
  }

  // The socket.

  private opened(): void {
    if (this.isBlocked) {
      this.connection?.lose();
      return;
    }
    if (!this.initialize?.isAnswered) {
      this.online();
      return;
    }
    this.ask("initialize", this.initialize.params, ({ error }) => {
      if (error) this.refuse(`the server refused to go on: ${error.message}`);
      else this.online();
    });
  }

  private online(): void {
    this.isOpen = true;
    this.connection?.established();
    for (const session of this.sessions.values()) if (!session.isOpening) this.takeUp(session);
    for (const pending of [...this.pending.values()]) this.sendIfReady(pending);
    this.sendUnsent();
  }

  /** Behind the prompts that they are about, which wait for their sessions. */
  private sendUnsent(): void {
    if (!this.isOpen) return;
    if ([...this.sessions.values()].some(({ isAttached, isOpening }) => !isAttached && !isOpening)) return;
    for (const line of this.unsent.splice(0)) this.connection?.send(line);
  }

  private lost(): void {
    if (!this.isOpen && !this.isBlocked && this.own.size === 0) void this.explain();
    this.isOpen = false;
    this.own.clear();
    for (const session of this.sessions.values()) session.isAttached = false;
    for (const asked of this.asked.values()) asked.isAsked = false;
    for (const pending of this.pending.values()) {
      pending.isRepeated ||= pending.isSent;
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

  private sendIfReady(pending: Pending): void {
    if (!this.isOpen || pending.isSent) return;
    const session = pending.sessionId === null ? undefined : this.sessions.get(pending.sessionId);
    const isOpening = opens.has(pending.method);
    if (session && !session.isAttached && !session.isOpening) return;
    pending.isSent = true;
    const { method, id } = pending;
    this.connection?.send(messageText({ id, method, params: this.paramsAgain(pending, isOpening ? session : undefined) }));
  }

  private paramsAgain({ method, params, isRepeated }: Pending, opening: ToldSession | undefined): Params {
    if (!isRepeated) return params;
    if (method === "session/prompt") return withMeta(params, { isRepeated: true });
    const afterSeq = opening?.takeUp() ?? null;
    return afterSeq === null ? params : withMeta(params, { afterSeq });
  }

  /** A request of our own. Its answer is lost with the socket. */
  private ask(method: string, params: object, answered: (message: ServerMessage) => void): void {
    this.ownGiven += 1;
    const id = `${this.ownPrefix}/${this.ownGiven}`;
    this.own.set(id, answered);
    this.connection?.send(messageText({ id, method, params }));
  }

  /** On a new socket: everything behind what the editor has. */
  private takeUp(session: ToldSession): void {
    const { id: sessionId, cwd } = session;
    const afterSeq = session.takeUp();
    const params = withMeta({ sessionId, cwd, mcpServers: [] }, afterSeq === null ? {} : { afterSeq });
    this.ask("session/resume", params, ({ error, result }) => {
      if (this.sessions.get(sessionId) !== session) return;
      if (error) {
        this.notTakenUp(session, error);
        return;
      }
      session.failedAttempts = 0;
      this.attached(session, result?._meta?.spindle?.seq);
    });
  }

  /** The session is here again: what waited for it goes out, and what nobody waits for any more is taken back. */
  private attached(session: ToldSession, seq: number | undefined): void {
    session.isAttached = true;
    session.isOpening = false;
    if (seq !== undefined) session.reached(seq);
    for (const [requestId, asked] of this.asked) {
      if (asked.sessionId !== session.id || asked.isAsked) continue;
      this.asked.delete(requestId);
      if (asked.answer === null) this.write({ method: "$/cancel_request", params: { requestId } });
    }
    for (const pending of [...this.pending.values()]) if (pending.sessionId === session.id) this.sendIfReady(pending);
    this.sendUnsent();
  }

  /** The server's own trouble passes; a refusal stays, and whoever asks next is told it. */
  private notTakenUp(session: ToldSession, { code, message }: { code: number; message: string }): void {
    if (code === internal || code === overloaded) {
      session.failedAttempts += 1;
      const tryAgain = () => {
        if (this.isOpen && !session.isAttached && this.sessions.get(session.id) === session) this.takeUp(session);
      };
      setTimeout(tryAgain, reconnectPauseMs(session.failedAttempts, 1));
      return;
    }
    this.options.note(`session ${session.id} cannot be taken up again: ${message}`);
    this.sessions.delete(session.id);
    for (const pending of [...this.pending.values()]) if (pending.sessionId === session.id) this.sendIfReady(pending);
    this.sendUnsent();
  }

  // From the server.

  private receiveText(text: string): void {
    const incoming = parseMessage(text);
    if (incoming.kind === "dropped") {
      // What the editor said is no message: the server's words about it, which have no id.
      this.options.write(text);
      return;
    }
    // The border of the wire: the server sends what the protocol says.
    const message = JSON.parse(text) as ServerMessage;
    if (incoming.kind === "response" || incoming.kind === "errorResponse") this.receiveReply(incoming.id, message, text);
    else if (incoming.kind === "request") this.receivePermission(incoming.id, message.params ?? {}, text);
    else if (message.method === "session/update") this.receiveUpdate(message.params as unknown as UpdateParams);
    else this.receiveWithdrawal(message.params?.requestId as RequestId, text);
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
    this.pending.delete(id);
    this.pendingCharacters -= pending.characters;
    // It was deleted before the socket dropped.
    const isDone = pending.method === "session/delete" && pending.isRepeated && message.error?.code === resourceNotFound;
    if (isDone) this.write({ id, result: {} });
    else this.options.write(text);
    this.answered(pending, isDone ? { result: {} } : message);
    if (this.pending.size === 0) this.idle?.();
  }

  private answered({ method, params, sessionId }: Pending, { result, error }: ServerMessage): void {
    if (method === "initialize" && this.initialize && !this.initialize.isAnswered) {
      // A handshake that was refused is none: the editor may try another.
      if (error) this.initialize = null;
      else this.initialize.isAnswered = true;
    }
    const id = method === "session/new" ? result?.sessionId : sessionId;
    if (id === undefined || id === null) return;
    const seq = result?._meta?.spindle?.seq;
    if (method === "session/new") {
      const session = new ToldSession(id, String(params.cwd ?? "/"));
      this.sessions.set(id, session);
      this.attached(session, seq);
    }
    const session = this.sessions.get(id);
    if (opens.has(method) && session) {
      if (error) this.sessions.delete(id);
      else this.attached(session, seq);
    }
    if ((method === "session/close" || method === "session/delete") && !error) this.sessions.delete(id);
  }

  private receiveUpdate(params: UpdateParams): void {
    const session = this.sessions.get(params.sessionId);
    const taken = session ? session.take(params) : params;
    if (taken) this.write({ method: "session/update", params: taken });
  }

  /** The thread asks under the same id for as long as it waits: the editor is asked once, and what it said is said again. */
  private receivePermission(id: RequestId, params: Params, text: string): void {
    const known = this.asked.get(id);
    if (known) {
      known.isAsked = true;
      if (known.answer !== null) this.connection?.send(known.answer);
      return;
    }
    this.asked.set(id, { sessionId: String(params.sessionId), answer: null, isAsked: true });
    const [oldest] = this.asked.keys();
    if (oldest !== undefined && this.asked.size > bridgeLimits.rememberedMax) this.asked.delete(oldest);
    this.options.write(text);
  }

  private receiveWithdrawal(id: RequestId, text: string): void {
    const known = this.asked.get(id);
    this.asked.delete(id);
    if (known?.answer === null) this.options.write(text);
  }

  private write(message: object): void {
    this.options.write(messageText(message));
  }
}

/** What tells the editor a session from some point on. */
const opens: ReadonlySet<string> = new Set(["session/load", "session/resume"]);
const overloaded = -32001;
const internal = -32603;
const resourceNotFound = -32002;

function spindleOf(params: Params): Params {
  return Object((Object(params._meta) as Params).spindle) as Params;
}

function withMeta(params: Params, more: Params): Params {
  return { ...params, _meta: { ...(Object(params._meta) as Params), spindle: { ...spindleOf(params), ...more } } };
}

/** `JSON.stringify` knows no integers beyond 2^53, which an id may be. */
function messageText(message: object): string {
  const { id, ...rest } = message as { id?: RequestId };
  const text = JSON.stringify({ jsonrpc: "2.0", ...rest });
  return id === undefined ? text : `{"id":${typeof id === "string" ? JSON.stringify(id) : String(id)},${text.slice(1)}`;
}
