/**
 * One client on one socket: its handshake, its requests, the threads it follows. Everything it has to remember is in the socket's
 * attachment, so it sleeps when the object sleeps and ends when the socket ends.
 */

import type { Admission } from "#access/admission";
import { answerForConnection, effectiveConfig } from "#connection/answers";
import { FileSearch, type SearchSession } from "#connection/file-search";
import type { Gateway } from "#connection/gateway";
import { answerAboutMcp } from "#connection/mcp-answers";
import { RunningCommands } from "#connection/running-commands";
import { BoundedSocket } from "#connection/unread";
import { type WatchedPath, WatchedPaths } from "#connection/watched-paths";
import { limits } from "#core/limits";
import { traceparentOf } from "#core/trace";
import type { AnnouncementAck, AnnouncementDelivery } from "#directory/announcements";
import type { DirectoryReply } from "#directory/requests";
import type { MemoryReply } from "#memory/requests";
import type { ModelInfo } from "#models/catalogue";
import { type ThreadDefaults, threadDefaultsOf } from "#protocol/config";
import { type Notice, notice } from "#protocol/connection-notifications";
import { errorCodes, Refusal, refusals, type WireError } from "#protocol/errors";
import { errorMessage, parseMessage, type RequestId, resultMessage, resultTextMessage } from "#protocol/json-rpc";
import { serversOf, withoutSecrets } from "#protocol/mcp-server";
import { type Params, type Request, type Result, scopeOf } from "#protocol/methods";
import { accountNotifications, experimentalNotifications, extensionNotifications } from "#protocol/notifications";
import { parseRequest } from "#protocol/parse-request";
import { serverRequests } from "#protocol/server-requests";
import type { Delivery, DeliveryAck } from "#thread/host";
import type { WireFrame } from "#thread/log";
import type { Attached, Reply } from "#thread/reply";

/** What outlives the object's memory. At most 16,384 bytes, the platform's bound for an attachment. */
export interface SessionState {
  version: 1;
  account: string;
  /** How threads name this connection when they deliver to it. */
  connection: string;
  initialized: {
    client: { name: string; version: string };
    experimentalApi: boolean;
    replay: boolean;
    /** It says how much it has read. Absent in sockets of a version before. */
    acknowledges?: boolean;
    optOut: string[];
  } | null;
  /** Threads this client follows, the newest last. */
  threads: FollowedThread[];
  /** The `traceparent` of the upgrade, for requests that bring none. Absent where none came. */
  trace?: string;
  /** On what grounds the socket is open. Sockets of a version before have none, and nothing that could end. */
  admission?: Admission;
  /** The Directory knows that this connection is there. Absent until it does. */
  hasJoined?: boolean;
  /** The last announcement that came. Absent until one did. */
  announcedId?: number;
  /** Threads that it left last, and how far it followed them: of that it is not told again. Absent until it left one. */
  left?: { threadId: string; cursor: number }[];
  /** Searches that somebody types into. */
  searches: SearchSession[];
  watches: WatchedPath[];
  /** UTF-16 units that were sent and are not known to be read. Absent until something was. */
  unreadCharacters?: number;
}

export interface FollowedThread {
  threadId: string;
  /** The last `seq` that went to the socket. */
  cursor: number;
  cwd: string;
}

export interface Socket {
  /** Whether the socket took it. */
  send(text: string): boolean;
  close(code: number, reason: string): void;
  /** Keeps the state with the socket, for when the object wakes without its memory. */
  keep(state: SessionState): void;
}

export class Session {
  readonly state: SessionState;
  private readonly socket: BoundedSocket;
  private readonly gateway: Gateway;
  private readonly models: ModelCatalogue;
  private readonly commands: RunningCommands;
  private readonly search: FileSearch;
  private readonly watches: WatchedPaths;
  private inFlight = 0;
  /** Threads whose missed frames are on their way: asked when (Unix ms), and which is the last that was missed. */
  private readonly replaying = new Map<string, { askedAtMs: number; throughSeq: number }>();
  private joining: Promise<boolean | null> | null = null;
  /** Requests to a thread that are not answered yet: frames they caused go out after the answer, as on the real server. */
  private readonly unanswered = new Map<string, Set<Promise<void>>>();

  constructor(state: SessionState, socket: Socket, gateway: Gateway, models: ModelCatalogue) {
    this.state = state;
    this.socket = new BoundedSocket(socket, state, (unreadCharacters) => {
      gateway.meter.count("slow_clients_closed_total", {});
      gateway.report("slowClientClosed", { connection: state.connection, unreadCharacters });
      // The platform tells of the end only when the client answers it, which may be never.
      void this.end();
    });
    this.gateway = gateway;
    this.models = models;
    this.commands = new RunningCommands(gateway, state.connection);
    this.watches = new WatchedPaths({
      watches: () => this.state.watches,
      ask: (threadId, request) => this.ask(threadId, request),
      keep: (watches) => this.keepMore({ watches }),
    });
    this.search = new FileSearch({
      threadAt: (path) => this.threadAt(path)?.threadId ?? null,
      ask: (threadId, request) => this.ask(threadId, request),
      tell: (notice) => void this.tell(notice),
      now: () => gateway.now(),
      keepSearches: (searches) => this.keepMore({ searches }),
    });
  }

  /** One text frame of the client. Never throws: whatever it is, it is answered or, where the real server does so, dropped. */
  async receive(text: string): Promise<void> {
    const message = parseMessage(text);
    this.socket.showedLife();
    switch (message.kind) {
      case "request":
        return this.receiveRequest(message.id, message);
      case "response":
        return this.receiveAnswer(message.id, { result: message.result });
      case "errorResponse":
        return this.receiveAnswer(message.id, { error: message.error });
      case "notification":
        if (message.method === "spindle/read" && this.state.initialized?.acknowledges) this.socket.acknowledged(message.params);
        return;
      case "dropped":
        return;
      default:
        message satisfies never;
    }
  }

  /** Frames of a thread this client follows. The acknowledgement says how far the socket is. */
  async deliver({ threadId, after, frames }: Delivery): Promise<DeliveryAck> {
    if (this.socket.isHeld) await this.socket.room();
    await Promise.all(this.unanswered.get(threadId) ?? []);
    const followed = this.followed(threadId);
    if (!followed) return { gone: true };
    // A delivery that begins behind what we have leaves a hole: the thread is told where to begin.
    if (after === null || after > followed.cursor) return { gone: false, cursor: followed.cursor };
    const replaying = this.replaying.get(threadId);
    let sent = 0;
    let replayed = 0;
    for (const frame of frames) {
      if (frame.seq <= followed.cursor) continue;
      if (this.sendFrame(frame)) {
        sent += 1;
        if (replaying && frame.seq <= replaying.throughSeq) replayed += 1;
      }
      followed.cursor = frame.seq;
    }
    if (this.socket.isOver) return { gone: true };
    this.keep();
    const { meter } = this.gateway;
    meter.count("frames_sent_total", {}, sent);
    meter.count("replayed_frames_total", {}, replayed);
    if (replaying && followed.cursor >= replaying.throughSeq) this.caughtUp(threadId, replaying.askedAtMs);
    return { gone: false, cursor: followed.cursor };
  }

  /** What happened in the account's other threads. Of a thread that this client follows it hears from the thread itself. */
  async announce({ announcements, isBehind }: AnnouncementDelivery): Promise<AnnouncementAck> {
    if (isBehind) {
      this.socket.close(1013, "this client has missed announcements; connect again");
      this.gateway.meter.count("slow_clients_closed_total", {});
      return { gone: true };
    }
    for (const { id, threadId, method, text, seq } of announcements) {
      await Promise.all(this.unanswered.get(threadId) ?? []);
      if (id <= (this.state.announcedId ?? 0)) continue;
      this.state.announcedId = id;
      const comesFromThread = accountNotifications.has(method) && this.followed(threadId) !== undefined;
      const left = this.state.left?.find((thread) => thread.threadId === threadId);
      const isOld = seq !== null && left !== undefined && seq <= left.cursor;
      // Without `seq`: it is no part of a log that this client folds.
      if (!comesFromThread && !isOld && this.wants(method)) this.socket.send(text);
    }
    if (this.socket.isOver) return { gone: true };
    this.keep();
    return { gone: false, id: this.state.announcedId ?? 0 };
  }

  /** What is told to this client alone, and is no frame of a thread. */
  async tell({ method, text, about }: Notice): Promise<void> {
    if (about) {
      await Promise.all(this.unanswered.get(about.threadId) ?? []);
      if (!this.watches.has(about)) return;
    }
    if (this.wants(method)) this.socket.send(text);
  }

  /** The socket is closed: the threads need not deliver any more, and what they do for this client alone ends. */
  async end(): Promise<void> {
    this.socket.ended();
    const { threads, connection } = this.state;
    const threadIds = new Set([
      ...threads.map(({ threadId }) => threadId),
      ...this.commands.threadIds,
      ...this.watches.threadIds,
    ]);
    await Promise.allSettled([
      this.gateway.leave(connection),
      ...[...threadIds].map((threadId) => this.gateway.hangUp(threadId, connection)),
    ]);
  }

  /**
   * Before the first answer about threads, so that no change falls between the list and the first announcement. Where the Directory cannot
   * be reached the request is answered all the same, and the next one tries again.
   */
  private async join(): Promise<void> {
    this.joining ??= this.gateway
      .join(this.state.connection)
      .catch((error) => {
        this.gateway.report("joinFailed", { error: String(error) });
        return null;
      })
      .finally(() => {
        this.joining = null;
      });
    const hasJoined = await this.joining;
    if (hasJoined === false) throw new Refusal(refusals.overloaded());
    if (!hasJoined) return;
    this.state.hasJoined = true;
    this.keep();
  }

  private async receiveRequest(id: RequestId, message: { method: string; params: unknown; trace?: unknown }): Promise<void> {
    if (this.inFlight >= limits.requestsInFlightMax) {
      this.refuse(id, refusals.overloaded());
      return;
    }
    this.inFlight += 1;
    try {
      const trace = traceparentOf(message.trace) ?? this.state.trace ?? null;
      await this.answer(id, parseRequest(message, this.state.initialized), trace);
    } catch (error) {
      this.refuse(id, this.wireError(error));
    } finally {
      this.inFlight -= 1;
    }
  }

  private async answer(id: RequestId, request: Request, trace: string | null): Promise<void> {
    if (!this.state.hasJoined && scopeOf(request.method) !== "connection") await this.join();
    switch (request.method) {
      case "initialize":
        return this.initialize(id, request.params);
      case "thread/start":
        return this.startThread(id, request.params);
      case "thread/fork":
        return this.forkThread(id, request.params);
      case "thread/resume":
        return this.holding(request.params.threadId, () => this.resumeThread(id, request.params));
      case "thread/unsubscribe":
        return this.unsubscribe(id, request.params.threadId);
      case "thread/delete":
        return this.holding(request.params.threadId, async () =>
          this.reply(id, await this.gateway.deleteThread(request.params.threadId)),
        );
      case "spindle/thread/import": {
        const { threadId } = request.params;
        const params = { ...request.params, config: { ...(await this.accountDefaults()), ...request.params.config } };
        return this.holding(threadId, async () => this.reply(id, await this.ask(threadId, { ...request, params })));
      }
      case "config/read":
        return this.result(id, hidden(effectiveConfig(await this.readConfig(request.params), this.models)));
      case "mcpServerStatus/list":
      case "mcpServer/tool/call":
      case "mcpServer/resource/read": {
        const threadId = request.method === "mcpServer/tool/call" ? request.params.threadId : null;
        const found =
          threadId && (await this.ask(threadId, { method: "thread/read", params: { threadId, includeTurns: false } }));
        if (found && "refused" in found) return this.refuse(id, found.refused);
        const { config } = await this.readConfig({ includeLayers: false });
        return this.result(id, await answerAboutMcp(request, serversOf(config), this.gateway.mcp));
      }
      case "command/exec":
        // Frames of the thread go on meanwhile: it may take a minute, and its own output comes before its answer.
        return this.reply(id, await this.commands.start(this.workspaceOf(request), request));
      case "command/exec/write":
      case "command/exec/terminate":
      case "command/exec/resize":
        return this.reply(id, await this.commands.control(request));
      case "fs/watch": {
        const threadId = this.workspaceOf(request);
        return this.holding(threadId, async () => this.reply(id, await this.watches.watch(threadId, request)));
      }
      case "fs/unwatch":
        await this.watches.unwatch(request);
        return this.result(id, {});
      case "fuzzyFileSearch":
        return this.result(id, await this.search.find(request.params));
      case "fuzzyFileSearch/sessionStart":
        return this.result(id, this.search.start(this.state.searches, request.params));
      case "fuzzyFileSearch/sessionUpdate": {
        const { tell } = this.search.update(this.state.searches, request.params);
        this.result(id, {});
        // The answer is out: what fails now is ours to know, and the client's next letter asks again.
        return tell().catch((error) => this.gateway.report("searchFailed", { error: String(error) }));
      }
      case "fuzzyFileSearch/sessionStop":
        return this.result(id, this.search.stop(this.state.searches, request.params));
      default: {
        if (scopeOf(request.method) === "directory") return this.reply(id, await this.gateway.directory(request));
        if (scopeOf(request.method) === "memory") return this.reply(id, await this.gateway.memory(request));
        if (scopeOf(request.method) === "push") return this.reply(id, await this.gateway.push(request));
        const threadId = this.threadOf(request);
        if (threadId === null) return this.result(id, answerForConnection(request, this.models));
        return this.holding(threadId, async () => this.reply(id, await this.ask(threadId, request, trace)));
      }
    }
  }

  private initialize(id: RequestId, params: Extract<Request, { method: "initialize" }>["params"]): void {
    const { clientInfo, capabilities } = params;
    const optOut = (capabilities?.optOutNotificationMethods ?? []).slice(0, limits.optOutMethodsMax);
    this.state.initialized = {
      client: { name: clientInfo.name.slice(0, 128), version: clientInfo.version.slice(0, 64) },
      experimentalApi: capabilities?.experimentalApi ?? false,
      replay: capabilities?.extensions?.["spindle/replay"] !== undefined,
      acknowledges: capabilities?.extensions?.["spindle/acknowledge"] !== undefined,
      optOut: optOut.map((method) => method.slice(0, 64)),
    };
    this.keep();
    const userAgent = `${clientInfo.name}/${this.models.version} (Spindle; edge) ${clientInfo.name} (${clientInfo.name}; ${clientInfo.version})`;
    this.result(id, { userAgent, codexHome: "/spindle", platformFamily: "unix", platformOs: "linux" });
    // Whoever is refused hears it with the first request about threads.
    this.join().catch(() => {});
  }

  private async startThread(id: RequestId, params: Extract<Request, { method: "thread/start" }>["params"]): Promise<void> {
    this.requireRoom(params.cwd ?? "");
    const client = this.state.initialized?.client ?? { name: "unknown", version: "0" };
    // Named here and not by the thread, so that frames of the new thread find out at once whose they are.
    const threadId = params.threadId ?? this.gateway.newThreadId();
    const config = { ...(await this.accountDefaults()), ...params.config };
    await this.holding(threadId, async () =>
      this.attached(id, threadId, await this.gateway.startThread(threadId, { ...params, config }, client, this.subscriber())),
    );
  }

  private async forkThread(id: RequestId, params: Extract<Request, { method: "thread/fork" }>["params"]): Promise<void> {
    this.requireRoom(params.cwd ?? "");
    const client = this.state.initialized?.client ?? { name: "unknown", version: "0" };
    const threadId = this.gateway.newThreadId();
    await this.holding(threadId, async () =>
      this.attached(id, threadId, await this.gateway.forkThread(threadId, params, client, this.subscriber())),
    );
  }

  /** What the account's configuration says about how a thread begins. */
  private async accountDefaults(): Promise<ThreadDefaults> {
    return threadDefaultsOf((await this.readConfig({ includeLayers: false })).config);
  }

  private async readConfig(params: Params<"config/read">): Promise<Result<"config/read">> {
    const reply = await this.gateway.directory({ method: "config/read", params });
    if ("refused" in reply) throw new Refusal(reply.refused);
    // The Directory wrote this text itself, by the method's own row.
    return JSON.parse(reply.resultText) as Result<"config/read">;
  }

  private async resumeThread(id: RequestId, params: Extract<Request, { method: "thread/resume" }>["params"]): Promise<void> {
    if (!this.followed(params.threadId)) this.requireRoom("");
    const askedAtMs = this.gateway.now();
    const attached = await this.gateway.resumeThread(params, this.subscriber());
    const isReplay = this.replay && params.afterSeq != null && !("refused" in attached);
    if (isReplay) {
      this.gateway.meter.count("replays_total", {});
      if (attached.seq > attached.cursor) this.replaying.set(params.threadId, { askedAtMs, throughSeq: attached.seq });
      else this.caughtUp(params.threadId, askedAtMs);
    }
    this.attached(id, params.threadId, attached);
  }

  /** The answer; then what a plain client missed; then what waits for an answer; from then on live frames, each once. */
  private attached(id: RequestId, threadId: string, attached: Attached): void {
    if ("refused" in attached) {
      this.refuse(id, attached.refused);
      return;
    }
    const { result, seq, cwd, cursor, catchUp, pending } = attached;
    const others = this.state.threads.filter((followed) => followed.threadId !== threadId);
    const threads = [...others, { threadId, cursor, cwd }];
    // Others may have been attached while this one was on its way.
    const refusal = this.refusalOf(threads);
    if (refusal) {
      this.state.threads = others;
      this.keep();
      void this.gateway.detach(threadId, this.state.connection);
      this.refuse(id, refusal);
      return;
    }
    this.state.threads = threads;
    this.keep();
    this.socket.send(resultMessage(id, result, this.replay ? seq : undefined));
    for (const { method, text } of catchUp) if (this.wants(method)) this.socket.send(text);
    const asked = pending.filter((frame) => this.sendFrame(frame));
    this.gateway.meter.count("frames_sent_total", {}, asked.length);
  }

  private async unsubscribe(id: RequestId, threadId: string): Promise<void> {
    const followed = this.followed(threadId);
    if (!followed) {
      const found = await this.ask(threadId, { method: "thread/read", params: { threadId, includeTurns: false } });
      return this.result(id, { status: "refused" in found ? "notLoaded" : "notSubscribed" });
    }
    this.state.threads = this.state.threads.filter((thread) => thread !== followed);
    this.replaying.delete(threadId);
    const others = (this.state.left ?? []).filter((left) => left.threadId !== threadId);
    const left = [...others, { threadId, cursor: followed.cursor }].slice(-limits.leftThreadsMax);
    if (this.fits({ left })) this.state.left = left;
    this.keep();
    await this.gateway.detach(threadId, this.state.connection);
    this.result(id, { status: "unsubscribed" });
  }

  /** The id of a server request begins with its thread's. An answer to anything else is dropped, as on the real server. */
  private async receiveAnswer(id: RequestId, answer: { result: unknown } | { error: unknown }): Promise<void> {
    if (typeof id !== "string" || !this.state.initialized) return;
    const threadId = id.slice(0, id.indexOf(":"));
    if (!/^[0-9a-f-]{36}$/.test(threadId)) return;
    try {
      const refused = await this.gateway.respond(threadId, id, answer);
      if (refused)
        await this.tell(notice("spindle/approval/refused", { threadId, requestId: id, error: refused }, this.gateway.now()));
    } catch {
      // The thread could not be reached. The request still waits in its log, and is asked again when the client resumes.
    }
  }

  /**
   * The thread a request is for; null when the connection answers itself. A file belongs to the thread whose root is the longest that
   * contains its path, and among those with the same root to the one this socket started or resumed last.
   */
  private threadOf(request: Request): string | null {
    return scopeOf(request.method) === "connection" ? null : this.workspaceOf(request);
  }

  private workspaceOf(request: Request): string {
    const params = request.params as { threadId?: string | null; path?: string; sourcePath?: string; cwd?: string | null };
    if (params.threadId) return params.threadId;
    return this.workspaceAt(params.path ?? params.sourcePath ?? params.cwd ?? "");
  }

  private workspaceAt(path: string): string {
    const thread = this.threadAt(path);
    if (thread) return thread.threadId;
    throw new Refusal(refusals.invalidRequest(`no thread of this connection has a workspace that contains ${path || "files"}`));
  }

  /** What begins at no root begins at the newest thread's. */
  private threadAt(path: string): FollowedThread | undefined {
    if (!path.startsWith("/")) return this.state.threads.at(-1);
    const candidates = this.state.threads.filter(({ cwd }) => path === cwd || path.startsWith(`${cwd}/`));
    const root = Math.max(...candidates.map(({ cwd }) => cwd.length));
    return candidates.findLast(({ cwd }) => cwd.length === root);
  }

  /** While `ask` runs, frames of the thread wait: the answer to a request goes before the frames that it caused. */
  private async holding(threadId: string, ask: () => Promise<void>): Promise<void> {
    const { promise: answered, resolve } = Promise.withResolvers<void>();
    const waiting = this.unanswered.get(threadId) ?? new Set();
    this.unanswered.set(threadId, waiting.add(answered));
    try {
      await ask();
    } finally {
      resolve();
      waiting.delete(answered);
      if (waiting.size === 0 && this.unanswered.get(threadId) === waiting) this.unanswered.delete(threadId);
    }
  }

  private ask(threadId: string, request: Request, trace: string | null = null): Promise<Reply> {
    return this.gateway.request(threadId, request, this.state.connection, trace);
  }

  /** Overload is the server's to know as well. */
  private refuse(id: RequestId, error: WireError): void {
    if (error.code === errorCodes.overloaded) this.gateway.meter.count("requests_refused_total", { reason: "overloaded" });
    this.socket.send(errorMessage(id, error));
  }

  private caughtUp(threadId: string, askedAtMs: number): void {
    this.replaying.delete(threadId);
    this.gateway.meter.observe("replay_seconds", this.gateway.now() - askedAtMs);
  }

  private reply(id: RequestId, reply: Reply | DirectoryReply | MemoryReply): void {
    if ("refused" in reply) this.refuse(id, reply.refused);
    else this.socket.send(resultTextMessage(id, reply.resultText, this.replay && "seq" in reply ? reply.seq : undefined));
  }

  private result(id: RequestId, result: unknown): void {
    this.socket.send(resultMessage(id, result));
  }

  /** Whether the socket took it; a client may not want it. */
  private sendFrame({ method, seq, text, askedAtMs }: WireFrame): boolean {
    if (!this.wants(method)) return false;
    const time = askedAtMs === undefined ? "" : `,"emittedAtMs":${askedAtMs}`;
    return this.socket.send(this.replay ? `${text.slice(0, -1)}${time},"seq":${seq}}` : text);
  }

  /** A client opts out of notifications; what somebody has to answer reaches it all the same. */
  private wants(method: string): boolean {
    const { initialized } = this.state;
    if (Object.hasOwn(serverRequests, method)) return true;
    if (initialized?.optOut.includes(method)) return false;
    if (extensionNotifications.has(method)) return this.replay;
    return initialized?.experimentalApi === true || !experimentalNotifications.has(method);
  }

  private followed(threadId: string): FollowedThread | undefined {
    return this.state.threads.find((thread) => thread.threadId === threadId);
  }

  /** Before a thread is begun or looked for: one more, whose root has this name, can be followed. */
  private requireRoom(cwd: string): void {
    const refusal = this.refusalOf([...this.state.threads, { threadId: this.gateway.newThreadId(), cursor: 0, cwd }]);
    if (refusal) throw new Refusal(refusal);
  }

  /** The platform throws where an attachment is too large, and then every later frame would fail with it. */
  private refusalOf(threads: FollowedThread[]): WireError | null {
    const most = limits.threadsPerSocketMax;
    if (threads.length > most) {
      return refusals.invalidRequest(`this connection follows ${most} threads already; unsubscribe from one`);
    }
    if (this.fits({ threads })) return null;
    return refusals.invalidRequest(
      "this connection cannot remember another thread with a folder of that name; unsubscribe from one",
    );
  }

  private fits(more: Partial<SessionState>): boolean {
    const text = JSON.stringify({ ...this.state, ...more });
    return new TextEncoder().encode(text).length <= limits.sessionStateBytesMax;
  }

  /** Remembers it with the socket, or refuses. */
  private keepMore(more: Partial<SessionState>): void {
    if (!this.fits(more)) throw new Refusal(refusals.invalidRequestText("this connection cannot remember more than it does"));
    Object.assign(this.state, more);
    this.keep();
  }

  private subscriber(): { connection: string; replay: boolean } {
    return { connection: this.state.connection, replay: this.replay };
  }

  /** Ours: the client gets a name and no insides; the operator gets the insides. */
  private wireError(error: unknown): WireError {
    if (error instanceof Refusal) return error.wire;
    this.gateway.report("requestFailed", { error: error instanceof Error ? error.stack : String(error) });
    return refusals.internal("Spindle failed to answer this request.");
  }

  private get replay(): boolean {
    return this.state.initialized?.replay ?? false;
  }

  private keep(): void {
    this.socket.keep(this.state);
  }
}

/** What only the account's MCP servers may know is shown to no client. */
function hidden(read: Result<"config/read">): Result<"config/read"> {
  const layers = read.layers?.map((layer) => ({ ...layer, config: withoutSecrets(layer.config) })) ?? null;
  return { ...read, config: withoutSecrets(read.config), layers };
}

export interface ModelCatalogue {
  version: string;
  defaultModel: string;
  models: ModelInfo[];
}
