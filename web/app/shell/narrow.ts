/** Whether the page shows one thing at a time, as on a phone: the same width as in styles/base.css. */
import { signal } from "@preact/signals";

const query = matchMedia("(max-width: 46rem)");

export const isNarrow = signal(query.matches);

query.addEventListener("change", () => {
  isNarrow.value = query.matches;
});
