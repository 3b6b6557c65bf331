/**
 * Cloudflare's public prices, Workers Paid, in US dollars, without what a plan includes. Read on 2026-11-21 in
 * developers.cloudflare.com/durable-objects/platform/pricing, /workers/platform/pricing and /kv/platform/pricing.
 */
export const prices = {
  /** A million requests to the Worker; a socket's upgrade is one. */
  workerRequests: 0.3,
  /** A million requests to objects: calls between them, alarms, and WebSocket messages that come in at 20 to 1. */
  objectRequests: 0.15,
  socketMessagesPerRequest: 20,
  /** A million GB-seconds; an object counts 128 MB while it works. */
  objectGbSeconds: 12.5,
  objectGb: 0.128,
  rowsRead: 0.001,
  rowsWritten: 1,
  /** A GB for a month. */
  storageGbMonth: 0.2,
  kvReads: 0.5,
  kvWrites: 5,
} as const;
