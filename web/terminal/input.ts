/** Lines from the person, or from whatever is piped in. */
import { createInterface, type Interface } from "node:readline";
import type { ReadStream } from "node:tty";

export class Input {
  readonly isTerminal: boolean;
  private readonly lines: Interface;
  private readonly waiting: string[] = [];
  private taker: ((line: string | null) => void) | null = null;
  private hasEnded = false;

  /** `interrupted`: Ctrl-C, which a terminal in raw mode tells as a key and not as a signal. */
  constructor(stdin: ReadStream, stdout: NodeJS.WritableStream, interrupted: () => void) {
    this.isTerminal = stdin.isTTY === true;
    this.lines = this.isTerminal ? createInterface({ input: stdin, output: stdout }) : createInterface({ input: stdin });
    this.lines.on("line", (line) => {
      if (this.taker) this.taker(line);
      else this.waiting.push(line);
    });
    this.lines.on("close", () => {
      this.hasEnded = true;
      this.taker?.(null);
    });
    this.lines.on("SIGINT", interrupted);
  }

  /** The next line; null when there are no more, or when `signal` says that nobody wants it any longer. */
  ask(prompt: string, signal?: AbortSignal): Promise<string | null> {
    // What was typed before the question could be read is no answer to it. What is piped in was meant for it.
    if (this.isTerminal) this.waiting.length = 0;
    const ready = this.waiting.shift();
    if (ready !== undefined) return Promise.resolve(ready);
    if (this.hasEnded || signal?.aborted) return Promise.resolve(null);
    const { promise, resolve } = Promise.withResolvers<string | null>();
    const give = (line: string | null) => {
      this.taker = null;
      signal?.removeEventListener("abort", abandon);
      resolve(line);
    };
    const abandon = () => give(null);
    this.taker = give;
    signal?.addEventListener("abort", abandon);
    if (this.isTerminal) {
      this.lines.setPrompt(prompt);
      this.lines.prompt();
    }
    return promise;
  }

  close(): void {
    this.lines.close();
  }
}
