/** A server whose threads begin and hear messages once for each key, and a network that tears anywhere. */
import type { Draft, Frame } from "#core/frame";
import type { ItemOf } from "#protocol/item";
import { turn, wireThread } from "#test/core/threads";
import { FakeServer, type FakeSocket } from "./fake-server.ts";

export class UnsentWorld extends FakeServer {
  /** Threads that were begun, in order. */
  readonly begun: string[] = [];
  /** What becomes of the next request: nothing of it arrives, its answer is lost, the server is in trouble, or all goes well. */
  tear: () => "before" | "after" | "busy" | null = () => null;
  /** The account has used what it may. */
  isFull = false;
  /** How long after an answer its frames come; null for at once. */
  frameDelayMs: number | null = null;
  private readonly followers = new Map<FakeSocket, Set<string>>();

  constructor() {
    super();
    this.handlers["thread/start"] = ({ threadId }, socket) => this.torn(socket, () => this.begin(String(threadId), socket));
    this.handlers["thread/resume"] = ({ threadId, afterSeq }, socket) => this.resume(String(threadId), Number(afterSeq), socket);
    this.handlers["turn/start"] = (params, socket) => this.torn(socket, () => this.say(params));
    this.handlers["thread/queue/add"] = (params, socket) => this.torn(socket, () => this.say(params));
  }

  /** The texts of a thread's messages, as its log has them. */
  saidIn(threadId: string): string[] {
    return (this.logs.get(threadId) ?? []).flatMap((frame) =>
      frame.method === "item/completed" && frame.params.item.type === "userMessage" ? [textOf(frame.params.item)] : [],
    );
  }

  /** The log goes on, and whoever follows hears it. */
  append(threadId: string, ...drafts: Draft[]): void {
    const log = this.logs.get(threadId) ?? [];
    this.logs.set(threadId, log);
    for (const draft of drafts) {
      const frame = { ...draft, seq: log.length + 1, emittedAtMs: 0 } as Frame;
      log.push(frame);
      // The answer goes before the frames that it caused.
      for (const [socket, followed] of this.followers) {
        if (!followed.has(threadId)) continue;
        if (this.frameDelayMs === null) queueMicrotask(() => socket.deliver(frame));
        else setTimeout(() => socket.deliver(frame), this.frameDelayMs);
      }
    }
  }

  private follow(threadId: string, socket: FakeSocket): void {
    this.followers.set(socket, (this.followers.get(socket) ?? new Set()).add(threadId));
  }

  private torn(socket: FakeSocket, serve: () => unknown): unknown {
    const tear = this.tear();
    if (tear === "busy") throw { code: -32603, message: "Spindle failed to answer this request." };
    if (tear === "before") return void queueMicrotask(() => socket.drop());
    const result = serve();
    if (tear === null) return result;
    return void queueMicrotask(() => socket.drop());
  }

  private resume(threadId: string, afterSeq: number, socket: FakeSocket): unknown {
    const last = this.logs.get(threadId)?.length;
    if (last === undefined) throw { code: -32600, message: `no rollout found for thread id ${threadId}` };
    if (afterSeq > last) throw { code: -32600, message: `afterSeq ${afterSeq} is beyond the thread's last frame ${last}` };
    this.follow(threadId, socket);
    return { thread: this.threadOf(threadId) };
  }

  private begin(threadId: string, socket: FakeSocket): unknown {
    this.follow(threadId, socket);
    if (!this.logs.has(threadId)) {
      this.begun.push(threadId);
      this.append(threadId, { method: "thread/started", params: { thread: { ...wireThread, id: threadId } } });
    }
    return { thread: this.threadOf(threadId) };
  }

  private say(params: Record<string, unknown>): unknown {
    const threadId = String(params.threadId);
    const clientId = String(params.clientUserMessageId);
    const log = this.logs.get(threadId);
    if (!log) throw { code: -32600, message: `thread not found: ${threadId}` };
    const input = params.input as ItemOf<"userMessage">["content"];
    if (input.some((part) => part.type === "text" && part.text === "refuse me")) throw { code: -32602, message: "Input is bad." };
    if (this.isFull)
      throw { code: -32001, message: "this account may begin 2 turns a minute, and has", data: { reason: "accountLimit" } };
    const isKnown = log.some((frame) => frame.method === "item/completed" && Object(frame.params.item).clientId === clientId);
    if (!isKnown) {
      const place = { threadId, turnId: `turn-${log.length}` };
      const times = { startedAtMs: 0, completedAtMs: 0 };
      const item: ItemOf<"userMessage"> = { type: "userMessage", id: `u-${log.length}`, clientId, content: input, ...times };
      this.append(
        threadId,
        { method: "turn/started", params: { threadId, turn: { ...turn, id: place.turnId } } },
        { method: "item/started", params: { item, ...place, startedAtMs: 0 } },
        { method: "item/completed", params: { item, ...place, contentTokenCount: null, completedAtMs: 0 } },
        { method: "turn/completed", params: { threadId, turn: { ...turn, id: place.turnId, status: "completed" } } },
      );
    }
    return { turn: { id: "turn" } };
  }
}

function textOf({ content }: ItemOf<"userMessage">): string {
  return content.map((part) => (part.type === "text" ? part.text : "")).join("");
}
