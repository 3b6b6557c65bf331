/**
 * A Worker in front of a server that breaks it in one named way, as a bug of ours or a proxy would: for showing that smoke and acceptance see
 * it. With `none` everything passes as it is.
 */
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { freePort } from "../server.ts";

export type Fault =
  | "none"
  | "noSocket"
  | "frameLost"
  | "frameTwice"
  | "replayFromTheStart"
  | "approvalIgnored"
  | "hashIgnored"
  | "declineLands"
  | "nothingDeleted"
  | "noPolicy"
  | "doorsOpen";

export interface BrokenFront {
  url: string;
  /** From the next request on. */
  breakBy(fault: Fault): Promise<void>;
  close(): Promise<void>;
}

export async function startBrokenFront(upstream: string, token: string): Promise<BrokenFront> {
  const port = await freePort();
  const miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: "broken-front",
      host: "127.0.0.1",
      port,
      cf: false,
      telemetry: { enabled: false },
      modules: true,
      script,
      compatibilityDate: "2026-10-20",
      bindings: { UPSTREAM: upstream, TOKEN: token },
    }),
  );
  await miniflare.ready;
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    breakBy: async (fault) => void (await fetch(`${url}/broken-front/${fault}`)),
    close: () => miniflare.dispose(),
  };
}

/** In workerd, so in JavaScript. One isolate: its variables are for all sockets. */
const script = `
let fault = "none";
let deltas = 0;
/** Threads of which everybody is to hear that they are deleted. */
let deleted = [];

export default {
  async fetch(request, { UPSTREAM, TOKEN }) {
    const url = new URL(request.url);
    const named = /^\\/broken-front\\/(\\w+)$/.exec(url.pathname);
    if (named) {
      fault = named[1];
      deltas = 0;
      deleted = [];
      return new Response(null, { status: 204 });
    }
    const headers = new Headers(request.headers);
    // The page's origin is ours, and the server knows its own only.
    if (headers.has("origin")) headers.set("origin", UPSTREAM);
    if (fault === "doorsOpen" && !headers.has("authorization")) headers.set("authorization", "Bearer " + TOKEN);
    const isSocket = headers.get("upgrade") === "websocket";
    if (isSocket && fault === "noSocket") return new Response("no sockets here", { status: 404 });
    const body = request.body === null ? null : await request.arrayBuffer();
    const response = await fetch(UPSTREAM + url.pathname + url.search, { method: request.method, headers, body, redirect: "manual" });
    if (response.webSocket) return joined(response.webSocket);
    const own = new Response(response.body, response);
    if (fault === "noPolicy") own.headers.delete("content-security-policy");
    return own;
  },
};

function joined(server) {
  const [outer, client] = Object.values(new WebSocketPair());
  server.accept();
  client.accept();
  // A socket may be used by the request that opened it only: each looks for itself.
  let told = 0;
  const telling = setInterval(() => {
    for (; told < deleted.length; told++) {
      client.send(JSON.stringify({ method: "thread/deleted", params: { threadId: deleted[told] } }));
    }
  }, 20);
  client.addEventListener("message", ({ data }) => {
    const passed = toServer(data, client);
    if (passed !== null) server.send(passed);
  });
  server.addEventListener("message", ({ data }) => {
    for (const each of toClient(data)) client.send(each);
  });
  const end = () => {
    clearInterval(telling);
    for (const socket of [client, server]) try { socket.close(); } catch {}
  };
  for (const socket of [client, server]) { socket.addEventListener("close", end); socket.addEventListener("error", end); }
  return new Response(null, { status: 101, webSocket: outer });
}

function toServer(data, client) {
  const message = read(data);
  const decision = message.result?.decision;
  if (decision !== undefined && fault === "approvalIgnored") return null;
  if (message.result?.hunks && fault === "hashIgnored") return JSON.stringify({ id: message.id, result: { decision } });
  if (decision === "decline" && fault === "declineLands") return JSON.stringify({ id: message.id, result: { decision: "accept" } });
  if (message.method === "thread/resume" && fault === "replayFromTheStart") {
    return JSON.stringify({ ...message, params: { ...message.params, afterSeq: 0 } });
  }
  if (message.method === "thread/delete" && fault === "nothingDeleted") {
    client.send(JSON.stringify({ id: message.id, result: {} }));
    deleted.push(message.params.threadId);
    return null;
  }
  return data;
}

function toClient(data) {
  if (read(data).method !== "item/agentMessage/delta") return [data];
  deltas += 1;
  // Not the first: behind it the connection is cut, and what comes then is not heard.
  if (deltas !== 20) return [data];
  return fault === "frameLost" ? [] : fault === "frameTwice" ? [data, data] : [data];
}

function read(data) {
  try { return JSON.parse(data) ?? {}; } catch { return {}; }
}
`;
