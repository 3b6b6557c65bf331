/**
 * A socket with a bound on what is sent and not known to be read. The platform queues without end, and does not say how much
 * (`bufferedAmount` is missing in workerd): so what is read is said by the client, or taken from a sign of life.
 */
import type { SessionState, Socket } from "#connection/session";
import { limits } from "#core/limits";

/** Close code "try again later": the client opens another socket and resumes where it was. */
const tryAgainLater = 1013;

export class BoundedSocket implements Socket {
  /** It was closed because nobody reads it: nothing is sent any more, and whatever came after is in the log. */
  isOver = false;
  private readonly socket: Socket;
  private readonly state: SessionState;
  private readonly over: (unreadCharacters: number) => void;
  private progress: PromiseWithResolvers<boolean> | null = null;

  /** `over` is called once, when the socket was closed. */
  constructor(socket: Socket, state: SessionState, over: (unreadCharacters: number) => void) {
    this.socket = socket;
    this.state = state;
    this.over = over;
  }

  /** One message may go beyond the bound, however long it is: an answer is never refused for its length here. */
  send(text: string): boolean {
    if (this.isOver) return false;
    const unread = this.state.unreadCharacters ?? 0;
    if (unread > this.charactersMax) {
      this.giveUp();
      return false;
    }
    this.state.unreadCharacters = unread + text.length;
    return this.socket.send(text);
  }

  /** So much is unread that what can wait should: frames, which are in the log anyway. */
  get isHeld(): boolean {
    const { initialized, unreadCharacters = 0 } = this.state;
    return !this.isOver && initialized?.acknowledges === true && unreadCharacters > limits.unreadHeldCharacters;
  }

  /** Resolves when there is room, or when the socket is over: also because nothing was acknowledged for `limits.acknowledgeMsMax`. */
  async room(): Promise<void> {
    while (this.isHeld) {
      this.progress ??= progressWithin(limits.acknowledgeMsMax);
      if (!(await this.progress.promise) && this.isHeld) this.giveUp();
    }
  }

  /** The socket is closed: nobody waits for room any more. */
  ended(): void {
    this.isOver = true;
    this.progressed();
  }

  close(code: number, reason: string): void {
    this.socket.close(code, reason);
  }

  keep(state: SessionState): void {
    this.socket.keep(state);
  }

  /** `{"method":"spindle/read","params":{"characters":262144}}`: so many more than were acknowledged before. What is no such number is ignored. */
  acknowledged(params: unknown): void {
    const characters = (params as { characters?: unknown } | null | undefined)?.characters;
    if (typeof characters !== "number" || !Number.isSafeInteger(characters) || characters <= 0) return;
    this.state.unreadCharacters = Math.max(0, (this.state.unreadCharacters ?? 0) - characters);
    this.keep(this.state);
    this.progressed();
  }

  /** The client said something. One that does not acknowledge is taken to have read what came before. */
  showedLife(): void {
    const unread = this.state.unreadCharacters ?? 0;
    if (unread === 0 || this.state.initialized?.acknowledges) return;
    this.state.unreadCharacters = 0;
    // Kept only where it would matter to an object that wakes without its memory.
    if (unread >= limits.acknowledgeCharacters) this.keep(this.state);
  }

  private giveUp(): void {
    const { unreadCharacters = 0 } = this.state;
    this.ended();
    this.close(tryAgainLater, "this client does not read what it is sent; connect again and resume");
    this.over(unreadCharacters);
  }

  private progressed(): void {
    this.progress?.resolve(true);
    this.progress = null;
  }

  private get charactersMax(): number {
    return this.state.initialized?.acknowledges ? limits.unreadCharactersMax : limits.unreadSilentCharactersMax;
  }
}

/** Resolves to false when nobody resolves it in time. */
function progressWithin(durationMs: number): PromiseWithResolvers<boolean> {
  const progress = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => progress.resolve(false), durationMs);
  void progress.promise.then(() => clearTimeout(timer));
  return progress;
}
