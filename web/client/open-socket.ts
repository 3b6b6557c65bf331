/** A socket to the server, with the credential where the platform can send one. */
import type { Socket, SocketConstructor } from "./connection.ts";

export interface Address {
  /** `ws://127.0.0.1:8787/` or `wss://…`. */
  url: string;
  /** Sent as `Authorization: Bearer`. Browsers cannot send a header with a WebSocket: there a cookie has to say who it is. */
  token?: string;
  WebSocket?: SocketConstructor;
}

/** Node's own WebSocket takes headers in its second argument; every other one would take it for subprotocols. */
export function openSocket({ url, token, WebSocket: Chosen }: Address): Socket {
  const Constructor = Chosen ?? (globalThis.WebSocket as unknown as SocketConstructor);
  if (token === undefined) return new Constructor(url);
  const options = { headers: { authorization: `Bearer ${token}` } };
  return new Constructor(url, options as never);
}
