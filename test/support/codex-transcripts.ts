/** The captured sessions, as tests want them: frames in order, and requests together with their responses. */
import { readdirSync, readFileSync } from "node:fs";

export type WireMessage = { id?: string | number; method?: string; params?: unknown; result?: unknown; error?: unknown };

export interface RecordedFrame {
  session: string;
  to: "client" | "server";
  message: WireMessage;
}

export interface Exchange {
  session: string;
  method: string;
  request: WireMessage;
  response: WireMessage;
}

const folder = new URL("../fixtures/codex-0.169.0/transcripts/", import.meta.url);

export const sessions: readonly string[] = readdirSync(folder)
  .filter((name) => name.endsWith(".jsonl"))
  .sort();

/** Every JSON-RPC message of a session that the real server took for one; sockets' own events are left out. */
export function framesOf(session: string): readonly RecordedFrame[] {
  const known = framesBySession.get(session);
  if (known) return known;
  const frames = linesOf(session).flatMap(({ dir, msg }) => {
    const message = "RAW" in msg ? requestIn(String(msg.RAW)) : (msg as WireMessage);
    if (dir === "meta" || "PONG" in msg || !message) return [];
    return [{ session, to: dir === "c2s" ? ("server" as const) : ("client" as const), message }];
  });
  framesBySession.set(session, frames);
  return frames;
}

/** A session is read once, so that a frame is the same object for everybody who asks. */
const framesBySession = new Map<string, readonly RecordedFrame[]>();

/** Frames that were sent as bare text, in order. */
export function rawTextsOf(session: string): string[] {
  return linesOf(session).flatMap(({ msg }) => ("RAW" in msg ? [String(msg.RAW)] : []));
}

/** A client's requests that were answered, with a result or an error. */
export function exchangesOf(session: string): Exchange[] {
  const asked = new Map<unknown, WireMessage>();
  return framesOf(session).flatMap(({ to, message }) => {
    if (to === "server") {
      if (message.method !== undefined && message.id !== undefined) asked.set(message.id, message);
      return [];
    }
    const request = message.method === undefined ? asked.get(message.id) : undefined;
    return request?.method === undefined ? [] : [{ session, method: request.method, request, response: message }];
  });
}

/** Some frames were sent as bare text; a few of those are requests all the same. */
function requestIn(text: string): WireMessage | undefined {
  if (!text.startsWith("{")) return undefined;
  const message = JSON.parse(text) as WireMessage;
  const isAnswered = typeof message.id === "string" || Number.isInteger(message.id);
  return isAnswered && message.method !== undefined ? message : undefined;
}

function linesOf(session: string): { dir: "c2s" | "s2c" | "meta"; msg: object }[] {
  return readFileSync(new URL(session, folder), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));
}
