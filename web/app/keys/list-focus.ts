/** The keyboard goes through what a list shows, one after the other. */

/** From what has the focus, or from the current one, or to the first. What is not shown is passed over. */
export function moveInList(selector: string, step: 1 | -1): void {
  const entries = [...document.querySelectorAll<HTMLElement>(selector)].filter(({ offsetParent }) => offsetParent !== null);
  const focused = entries.findIndex((entry) => entry.contains(document.activeElement));
  const current = focused >= 0 ? focused : entries.findIndex((entry) => entry.getAttribute("aria-current") === "page");
  const next = entries[current < 0 ? 0 : Math.min(entries.length - 1, Math.max(0, current + step))];
  next?.focus({ preventScroll: true });
  next?.scrollIntoView({ block: "nearest" });
}
