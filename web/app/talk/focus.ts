/** Where the keyboard goes when something wants an answer. */

/** Whoever goes by keyboard must find it; but not out of a message, and on no button, where a stray Enter would be an answer. */
export function focusUnlessBusy(element: HTMLElement | null): void {
  if (document.activeElement === document.body) element?.focus();
}
