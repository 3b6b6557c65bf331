/** How many threads wait for somebody, where one sees it without looking at the page: in its title, and on its icon. */
import { effect, type ReadonlySignal } from "@preact/signals";

export function showWaiting({ waiting, isRead }: { waiting: ReadonlySignal<number>; isRead: ReadonlySignal<boolean> }): void {
  effect(() => {
    const count = waiting.value;
    document.title = count > 0 ? `(${count}) Spindle` : "Spindle";
    // What is kept may have been answered elsewhere: only the server's word changes the icon.
    if (isRead.value) void mark(count);
  });
}

async function mark(count: number): Promise<void> {
  try {
    await (count > 0 ? navigator.setAppBadge?.(count) : navigator.clearAppBadge?.());
    if (count > 0) return;
    const registration = await navigator.serviceWorker?.getRegistration();
    const asked = ((await registration?.getNotifications()) ?? []).filter(({ tag }) => /^(approval|question)\//.test(tag));
    for (const notification of asked) notification.close();
  } catch {
    // Some browsers refuse a badge where the page is not installed.
  }
}
