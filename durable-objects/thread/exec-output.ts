/** A command's output on its way to a client: in the order in which it came, in pieces, each stream up to a cap that its last piece tells of. */
import { limits } from "#core/limits";

export interface OutputPiece {
  stream: "stdout" | "stderr";
  bytes: Uint8Array;
  capReached: boolean;
}

export class ExecOutput {
  /** Settles when all that was added so far has been handed over. */
  sent: Promise<void> = Promise.resolve();
  private readonly bytesLeft: Record<OutputPiece["stream"], number>;
  private readonly send: (piece: OutputPiece) => Promise<void>;

  /** `bytesMax` is each stream's. */
  constructor(bytesMax: number, send: (piece: OutputPiece) => Promise<void>) {
    this.bytesLeft = { stdout: bytesMax, stderr: bytesMax };
    this.send = send;
  }

  add(text: string, stream: OutputPiece["stream"]): void {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length && this.bytesLeft[stream] > 0; ) {
      const piece = bytes.subarray(at, at + Math.min(limits.commandDeltaBytesMax, this.bytesLeft[stream]));
      at += piece.length;
      this.bytesLeft[stream] -= piece.length;
      const capReached = this.bytesLeft[stream] === 0;
      this.sent = this.sent.then(() => this.send({ stream, bytes: piece, capReached }));
    }
  }
}
