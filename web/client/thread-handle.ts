/** A thread as one client sees it: folded from its frames, in order, each once, over as many sockets as it takes. */
import type { Frame } from "#core/frame";
import { reduce } from "#core/reduce";
import type { PendingRequest, Thread } from "#core/thread";
import type { ThreadItem } from "#protocol/item";
import type { MethodName, ParamsInput, Result } from "#protocol/methods";
import type { CommandDecision, HunksAccepted } from "#protocol/server-requests";
import type { GitInfo } from "#protocol/thread";
import type { ThreadSettings } from "#protocol/thread-settings";
import type { Turn } from "#protocol/turn";
import type { UserInput } from "#protocol/user-input";
import type { Reply, RequestOptions } from "./client.ts";
import { reconnectPauseMs } from "./connection.ts";
import { ClientClosed, ConnectionLost, ReplayUnsupported, RequestError } from "./failures.ts";
import type { CachedThread } from "./thread-cache.ts";
import { noted, type TurnNotes } from "./turn-notes.ts";
import type { Unsent } from "./unsent.ts";

/** `frame` is null when no frame changed the thread: the handle failed, or an answer was given. */
export type ThreadListener = (thread: ThreadHandle, frame: Frame | null) => void;

/** What a handle needs of its client. */
export interface Peer {
  ask<Name extends MethodName>(method: Name, params: ParamsInput<Name>, options?: RequestOptions): Promise<Reply<Result<Name>>>;
  request<Name extends MethodName>(method: Name, params: ParamsInput<Name>, options?: RequestOptions): Promise<Result<Name>>;
  respond(requestId: string, result: object): void;
  forget(thread: ThreadHandle): void;
  /** What this device keeps of the thread is older than this frame. */
  folded(thread: ThreadHandle, frame: Frame): void;
  /** What this device keeps of the thread is not what the server has. */
  uncache(thread: ThreadHandle): void;
  readonly unsent: Unsent;
}

interface Waiter {
  isMet(thread: Thread): boolean;
  resolve(thread: Thread): void;
  reject(failure: Error): void;
}

type TurnOptions = Omit<ParamsInput<"turn/start">, "threadId" | "input">;

export class ThreadHandle {
  readonly id: string;
  /** Null before its first frame. Never mutated: every frame makes a new one. */
  state: Thread | null = null;
  /** What its turns said beside their items. Never mutated either. */
  notes: TurnNotes = {};
  /** What its next turn begins with, as the server told it last; null until it did, so also while there is no network. */
  settings: ThreadSettings | null = null;
  /** The repository it belongs to, as of when we attached. */
  gitInfo: GitInfo | null = null;
  /** Why the thread is followed no more: closed, deleted, archived, not ours. */
  failure: Error | null = null;
  /** Why our last answer to a request could not be taken, by the request's id. */
  readonly refusals = new Map<string, string>();
  private readonly peer: Peer;
  /** The last frame the server had when it attached us; null while we are not attached. */
  private head: number | null;
  /** The frame that `settings` take into account: a replay tells again what was set long ago. */
  private settingsSeq = 0;
  private attaching = 0;
  private failedAttempts = 0;
  private readonly listeners = new Set<ThreadListener>();
  private readonly waiters = new Set<Waiter>();
  /** `reading`: what this device has is not there yet. `unbegun`: the server does not know of it, for its first message waits. */
  private readiness: "reading" | "unbegun" | "ready";
  private readonly preparation = Promise.withResolvers<void>();
  /** The state was on this device before the server said anything. */
  private isFromCache = false;
  /** Answers that no `serverRequest/resolved` has confirmed yet: a lost socket may have taken them with it. */
  private owesAnswers = true;

  /** `head`: where a thread stands that the server has attached us to already; null asks to be attached. */
  constructor(id: string, peer: Peer, head: number | null) {
    this.id = id;
    this.peer = peer;
    this.head = head;
    this.readiness = head === null ? "reading" : "ready";
  }

  /** Whether everything the log held when we attached is folded. False while the socket is gone: the state is then what was known last. */
  get isCaughtUp(): boolean {
    return this.head !== null && this.state !== null && this.state.seq >= this.head;
  }

  /** The turn that runs, if any. */
  get turn(): Turn | null {
    const last = this.state?.turns.at(-1);
    return last?.status === "inProgress" ? last : null;
  }

  /** Server requests that a person has to answer and we have not; calls of another client's tools are not for us. */
  get questions(): PendingRequest[] {
    return this.state?.requests.filter(({ id, method }) => method !== "item/tool/call" && !this.peer.unsent.hasAnswer(id)) ?? [];
  }

  /** Called after every folded frame. Returns how to stop. */
  subscribe(listener: ThreadListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * Starts a turn, or steers the one that runs. It happens once, however often the socket drops: `clientUserMessageId` is its key.
   */
  send(input: string | UserInput[], options: TurnOptions = {}): Promise<Result<"turn/start">> {
    const clientUserMessageId = options.clientUserMessageId ?? crypto.randomUUID();
    return this.peer.request("turn/start", { ...options, clientUserMessageId, threadId: this.id, input: inputOf(input) });
  }

  /** Adds to the running turn; refused when none runs, or when it is another by now. */
  async steer(input: string | UserInput[], clientUserMessageId: string = crypto.randomUUID()): Promise<Result<"turn/steer">> {
    const expectedTurnId = this.turn?.id;
    if (!expectedTurnId) throw new RequestError({ code: -32600, message: "no active turn to steer" });
    return this.peer.request("turn/steer", { clientUserMessageId, threadId: this.id, expectedTurnId, input: inputOf(input) });
  }

  /** Stops the running turn. Nothing to stop is no error: it ended by itself. */
  async interrupt(): Promise<void> {
    const turnId = this.turn?.id;
    if (!turnId) return;
    try {
      await this.peer.request("turn/interrupt", { threadId: this.id, turnId });
    } catch (error) {
      if (!(error instanceof RequestError && error.message === "no active turn to interrupt")) throw error;
    }
  }

  /** Answers a server request, now or when the connection is back. The first answer of all clients wins; a late one changes nothing. */
  answer(requestId: string, decision: CommandDecision): void {
    this.reply(requestId, { decision });
  }

  /**
   * Accepts these hunks of a `fileChange`'s diff and no others, by their numbers (`patchLines` counts them). Where the server cannot take that,
   * the question is open again and `refusals` says why.
   */
  answerHunks(requestId: string, hunks: number[], proposalHash: string): void {
    const result: HunksAccepted = { decision: "accept", hunks, proposalHash };
    this.reply(requestId, result);
  }

  /** The same for what is not yes or no: the result is what the request's method says. */
  reply(requestId: string, result: object): void {
    if (!this.state?.requests.some(({ id }) => id === requestId)) return;
    this.refusals.delete(requestId);
    this.peer.unsent.answer(this.id, requestId, result, this.isCaughtUp);
    if (this.isCaughtUp) this.peer.respond(requestId, result);
    this.tell(null);
  }

  /** The state as soon as it fits, which may be now. Rejects when the handle is closed or fails, or after `timeoutMs`. */
  until(isMet: (thread: Thread) => boolean, { timeoutMs }: { timeoutMs?: number } = {}): Promise<Thread> {
    if (this.failure) return Promise.reject(this.failure);
    if (this.state && isMet(this.state)) return Promise.resolve(this.state);
    const { promise, resolve, reject } = Promise.withResolvers<Thread>();
    const waiter: Waiter = { isMet, resolve, reject };
    this.waiters.add(waiter);
    if (timeoutMs === undefined) return promise;
    const timer = setTimeout(() => reject(new Error(`nothing of the kind within ${timeoutMs} ms`)), timeoutMs);
    return promise.finally(() => {
      clearTimeout(timer);
      this.waiters.delete(waiter);
    });
  }

  /** Follows the thread no more. The thread itself goes on. */
  close(): void {
    if (this.failure) return;
    this.fail(new ClientClosed());
    this.peer.forget(this);
  }

  /** For the client. Resolves when everything the log held is folded, or at once when this device has something to show. */
  async opened(): Promise<this> {
    if (this.readiness === "reading") await this.preparation.promise;
    if (this.readiness !== "unbegun" || this.failure) await this.until(() => this.isCaughtUp || this.isFromCache);
    return this;
  }

  /** For the client: what this device has of it, and whether the server is still to hear of it. */
  prepared(cached: CachedThread | null, isUnbegun: boolean): void {
    if (this.readiness !== "reading" || this.failure) return;
    this.readiness = isUnbegun && !cached ? "unbegun" : "ready";
    this.preparation.resolve();
    if (!cached || this.state) return;
    const { notes = {}, ...state } = cached;
    this.state = state;
    this.notes = notes;
    this.isFromCache = true;
    for (const { items } of state.turns) for (const item of items) this.heard(item);
    this.tell(null);
  }

  /** For the client: the server's answer to a start or a resume says what the thread runs under. */
  opensWith({ threadSettings, thread }: Result<"thread/start">, seq: number): void {
    this.gitInfo = thread.gitInfo;
    if (threadSettings && seq >= this.settingsSeq) this.setSettings(threadSettings, seq);
  }

  private setSettings(settings: ThreadSettings, seq: number): void {
    this.settings = settings;
    this.settingsSeq = seq;
  }

  /** For the client: the server began it, and has attached us. */
  begun(head: number): void {
    this.readiness = "ready";
    this.preparation.resolve();
    this.head = head;
    this.attaching += 1;
    this.tell(null);
  }

  /** For the client: there is a socket. */
  attach(): void {
    if (this.readiness !== "ready") return;
    if (this.head === null && !this.failure) void this.resume();
    else this.settle();
  }

  /** For the client: the socket is gone. */
  detach(): void {
    this.head = null;
    this.owesAnswers = true;
    this.attaching += 1;
  }

  /** For the client: a frame of this thread. */
  receive(frame: Frame): void {
    if (this.failure || frame.seq <= (this.state?.seq ?? 0)) return;
    if (!this.state && frame.method !== "thread/started") {
      // Its beginning passed before we listened: ask for everything.
      if (this.head !== null) {
        this.detach();
        void this.resume();
      }
      return;
    }
    this.state = reduce(this.state, frame);
    this.notes = noted(this.notes, frame, this.state.turns.at(-1)?.id);
    if (frame.method === "thread/settings/updated" && frame.seq > this.settingsSeq)
      this.setSettings(frame.params.threadSettings, frame.seq);
    if (frame.method === "serverRequest/resolved") {
      this.peer.unsent.resolved(String(frame.params.requestId));
      this.refusals.delete(String(frame.params.requestId));
    }
    if (frame.method === "item/started" || frame.method === "item/completed") this.heard(frame.params.item);
    this.peer.folded(this, frame);
    this.deliver();
    this.tell(frame);
  }

  /** For the client: sends the answers that wait. Not before it is known what has been resolved meanwhile. */
  deliver(): void {
    if (!this.owesAnswers || !this.isCaughtUp) return;
    this.owesAnswers = false;
    const { unsent } = this.peer;
    for (const { key, result } of unsent.answersOf(this.id)) {
      if (this.state?.requests.some(({ id }) => id === key)) {
        unsent.tried(key);
        this.peer.respond(key, result);
      } else unsent.resolved(key);
    }
  }

  /** For the client: an answer of ours cannot be taken, and the request goes on waiting. */
  answerRefused(requestId: string, message: string): void {
    if (!this.state?.requests.some(({ id }) => id === requestId) || !this.peer.unsent.withdraw(requestId)) return;
    this.refusals.set(requestId, message);
    this.tell(null);
  }

  /** For the client: it ends here. */
  fail(failure: Error): void {
    if (this.failure) return;
    this.failure = failure;
    this.head = null;
    this.preparation.resolve();
    for (const { reject } of this.waiters) reject(failure);
    this.waiters.clear();
    this.tell(null);
    this.listeners.clear();
  }

  private async resume(): Promise<void> {
    this.attaching += 1;
    const attempt = this.attaching;
    const params = { threadId: this.id, afterSeq: this.state?.seq ?? 0, excludeTurns: true };
    try {
      const { result, seq } = await this.peer.ask("thread/resume", params, { isIdempotent: false });
      if (attempt !== this.attaching) return;
      if (seq === null) throw new ReplayUnsupported();
      if (this.state && this.state.info.createdAt !== result.thread.createdAt) return this.startOver();
      this.opensWith(result, seq);
      this.head = seq;
      this.failedAttempts = 0;
      this.deliver();
      this.tell(null);
    } catch (error) {
      if (attempt === this.attaching && !(error instanceof ConnectionLost)) this.resumeFailed(error);
    }
  }

  /** The server has not, or not any more, what this device made its state of: that is worth nothing then. */
  private startOver(): void {
    this.state = null;
    this.notes = {};
    this.isFromCache = false;
    this.peer.uncache(this);
    this.tell(null);
    void this.resume();
  }

  private heard(item: ThreadItem): void {
    if (item.type === "userMessage" && item.clientId) this.peer.unsent.said(item.clientId);
  }

  /** The server's own trouble passes, say when an object is moved; a refusal stays. A lost socket is the client's to mend. */
  private resumeFailed(error: unknown): void {
    const isPassing = error instanceof RequestError && error.code === -32603;
    if (!isPassing && this.isFromCache) {
      this.startOver();
      return;
    }
    if (!isPassing) {
      this.fail(error instanceof Error ? error : new Error(String(error)));
      this.peer.forget(this);
      return;
    }
    this.failedAttempts += 1;
    const attempt = this.attaching;
    const tryAgain = () => {
      if (attempt === this.attaching && !this.failure) void this.resume();
    };
    setTimeout(tryAgain, reconnectPauseMs(this.failedAttempts, 1));
  }

  private tell(frame: Frame | null): void {
    this.settle();
    for (const listener of this.listeners) {
      try {
        listener(this, frame);
      } catch (error) {
        // A listener's mistake is its own: it surfaces, and the next frame still counts.
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }

  private settle(): void {
    const { state } = this;
    if (!state) return;
    for (const waiter of this.waiters) {
      if (!waiter.isMet(state)) continue;
      this.waiters.delete(waiter);
      waiter.resolve(state);
    }
  }
}

function inputOf(input: string | UserInput[]): ParamsInput<"turn/start">["input"] {
  return typeof input === "string" ? [{ type: "text", text: input, text_elements: [] }] : input;
}
