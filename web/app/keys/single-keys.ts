/** Whether letters alone are shortcuts. Who speaks to the page, or trembles, can switch them off; it is this browser's. */
import { signal } from "@preact/signals";
import { keepText, keptText } from "../store/kept.ts";

export const usesSingleKeys = signal(keptText("single-keys") !== "off");

export function setSingleKeys(isOn: boolean): void {
  usesSingleKeys.value = isOn;
  keepText("single-keys", isOn ? null : "off");
}
