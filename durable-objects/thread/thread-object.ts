/** One thread on the platform: its storage, its alarm, its sockets, and the calls of other objects. All that matters is in the runtime. */
import { DurableObject } from "cloudflare:workers";

import type { Gateway } from "#connection/gateway";
import { socketAccessOf } from "#connection/socket-access";
import { acceptSocket, type Sockets, socketsOf } from "#connection/sockets";
import { flagsKey } from "#core/flags";
import { flagLimits, memoryLimits, quotaLimits } from "#core/limits";
import type { DirectoryReply } from "#directory/requests";
import type { Refused, TurnAdmission } from "#directory/usage";
import { readGitHubSettings } from "#github/settings";
import { repositoryOfConnection } from "#github/thread-connection";
import type { Counters } from "#metrics/counters";
import { countersOf } from "#metrics/object-counters";
import type { Catalogue } from "#models/catalogue";
import { refusals, type WireError } from "#protocol/errors";
import { type McpServer, serversOf } from "#protocol/mcp-server";
import type { Request as MethodRequest, Params } from "#protocol/methods";
import { type AskedProposal, askedProposal } from "#thread/asked-proposal";
import type { ForkPage, ForkRead } from "#thread/fork-source";
import type { Delivery, DeliveryAck, Host } from "#thread/host";
import type { Attached, Client, Reply, Subscriber } from "#thread/reply";
import { type Entered, enterRepository, type RepositoryEntry } from "#thread/repository-entry";
import { unknownThread } from "#thread/requests";
import { ThreadRuntime } from "#thread/runtime";
import { type ClientAnswer, ThreadService } from "#thread/service";
import { runShell } from "#tools/shell";
import {
  connectionStub,
  directoryStub,
  type Environment,
  memoryStub,
  metricsIntervalMs,
  metricsStub,
  pushStub,
  repositoryStub,
  threadName,
  threadStub,
} from "../environment.ts";
import { catalogueOf, mcpServersOf, newId, report, sleep } from "../platform.ts";

export class ThreadObject extends DurableObject<Environment> {
  private readonly runtime: ThreadRuntime;
  private readonly catalogue: Catalogue;
  private readonly sockets: Sockets;
  private readonly service: ThreadService;
  private readonly counters: Counters;

  constructor(context: DurableObjectState, environment: Environment) {
    super(context, environment);
    this.catalogue = catalogueOf(environment);
    this.counters = countersOf(context, environment);
    const { account, threadId } = nameOf(context);
    this.sockets = socketsOf(context, this.gateway(account, threadId), this.catalogue, socketAccessOf(environment));
    this.runtime = new ThreadRuntime(this.host(account, threadId));
    this.service = new ThreadService(this.runtime, this.catalogue.defaultModel);
    if (this.runtime.thread) report("threadWoke", { threadId, seq: this.runtime.thread.seq });
    // A turn that was running when the object went goes on by itself.
    void this.runtime.drive();
    this.runtime.deliveries.pump();
    this.runtime.fileWatch.pump();
  }

  /** The direct door: `/threads/<id>` upgrades here. */
  override async fetch(request: Request): Promise<Response> {
    if (!this.runtime.thread || this.runtime.thread.deleted) return new Response("no such thread", { status: 404 });
    const { account, threadId } = nameOf(this.ctx);
    const connection = `${directPrefix}${threadId}:${crypto.randomUUID()}`;
    const held = { account, connection, threadName: threadName(account, threadId) };
    const accepted = await acceptSocket(this.ctx, request, held, socketAccessOf(this.env));
    this.runtime.schedule();
    return accepted;
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    await this.sockets.message(socket, message);
  }

  override async webSocketClose(socket: WebSocket): Promise<void> {
    await this.sockets.closed(socket);
    this.runtime.schedule();
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    await this.sockets.closed(socket);
    this.runtime.schedule();
  }

  /** The access object says that the socket's credential ended. */
  async endSocket(connection: string): Promise<void> {
    await this.sockets.end(connection);
  }

  override async alarm(): Promise<void> {
    try {
      await this.runtime.alarm();
    } catch (error) {
      this.counters.count("errors_total", { where: "alarm" });
      throw error;
    }
  }

  async startThread(params: Params<"thread/start">, client: Client, subscriber: Subscriber): Promise<Attached> {
    return this.service.startThread(params, client, subscriber);
  }

  async resumeThread(params: Params<"thread/resume">, subscriber: Subscriber): Promise<Attached> {
    return this.service.resumeThread(params, subscriber);
  }

  async forkThread(params: Params<"thread/fork">, client: Client, subscriber: Subscriber): Promise<Attached> {
    return this.service.forkThread(params, client, subscriber);
  }

  async readFork(read: ForkRead): Promise<ForkPage> {
    return this.service.readFork(read);
  }

  async detach(connection: string): Promise<void> {
    this.service.detach(connection);
  }

  async request(request: MethodRequest, connection: string, trace: string | null = null): Promise<Reply> {
    return this.service.request(request, connection, trace);
  }

  async hangUp(connection: string): Promise<void> {
    this.service.hangUp(connection);
  }

  /** The account's memory forgot them: what this thread was shown of them goes too. Costs nothing where it was shown none. */
  async forgetFragments(fragmentIds: string[]): Promise<void> {
    this.service.forgetFragments(fragmentIds);
  }

  async deleteThread(): Promise<Reply> {
    return this.service.deleteThread();
  }

  async respond(requestId: string, reply: ClientAnswer): Promise<WireError | null> {
    return this.service.respond(requestId, reply);
  }

  /** The repository's files at a commit become the workspace, while no turn runs. */
  async enterRepository(entry: RepositoryEntry): Promise<Entered> {
    const { account } = nameOf(this.ctx);
    const settings = readGitHubSettings(this.env);
    const bounds = settings === null || "problem" in settings ? {} : { filesMax: settings.copiedFilesMax };
    return enterRepository(this.runtime, repositoryStub(this.env, account, entry.repositoryId), entry, bounds);
  }

  async askedProposal(requestId: string): Promise<AskedProposal | null> {
    return askedProposal(this.runtime, requestId);
  }

  private host(account: string, threadId: string): Host {
    const { ctx, env } = this;
    return {
      account,
      threadId,
      sql: ctx.storage.sql,
      transaction: (closure) => ctx.storage.transactionSync(closure),
      now: () => Date.now(),
      newId,
      random: () => Math.random(),
      sleep,
      model: (name) => this.catalogue.model(name),
      extractsAssumptions: env.SPINDLE_DECISION_EXTRACTION !== "off",
      readMcpServers: (timeoutMs) => readServersWithin(env, account, timeoutMs),
      mcp: mcpServersOf(env, account),
      shell: runShell,
      contextWindow: (name) => this.catalogue.contextWindow(name),
      setAlarm: (atMs) => {
        ctx.storage.setAlarm(atMs).catch((error) => report("alarmRefused", { atMs, error: String(error) }));
      },
      deliver: (connection, delivery) => {
        if (connection.startsWith(directPrefix)) return this.sockets.deliver(connection, delivery);
        const repositoryId = repositoryOfConnection(connection);
        if (repositoryId !== null) return repositoryStub(env, account, repositoryId).deliver(delivery);
        return deliverTo(env, connection, delivery);
      },
      takeTurnSlot: () => directoryStub(env, account).takeTurnSlot(threadId),
      releaseTurnSlot: (tokens) => directoryStub(env, account).releaseTurnSlot(threadId, tokens),
      admitTurn: () => answerWithin<TurnAdmission>(directoryStub(env, account).admitTurn(threadId)),
      admitThread: () => answerWithin<Refused>(directoryStub(env, account).admitThread(threadId)),
      admitStorage: (bytes) => answerWithin<Refused>(directoryStub(env, account).admitStorage(threadId, bytes)),
      storedBytes: () => ctx.storage.sql.databaseSize,
      readMemory: (key, timeoutMs) => readWithin(env.MEMORY, key, { timeoutMs, cacheTtl: memoryLimits.manifestCacheSeconds }),
      readFlags: (timeoutMs) => readWithin(env.FLAGS, flagsKey(account), { timeoutMs, cacheTtl: flagLimits.cacheSeconds }),
      reportToMemory: (reports) => memoryStub(env, account).report(account, reports),
      leaveMemory: () => memoryStub(env, account).forgetThread(threadId),
      readFork: (sourceId, read) => readForkOf(env, account, sourceId, read),
      readRepository: (repositoryId, oids) => repositoryStub(env, account, repositoryId).readBlobs(oids),
      tellDirectory: (summary, news) => directoryStub(env, account).update(summary, news),
      place: () => directoryStub(env, account).placeOf(threadId),
      tell: (connection, notice) => {
        const direct = connection.startsWith(directPrefix);
        return direct ? this.sockets.tell(connection, notice) : connectionStub(env, connection).tell(notice);
      },
      meter: this.counters,
      reportMetrics: async (told) => metricsStub(env, told.source).take(told),
      metricsIntervalMs: metricsIntervalMs(env),
      ownSockets: () => ctx.getWebSockets().filter(({ readyState }) => readyState === WebSocket.OPEN).length,
      logsContent: env.SPINDLE_LOG_CONTENT === "on",
      report,
      forget: () => ctx.storage.deleteAll(),
    };
  }

  /** A direct socket speaks the whole protocol, with this thread as the only one it can reach. */
  private gateway(account: string, ownId: string): Gateway {
    const own = <Result>(threadId: string, method: MethodRequest["method"], ask: () => Promise<Result>) =>
      threadId === ownId ? ask() : Promise.resolve({ refused: unknownThread(method, threadId) });
    return {
      newThreadId: newId,
      startThread: async () => ({ refused: refusals.notSupported("thread/start on a thread's own socket") }),
      forkThread: async () => ({ refused: refusals.notSupported("thread/fork on a thread's own socket") }),
      resumeThread: (params, subscriber) => own(params.threadId, "thread/resume", () => this.resumeThread(params, subscriber)),
      detach: async (threadId, connection) => {
        if (threadId === ownId) await this.detach(connection);
      },
      hangUp: async (threadId, connection) => {
        if (threadId === ownId) await this.hangUp(connection);
      },
      request: (threadId, request, connection, trace) =>
        own(threadId, request.method, () => this.request(request, connection, trace)),
      deleteThread: (threadId) => own(threadId, "thread/delete", () => this.deleteThread()),
      respond: async (threadId, requestId, reply) => (threadId === ownId ? this.respond(requestId, reply) : null),
      directory: (request) => directoryStub(this.env, account).request(request),
      memory: (request) => memoryStub(this.env, account).request(request),
      push: (request) => pushStub(this.env, account).request(request),
      mcp: mcpServersOf(this.env, account),
      // It hears of its own thread only.
      join: async () => true,
      leave: async () => {},
      now: () => Date.now(),
      meter: this.counters,
      report,
    };
  }
}

/** Connections whose socket is on the thread's own object. */
const directPrefix = "direct:";

async function deliverTo(environment: Environment, connection: string, delivery: Delivery): Promise<DeliveryAck> {
  return connectionStub(environment, connection).deliver(delivery);
}

function readWithin(
  published: KVNamespace,
  key: string,
  { timeoutMs, cacheTtl }: { timeoutMs: number; cacheTtl: number },
): Promise<string | null> {
  return within(timeoutMs, published.get(key, { cacheTtl }), `${key} was not read`);
}

/** What the account says of its limits, while somebody waits for it. */
function answerWithin<Answer>(answer: Promise<unknown>): Promise<Answer> {
  // The platform's own type of a call says less of its result.
  return within(quotaLimits.answerMsMax, answer as Promise<Answer>, "the account's limits were not answered");
}

async function within<Answer>(timeoutMs: number, answer: Promise<Answer>, failure: string): Promise<Answer> {
  const done = new AbortController();
  const tooLate = sleep(timeoutMs, done.signal).then((): Promise<Answer> => {
    return done.signal.aborted ? answer : Promise.reject(new Error(`${failure} within ${timeoutMs} ms`));
  });
  // Whoever lost the race fails unheard.
  tooLate.catch(() => {});
  try {
    return await Promise.race([answer, tooLate]);
  } finally {
    done.abort();
  }
}

async function readConfig(environment: Environment, account: string): Promise<DirectoryReply> {
  return directoryStub(environment, account).request({ method: "config/read", params: { includeLayers: false } });
}

/** The Directory's own `config/read`; what is no answer in time throws. */
async function readServersWithin(environment: Environment, account: string, timeoutMs: number): Promise<McpServer[]> {
  const done = new AbortController();
  const tooLate = sleep(timeoutMs, done.signal).then((): never => {
    throw new Error(`the configuration was not read within ${timeoutMs} ms`);
  });
  // Whoever was in time is not too late when the pause ends early.
  tooLate.catch(() => {});
  try {
    const reply = await Promise.race([readConfig(environment, account), tooLate]);
    if ("refused" in reply) throw new Error(reply.refused.message);
    return serversOf(JSON.parse(reply.resultText).config);
  } finally {
    done.abort();
  }
}

/** A function of its own, so that the platform's type of the call is the plain one. */
async function readForkOf(environment: Environment, account: string, sourceId: string, read: ForkRead): Promise<ForkPage> {
  return threadStub(environment, account, sourceId).readFork(read);
}

function nameOf(context: DurableObjectState): { account: string; threadId: string } {
  const name = context.id.name;
  if (!name) throw new Error("a thread's object is always named");
  const slash = name.lastIndexOf("/");
  return { account: name.slice(0, slash), threadId: name.slice(slash + 1) };
}
