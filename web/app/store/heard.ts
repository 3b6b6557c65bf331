/** Until when this browser heard the server: how old is what it shows without one. */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { Client } from "#client/client";
import { installedLimits } from "../installed/limits.ts";
import { keepText, keptText } from "./kept.ts";

const name = "heard";

/** Unix ms; null before the first time. While the connection stands it is a little late. */
export function createHeard(client: Pick<Client, "state" | "onStateChange">): ReadonlySignal<number | null> {
  const heard = signal(Number(keptText(name)) || null);
  let wasOnline = false;
  const note = () => {
    if (wasOnline) {
      heard.value = Date.now();
      keepText(name, String(heard.value));
    }
    wasOnline = client.state.type === "online";
  };
  client.onStateChange(note);
  setInterval(note, installedLimits.heardNotePauseMs);
  document.addEventListener("visibilitychange", note);
  addEventListener("pagehide", note);
  return heard;
}
