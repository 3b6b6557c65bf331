/** Whether the server is away for longer than a moment: a deployment's short drop is nothing to tell anybody of. */
import { effect, type ReadonlySignal, signal } from "@preact/signals";
import type { ConnectionState } from "#client/connection";
import { installedLimits } from "./limits.ts";

export const isOffline = signal(false);

export function noticeOffline(connection: ReadonlySignal<ConnectionState>): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  effect(() => {
    const { type } = connection.value;
    if (type === "online" || type === "closed") {
      clearTimeout(timer);
      timer = undefined;
      isOffline.value = false;
    } else {
      timer ??= setTimeout(() => {
        isOffline.value = true;
      }, installedLimits.offlineAfterMs);
    }
  });
}
