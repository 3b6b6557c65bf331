/** Hibernating WebSockets of one object, each with its session; shared by the Connection object and by a thread's own door. */
import { type Admission, admissionOf, credentialEnded, mayEnd } from "#access/admission";
import type { HeldSocket } from "#access/register";
import type { Gateway } from "#connection/gateway";

import { type ModelCatalogue, Session, type SessionState } from "#connection/session";
import { limits } from "#core/limits";
import { parseTraceparent } from "#core/trace";
import type { AnnouncementAck, AnnouncementDelivery } from "#directory/announcements";
import type { Notice } from "#protocol/connection-notifications";
import type { Delivery, DeliveryAck } from "#thread/host";

export interface Sockets {
  message(socket: WebSocket, message: string | ArrayBuffer): Promise<void>;
  closed(socket: WebSocket): Promise<void>;
  deliver(connection: string, delivery: Delivery): Promise<DeliveryAck>;
  /** Its credential ended: the client is told, and from now on neither hears nor says anything here. */
  end(connection: string): Promise<void>;
  announce(connection: string, delivery: AnnouncementDelivery): Promise<AnnouncementAck>;
  /** Whether the socket is open. */
  tell(connection: string, notice: Notice): Promise<boolean>;
}

/** What of the access object a socket's holder needs. */
export interface SocketAccess {
  /** Whether the socket may stay open. */
  hold(socket: HeldSocket, admission: Admission): Promise<boolean>;
  release(connection: string): Promise<void>;
}

/**
 * Answers the upgrade. The platform keeps the socket while the object sleeps, and answers `ping` with `pong` without waking it.
 * `held` names the object itself.
 */
export async function acceptSocket(
  context: DurableObjectState,
  request: Request,
  held: HeldSocket,
  access: SocketAccess,
): Promise<Response> {
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
    return new Response("Connection header did not include 'upgrade'", { status: 400 });
  }
  const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
  const { account, connection } = held;
  const admission = admissionOf(request);
  const trace = parseTraceparent(request.headers.get("traceparent"));
  context.acceptWebSocket(server, [tagOf(connection)]);
  context.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
  const state: SessionState = {
    version: 1,
    account,
    connection,
    initialized: null,
    threads: [],
    searches: [],
    watches: [],
    admission,
    ...(trace === null ? {} : { trace }),
  };
  server.serializeAttachment(state);
  // Only now, when a revocation would find the socket: nothing can fall between the two.
  if (mayEnd(admission) && !(await access.hold(held, admission))) {
    // The client gets a socket that is over; when it comes back it is told why.
    server.serializeAttachment({ ...state, admission: { ...admission, endsAtMs: 0 } } satisfies SessionState);
    server.close(credentialEnded, endReason);
  }
  return new Response(null, { status: 101, webSocket: client });
}

/** The platform takes 256 characters; what comes before the slash is the same for all sockets of an object. */
function tagOf(connection: string): string {
  return connection.slice(connection.lastIndexOf("/") + 1);
}

const endReason = "the credential of this connection ended";

export function socketsOf(context: DurableObjectState, gateway: Gateway, models: ModelCatalogue, access: SocketAccess): Sockets {
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
  /** Nobody can make a client close its side: whatever it still says finds the end in the attachment. */
  const end = async (socket: WebSocket): Promise<void> => {
    const session = sessionOf(socket);
    session.state.admission = { credential: session.state.admission?.credential ?? null, endsAtMs: 0 };
    socket.serializeAttachment(session.state);
    try {
      socket.close(credentialEnded, endReason);
    } catch {
      // It is closing already.
    }
    await session.end();
  };
  const isOver = (socket: WebSocket): boolean => {
    const endsAtMs = sessionOf(socket).state.admission?.endsAtMs ?? null;
    return endsAtMs !== null && endsAtMs <= Date.now();
  };
  return {
    async message(socket, message) {
      if (isOver(socket)) return end(socket);
      // Binary frames are dropped without a word, as on the real server.
      if (typeof message !== "string") return;
      if (message.length > limits.incomingMessageBytesMax) {
        socket.close(1009, `a message may hold ${limits.incomingMessageBytesMax} bytes`);
        return;
      }
      await sessionOf(socket).receive(message);
    },
    async closed(socket) {
      const session = sessionOf(socket);
      await session.end();
      const { admission, connection } = session.state;
      // A row that stays behind is closed for nothing one day.
      if (admission && mayEnd(admission)) await access.release(connection).catch(() => {});
      try {
        socket.close();
      } catch {
        // It was closed by the other side already.
      }
    },
    async deliver(connection, delivery) {
      const [socket] = context.getWebSockets(tagOf(connection));
      if (!socket || socket.readyState !== WebSocket.OPEN) return { gone: true };
      if (isOver(socket)) {
        await end(socket);
        return { gone: true };
      }
      return sessionOf(socket).deliver(delivery);
    },
    async end(connection) {
      for (const socket of context.getWebSockets(tagOf(connection))) await end(socket);
    },
    async announce(connection, delivery) {
      const [socket] = context.getWebSockets(tagOf(connection));
      if (!socket || socket.readyState !== WebSocket.OPEN) return { gone: true };
      if (isOver(socket)) {
        await end(socket);
        return { gone: true };
      }
      return sessionOf(socket).announce(delivery);
    },
    async tell(connection, notice) {
      const [socket] = context.getWebSockets(tagOf(connection));
      if (!socket || socket.readyState !== WebSocket.OPEN) return false;
      if (isOver(socket)) {
        await end(socket);
        return false;
      }
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
        return true;
      } catch {
        // Closed in the meantime. The log has every frame; whoever comes back gets them.
        return false;
      }
    },
    close: (code, reason) => socket.close(code, reason),
    keep: (state) => socket.serializeAttachment(state),
  };
}
