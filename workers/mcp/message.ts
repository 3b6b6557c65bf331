/**
 * One JSON-RPC 2.0 message of a body. Stricter than the Codex door, which leaves `jsonrpc` out: MCP's clients expect its errors. No batches: the
 * generations that are spoken here have none.
 */
import { nestingDepthMax } from "#protocol/json-rpc";

export type RpcId = string | number;

/** Example: `{"code":-32602,"message":"Unknown tool: x"}` */
export interface RpcError {
  code: number;
  message: string;
  data?: unknown;
}

export type Message =
  /** `{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}` */
  | { kind: "request"; id: RpcId; method: string; params: Record<string, unknown> }
  /** `{"jsonrpc":"2.0","method":"notifications/initialized"}`; also an answer to a question that nobody asked. */
  | { kind: "notification"; method: string }
  /** Never a message. `id` where one could still be read. */
  | { kind: "unreadable"; id: RpcId | null; error: RpcError };

/** JSON-RPC's own codes, and those that MCP 2026-07-28 adds. */
export const rpcCodes = {
  parse: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  headerMismatch: -32020,
  unsupportedVersion: -32022,
} as const;

export function parseBody(text: string): Message {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return unreadable(null, rpcCodes.parse, "the body is no JSON");
  }
  if (Array.isArray(value)) return unreadable(null, rpcCodes.invalidRequest, "batches are not part of this protocol");
  if (typeof value !== "object" || value === null) return unreadable(null, rpcCodes.invalidRequest, "the body is no object");
  if (depthOf(value, 0) > nestingDepthMax) {
    return unreadable(null, rpcCodes.invalidRequest, `the body nests deeper than ${nestingDepthMax} levels`);
  }
  const { jsonrpc, id, method, params } = value as Record<string, unknown>;
  const knownId = isId(id) ? id : null;
  if (jsonrpc !== "2.0") return unreadable(knownId, rpcCodes.invalidRequest, 'jsonrpc must be "2.0"');
  if (method === undefined && id !== undefined && ("result" in value || "error" in value)) {
    return { kind: "notification", method: "response" };
  }
  if (typeof method !== "string") return unreadable(knownId, rpcCodes.invalidRequest, "method must be a string");
  if (id === undefined) return { kind: "notification", method };
  if (knownId === null) return unreadable(null, rpcCodes.invalidRequest, "id must be a string or an integer");
  if (params === undefined) return { kind: "request", id: knownId, method, params: {} };
  if (!isObject(params)) return unreadable(knownId, rpcCodes.invalidRequest, "params must be an object");
  return { kind: "request", id: knownId, method, params };
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isId(id: unknown): id is RpcId {
  return typeof id === "string" || Number.isSafeInteger(id);
}

function unreadable(id: RpcId | null, code: number, message: string): Message {
  return { kind: "unreadable", id, error: { code, message } };
}

/** Ends as soon as it is too deep, so that the stack is never in danger. */
function depthOf(value: unknown, depth: number): number {
  if (typeof value !== "object" || value === null || depth > nestingDepthMax) return depth;
  let deepest = depth + 1;
  for (const inner of Object.values(value)) deepest = Math.max(deepest, depthOf(inner, depth + 1));
  return deepest;
}
