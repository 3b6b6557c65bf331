/** A second client beside the one under test, in as few lines as it takes: requests and their results over the platform's own WebSocket. */
import type { WireMessage } from "../support/codex-transcripts.ts";

export interface WireClient {
  /** The result of a request; throws with the server's words when it is refused, or when no answer comes. */
  // biome-ignore lint/suspicious/noExplicitAny: what comes back is judged by whoever asked.
  request(method: string, params: unknown): Promise<any>;
  close(): void;
}

/** Connects and says hello, with the experimental surface on. */
export async function connectWireClient(wsUrl: string, name = "spindle-check"): Promise<WireClient> {
  const socket = new WebSocket(wsUrl);
  const waiting = new Map<unknown, { resolve: (result: unknown) => void; reject: (error: Error) => void }>();
  let requests = 0;
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(String(data)) as WireMessage;
    const asked = message.method === undefined ? waiting.get(message.id) : undefined;
    if (!asked) return;
    waiting.delete(message.id);
    if (message.error === undefined) asked.resolve(message.result);
    else asked.reject(new Error(JSON.stringify(message.error)));
  });
  socket.addEventListener("close", () => {
    for (const { reject } of waiting.values()) reject(new Error("the server closed the connection"));
  });
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve());
    socket.addEventListener("error", () => reject(new Error(`no WebSocket at ${wsUrl}`)));
  });
  const client: WireClient = {
    request: (method, params) =>
      new Promise((resolve, reject) => {
        requests += 1;
        const timer = setTimeout(() => reject(new Error(`no answer to ${method}`)), 10_000);
        const settled =
          <Value>(settle: (value: Value) => void) =>
          (value: Value) => {
            clearTimeout(timer);
            settle(value);
          };
        waiting.set(requests, { resolve: settled(resolve), reject: settled(reject) });
        socket.send(JSON.stringify({ id: requests, method, params }));
      }),
    close: () => socket.close(),
  };
  await client.request("initialize", {
    clientInfo: { name, title: null, version: "1" },
    capabilities: { experimentalApi: true, requestAttestation: false },
  });
  socket.send(JSON.stringify({ method: "initialized" }));
  return client;
}
