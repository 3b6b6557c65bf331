/** A key as this device's keyboard has it. */
const isMac = /Mac|iPhone|iPad/.test(navigator.platform);

/** `Mod+k` is ⌘K on a Mac and Ctrl+K elsewhere; other keys are as they are. */
export function shownKey(key: string): string {
  return key.replace("Mod+", isMac ? "⌘" : "Ctrl+").replace(/\+k$|⌘k$/, (end) => end.toUpperCase());
}
