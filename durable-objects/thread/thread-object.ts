/** One thread on the platform: its storage, its alarm, its sockets, and the calls of other objects. All that matters is in the runtime. */
import { DurableObject } from "cloudflare:workers";
import type { Attached, Client, Gateway, Reply, Subscriber } from "#connection/gateway";
import { acceptSocket, type Sockets, socketsOf } from "#connection/sockets";
import type { Decision } from "#core/private";
import { uuidv7 } from "#core/uuid";
import { type Catalogue, createCatalogue, protocolVersion } from "#models/catalogue";
import { Refusal, refusals } from "#protocol/errors";
import type { Params, Request } from "#protocol/methods";
import { serverRequests } from "#protocol/server-requests";
import { attachCreator, resume } from "#thread/attach";
import { answerFile, type FileRequest } from "#thread/files";
import type { Delivery, DeliveryAck, Host } from "#thread/host";
import { answer, answers, requireThread, startThread, type ThreadRequest, unknownThread } from "#thread/requests";
import { ThreadRuntime } from "#thread/runtime";
import { connectionStub, directoryStub, type Environment } from "../environment.ts";

export class ThreadObject extends DurableObject<Environment> {
  private readonly runtime: ThreadRuntime;
  private readonly catalogue: Catalogue;
  private readonly sockets: Sockets;

  constructor(context: DurableObjectState, environment: Environment) {
    super(context, environment);
    this.catalogue = catalogueOf(environment);
    const { account, threadId } = nameOf(context);
    this.sockets = socketsOf(context, this.gateway(account, threadId), this.catalogue);
    this.runtime = new ThreadRuntime(this.host(account, threadId));
    if (this.runtime.thread) report("threadWoke", { threadId, seq: this.runtime.thread.seq });
    // A turn that was running when the object went goes on by itself.
    void this.runtime.drive();
    this.runtime.deliveries.pump();
  }

  /** The direct door: `/threads/<id>` upgrades here. */
  override async fetch(request: Request_): Promise<Response> {
    if (!this.runtime.thread || this.runtime.thread.deleted) return new Response("no such thread", { status: 404 });
    const { account, threadId } = nameOf(this.ctx);
    return acceptSocket(this.ctx, request, account, `${directPrefix}${threadId}:${crypto.randomUUID()}`);
  }

  override async webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    await this.sockets.message(socket, message);
  }

  override async webSocketClose(socket: WebSocket): Promise<void> {
    await this.sockets.closed(socket);
  }

  override async webSocketError(socket: WebSocket): Promise<void> {
    await this.sockets.closed(socket);
  }

  override async alarm(): Promise<void> {
    await this.runtime.alarm();
  }

  async startThread(params: Params<"thread/start">, client: Client, subscriber: Subscriber): Promise<Attached> {
    return refusable(() => {
      if (this.runtime.thread) throw new Refusal(refusals.invalidRequest(`thread ${this.runtime.host.threadId} exists already`));
      startThread(this.runtime, params, {
        originator: client.name,
        defaultModel: this.catalogue.defaultModel,
        version: protocolVersion,
      });
      return attachCreator(this.runtime, subscriber);
    });
  }

  async resumeThread(params: Params<"thread/resume">, subscriber: Subscriber): Promise<Attached> {
    return refusable(() => resume(this.runtime, params, subscriber));
  }

  async detach(connection: string): Promise<void> {
    if (this.runtime.thread) this.runtime.detach(connection);
  }

  async request(request: Request): Promise<Reply> {
    return refusable(async () => {
      const { runtime } = this;
      if (isFileRequest(request)) {
        requireThread(runtime, request.method);
        return { result: answerFile(runtime, request), seq: runtime.current.seq };
      }
      if (!answers(request.method)) throw new Refusal(refusals.notSupported(request.method));
      const result = await answer(runtime, request as ThreadRequest);
      return { result, seq: runtime.current.seq };
    });
  }

  /** Deletes for good. The storage goes a moment later, when the thread's clients have heard of it. */
  async deleteThread(): Promise<Reply> {
    return refusable(async () => {
      const { runtime } = this;
      requireThread(runtime, "thread/delete");
      if (runtime.current.work) runtime.interrupt();
      runtime.commit([{ method: "thread/deleted", params: { threadId: runtime.host.threadId } }]);
      await runtime.outbox.flush();
      runtime.schedule();
      return { result: {}, seq: runtime.current.seq };
    });
  }

  async respond(requestId: string, reply: { result: unknown } | { error: unknown }): Promise<void> {
    const asked = this.runtime.thread?.requests.find(({ id }) => id === requestId);
    if (asked) this.runtime.respond(requestId, decisionOf(asked.method, reply));
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
      contextWindow: (name) => this.catalogue.contextWindow(name),
      setAlarm: (atMs) => void ctx.storage.setAlarm(atMs),
      deliver: (connection, delivery) => {
        const direct = connection.startsWith(directPrefix);
        return direct ? this.sockets.deliver(connection, delivery) : deliverTo(env, connection, delivery);
      },
      tellDirectory: (summary) => directoryStub(env, account).update(summary),
      report,
      forget: () => ctx.storage.deleteAll(),
    };
  }

  /** A direct socket speaks the whole protocol, with this thread as the only one it can reach. */
  private gateway(account: string, ownId: string): Gateway {
    const own = <Result>(threadId: string, method: Request["method"], ask: () => Promise<Result>) =>
      threadId === ownId ? ask() : Promise.resolve({ refused: unknownThread(method, threadId) });
    return {
      newThreadId: newId,
      startThread: async () => ({ refused: refusals.notSupported("thread/start on a thread's own socket") }),
      resumeThread: (params, subscriber) => own(params.threadId, "thread/resume", () => this.resumeThread(params, subscriber)),
      detach: async (threadId, connection) => {
        if (threadId === ownId) await this.detach(connection);
      },
      request: (threadId, request) => own(threadId, request.method, () => this.request(request)),
      deleteThread: (threadId) => own(threadId, "thread/delete", () => this.deleteThread()),
      respond: async (threadId, requestId, reply) => {
        if (threadId === ownId) await this.respond(requestId, reply);
      },
      listThreads: (params) => directoryStub(this.env, account).list(params),
      listLoadedThreads: (params) => directoryStub(this.env, account).listLoaded(params),
    };
  }
}

type Request_ = globalThis.Request;

/** Connections whose socket is on the thread's own object. */
const directPrefix = "direct:";

export function catalogueOf(environment: Environment): Catalogue {
  const { OPENAI_API_KEY, OPENAI_BASE_URL, OPENAI_MODEL, SPINDLE_REHEARSAL_INTERVAL_MS } = environment;
  return createCatalogue({
    apiKey: OPENAI_API_KEY,
    baseUrl: OPENAI_BASE_URL,
    models: OPENAI_MODEL,
    countIntervalMs: SPINDLE_REHEARSAL_INTERVAL_MS === undefined ? undefined : Number(SPINDLE_REHEARSAL_INTERVAL_MS),
    newId,
    sleep: (durationMs, signal) => sleep(durationMs, signal ?? new AbortController().signal),
  });
}

export function newId(): string {
  return uuidv7(Date.now(), crypto.getRandomValues(new Uint8Array(10)));
}

/** What the world refuses is a value on its way to another object, where an error would lose its shape. */
async function refusable<Result>(attempt: () => Result | Promise<Result>): Promise<Result | { refused: Refusal["wire"] }> {
  try {
    return await attempt();
  } catch (error) {
    if (error instanceof Refusal) return { refused: error.wire };
    throw error;
  }
}

/** Both approvals take the same four words; the amendments of a command's approval are an acceptance for the session here. */
function decisionOf(method: keyof typeof serverRequests, reply: { result: unknown } | { error: unknown }): Decision {
  if (!("result" in reply)) return "garbage";
  const parsed = serverRequests[method].result.safeParse(reply.result);
  if (!parsed.success) return "garbage";
  const { decision } = parsed.data;
  if (typeof decision === "string") return decision;
  return "acceptWithExecpolicyAmendment" in decision ? "acceptForSession" : "accept";
}

async function deliverTo(environment: Environment, connection: string, delivery: Delivery): Promise<DeliveryAck> {
  return connectionStub(environment, connection).deliver(delivery);
}

function isFileRequest(request: Request): request is FileRequest {
  return request.method.startsWith("fs/");
}

function nameOf(context: DurableObjectState): { account: string; threadId: string } {
  const name = context.id.name;
  if (!name) throw new Error("a thread's object is always named");
  const slash = name.lastIndexOf("/");
  return { account: name.slice(0, slash), threadId: name.slice(slash + 1) };
}

function sleep(durationMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(done, durationMs);
    signal.addEventListener("abort", done, { once: true });
    function done(): void {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    }
  });
}

function report(event: string, details: Record<string, unknown>): void {
  console.log(JSON.stringify({ event, ...details }));
}
