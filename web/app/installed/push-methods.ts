/** What a browser says to the server about its notifications. */
import type { Client } from "#client/client";
import type { MethodName } from "#protocol/methods";

type Asking = Pick<Client, "request">;

/** One device of the account that rings. Times are Unix ms. */
export interface PushDevice {
  endpointHash: string;
  device: string;
  subscribedAt: number;
  lastDeliveredAt: number | null;
  lastFailure: string | null;
}

/** Null where the server's operator has no notifications. */
export async function readPushKey(client: Asking): Promise<string | null> {
  return (await ask<{ publicKey: string | null }>(client, "spindle/push/key/read", {})).publicKey;
}

/** The same again changes nothing. */
export async function subscribe(client: Asking, subscription: PushSubscription, device: string): Promise<void> {
  const { endpoint, keys, expirationTime } = subscription.toJSON();
  await ask(client, "spindle/push/subscribe", { endpoint, keys, expirationTime: expirationTime ?? null, device });
}

/** `endpoint` may be an `endpointHash`, for a device that is lost. */
export async function unsubscribe(client: Asking, endpoint: string): Promise<void> {
  await ask(client, "spindle/push/unsubscribe", { endpoint });
}

export async function listDevices(client: Asking): Promise<PushDevice[]> {
  return (await ask<{ data: PushDevice[] }>(client, "spindle/push/list", {})).data;
}

function ask<Answer>(client: Asking, method: string, params: object): Promise<Answer> {
  return client.request(method as MethodName, params as never, { isIdempotent: true }) as Promise<unknown> as Promise<Answer>;
}
