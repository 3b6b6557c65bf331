/** One lasting connection made of many sockets: it opens them, notices dead ones, pauses and opens the next. */
import { clientLimits } from "./limits.ts";

export type ConnectionState =
  /** `attempt` is 1 for the first socket and after a good one. */
  | { type: "connecting"; attempt: number }
  | { type: "online" }
  /** Unix ms of the next attempt. */
  | { type: "waiting"; attempt: number; retryAt: number }
  /** For good. `failure` is null when its owner closed it. */
  | { type: "closed"; failure: Error | null };

/** What is needed of a WebSocket. `never`: whoever implements it may pass any event. */
export interface Socket {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(text: string): void;
  close(): void;
}

/** Node takes options as second argument, which is the only way to send a header; browsers take none. */
export type SocketConstructor = new (url: string, options?: never) => Socket;

export interface ConnectionEvents {
  /** The socket is open; nothing was said on it yet. */
  opened(): void;
  received(text: string): void;
  /** The socket is gone, whatever was sent on it. Another will be opened, unless the connection was closed. */
  lost(): void;
  /** The server does not take this credential any more: the next socket would be refused, and every one after it. */
  credentialEnded(): void;
  changed(state: ConnectionState): void;
}

/** Spindle's close code; `credentialEnded` in durable-objects/access/admission.ts. */
const credentialEndedCode = 4401;

export class Connection {
  state: ConnectionState = { type: "connecting", attempt: 1 };
  private readonly open: () => Socket;
  private readonly events: ConnectionEvents;
  private readonly now: () => number;
  private readonly random: () => number;
  private socket: Socket | null = null;
  private isOpen = false;
  private failures = 0;
  private onlineSince = 0;
  private lastReceivedAt = 0;
  /** Whether the server answers a `ping` is not known before it did, or let one pass. */
  private pings: "unknown" | "answered" | "ignored" = "unknown";
  private questions = 0;
  /** Read on this socket and not acknowledged yet, in UTF-16 units. */
  private readCharacters = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private heartbeat: ReturnType<typeof setTimeout> | undefined;
  /** A `ping` is out and nothing was heard since: when the socket is given up, by the clock. */
  private giveUpAt: number | null = null;

  /** Throws when the URL is none. */
  constructor(open: () => Socket, events: ConnectionEvents, { now, random }: { now: () => number; random: () => number }) {
    this.open = open;
    this.events = events;
    this.now = now;
    this.random = random;
    this.connect();
  }

  /** Sends on the open socket. What cannot be sent is lost with the socket: the caller is told by `lost`. */
  send(text: string): void {
    if (this.socket && this.isOpen) this.socket.send(text);
  }

  /** The handshake is done: requests may flow. */
  established(): void {
    clearTimeout(this.timer);
    this.onlineSince = this.now();
    // Whether the server knows pings has to be known before it falls silent for the first time.
    if (this.pings === "answered") this.listen(clientLimits.pingAfterMs);
    else this.probe(clientLimits.pongTimeoutMs);
    this.change({ type: "online" });
  }

  /** Somebody is back, or the network: skips the rest of a pause, and does not trust a socket that may have died meanwhile. */
  wake(): void {
    if (this.state.type === "waiting") this.connect();
    else if (this.state.type === "online") this.probe(clientLimits.probeTimeoutMs);
  }

  /** Gives this socket up and opens another after a pause. */
  lose(): void {
    if (!this.socket) return;
    if (this.state.type === "online" && this.now() - this.onlineSince >= clientLimits.stableAfterMs) this.failures = 0;
    this.failures += 1;
    this.drop();
    const pauseMs = reconnectPauseMs(this.failures, this.random());
    this.timer = setTimeout(() => this.connect(), pauseMs);
    this.events.lost();
    // Whoever heard of the loss may have closed everything.
    if (this.state.type !== "closed") this.change({ type: "waiting", attempt: this.failures, retryAt: this.now() + pauseMs });
  }

  close(failure: Error | null): void {
    if (this.state.type === "closed") return;
    clearTimeout(this.timer);
    if (this.socket) this.drop();
    this.change({ type: "closed", failure });
  }

  private connect(): void {
    clearTimeout(this.timer);
    const socket = this.open();
    this.socket = socket;
    this.isOpen = false;
    this.readCharacters = 0;
    this.lastReceivedAt = this.now();
    // A socket that was given up may still speak; it must not be heard any more.
    const current = () => this.socket === socket;
    socket.onopen = () => {
      if (!current()) return;
      this.isOpen = true;
      this.events.opened();
    };
    socket.onmessage = ({ data }: { data: unknown }) => {
      if (current()) this.receive(data);
    };
    socket.onclose = (event?: { code?: number }) => {
      if (!current()) return;
      if (event?.code === credentialEndedCode) this.events.credentialEnded();
      else this.lose();
    };
    // Older versions of undici send an error and no close when the server cannot be reached.
    socket.onerror = () => {
      if (current()) this.lose();
    };
    this.timer = setTimeout(() => this.lose(), clientLimits.handshakeTimeoutMs);
    // The first attempt is the state one begins with, and nobody can have asked for it yet.
    if (this.failures > 0) this.change({ type: "connecting", attempt: this.failures + 1 });
  }

  private receive(data: unknown): void {
    this.lastReceivedAt = this.now();
    if (data === "pong") this.pings = "answered";
    if (this.giveUpAt !== null) this.listen(clientLimits.pingAfterMs);
    if (typeof data !== "string" || data === "pong") return;
    this.events.received(data);
    this.acknowledge(data.length);
  }

  /** A server that queues for a client without end would be a server without memory: it is told what was read. */
  private acknowledge(characters: number): void {
    this.readCharacters += characters;
    if (this.readCharacters < clientLimits.acknowledgeCharacters) return;
    this.send(JSON.stringify({ method: "spindle/read", params: { characters: this.readCharacters } }));
    this.readCharacters = 0;
  }

  /** Whatever is said counts as life; only a silence is asked. The clock may be set meanwhile: no wait is longer than a silence may be. */
  private listen(durationMs: number): void {
    this.giveUpAt = null;
    clearTimeout(this.heartbeat);
    this.heartbeat = setTimeout(() => {
      const remainingMs = clientLimits.pingAfterMs - (this.now() - this.lastReceivedAt);
      if (remainingMs > 0) this.listen(Math.min(remainingMs, clientLimits.pingAfterMs));
      else this.probe(clientLimits.pongTimeoutMs);
    }, durationMs);
  }

  /** A server that never answered a ping may not know them. Then it is asked what every server answers, if only by a refusal; one that lives does. */
  private probe(timeoutMs: number): void {
    const giveUpAt = this.now() + timeoutMs;
    if (this.giveUpAt !== null && this.giveUpAt <= giveUpAt) return;
    this.giveUpAt = giveUpAt;
    clearTimeout(this.heartbeat);
    this.heartbeat = setTimeout(() => {
      if (this.pings !== "unknown") return this.lose();
      this.pings = "ignored";
      this.giveUpAt = null;
      this.probe(timeoutMs);
    }, timeoutMs);
    if (this.pings === "ignored") this.ask();
    else this.send("ping");
  }

  /** `{"id":"alive-1","method":"ping"}`: no method of any server, and `-32601` or `-32600` is an answer. */
  private ask(): void {
    this.questions += 1;
    this.send(JSON.stringify({ id: `alive-${this.questions}`, method: "ping" }));
  }

  /** Closing a dead socket can take a minute to be noticed; it is forgotten at once. */
  private drop(): void {
    clearTimeout(this.timer);
    clearTimeout(this.heartbeat);
    this.giveUpAt = null;
    // What let it pass may have been the dead socket.
    if (this.pings === "ignored") this.pings = "unknown";
    const socket = this.socket;
    this.socket = null;
    this.isOpen = false;
    socket?.close();
  }

  private change(state: ConnectionState): void {
    this.state = state;
    this.events.changed(state);
  }
}

/** `failures` in a row so far, at least 1; `dice` in [0, 1). Full jitter, as of "Exponential Backoff and Jitter" (AWS, 2015). */
export function reconnectPauseMs(failures: number, dice: number): number {
  const ceiling = Math.min(clientLimits.reconnectPauseMsMax, clientLimits.reconnectPauseMs * 2 ** (failures - 1));
  return dice * ceiling;
}
