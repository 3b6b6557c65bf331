/**
 * One socket of the crowd. It follows one thread and judges each frame as it comes: the next one by its number, and to the letter what
 * the thread's other clients heard. It can stop reading, read slowly, vanish without a word, and come back for what it missed.
 */
import { limits } from "#core/limits";
import { pause } from "../../checks/process-group.ts";
import { RawClient, type RawMessage } from "../../checks/raw-client.ts";
import type { ThreadRecord } from "./thread-record.ts";

/** What all clients of the crowd share. */
export interface Field {
  port: number;
  /** What the clients counted of what no log says. */
  counted: {
    sockets: number;
    framesHeard: number;
    replays: number;
    replayedFrames: number;
    /** Frames of a client's thread between the last it heard before it vanished, and the one that it resumed at. */
    framesMissed: number;
    closedAsSlow: number;
  };
  /** What clients found wrong; the first hundred. */
  problems: readonly string[];
  fail(what: string): void;
}

/** Nothing of a server that works takes so long, busy as it may be. */
const patienceMs = 120_000;

export class LoadClient {
  readonly record: ThreadRecord;
  cursor = 0;
  private onFrame: (message: RawMessage) => void = () => {};
  private readonly field: Field;
  private readonly token: string;
  private raw: RawClient | null = null;
  private acknowledged = 0;
  private missedThrough = 0;
  private hasVanished = false;

  constructor(field: Field, { token, record }: { token: string; record: ThreadRecord }) {
    this.field = field;
    this.token = token;
    this.record = record;
  }

  /** A client of the same account on the same thread, which has heard nothing yet. */
  another(): LoadClient {
    return new LoadClient(this.field, { token: this.token, record: this.record });
  }

  /** Begins the thread, and follows it from its first frame. */
  async start(): Promise<void> {
    await this.open();
    await this.ask("thread/start", { threadId: this.record.threadId, approvalPolicy: "on-request" });
  }

  /** Comes to the thread or comes back, and has everything it missed when this returns. */
  async follow(): Promise<void> {
    await this.open();
    const { cursor } = this;
    const { seq = 0 } = await this.ask("thread/resume", {
      threadId: this.record.threadId,
      afterSeq: cursor,
      excludeTurns: true,
    });
    const { counted } = this.field;
    counted.replays += 1;
    if (this.hasVanished) counted.framesMissed += seq - cursor;
    this.hasVanished = false;
    this.missedThrough = seq;
    // Of what came already, behind the answer in the same piece of the stream, it was not known that it was missed.
    counted.replayedFrames += Math.min(this.cursor, seq) - cursor;
    await this.until(() => this.cursor >= seq);
  }

  /** A turn from its question to its end, whatever diff it proposes answered so; milliseconds. Without text `firstDelta` is NaN. */
  async turn(text: string, decision: "accept" | "decline"): Promise<{ firstDelta: number; whole: number }> {
    const askedAt = performance.now();
    const since = () => performance.now() - askedAt;
    let [firstDelta, whole] = [Number.NaN, Number.NaN];
    this.onFrame = ({ id, method }) => {
      if (method === "item/agentMessage/delta" && Number.isNaN(firstDelta)) firstDelta = since();
      if (method === "item/fileChange/requestApproval") this.raw?.send({ id, result: { decision } });
      if (method === "turn/completed") whole = since();
    };
    await this.ask("turn/start", { threadId: this.record.threadId, input: [{ type: "text", text }] });
    await this.until(() => !Number.isNaN(whole));
    return { firstDelta, whole };
  }

  stopReading(): void {
    this.raw?.stopReading();
  }

  goOnReading(): void {
    this.raw?.goOnReading();
  }

  /** No close, no more packets. */
  vanish(): void {
    const { raw } = this;
    this.leave();
    raw?.vanish();
    this.hasVanished = true;
  }

  /** Reads on after it read nothing for long. Returns the server's close code; the client is away then. */
  async findItselfClosed(): Promise<number | null> {
    const { raw } = this;
    if (!raw) throw new Error("a client that is away was closed by nobody");
    this.leave();
    raw.goOnReading();
    await Promise.race([raw.ended, pause(patienceMs)]);
    if (raw.closeCode === 1013) this.field.counted.closedAsSlow += 1;
    return raw.closeCode;
  }

  /** Throws after a while, and at once where anything is wrong: whoever misses a frame would wait for it in vain. */
  async until(isSo: () => boolean): Promise<void> {
    for (const deadline = Date.now() + patienceMs; !isSo(); await pause(20)) {
      const [problem] = this.field.problems;
      if (problem !== undefined) throw new Error(problem);
      if (Date.now() < deadline) continue;
      throw new Error(`a client of ${this.record.threadId} stands still at frame ${this.cursor} of ${this.record.lastSeq}`);
    }
  }

  private leave(): void {
    this.raw = null;
    this.field.counted.sockets -= 1;
  }

  private async open(): Promise<void> {
    const raw = await RawClient.open(this.field.port, { authorization: `Bearer ${this.token}` });
    raw.onMessage = (message, text) => this.take(message, text);
    this.raw = raw;
    this.acknowledged = 0;
    void raw.ended.then(() => {
      if (this.raw === raw) this.field.fail(`${this.record.threadId}: a client that reads was closed with ${raw.closeCode}`);
    });
    await this.ask("initialize", {
      clientInfo: { name: "load", title: null, version: "1" },
      capabilities: { experimentalApi: true, extensions: { "spindle/replay": {}, "spindle/acknowledge": {} } },
    });
    raw.send({ method: "initialized" });
    this.field.counted.sockets += 1;
  }

  private async ask(method: string, params: object): Promise<RawMessage> {
    const { raw } = this;
    if (!raw) throw new Error(`${method} by a client that is away`);
    const gone = raw.ended.then((): RawMessage => {
      throw new Error(`the socket ended before ${method} was answered`);
    });
    // Whoever lost the race fails unheard.
    gone.catch(() => {});
    return Promise.race([raw.ask(method, params), gone]);
  }

  private take(message: RawMessage, text: string): void {
    this.acknowledge();
    const { seq, method } = message;
    // Without a number it is no frame of a log: what is told to everybody of the account.
    if (seq === undefined || method === undefined) return;
    const { counted } = this.field;
    counted.framesHeard += 1;
    const problem = this.record.take(seq, text, { method, params: message.params });
    if (problem) this.field.fail(`${this.record.threadId}: ${problem}`);
    if (seq <= this.cursor) {
      // Only a question that still waits comes twice.
      if (message.id === undefined) this.field.fail(`${this.record.threadId}: frame ${seq} came twice to one client`);
    } else {
      if (seq !== this.cursor + 1) this.field.fail(`${this.record.threadId}: ${seq} came behind ${this.cursor}`);
      if (seq <= this.missedThrough) counted.replayedFrames += 1;
      this.cursor = seq;
    }
    this.onFrame(message);
  }

  private acknowledge(): void {
    const { raw } = this;
    if (!raw) return;
    const characters = raw.readCharacters - this.acknowledged;
    if (characters < limits.acknowledgeCharacters) return;
    this.acknowledged = raw.readCharacters;
    raw.send({ method: "spindle/read", params: { characters } });
  }
}
