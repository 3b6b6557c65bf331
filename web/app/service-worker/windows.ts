/** The open pages, as the worker sees them. */
import { workerLimits } from "./limits.ts";
import type { Shown, ToPage } from "./messages.ts";

declare const self: ServiceWorkerGlobalScope;

/** Asked, and not read off their addresses: browsers differ in whether these follow what is shown. */
export async function whatIsShown(): Promise<Shown[]> {
  const shown = await Promise.all((await windows()).slice(0, workerLimits.windowsMax).map(ask));
  return shown.filter((one) => one !== null);
}

/** Brings an open page there and before the eyes, or opens one. */
export async function goTo(place: string): Promise<void> {
  const open = await windows();
  const chosen =
    open.find(({ focused }) => focused) ?? open.find(({ visibilityState }) => visibilityState === "visible") ?? open[0];
  if (!chosen) {
    await self.clients.openWindow(`/${place}`);
    return;
  }
  chosen.postMessage({ type: "go", place } satisfies ToPage);
  // Refused where nobody pressed anything; the page is at its place all the same.
  await chosen.focus().catch(() => {});
}

async function windows(): Promise<readonly WindowClient[]> {
  return self.clients.matchAll({ type: "window", includeUncontrolled: true });
}

function ask(client: WindowClient): Promise<Shown | null> {
  const { promise, resolve } = Promise.withResolvers<Shown | null>();
  const { port1, port2 } = new MessageChannel();
  const timer = setTimeout(() => resolve(null), workerLimits.windowAnswerMsMax);
  port1.onmessage = ({ data }: MessageEvent<Shown>) => resolve(data);
  client.postMessage({ type: "whatIsShown" } satisfies ToPage, [port2]);
  return promise.finally(() => {
    clearTimeout(timer);
    port1.close();
  });
}
