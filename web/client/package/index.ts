/** What `@spindle/client` gives. Paths are relative: this folder's own package.json knows no `#` names. */
export { Client, type ClientOptions, createClient, type Reply, type RequestOptions } from "../client.ts";
export type { ConnectionState, Socket, SocketConstructor } from "../connection.ts";
export {
  ClientClosed,
  ConnectionLost,
  CredentialEnded,
  ReplayUnsupported,
  RequestError,
  TooManyRequests,
  TooManyUnsent,
} from "../failures.ts";
export type { Outbox } from "../outbox.ts";
export { type PatchLine, patchLines } from "../patch-lines.ts";
export type { ThreadCache } from "../thread-cache.ts";
export type { ThreadHandle, ThreadListener } from "../thread-handle.ts";
