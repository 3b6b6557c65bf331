/** The protocol, whole. The browser's client takes types from here, and values only from the files without zod. */
export * from "./account-and-config-methods.ts";
export * from "./codex-method-names.ts";
export * from "./errors.ts";
export * from "./invalid-request.ts";
export * from "./item.ts";
export * from "./json-rpc.ts";
export type { Scope } from "./method.ts";
export * from "./methods.ts";
export * from "./notifications.ts";
export * from "./parse-request.ts";
export * from "./server-requests.ts";
export * from "./thread.ts";
export * from "./thread-id.ts";
export * from "./turn.ts";
export * from "./user-input.ts";
