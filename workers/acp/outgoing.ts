/**
 * What is sent on a socket of the door, with a bound on what nobody is known to have read. An editor's words are signs of life; the bridge
 * acknowledges, as our own clients do. A socket beyond the bound is closed: the session is loaded again, or resumed after the last frame.
 */
import { acpLimits } from "./limits.ts";

/** Close code "try again later". */
const tryAgainLater = 1013;

export interface OpenSocket {
  send(text: string): void;
  close(code: number, reason: string): void;
}

export class Outgoing {
  isOver = false;
  private unread = 0;
  private acknowledges = false;
  private readonly socket: OpenSocket;
  private readonly ended: () => void;

  /** `ended` is called once, when the socket is not to be used any more and the client did not close it. */
  constructor(socket: OpenSocket, ended: () => void) {
    this.socket = socket;
    this.ended = ended;
  }

  send(text: string): void {
    if (this.isOver) return;
    if (this.unread > acpLimits.unreadCharactersMax) {
      this.close(tryAgainLater, "this client does not read what it is sent; connect again, and load or resume");
      return;
    }
    this.unread += text.length;
    try {
      this.socket.send(text);
    } catch {
      // It is closed already: its end is told by the platform.
    }
  }

  /** The client said something. One that acknowledges says itself what it has read. */
  showedLife(): void {
    if (!this.acknowledges) this.unread = 0;
  }

  acknowledged(characters: number): void {
    this.acknowledges = true;
    this.unread = Math.max(0, this.unread - characters);
  }

  close(code: number, reason: string): void {
    if (this.isOver) return;
    this.isOver = true;
    try {
      this.socket.close(code, reason);
    } catch {
      // It was closed already.
    }
    this.ended();
  }
}
