/** A network that can be cut: between clients and a server, on one machine. */
import { connect, createServer, type Socket } from "node:net";
import { freePort } from "./server.ts";

export interface CutProxy {
  port: number;
  /** Every connection that there is now ends without a word. */
  cut(): void;
  close(): void;
}

/** `target` is the server's port. */
export async function startProxy(target: number): Promise<CutProxy> {
  const sockets = new Set<Socket>();
  const port = await freePort();
  const listener = createServer((client) => {
    const upstream = connect(target, "127.0.0.1");
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => {
        sockets.delete(one);
        other.destroy();
      });
      one.pipe(other);
    }
  });
  await new Promise<void>((resolve) => listener.listen(port, "127.0.0.1", resolve));
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port,
    cut,
    close: () => {
      cut();
      listener.close();
    },
  };
}
