/** Text that comes in pieces, as lines; a line without end is bounded. */
import { bridgeLimits } from "./limits.ts";

export class Lines {
  private rest = "";
  private isSkipping = false;
  private readonly take: (line: string) => void;
  private readonly tooLong: () => void;

  constructor(take: (line: string) => void, tooLong: () => void) {
    this.take = take;
    this.tooLong = tooLong;
  }

  /** The end of the input is the end of its last line. */
  end(): void {
    this.add("\n");
  }

  add(piece: string): void {
    const lines = piece.split("\n");
    const rest = lines.pop() ?? "";
    for (const line of lines) this.complete(line);
    this.rest += rest;
    if (this.rest.length <= bridgeLimits.lineBytesMax) return;
    this.rest = "";
    if (!this.isSkipping) this.tooLong();
    this.isSkipping = true;
  }

  private complete(ending: string): void {
    const line = (this.rest + ending).trim();
    this.rest = "";
    if (!this.isSkipping && line !== "") this.take(line);
    this.isSkipping = false;
  }
}
