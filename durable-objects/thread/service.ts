/** What the other objects may ask of a thread. What it refuses is a value: an error would lose its shape between two objects. */

import type { Decision, PrivateEvent } from "#core/private";
import type { PendingRequest } from "#core/thread";
import { protocolVersion } from "#models/catalogue";
import { Refusal, refusals, type WireError } from "#protocol/errors";
import type { Params, Request, Result } from "#protocol/methods";
import { type ServerRequestMethod, serverRequests } from "#protocol/server-requests";
import type { ThreadPlace } from "#protocol/thread";
import { acceptedPart, namesHunks } from "#thread/accepted-part";
import { attachCreator, attachForker, resume } from "#thread/attach";
import { CommandExecutions, isCommandExecRequest } from "#thread/command-exec";
import { answerFile, isFileRequest, refusingPaths } from "#thread/files";
import { fork } from "#thread/fork";
import { type ForkPage, type ForkRead, readFork } from "#thread/fork-source";
import { importThread } from "#thread/import";
import type { Attached, Client, Reply, Subscriber } from "#thread/reply";
import { answer, isThreadRequest, requireProvider, requireThread, startThread } from "#thread/requests";
import type { ThreadRuntime } from "#thread/runtime";
import { TurnAdmission } from "#thread/turn-admission";
import type { FileWatch } from "#thread/watch";

/** What a client answered to a server request: a result, or an error of its own. */
export type ClientAnswer = { result: unknown } | { error: unknown };

export class ThreadService {
  private readonly runtime: ThreadRuntime;
  private readonly defaultModel: string;
  private forking: Promise<void> | null = null;
  readonly commands: CommandExecutions;
  private readonly admission: TurnAdmission;

  constructor(runtime: ThreadRuntime, defaultModel: string) {
    this.runtime = runtime;
    this.defaultModel = defaultModel;
    this.commands = new CommandExecutions(runtime);
    this.admission = new TurnAdmission(runtime);
  }

  /** Asked again by a client that named the thread, say because the answer was lost, it is there. */
  startThread(params: Params<"thread/start">, client: Client, subscriber: Subscriber): Promise<Attached> {
    return refusable<Attached>(async () => {
      const { runtime, defaultModel } = this;
      if (!runtime.thread && !params.ephemeral) await runtime.accountLimits.admitThread();
      if (!runtime.thread) startThread(runtime, params, { originator: client.name, defaultModel, version: protocolVersion });
      else if (params.threadId) requireThread(runtime, "thread/resume");
      else throw new Refusal(refusals.invalidRequest(`thread ${runtime.host.threadId} exists already`));
      return attachCreator(runtime, subscriber);
    });
  }

  /** The thread of this object comes to be as a fork of another. Asked again, say because the answer was lost, it is there. */
  forkThread(params: Params<"thread/fork">, client: Client, subscriber: Subscriber): Promise<Attached> {
    return refusable<Attached>(async () => {
      const { runtime } = this;
      if (params.ephemeral && !params.excludeTurns) throw new Refusal(refusals.forkEphemeralTurns());
      if (params.ephemeral && params.deferGoalContinuation) throw new Refusal(refusals.forkEphemeralGoal());
      for (const field of ["attachToSource", "experimentalPredictionMode"] as const) {
        if (params[field]) throw new Refusal(refusals.notSupported(`thread/fork.${field}`));
      }
      requireProvider(params.modelProvider);
      if (!runtime.thread && !params.ephemeral && !this.forking) await runtime.accountLimits.admitThread();
      if (!runtime.thread) {
        this.forking ??= fork(runtime, params, { originator: client.name, version: protocolVersion }).finally(() => {
          this.forking = null;
        });
        await this.forking;
        await runtime.outbox.flush();
        runtime.schedule();
      }
      if (runtime.current.info.forkedFromId !== params.threadId) {
        throw new Refusal(refusals.invalidRequest(`thread ${runtime.host.threadId} exists already`));
      }
      return attachForker(runtime, subscriber, params.excludeTurns);
    });
  }

  /** Another thread that is being forked from this one reads it. */
  readFork(read: ForkRead): Promise<ForkPage> {
    return refusable<ForkPage>(() => readFork(this.runtime, read));
  }

  /** The thread of this object comes to be as a file tells of it. */
  private async importThread(params: Params<"spindle/thread/import">): Promise<Reply> {
    const { runtime, defaultModel } = this;
    if (!runtime.thread) {
      // Asked before pages are sent for nothing, and again before the thread is there.
      if (params.page === 0 || params.isLast) await runtime.accountLimits.admitThread();
      await runtime.accountLimits.admitGrowth(params.lines.reduce((characters, line) => characters + line.length, 0));
    }
    const result = importThread(runtime, params, { defaultModel, version: protocolVersion });
    if (result.thread) {
      await runtime.outbox.flush();
      runtime.schedule();
    }
    return { resultText: JSON.stringify(result), seq: runtime.thread?.seq ?? 0 };
  }

  resumeThread(params: Params<"thread/resume">, subscriber: Subscriber): Promise<Attached> {
    return refusable<Attached>(async () => {
      const place = await this.place();
      return resume(this.runtime, params, subscriber, place);
    });
  }

  detach(connection: string): void {
    if (this.runtime.thread) this.runtime.detach(connection);
  }

  /** The connection's socket is closed. */
  hangUp(connection: string): void {
    this.detach(connection);
    this.commands.end(connection);
    if (this.runtime.thread) this.runtime.fileWatch.remove(connection);
  }

  /** `connection` names who asks, for what is theirs alone; `trace` is the client's `traceparent`. */
  request(request: Request, connection: string, trace: string | null = null): Promise<Reply> {
    return refusable<Reply>(async () => {
      const { runtime } = this;
      if (isCommandExecRequest(request)) {
        requireThread(runtime, request.method);
        const result = await refusingPaths(() => this.commands.answer(request, connection));
        return { resultText: JSON.stringify(result), seq: runtime.current.seq };
      }
      if (request.method === "fs/watch" || request.method === "fs/unwatch") {
        requireThread(runtime, request.method);
        const result = await refusingPaths(() => answerWatch(runtime.fileWatch, request, connection));
        return { resultText: JSON.stringify(result), seq: runtime.current.seq };
      }
      if (isFileRequest(request)) {
        requireThread(runtime, request.method);
        return { resultText: JSON.stringify(await answerFile(runtime, request)), seq: runtime.current.seq };
      }
      if (request.method === "spindle/thread/import") return this.importThread(request.params);
      if (!isThreadRequest(request)) throw new Refusal(refusals.notSupported(request.method));
      const result = await this.admission.inOrder(request, () => runtime.under(trace, () => answer(runtime, request)));
      const { seq } = runtime.current;
      return { resultText: JSON.stringify(showsThread(result) ? await this.placed(result) : result), seq };
    });
  }

  private async placed<Shown extends { thread: object }>(result: Shown): Promise<Shown> {
    return { ...result, thread: { ...result.thread, ...(await this.place()) } };
  }

  /** A thread is shown without its section rather than not at all. */
  private async place(): Promise<ThreadPlace> {
    const { host, thread } = this.runtime;
    const nowhere = { section: null, sectionEnteredAt: null };
    if (!thread || thread.info.ephemeral) return nowhere;
    try {
      return await host.place();
    } catch (error) {
      host.report("directoryUnreachable", { error: String(error) });
      return nowhere;
    }
  }

  forgetFragments(fragmentIds: readonly string[]): void {
    const { runtime } = this;
    if (!runtime.thread) return;
    for (const id of fragmentIds) runtime.memory.forgotten.add(id);
    runtime.host.transaction(() => runtime.notes.forget(fragmentIds));
  }

  /** Deletes for good. The storage goes a moment later, when the thread's clients have heard of it. */
  deleteThread(): Promise<Reply> {
    return refusable<Reply>(async () => {
      const { runtime } = this;
      requireThread(runtime, "thread/delete");
      if (runtime.current.work) runtime.interrupt();
      runtime.commit([{ method: "thread/deleted", params: { threadId: runtime.host.threadId } }]);
      await runtime.outbox.flush();
      runtime.schedule();
      return { resultText: "{}", seq: runtime.current.seq };
    });
  }

  /** Null where it was taken, or came too late. What is refused has changed nothing: somebody may still answer. */
  respond(requestId: string, reply: ClientAnswer): WireError | null {
    const asked = this.runtime.thread?.requests.find(({ id }) => id === requestId);
    if (!asked) return null;
    try {
      this.runtime.respond(requestId, this.answerTo(asked, reply));
      return null;
    } catch (error) {
      if (error instanceof Refusal) return error.wire;
      throw error;
    }
  }

  private answerTo(asked: PendingRequest, reply: ClientAnswer): Extract<PrivateEvent, { type: "decided" | "answered" }> {
    const { id: requestId, method } = asked;
    if (method === "item/tool/requestUserInput" || method === "item/tool/call") {
      return { type: "answered", requestId, answer: answerOf(method, reply) };
    }
    if (!("result" in reply && namesHunks(reply.result))) {
      return { type: "decided", requestId, decision: decisionOf(method, reply) };
    }
    const part = acceptedPart(this.runtime, asked, reply.result);
    return { type: "decided", requestId, decision: "accept", ...(part ? { part } : {}) };
  }
}

function showsThread(result: unknown): result is { thread: object } {
  return typeof result === "object" && result !== null && "thread" in result && typeof result.thread === "object";
}

function answerWatch(
  fileWatch: FileWatch,
  request: Extract<Request, { method: "fs/watch" | "fs/unwatch" }>,
  connection: string,
): Result<"fs/watch" | "fs/unwatch"> {
  if (request.method === "fs/watch") return fileWatch.add(request.params, connection);
  fileWatch.remove(connection, request.params.watchId);
  return {};
}

async function refusable<Result>(attempt: () => Result | Promise<Result>): Promise<Result | { refused: WireError }> {
  try {
    return await attempt();
  } catch (error) {
    if (error instanceof Refusal) return { refused: error.wire };
    throw error;
  }
}

/** Both approvals take the same four words; a command's amendment of the policy is an acceptance for the session here. */
function decisionOf(method: ServerRequestMethod, reply: ClientAnswer): Decision {
  const answer = answerOf(method, reply);
  if (typeof answer !== "object" || answer === null || !("decision" in answer)) return "garbage";
  const { decision } = answer;
  if (typeof decision === "string") return decision;
  return "acceptWithExecpolicyAmendment" in decision ? "acceptForSession" : "accept";
}

/** Null for an error, and for what does not fit. */
function answerOf(method: ServerRequestMethod, reply: ClientAnswer) {
  if (!("result" in reply)) return null;
  return serverRequests[method].result.safeParse(reply.result).data ?? null;
}
