/** The browser has ended a subscription by itself: another one is made, and the server is told, without a page. */
import { createClient } from "#client/client";
import { subscribe, unsubscribe } from "../installed/push-methods.ts";
import { workerLimits } from "./limits.ts";
import { forgetPushRecord, readPushRecord, writePushRecord } from "./push-record.ts";

declare const self: ServiceWorkerGlobalScope;

/** Rejects when the server cannot be reached: the next page that is opened does it then. */
export async function resubscribe({ oldSubscription, newSubscription }: PushSubscriptionChangeEvent): Promise<void> {
  const record = await readPushRecord();
  const options = oldSubscription?.options ?? newSubscription?.options;
  if (!record || !options) return;
  const subscription = newSubscription ?? (await self.registration.pushManager.subscribe(options));
  // The browser's session may be somebody else's by now, and they have not asked for it.
  if ((await accountOfSession()) !== record.account) {
    await subscription.unsubscribe();
    await forgetPushRecord();
    return;
  }
  const client = createClient({
    url: `${self.location.origin.replace(/^http/, "ws")}/`,
    clientInfo: { name: "spindle-web", version: "1" },
  });
  const timer = setTimeout(() => client.close(), workerLimits.resubscribeMsMax);
  try {
    await subscribe(client, subscription, record.device);
    if (record.endpoint !== subscription.endpoint) await unsubscribe(client, record.endpoint);
    await writePushRecord({ ...record, endpoint: subscription.endpoint });
  } finally {
    clearTimeout(timer);
    client.close();
  }
}

async function accountOfSession(): Promise<string | null> {
  const response = await fetch("/session", { headers: { accept: "application/json" } });
  if (response.status === 401) return null;
  if (!response.ok) throw new Error(`the server does not say whose session it is (${response.status})`);
  return ((await response.json()) as { account: string }).account;
}
