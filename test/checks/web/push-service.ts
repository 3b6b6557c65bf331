/**
 * What a check cannot have of the real thing: Chromium's own push service is in the network, and a press on a notification is the
 * desktop's. The page, its worker and its notifications are real; a message comes in as from the service, over Chromium's own tools.
 */
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import type { BrowserContext, CDPSession, Page, Worker } from "playwright-core";
import { authorized, decrypted, newBrowserKeys } from "#test/support/push-receiver";
import { eventually } from "./story.ts";

/** A push service on this machine, and the one browser that it serves: what the server sends is decrypted as that browser would. */
export class PushService {
  /** Where `SPINDLE_PUSH_HOSTS` lets the server go. */
  readonly host: string;
  readonly endpoint: string;
  readonly keys = newBrowserKeys();
  /** The messages so far, in the order in which they came. */
  readonly messages: string[] = [];
  /** The keys of the servers that sent them. */
  readonly senders = new Set<string>();
  private readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
    this.host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
    this.endpoint = `http://${this.host}/a-device-of-this-check`;
    server.on("request", async (request, response) => {
      const body = await buffer(request);
      this.senders.add((await authorized(request.headers.authorization ?? "")).publicKey);
      this.messages.push(decrypted(body, this.keys));
      response.writeHead(201).end();
    });
  }

  static async open(): Promise<PushService> {
    const server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
    return new PushService(server);
  }

  close(): void {
    this.server.close();
  }
}

/** Runs in the page before anything of it: subscriptions that last as long as the browser's storage. */
function subscribeWithoutNetwork({ endpoint, keys }: { endpoint: string; keys: { p256dh: string; auth: string } }): void {
  const kept = () => JSON.parse(localStorage.getItem("check/subscription") ?? "null") as { key: string } | null;
  const bytesOf = (text: string) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0)).buffer;
  const subscription = ({ key }: { key: string }) => ({
    endpoint,
    options: { applicationServerKey: bytesOf(key), userVisibleOnly: true },
    toJSON: () => ({ endpoint, expirationTime: null, keys }),
    unsubscribe: async () => {
      localStorage.removeItem("check/subscription");
      return true;
    },
  });
  Object.assign(PushManager.prototype, {
    getSubscription: async () => {
      const found = kept();
      return found && subscription(found);
    },
    subscribe: async ({ applicationServerKey: key }: { applicationServerKey: string }) => {
      localStorage.setItem("check/subscription", JSON.stringify({ key }));
      return subscription({ key });
    },
  });
  const badge = (count: number) => {
    document.documentElement.dataset.badge = String(count);
    return Promise.resolve();
  };
  Object.assign(Navigator.prototype, { setAppBadge: badge, clearAppBadge: () => badge(0) });
}

export async function withoutPushService(
  context: BrowserContext,
  subscription: { endpoint: string; keys: { p256dh: string; auth: string } },
): Promise<void> {
  await context.addInitScript(subscribeWithoutNetwork, subscription);
}

/** The worker of a page, as its browser's push service and its desktop see it. */
export class Doorbell {
  private readonly devtools: CDPSession;
  private readonly origin: string;
  private readonly registrationId: string;
  private readonly worker: Worker;

  private constructor(devtools: CDPSession, origin: string, registrationId: string, worker: Worker) {
    this.devtools = devtools;
    this.origin = origin;
    this.registrationId = registrationId;
    this.worker = worker;
  }

  static async of(page: Page): Promise<Doorbell> {
    await page.waitForFunction(() => navigator.serviceWorker.controller?.state === "activated", undefined, { timeout: 60_000 });
    const devtools = await page.context().newCDPSession(page);
    const { origin } = new URL(page.url());
    let registrationId = "";
    devtools.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
      for (const one of registrations) if (one.scopeURL === `${origin}/` && !one.isDeleted) registrationId = one.registrationId;
    });
    await devtools.send("ServiceWorker.enable");
    await eventually("the worker is registered", async () => registrationId !== "");
    const worker = page
      .context()
      .serviceWorkers()
      .find((one) => one.url() === `${origin}/service-worker.js`);
    if (!worker) throw new Error("no worker runs");
    await worker.evaluate(() => {
      const world = globalThis as unknown as { badge?: number; opened?: string[] };
      Object.assign(navigator, {
        setAppBadge: async (count: number) => {
          world.badge = count;
        },
      });
      world.opened = [];
      // Chromium opens a window for somebody who pressed, and for nobody else.
      const { clients } = globalThis as unknown as { clients: object };
      Object.assign(clients, { openWindow: async (url: string) => void world.opened?.push(url) });
    });
    return new Doorbell(devtools, origin, registrationId, worker);
  }

  /** The browser has ended its subscription by itself, and gets another one when the worker asks for it. */
  replaceSubscription(subscription: { endpoint: string; keys: { p256dh: string; auth: string } }, key: string): Promise<void> {
    return this.worker.evaluate(
      ({ subscription, key }) => {
        const { PushManager } = globalThis as unknown as { PushManager: { prototype: object } };
        Object.assign(PushManager.prototype, {
          subscribe: async () => ({ ...subscription, toJSON: () => ({ ...subscription, expirationTime: null }) }),
        });
        const oldSubscription = { options: { applicationServerKey: key, userVisibleOnly: true } };
        dispatchEvent(
          Object.assign(new Event("pushsubscriptionchange"), { oldSubscription, newSubscription: null, waitUntil: () => {} }),
        );
      },
      { subscription, key },
    );
  }

  /** Resolves when the message is delivered, which may be before the worker has dealt with it. */
  async ring(data: string): Promise<void> {
    await this.devtools.send("ServiceWorker.deliverPushMessage", {
      origin: this.origin,
      registrationId: this.registrationId,
      data,
    });
  }

  /** What the desktop shows: title and tag of each, in the order in which they came. */
  shown(): Promise<string[][]> {
    return this.worker.evaluate(async () => {
      const { registration } = globalThis as unknown as { registration: ServiceWorkerRegistration };
      return (await registration.getNotifications()).map(({ title, tag }) => [title, tag]);
    });
  }

  /** Presses the notification with this tag. */
  press(tag: string): Promise<void> {
    return this.worker.evaluate(async (tag) => {
      const { registration, NotificationEvent } = globalThis as unknown as {
        registration: ServiceWorkerRegistration;
        NotificationEvent: new (type: string, init: { notification: Notification }) => Event;
      };
      const [notification] = await registration.getNotifications({ tag });
      if (!notification) throw new Error(`nothing is shown with the tag ${tag}`);
      dispatchEvent(new NotificationEvent("notificationclick", { notification }));
    }, tag);
  }

  /** The count on the icon, as the worker set it last, and the addresses that it opened windows at. */
  heard(): Promise<{ badge?: number; opened?: string[] }> {
    return this.worker.evaluate(() => {
      const { badge, opened } = globalThis as unknown as { badge?: number; opened?: string[] };
      return { badge, opened };
    });
  }
}
