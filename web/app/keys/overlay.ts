/** What lies over the page at the moment, whoever asked for it: the palette, or the list of keys. */
import { signal } from "@preact/signals";

export const overlay = signal<"palette" | "help" | null>(null);
