/** Which requests may be sent again when the socket dropped before their answer. */

/** Methods whose retry under the same key gets the first result: method → the params' member that is the key. */
const keys: Record<string, string> = {
  "thread/start": "threadId",
  "turn/start": "clientUserMessageId",
  "turn/steer": "clientUserMessageId",
  "thread/queue/add": "clientUserMessageId",
  "thread/queue/start": "queuedSubmissionId",
};

/** Reads, and commands that carry an idempotency key or name the state they lead to. */
export function isRepeatable(method: string, params: unknown): boolean {
  if (/\/(read|list|get|export|search|searchOccurrences|readFile|getMetadata|readDirectory)$/.test(method)) return true;
  if (/\/(resume|unsubscribe|interrupt|revert|checkGovCloudRequirements)$/.test(method)) return true;
  const key = keys[method];
  return key !== undefined && typeof (Object(params) as Record<string, unknown>)[key] === "string";
}
