/** Light, dark, or as the device has it. A thing of this browser, not of the account. */
import { effect, signal } from "@preact/signals";
import { keepText, keptText } from "./kept.ts";

export const themes = ["system", "light", "dark"] as const;
export type Theme = (typeof themes)[number];

const kept = keptText("theme");

export const theme = signal<Theme>(themes.find((name) => name === kept) ?? "system");

/** `--raised` of styles/base.css, which the frame of an installed page takes up. */
const frames = { light: "#f2f2ef", dark: "#1d1d21" };

effect(() => {
  for (const meta of document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')) {
    const asDevice = meta.media.includes("dark") ? "dark" : "light";
    meta.content = frames[theme.value === "system" ? asDevice : theme.value];
  }
  if (theme.value === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
});

export function chooseTheme(next: Theme): void {
  theme.value = next;
  keepText("theme", next === "system" ? null : next);
}
