/** `GET /v1/threads/{threadId}/events`: the thread's own socket, read out as server-sent events. */
import type { Context } from "hono";
import { withAdmission } from "#access/admission";
import { limits } from "#core/limits";
import { refusals, type WireError } from "#protocol/errors";
import { parseMessage, requestMessage } from "#protocol/json-rpc";
import { parseThreadId } from "#protocol/thread-id";
import { threadStub } from "../../durable-objects/environment.ts";
import type { Door } from "../authentication.ts";
import { afterOf, eventStream } from "./event-stream.ts";
import { httpLimits } from "./limits.ts";
import { type Problem, problem, problemOf } from "./problem.ts";

const clientInfo = { name: "spindle-http", title: "Spindle over HTTP", version: "1" };

export async function followThread(
  context: Context<Door>,
  asked: { threadId: string; after?: number | undefined },
): Promise<Response | { problem: Problem }> {
  const after = afterOf(context.req.header("last-event-id") ?? null, asked.after);
  if (typeof after === "object") return { problem: problem("invalidParameter", after.problem) };
  const parsed = parseThreadId(asked.threadId);
  if ("problem" in parsed) return { problem: problemOf(refusals.invalidThreadId(parsed.problem)) };
  const { threadId } = parsed;
  const socket = await socketTo(context, threadId);
  if (!socket) return { problem: problemOf(refusals.noRolloutFound(threadId)) };

  let takenCharacters = 0;
  const stream = eventStream({
    after,
    heartbeatMs: httpLimits.heartbeatMs,
    reconnectMs: httpLimits.reconnectMs,
    taken(characters) {
      takenCharacters += characters;
      if (takenCharacters < limits.acknowledgeCharacters) return;
      say(socket, JSON.stringify({ method: "spindle/read", params: { characters: takenCharacters } }));
      takenCharacters = 0;
    },
    left: () => close(socket),
  });
  const attached = Promise.withResolvers<WireError | null>();
  const tooLate = setTimeout(() => attached.resolve(refusals.overloaded()), httpLimits.attachMsMax);
  socket.addEventListener("message", ({ data }) => {
    if (typeof data !== "string") return;
    const message = parseMessage(data);
    if (message.kind === "errorResponse") attached.resolve(message.error);
    if (message.kind === "response" && message.id === resumeId) attached.resolve(null);
    stream.message(data);
    // Nothing follows, and whoever came back would be told that it is not there.
    if (message.kind === "notification" && message.method === "thread/deleted") stream.end();
  });
  for (const event of ["close", "error"] as const) {
    socket.addEventListener(event, () => {
      attached.resolve(refusals.overloaded());
      stream.end();
      close(socket);
    });
  }
  const capabilities = { experimentalApi: true, extensions: { "spindle/replay": {}, "spindle/acknowledge": {} } };
  say(socket, requestMessage(1, { method: "initialize", params: { clientInfo, capabilities } }));
  say(socket, JSON.stringify({ method: "initialized" }));
  say(socket, requestMessage(resumeId, { method: "thread/resume", params: { threadId, afterSeq: after, excludeTurns: true } }));

  const refused = await attached.promise;
  clearTimeout(tooLate);
  if (refused) {
    stream.end();
    close(socket);
    return { problem: problemOf(refused) };
  }
  return new Response(stream.body, {
    headers: {
      "content-type": "text/event-stream; charset=utf-8",
      "cache-control": "no-store",
      // Proxies that gather an answer before they pass it on would hold back what is live.
      "x-accel-buffering": "no",
    },
  });
}

const resumeId = 2;

/** Null where there is no such thread. The socket ends when its credential does, as any other. */
async function socketTo(context: Context<Door>, threadId: string): Promise<WebSocket | null> {
  const caller = context.get("caller");
  const upgrade = new Request(`http://inside/threads/${threadId}`, { headers: { upgrade: "websocket" } });
  const { webSocket } = await threadStub(context.env, caller.account, threadId).fetch(withAdmission(upgrade, caller));
  webSocket?.accept();
  return webSocket;
}

function say(socket: WebSocket, text: string): void {
  try {
    socket.send(text);
  } catch {
    // It is over, and its end is told.
  }
}

function close(socket: WebSocket): void {
  try {
    socket.close();
  } catch {
    // It was closed already.
  }
}
