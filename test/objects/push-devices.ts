/** Devices and their push services as the stories need them: everything that leaves for a push service is caught, checked and read. */
import { runInDurableObject } from "cloudflare:test";
import { vi } from "vitest";
import { pushLimits } from "#core/limits";
import type { PushMessage } from "#core/push/message";
import type { Push, PushHost } from "#push/push";
import { directoryStub, pushStub } from "../../durable-objects/environment.ts";
import { type Authorized, authorized, type BrowserKeys, decrypted, newBrowserKeys } from "../support/push-receiver.ts";
import { Client } from "./client.ts";
import { headersFor } from "./front-door.ts";
import { environment } from "./story.ts";

export interface Device {
  endpoint: string;
  keys: BrowserKeys;
}

/** Its host is a story's to change. */
export type OpenPush = Pick<Push, "subscriptions" | "deliverDue"> & { host: PushHost };

export interface CaughtPush {
  endpoint: string;
  message: PushMessage;
  headers: Record<string, string>;
  authorization: Authorized;
}

const origin = "https://fcm.googleapis.com";

/** Answers in place of the push services; `answer` may be changed by a story. */
export function catchPushes() {
  const devices: Device[] = [];
  const service = {
    pushes: [] as CaughtPush[],
    answer: async (_push: CaughtPush): Promise<Response> => new Response(null, { status: 201 }),
    /** A browser subscribes; which account it is told to is the story's. */
    newDevice(): Device {
      const device = { endpoint: `${origin}/fcm/send/${crypto.randomUUID()}`, keys: newBrowserKeys() };
      devices.push(device);
      return device;
    },
    of: (device: Device) => service.pushes.filter(({ endpoint }) => endpoint === device.endpoint),
  };
  const { fetch } = globalThis;
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const request = new Request(input as Request, init as RequestInit);
    const device = devices.find(({ endpoint }) => endpoint === request.url);
    if (!device) return fetch(input as Request, init as RequestInit);
    if (init?.redirect !== "manual") throw new Error("a redirect would be followed");
    const push = {
      endpoint: request.url,
      message: JSON.parse(decrypted(new Uint8Array(await request.arrayBuffer()), device.keys)),
      headers: Object.fromEntries(request.headers),
      authorization: await authorized(request.headers.get("Authorization") ?? ""),
    };
    service.pushes.push(push);
    return service.answer(push);
  });
  return service;
}

/** An account of its own, one client of it that is there, and its devices. */
export async function accountWith(
  ...devices: Device[]
): Promise<{ account: string; client: Client; connect(): Promise<Client> }> {
  const account = `person-${crypto.randomUUID()}`;
  const headers = await headersFor(account);
  const connect = () => Client.connect({ headers });
  const client = await connect();
  for (const device of devices) await client.request("spindle/push/subscribe", subscriptionOf(device));
  await standStill(account);
  return { account, client, connect };
}

export function subscriptionOf({ endpoint, keys: { p256dh, auth } }: Device, device = "telephone") {
  return { endpoint, keys: { p256dh, auth }, expirationTime: null, device };
}

export function inPush<Result>(
  account: string,
  look: (push: OpenPush, state: DurableObjectState) => Result | Promise<Result>,
): Promise<Result> {
  return runInDurableObject(pushStub(environment, account), (instance, state) =>
    look((instance as unknown as { push: OpenPush }).push, state),
  );
}

/** How many things the account's devices are to be rung for, and how many pushes that are not sent. */
export function owed(account: string): Promise<{ events: number; deliveries: number }> {
  return inPush(account, (_, { storage: { sql } }) => ({
    events: sql.exec<{ n: number }>("SELECT count(*) AS n FROM events").one().n,
    deliveries: sql.exec<{ n: number }>("SELECT count(*) AS n FROM deliveries").one().n,
  }));
}

/** The Directory has told everything that it knows. */
export async function untilTold(account: string): Promise<void> {
  await vi.waitFor(
    () =>
      runInDurableObject(directoryStub(environment, account), (_, { storage: { sql } }) => {
        if (sql.exec("SELECT 1 FROM push_news").toArray().length > 0) throw new Error("news wait");
      }),
    { timeout: 10_000, interval: 20 },
  );
}

/** From now on, and until it is evicted, the object's clock stands still and no alarm rings: a slow machine must not ring for what is about to be answered. */
export function standStill(account: string): Promise<void> {
  return inPush(account, ({ host }) => {
    const nowMs = Date.now();
    host.now = () => nowMs;
    host.setAlarm = () => {};
  });
}

/** So much later, what the alarm does. */
export function ringLater(account: string, durationMs: number = pushLimits.graceMs): Promise<void> {
  return inPush(account, (push) => {
    const { now } = push.host;
    push.host.now = () => now() + durationMs;
    return push.deliverDue();
  });
}
