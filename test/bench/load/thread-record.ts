/** What the clients of one thread heard, all of them together: each frame's text once, at its number. */
import type { LogCounts, LogFrame } from "../../checks/metrics/log-counts.ts";

export class ThreadRecord {
  readonly threadId: string;
  /** By `seq`; index 0 is not used. */
  readonly texts: string[] = [""];
  turnsStarted = 0;
  turnsEnded = 0;
  private readonly counts: LogCounts;

  constructor(threadId: string, counts: LogCounts) {
    this.threadId = threadId;
    this.counts = counts;
  }

  get lastSeq(): number {
    return this.texts.length - 1;
  }

  get isWorking(): boolean {
    return this.turnsStarted > this.turnsEnded;
  }

  /** What is wrong with the frame; null where it is the next one, or what another client heard at this place. */
  take(seq: number, text: string, frame: LogFrame): string | null {
    if (seq <= this.lastSeq) return this.texts[seq] === text ? null : `frame ${seq} differs from what another client heard`;
    if (seq > this.lastSeq + 1) return `frame ${seq} came, and nobody heard ${this.lastSeq + 1}`;
    this.texts.push(text);
    this.counts.take(frame);
    if (frame.method === "turn/started") this.turnsStarted += 1;
    if (frame.method === "turn/completed") this.turnsEnded += 1;
    return null;
  }
}
