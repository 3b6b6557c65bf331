/** Hibernating WebSockets of one object, each with its session; shared by the Connection object and by a thread's own door. */
import type { Gateway } from "#connection/gateway";

import { type ModelCatalogue, Session, type SessionState } from "#connection/session";
import { limits } from "#core/limits";
import type { Notice } from "#protocol/connection-notifications";
import type { Delivery, DeliveryAck } from "#thread/host";

export interface Sockets {
  message(socket: WebSocket, message: string | ArrayBuffer): Promise<void>;
  closed(socket: WebSocket): Promise<void>;
  deliver(connection: string, delivery: Delivery): Promise<DeliveryAck>;
  /** Whether the socket is open. */
  tell(connection: string, notice: Notice): Promise<boolean>;
}

/** Answers the upgrade. The platform keeps the socket while the object sleeps, and answers `ping` with `pong` without waking it. */
export function acceptSocket(context: DurableObjectState, request: Request, account: string, connection: string): Response {
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
    return new Response("Connection header did not include 'upgrade'", { status: 400 });
  }
  const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
  context.acceptWebSocket(server, [connection]);
  context.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
  server.serializeAttachment({
    version: 1,
    account,
    connection,
    initialized: null,
    threads: [],
    searches: [],
    watches: [],
  } satisfies SessionState);
  return new Response(null, { status: 101, webSocket: client });
}

export function socketsOf(context: DurableObjectState, gateway: Gateway, models: ModelCatalogue): Sockets {
  const sessions = new WeakMap<WebSocket, Session>();
  const sessionOf = (socket: WebSocket): Session => {
    const known = sessions.get(socket);
    if (known) return known;
    // What this object itself attached to the socket: no border is crossed.
    const state = socket.deserializeAttachment() as SessionState;
    const session = new Session(state, platformSocket(socket), gateway, models);
    sessions.set(socket, session);
    return session;
  };
  return {
    async message(socket, message) {
      // Binary frames are dropped without a word, as on the real server.
      if (typeof message !== "string") return;
      if (message.length > limits.incomingMessageBytesMax) {
        socket.close(1009, `a message may hold ${limits.incomingMessageBytesMax} bytes`);
        return;
      }
      await sessionOf(socket).receive(message);
    },
    async closed(socket) {
      await sessionOf(socket).end();
      try {
        socket.close();
      } catch {
        // It was closed by the other side already.
      }
    },
    async deliver(connection, delivery) {
      const [socket] = context.getWebSockets(connection);
      if (!socket || socket.readyState !== WebSocket.OPEN) return { gone: true };
      return sessionOf(socket).deliver(delivery);
    },
    async tell(connection, notice) {
      const [socket] = context.getWebSockets(connection);
      if (!socket || socket.readyState !== WebSocket.OPEN) return false;
      await sessionOf(socket).tell(notice);
      return true;
    },
  };
}

function platformSocket(socket: WebSocket): ConstructorParameters<typeof Session>[1] {
  return {
    send(text) {
      try {
        socket.send(text);
      } catch {
        // Closed in the meantime. The log has every frame; whoever comes back gets them.
      }
    },
    close: (code, reason) => socket.close(code, reason),
    keep: (state) => socket.serializeAttachment(state),
  };
}
