/** ACP's envelope: our JSON-RPC with the `jsonrpc` member, and an answer to what is none. */
import type { WireError } from "#protocol/errors";
import { errorMessage, type Incoming, parseMessage, type RequestId, requestMessage, resultMessage } from "#protocol/json-rpc";

export type Read = Exclude<Incoming, { kind: "dropped" }> | { kind: "unreadable"; text: string };

/** Never throws. */
export function readMessage(text: string): Read {
  const message = parseMessage(text);
  if (message.kind !== "dropped") return message;
  const error = isJson(text)
    ? { code: -32600, message: "not a message of JSON-RPC 2.0: one object, with a method or an id; batches are not supported" }
    : { code: -32700, message: "not JSON" };
  return { kind: "unreadable", text: `{"jsonrpc":"2.0","id":null,"error":${JSON.stringify(error)}}` };
}

/** `{"jsonrpc":"2.0","id":1,"result":{"stopReason":"end_turn"}}` */
export function resultText(id: RequestId, result: unknown): string {
  return versioned(resultMessage(id, result));
}

/** `{"jsonrpc":"2.0","error":{"code":-32602,"message":"cwd: must be an absolute path"},"id":1}` */
export function errorText(id: RequestId, error: WireError): string {
  return versioned(errorMessage(id, error));
}

export function requestText(id: RequestId, method: string, params: unknown): string {
  return versioned(requestMessage(id, { method, params }));
}

export function notificationText(method: string, params: unknown): string {
  return JSON.stringify({ jsonrpc: "2.0", method, params });
}

function versioned(text: string): string {
  return `{"jsonrpc":"2.0",${text.slice(1)}`;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
