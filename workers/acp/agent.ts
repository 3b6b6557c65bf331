/** ACP's agent side for one client on one socket: reads what it asks, asks the account's own objects, and says what they say. */
import type {
  AgentCapabilities,
  InitializeResponse,
  ListSessionsResponse,
  RequestPermissionRequest,
  SessionNotification,
} from "@agentclientprotocol/sdk";
import type { Client } from "#client/client";
import type { Model } from "#protocol/account-and-config-methods";
import type { RequestId } from "#protocol/json-rpc";
import type { WireThread } from "#protocol/thread";
import { availableCommands, type Command, commandOf } from "./commands.ts";
import { changeOf, configOptions } from "./config-options.ts";
import { acpLimits } from "./limits.ts";
import { errorText, notificationText, readMessage, requestText, resultText } from "./messages.ts";
import { isMode, modeState } from "./modes.ts";
import type { Outgoing } from "./outgoing.ts";
import {
  cancelParams,
  cancelRequestParams,
  type ParamsOf,
  params,
  permissionOutcome,
  problemOf,
  type RequestMethod,
  readParams,
} from "./params.ts";
import { inputOf } from "./prompt-input.ts";
import { AcpRefusal, acpCodes, wireErrorOf } from "./refusals.ts";
import { AcpSession, type SessionPeer } from "./session.ts";
import type { Hearing, Told } from "./updates.ts";

/** The one version that is spoken. ACP's rule: answer it, and the client goes if it does not know it. */
const protocolVersion = 1;

const agentCapabilities: AgentCapabilities = {
  loadSession: true,
  promptCapabilities: { image: true, audio: false, embeddedContext: true },
  // The agent runs at the server: what an editor would start on its own machine is out of its reach.
  mcpCapabilities: { http: false, sse: false },
  sessionCapabilities: { list: {}, resume: {}, close: {}, delete: {} },
};

type Answers = { [Method in RequestMethod]: (params: ParamsOf<Method>, id: RequestId) => Promise<object> };

export interface AgentOptions {
  out: Outgoing;
  /** Opens the way to the account's objects; `title` is what the client calls itself. */
  connect(title: string): Client;
  /** A mistake of ours, for the operator's log. */
  report(error: unknown): void;
}

export class AcpAgent implements SessionPeer {
  hearing: Hearing = { notices: false, compaction: false };
  private readonly out: Outgoing;
  private readonly options: AgentOptions;
  /** Null before `initialize`. */
  private client: Client | null = null;
  private models: Promise<Model[]> | null = null;
  private readonly sessions = new Map<string, Promise<AcpSession>>();
  /** What the client was asked and has not answered: our request's id → the session that asks. */
  private readonly asked = new Map<string, AcpSession>();
  /** Prompts that run, by the client's own ids. */
  private readonly prompts = new Map<RequestId, string>();
  private requestsRunning = 0;

  constructor(options: AgentOptions) {
    this.out = options.out;
    this.options = options;
  }

  /** One text frame. Never rejects. */
  async receive(text: string): Promise<void> {
    this.out.showedLife();
    // The same sign of life as on the server's other sockets.
    if (text === "ping") return this.out.send("pong");
    const message = readMessage(text);
    switch (message.kind) {
      case "request":
        return await this.receiveRequest(message.id, message.method, message.params);
      case "notification":
        return await this.receiveNotification(message.method, message.params);
      case "response":
        return this.receiveAnswer(message.id, message.result);
      case "errorResponse":
        // The client cannot ask its person. The approval waits for whoever can.
        this.asked.delete(String(message.id));
        return;
      case "unreadable":
        return this.out.send(message.text);
      default:
        message satisfies never;
    }
  }

  /** The socket is gone, and with it all that this is. */
  end(): void {
    this.client?.close();
    this.sessions.clear();
    this.asked.clear();
  }

  // For its sessions.

  tell(sessionId: string, { update, ...more }: Told, seq: number): void {
    const notification: SessionNotification = { sessionId, update, _meta: { spindle: { seq, ...more } } };
    this.out.send(notificationText("session/update", notification));
  }

  ask(requestId: string, permission: RequestPermissionRequest): void {
    const session = this.followed.get(permission.sessionId);
    if (!session) return;
    this.asked.set(requestId, session);
    this.out.send(requestText(requestId, "session/request_permission", permission));
  }

  withdraw(requestId: string): void {
    if (this.asked.delete(requestId)) this.out.send(notificationText("$/cancel_request", { requestId }));
  }

  ended(session: AcpSession): void {
    this.forget(session);
  }

  /** Those that are open, or opening: a session asks while it opens. */
  private readonly followed = new Map<string, AcpSession>();

  // From the client.

  private async receiveRequest(id: RequestId, method: string, given: unknown): Promise<void> {
    if (this.requestsRunning >= acpLimits.requestsAtOnceMax) {
      const message = `${acpLimits.requestsAtOnceMax} requests of this connection wait for an answer already`;
      this.out.send(errorText(id, { code: acpCodes.overloaded, message }));
      return;
    }
    this.requestsRunning += 1;
    try {
      const answer = await this.answer(id, method, given);
      this.out.send(resultText(id, answer));
      this.tellCommands(method, given, answer);
    } catch (error) {
      this.out.send(errorText(id, this.refusalOf(error)));
    } finally {
      this.requestsRunning -= 1;
    }
  }

  private refusalOf(error: unknown) {
    try {
      return wireErrorOf(error);
    } catch {
      this.options.report(error);
      return { code: acpCodes.internal, message: "internal error" };
    }
  }

  private answer(id: RequestId, method: string, given: unknown): Promise<object> {
    if (!isServed(method)) throw new AcpRefusal(acpCodes.methodNotFound, `no such method: ${method.slice(0, 100)}`);
    if (method !== "initialize" && !this.client) throw new AcpRefusal(acpCodes.invalidRequest, "not initialized");
    const read = params[method].safeParse(given ?? {});
    if (!read.success) throw new AcpRefusal(acpCodes.invalidParams, problemOf(read.error));
    // Method and params of a row belong together; TypeScript loses that where the row is chosen by a name.
    const answer = this.answers[method] as (params: unknown, id: RequestId) => Promise<object>;
    return answer(read.data, id);
  }

  private readonly answers: Answers = {
    initialize: async ({ clientCapabilities, clientInfo }) => {
      if (this.client) throw new AcpRefusal(acpCodes.invalidRequest, "already initialized");
      const { notices, compaction } = clientCapabilities?.session ?? {};
      this.hearing = { notices: notices != null, compaction: compaction != null };
      this.client = this.options.connect((clientInfo?.name ?? "an ACP client").slice(0, 100));
      this.client.onStateChange((state) => {
        if (state.type === "closed" && state.failure) this.out.close(credentialEnded, "the credential of this connection ended");
      });
      await this.client.ready;
      return {
        protocolVersion,
        agentCapabilities,
        agentInfo: { name: "spindle", title: "Spindle", version: "0.1.0" },
        // Whoever is here was let in by the transport's credential.
        authMethods: [],
      } satisfies InitializeResponse;
    },
    authenticate: async ({ methodId }) => {
      const why = "this server knows its callers by the transport's credential";
      throw new AcpRefusal(acpCodes.invalidParams, `no such auth method: ${methodId.slice(0, 100)}; ${why}`);
    },
    "session/new": async ({ cwd, mcpServers, _meta }) => {
      this.requireRoom();
      const threadId = _meta?.spindle?.sessionId;
      const thread = await this.server.startThread({ cwd, ...(threadId ? { threadId } : {}) });
      const session = new AcpSession(thread, this, true);
      this.followed.set(thread.id, session);
      this.sessions.set(thread.id, Promise.resolve(session));
      return { sessionId: thread.id, ...(await this.stateOf(session, mcpServers)) };
    },
    "session/load": async ({ sessionId, mcpServers, _meta }) => {
      const session = await this.follow(sessionId, _meta?.spindle?.afterSeq ?? 0);
      return await this.stateOf(session, mcpServers);
    },
    "session/resume": async ({ sessionId, mcpServers, _meta }) => {
      const session = await this.follow(sessionId, _meta?.spindle?.afterSeq ?? null);
      return await this.stateOf(session, mcpServers);
    },
    "session/list": async ({ cwd, cursor }) => {
      const asked = { cwd: cwd ?? null, cursor: cursor ?? null, limit: acpLimits.listPageSessions };
      const { data, nextCursor } = await this.server.request("thread/list", asked);
      return { sessions: data.map(sessionInfo), nextCursor } satisfies ListSessionsResponse;
    },
    "session/close": async ({ sessionId }) => {
      const session = await this.session(sessionId);
      // The specification's word: a session that is closed works no more. It can be loaded again.
      await session.cancel();
      this.forget(session);
      session.end();
      return {};
    },
    "session/delete": async ({ sessionId }) => {
      await this.server.request("thread/delete", { threadId: sessionId });
      const session = this.followed.get(sessionId);
      if (session) this.forget(session);
      session?.end();
      return {};
    },
    "session/set_mode": async ({ sessionId, modeId }) => {
      if (!isMode(modeId)) throw new AcpRefusal(acpCodes.invalidParams, `no such mode: ${modeId.slice(0, 100)}`);
      const session = await this.session(sessionId);
      await this.server.request("thread/settings/update", { threadId: session.thread.id, approvalPolicy: modeId });
      return {};
    },
    "session/set_config_option": async ({ sessionId, configId, value }) => {
      const session = await this.session(sessionId);
      const change = changeOf(configOptions(session.settings, await this.modelList()), configId, value);
      if (!change)
        throw new AcpRefusal(acpCodes.invalidParams, `no such option, or no such value of it: ${configId.slice(0, 100)}`);
      await this.server.request("thread/settings/update", { threadId: sessionId, ...change });
      // What the next turn begins with, as the server tells everybody a moment later.
      const settings = { ...session.settings, ...change };
      return { configOptions: configOptions(settings, await this.modelList()) };
    },
    "session/prompt": async ({ sessionId, prompt, _meta }, id) => {
      this.prompts.set(id, sessionId);
      try {
        const session = await this.session(sessionId);
        const command = commandOf(prompt);
        const isRepeated = _meta?.spindle?.isRepeated === true;
        const stopReason = command
          ? await this.runCommand(session, command, isRepeated)
          : await session.prompt(inputOf(prompt), _meta?.spindle?.clientUserMessageId ?? crypto.randomUUID());
        return { stopReason };
      } finally {
        this.prompts.delete(id);
      }
    },
  };

  /** A command has no key: after a cut nobody begins it again, and what runs is what it began. */
  private runCommand(session: AcpSession, command: Command, isRepeated: boolean) {
    const threadId = session.thread.id;
    return session.turn(async () => {
      if (isRepeated) {
        const running = session.thread.turn?.id;
        if (running) return running;
        const message = `the connection was lost before /${command.type} was answered; it may or may not have happened`;
        throw new AcpRefusal(acpCodes.internal, message);
      }
      if (command.type === "review") {
        const { instructions } = command;
        const target =
          instructions === null ? { type: "uncommittedChanges" as const } : { type: "custom" as const, instructions };
        return (await this.server.request("review/start", { threadId, target })).turn.id;
      }
      const last = session.thread.state?.turns.at(-1)?.id;
      await this.server.request("thread/compact/start", { threadId });
      const { turns } = await session.thread.until(({ turns }) => turns.length > 0 && turns.at(-1)?.id !== last);
      return turns.at(-1)?.id ?? "";
    });
  }

  private async receiveNotification(method: string, given: unknown): Promise<void> {
    if (method === "spindle/read") {
      const read = readParams.safeParse(given);
      if (read.success) this.out.acknowledged(read.data.characters);
      return;
    }
    const sessionId = this.cancelled(method, given);
    try {
      // Behind the prompts that came before it, which wait for the same session.
      const session = sessionId === undefined ? undefined : await this.sessions.get(sessionId);
      await session?.cancel();
    } catch (error) {
      // Nobody waits for an answer: what it was about is gone.
      this.refusalOf(error);
    }
  }

  /** Which session is to stop. */
  private cancelled(method: string, given: unknown): string | undefined {
    if (method === "session/cancel") return cancelParams.safeParse(given).data?.sessionId;
    if (method !== "$/cancel_request") return undefined;
    const read = cancelRequestParams.safeParse(given);
    return read.success ? this.prompts.get(read.data.requestId) : undefined;
  }

  private receiveAnswer(id: RequestId, result: unknown): void {
    const session = this.asked.get(String(id));
    if (!session) return;
    this.asked.delete(String(id));
    const read = permissionOutcome.safeParse(result);
    if (!read.success) return;
    const { outcome } = read.data;
    session.answer(String(id), outcome.outcome === "selected" ? outcome.optionId : null);
  }

  // Sessions.

  private get server(): Client {
    if (!this.client) throw new AcpRefusal(acpCodes.invalidRequest, "not initialized");
    return this.client;
  }

  /** A client may speak in a session that another socket of it has opened: then it is resumed. */
  private session(id: string): Promise<AcpSession> {
    return this.sessions.get(id) ?? this.follow(id, null);
  }

  /** Anew, also where it is followed already: the client asks to be told again. */
  private follow(id: string, afterSeq: number | null): Promise<AcpSession> {
    const before = this.followed.get(id);
    if (before) {
      this.forget(before);
      before.end();
    }
    this.requireRoom();
    const session = new AcpSession(this.server.followThread(id), this, false);
    this.followed.set(id, session);
    const opened = session.open(afterSeq).then(() => session);
    this.sessions.set(id, opened);
    // Whoever asked hears it; it is nobody's session then.
    opened.catch(() => this.forget(session));
    return opened;
  }

  private requireRoom(): void {
    if (this.followed.size < acpLimits.sessionsMax) return;
    const message = `a connection follows at most ${acpLimits.sessionsMax} sessions; close one`;
    throw new AcpRefusal(acpCodes.overloaded, message);
  }

  private forget(session: AcpSession): void {
    const { id } = session.thread;
    if (this.followed.get(id) !== session) return;
    this.followed.delete(id);
    this.sessions.delete(id);
    for (const [requestId, asking] of this.asked) if (asking === session) this.withdraw(requestId);
  }

  /** `_meta.spindle`: the frame that the client was told everything up to, and what of its request has no effect. */
  private async stateOf(session: AcpSession, mcpServers: unknown[] | null | undefined) {
    const { settings } = session;
    const models = await this.modelList();
    const seq = session.thread.state?.seq ?? 0;
    // Said, not refused: an editor sends the servers of its settings with every session, and the session is of use without them.
    const ignored = mcpServers?.length ? { ignored: ["mcpServers"] } : {};
    return {
      modes: modeState(settings.approvalPolicy),
      configOptions: configOptions(settings, models),
      _meta: { spindle: { seq, ...ignored } },
    };
  }

  private modelList(): Promise<Model[]> {
    this.models ??= this.server.request("model/list", {}).then(({ data }) => data.filter(({ hidden }) => !hidden));
    // A failure is not kept: the next one asks again.
    this.models.catch(() => {
      this.models = null;
    });
    return this.models;
  }

  /** Behind the answer: before it a client does not know its session. */
  private tellCommands(method: string, given: unknown, answer: object): void {
    if (!["session/new", "session/load", "session/resume"].includes(method)) return;
    const { sessionId } = { ...(given as object), ...answer } as { sessionId: string };
    const update = { sessionUpdate: "available_commands_update" as const, availableCommands };
    this.out.send(notificationText("session/update", { sessionId, update } satisfies SessionNotification));
  }
}

/** As on the server's other sockets. */
const credentialEnded = 4401;

function isServed(method: string): method is RequestMethod {
  return Object.hasOwn(params, method);
}

function sessionInfo({ id, cwd, name, preview, updatedAt }: WireThread): ListSessionsResponse["sessions"][number] {
  const title = name ?? preview.split("\n", 1)[0]?.slice(0, acpLimits.titleCharactersMax) ?? null;
  return { sessionId: id, cwd, title: title === "" ? null : title, updatedAt: new Date(updatedAt * 1000).toISOString() };
}
