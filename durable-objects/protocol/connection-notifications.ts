/** What one connection is told beside the frames of its threads. None of it is in a log: it is about the socket, and ends with it. */
import * as z from "zod";
import { fuzzyFileSearchResult } from "./file-search-methods.ts";

export const connectionNotifications = {
  /** Example: `{"processId":"p1","stream":"stdout","deltaBase64":"YQo=","capReached":false}` */
  "command/exec/outputDelta": z.object({
    processId: z.string(),
    stream: z.enum(["stdout", "stderr"]),
    deltaBase64: z.string(),
    capReached: z.boolean(),
  }),
  /** Example: `{"watchId":"w1","changedPaths":["/workspace/a.txt"]}` */
  "fs/changed": z.object({ watchId: z.string(), changedPaths: z.array(z.string()) }),
  /**
   * The answer that this client gave names hunks and cannot be taken; the request goes on waiting. Example:
   * `{"threadId":"…","requestId":"…","error":{"code":-32600,"message":"these hunks cannot be accepted: This diff has hunks 1 to 3, and no 4."}}`
   */
  "spindle/approval/refused": z.object({
    threadId: z.string(),
    requestId: z.string(),
    error: z.object({ code: z.number(), message: z.string() }),
  }),
  "fuzzyFileSearch/sessionUpdated": z.object({ sessionId: z.string(), query: z.string(), files: z.array(fuzzyFileSearchResult) }),
  "fuzzyFileSearch/sessionCompleted": z.object({ sessionId: z.string() }),
} as const;

export type ConnectionNotifications = {
  [Method in keyof typeof connectionNotifications]: z.infer<(typeof connectionNotifications)[Method]>;
};
export type ConnectionNotificationMethod = keyof ConnectionNotifications;

/** One of them as it goes to the socket; a text crosses between objects in one piece. */
export interface Notice {
  method: ConnectionNotificationMethod;
  text: string;
  /** The watch it tells of; of one that ended meanwhile nothing is told, and nothing before the answers that the thread owes. */
  about?: { threadId: string; watchId: string };
}

export function notice<Method extends ConnectionNotificationMethod>(
  method: Method,
  params: ConnectionNotifications[Method],
  emittedAtMs: number,
): Notice {
  return { method, text: JSON.stringify({ method, params, emittedAtMs }) };
}
