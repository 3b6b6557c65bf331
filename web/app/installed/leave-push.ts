/** The end of notifications on this browser, when its account leaves: what was shown is taken away, and nothing more comes. */
import type { Client } from "#client/client";
import { forgetPushRecord } from "../service-worker/push-record.ts";
import { installedLimits } from "./limits.ts";
import { unsubscribe } from "./push-methods.ts";

/**
 * `client` null: the server is not told, because the session is another account's already. An endpoint that the browser has ended
 * answers "gone", so that the server forgets it all the same.
 */
export async function leavePush(client: Pick<Client, "request"> | null): Promise<void> {
  try {
    const registration = await navigator.serviceWorker?.getRegistration();
    for (const notification of (await registration?.getNotifications?.()) ?? []) notification.close();
    await navigator.clearAppBadge?.();
    const subscription = await registration?.pushManager?.getSubscription();
    if (!subscription) return;
    if (client) await within(installedLimits.unsubscribeMsMax, unsubscribe(client, subscription.endpoint));
    await subscription.unsubscribe();
  } catch {
    // A browser without notifications has none to end.
  } finally {
    await forgetPushRecord().catch(() => {});
  }
}

/** Resolves either way: nobody is kept signed in by a server that does not answer. */
async function within(durationMs: number, work: Promise<void>): Promise<void> {
  await Promise.race([work.catch(() => {}), new Promise((resolve) => setTimeout(resolve, durationMs))]);
}
