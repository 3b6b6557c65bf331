/** A frame: one row of a thread's log, and (without its private part) the very message on the wire. */

import type { Private } from "#core/private";
import type { NotificationMethod, Notifications } from "#protocol/notifications";
import type { ServerRequestMethod, ServerRequests } from "#protocol/server-requests";

/** A frame before the log gave it its number and time. `private` never leaves the object. */
export type Draft =
  | { [Method in NotificationMethod]: { method: Method; params: Notifications[Method]; private?: Private } }[NotificationMethod]
  | {
      [Method in ServerRequestMethod]: { method: Method; id: string; params: ServerRequests[Method]; private?: Private };
    }[ServerRequestMethod];

/** `seq` is 1, 2, 3 … within the thread; `emittedAtMs` is Unix milliseconds. */
export type Frame = Draft & { seq: number; emittedAtMs: number };

export type FrameMethod = Draft["method"];
