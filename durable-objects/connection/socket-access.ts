/** The access object as the holders of sockets see it. */
import type { SocketAccess } from "#connection/sockets";
import { accessStub, type Environment } from "../environment.ts";

export function socketAccessOf(environment: Environment): SocketAccess {
  return {
    hold: (socket, admission) => accessStub(environment).holdSocket(socket, admission),
    release: (connection) => accessStub(environment).releaseSocket(connection),
  };
}
