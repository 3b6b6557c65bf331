/** A client whose wire can be looked at, and cut. */
import { type Client, createClient } from "#client/client";
import type { SocketConstructor } from "#client/connection";
import { whyUnreachable } from "../unreachable.ts";
import type { CheckArguments } from "./arguments.ts";

export interface Tap {
  client: Client;
  /** Resolves with the handshake; rejects with the reason where the first socket cannot be opened. */
  ready: Promise<Awaited<Client["ready"]>>;
  /** `seq` of every frame of the thread, as they came, on all sockets. */
  framesOf(threadId: string): number[];
  /** What was asked by this method, the newest last. */
  asked(method: string): Record<string, unknown>[];
  /** Closes the socket behind the client's back. The client opens another by itself. */
  cut(): void;
}

interface Said {
  method?: string;
  seq?: number;
  params?: Record<string, unknown> & { threadId?: string; thread?: { id?: string } };
}

export function openTap({ socketUrl, token, headers }: CheckArguments, name: string): Tap {
  const sockets: WebSocket[] = [];
  const heard: { threadId: string; seq: number }[] = [];
  const sent: Said[] = [];

  class TappedSocket extends WebSocket {
    constructor(url: string) {
      // Node's own takes headers in its second argument.
      const all = { ...headers, ...(token === null ? {} : { authorization: `Bearer ${token}` }) };
      super(url, { headers: all } as never);
      sockets.push(this);
      this.addEventListener("message", ({ data }) => {
        const said = read(data);
        const threadId = said?.params?.threadId ?? said?.params?.thread?.id;
        if (said?.method !== undefined && threadId !== undefined && typeof said.seq === "number") {
          heard.push({ threadId, seq: said.seq });
        }
      });
    }

    override send(data: string): void {
      const said = read(data);
      if (said) sent.push(said);
      super.send(data);
    }
  }

  const unreachable = Promise.withResolvers<never>();
  unreachable.promise.catch(() => {});
  let wasOnline = false;
  const client = createClient({
    url: socketUrl,
    ...(token === null ? {} : { token }),
    WebSocket: TappedSocket as unknown as SocketConstructor,
    clientInfo: { name, title: "Spindle acceptance", version: "1" },
    onStateChange: ({ type }) => {
      wasOnline ||= type === "online";
      if (type === "waiting" && !wasOnline) {
        void whyUnreachable(socketUrl, token).then((why) => unreachable.reject(new Error(why)));
      }
    },
  });
  return {
    client,
    ready: Promise.race([client.ready, unreachable.promise]),
    framesOf: (id) => heard.flatMap(({ threadId, seq }) => (threadId === id ? [seq] : [])),
    asked: (method) => sent.flatMap((said) => (said.method === method ? [said.params ?? {}] : [])),
    cut: () => sockets.at(-1)?.close(),
  };
}

function read(data: unknown): Said | null {
  try {
    return JSON.parse(String(data)) as Said;
  } catch {
    // `pong` is no JSON.
    return null;
  }
}
