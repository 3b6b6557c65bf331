/** The last line of a thread's copy: how many lines stand before it, and their SHA-256. Whoever writes a copy ends it, and knows so that it is whole. */
import { createHash } from "node:crypto";

export class CopyEnd {
  private readonly digest = createHash("sha256");
  private lines = 0;

  add(line: string): void {
    this.digest.update(line).update("\n");
    this.lines += 1;
  }

  line(): string {
    return JSON.stringify({ type: "end", lines: this.lines, sha256: this.digest.digest("hex") });
  }
}

/** The lines with their end. */
export function withCopyEnd(lines: string[]): string[] {
  const end = new CopyEnd();
  for (const line of lines) end.add(line);
  return [...lines, end.line()];
}
