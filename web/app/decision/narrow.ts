/** Whether the page is as narrow as a phone, where a tree goes from top to bottom. */
import { type ReadonlySignal, signal } from "@preact/signals";

const query = matchMedia("(max-width: 46rem)");
const narrow = signal(query.matches);
query.addEventListener("change", ({ matches }) => {
  narrow.value = matches;
});

export const isNarrow: ReadonlySignal<boolean> = narrow;
