/** Notifications on this browser: switched on by a press, kept on by every page that is opened, switched off again. */
import type { Client } from "#client/client";
import { readPushRecord, writePushRecord } from "../service-worker/push-record.ts";
import { leavePush } from "./leave-push.ts";
import { listDevices, type PushDevice, readPushKey, subscribe } from "./push-methods.ts";
import { type BrowserTraits, deviceName, type PushSupport, pushSupport } from "./push-support.ts";

export type PushState =
  | { type: "unavailable"; why: Exclude<PushSupport, "ready"> }
  /** The operator has no notifications set up. */
  | { type: "notOffered" }
  | { type: "off"; devices: PushDevice[] }
  /** `ownHash`: which of the devices this one is. */
  | { type: "on"; devices: PushDevice[]; ownHash: string };

interface Whose {
  client: Pick<Client, "request">;
  account: string;
}

/** Rejects when the server cannot be asked. */
export async function readPush({ client, account }: Whose): Promise<PushState> {
  const why = pushSupport(traits());
  if (why !== "ready") return { type: "unavailable", why };
  if ((await keyOf(client)) === null) return { type: "notOffered" };
  const [subscription, record, devices] = await Promise.all([ownSubscription(), readPushRecord(), listDevices(client)]);
  if (!subscription || record?.account !== account || Notification.permission !== "granted") return { type: "off", devices };
  return { type: "on", devices, ownHash: await hashOf(subscription.endpoint) };
}

/** Asks the person first, so it has to follow a press. Nothing happens when they say no: `readPush` says how it stands. */
export async function turnOn({ client, account }: Whose): Promise<void> {
  if ((await Notification.requestPermission()) !== "granted") return;
  await ring({ client, account });
}

export async function turnOff({ client }: Whose): Promise<void> {
  await leavePush(client);
}

/** For every page that is opened: a browser may have ended the subscription, a server may have other keys or have lost it. */
export async function keepOn(whose: Whose): Promise<void> {
  if (pushSupport(traits()) !== "ready" || Notification.permission !== "granted") return;
  const record = await readPushRecord();
  if (record?.account === whose.account) await ring(whose);
}

async function ring({ client, account }: Whose): Promise<void> {
  const key = await keyOf(client);
  if (key === null) return;
  const { pushManager } = await navigator.serviceWorker.ready;
  const before = await pushManager.getSubscription();
  const isSame = before !== null && base64Url(before.options.applicationServerKey) === key;
  if (before && !isSame) await before.unsubscribe();
  const subscription = isSame ? before : await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
  const device = deviceName(traits());
  await subscribe(client, subscription, device);
  await writePushRecord({ account, device, endpoint: subscription.endpoint });
}

/** A server from before notifications does not know the method, which comes to the same. */
async function keyOf(client: Pick<Client, "request">): Promise<string | null> {
  return readPushKey(client).catch((error: unknown) => {
    if (error instanceof Error && error.name === "RequestError") return null;
    throw error;
  });
}

async function ownSubscription(): Promise<PushSubscription | null> {
  return (await (await navigator.serviceWorker.getRegistration())?.pushManager.getSubscription()) ?? null;
}

function traits(): BrowserTraits {
  return {
    hasWorker: "serviceWorker" in navigator,
    hasPush: "PushManager" in window,
    permission: "Notification" in window ? Notification.permission : null,
    userAgent: navigator.userAgent,
    touchPointsMax: navigator.maxTouchPoints,
    isInstalled: matchMedia("(display-mode: standalone)").matches,
  };
}

async function hashOf(endpoint: string): Promise<string> {
  return base64Url(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(endpoint)));
}

function base64Url(bytes: ArrayBuffer | null): string {
  const text = String.fromCharCode(...new Uint8Array(bytes ?? new ArrayBuffer()));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
