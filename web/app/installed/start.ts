/** What makes a page an installed one: its worker, its badge, and that it goes on ringing. */
import type { Store } from "../store/store.ts";
import { showWaiting } from "./badge.ts";
import { installedLimits } from "./limits.ts";
import { noticeOffline } from "./offline.ts";
import { lookForUpdate, registerWorker } from "./worker.ts";

export function startInstalled({ client, connection, threads, account }: Store): void {
  // Where the way to sign in led, an address of the server's; the page itself has one.
  if (location.search === "?sign-in") history.replaceState(null, "", `/${location.hash}`);
  noticeOffline(connection);
  showWaiting(threads);
  document.addEventListener(
    "visibilitychange",
    () => document.visibilityState === "visible" && lookForUpdate({ pauseMs: installedLimits.updateLookPauseMs }),
  );
  // A deployment ends every socket: what comes back may be newer.
  client.onStateChange(({ type }) => type === "online" && lookForUpdate());
  // After everything that the first sight of the page needs. A browser that refuses leaves a page as every other.
  const begin = () => void registerWorker().catch(() => {});
  if (document.readyState === "complete") begin();
  else addEventListener("load", begin, { once: true });
  void ringOn({ client, account }).catch(() => {
    // The next page that is opened tries again.
  });
}

async function ringOn({ client, account }: Pick<Store, "client" | "account">): Promise<void> {
  await client.ready;
  const { keepOn } = await import("./push.ts");
  await keepOn({ client, account: await account });
}
