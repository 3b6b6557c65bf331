/** Devices of an account that are rung when something waits for a person. Spindle's own: Codex has nothing of the kind. */
import * as z from "zod";
import { empty, method, struct } from "./method.ts";

export const pushMethods = {
  "spindle/push/key/read": method({
    doc: "The key that a browser subscribes with (`applicationServerKey`): an uncompressed point of P-256 in base64url. Null where push is not configured.",
    scope: "push",
    params: struct("PushKeyReadParams", {}),
    result: z.object({ publicKey: z.string().nullable() }),
  }),

  "spindle/push/subscribe": method({
    doc: "Rings this device from now on for what waits for a person in the account's threads, and for turns that ended while nobody looked. `endpoint`, `keys` and `expirationTime` are a browser's `PushSubscription.toJSON()`; `device` is what a person calls it. The same endpoint again is the same device, with new keys. Of more than twenty devices the one that heard nothing for longest goes. Refuses endpoints that are no known push service, and keys that cannot be used.",
    scope: "push",
    params: struct("PushSubscribeParams", {
      endpoint: z.string(),
      keys: struct("PushSubscriptionKeys", { p256dh: z.string(), auth: z.string() }),
      expirationTime: z.number().nullable(),
      device: z.string(),
    }),
    result: empty,
    errors: ["pushNotConfigured", "pushEndpoint", "pushKeys", "pushExpired", "pushDevice"],
  }),

  "spindle/push/unsubscribe": method({
    doc: "Rings the device no more; what was not sent to it never is. `endpoint` may be an `endpointHash` of `spindle/push/list`, for a device that is lost.",
    scope: "push",
    params: struct("PushUnsubscribeParams", { endpoint: z.string() }),
    result: z.object({ wasSubscribed: z.boolean() }),
  }),

  "spindle/push/list": method({
    doc: "The account's devices in the order in which they were added. Times are Unix milliseconds; `endpointHash` is the SHA-256 of the endpoint in base64url; `lastFailure` is what became of the last push, null where it was taken.",
    scope: "push",
    params: struct("PushListParams", {}),
    result: z.object({
      data: z.array(
        z.object({
          endpointHash: z.string(),
          device: z.string(),
          subscribedAt: z.number(),
          lastDeliveredAt: z.number().nullable(),
          lastFailure: z.string().nullable(),
        }),
      ),
    }),
  }),
};
