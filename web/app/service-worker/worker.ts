/** The service worker: keeps the page for when there is no network, and rings when something waits. Keeps no answer of the server but files. */
import { workerLimits } from "./limits.ts";
import type { ToWorker } from "./messages.ts";
import { maySayNothing, notificationOf, readPushMessage, showsThread } from "./push-message.ts";
import { resubscribe } from "./resubscribe.ts";
import { isAway, routeOf } from "./route.ts";
import { type Build, keepShell, keptFile, keptPage, useShell } from "./shells.ts";
import { goTo, whatIsShown } from "./windows.ts";

declare const self: ServiceWorkerGlobalScope;
declare const build: Build;

const files = new Set(build.paths);

/** Nobody's page is changed under their hands: a new version waits until it is asked to take over, or no page is open. */
self.addEventListener("install", (event) => event.waitUntil(keepShell(build)));

self.addEventListener("activate", (event) => event.waitUntil(useShell(build).then(() => self.clients.claim())));

self.addEventListener("message", (event) => {
  const message = event.data as ToWorker;
  if (message.type === "version") event.ports[0]?.postMessage(build.version);
  if (message.type === "takeOver") event.waitUntil(self.skipWaiting());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const route = routeOf(request, { origin: self.location.origin, files, waitMs: workerLimits.pageWaitMsMax });
  if (route.type === "page") event.respondWith(page(request, route.waitMs));
  if (route.type === "asset") event.respondWith(file(request));
});

self.addEventListener("push", (event) => event.waitUntil(ring(event.data?.text() ?? null)));

self.addEventListener("notificationclick", (event) => {
  const { place } = event.notification.data as { place: string };
  event.notification.close();
  event.waitUntil(goTo(place));
});

self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(resubscribe(event)));

/** The server's, so that nobody is left on an old version; the kept one where the server is not there in time. */
async function page(request: Request, waitMs: number | null): Promise<Response> {
  const fresh = fetch(request).then((response) =>
    isAway(response.status) ? keptPage(build).then((kept) => kept ?? response) : response,
  );
  const orKept = async (error: unknown) => {
    const kept = await keptPage(build);
    if (kept) return kept;
    throw error;
  };
  if (waitMs === null) return fresh.catch(orKept);
  const late = Promise.withResolvers<undefined>();
  const timer = setTimeout(() => late.resolve(undefined), waitMs);
  try {
    return (await Promise.race([fresh, late.promise])) ?? (await keptPage(build)) ?? (await fresh);
  } catch (error) {
    return await orKept(error);
  } finally {
    clearTimeout(timer);
    // Nobody waits for it any more.
    fresh.catch(() => {});
  }
}

async function file(request: Request): Promise<Response> {
  return (await keptFile(build, new URL(request.url).pathname)) ?? (await fetch(request));
}

async function ring(text: string | null): Promise<void> {
  const message = readPushMessage(text);
  const isLookedAt =
    message !== null && (await whatIsShown()).some(({ place, isVisible }) => isVisible && showsThread(place, message.threadId));
  if (!isLookedAt || !maySayNothing(self.navigator.userAgent)) {
    const { title, options } = notificationOf(message, { isQuiet: isLookedAt });
    await self.registration.showNotification(title, options);
  }
  if (message) await setBadge(message.waiting);
}

/** Not every browser has it, and some refuse it where the page is not installed. */
async function setBadge(count: number): Promise<void> {
  if (!("setAppBadge" in self.navigator)) return;
  await self.navigator.setAppBadge(count).catch(() => {});
}
