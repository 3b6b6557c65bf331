/**
 * The protocol's types by the names that the client's sources know, made of the generated `protocol.d.ts`: without zod, and without what
 * only the server folds. `npm run check:client` holds them against the library's use of them.
 */
import type * as Wire from "./protocol.js";

export type {
  CommandDecision,
  DecisionTree,
  GitInfo,
  HunksAccepted,
  MemoryUsed,
  ThreadItem,
  ThreadSettings,
  ThreadTokenUsage,
  Turn,
  UserInput,
} from "./protocol.js";

export type MethodName = keyof Wire.ClientRequests;
export type ParamsInput<Name extends MethodName> = Wire.ClientRequests[Name]["params"];
export type Result<Name extends MethodName> = Wire.ClientRequests[Name]["result"];
export type Notifications = Wire.ServerNotifications;

type NotificationFrame = {
  [Method in keyof Wire.ServerNotifications]: { method: Method; params: Wire.ServerNotifications[Method] };
}[keyof Wire.ServerNotifications];
type RequestFrame = {
  [Method in keyof Wire.ServerRequests]: { method: Method; id: string; params: Wire.ServerRequests[Method]["params"] };
}[keyof Wire.ServerRequests];

/** One row of a thread's log. `seq` is 1, 2, 3 … within the thread; `emittedAtMs` is Unix milliseconds. */
export type Frame = (NotificationFrame | RequestFrame) & { seq: number; emittedAtMs: number };

/** A server request that waits for somebody's answer. */
export type PendingRequest = {
  [Method in keyof Wire.ServerRequests]: {
    id: string;
    seq: number;
    method: Method;
    params: Wire.ServerRequests[Method]["params"];
  };
}[keyof Wire.ServerRequests];

/** A thread as it is folded from its frames. */
export interface Thread {
  /** The number of the last folded frame. */
  seq: number;
  /** What the thread is, without what happens in it. */
  info: Omit<Wire.Thread, "status" | "turns">;
  status: Wire.Thread["status"];
  archived: boolean;
  deleted: boolean;
  turns: Wire.Turn[];
  /** Oldest first. */
  requests: PendingRequest[];
  tokenUsage: Wire.ThreadTokenUsage | null;
  goal?: Wire.ThreadGoal;
  readState?: Wire.ThreadReadState;
}
