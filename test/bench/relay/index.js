/**
 * The least that could stand between a model and a client: a WebSocket in, one request to the model, each of its events out as one message.
 * No thread, no log, no storage. What a turn costs here, nobody can save; what it costs above that is the price of Spindle's loop.
 * Plain JavaScript, and named as a bundle's entry is, so that the very Miniflare that runs Spindle's bundle runs this folder.
 */
import { DurableObject } from "cloudflare:workers";

export default {
  async fetch(request, env) {
    if (request.headers.get("upgrade") !== "websocket") return new Response(null, { status: 200 });
    const [client, server] = Object.values(new WebSocketPair());
    server.accept();
    server.addEventListener("message", ({ data }) => relay(server, env, data));
    return new Response(null, { status: 101, webSocket: client });
  },
};

async function relay(socket, { OPENAI_BASE_URL, OPENAI_API_KEY }, body) {
  const response = await fetch(`${OPENAI_BASE_URL}/responses`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${OPENAI_API_KEY}` },
    body,
  });
  let rest = "";
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    const events = (rest + text).split("\n\n");
    rest = events.pop();
    for (const event of events) socket.send(event.slice(event.indexOf("data: ") + "data: ".length));
  }
}

// The configuration names them; nobody ever calls them.
export class ThreadObject extends DurableObject {}
export class ConnectionObject extends DurableObject {}
export class DirectoryObject extends DurableObject {}
export class AccessObject extends DurableObject {}
export class MemoryObject extends DurableObject {}
