/** What went over the wire, as questions: which answer belongs to which request, what was refused, what no schema allows. */
import { validateFrame } from "../../support/codex-schema.ts";
import type { RecordedMessage, Recorder } from "../recorder.ts";

export class Wire {
  private readonly recorder: Recorder;
  private readonly askedByAnswer = new Map<RecordedMessage, RecordedMessage>();
  private readonly answerByAsked = new Map<RecordedMessage, RecordedMessage>();
  private readonly open = new Map<string, RecordedMessage>();
  private paired = 0;

  constructor(recorder: Recorder) {
    this.recorder = recorder;
  }

  get messages(): readonly RecordedMessage[] {
    this.pair();
    return this.recorder.messages;
  }

  /** Clients' sockets so far. */
  get connections(): number {
    return this.recorder.connections;
  }

  /** Params of what the server sent, in order, for one method. */
  // biome-ignore lint/suspicious/noExplicitAny: frames are judged by the schema, at the end
  received(method: string): any[] {
    return this.messages
      .filter(({ to, message }) => to === "client" && message.method === method)
      .map(({ message }) => message.params);
  }

  /** Requests of clients, in order, for one method. */
  asked(method: string): RecordedMessage[] {
    return this.messages.filter(({ to, message }) => to === "server" && message.method === method);
  }

  // biome-ignore lint/suspicious/noExplicitAny: frames are judged by the schema, at the end
  paramsOf({ message }: RecordedMessage): any {
    return message.params ?? {};
  }

  // biome-ignore lint/suspicious/noExplicitAny: frames are judged by the schema, at the end
  resultTo(asked: RecordedMessage): any {
    this.pair();
    return this.answerByAsked.get(asked)?.message.result;
  }

  isAnswered(asked: RecordedMessage): boolean {
    this.pair();
    return this.answerByAsked.has(asked);
  }

  /** What clients answered to the server's own requests, in order. */
  // biome-ignore lint/suspicious/noExplicitAny: frames are judged by the schema, at the end
  answers(): any[] {
    return this.messages
      .filter(({ to, message }) => to === "server" && message.method === undefined)
      .map(({ message }) => message.result);
  }

  /** Requests of the newest connection that wait for an answer; connections before it are dead. */
  unanswered(): RecordedMessage[] {
    return this.messages.filter(
      (each) =>
        each.connection === this.connections &&
        each.to === "server" &&
        each.message.method !== undefined &&
        each.message.id !== undefined &&
        !this.answerByAsked.has(each),
    );
  }

  /**
   * The server's errors since the message with this number, but for the one that is no fault: the client marks a thread as read while the
   * next turn, which waited in the queue, begins, and hears that there is something newer to read.
   */
  refusalsSince(from: number): string[] {
    return this.messages
      .slice(from)
      .filter(({ to, message }) => to === "client" && message.error !== undefined)
      .filter(({ message }) => !JSON.stringify(message.error).includes('"reason":"readStateConflict"'))
      .map((each) => `${this.askedByAnswer.get(each)?.message.method}: ${JSON.stringify(each.message.error)}`);
  }

  /** What does not fit Codex's own schema, each problem once. */
  schemaProblems(): string[] {
    const problems = new Set<string>();
    for (const each of this.messages) {
      if (each.to !== "client") continue;
      try {
        validateFrame(each.message, { to: "client", methodOf: () => this.askedByAnswer.get(each)?.message.method });
      } catch (error) {
        problems.add(error instanceof Error ? error.message : String(error));
      }
    }
    return [...problems];
  }

  /** An answer belongs to the last request before it with this id on its connection. */
  private pair(): void {
    const { messages } = this.recorder;
    for (; this.paired < messages.length; this.paired += 1) {
      const recorded = messages[this.paired];
      if (!recorded || recorded.message.id === undefined) continue;
      const { connection, to, message } = recorded;
      const key = JSON.stringify([connection, message.id]);
      if (to === "server" && message.method !== undefined) this.open.set(key, recorded);
      if (to !== "client" || message.method !== undefined) continue;
      const asked = this.open.get(key);
      if (!asked) continue;
      this.askedByAnswer.set(recorded, asked);
      this.answerByAsked.set(asked, recorded);
    }
  }
}
