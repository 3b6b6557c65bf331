/** The page's side of its service worker: registers it, notices a new version, and begins anew only when somebody says so. */
import { signal } from "@preact/signals";
import type { Shown, ToPage, ToWorker } from "../service-worker/messages.ts";
import { installedLimits } from "./limits.ts";
import { workerAddress } from "./trusted-script.ts";

/** Whether the server has another version of the page than the one that is shown. */
export const hasNewVersion = signal(false);

let registration: ServiceWorkerRegistration | undefined;
let lookedAt = 0;

/** Null where the browser has none: on plain HTTP, and in some private windows. */
export async function registerWorker(): Promise<ServiceWorkerRegistration | null> {
  if (!("serviceWorker" in navigator)) return null;
  const { serviceWorker } = navigator;
  serviceWorker.addEventListener("message", ({ data, ports }: MessageEvent<ToPage>) => {
    if (data.type === "go") location.hash = data.place;
    else ports[0]?.postMessage({ place: location.hash, isVisible: document.visibilityState === "visible" } satisfies Shown);
  });
  serviceWorker.startMessages();
  // Another page asked the new one to take over; this one keeps what it is made of until somebody has time.
  serviceWorker.addEventListener("controllerchange", () => void judge(serviceWorker.controller));
  registration = await serviceWorker.register(workerAddress());
  lookedAt = Date.now();
  void judge(registration.waiting);
  registration.addEventListener("updatefound", () => {
    const coming = registration?.installing;
    coming?.addEventListener("statechange", () => coming.state === "installed" && void judge(coming));
  });
  return registration;
}

/** Is there a new one? When the server is back it is asked at once; when somebody looks at the page again, now and then. */
export function lookForUpdate({ pauseMs = 0 }: { pauseMs?: number } = {}): void {
  if (!registration || Date.now() - lookedAt < pauseMs) return;
  lookedAt = Date.now();
  // Without a network there is none.
  registration.update().catch(() => {});
}

/** Loads the page anew, in its new version. What is typed is kept (`store/drafts.ts`). */
export async function beginAnew(): Promise<void> {
  const waiting = registration?.waiting;
  if (waiting) {
    const { promise, resolve } = Promise.withResolvers<void>();
    navigator.serviceWorker.addEventListener("controllerchange", () => resolve(), { once: true });
    setTimeout(resolve, installedLimits.takeOverMsMax);
    waiting.postMessage({ type: "takeOver" } satisfies ToWorker);
    await promise;
  }
  location.reload();
}

/** A worker of this page's own version has nothing new to show: it takes over without a word. */
async function judge(worker: ServiceWorker | null): Promise<void> {
  if (!worker) return;
  const version = await versionOf(worker);
  if (version === null) return;
  if (version !== ownVersion()) hasNewVersion.value = true;
  else if (worker.state === "installed") worker.postMessage({ type: "takeOver" } satisfies ToWorker);
}

function ownVersion(): string | undefined {
  return document.querySelector<HTMLMetaElement>('meta[name="version"]')?.content;
}

function versionOf(worker: ServiceWorker): Promise<string | null> {
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = ({ data }: MessageEvent<string>) => resolve(data);
  setTimeout(() => resolve(null), installedLimits.versionAnswerMsMax);
  worker.postMessage({ type: "version" } satisfies ToWorker, [port2]);
  return promise.finally(() => port1.close());
}
