/**
 * Which generation of the protocol a request belongs to. Since 2026-07-28 each request says its version and its client's capabilities itself, and
 * repeats in headers what proxies route by; before, an `initialize` went first. This door keeps nothing between requests, so that both are
 * served alike, at the same address.
 */
import { isObject, type RpcError, rpcCodes } from "./message.ts";

export const modernVersion = "2026-07-28";
/** The newest first. Earlier ones had batches, or another transport. */
export const legacyVersions = ["2025-11-25", "2025-06-18"] as const;
export const supportedVersions = [modernVersion, ...legacyVersions];

export const metaKeys = {
  version: "io.modelcontextprotocol/protocolVersion",
  capabilities: "io.modelcontextprotocol/clientCapabilities",
  serverInfo: "io.modelcontextprotocol/serverInfo",
} as const;

export type Generation = { modern: boolean } | { refused: RpcError };

/** `header` reads a header of the HTTP request, whatever its letters' case. A refusal is a 400. */
export function generationOf(
  { method, params }: { method: string; params: Record<string, unknown> },
  header: (name: string) => string | undefined,
): Generation {
  const inHeader = header("mcp-protocol-version");
  const meta = isObject(params._meta) ? params._meta : {};
  const inBody = meta[metaKeys.version];
  const isModern = inBody !== undefined || inHeader === modernVersion || method === "server/discover";
  if (!isModern) {
    // A client that was told its version by `initialize` need not say it then; 2025-03-26 knew no header.
    const isServed =
      inHeader === undefined || inHeader === "2025-03-26" || (legacyVersions as readonly string[]).includes(inHeader);
    return isServed ? { modern: false } : { refused: unsupportedVersion(inHeader) };
  }
  if (typeof inBody !== "string") return invalid(`params._meta["${metaKeys.version}"] is missing`);
  if (inHeader !== inBody) return mismatch("MCP-Protocol-Version", inHeader, inBody);
  if (inBody !== modernVersion) return { refused: unsupportedVersion(inBody) };
  if (!isObject(meta[metaKeys.capabilities])) return invalid(`params._meta["${metaKeys.capabilities}"] is missing`);
  const methodInHeader = header("mcp-method");
  if (methodInHeader !== method) return mismatch("Mcp-Method", methodInHeader, method);
  if (method === "tools/call" && typeof params.name === "string") {
    const nameInHeader = header("mcp-name");
    if (decoded(nameInHeader) !== params.name) return mismatch("Mcp-Name", nameInHeader, params.name);
  }
  return { modern: true };
}

/** The version that an `initialize` is answered with: the client's, if it is spoken here, else the newest of its generation. */
export function versionForInitialize(asked: unknown): string {
  return legacyVersions.find((version) => version === asked) ?? legacyVersions[0];
}

/** A name that is no plain ASCII is written in base64: `=?base64?SGk=?=`. */
function decoded(value: string | undefined): string | undefined {
  const encoded = /^=\?base64\?([A-Za-z0-9+/]*={0,2})\?=$/.exec(value ?? "")?.[1];
  if (encoded === undefined) return value;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(
      Uint8Array.from(atob(encoded), (sign) => sign.charCodeAt(0)),
    );
  } catch {
    return undefined;
  }
}

function unsupportedVersion(requested: string): RpcError {
  return {
    code: rpcCodes.unsupportedVersion,
    message: "Unsupported protocol version",
    data: { supported: supportedVersions, requested: requested.slice(0, 64) },
  };
}

function mismatch(name: string, inHeader: string | undefined, inBody: string): Generation {
  const said = inHeader === undefined ? "is missing" : `is '${inHeader.slice(0, 128)}'`;
  return {
    refused: {
      code: rpcCodes.headerMismatch,
      message: `Header mismatch: ${name} ${said}, the body says '${inBody.slice(0, 128)}'`,
    },
  };
}

function invalid(message: string): Generation {
  return { refused: { code: rpcCodes.invalidParams, message } };
}
