/** One stream of a command's output on its way to a client: in order, in pieces, and up to a cap that its last piece tells of. */
import { limits } from "#core/limits";

export class CommandStream {
  /** Settles when all that was added so far has been handed over. */
  sent: Promise<void> = Promise.resolve();
  private bytesLeft: number;
  private readonly send: (bytes: Uint8Array, capReached: boolean) => Promise<void>;

  constructor(bytesMax: number, send: (bytes: Uint8Array, capReached: boolean) => Promise<void>) {
    this.bytesLeft = bytesMax;
    this.send = send;
  }

  add(text: string): void {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length && this.bytesLeft > 0; ) {
      const piece = bytes.subarray(at, at + Math.min(limits.commandDeltaBytesMax, this.bytesLeft));
      at += piece.length;
      this.bytesLeft -= piece.length;
      const capReached = this.bytesLeft === 0;
      this.sent = this.sent.then(() => this.send(piece, capReached));
    }
  }
}
