/**
 * The envelope: one text frame to one message and back. As on the real server there is no `"jsonrpc"` member (it is accepted and
 * ignored), and what is not a message is dropped without an answer. No zod here: the browser's client reads its socket with this too.
 */
import type { WireError } from "./errors.ts";

/**
 * An id of the peer's choice: a string or an int64, unique per connection and direction. JavaScript's numbers are exact up to
 * 2^53 only, so a larger integer is kept as a `bigint`; everybody else may treat an id as opaque.
 */
export type RequestId = string | number | bigint;

export type Incoming =
  /** `{"id":1,"method":"thread/read","params":{"threadId":"01a1…"},"trace":{"traceparent":"00-4b…-01"}}` */
  | { kind: "request"; id: RequestId; method: string; params: unknown; trace?: unknown }
  /** `{"method":"initialized"}` */
  | { kind: "notification"; method: string; params: unknown }
  /** `{"id":0,"result":{"decision":"accept"}}` */
  | { kind: "response"; id: RequestId; result: unknown }
  /** `{"id":0,"error":{"code":-32601,"message":"…"}}` */
  | { kind: "errorResponse"; id: RequestId; error: WireError }
  /** Not JSON, a batch, nested too deeply, an id that is null or not an integer, no method and no result: never answered. */
  | { kind: "dropped" };

/** Levels of arrays and objects in one message, serde_json's number: deeper ones could overflow the stack of whoever walks them. */
export const nestingDepthMax = 128;

const dropped: Incoming = { kind: "dropped" };

/** Reads one text frame. Never throws. */
export function parseMessage(text: string): Incoming {
  if (isNestedTooDeeply(text)) return dropped;
  const message = parseObject(text);
  if (!message) return dropped;
  const { method, params, trace } = message;

  if (typeof method === "string" && message.id === undefined) return { kind: "notification", method, params };

  const id = readId(message.id, text);
  if (id === undefined) return dropped;
  if (typeof method === "string") return { kind: "request", id, method, params, ...(trace == null ? {} : { trace }) };
  if (message.result !== undefined) return { kind: "response", id, result: message.result };
  if (isWireError(message.error)) return { kind: "errorResponse", id, error: message.error };
  return dropped;
}

/** `{"id":1,"method":"thread/read","params":{…}}` */
export function requestMessage(
  id: RequestId,
  { method, params, trace }: { method: string; params: unknown; trace?: unknown },
): string {
  return `{"id":${idText(id)},${JSON.stringify({ method, params, trace }).slice(1)}`;
}

/** `{"id":1,"result":{…}}`; `seq` is the last frame of the thread that the result takes into account. */
export function resultMessage(id: RequestId, result: unknown, seq?: number): string {
  return resultTextMessage(id, JSON.stringify(result ?? null), seq);
}

/** The same where the result is JSON already: long ones are written once, where they are made, and not again by whoever passes them on. */
export function resultTextMessage(id: RequestId, resultText: string, seq?: number): string {
  return `{"id":${idText(id)},"result":${resultText}${seq === undefined ? "" : `,"seq":${seq}`}}`;
}

/** `{"error":{"code":-32600,"message":"Not initialized"},"id":1}`: members in the real server's order. */
export function errorMessage(id: RequestId, { code, data, message }: WireError): string {
  return `{"error":${JSON.stringify({ code, data, message })},"id":${idText(id)}}`;
}

function idText(id: RequestId): string {
  return typeof id === "string" ? JSON.stringify(id) : String(id);
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function isWireError(value: unknown): value is WireError {
  if (typeof value !== "object" || value === null) return false;
  return "code" in value && Number.isInteger(value.code) && "message" in value && typeof value.message === "string";
}

function readId(value: unknown, text: string): RequestId | undefined {
  if (typeof value === "string") return value;
  if (typeof value !== "number" || !Number.isInteger(value)) return undefined;
  if (Number.isSafeInteger(value)) return value;
  const digits = topLevelIdDigits(text);
  if (digits === undefined) return undefined;
  const id = BigInt(digits);
  return id === BigInt.asIntN(64, id) ? id : undefined;
}

/** Looks at the text and not at the parsed value, because parsing it is what must not happen. */
function isNestedTooDeeply(text: string): boolean {
  if (text.length <= nestingDepthMax) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === '"') at = endOfString(text, at);
    else if (character === "{" || character === "[") {
      depth += 1;
      if (depth > nestingDepthMax) return true;
    } else if (character === "}" || character === "]") depth -= 1;
  }
  return false;
}

/** `JSON.parse` has already rounded the number; its digits are still in the text, as the value of the outermost `"id"`. */
function topLevelIdDigits(text: string): string | undefined {
  let depth = 0;
  let digits: string | undefined;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === "{" || character === "[") depth += 1;
    else if (character === "}" || character === "]") depth -= 1;
    else if (character === '"') {
      const end = endOfString(text, at);
      // The last one wins, as it does in `JSON.parse`.
      if (depth === 1 && text.slice(at, end + 1) === '"id"')
        digits = /^\s*:\s*(-?\d+)\s*[,}]/.exec(text.slice(end + 1, end + 64))?.[1];
      at = end;
    }
  }
  return digits;
}

/** From an opening quote to its closing one: the first that an even number of backslashes precedes. */
function endOfString(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let backslashes = 0;
    while (text[end - 1 - backslashes] === "\\") backslashes += 1;
    if (backslashes % 2 === 0) return end;
  }
  return text.length;
}
