/** The network between a browser and the server, which can be taken away without either being told. */
import { connect, createServer, type Server, type Socket } from "node:net";

export class Network {
  readonly url: string;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();
  private isDown = false;
  private servesPages = false;

  private constructor(server: Server, port: number) {
    this.server = server;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** To the server at this port. */
  static async open(serverPort: number): Promise<Network> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (typeof address !== "object" || address === null) throw new Error("no port");
    const network = new Network(server, address.port);
    server.on("connection", (socket) => network.pass(socket, serverPort));
    return network;
  }

  /**
   * What is connected goes silent, as on a train in a tunnel: nothing is closed, nothing comes through. `servesPages`: what is no WebSocket goes
   * on, as if the browser had kept the page itself.
   */
  cut({ servesPages = false } = {}): void {
    this.isDown = true;
    this.servesPages = servesPages;
    if (!servesPages) for (const socket of this.sockets) socket.pause();
  }

  /** New connections go through again. What went silent is gone. */
  mend(): void {
    this.isDown = false;
    for (const socket of this.sockets) socket.destroy();
  }

  close(): void {
    this.server.close();
    for (const socket of this.sockets) socket.destroy();
  }

  private pass(near: Socket, port: number): void {
    if (this.isDown && !this.servesPages) {
      near.destroy();
      return;
    }
    const far = connect(port, "127.0.0.1");
    let isWebSocket = false;
    const isThrough = () => !this.isDown || (this.servesPages && !isWebSocket);
    near.on("data", (chunk) => {
      isWebSocket ||= /^GET .*\r\nupgrade: websocket\r\n/is.test(chunk.toString("latin1"));
      if (this.isDown && isWebSocket) near.destroy();
    });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.sockets.add(one);
      one.on("data", (chunk) => {
        if (isThrough()) other.write(chunk);
      });
      one.on("error", () => other.destroy());
      one.on("close", () => {
        this.sockets.delete(one);
        if (!this.isDown || this.servesPages) other.destroy();
      });
    }
  }
}
