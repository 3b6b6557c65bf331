/** What a browser says to the server about its notifications. Each may be said again: the same again changes nothing. */
import type { Client } from "#client/client";
import type { Result } from "#protocol/methods";

type Asking = Pick<Client, "request">;

/** One device of the account that rings. Times are Unix ms. */
export type PushDevice = Result<"spindle/push/list">["data"][number];

const again = { isIdempotent: true };

/** Null where the server's operator has no notifications. */
export async function readPushKey(client: Asking): Promise<string | null> {
  return (await client.request("spindle/push/key/read", {}, again)).publicKey;
}

export async function subscribe(client: Asking, subscription: PushSubscription, device: string): Promise<void> {
  const { endpoint = "", keys: { p256dh = "", auth = "" } = {}, expirationTime = null } = subscription.toJSON();
  await client.request("spindle/push/subscribe", { endpoint, keys: { p256dh, auth }, expirationTime, device }, again);
}

/** `endpoint` may be an `endpointHash`, for a device that is lost. */
export async function unsubscribe(client: Asking, endpoint: string): Promise<void> {
  await client.request("spindle/push/unsubscribe", { endpoint }, again);
}

export async function listDevices(client: Asking): Promise<PushDevice[]> {
  return (await client.request("spindle/push/list", {}, again)).data;
}
