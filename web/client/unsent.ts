/** What waits in the outbox, and its way to the server: in order within a thread, once, over as many sockets, pages and days as it takes. */
import type { MethodName, ParamsInput, Result } from "#protocol/methods";
import type { UserInput } from "#protocol/user-input";
import type { RequestOptions } from "./client.ts";
import { reconnectPauseMs } from "./connection.ts";
import { ClientClosed, ConnectionLost, CredentialEnded, isAccountLimit, RequestError, TooManyRequests, TooManyUnsent } from "./failures.ts";
import { clientLimits } from "./limits.ts";
import type { BeginOptions, Outbox, TurnOptions, UnsentAnswer, UnsentMessage } from "./outbox.ts";

/** A message on its way. `sent`: the server has it, and its frame is about to come. */
export interface OutgoingMessage extends UnsentMessage {
  state: "waiting" | "sending" | "sent" | "failed";
}

/** An answer that came too late: somebody else, or the turn's end, was first. */
export type LateAnswer = Pick<UnsentAnswer, "key" | "threadId">;

/** What it needs of its client. */
export interface UnsentPeer {
  request<Name extends MethodName>(method: Name, params: ParamsInput<Name>, options?: RequestOptions): Promise<Result<Name>>;
  /** Begins a thread under an id of ours; a retry begins nothing more. */
  begin(threadId: string, params: BeginOptions): Promise<void>;
  /** Whether frames of the thread come in, so that the message will be seen among them. */
  isFollowing(threadId: string): boolean;
  /** There are answers for this thread. */
  answered(threadId: string): void;
}

export class Unsent {
  /** When what an earlier page left is known. */
  readonly loaded: Promise<void>;
  private readonly outbox: Outbox;
  private readonly peer: UnsentPeer;
  private readonly now: () => number;
  private readonly random: () => number;
  private messages: OutgoingMessage[] = [];
  private readonly answers = new Map<string, UnsentAnswer>();
  private late: LateAnswer[] = [];
  /** What is in the storage for sure: when it is gone from there, another page has dealt with it. */
  private readonly kept = new Set<string>();
  /** Dealt with here: a reading that began before must not bring it back. */
  private readonly done = new Set<string>();
  private readonly begun = new Set<string>();
  private readonly busy = new Set<string>();
  private readonly listeners = new Set<() => void>();
  private storing: Promise<void> = Promise.resolve();
  private lastWrittenAt = 0;
  private failedAttempts = 0;
  private pause: ReturnType<typeof setTimeout> | undefined;
  private maySend = false;

  constructor(outbox: Outbox, peer: UnsentPeer, { now, random }: { now: () => number; random: () => number }) {
    this.outbox = outbox;
    this.peer = peer;
    this.now = now;
    this.random = random;
    this.loaded = this.refresh();
    outbox.onChange(() => void this.refresh().then(() => this.sendAll()));
  }

  /** Oldest first. What the log has is not among them. */
  messagesOf(threadId: string): OutgoingMessage[] {
    return this.messages.filter((message) => message.threadId === threadId);
  }

  /** Of all threads. Another array after every change. */
  get all(): readonly OutgoingMessage[] {
    return this.messages;
  }

  /** Answers that were too late, until somebody has seen it. */
  get lateAnswers(): readonly LateAnswer[] {
    return this.late;
  }

  /** Called after every change. Returns how to stop. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Keeps a message and sends it as soon as there is a connection. Resolves when it is kept; answers its key. */
  async send(
    threadId: string,
    input: string | UserInput[],
    { method = "turn/start", begins = null, ...options }: TurnOptions & Partial<Pick<UnsentMessage, "method" | "begins">> = {},
  ): Promise<string> {
    if (this.messages.length >= clientLimits.unsentMessagesMax) throw new TooManyUnsent(clientLimits.unsentMessagesMax);
    // Two messages of one millisecond keep their order.
    this.lastWrittenAt = Math.max(this.now(), this.lastWrittenAt + 1);
    const message: OutgoingMessage = {
      type: "message",
      key: crypto.randomUUID(),
      threadId,
      input: typeof input === "string" ? [{ type: "text", text: input, text_elements: [] }] : input,
      method,
      options,
      begins: begins ?? this.beginningOf(threadId),
      writtenAt: this.lastWrittenAt,
      isTried: false,
      failure: null,
      state: "waiting",
    };
    // Shown when it is kept, and not before: who sees it may close the page. Another page may have found it by now.
    await this.keep(message);
    if (!this.message(message.key) && !this.done.has(message.key)) {
      this.messages = [...this.messages, message].toSorted((one, other) => one.writtenAt - other.writtenAt);
      this.tell();
    }
    void this.sendFrom(threadId);
    return message.key;
  }

  /** The same for a thread that begins with this message. Answers the thread's id, which it has also before the server knows of it. */
  async begin(input: string | UserInput[], begins: BeginOptions = {}, options: TurnOptions = {}): Promise<string> {
    const threadId = crypto.randomUUID();
    await this.send(threadId, input, { ...options, begins });
    return threadId;
  }

  /** What the thread begins with, if the server does not know of it yet. */
  beginningOf(threadId: string): BeginOptions | null {
    if (this.begun.has(threadId)) return null;
    return this.messages.find((message) => message.threadId === threadId && message.begins)?.begins ?? null;
  }

  /** Sends a refused message once more. */
  retry(key: string): void {
    const message = this.message(key);
    if (message?.state !== "failed") return;
    const again = this.change(message, { state: "waiting", failure: null });
    void this.keep(again).then(() => this.sendFrom(message.threadId));
  }

  /** Takes a message back, to be written anew or forgotten. Null when the server may have it already. */
  take(key: string): UnsentMessage | null {
    const message = this.message(key);
    if (!message || (message.state !== "failed" && (message.state !== "waiting" || message.isTried))) return null;
    this.discard(key);
    return message;
  }

  /** Keeps an answer to a server request until the log says that the request is resolved. */
  answer(threadId: string, key: string, result: object, isTried: boolean): void {
    // A thread at work may ask the same again under the same id.
    this.done.delete(key);
    const answer: UnsentAnswer = { type: "answer", key, threadId, result, writtenAt: this.now(), isTried };
    this.answers.set(key, answer);
    void this.keep(answer);
    this.tell();
  }

  answersOf(threadId: string): UnsentAnswer[] {
    return [...this.answers.values()].filter((answer) => answer.threadId === threadId);
  }

  hasAnswer(key: string): boolean {
    return this.answers.has(key);
  }

  /** An answer goes out. */
  tried(key: string): void {
    const answer = this.answers.get(key);
    if (!answer || answer.isTried) return;
    this.answers.set(key, { ...answer, isTried: true });
    void this.keep({ ...answer, isTried: true });
  }

  /** The request waits for nobody any more. What was never sent cannot have been what resolved it. */
  resolved(key: string): void {
    const answer = this.answers.get(key);
    if (!answer) return;
    if (!answer.isTried) this.late = [...this.late, { key, threadId: answer.threadId }];
    this.discard(key);
  }

  /** The server cannot take this answer. Whether there was one. */
  withdraw(key: string): boolean {
    const isKnown = this.answers.has(key);
    if (isKnown) this.discard(key);
    return isKnown;
  }

  dismissLate(key: string): void {
    this.late = this.late.filter((late) => late.key !== key);
    this.tell();
  }

  /** The log has the message. */
  said(key: string): void {
    if (this.message(key)) this.discard(key);
  }

  /** Nobody waits for frames of this thread: those that would show what is sent do not come. */
  left(threadId: string): void {
    const shown = this.messages.filter((message) => message.threadId !== threadId || message.state !== "sent");
    if (shown.length === this.messages.length) return;
    this.messages = shown;
    this.tell();
  }

  /** The thread is no more, and neither is what waits for it. */
  deleted(threadId: string): void {
    for (const { key } of [...this.messagesOf(threadId), ...this.answersOf(threadId)]) this.discard(key);
  }

  /** There is a connection, and it is the right account's. */
  resume(): void {
    this.maySend = true;
    this.failedAttempts = 0;
    void this.loaded.then(() => this.sendAll());
  }

  suspend(): void {
    this.maySend = false;
    clearTimeout(this.pause);
  }

  private sendAll(): void {
    for (const threadId of new Set(this.messages.map((message) => message.threadId))) void this.sendFrom(threadId);
    if (!this.maySend) return;
    for (const threadId of new Set([...this.answers.values()].map((answer) => answer.threadId))) this.peer.answered(threadId);
  }

  private async sendFrom(threadId: string): Promise<void> {
    if (!this.maySend || this.busy.has(threadId) || !this.nextOf(threadId)) return;
    this.busy.add(threadId);
    try {
      await this.outbox.exclusively(threadId, async () => {
        // What another page sent while this one waited is not there any more.
        await this.refresh();
        for (let next = this.nextOf(threadId); next && this.maySend; next = this.nextOf(threadId)) await this.sendOne(next);
      });
      this.failedAttempts = 0;
    } catch {
      // Passing trouble, told by its message's state; a lost connection is mended by the client.
      if (this.maySend) this.sendLater();
    } finally {
      this.busy.delete(threadId);
    }
    // It may have been written between the last look and here.
    if (this.failedAttempts === 0) void this.sendFrom(threadId);
  }

  /** Rejects with trouble that passes. */
  private async sendOne(waiting: OutgoingMessage): Promise<void> {
    const { key, threadId, input, method, options } = waiting;
    const message = this.change(waiting, { state: "sending", isTried: true });
    if (!waiting.isTried) await this.keep(message);
    try {
      if (message.begins && !this.begun.has(threadId)) await this.peer.begin(threadId, message.begins);
      this.begun.add(threadId);
      // Not repeated by the client: the next socket may be another account's.
      await this.peer.request(method, { ...options, threadId, input, clientUserMessageId: key }, { isIdempotent: false });
    } catch (error) {
      // Its frame may have come all the same.
      if (!this.message(key)) return;
      if (isPassing(error)) {
        this.change(message, { state: "waiting" });
        throw error;
      }
      const failure = error instanceof Error ? error.message : String(error);
      await this.keep(this.change(message, { state: "failed", failure }));
      return;
    }
    if (method !== "turn/start" || !this.peer.isFollowing(threadId)) this.discard(key);
    else if (this.message(key)) {
      this.forget(key);
      this.change(message, { state: "sent" });
    }
  }

  private sendLater(): void {
    clearTimeout(this.pause);
    this.failedAttempts += 1;
    this.pause = setTimeout(() => this.sendAll(), reconnectPauseMs(this.failedAttempts, this.random()));
  }

  /** One after the other: a message that was refused waits for its writer, and those behind it go on. */
  private nextOf(threadId: string): OutgoingMessage | undefined {
    return this.messages.find((message) => message.threadId === threadId && message.state === "waiting");
  }

  private message(key: string): OutgoingMessage | undefined {
    return this.messages.find((message) => message.key === key);
  }

  /** What other pages wrote, and what they have dealt with. */
  private async refresh(): Promise<void> {
    const known = new Set(this.kept);
    // Without storage there is only what this page knows.
    const stored = await this.outbox.read().catch(() => null);
    if (!stored) return;
    const there = new Set(stored.map(({ key }) => key));
    for (const key of known) if (!there.has(key)) this.goneElsewhere(key);
    for (const entry of stored) {
      if (this.done.has(entry.key)) continue;
      this.kept.add(entry.key);
      if (entry.type === "answer" && !this.answers.has(entry.key)) this.answers.set(entry.key, entry);
      if (entry.type === "message" && !this.message(entry.key)) {
        this.messages = [...this.messages, { ...entry, state: entry.failure === null ? "waiting" : "failed" }];
      }
    }
    this.messages = this.messages.toSorted((one, other) => one.writtenAt - other.writtenAt);
    this.tell();
  }

  private goneElsewhere(key: string): void {
    this.kept.delete(key);
    this.answers.delete(key);
    this.messages = this.messages.filter(
      (message) => message.key !== key || message.state === "sending" || message.state === "sent",
    );
  }

  /** Never mutated: views compare. */
  private change(message: OutgoingMessage, change: Partial<OutgoingMessage>): OutgoingMessage {
    const changed = { ...message, ...change };
    this.messages = this.messages.map((other) => (other.key === message.key ? changed : other));
    this.tell();
    return changed;
  }

  /** Resolves when it is kept, or cannot be: then it is sent all the same, and only a reload would lose it. */
  private keep(entry: OutgoingMessage | UnsentAnswer): Promise<void> {
    const { state: _, ...kept } = { state: null, ...entry };
    return this.store(async () => {
      if (this.done.has(entry.key)) return;
      await this.outbox.write(kept);
      this.kept.add(entry.key);
    });
  }

  private discard(key: string): void {
    this.messages = this.messages.filter((message) => message.key !== key);
    this.answers.delete(key);
    this.forget(key);
    this.tell();
  }

  private forget(key: string): void {
    this.done.add(key);
    void this.store(async () => {
      this.kept.delete(key);
      await this.outbox.remove(key);
    });
  }

  /** In the order in which it was asked for: a removal must not be overtaken by what it removes. */
  private store(work: () => Promise<void>): Promise<void> {
    this.storing = this.storing.then(work).catch(() => {});
    return this.storing;
  }

  private tell(): void {
    for (const listener of this.listeners) listener();
  }
}

/** The connection's trouble, or the server's own. Everything else would be refused again; of an account's limit its person has to know. */
function isPassing(error: unknown): boolean {
  if (error instanceof RequestError && isAccountLimit(error.data)) return false;
  if (error instanceof RequestError) return error.code === -32603 || error.code === -32001;
  return [ConnectionLost, ClientClosed, CredentialEnded, TooManyRequests].some((kind) => error instanceof kind);
}
