/** `/acp`: the Agent Client Protocol over a WebSocket. The Worker holds the socket and keeps nothing: whoever is cut comes back and resumes. */
import { Hono } from "hono";
import { limits } from "#core/limits";
import { report } from "../../durable-objects/platform.ts";
import { authenticate, type Door, isUpgrade } from "../authentication.ts";
import { insideClient } from "../inside/client.ts";
import { AcpAgent } from "./agent.ts";
import { Outgoing } from "./outgoing.ts";

export const acpRoute = new Hono<Door>();

acpRoute.all("/acp", authenticate, (context) => {
  if (!isUpgrade(context)) {
    return context.text("the Agent Client Protocol is spoken on a WebSocket here", 426, { upgrade: "websocket" });
  }
  const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
  server.accept();
  const agent = new AcpAgent({
    out: new Outgoing(server, () => agent.end()),
    connect: (title) => insideClient(context, { name: "spindle-acp", title, version: "1" }),
    report: (error) => report("acpFailed", { error: String(error) }),
  });
  server.addEventListener("message", ({ data }) => {
    // Binary frames are dropped without a word, as on the server's other sockets.
    if (typeof data !== "string") return;
    if (data.length > limits.incomingMessageBytesMax) {
      server.close(1009, `a message may hold ${limits.incomingMessageBytesMax} bytes`);
      agent.end();
      return;
    }
    void agent.receive(data);
  });
  server.addEventListener("close", () => {
    server.close();
    agent.end();
  });
  server.addEventListener("error", () => agent.end());
  return new Response(null, { status: 101, webSocket: client });
});
